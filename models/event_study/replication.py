"""A second study of as many units that adopt at the same times, drawn at given parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from causalstats.core.simulation import Simulation
from causalstats.data import Panel
from causalstats.errors import ModelError
from causalstats.models.event_study.observed_units import parameter_draws, unit_rows
from causalstats.numerics.panel.ar1_errors import ar1_errors

if TYPE_CHECKING:
    from causalstats.models.event_study.model import EventStudy


def with_replication(
    model: EventStudy, draws: xr.Dataset, data: Panel, rng: np.random.Generator
) -> Simulation:
    """Return the panel with as many other units, drawn at the one draw given.

    Effects of the units themselves, which have no prior and drop out, are 0.

    Parameters
    ----------
    model : EventStudy
    draws : Dataset
    data : Panel
    rng : Generator
        Draws the coefficients of periods and covariates too, given the observed study.

    Raises
    ------
    ModelError
        If errors are clustered, or rows are weighted.
    """
    if model.clustered or np.ptp(data.weights) > 0:
        raise ModelError(
            "A second study is drawn where errors have a distribution, errors='ar1' or 'iid', and "
            "all rows count alike."
        )
    rows = unit_rows(model, data)
    drawn = parameter_draws(model, draws, data, rng)
    (expected,) = rows.expected(drawn)
    rho = float(drawn.correlations[0])
    noise = rng.standard_normal(len(expected))
    errors = ar1_errors(noise, rows.gap, rows.study.starts, rho)
    sd = np.exp(drawn.log_sds[0])[rows.study.cohort][rows.study.unit]
    outcome = np.array(data.outcome, float)
    outcome[rows.study.rows] = (expected + sd * errors) * rows.scale
    return Simulation(data=data.with_second_study(outcome), truth=draws, realised={})
