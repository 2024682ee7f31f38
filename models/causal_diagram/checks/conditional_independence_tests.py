"""Conditional independence tests that hold their level in sparse tables and without normal errors.

Categorical variables: within the strata of the conditioning variables, the counts of two are
compared with those expected from their margins, once cell by cell (Pearson's chi-squared, its
first two moments given the margins known exactly) and once summed over strata (the generalised
Cochran-Mantel-Haenszel statistic, which has power where strata are small). The smaller of the two
p-values is the statistic; where it looks small, tables with these margins are drawn, and say how
small it is (an exact conditional test by Monte Carlo).

Numeric variables among them: residuals of both, after partialling out smooth functions of the
conditioning variables, have products of mean zero (the generalised covariance measure), whatever
their variances.

References
----------
Haldane (1940), The mean and variance of χ² when used as a test of homogeneity, when expectations
are small, Biometrika 31. Besag & Clifford (1991), Sequential Monte Carlo p-values, Biometrika 78.
Shah & Peters (2020), The hardness of conditional independence testing and the generalised
covariance measure, Annals of Statistics 48.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

_TABLES_AS_EXTREME_TO_STOP = 10
_COUNTS_DRAWN_AT_ONCE = 2_000_000
_TIES = 1 + 1e-9  # p-values that are equal but for rounding
_SMALLEST = 1e-300  # against division by zero


def tables_by_stratum(
    one: np.ndarray,
    other: np.ndarray,
    given: np.ndarray,
    counts: np.ndarray,
) -> np.ndarray:
    """Return counts (strata, levels of one, levels of other) of the strata in which both vary.

    Parameters
    ----------
    one, other : int array, shape (rows,)
        Positions of levels.
    given : int array, shape (rows, labels)
        The labels that are held.
    counts : array, shape (rows,)

    Examples
    --------
    >>> one, other = np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])
    >>> tables_by_stratum(one, other, np.empty((4, 0), int), np.array([3.0, 1, 2, 4]))
    array([[[3., 1.],
            [2., 4.]]])
    """
    stratum = np.zeros(len(one), int)
    if given.shape[1]:
        _, stratum = np.unique(given, axis=0, return_inverse=True)
    shape = (int(stratum.max(initial=0)) + 1, int(one.max()) + 1, int(other.max()) + 1)
    cells = np.ravel_multi_index((stratum.ravel(), one, other), shape)
    table = np.bincount(cells, counts, minlength=int(np.prod(shape))).reshape(shape)
    rows_seen = (table.sum(axis=2) > 0).sum(axis=1)
    columns_seen = (table.sum(axis=1) > 0).sum(axis=1)
    return table[(rows_seen > 1) & (columns_seen > 1)]


@dataclass(frozen=True, eq=False)
class _Margins:
    """The fixed margins of the tables of all strata: (strata, r), (strata, c) and (strata,)."""

    rows: np.ndarray
    columns: np.ndarray
    total: np.ndarray

    @property
    def expected(self) -> np.ndarray:
        """Expected counts under independence, (strata, r, c)."""
        return (
            self.rows[:, :, None] * self.columns[:, None, :] / self.total[:, None, None]
        )


def approximate_p(table: np.ndarray) -> np.ndarray:
    """Return twice the smaller p-value of the two statistics, each by its known moments.

    Parameters
    ----------
    table : array, shape (..., strata, levels of one, levels of other)
        All with the same margins in each stratum.

    Returns
    -------
    array, shape (...)
    """
    first = table[(0,) * (table.ndim - 3)]
    margins = _Margins(first.sum(axis=-1), first.sum(axis=-2), first.sum(axis=(-2, -1)))
    excess = table - margins.expected
    smaller = np.minimum(
        _pearson_p(excess, margins), _cochran_mantel_haenszel_p(excess, margins)
    )
    return np.minimum(1.0, 2 * smaller)


def _pearson_p(excess: np.ndarray, margins: _Margins) -> np.ndarray:
    """Return the p-value of Pearson's statistic summed over strata, from a gamma distribution."""
    expected = margins.expected
    terms = np.divide(
        excess**2, expected, out=np.zeros_like(excess), where=expected > 0
    )
    statistic = terms.sum(axis=(-3, -2, -1))
    mean, variance = _pearson_moments(margins)
    return stats.gamma.sf(statistic, mean**2 / variance, scale=variance / mean)


def _pearson_moments(margins: _Margins) -> tuple[float, float]:
    """Return mean and variance of Pearson's statistic given the margins, summed over strata.

    Each margin enters by a symmetric function of its inverse counts (Haldane 1940).
    """
    n = margins.total
    levels_of_rows = (margins.rows > 0).sum(axis=1)
    levels_of_columns = (margins.columns > 0).sum(axis=1)
    mean = n / (n - 1) * (levels_of_rows - 1) * (levels_of_columns - 1)
    known = n > 3
    m = np.where(known, n, 4.0)
    a, p = _haldane_terms(margins.rows, levels_of_rows, m)
    b, q = _haldane_terms(margins.columns, levels_of_columns, m)
    variance = 2 * m / (m - 3) * (a - p) * (b - q) + m**2 / (m - 1) * p * q
    variance = np.where(known, variance, mean)
    return float(mean.sum()), float(np.maximum(variance, 1e-12).sum())


