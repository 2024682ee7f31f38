"""What was seen of each person of a selective-labels study, one number each."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from causalstats.core.observed_units import ObservedUnits
from causalstats.data import Decisions
from causalstats.models.selective_labels.estimands import (
    linear_predictors,
    pointwise_log_likelihood,
)
from causalstats.models.selective_labels.imperfect_test import rates_of
from causalstats.models.selective_labels.results import RESULTS, draw_results

if TYPE_CHECKING:
    from causalstats.models.selective_labels.model import SelectiveLabels


def observed_units(
    model: SelectiveLabels, draws: xr.Dataset, data: Decisions, rng: np.random.Generator
) -> ObservedUnits:
    """Return the result of each person: 0, 1, or -1 where there was no test.

    Parameters
    ----------
    model : SelectiveLabels
    draws : Dataset
    data : Decisions
    rng : Generator
    """
    result = np.where(data.decision, data.outcome, RESULTS["untested"])
    return ObservedUnits(
        name="result",
        dim="person",
        labels=data.rows,
        observed=result.astype(int),
        meaning="Result of each person: 0, 1, or -1 where there was no test.",
        log_likelihood=partial(pointwise_log_likelihood, model.law, draws, data),
        replicate=partial(_replicate, model, draws, data, rng),
        table=data.source,
    )


def _replicate(
    model: SelectiveLabels, draws: xr.Dataset, data: Decisions, rng: np.random.Generator
) -> np.ndarray:
    """Return replicated results (draws, person).

    Parameters
    ----------
    model : SelectiveLabels
    draws : Dataset
    data : Decisions
    rng : Generator
    """
    risk, testing, scale, response = linear_predictors(draws, data.people())
    rates = [rate[:, 0] for rate in rates_of(draws)]
    return draw_results(
        model.law, risk, testing, scale[:, 0], response, *rates, rng=rng
    )
