"""The likelihood of each unit of a panel whose errors are AR(1).

Rows are whitened with the serial correlations of each draw. With T the treatments and the outcome,
A the coefficients of φ and B the triangular matrix of slopes, the errors e = (T - φA) B' are
independent between equations. The likelihood of a unit is the product over equations j, of f rows,
or of f + 1 about their own mean where unit effects are unrestricted:

    -½ (f log 2πs_j² + log |R_j| (1'R_j⁻¹1) / n + e_j'M_j e_j / s_j²)

Coefficients of columns without a prior are drawn given those of φ, by generalised least squares.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from causalstats.data import Panel
from causalstats.models.panel_dml.covariances import structural_rows
from causalstats.models.panel_dml.row_blocks import blocks
from causalstats.models.panel_dml.sufficient_statistics import (
    SufficientStatistics,
    drawn_coefficients,
    scales_of,
)
from causalstats.numerics.panel import ar1_errors as serial

if TYPE_CHECKING:
    from causalstats.models.panel_dml.model import PanelDML

_RANK_TOLERANCE = 1e-10  # of the largest eigenvalue


@dataclass(frozen=True, eq=False, kw_only=True)
class PanelRows:
    """All rows of a panel, unit after unit, and the draws of its parameters.

    Attributes
    ----------
    statistics : SufficientStatistics
    basis : array, shape (n, p)
        φ.
    free : array, shape (n, r)
        Columns without a prior.
    targets : array, shape (n, q)
        Treatments and outcome in standard units.
    gap : array, shape (n,)
        Time since the row before; NaN in the first row of a unit.
    starts : int array, shape (N,)
    sizes : int array, shape (N,)
    within : bool
        Whether unit effects are unrestricted.
    scales : mapping of name to array, shape (draws, ...)
    coefficients : array, shape (draws, p, q)
        A.
    """

    statistics: SufficientStatistics
    basis: np.ndarray
    free: np.ndarray
    targets: np.ndarray
    gap: np.ndarray
    starts: np.ndarray
    sizes: np.ndarray
    within: bool
    scales: dict[str, np.ndarray]
    coefficients: np.ndarray

    def errors(self, k: int) -> np.ndarray:
        """Return the errors of draw k before columns without a prior are partialled out, (n, q)."""
        residuals = self.targets - self.basis @ self.coefficients[k]
        links = self.scales.get("standard_link")
        rows = structural_rows(
            self.scales["standard_effect"][k], None if links is None else links[k]
        )
        return residuals @ rows.T

    def correlations(self, k: int) -> np.ndarray:
        """Return ρ (q,) of draw k."""
        return self.scales["serial_correlation"][k]

    def white(self, columns: np.ndarray, correlation: float) -> np.ndarray:
        """Return whitened columns, about the means of units where these are unrestricted."""
        given = (self.gap, self.starts, float(correlation), self.within)
        return serial.whitened(columns, *given)[0]


def panel_rows(
    model: PanelDML, draws: xr.Dataset, data: Panel, rng: np.random.Generator
) -> PanelRows:
    """Return the rows of a panel with draws of the coefficients.

    Parameters
    ----------
    model : PanelDML
    draws : Dataset
    data : Panel
    rng : Generator
    """
    statistics = model.statistics(data)
    levels = np.vstack(
        [
            block.levels()
            for block in blocks(data, statistics.columns, statistics.kept_share)
        ]
    )
    width, equations = len(statistics.basis.spectrum), len(statistics.units)
    basis, free, targets = np.split(levels, [width, -equations], axis=1)
    gap = model.error_model.correlations(model, data)[1]
    assert gap is not None
    return PanelRows(
        statistics=statistics,
        basis=basis,
        free=free,
        targets=targets / statistics.units,
        gap=gap,
        starts=data.starts,
        sizes=data.sizes,
        within=model.within_units,
        scales=scales_of(statistics, draws),
        coefficients=drawn_coefficients(statistics, draws, rng),
    )


def log_likelihood(rows: PanelRows, seed: int) -> np.ndarray:
    """Return the log likelihood of each unit, (draws, N), in units of the data.

    Parameters
    ----------
    rows : PanelRows
    seed : int
        Of the coefficients without a prior.
    """
    freedom = rows.sizes - float(rows.within)
    own_mean = np.log(rows.sizes) if rows.within else 0.0
    units = rows.statistics.units
    values = np.zeros((len(rows.coefficients), len(rows.sizes)))
    for k, errors, slopes in _drawn(rows, seed):
        sd = rows.scales["standard_error_sd"][k]
        for j, correlation in enumerate(rows.correlations(k)):
            error = errors[:, [j]] - rows.free @ slopes[:, [j]]
            white = rows.white(error, correlation)[:, 0]
            squares = np.add.reduceat(white**2, rows.starts) / sd[j] ** 2
            volume = serial.log_determinants(
                rows.gap, rows.starts, float(correlation), rows.within
            )
            log_scale = np.log(2 * np.pi) + 2 * np.log(sd[j] * units[j])
            values[k] -= (freedom * log_scale + volume - own_mean + squares) / 2
    return values


def replicate(rows: PanelRows, seed: int, rng: np.random.Generator) -> np.ndarray:
    """Return replicated changes of the outcome (draws, N), treatments held as observed.

    The change is from the first row of a unit to its last; where a unit has one row, it is the
    outcome of the last row of each.

    Parameters
    ----------
    rows : PanelRows
    seed : int
        Of the coefficients without a prior.
    rng : Generator
    """
    last = rows.starts + rows.sizes - 1
    differ = bool((rows.sizes[rows.sizes > int(rows.within)] > 1).all())
    span = np.add.reduceat(np.nan_to_num(rows.gap), rows.starts)
    values = np.empty((len(rows.coefficients), len(rows.sizes)))
    for k, errors, slopes in _drawn(rows, seed):
        error = errors[:, -1] - rows.free @ slopes[:, -1]
        expected = rows.targets[:, -1] - error
        change = expected[last] - (expected[rows.starts] if differ else 0.0)
        rho = rows.correlations(k)[-1]
        carried = np.sign(rho) ** span * abs(rho) ** span
        variance = (2 * (1 - carried) if differ else 1.0) / (1 - rho**2)
        sd = rows.scales["standard_error_sd"][k, -1] * np.sqrt(variance)
        values[k] = change + sd * rng.standard_normal(len(span))
    return values * rows.statistics.units[-1]


def _drawn(rows: PanelRows, seed: int) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    """Yield each draw: its number, errors (n, q), and slopes of columns without a prior (r, q).

    Parameters
    ----------
    rows : PanelRows
    seed : int
    """
    rng = np.random.default_rng(seed)
    for k in range(len(rows.coefficients)):
        errors = rows.errors(k)
        sd = rows.scales["standard_error_sd"][k]
        slopes = [
            _slopes(
                rows.white(rows.free, correlation),
                rows.white(errors[:, [j]], correlation)[:, 0],
                sd[j],
                rng,
            )
            for j, correlation in enumerate(rows.correlations(k))
        ]
        yield k, errors, np.column_stack(slopes)


def _slopes(
    columns: np.ndarray, error: np.ndarray, sd: float, rng: np.random.Generator
) -> np.ndarray:
    """Return a draw of the slopes of a regression with a flat prior, (r,).

    Parameters
    ----------
    columns : array, shape (n, r)
    error : array, shape (n,)
    sd : float
    rng : Generator
    """
    if columns.shape[1] == 0:
        return np.empty(0)
    values, vectors = np.linalg.eigh(columns.T @ columns)
    kept = values > _RANK_TOLERANCE * values.max()
    root = vectors[:, kept] / np.sqrt(values[kept])
    noise = sd * rng.standard_normal(root.shape[1])
    return root @ (root.T @ (columns.T @ error) + noise)