def _haldane_terms(
    margin: np.ndarray,
    count: np.ndarray,
    total: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the two terms by which a margin enters the variance of Pearson's statistic.

    Parameters
    ----------
    margin : array, shape (strata, levels)
    count : array, shape (strata,)
        Levels that occur.
    total : array, shape (strata,)
    """
    inverse = np.divide(1.0, margin, out=np.zeros_like(margin), where=margin > 0).sum(
        axis=1
    )
    first = (count - 1) * (total - count) / (total - 1)
    return first, (total * inverse - count**2) / (total - 2)


def _cochran_mantel_haenszel_p(excess: np.ndarray, margins: _Margins) -> np.ndarray:
    """Return the p-value of the excesses summed over strata, from chi-squared."""
    summed = excess.sum(axis=-3)[..., :-1, :-1]
    summed = summed.reshape(*summed.shape[:-2], -1)
    rows = _multinomial_covariance(margins.rows, margins.total)
    columns = _multinomial_covariance(margins.columns, margins.total)
    factor = margins.total**2 / np.maximum(margins.total - 1, 1)
    covariance = np.einsum("s,sij,skl->ikjl", factor, rows, columns)
    covariance = covariance.reshape(summed.shape[-1], -1)
    rank = int(np.linalg.matrix_rank(covariance, hermitian=True))
    inverse = np.linalg.pinv(covariance, hermitian=True)
    statistic = np.einsum("...i,ij,...j->...", summed, inverse, summed)
    return stats.chi2.sf(statistic, max(rank, 1))


def _multinomial_covariance(margin: np.ndarray, total: np.ndarray) -> np.ndarray:
    """Return diag(p) - p p' of the shares of each level but the last, (strata, k - 1, k - 1)."""
    share = margin / total[:, None]
    diagonal = share[:, :, None] * np.eye(margin.shape[1])
    return (diagonal - share[:, :, None] * share[:, None, :])[:, :-1, :-1]


def monte_carlo_p(
    table: np.ndarray,
    most: int,
    rng: np.random.Generator,
) -> float:
    """Return the p-value of `approximate_p` among tables with the same margins, sequentially.

    Drawing stops when ten tables are as extreme as the observed one, or after `most` of them.

    Parameters
    ----------
    table : array, shape (strata, levels of one, levels of other)
    most : int
        The number of tables to draw at most.
    rng : numpy Generator
    """
    threshold = float(approximate_p(table[None])[0]) * _TIES
    step = max(1, min(most, _COUNTS_DRAWN_AT_ONCE // table.size, 1000))
    drawn = extreme = 0
    while drawn < most and extreme < _TABLES_AS_EXTREME_TO_STOP:
        p = approximate_p(tables_with_same_margins(table, step, rng))
        cumulative = np.cumsum(p <= threshold)
        lacking = _TABLES_AS_EXTREME_TO_STOP - extreme
        if cumulative[-1] >= lacking:
            last = int(np.searchsorted(cumulative, lacking))
            return _TABLES_AS_EXTREME_TO_STOP / (drawn + last + 1)
        drawn += step
        extreme += int(cumulative[-1])
    return (extreme + 1) / (drawn + 1)


def tables_with_same_margins(
    table: np.ndarray,
    size: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """Return tables (size, strata, r, c) drawn independent within strata, given the margins.

    Parameters
    ----------
    table : array, shape (strata, r, c)
    size : int
    rng : numpy Generator
    """
    row_totals = np.broadcast_to(
        table.sum(axis=2).astype(int), (size, *table.shape[:2])
    )
    shape = (size, len(table), table.shape[2])
    remaining = np.broadcast_to(table.sum(axis=1).astype(int), shape).copy()
    tables = np.zeros((size, *table.shape))
    for row in range(table.shape[1] - 1):
        wanted = row_totals[:, :, row].copy()
        for column in range(table.shape[2] - 1):
            later = remaining[:, :, column + 1 :].sum(axis=2)
            taken = rng.hypergeometric(remaining[:, :, column], later, wanted)
            tables[:, :, row, column] = taken
            wanted -= taken
            remaining[:, :, column] -= taken
        tables[:, :, row, -1] = wanted
        remaining[:, :, -1] -= wanted
    tables[:, :, -1] = remaining
    return tables


def generalised_covariance_p(
    one: np.ndarray,
    other: np.ndarray,
    given: np.ndarray,
) -> float:
    """Return the p-value of no covariance of two blocks of columns after partialling out a third.

    Hotelling's T² of the products of residuals, whose variance is estimated and not assumed.

    Parameters
    ----------
    one, other, given : array, shape (rows, columns)
        `given` has a column of ones.
    """
    basis, singular, _ = np.linalg.svd(given, full_matrices=False)
    span = basis[:, singular > 1e-10 * singular.max(initial=_SMALLEST)]
    residuals = _residuals(one, span)
    others = _residuals(other, span)
    n = len(one)
    products = (residuals[:, :, None] * others[:, None, :]).reshape(n, -1)
    count = products.shape[1]
    degrees = n - span.shape[1]
    if not count or degrees <= count + 1:
        return 1.0
    mean = products.mean(axis=0)
    covariance = np.atleast_2d(np.cov(products, rowvar=False))
    t_squared = n * mean @ np.linalg.pinv(covariance, hermitian=True) @ mean
    statistic = t_squared * (degrees - count) / (count * (degrees - 1))
    return float(stats.f.sf(statistic, count, degrees - count))


def _residuals(block: np.ndarray, span: np.ndarray) -> np.ndarray:
    """Return the residuals of columns on a span, without those that it explains fully."""
    residuals = block - span @ (span.T @ block)
    scale = np.maximum(block.std(axis=0), _SMALLEST)
    return residuals[:, residuals.std(axis=0) > 1e-8 * scale]
