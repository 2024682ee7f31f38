"""Posterior predictive replications of a Heckman model: who is seen, and their mean outcomes."""

from __future__ import annotations

import numpy as np
import xarray as xr
from scipy import stats

from causalstats.core.prediction import Prediction
from causalstats.data import Decisions
from causalstats.models.heckman.estimands import indices, shape_parameters
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
    sigma, kappa = (flat(draws, name) for name in ("outcome_sd", "correlation"))
    given = shape_parameters(joint, draws)
    errors = joint.draw_seen(rng, index[:, seen], kappa, given)
    outcomes = mean[:, seen] + sigma * errors
    probabilities = joint.selection_probability(index, given)
    decision_rates = rates_by_group(seen, probabilities, groups, rng)
    outcome_means = means_by_group(data.outcome[seen], outcomes, groups[seen])
    by_name = {
        "decision rate by decile of expected outcome": decision_rates,
        "mean outcome of those seen by decile of expected outcome": outcome_means,
    }
    by_decile = tuple(
        Prediction(
            name=name,
            groups=tuple(str(label + 1) for label in rate["groups"]),
            observed=rate["observed"],
            size=rate["size"],
            replicated=rate["replicated"],
            remedy=_NOT_LINEAR,
        )
        for name, rate in by_name.items()
    )
    if joint.is_normal:  # `normality of the errors` says more
        return by_decile
    middle = mean.mean(axis=0)[seen]
    return (*by_decile, _shape(data.outcome[seen] - middle, outcomes - middle))


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
