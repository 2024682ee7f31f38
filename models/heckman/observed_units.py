"""What was seen of each person under Heckman's selection model, one number each."""

from __future__ import annotations

from functools import partial

import numpy as np
import xarray as xr

from causalstats.core.observed_units import ObservedUnits
from causalstats.data import Decisions
from causalstats.models.heckman.estimands import indices
from causalstats.models.shared.population import flat
from causalstats.numerics.selection.heckman_likelihood import log_likelihood


def observed_units(
    draws: xr.Dataset, data: Decisions, rng: np.random.Generator
) -> ObservedUnits:
    """Return the outcome of each person, and one low number for those not seen.

    That a person was not seen is an observation too, an atom beside the density of the outcome.
    It stands one standard deviation below the lowest outcome, where figures can show it.

    Parameters
    ----------
    draws : Dataset
    data : Decisions
    rng : Generator
    """
    seen = data.outcome[data.decision]
    not_seen = float(seen.min() - seen.std())
    return ObservedUnits(
        name="outcome",
        dim="person",
        labels=data.rows,
        observed=np.where(data.decision, data.outcome, not_seen),
        meaning=f"Outcome of each person; {not_seen:.4g} where it was not seen.",
        log_likelihood=partial(pointwise_log_likelihood, draws, data),
        replicate=partial(_replicate, draws, data, not_seen, rng),
        table=data.source,
    )


def pointwise_log_likelihood(draws: xr.Dataset, data: Decisions) -> np.ndarray:
    """Return log p(T_i, Y_i where seen) of every draw, (draws, person), chain by chain."""
    mean, index = indices(draws, data.people())
    sigma = flat(draws, "outcome_sd")
    kappa = flat(draws, "correlation")
    return log_likelihood(data.outcome, data.decision, mean, index, sigma, kappa)


def _replicate(
    draws: xr.Dataset, data: Decisions, not_seen: float, rng: np.random.Generator
) -> np.ndarray:
    """Return replicated outcomes (draws, person), `not_seen` where the decision was 0.

    Parameters
    ----------
    draws : Dataset
    data : Decisions
    not_seen : float
    rng : Generator
    """
    mean, index = indices(draws, data.people())
    kappa = flat(draws, "correlation")
    selection_error = rng.standard_normal(mean.shape)
    own_error = rng.standard_normal(mean.shape)
    error = kappa * selection_error + np.sqrt(1 - kappa**2) * own_error
    outcome = mean + flat(draws, "outcome_sd") * error
    return np.where(index + selection_error > 0, outcome, not_seen)
