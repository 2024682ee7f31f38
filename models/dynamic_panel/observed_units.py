"""What was observed of each unit: its outcomes given the first ones, and the last of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from causalstats.core.observed_units import ObservedUnits
from causalstats.models.dynamic_panel.density import scales_of
from causalstats.models.dynamic_panel.design import UnitBlock, design_of, unit_columns

if TYPE_CHECKING:
    import xarray as xr

    from causalstats.data import Panel
    from causalstats.models.dynamic_panel.model import DynamicPanel


def observed_units(
    model: DynamicPanel, draws: xr.Dataset, data: Panel, rng: np.random.Generator
) -> ObservedUnits:
    """Return the last outcome of each unit; its likelihood is that of all but the first ones.

    Parameters
    ----------
    model : DynamicPanel
    draws : Dataset
    data : Panel
    rng : Generator
    """
    design = design_of(model, data)
    scales = scales_of(draws)
    named = draws["coefficient"].transpose("chain", "draw", "column")
    points = named.to_numpy().reshape(-1, len(design.labels))
    blocks = list(unit_columns(model, data))
    labels = np.array(data.units)[np.concatenate([block.unit for block in blocks])]
    periods = len(design.periods)

    def log_likelihood() -> np.ndarray:
        rows = []
        for k, point in enumerate(points):
            error = np.broadcast_to(scales.error[k], (periods,))
            parts = [_densities(each, point, error, scales.unit[k]) for each in blocks]
            rows.append(np.concatenate(parts))
        return np.array(rows)

    def replicate() -> np.ndarray:
        rows = []
        for k, point in enumerate(points):
            error = np.broadcast_to(scales.error[k], (periods,))
            parts = []
            for block in blocks:
                shape = block.columns.shape[:2]
                noise = error[block.periods] * rng.standard_normal(shape)
                unit = scales.unit[k] * rng.standard_normal((shape[0], 1))
                parts.append(_last(model.lags, block, point, noise + unit))
            rows.append(np.concatenate(parts))
        return design.centre + design.unit * np.array(rows)

    last = np.concatenate([block.columns[:, -1, -1] for block in blocks])
    return ObservedUnits(
        name=str(data.arguments["outcome"]),
        dim="unit",
        labels=labels,
        observed=design.centre + design.unit * last,
        meaning="The last outcome of each unit; its likelihood is of all its outcomes given the "
        "first, in standard units.",
        log_likelihood=log_likelihood,
        replicate=replicate,
        table=pd.DataFrame({"unit": labels}),
        given_data=True,
    )


def _densities(
    block: UnitBlock, point: np.ndarray, error: np.ndarray, unit_sd: float
) -> np.ndarray:
    """Return the log density of the outcomes of each unit, (n,).

    Parameters
    ----------
    block : UnitBlock
    point : array, shape (k,)
        The coefficients.
    error : array, shape (P,)
    unit_sd : float
    """
    residuals = block.columns[:, :, -1] - block.columns[:, :, :-1] @ point
    covariance = np.diag(error[block.periods] ** 2) + unit_sd**2
    root = np.linalg.cholesky(covariance)
    white = np.linalg.solve(root, residuals.T)
    constant = len(root) * np.log(2 * np.pi) / 2 + np.log(np.diag(root)).sum()
    return block.weights * (-constant - (white**2).sum(axis=0) / 2)


def _last(
    lags: int, block: UnitBlock, point: np.ndarray, errors: np.ndarray
) -> np.ndarray:
    """Return the last outcome of each unit, from its first ones and new errors, (n,).

    Parameters
    ----------
    lags : int
    block : UnitBlock
    point : array, shape (k,)
    errors : array, shape (n, T)
        With those of units.
    """
    fixed = block.columns[:, :, lags:-1] @ point[lags:]
    path = [block.columns[:, 0, j] for j in reversed(range(lags))]
    for t in range(errors.shape[1]):
        past = sum(point[j] * path[-1 - j] for j in range(lags))
        path.append(past + fixed[:, t] + errors[:, t])
    return path[-1]
