"""Score tests of products of confounders that a logistic regression leaves out.

z² = U'V⁻¹U of the columns of a product, with U their sum weighted by the residuals and V the
variance of U less what the columns of the regression say of it (Rao 1948). A product of k labels
has a column for each combination of their contrasts, and the test does not depend on how levels are
coded. The p-value is multiplied by the number of levels of the outcome where it has more than two.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import linalg, stats

from causalstats.numerics.regression.hierarchical_logistic import Mode

_SMALLEST_VARIANCE_SHARE = 1e-6


@dataclass(frozen=True, eq=False)
class CandidateProducts:
    """Columns of products that may be entered, over strata.

    Parameters
    ----------
    columns : array, shape (strata, columns)
    starts : int array, shape (products,)
        The first column of each product, in increasing order.
    """

    columns: np.ndarray
    starts: np.ndarray

    @property
    def widths(self) -> np.ndarray:
        """The number of columns of each product."""
        return np.diff(self.starts, append=self.columns.shape[1])

    def __len__(self) -> int:
        return len(self.starts)


def score_p_values(
    mode: Mode, candidates: CandidateProducts, strata: np.ndarray
) -> np.ndarray:
    """Return the p-value of the score test of each product.

    Parameters
    ----------
    mode : Mode
        Of the regression without them, and without random effects.
    candidates : CandidateProducts
    strata : int array, shape (rows,)
        The stratum of each row of the regression, in increasing order.

    Returns
    -------
    array, shape (products,)
    """
    rows = mode.rows
    levels = rows.counts.shape[1]
    tested = [1] if levels == 2 else range(levels)
    starts = np.flatnonzero(np.diff(strata, prepend=-1))
    prior = 1 / rows.column_sds(mode.log_scales) ** 2
    smallest = np.ones(len(candidates))
    for level in tested:
        shares = mode.probabilities[:, level]
        residual = np.add.reduceat(rows.counts[:, level] - rows.totals * shares, starts)
        weight = rows.totals * shares * (1 - shares)
        weighted = rows.design * weight[:, None]
        precision = weighted.T @ rows.design + np.diag(prior)
        root = linalg.cholesky(precision, lower=True)
        by_stratum = np.add.reduceat(weighted, starts, axis=0)
        explained = linalg.solve_triangular(
            root, by_stratum.T @ candidates.columns, lower=True
        )
        stratum_weight = np.add.reduceat(weight, starts)
        p_values = _p_values(candidates, residual, stratum_weight, explained)
        smallest = np.minimum(smallest, p_values)
    return np.minimum(1.0, smallest * len(tested))


def _p_values(
    candidates: CandidateProducts,
    residual: np.ndarray,
    weight: np.ndarray,
    explained: np.ndarray,
) -> np.ndarray:
    """Return p-values of the products from residuals and weights of the strata.

    Parameters
    ----------
    candidates : CandidateProducts
    residual, weight : array, shape (strata,)
    explained : array, shape (design columns, columns)
        What the design says of the columns, whitened.
    """
    columns = candidates.columns
    score = columns.T @ residual
    total = np.einsum("ik,ik,i->k", columns, columns, weight)
    variance = total - (explained**2).sum(axis=0)
    usable = variance > _SMALLEST_VARIANCE_SHARE * np.maximum(total, 1e-300)
    z_squared = np.divide(score**2, variance, out=np.zeros_like(score), where=usable)
    p_values = stats.chi2.sf(z_squared[candidates.starts], 1)
    for product in np.flatnonzero(candidates.widths > 1):
        start = candidates.starts[product]
        inside = slice(start, start + candidates.widths[product])
        part = columns[:, inside]
        covariance = (part * weight[:, None]).T @ part
        covariance -= explained[:, inside].T @ explained[:, inside]
        p_values[product] = _chi_square_p(score[inside], covariance, total[inside])
    return p_values


def _chi_square_p(
    score: np.ndarray, covariance: np.ndarray, total: np.ndarray
) -> float:
    """Return the p-value of a score with several columns."""
    values, vectors = np.linalg.eigh(covariance)
    kept = values > _SMALLEST_VARIANCE_SHARE * max(total.max(), 1e-300)
    if not kept.any():
        return 1.0
    statistic = ((vectors[:, kept].T @ score) ** 2 / values[kept]).sum()
    return float(stats.chi2.sf(statistic, int(kept.sum())))


def threshold(products: int, false_selections: float) -> float:
    """Return the p-value below which products are entered.

    Parameters
    ----------
    products : int
        The number of candidates.
    false_selections : float
        How many are entered by chance in one regression, on average.

    Examples
    --------
    >>> threshold(400, 0.2)
    0.0005
    """
    return false_selections / max(products, 1)


def width_limits(widths: Sequence[int], most: int) -> int:
    """Return how many of the first products have at most so many columns together.

    Examples
    --------
    >>> width_limits([1, 1, 2, 4], 4)
    3
    """
    return int(np.searchsorted(np.cumsum(widths), most, side="right"))
