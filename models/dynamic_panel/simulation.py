"""Dynamic panels with known persistence and effect: a plain design, and draws from the prior."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import xarray as xr

from causalstats.core.simulation import Simulation
from causalstats.data import Panel
from causalstats.errors import ModelError
from causalstats.models.dynamic_panel.density import (
    error_count,
    period_labels,
    priors_of,
)
from causalstats.models.dynamic_panel.design import design_of, unit_columns

if TYPE_CHECKING:
    from causalstats.models.dynamic_panel.model import DynamicPanel

_BURN_IN = 30


def simulate_plain(
    model: DynamicPanel, seed: int, units: int, times: int, persistence: float
) -> Simulation:
    """Return a panel that has run for long: an effect of 1, unit effects on both variables.

    Parameters
    ----------
    model : DynamicPanel
    seed : int
    units, times : int
    persistence : float
    """
    rng = np.random.default_rng(seed)
    unit_effect = rng.standard_normal(units)
    treatment = unit_effect.copy()
    outcome = (unit_effect + treatment) / (1 - persistence)
    outcomes, treatments = [], []
    for _ in range(_BURN_IN + times):
        noise = rng.standard_normal((2, units))
        treatment = 0.5 * treatment + 0.5 * unit_effect + noise[0]
        outcome = persistence * outcome + treatment + unit_effect + noise[1]
        outcomes.append(outcome)
        treatments.append(treatment)
    panel = _read(np.array(outcomes[-times:]).T, np.array(treatments[-times:]).T)
    design = design_of(model, panel)
    shape = ("chain", "draw", "error_sd_period")
    truth = _truth(model, panel, np.array([persistence]), np.ones(1)).assign(
        error_sd=(shape, np.ones((1, 1, error_count(model, design)))),
        unit_effect_sd=(("chain", "draw"), [[np.nan]]),
    )
    return Simulation(data=panel, truth=truth, realised={"effect": 1.0})


def simulate_prior(
    model: DynamicPanel, seed: int, units: int, times: int
) -> Simulation:
    """Return a panel whose parameters are drawn from the prior of the model.

    First outcomes and treatments, which have no distribution in the model, are standard normal, and
    so are period effects, whose prior is flat.

    Parameters
    ----------
    model : DynamicPanel
        With `scale`.
    seed : int
    units, times : int

    Raises
    ------
    ModelError
        If the model has no `scale`, or it is not of one treatment.
    """
    if model.scale is None or len(model.scale) != 2:
        raise ModelError(
            "To draw from the prior, expected `scale` as two numbers, for treatment and outcome; "
            f"got {model.scale!r}."
        )
    rng = np.random.default_rng(seed)
    treatment_unit, unit = model.scale
    treatments = treatment_unit * rng.standard_normal((units, times))
    start = unit * rng.standard_normal((units, times))
    panel = _read(start, treatments)
    design = design_of(model, panel)
    of_errors, of_units = priors_of(model)
    count = error_count(model, design)
    error = of_errors.draw(rng, (count,))
    unit_sd = float(of_units.draw(rng, (1,))[0])
    sds = np.divide(
        1.0,
        np.sqrt(design.precision),
        out=np.ones(len(design.precision)),
        where=design.precision > 0,
    )
    coefficients = design.prior_mean + sds * rng.standard_normal(len(sds))
    outcomes = _outcomes(model, panel, coefficients, (error, unit_sd), rng)
    panel = _read(outcomes * unit, treatments)
    dims = ("chain", "draw", "error_sd_period")
    slopes = coefficients[: design.slopes]
    truth = _truth(
        model, panel, slopes[: model.lags], slopes[model.lags :] * unit / treatment_unit
    ).assign(
        standard_error_sd=(dims, error[None, None]),
        standard_unit_sd=(("chain", "draw"), [[unit_sd]]),
        coefficient=(("chain", "draw", "column"), coefficients[None, None]),
        error_sd=(dims, unit * error[None, None]),
        unit_effect_sd=(("chain", "draw"), [[unit * unit_sd]]),
    )
    truth = truth.assign_coords(error_sd_period=period_labels(model, design))
    return Simulation(data=panel, truth=truth, realised={})


def _outcomes(
    model: DynamicPanel,
    panel: Panel,
    coefficients: np.ndarray,
    sds: tuple[np.ndarray, float],
    rng: np.random.Generator,
) -> np.ndarray:
    """Return outcomes (units, times) in standard units, period by period.

    Parameters
    ----------
    model : DynamicPanel
    panel : Panel
        Balanced, with the first outcomes and the treatments.
    coefficients : array, shape (k,)
    sds : tuple of array (P,) or (1,), and float
        Of errors and of unit effects.
    rng : Generator
    """
    block = next(iter(unit_columns(model, panel)))
    units, times, _ = block.columns.shape
    fixed = block.columns[:, :, model.lags : -1] @ coefficients[model.lags :]
    unit_effect = sds[1] * rng.standard_normal(units)
    errors = np.broadcast_to(sds[0], (times,)) * rng.standard_normal((units, times))
    path = [block.columns[:, 0, j] for j in reversed(range(model.lags))]
    for t in range(times):
        past = sum(coefficients[j] * path[-1 - j] for j in range(model.lags))
        path.append(past + fixed[:, t] + unit_effect + errors[:, t])
    return np.array(path).T


def _truth(
    model: DynamicPanel, panel: Panel, persistence: np.ndarray, effect: np.ndarray
) -> xr.Dataset:
    """Return persistence and effect as a posterior of one draw.

    Parameters
    ----------
    model : DynamicPanel
    panel : Panel
    persistence, effect : array, shape (lags,) and (q,)
    """
    padded = np.zeros(model.lags)
    padded[: len(persistence)] = persistence
    variables = {
        "persistence": (("chain", "draw", "lag"), padded[None, None]),
        "effect": (("chain", "draw", "treatment"), effect[None, None]),
    }
    coords = {
        "chain": [0],
        "draw": [0],
        "lag": np.arange(1, model.lags + 1),
        "treatment": list(panel.treatments),
    }
    return xr.Dataset(variables, coords)


def _read(outcomes: np.ndarray, treatments: np.ndarray) -> Panel:
    units, times = outcomes.shape
    frame = pd.DataFrame(
        {
            "unit": np.repeat(np.arange(units), times),
            "time": np.tile(np.arange(times), units),
            "y": outcomes.ravel(),
            "d": treatments.ravel(),
        }
    )
    return Panel.from_frame(frame, unit="unit", time="time", outcome="y", treatment="d")
