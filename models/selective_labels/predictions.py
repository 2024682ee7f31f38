"""Posterior predictive replications of selective labels: who is tested, and who is positive."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from causalstats.core.prediction import Prediction
from causalstats.data import Decisions
from causalstats.models.selective_labels.estimands import chance_of
from causalstats.models.selective_labels.imperfect_test import rates_of
from causalstats.models.shared.functional_form import some_people
from causalstats.models.shared.groups_asked import about_groups, asked_groups
from causalstats.models.shared.population import per_person, some_draws
from causalstats.numerics.sampling.posterior_predictive import (
    quantile_groups,
    rates_by_group,
)
from causalstats.numerics.selection.misclassification import share_positive

if TYPE_CHECKING:
    from causalstats.models.selective_labels.model import SelectiveLabels

_REPLICATIONS = 400


def predictions(
    model: SelectiveLabels, draws: xr.Dataset, data: Decisions, rng: np.random.Generator
) -> tuple[Prediction, ...]:
    """Return decision rate, and positive rate of the tested, by decile of posterior mean risk.

    Many people are represented by some of them, drawn at random.

    Parameters
    ----------
    model : SelectiveLabels
    draws : Dataset
        The posterior.
    data : Decisions
    rng : Generator
    """
    data = some_people(data, rng)
    draws = some_draws(draws, _REPLICATIONS, rng)
    tested = data.decision
    risk = per_person(draws, data.people(), chance_of(model.law, "positive"))
    groups = quantile_groups(risk.to_numpy()[0].mean(axis=0), 10)
    chance_of_test, positive = chances_seen(model, draws, data)
    decisions = rates_by_group(tested, chance_of_test, groups, rng)
    results = rates_by_group(data.outcome[tested] == 1, positive, groups[tested], rng)
    of_results = _prediction("positive rate of the tested by decile of risk", results)
    if tested.all():
        return (of_results,)
    return (_prediction("decision rate by decile of risk", decisions), of_results)


def group_predictions(
    model: SelectiveLabels,
    draws: xr.Dataset,
    data: Decisions,
    by: Any,
    rng: np.random.Generator,
) -> tuple[Prediction, ...]:
    """Return decision rate, and positive rate of the tested, by the groups that are asked for.

    Parameters
    ----------
    model : SelectiveLabels
    draws : Dataset
        The posterior.
    data : Decisions
    by : str or labels
        A column, or a label for each row of the frame that was read.
    rng : Generator
    """
    data, groups = asked_groups(data, by, rng)
    draws = some_draws(draws, _REPLICATIONS, rng)
    tested = data.decision
    chance_of_test, positive = chances_seen(model, draws, data)
    results = rates_by_group(data.outcome[tested] == 1, positive, groups[tested], rng)
    found = [_prediction("positive rate of the tested", results)]
    if not tested.all():
        rates = rates_by_group(tested, chance_of_test, groups, rng)
        found.append(_prediction("decision rate", rates))
    return about_groups(tuple(found), by)


def chances_seen(
    model: SelectiveLabels, draws: xr.Dataset, data: Decisions
) -> tuple[np.ndarray, np.ndarray]:
    """Return the chance of a test, and of a positive result of those tested.

    Parameters
    ----------
    model : SelectiveLabels
    draws : Dataset
        The posterior, as one chain.
    data : Decisions

    Returns
    -------
    arrays (draws, N), (draws, tested)
    """
    untested = chance_of(model.law, "untested")
    tested_positive = chance_of(model.law, "tested_positive")
    chance_of_test = 1 - per_person(draws, data.people(), untested).to_numpy()[0]
    tested = data.people(data.decision)
    positive = per_person(draws, tested, tested_positive).to_numpy()[0]
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
