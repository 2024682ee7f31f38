"""Cluster-robust score tests of columns added to the outcome's equation of `PanelDML`.

A column z that the model leaves out of the outcome's equation has coefficient 0 if the model is
right. With everything partialled out of z (Frisch-Waugh-Lovell), and e the residuals under that
hypothesis, the scores of the clusters s_g = Σ z_i e_i have mean 0, whatever the dependence within
clusters, and

    (Σ s_g)' (Σ s_g s_g')⁻¹ (Σ s_g)  ~  χ²(m)

The scores are those under the hypothesis, so that few clusters or heavy tails make the test
conservative: it never exceeds the number of clusters.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy import linalg, stats

from causalstats.data import Panel
from causalstats.models.panel_dml.row_blocks import Columns, blocks, free_rows
from causalstats.numerics.panel.within_transformation import demeaned, detrended

FEWEST_CLUSTERS = 10
_MOST_ROWS = 6_000  # that the checks of the data look at
_MOST_DEGREES = 0.6  # of the free rows, that the partialling out may take
_UNITS_ARE_CLUSTERS_FROM = 20  # units; with fewer, spells of rows are the clusters
_SPELL = 5  # consecutive rows that make a cluster, where units are few
_RANK_TOLERANCE = 1e-8


def rows_of(data: Panel, rows: np.ndarray) -> Panel:
    """Return the panel of some rows, in their order."""
    units, codes = np.unique(data.unit[rows], return_inverse=True)
    return replace(
        data,
        outcome=np.array(data.outcome[rows]),
        treatment=np.array(data.treatment[rows]),
        unit=codes,
        units=tuple(data.units[unit] for unit in units),
        time=np.array(data.time[rows]),
        weights=np.array(data.weights[rows]),
        rows=np.array(data.rows[rows]),
        source=data.source.iloc[rows].reset_index(drop=True),
    )


def some_units(data: Panel, most: int = _MOST_ROWS) -> Panel:
    """Return the panel, or of a larger one every k-th unit, with at most about `most` rows."""
    if len(data) <= most:
        return data
    step = -(-len(data) // most)
    kept = np.flatnonzero(data.unit % step == 0)
    return rows_of(data, kept if len(kept) <= 2 * most else kept[:most])


@dataclass(frozen=True, eq=False)
class ScoreTest:
    """A score test.

    Parameters
    ----------
    statistic : float
        χ².
    p : float
    slopes : array, shape (m,)
        Coefficients of the added columns.
    z : array, shape (m,)
        The z statistic of each column by itself.
    """

    statistic: float
    p: float
    slopes: np.ndarray
    z: np.ndarray


@dataclass(frozen=True, eq=False)
class Adjusted:
    """The rows of a panel with covariates, unit effects and time effects partialled out.

    Parameters
    ----------
    data : Panel
    columns : Columns
        Columns of the model, as its fit has them.
    within : bool
        Whether unit means are taken out.
    """

    data: Panel
    columns: Columns
    within: bool

    @cached_property
    def _transformed(self) -> np.ndarray:
        kept_share = None if self.within else np.ones(len(self.data.units))
        parts = blocks(self.data, self.columns, kept_share)
        return np.vstack([block.transformed() for block in parts])

    @property
    def _equations(self) -> int:
        return len(self.columns.effects) + 1

    def without_unit_means(self, k: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the columns but one treatment (n, p), that treatment (n,), the outcome (n,)."""
        position = self._transformed.shape[1] - self._equations + k
        others = np.delete(self._transformed[:, :-1], position, axis=1)
        return others, self._transformed[:, position], self._transformed[:, -1]

    @cached_property
    def free(self) -> int:
        """Rows, less the unit effects."""
        rows = free_rows(self.data, self.within, self.columns.trends)
        return rows if self.within else rows - 1

    @property
    def left(self) -> float:
        """Degrees of freedom of residuals: free rows, less what the partialling out takes."""
        width = self._transformed.shape[1] - self._equations
        return self.free - min(width, _MOST_DEGREES * self.free)

    @cached_property
    def _partial_out(self) -> Callable[[np.ndarray], np.ndarray]:
        """Least squares, or ridge regression where the columns are many for the rows."""
        others = self._transformed[:, : -self._equations]
        width = len(self.columns.basis.spectrum)
        if others.shape[1] == 0:
            return lambda values: values
        scale = np.ones(others.shape[1])
        scale[:width] = np.sqrt(self.columns.basis.spectrum)
        norm = np.sqrt((others**2).sum(axis=0))
        varying = norm > _RANK_TOLERANCE
        others = others * np.where(
            varying, scale / np.maximum(norm, _RANK_TOLERANCE), 0.0
        )
        values, vectors = linalg.eigh(others.T @ others)
        kept = values > _RANK_TOLERANCE * values[-1]
        values, rotated = values[kept], others @ vectors[:, kept]
        unpenalised = others.shape[1] - width
        penalty = _penalty(values, max(_MOST_DEGREES * self.free, unpenalised + 1.0))

        def residual(columns: np.ndarray) -> np.ndarray:
            return columns - rotated @ (
                (rotated.T @ columns) / (values + penalty)[:, None]
            )

        return residual

    def residuals(self, columns: np.ndarray) -> np.ndarray:
        """Return columns (n, m) of these rows with everything partialled out."""
        weights = self.data.weights
        starts = self.data.starts
        if self.columns.trends:
            columns = detrended(columns, self.data.time, starts, weights)
        elif self.within:
            columns = demeaned(columns, starts, weights)
        return self._partial_out(np.sqrt(weights)[:, None] * columns)

    @cached_property
    def treatment(self) -> np.ndarray:
        """Residuals of the treatments, and of each times every moderator, (n, k)."""
        return self._partial_out(self._transformed[:, -self._equations : -1])

    @cached_property
    def outcome(self) -> np.ndarray:
        """Residuals of the outcome, (n,)."""
        return self._partial_out(self._transformed[:, -1:])[:, 0]

    @cached_property
    def effect(self) -> np.ndarray:
        """Coefficients of the treatments by least squares, (k,)."""
        return np.linalg.lstsq(self.treatment, self.outcome, rcond=1e-10)[0]

    @cached_property
    def error(self) -> np.ndarray:
        """Residuals of the outcome given the treatments, (n,)."""
        return self.outcome - self.treatment @ self.effect

    @cached_property
    def clusters(self) -> np.ndarray:
        """Cluster of each row: the panel's, its unit, or with few units a spell of its rows."""
        data = self.data
        if data.cluster_name is not None:
            return np.asarray(data.cluster)[data.unit]
        if len(data.units) >= _UNITS_ARE_CLUSTERS_FROM:
            return np.asarray(data.unit)
        position = np.arange(len(data)) - data.starts[data.unit]
        spells = np.maximum(data.sizes // _SPELL, 1)
        wanted = -(-2 * _UNITS_ARE_CLUSTERS_FROM // len(data.units))
        spells = np.minimum(spells, wanted)[data.unit]
        spell = position * spells // data.sizes[data.unit]
        return np.unique(data.unit * (len(data) + 1) + spell, return_inverse=True)[1]

    @cached_property
    def count(self) -> int:
        """Clusters with more than one row, or of a pooled panel all of them."""
        fewest = 1 if self.within else 0
        return int((np.bincount(self.clusters) > fewest).sum())

    @cached_property
    def covariance(self) -> np.ndarray:
        """Cluster-robust covariance of `effect`, (k, k)."""
        bread = np.linalg.pinv(self.treatment.T @ self.treatment)
        scores = self._by_cluster(self.treatment * self.error[:, None])
        return np.asarray(bread @ (scores.T @ scores) @ bread)

    @property
    def standard_errors(self) -> np.ndarray:
        """Cluster-robust standard errors of `effect`, (k,)."""
        return np.sqrt(np.diagonal(self.covariance))

    def _by_cluster(self, columns: np.ndarray) -> np.ndarray:
        return np.column_stack(
            [np.bincount(self.clusters, column) for column in columns.T]
        )

    def without_treatment(self, columns: np.ndarray) -> np.ndarray:
        """Return residuals (n, m) with the treatments partialled out too."""
        slopes = np.linalg.lstsq(self.treatment, columns, rcond=1e-10)[0]
        return np.asarray(columns - self.treatment @ slopes)

    def score_test(
        self, columns: np.ndarray, error: np.ndarray | None = None
    ) -> ScoreTest:
        """Test that columns have no coefficient in the outcome's equation.

        Parameters
        ----------
        columns : array, shape (n, m)
            Residuals themselves.
        error : array, shape (n,), or None
            Residuals of another equation, in which the columns are tested instead.
        """
        if error is None:
            columns, error = self.without_treatment(columns), self.error
        scores = self._by_cluster(columns * error[:, None])
        total, spread = scores.sum(axis=0), scores.T @ scores
        size = np.sqrt(np.diagonal(spread))
        unit = np.where(size > 0, size, 1.0)
        values, vectors = np.linalg.eigh(spread / unit / unit[:, None])
        kept = values > 1e-6
        rotated = vectors[:, kept].T @ (total / unit)
        statistic = float((rotated**2 / values[kept]).sum())
        degrees = int(kept.sum())
        return ScoreTest(
            statistic=statistic,
            p=float(stats.chi2.sf(statistic, degrees)) if degrees else 1.0,
            slopes=np.linalg.lstsq(columns, error, rcond=1e-10)[0],
            z=total / unit,
        )


def _penalty(values: np.ndarray, degrees: float) -> float:
    """The least ridge penalty λ with Σ values / (values + λ) at most `degrees`."""
    if len(values) <= degrees:
        return 0.0
    low, high = 0.0, float(values.max() * len(values))
    for _ in range(60):
        middle = (low + high) / 2
        if (values / (values + middle)).sum() > degrees:
            low = middle
        else:
            high = middle
    return high


def varies(columns: np.ndarray, total: np.ndarray) -> np.ndarray:
    """Which residuals (n, m) are more than rounding of columns (n, m)."""
    spread = ((total - total.mean(axis=0)) ** 2).sum(axis=0)
    return (columns**2).sum(axis=0) > 1e-6 * np.maximum(spread, 1e-300)


def strongest(
    adjusted: Adjusted, columns: np.ndarray
) -> tuple[int, float, float] | None:
    """Return which column says most of the outcome beside treatment and nuisance.

    Parameters
    ----------
    adjusted : Adjusted
    columns : array, shape (n, m)

    Returns
    -------
    (int, float, float), or None
        Its number, its p-value times the number of columns, and its slope; None where no column
        varies beside the others.
    """
    residuals = adjusted.without_treatment(adjusted.residuals(columns))
    kept = np.flatnonzero(varies(residuals, columns))
    if len(kept) == 0:
        return None
    tests = [adjusted.score_test(residuals[:, [column]]) for column in kept]
    p_values = [min(1.0, len(kept) * test.p) for test in tests]
    worst = int(np.argmin(p_values))
    return int(kept[worst]), p_values[worst], float(tests[worst].slopes[0])


def square_and_bends(values: np.ndarray, quantiles: Sequence[float]) -> np.ndarray:
    """Return the square of values about their mean, and bends at quantiles, (n, m), of sd 1.

    Parameters
    ----------
    values : array, shape (n,)
    quantiles : sequence of float
    """
    bends = [np.maximum(values - bend, 0) for bend in np.quantile(values, quantiles)]
    curves = np.column_stack([(values - values.mean()) ** 2, *bends])
    scale = curves.std(axis=0)
    return np.asarray(curves[:, scale > 0] / scale[scale > 0])


def p_of_added(adjusted: Adjusted, terms: np.ndarray, most: float) -> float | None:
    """Return the p-value of terms added to the outcome's equation, as other covariates are.

    None where other columns, or one cluster, determine all of them.

    Parameters
    ----------
    adjusted : Adjusted
    terms : array, shape (n, m)
    most : float
        The share of one cluster in the squares of a term from which its score decides alone.
    """
    residuals = adjusted.residuals(terms)
    left = adjusted.without_treatment(residuals)
    kept = varies(left, terms) & (_largest_share(adjusted, left) <= most)
    if not kept.any():
        return None
    return adjusted.score_test(residuals[:, kept]).p


def _largest_share(adjusted: Adjusted, columns: np.ndarray) -> np.ndarray:
    """The share of one cluster in the sum of squares of each column (n, m), at most."""
    squares = np.column_stack(
        [np.bincount(adjusted.clusters, column**2) for column in columns.T]
    )
    return np.asarray(squares.max(axis=0) / np.maximum(squares.sum(axis=0), 1e-300))
