"""A second study of the same people, with decisions and outcomes drawn at given parameters."""

from __future__ import annotations

import numpy as np
import xarray as xr

from causalstats.core.simulation import Simulation
from causalstats.data import Decisions
from causalstats.models.heckman.estimands import indices, shape_parameters
from causalstats.models.shared.population import flat
from causalstats.numerics.selection.joint_errors import JointErrors


def with_replication(
    joint: JointErrors, draws: xr.Dataset, data: Decisions, rng: np.random.Generator
) -> Simulation:
    """Return the study with a second one behind it, drawn at the one draw given.

    Parameters
    ----------
    joint : JointErrors
    draws : Dataset
    data : Decisions
    rng : Generator
    """
    mean, index = indices(draws, data.people())
    given = shape_parameters(joint, draws)
    error, selected = joint.draw(rng, index, flat(draws, "correlation"), given)
    outcome = mean + flat(draws, "outcome_sd") * error
    decision = np.asarray(selected)[0]
    seen = np.where(decision, outcome[0], np.nan)
    both = data.with_second_study(decision, seen)
    return Simulation(data=both, truth=draws, realised={})
