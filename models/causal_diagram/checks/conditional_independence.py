"""Tests of the independences that a diagram implies, which hold their level in sparse tables and where errors are no normal ones.

Labels given labels: within the strata of what is held, the counts of two labels are compared with
those expected from their margins, once cell by cell (Pearson's statistic, its first two moments
given the margins known exactly) and once summed over strata (the generalised Cochran-Mantel-
Haenszel statistic, which has power where strata are small). The smaller of the two p-values is the
statistic; where it looks small, tables with these margins are drawn, and say how small it is.

With numbers among them: residuals of both, after partialling out smooth functions of what is held,
have products of mean zero (the generalised covariance measure), whatever their variances.

References
----------
Haldane (1940), The mean and variance of χ² when used as a test of homogeneity, when expectations
are small, Biometrika 31. Besag & Clifford (1991), Sequential Monte Carlo p-values, Biometrika 78.
Shah & Peters (2020), The hardness of conditional independence testing and the generalised
covariance measure, Annals of Statistics 48.
"""

from __future__ import annotations

import numpy as np
from scipy import stats

_ENOUGH = 10  # tables as unlikely as the observed one, after which no more are drawn
_BATCH = 2_000_000  # counts drawn at once


def tables_by_stratum(
    one: np.ndarray, other: np.ndarray, given: np.ndarray, counts: np.ndarray
) -> np.ndarray:
    """Return counts (strata, levels of one, levels of other) of the strata in which both vary.

    Parameters
    ----------
    one, other : int array, shape (rows,)
    given : int array, shape (rows, labels)
    counts : array, shape (rows,)
    """
    if given.shape[1]:
        _, stratum = np.unique(given, axis=0, return_inverse=True)
    else:
        stratum = np.zeros(len(one), int)
    shape = (int(stratum.max(initial=0)) + 1, int(one.max()) + 1, int(other.max()) + 1)
    flat = np.ravel_multi_index((stratum.ravel(), one, other), shape)
    table = np.bincount(flat, counts, minlength=int(np.prod(shape))).reshape(shape)
    varies = ((table.sum(axis=2) > 0).sum(axis=1) > 1) & ((table.sum(axis=1) > 0).sum(axis=1) > 1)
    return table[varies]


def approximate_p(table: np.ndarray) -> np.ndarray:
    """Return twice the smaller p-value of the two statistics, each by its known moments.

    Parameters
    ----------
    table : array, shape (..., strata, levels of one, levels of other)
        All with the same margins in each stratum.
    """
    rows, columns = table.sum(axis=-1), table.sum(axis=-2)  # the same for all
    total = rows.sum(axis=-1)
    first = (0,) * (table.ndim - 3)
    rows, columns, total = rows[first], columns[first], total[first]
    expected = rows[:, :, None] * columns[:, None, :] / total[:, None, None]
    excess = table - expected
    return np.minimum(
        1.0,
        2
        * np.minimum(_pearson(excess, rows, columns, total), _pooled(excess, rows, columns, total)),
    )


def _pearson(
    excess: np.ndarray, rows: np.ndarray, columns: np.ndarray, total: np.ndarray
) -> np.ndarray:
    """P-value of Pearson's statistic summed over strata, from a gamma with its mean and variance."""
    expected = rows[:, :, None] * columns[:, None, :] / total[:, None, None]
    terms = np.divide(excess**2, expected, out=np.zeros_like(excess), where=expected > 0)
    statistic = terms.sum(axis=(-3, -2, -1))
    mean, variance = _moments(rows, columns, total)
    shape, scale = mean**2 / variance, variance / mean
    return stats.gamma.sf(statistic, shape, scale=scale)


