"""What was seen of each person under Heckman's selection model, one number each."""

from __future__ import annotations

from functools import partial

import numpy as np
import xarray as xr

from causalstats.core.observed_units import ObservedUnits
from causalstats.data import Decisions
from causalstats.models.heckman.estimands import indices, shape_parameters
from causalstats.models.shared.population import flat
from causalstats.numerics.selection.joint_errors import JointErrors


def observed_units(
    joint: JointErrors,
    draws: xr.Dataset,
    data: Decisions,
    rng: np.random.Generator,
) -> ObservedUnits:
    """Return the outcome of each person, and one low number for those not seen.

    That a person was not seen is an observation too, an atom beside the density of the outcome.
    It stands one standard deviation below the lowest outcome, where figures can show it.

    Parameters
    ----------
    joint : JointErrors
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
        log_likelihood=partial(pointwise_log_likelihood, joint, draws, data),
        replicate=partial(_replicate, joint, draws, data, not_seen, rng),
        table=data.source,
    )


def pointwise_log_likelihood(
    joint: JointErrors, draws: xr.Dataset, data: Decisions
) -> np.ndarray:
    """Return log p(T_i, Y_i where seen) of every draw, (draws, person), chain by chain.

    Parameters
    ----------
    joint : JointErrors
    draws : Dataset
        With dims `chain` and `draw`.
    data : Decisions
    """
    mean, index = indices(draws, data.people())
    sigma = flat(draws, "outcome_sd")
    kappa = flat(draws, "correlation")
    given = shape_parameters(joint, draws)
    return joint.log_likelihood(
        data.outcome, data.decision, mean, index, sigma, kappa, given
    )


def _replicate(
    joint: JointErrors,
    draws: xr.Dataset,
    data: Decisions,
    not_seen: float,
    rng: np.random.Generator,
) -> np.ndarray:
    """Return replicated outcomes (draws, person), `not_seen` where the decision was 0.

    Parameters
    ----------
    joint : JointErrors
    draws : Dataset
    data : Decisions
    not_seen : float
    rng : Generator
    """
    mean, index = indices(draws, data.people())
    kappa = flat(draws, "correlation")
    error, selected = joint.draw(rng, index, kappa, shape_parameters(joint, draws))
    outcome = mean + flat(draws, "outcome_sd") * error
    return np.where(selected, outcome, not_seen)
