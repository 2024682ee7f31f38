"""Serial correlation of scores in the order of their rows, and rows that occur more than once.

Rows that stand next to each other are alike where a table is in the order of time, of clusters or
of another thing that the model leaves out. What then makes intervals too short is a correlation of
the scores s_i, the terms whose sum an estimate solves. At a lag k

    z_k = Σ s_i s_{i+k} / √(Σ s_i² s_{i+k}²)

is nearly standard normal where scores of different rows have no correlation, whatever their
variances (a portmanteau statistic robust to heteroscedasticity, as in Lobato, Nankervis & Savin
2001). Sorting by a variable that the model conditions on leaves the scores uncorrelated.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import stats

_MOST_LAGS = 10
_ROWS_A_LAG = 10
_FEWEST_ROWS = 40
_FEWEST_VALUES = 20  # of a column that takes part in finding repeated rows
_LARGEST_SHARE = 0.1  # of one value, in such a column
_LARGEST_CORRELATION = 0.8  # of ranks, with a column that takes part already
_MOST_BLOCKS = 20
_ROWS_A_BLOCK = 40  # that count: of rare outcomes, about four for each
_FEWEST_BLOCKS = 3
_STATISTICS = 3  # of each score
_LARGEST_SHARE_OF_ONE = (
    0.1  # of the sum of absolute scores: an outlier moves all others
)
_SORTED = 0.95  # of the steps from row to row that go one way


class SerialDependence(NamedTuple):
    """The p-value of no serial dependence, and the largest lag-1 autocorrelation of a score."""

    p: float
    autocorrelation: float


def serial_dependence(scores: np.ndarray) -> SerialDependence | None:
    """Test that scores are uncorrelated in the order of their rows, against a positive correlation.

    The statistics of each score are z_1, the sum of z_1 to z_K over √K, K = 10, and one of the sums
    of 20 blocks of rows. Bonferroni's correction is over all of them.

    Parameters
    ----------
    scores : array, shape (n, k)
        In the order of the rows; each column has mean 0, as at an estimate. Those are left out in
        which one row outweighs the others.

    Returns
    -------
    SerialDependence or None
        None where the rows are too few, or no score is left.
    """
    n = len(scores)
    if n < _FEWEST_ROWS:
        return None
    total = np.abs(scores).sum(axis=0)
    largest_score = np.abs(scores).max(axis=0)
    scores = scores[:, (total > 0) & (largest_score <= _LARGEST_SHARE_OF_ONE * total)]
    if scores.shape[1] == 0:
        return None
    scores = scores / np.abs(scores).max(axis=0)
    lags = min(_MOST_LAGS, n // _ROWS_A_LAG)
    z = np.array([_lagged(scores, lag) for lag in range(1, lags + 1)])
    largest = max(z[0].max(), (z.sum(axis=0) / np.sqrt(lags)).max())
    least = min(float(stats.norm.sf(largest)), _by_blocks(scores).min())
    p = min(1.0, _STATISTICS * scores.shape[1] * float(least))
    products = (scores[1:] * scores[:-1]).sum(axis=0)
    return SerialDependence(p, float((products / (scores**2).sum(axis=0)).max()))


def _lagged(scores: np.ndarray, lag: int) -> np.ndarray:
    products = scores[lag:] * scores[:-lag]
    size = np.sqrt((products**2).sum(axis=0))
    return np.asarray(products.sum(axis=0) / np.maximum(size, 1e-300))


def _by_blocks(scores: np.ndarray) -> np.ndarray:
    """Return the p-value of equal means of consecutive blocks, for each score: a slow drift.

    The squared sum of a block over its sum of squares is nearly χ² with one degree of freedom.

    Parameters
    ----------
    scores : array, shape (n, k)
    """
    effective = np.abs(scores).sum(axis=0) ** 2 / (scores**2).sum(axis=0)
    blocks = min(_MOST_BLOCKS, int(effective.min() // _ROWS_A_BLOCK))
    if blocks < _FEWEST_BLOCKS:
        return np.ones(scores.shape[1])
    starts = np.linspace(0, len(scores), blocks, endpoint=False).astype(int)
    sums = np.add.reduceat(scores, starts)
    squares = np.add.reduceat(scores**2, starts)
    statistic = (sums**2 / np.maximum(squares, 1e-300)).sum(axis=0)
    return np.asarray(stats.chi2.sf(statistic, blocks))


def is_sorted(values: np.ndarray) -> bool:
    """Return whether rows are sorted by a column, all of them or within blocks.

    Parameters
    ----------
    values : array, shape (n,)
    """
    steps = np.diff(values)
    steps = steps[steps != 0]
    if len(steps) == 0:
        return False
    rising = float((steps > 0).mean())
    two_values = len(np.unique(values)) == 2
    if two_values:  # rising and falling steps then alternate
        return len(steps) <= 2
    return max(rising, 1 - rising) >= _SORTED


def repeated_rows(values: np.ndarray) -> tuple[int, float]:
    """Return how many rows repeat an earlier one, and how many pairs of rows would by chance.

    The chance is that of the columns of many values, none of them frequent, which are not nearly a
    function of each other: as if these were independent, two rows agree with the product of the
    chances of each column.

    Parameters
    ----------
    values : array, shape (n, k)
        Labels as codes.

    Returns
    -------
    repeated : int
        0 where fewer than two columns can tell.
    by_chance : float
        The expected number of pairs of equal rows; 0 where no row repeats another.
    """
    n, columns = values.shape
    repeated = _number_repeated(values) if columns > 1 else 0
    if not repeated:
        return 0, 0.0
    kept: list[np.ndarray] = []
    pairs = n * (n - 1) / 2
    for column in values.T:
        counts = np.unique(column, return_counts=True)[1]
        if len(counts) < _FEWEST_VALUES or counts.max() > _LARGEST_SHARE * n:
            continue
        ranks = stats.rankdata(column)
        related = (abs(np.corrcoef(ranks, other)[0, 1]) for other in kept)
        if max(related, default=0.0) < _LARGEST_CORRELATION:
            kept.append(ranks)
            pairs *= float(((counts / n) ** 2).sum())
    if len(kept) < 2:
        return 0, 0.0
    return repeated, pairs


def _number_repeated(values: np.ndarray) -> int:
    """Return how many rows repeat an earlier one.

    Whole rows are compared only where their sums with random weights agree, in integers that wrap
    around: those of equal rows do.
    """
    rng = np.random.default_rng(0)
    sums = np.zeros(len(values), np.uint64)
    for column in values.T:
        weight = np.uint64(2 * int(rng.integers(2**62)) + 1)
        sums += column.astype(np.int64).astype(np.uint64) * weight
    _, which, counts = np.unique(sums, return_inverse=True, return_counts=True)
    alike = values[counts[which] > 1]
    return len(alike) - len(np.unique(alike, axis=0))
