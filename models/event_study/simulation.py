"""Panels of staggered adoption with known effects: plain designs, and draws from the prior."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import xarray as xr

from causalstats.core.simulation import Simulation
from causalstats.data import Panel
from causalstats.errors import ModelError
from causalstats.models.event_study import aggregations, density, group_time_effects
from causalstats.numerics.panel.ar1_errors import ar1_errors

if TYPE_CHECKING:
    from causalstats.models.event_study.model import EventStudy


@dataclass(frozen=True)
class Shape:
    """The size of a panel, and of its cohorts.

    Parameters
    ----------
    units, times, cohorts : int
    """

    units: int
    times: int
    cohorts: int

    def __post_init__(self) -> None:
        if self.times < self.cohorts + 2 or self.units < 4 * (self.cohorts + 1):
            raise ModelError(
                f"Expected at least {self.cohorts + 2} times and {4 * (self.cohorts + 1)} units "
                f"for {self.cohorts} cohorts, got {self.times} and {self.units}."
            )

    @property
    def adopted(self) -> np.ndarray:
        """The time of adoption of each cohort, (G,)."""
        return np.linspace(2, self.times - 1, self.cohorts).astype(int)

    @property
    def unit_adopted(self) -> np.ndarray:
        """The time of adoption of each unit, (N,); that after the last of units that never do."""
        never = self.times
        choices = np.append(self.adopted, never)
        return choices[np.arange(self.units) % len(choices)]

    def frame(self) -> pd.DataFrame:
        """Return the columns unit, time and d."""
        unit = np.repeat(np.arange(self.units), self.times)
        time = np.tile(np.arange(self.times), self.units)
        treated = time >= self.unit_adopted[unit]
        return pd.DataFrame({"unit": unit, "time": time, "d": treated.astype(float)})


def _read(frame: pd.DataFrame, outcome: np.ndarray) -> Panel:
    return Panel.from_frame(
        frame.assign(y=outcome), unit="unit", time="time", outcome="y", treatment="d"
    )


def simulate_plain(
    model: EventStudy, seed: int, shape: Shape, effect: str, autocorrelation: float
) -> Simulation:
    """Return a panel with errors of variance 1 and effects of a plain form.

    Parameters
    ----------
    model : EventStudy
    seed : int
    shape : Shape
    effect : "constant", "growing", "levels" or "zero"
    autocorrelation : float
    """
    rng = np.random.default_rng(seed)
    frame = shape.frame()
    outcome = _unaffected(rng, shape, autocorrelation, np.ones(shape.units))
    panel = _read(frame, outcome.ravel())
    study, cells = model.adoption(panel), model.effect_cells(panel)
    levels = rng.normal(0.5, 0.5, len(study.cohorts))
    after = (cells.event_time >= 0).astype(float)
    effects = (
        after
        * {
            "constant": 0.5 + 0 * after,
            "growing": 0.2 * (1 + cells.event_time),
            "levels": levels[cells.cohort],
            "zero": 0 * after,
        }[effect]
    )
    return _simulation(model, panel, effects, {})


def simulate_prior(model: EventStudy, seed: int, shape: Shape) -> Simulation:
    """Return a panel whose scales, serial correlation and effects are drawn from the prior.

    Unit and period effects, which have no prior, are standard normal; so are effects with
    pooling="none".

    Parameters
    ----------
    model : EventStudy
        With `scale`.
    seed : int
    shape : Shape

    Raises
    ------
    ModelError
        If the model has no `scale`, or errors="cluster".
    """
    if model.scale is None or model.clustered:
        raise ModelError(
            "To draw from the prior, expected `scale`, and errors='ar1' or 'iid': "
            "errors='cluster' has no model of the errors."
        )
    rng = np.random.default_rng(seed)
    panel = _read(shape.frame(), rng.standard_normal(shape.units * shape.times))
    study, inputs = model.adoption(panel), model.inputs(panel)
    scales = {
        each.name: each.prior.draw(rng, (each.count,))[None]
        for each in model.sampled(panel)
    }
    standard = group_time_effects.draw_prior_effects(scales, inputs, rng)
    error_sd = model.scale * np.exp(density.group_log_sds(np, scales))[0]
    rho = scales.get("serial_correlation", np.zeros((1, 1))).item()
    outcome = _unaffected(rng, shape, rho, error_sd[study.cohort], innovations=True)
    panel = _read(shape.frame(), outcome.ravel())
    dims = {each.name: ("chain", "draw", *each.dims) for each in model.sampled(panel)}
    variables = {
        name: (dims[name], value[None] if len(dims[name]) > 2 else value)
        for name, value in scales.items()
    }
    variables["error_sd"] = (("chain", "draw", "adoption_group"), error_sd[None, None])
    return _simulation(model, panel, model.scale * standard, variables)


def _unaffected(
    rng: np.random.Generator,
    shape: Shape,
    rho: float,
    sd: np.ndarray,
    innovations: bool = False,
) -> np.ndarray:
    """Outcomes (units, times) without treatment: unit and period effects, and AR(1) errors.

    Parameters
    ----------
    rng : Generator
    shape : Shape
    rho : float
    sd : array, shape (N,)
        Of the errors, or of their innovations.
    innovations : bool
    """
    starts = np.arange(shape.units) * shape.times
    gap = np.ones(shape.units * shape.times)
    gap[starts] = np.nan
    noise = rng.standard_normal(len(gap))
    errors = ar1_errors(noise, gap, starts, rho).reshape(shape.units, shape.times)
    if not innovations:
        errors = errors * np.sqrt(1 - rho**2)
    unit_effect = rng.standard_normal((shape.units, 1))
    return errors * sd[:, None] + unit_effect + rng.standard_normal(shape.times)


def _simulation(
    model: EventStudy, panel: Panel, effects: np.ndarray, variables: dict
) -> Simulation:
    """Return the panel with effects (m,) added, and its truth.

    Parameters
    ----------
    model : EventStudy
    panel : Panel
        Without effects.
    effects : array, shape (m,)
        Of the model's cells.
    variables : dict
        Of the truth besides effects.
    """
    study = model.adoption(panel)
    mask, saturated = model.in_effect(study), model.saturated(study)
    every = np.zeros(len(study.cells))
    every[mask] = effects
    outcome = panel.outcome.copy()
    ever = study.cell >= 0
    outcome[study.rows[ever]] += every[study.cell[ever]]
    data = _read(panel.source, outcome)
    labels = np.array(study.cells.labels, object)
    truth = xr.Dataset(
        {
            **variables,
            "effect": (("chain", "draw", "cell"), effects[None, None]),
            "saturated": (
                ("chain", "draw", "saturated_cell"),
                every[saturated][None, None],
            ),
        },
        coords={
            "cell": labels[mask],
            "saturated_cell": labels[saturated],
            "adoption_group": list(study.groups),
        },
    )
    cells, size = model.effect_cells(data), model.cell_sizes(data)
    att = float((aggregations.overall(cells, size) @ effects)[0])
    return Simulation(data=data, truth=truth, realised={"att": att})
