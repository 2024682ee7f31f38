"""Posterior predictive replications of selective labels: who is tested, and who is positive."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from causalstats.core.prediction import Prediction
from causalstats.data import Decisions
from causalstats.models.selective_labels.estimands import linear_predictors
from causalstats.models.selective_labels.imperfect_test import rates_of
from causalstats.models.shared.population import some_draws
from causalstats.numerics.sampling.posterior_predictive import (
    quantile_groups,
    rates_by_group,
)
from causalstats.numerics.selection.misclassification import share_positive
from causalstats.numerics.selection.selective_labels_likelihood import probability

if TYPE_CHECKING:
    from causalstats.models.selective_labels.model import SelectiveLabels

_REPLICATIONS = 400


def predictions(
    model: SelectiveLabels, draws: xr.Dataset, data: Decisions, rng: np.random.Generator
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
    draws = some_draws(draws, _REPLICATIONS, rng)
    tested = data.decision
    arguments = linear_predictors(draws, data.people())
    groups = quantile_groups(
        probability(model.law, "positive", *arguments).mean(axis=0), 10
    )
    chance_of_test, positive = chances_seen(model, draws, data)
    decisions = rates_by_group(tested, chance_of_test, groups, rng)
    results = rates_by_group(data.outcome[tested] == 1, positive, groups[tested], rng)
    of_results = _prediction("positive rate of the tested by decile of risk", results)
    if tested.all():
        return (of_results,)
    return (_prediction("decision rate by decile of risk", decisions), of_results)


def chances_seen(
    model: SelectiveLabels, draws: xr.Dataset, data: Decisions
) -> tuple[np.ndarray, np.ndarray]:
    """Return the chance of a test, and of a positive result of those tested.

    Parameters
    ----------
    model : SelectiveLabels
    draws : Dataset
        The posterior.
    data : Decisions

    Returns
    -------
    arrays (draws, N), (draws, tested)
    """
    everybody = linear_predictors(draws, data.people())
    chance_of_test = 1 - probability(model.law, "untested", *everybody)
    tested = linear_predictors(draws, data.people(data.decision))
    positive = probability(model.law, "tested_positive", *tested)
    rates = rates_of(draws)
    if rates:
        positive = share_positive(positive, *rates)
    return chance_of_test, positive


def _prediction(name: str, rates: dict[str, np.ndarray]) -> Prediction:
    return Prediction(
        name=name,
        groups=tuple(str(label + 1) for label in rates["groups"]),
        observed=rates["observed"],
        size=rates["size"],
        replicated=rates["replicated"],
    )
