"""Posterior predictive replications of selective labels: who is tested, and who is positive."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from causalstats.core.prediction import Prediction
from causalstats.data import Decisions
from causalstats.models.selective_labels.estimands import linear_predictors
from causalstats.models.selective_labels.imperfect_test import rates_of
from causalstats.numerics.sampling.posterior_predictive import (
    quantile_groups,
    rates_by_group,
)
from causalstats.numerics.selection.misclassification import share_positive
from causalstats.numerics.selection.selective_labels_likelihood import probability

_REPLICATIONS = 400


def predictions(
    model: Any, draws: xr.Dataset, data: Decisions, rng: np.random.Generator
) -> tuple[Prediction, ...]:
    """Return decision rate, and positive rate of the tested, by decile of posterior mean risk.

    Parameters
    ----------
    model : SelectiveLabels
    draws : Dataset
        The posterior.
    data : Decisions
    rng : Generator
    """
    total = draws.sizes["chain"] * draws.sizes["draw"]
    chosen = rng.choice(total, min(_REPLICATIONS, total), replace=False)
    arguments = [values[chosen] for values in linear_predictors(draws, data.people())]
    tested = data.decision
    groups = quantile_groups(
        probability(model.law, "positive", *arguments).mean(axis=0), 10
    )
    chance_of_test = 1 - probability(model.law, "untested", *arguments)
    decisions = rates_by_group(tested, chance_of_test, groups, rng)
    positive = probability(model.law, "tested_positive", *arguments)[:, tested]
    rates = [values[chosen] for values in rates_of(draws)]
    if rates:
        positive = share_positive(positive, *rates)
    results = rates_by_group(data.outcome[tested] == 1, positive, groups[tested], rng)
    return (
        _prediction("decision rate by decile of risk", decisions),
        _prediction("positive rate of the tested by decile of risk", results),
    )


def _prediction(name: str, rates: dict[str, np.ndarray]) -> Prediction:
    return Prediction(
        name=name,
        groups=tuple(str(label + 1) for label in rates["groups"]),
        observed=rates["observed"],
        size=rates["size"],
        replicated=rates["replicated"],
    )
