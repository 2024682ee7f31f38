"""Effects of units of their own, drawn from one normal distribution, and their mean.

Y = φ'δ + θ(D - φ'γ) + (θ_i - θ)D + e, with γ and the scales at their posterior means. δ is drawn
anew: without the effects of units it takes in some of them, and they act on what covariates do to D
as well. With errors="cluster" the mean θ has the sandwich's variance: of the rows as generalised
least squares weighs them, each unit's times (I + g² d_i d_i')^-½, g the spread over the sd of e.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from causalstats.data import Panel
from causalstats.models.panel_dml.residuals import combined, with_effects
from causalstats.models.panel_dml.robust_errors import Residuals, sandwich, stretched, told
from causalstats.models.panel_dml.sufficient_statistics import coefficients, scales_of
from causalstats.numerics.panel.random_slopes import slopes_of_units


def of_units(model: Any, draws: xr.Dataset, data: Panel, rng: np.random.Generator) -> xr.Dataset:
    """Return the draws with an effect of each unit, their spread, and their mean as the effect."""
    form = model.prepared(data)
    scales = {name: values.mean(axis=0) for name, values in scales_of(draws, "").items()}
    width = len(form.basis.spectrum)
    turn = np.zeros((width + 2, width + 3))  # φ, D - φ'γ, Y, D
    turn[:width, :width], turn[:width, width] = np.eye(width), -coefficients(form, scales)[:, 0]
    turn[width, [width, width + 2]] = turn[width + 1, width + 1] = 1.0
    columns, flat, unit = combined(turn, form, data)
    columns, d = columns[:, :-1], columns[:, -1]
    starts = np.flatnonzero(np.diff(unit, prepend=-1))
    squares, cross = np.add.reduceat(d**2, starts), np.add.reduceat(columns * d[:, None], starts)
    still = data.constant_within_units(data.treatment)[:, 0]
    squares, cross = np.where(still, 0.0, squares), np.where(still[:, None], 0.0, cross)
    chains, count = draws.sizes["chain"], draws.sizes["draw"]
    variances = scales["standard_coefficient_sd"][1] ** 2 * form.basis.spectrum
    mean, spread, ratio, own = slopes_of_units(
        columns.T @ columns, cross, squares, variances, form.rows, chains * count, rng
    )
    found = None
    if model.errors == "cluster":
        g2, noise = float(np.median(ratio)) ** 2, float(np.median(spread / ratio)) ** 2
        root = np.sqrt(1 + g2 * squares)
        share = np.where(squares > 0, (1 - 1 / root) / np.where(squares > 0, squares, 1.0), 0.0)
        white = columns - d[:, None] * (share[:, None] * cross)[unit]
        whole = len(data) - len(data.units)
        rows = _residuals(white, flat, unit, noise / variances, form.rows, whole)
        found = sandwich(rows, data)
        mean = stretched(mean[:, None], found)[:, 0]
    scale = form.units[1] / form.units[0]
    drawn = with_effects(model, draws, data, mean[:, None]).assign(
        average_effect=(("chain", "draw"), scale * mean.reshape(chains, count)),
        effect_spread=(("chain", "draw"), scale * spread.reshape(chains, count)),
        unit_effect=xr.DataArray(
            scale * own.reshape(chains, count, -1),
            dims=("chain", "draw", "unit"),
            coords={"unit": list(data.units)},
        ),
    )
    return drawn if found is None else told(drawn, found)


def _residuals(
    white: np.ndarray,
    flat: np.ndarray,
    unit: np.ndarray,
    ridge: np.ndarray,
    rows: float,
    whole: float,
) -> Residuals:
    """Rows (φ, v, Y) without φ, whose coefficients have the prior that `ridge` (p,) stands for."""
    phi, rest = white[:, :-2], white[:, -2:]
    gram = phi.T @ phi
    inverse = np.linalg.inv(gram + np.diag(ridge))
    rest = rest - phi @ (inverse @ (phi.T @ rest))
    v, y = rest[:, :1], rest[:, 1]
    theta = np.linalg.solve(v.T @ v, v.T @ y)
    hat = phi @ np.linalg.cholesky((inverse + inverse.T) / 2)
    free = max(rows - float((gram * inverse).sum()) - 1, 1.0)
    return Residuals(v, theta, y - v @ theta, np.hstack([hat, flat]), unit, free, whole)
