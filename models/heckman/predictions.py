"""Posterior predictive replications of a Heckman model: who is seen, and their mean outcomes."""

from __future__ import annotations

import numpy as np
import xarray as xr

from causalstats.core.prediction import Prediction
from causalstats.data import Decisions
from causalstats.models.heckman.estimands import indices
from causalstats.models.shared.population import flat, some_draws
from causalstats.numerics.sampling.posterior_predictive import (
    means_by_group,
    quantile_groups,
    rates_by_group,
)
from causalstats.numerics.selection.heckman_likelihood import selection_probability
from causalstats.numerics.selection.selection_normality import truncated_normal

_REPLICATIONS = 400
_NOT_LINEAR = (
    "Either the outcome is not linear in these features: add splines or interactions through "
    "`formula=`; or its errors are not Normal: see the check of their normality, and model the "
    "logarithm of an outcome that is positive and skewed."
)


def predictions(
    draws: xr.Dataset, data: Decisions, rng: np.random.Generator
) -> tuple[Prediction, ...]:
    """Return decision rate, and mean outcome of those seen, by decile of expected outcome.

    Parameters
    ----------
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
    # Given that a person is seen, v is a Normal above -index; u given v is Normal.
    v = truncated_normal(-index[:, seen], rng)
    errors = kappa * v + np.sqrt(1 - kappa**2) * rng.standard_normal(v.shape)
    outcomes = mean[:, seen] + sigma * errors
    decision_rates = rates_by_group(seen, selection_probability(index), groups, rng)
    outcome_means = means_by_group(data.outcome[seen], outcomes, groups[seen])
    by_name = {
        "decision rate by decile of expected outcome": decision_rates,
        "mean outcome of those seen by decile of expected outcome": outcome_means,
    }
    return tuple(
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
