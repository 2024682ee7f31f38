"""Outcome and treatments of `PanelDML` after partialling out, and cluster-robust score tests of columns added to them.

A column z that the model leaves out of the outcome's equation has coefficient 0 if the model is
right. With everything partialled out of z, and e the residuals under that hypothesis, the scores
of the clusters s_g = Σ z_i e_i have mean 0, whatever the dependence within clusters, and

    (Σ s_g)' (Σ s_g s_g')⁻¹ (Σ s_g)  ~  χ²(m)

The scores are those under the hypothesis, so that few clusters or heavy tails make the test
conservative: it never exceeds the number of clusters.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy import linalg, stats

from causalstats.data import Panel
from causalstats.models.panel_dml.row_blocks import Columns, blocks
from causalstats.numerics.panel.within_transformation import demeaned

FEWEST_CLUSTERS = 10
_MOST_ROWS = 6_000  # on which the checks of the data look
_MOST_DEGREES = 0.6  # of the free rows, that the partialling out may take
_MANY_UNITS = 20  # from which units are the clusters
_LONG = 5  # rows in a row that make a cluster, where units are few
_NOTHING = 1e-8


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
    """Return the panel, or of a larger one every k-th unit, so that at most about `most` rows remain."""
    if len(data) <= most:
        return data
    step = -(-len(data) // most)
    kept = np.flatnonzero(data.unit % step == 0)
    return rows_of(data, kept if len(kept) <= 2 * most else kept[:most])


@dataclass(frozen=True, eq=False)
class Adjusted:
    """The rows of a panel with covariates, unit effects and effects of times partialled out.

    Parameters
    ----------
    data : Panel
    columns : Columns
        Of the model, as its fit has them.
    inside : bool
        Whether unit means are taken out.
    """

    data: Panel
    columns: Columns
    inside: bool

    @cached_property
    def _transformed(self) -> np.ndarray:
        share = None if self.inside else np.ones(len(self.data.units))
        return np.vstack([block.transformed() for block in blocks(self.data, self.columns, share)])

    @property
    def _aims(self) -> int:
        return len(self.columns.effects) + 1

    def without_unit_means(self, k: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Everything beside the k-th treatment (n, p), that treatment (n,) and the outcome (n,)."""
        place = self._transformed.shape[1] - self._aims + k
        others = np.delete(self._transformed[:, :-1], place, axis=1)
        return others, self._transformed[:, place], self._transformed[:, -1]

    @cached_property
    def free(self) -> int:
        """Rows, less the unit effects."""
        return len(self.data) - (len(self.data.units) if self.inside else 1)

    @cached_property
    def _smoother(self) -> Callable[[np.ndarray], np.ndarray]:
        """What partials out: least squares, or a ridge where the columns are many for the rows."""
        given = self._transformed[:, : -self._aims]
        width = len(self.columns.basis.spectrum)
        if given.shape[1] == 0:
            return lambda values: values
        scale = np.ones(given.shape[1])
        scale[:width] = np.sqrt(self.columns.basis.spectrum)
        norm = np.sqrt((given**2).sum(axis=0))
        given = given * np.where(norm > _NOTHING, scale / np.maximum(norm, _NOTHING), 0.0)
        values, vectors = linalg.eigh(given.T @ given)
        kept = values > _NOTHING * values[-1]
        values, turned = values[kept], given @ vectors[:, kept]
        penalty = _penalty(values, max(_MOST_DEGREES * self.free, given.shape[1] - width + 1.0))

        def residual(columns: np.ndarray) -> np.ndarray:
            return columns - turned @ ((turned.T @ columns) / (values + penalty)[:, None])

        return residual

    def residuals(self, columns: np.ndarray) -> np.ndarray:
        """Columns (n, m) of these rows with everything partialled out."""
        weights = self.data.weights
        moved = columns
        if self.inside:
            moved = demeaned(columns, self.data.starts, weights)
        return self._smoother(np.sqrt(weights)[:, None] * moved)

    @cached_property
    def treatment(self) -> np.ndarray:
        """Residuals of the treatments, and of each times every moderator, (n, k)."""
        return self._smoother(self._transformed[:, -self._aims : -1])

    @cached_property
    def outcome(self) -> np.ndarray:
        """Residuals of the outcome, (n,)."""
        return self._smoother(self._transformed[:, -1:])[:, 0]

    @cached_property
    def effect(self) -> np.ndarray:
        """Of the treatments by least squares, (k,)."""
        return np.linalg.lstsq(self.treatment, self.outcome, rcond=1e-10)[0]

    @cached_property
    def error(self) -> np.ndarray:
        """Residuals of the outcome given the treatments, (n,)."""
        return self.outcome - self.treatment @ self.effect

    @cached_property
    def clusters(self) -> np.ndarray:
        """Cluster of each row: the panel's own, its unit, or some rows of it where units are few."""
        data = self.data
        if data.arguments["cluster"] is not None:
            return np.asarray(data.cluster)[data.unit]
        if len(data.units) >= _MANY_UNITS:
            return np.asarray(data.unit)
        position = np.arange(len(data)) - data.starts[data.unit]
        pieces = np.maximum(data.sizes // _LONG, 1)
        wanted = -(-2 * _MANY_UNITS // len(data.units))
        pieces = np.minimum(pieces, wanted)[data.unit]
        piece = position * pieces // data.sizes[data.unit]
        return np.unique(data.unit * (len(data) + 1) + piece, return_inverse=True)[1]

    @cached_property
    def count(self) -> int:
        """Clusters with more than one row, or of a pooled panel all of them."""
        return int((np.bincount(self.clusters) > (1 if self.inside else 0)).sum())

    @cached_property
    def standard_errors(self) -> np.ndarray:
        """Cluster-robust, of `effect`, (k,)."""
        bread = np.linalg.pinv(self.treatment.T @ self.treatment)
        scores = self._by_cluster(self.treatment * self.error[:, None])
        return np.sqrt(np.diagonal(bread @ (scores.T @ scores) @ bread))

    def _by_cluster(self, columns: np.ndarray) -> np.ndarray:
        return np.column_stack([np.bincount(self.clusters, column) for column in columns.T])

    def without_treatment(self, columns: np.ndarray) -> np.ndarray:
        """Residuals (n, m) with the treatments regressed out too, without those of which nothing remains."""
        found = columns - self.treatment @ np.linalg.lstsq(self.treatment, columns, rcond=1e-10)[0]
        return found

    def score_test(self, columns: np.ndarray, error: np.ndarray | None = None) -> ScoreTest:
        """Test that columns (n, m), residuals themselves, have no coefficient in the outcome's equation.

        With `error` given, in the equation whose residuals that is.
        """
        if error is None:
            columns, error = self.without_treatment(columns), self.error
        scores = self._by_cluster(columns * error[:, None])
        total, spread = scores.sum(axis=0), scores.T @ scores
        size = np.sqrt(np.diagonal(spread))
        unit = np.where(size > 0, size, 1.0)
        values, vectors = np.linalg.eigh(spread / unit / unit[:, None])
        kept = values > 1e-6
        turned = vectors[:, kept].T @ (total / unit)
        statistic = float((turned**2 / values[kept]).sum())
        degrees = int(kept.sum())
        slopes = np.linalg.lstsq(columns, error, rcond=1e-10)[0]
        return ScoreTest(
            statistic=statistic,
            p=float(stats.chi2.sf(statistic, degrees)) if degrees else 1.0,
            slopes=slopes,
            z=total / unit,
        )


@dataclass(frozen=True, eq=False)
class ScoreTest:
    """The statistic, its p-value, the coefficients (m,) and the z of each by itself (m,)."""

    statistic: float
    p: float
    slopes: np.ndarray
    z: np.ndarray


def _penalty(values: np.ndarray, degrees: float) -> float:
    """The least λ with Σ values / (values + λ) at most `degrees`."""
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
