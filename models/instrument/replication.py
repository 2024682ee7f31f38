"""A second study with the same instruments, drawn at given parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from causalstats.core.simulation import Simulation
from causalstats.data import Instrumented
from causalstats.errors import ModelError
from causalstats.models.instrument.observed_units import new_rows, parameters_given

if TYPE_CHECKING:
    from causalstats.models.instrument.model import Instrument


def with_replication(
    model: Instrument, draws: xr.Dataset, data: Instrumented, rng: np.random.Generator
) -> Simulation:
    """Return the study with a second one behind it, drawn at the one draw given.

    Parameters
    ----------
    model : Instrument
    draws : Dataset
    data : Instrumented
    rng : Generator
        Draws first stage, variances and coefficients of covariates too, given the observed study.

    Raises
    ------
    ModelError
        If errors are robust, direct effects are learned, or the first stage is designed.
    """
    if data.original is not None:
        raise ModelError(
            "Treatments before an augmentation have no distribution in a designed first stage: no "
            "second study of them is drawn."
        )
    if model.errors == "robust" or model.learns_direct:
        raise ModelError(
            "A second study is drawn where errors have a distribution, errors='iid', and direct "
            "effects are known: intervals of robust errors are no posterior of a likelihood."
        )
    parameters = parameters_given(model, draws, data, rng)
    (second,) = new_rows(model, parameters, data, rng)
    treatment = second.treatment[:, 0].reshape(data.treatment.shape)
    both = data.with_second_study(second.outcome[:, 0], treatment)
    # The first stage is that of orthonormal instruments, which grows with the number of rows.
    growth = np.log(both.moments.degrees / data.moments.degrees)
    changed = draws.assign(
        log_first_stage_variance=draws["log_first_stage_variance"] + growth
    )
    kept = ("effect", "direct_effect", "log_first_stage_variance")
    truth = changed[[name for name in kept if name in changed]]
    return Simulation(data=both, truth=truth, realised={})
