"""Panels of counts or of outcomes of 0 and 1 with known effects."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import xarray as xr

from causalstats.core.simulation import Simulation
from causalstats.data import Panel
from causalstats.errors import ModelError

if TYPE_CHECKING:
    from causalstats.models.panel_glm.model import PanelGLM

_EFFECT = 0.5


def simulate(
    model: PanelGLM, seed: int, units: int, times: int, design: str
) -> Simulation:
    """Return a panel whose treatment depends on the unit effect.

    Parameters
    ----------
    model : PanelGLM
    seed : int
    units, times : int
    design : "plain" or "prior"
        An effect of .5 on the log scale; or one from the prior, in units of `scale`. Unit and time
        effects, which have no part in the answer, are normal; those of times have the prior's
        standard deviation in the design "prior".

    Raises
    ------
    ModelError
        When `design="prior"` and the model has no `scale` of one treatment.
    """
    rng = np.random.default_rng(seed)
    unit_effect = 0.7 * rng.standard_normal((units, 1))
    treatment = 0.5 * unit_effect + rng.standard_normal((units, times))
    effect, unit, coefficients = _EFFECT, 1.0, np.zeros(times - 1)
    if design == "prior":
        if model.scale is None or len(model.scale) != 1:
            raise ModelError(
                "To draw from the prior, expected `scale` as one number, that of the treatment; "
                f"got {model.scale!r}."
            )
        unit = float(model.scale[0])
        standard = model.effect_sd * rng.standard_normal()
        effect = standard / unit
        if model.time_effects:
            coefficients = model.coefficient_sd * rng.standard_normal(times - 1)
    shift = np.concatenate([[0.0], coefficients])
    predictor = unit_effect + effect * treatment + shift
    outcome = model.outcome_family.draw(predictor, rng)
    frame = pd.DataFrame(
        {
            "unit": np.repeat(np.arange(units), times),
            "time": np.tile(np.arange(times), units),
            "y": outcome.ravel(),
            "d": treatment.ravel(),
        }
    )
    panel = Panel.from_frame(
        frame, unit="unit", time="time", outcome="y", treatment="d"
    )
    columns = coefficients if model.time_effects else np.empty(0)
    coefficient = np.concatenate([[effect * unit], columns])
    labels = ["d", *(f"period {k}" for k in range(1, len(columns) + 1))]
    truth = xr.Dataset(
        {
            "effect": (("chain", "draw", "treatment"), [[[effect]]]),
            "coefficient": (
                ("chain", "draw", "column"),
                coefficient[None, None],
            ),
        },
        {"chain": [0], "draw": [0], "treatment": ["d"], "column": labels},
    )
    return Simulation(
        data=panel, truth=truth, realised={"ratio": float(np.exp(effect))}
    )
