"""Posterior predictive replications of a Heckman model: who is seen, and their mean outcomes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import xarray as xr
from scipy import stats

from causalstats.core.prediction import Prediction
from causalstats.data import Decisions
from causalstats.models.heckman.estimands import indices, shape_parameters
from causalstats.models.shared.groups_asked import about_groups, asked_groups
from causalstats.models.shared.population import flat, some_draws
from causalstats.numerics.sampling.posterior_predictive import (
    means_by_group,
    quantile_groups,
    rates_by_group,
)
from causalstats.numerics.selection.joint_errors import JointErrors

_REPLICATIONS = 400
_NOT_LINEAR = (
    "Either the outcome is not linear in these features: add splines or interactions through "
    "`formula=`; or its errors are not Normal: see the check of their normality, and model the "
    "logarithm of an outcome that is positive and skewed."
)

_OTHER_SHAPE = (
    'The errors have another shape: set `errors="skewed"`, model the logarithm of an outcome that '
    "is positive and skewed, and rest the answer on an exclusion or a known mean."
)


def predictions(
    joint: JointErrors,
    draws: xr.Dataset,
    data: Decisions,
    rng: np.random.Generator,
) -> tuple[Prediction, ...]:
    """Return decision rate, and mean outcome of those seen, by decile of expected outcome.

    Parameters
    ----------
    joint : JointErrors
    draws : Dataset
        The posterior.
    data : Decisions
    rng : Generator
    """
    draws = some_draws(draws, _REPLICATIONS, rng)
    mean, index = indices(draws, data.people())
    seen = data.decision
    groups = quantile_groups(mean.mean(axis=0), 10)
    outcomes = _replicated(joint, draws, mean[:, seen], index[:, seen], rng)
    by_decile = _by_group(joint, draws, data, groups, (index, outcomes), rng)
    named = tuple(
        replace(
            each, name=f"{each.name} by decile of expected outcome", remedy=_NOT_LINEAR
        )
        for each in by_decile
    )
    if joint.is_normal:  # `normality of the errors` says more
        return named
    middle = mean.mean(axis=0)[seen]
    return (*named, _shape(data.outcome[seen] - middle, outcomes - middle))


def group_predictions(
    joint: JointErrors,
    draws: xr.Dataset,
    data: Decisions,
    by: Any,
    rng: np.random.Generator,
) -> tuple[Prediction, ...]:
    """Return decision rate, and mean outcome of those seen, by the groups that are asked for.

    Parameters
    ----------
    joint : JointErrors
    draws : Dataset
        The posterior.
    data : Decisions
    by : str or labels
        A column, or a label for each row of the frame that was read.
    rng : Generator
    """
    data, groups = asked_groups(data, by, rng)
    draws = some_draws(draws, _REPLICATIONS, rng)
    mean, index = indices(draws, data.people())
    seen = data.decision
    outcomes = _replicated(joint, draws, mean[:, seen], index[:, seen], rng)
    return about_groups(
        _by_group(joint, draws, data, groups, (index, outcomes), rng), by
    )


def _replicated(
    joint: JointErrors,
    draws: xr.Dataset,
    mean: np.ndarray,
    index: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    """Return replications of the outcomes seen, (draws, n)."""
    sigma, kappa = (flat(draws, name) for name in ("outcome_sd", "correlation"))
    errors = joint.draw_seen(rng, index, kappa, shape_parameters(joint, draws))
    return mean + sigma * errors


def _by_group(
    joint: JointErrors,
    draws: xr.Dataset,
    data: Decisions,
    groups: np.ndarray,
    replicated: tuple[np.ndarray, np.ndarray],
    rng: np.random.Generator,
) -> tuple[Prediction, ...]:
    """Return decision rate and mean outcome; of x'γ of everybody, and replicated outcomes."""
    index, outcomes = replicated
    seen = data.decision
    given = shape_parameters(joint, draws)
    probabilities = joint.selection_probability(index, given)
    by_name = {
        "decision rate": rates_by_group(seen, probabilities, groups, rng),
        "mean outcome of those seen": means_by_group(
            data.outcome[seen], outcomes, groups[seen]
        ),
    }
    return tuple(
        Prediction(
            name=name,
            groups=tuple(str(label + 1) for label in rate["groups"]),
            observed=rate["observed"],
            size=rate["size"],
            replicated=rate["replicated"],
        )
        for name, rate in by_name.items()
    )


def _shape(observed: np.ndarray, replicated: np.ndarray) -> Prediction:
    """Return skewness and kurtosis of what is above the expected outcome of everybody.

    Parameters
    ----------
    observed : array (n,)
    replicated : array (replications, n)
    """
    statistics = (stats.skew, stats.kurtosis)
    return Prediction(
        name="skewness and kurtosis of the outcomes seen",
        groups=("skewness", "excess kurtosis"),
        observed=np.array([statistic(observed) for statistic in statistics]),
        size=np.full(len(statistics), len(observed)),
        replicated=np.column_stack(
            [statistic(replicated, axis=1) for statistic in statistics]
        ),
        remedy=_OTHER_SHAPE,
    )