def _moments(rows: np.ndarray, columns: np.ndarray, total: np.ndarray) -> tuple[float, float]:
    """Mean and variance of Pearson's statistic given the margins, summed over strata."""
    r, c = (rows > 0).sum(axis=1), (columns > 0).sum(axis=1)
    n = total
    mean = n / (n - 1) * (r - 1) * (c - 1)

    def inverse(margin: np.ndarray) -> np.ndarray:
        return np.divide(1.0, margin, out=np.zeros_like(margin), where=margin > 0).sum(axis=1)

    # Each margin enters by a symmetric function of its inverse counts (Haldane 1940).
    enough = n > 3
    m = np.where(enough, n, 4.0)

    def spread(margin: np.ndarray, count: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return (count - 1) * (m - count) / (m - 1), (m * inverse(margin) - count**2) / (m - 2)

    (a, p), (b, q) = spread(rows, r), spread(columns, c)
    variance = 2 * m / (m - 3) * (a - p) * (b - q) + m**2 / (m - 1) * p * q
    variance = np.where(enough, variance, mean)
    return float(mean.sum()), float(np.maximum(variance, 1e-12).sum())


def _pooled(
    excess: np.ndarray, rows: np.ndarray, columns: np.ndarray, total: np.ndarray
) -> np.ndarray:
    """P-value of the excesses summed over strata, from chi-squared: the generalised Cochran-Mantel-Haenszel test."""
    summed = excess.sum(axis=-3)[..., :-1, :-1]
    summed = summed.reshape(*summed.shape[:-2], -1)

    def spread(margin: np.ndarray) -> np.ndarray:
        share = margin / total[:, None]
        diagonal = share[:, :, None] * np.eye(margin.shape[1])
        return (diagonal - share[:, :, None] * share[:, None, :])[:, :-1, :-1]

    factor = total**2 / np.maximum(total - 1, 1)
    covariance = np.einsum("s,sij,skl->ikjl", factor, spread(rows), spread(columns))
    size = summed.shape[-1]
    covariance = covariance.reshape(size, size)
    rank = int(np.linalg.matrix_rank(covariance, hermitian=True))
    inverse = np.linalg.pinv(covariance, hermitian=True)
    return stats.chi2.sf(np.einsum("...i,ij,...j->...", summed, inverse, summed), max(rank, 1))


def drawn_p(table: np.ndarray, most: int, rng: np.random.Generator) -> float:
    """Return the p-value of `approximate_p` among tables with the same margins, sequentially.

    Drawing stops when ten tables are as unlikely as the observed one, or after `most` of them.
    """
    observed = float(approximate_p(table[None])[0])
    step = max(1, min(most, _BATCH // table.size, 1000))
    drawn = found = 0
    while drawn < most and found < _ENOUGH:
        p = approximate_p(same_margins(table, step, rng))
        below = np.cumsum(p <= observed * (1 + 1e-9))
        if found + below[-1] >= _ENOUGH:
            last = int(np.searchsorted(below, _ENOUGH - found))
            return _ENOUGH / (drawn + last + 1)
        drawn, found = drawn + step, found + int(below[-1])
    return (found + 1) / (drawn + 1)


def same_margins(table: np.ndarray, size: int, rng: np.random.Generator) -> np.ndarray:
    """Return tables (size, strata, r, c) drawn independent within strata, given the margins."""
    rows = np.broadcast_to(table.sum(axis=2).astype(int), (size, *table.shape[:2]))
    left = np.broadcast_to(table.sum(axis=1).astype(int), (size, len(table), table.shape[2])).copy()
    found = np.zeros((size, *table.shape))
    for row in range(table.shape[1] - 1):
        wanted = rows[:, :, row].copy()
        for column in range(table.shape[2] - 1):
            others = left[:, :, column + 1 :].sum(axis=2)
            taken = rng.hypergeometric(left[:, :, column], others, wanted)
            found[:, :, row, column] = taken
            wanted -= taken
            left[:, :, column] -= taken
        found[:, :, row, -1] = wanted
        left[:, :, -1] -= wanted
    found[:, :, -1] = left
    return found


def covariance_p(one: np.ndarray, other: np.ndarray, given: np.ndarray) -> float:
    """Return the p-value of no covariance of two blocks of columns after partialling out a third.

    Hotelling's T² of the products of residuals, whose variance is estimated and not assumed.

    Parameters
    ----------
    one, other, given : array, shape (rows, columns)
        `given` has a column of ones.
    """
    basis = np.linalg.svd(given, full_matrices=False)
    span = basis[0][:, basis[1] > 1e-10 * basis[1].max(initial=1e-300)]
    blocks = []
    for block in (one, other):
        left = block - span @ (span.T @ block)
        scale = left.std(axis=0)
        blocks.append(left[:, scale > 1e-8 * np.maximum(block.std(axis=0), 1e-300)])
    products = (blocks[0][:, :, None] * blocks[1][:, None, :]).reshape(len(one), -1)
    free, n = len(one) - span.shape[1], len(one)
    count = products.shape[1]
    if not count or free <= count + 1:
        return 1.0
    mean = products.mean(axis=0)
    spread = np.atleast_2d(np.cov(products, rowvar=False))
    squared = n * mean @ np.linalg.pinv(spread, hermitian=True) @ mean
    return float(stats.f.sf(squared * (free - count) / (count * (free - 1)), count, free - count))
