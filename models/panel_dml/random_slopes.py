"""Random slopes: unit-specific effects from one normal distribution (partial pooling), their mean.

Y = φ'δ + θ (D - φ'γ) + (θ_i - θ) D + e, with γ and the scales at their posterior means. δ is drawn
anew: without random slopes it takes in some of them, and they act on what covariates do to D as
well. With errors="cluster" the mean θ has the cluster-robust variance of generalised least squares:
each unit's rows are multiplied by (I + g² d_i d_i')^-½, g the spread over the sd of e.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from causalstats.models.panel_dml.partialling_out import partialled_out, with_effects
from causalstats.models.panel_dml.priors import slope_in_data_units
from causalstats.models.panel_dml.robust_errors import (
    Residuals,
    sandwich,
    stretched,
    with_robust_degrees,
)
from causalstats.models.panel_dml.sufficient_statistics import (
    coefficients,
    posterior_mean_scales,
)
from causalstats.numerics.panel.random_slopes import draw_random_slopes

if TYPE_CHECKING:
    from causalstats.data import Panel
    from causalstats.models.panel_dml.model import PanelDML


def with_random_slopes(
    model: PanelDML, draws: xr.Dataset, data: Panel, rng: np.random.Generator
) -> xr.Dataset:
    """Return the draws with an effect of each unit, their spread, and their mean as the effect.

    Parameters
    ----------
    model : PanelDML
        With `effects="unit"`.
    draws : Dataset
        The posterior with one effect for all units.
    data : Panel
        With one treatment.
    rng : Generator
    """
    statistics = model.statistics(data)
    scales = posterior_mean_scales(statistics, draws)
    width = len(statistics.basis.spectrum)
    # Columns φ, D - φ'γ, Y and D, from φ, D and Y.
    combination = np.zeros((width + 2, width + 3))
    combination[:width, :width] = np.eye(width)
    combination[:width, width] = -coefficients(statistics, scales)[:, 0]
    combination[width, [width, width + 2]] = 1.0
    combination[width + 1, width + 1] = 1.0
    rows, unpenalised, unit = partialled_out(combination, statistics, data)
    columns, treatment = rows[:, :-1], rows[:, -1]
    starts = np.flatnonzero(np.diff(unit, prepend=-1))
    squares = np.add.reduceat(treatment**2, starts)
    cross = np.add.reduceat(columns * treatment[:, None], starts)
    constant = data.constant_within_units(data.treatment)[:, 0]
    squares = np.where(constant, 0.0, squares)
    cross = np.where(constant[:, None], 0.0, cross)
    chains, count = draws.sizes["chain"], draws.sizes["draw"]
    variances = scales["standard_coefficient_sd"][1] ** 2 * statistics.basis.spectrum
    slopes = draw_random_slopes(
        columns.T @ columns,
        cross,
        squares,
        variances,
        statistics.rows,
        chains * count,
        rng,
    )
    mean, robust = slopes.mean, None
    if model.error_model.robust:
        ratio = float(np.median(slopes.ratio)) ** 2
        noise = float(np.median(slopes.spread / slopes.ratio)) ** 2
        shrunk = 1 - 1 / np.sqrt(1 + ratio * squares)
        share = np.where(squares > 0, shrunk / np.where(squares > 0, squares, 1.0), 0.0)
        white = columns - treatment[:, None] * (share[:, None] * cross)[unit]
        residuals = _residuals(
            white,
            unpenalised,
            unit,
            noise / variances,
            statistics.rows,
            len(data) - len(data.units),
        )
        robust = sandwich(residuals, data, model.variance_prior_degrees)
        mean = stretched(mean[:, None], robust)[:, 0]
    scale = slope_in_data_units(1.0, statistics.units)[0]
    with_means = with_effects(model, draws, data, mean[:, None]).assign(
        average_effect=(("chain", "draw"), scale * mean.reshape(chains, count)),
        effect_spread=(("chain", "draw"), scale * slopes.spread.reshape(chains, count)),
        unit_effect=xr.DataArray(
            scale * slopes.by_unit.reshape(chains, count, -1),
            dims=("chain", "draw", "unit"),
            coords={"unit": list(data.units)},
        ),
    )
    return with_means if robust is None else with_robust_degrees(with_means, robust)


def _residuals(
    white: np.ndarray,
    unpenalised: np.ndarray,
    unit: np.ndarray,
    ridge: np.ndarray,
    rows: float,
    rows_within: float,
) -> Residuals:
    """Return rows (φ, v, Y) with φ partialled out, by ridge regression with penalties (p,)."""
    phi, rest = white[:, :-2], white[:, -2:]
    gram = phi.T @ phi
    inverse = np.linalg.inv(gram + np.diag(ridge))
    rest = rest - phi @ (inverse @ (phi.T @ rest))
    v, y = rest[:, :1], rest[:, 1]
    theta = np.linalg.solve(v.T @ v, v.T @ y)
    hat = phi @ np.linalg.cholesky((inverse + inverse.T) / 2)
    free = max(rows - float((gram * inverse).sum()) - 1, 1.0)
    return Residuals(
        regressors=v,
        slopes=theta,
        residuals=y - v @ theta,
        others=np.hstack([hat, unpenalised]),
        unit=unit,
        free=free,
        rows=rows_within,
    )
