"""Whether one correlation of the rows does for every column: a parametric bootstrap test.

With vec(E) ~ Normal(0, Σ ⊗ R(φ)), the rows of one subject, or those that follow each other in time,
are alike to the same degree in every column. The likeness of column j is

    c_j = Σ_ab e_aj e_bj / Σ_a e_aj²,  over pairs a, b of rows that are linked

with normal scores in place of values, which outliers do not move. Compared are the largest and the
sum of squares of (c_j - mean of c), in standard deviations, with those of rows drawn with one φ.
"""

from collections.abc import Mapping

import numpy as np
from scipy import stats

from causalstats.numerics.regression.row_correlation import (
    all_about_covariates,
    correlated,
)

_GRID = np.linspace(0.0, 0.98, 50)
_DRAWS = 499


def common_correlation_p(
    columns: np.ndarray,
    design: np.ndarray,
    links: Mapping[str, np.ndarray],
    rng: np.random.Generator,
) -> tuple[float, float, np.ndarray]:
    """Return the p-value of one row correlation φ in all columns, φ, and each column's deviation.

    Parameters
    ----------
    columns : array, shape (n, k)
        Log-ratios.
    design : array, shape (n, q)
        Covariates, the mean among them.
    links : mapping
        `member`, or `gap` and `linked`, as of `row_correlation`.
    rng : Generator

    Returns
    -------
    p : float
        Twice the smaller of two p-values.
    correlation : float
        φ, by the sum over columns of their log-likelihoods.
    deviation : array, shape (k,)
        How much more alike linked rows are in a column than in the average one, in standard
        deviations.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> member = np.kron(np.eye(20), np.ones(4))
    >>> rows = rng.standard_normal((80, 5))
    >>> common_correlation_p(rows, np.ones((80, 1)), {"member": member}, rng)[0] > 0.05
    True
    >>> rows[:, 0] += member.T @ rng.standard_normal(20)
    >>> common_correlation_p(rows, np.ones((80, 1)), {"member": member}, rng)[0] < 0.01
    True
    """
    basis = np.linalg.qr(design)[0]
    residuals = _residuals(columns, basis)
    correlation = _common(residuals, basis, links)
    values, vectors = np.linalg.eigh(residuals.T @ residuals / len(residuals))
    root = np.sqrt(np.maximum(values, 0))[:, None] * vectors.T
    drawn = np.empty((_DRAWS, columns.shape[1]))
    for each in drawn:
        noise = rng.standard_normal((len(residuals), len(root)))
        rows = correlated(noise, np.asarray(correlation), links, rng) @ root
        each[:] = _likeness(_residuals(rows, basis), links)
    centre, spread = drawn.mean(axis=0), drawn.std(axis=0)
    deviation = (_likeness(residuals, links) - centre) / spread
    others = (drawn - centre) / spread
    found = np.array([np.abs(deviation).max(), (deviation**2).sum()])
    expected = np.column_stack([np.abs(others).max(axis=1), (others**2).sum(axis=1)])
    p = (1 + (expected >= found).sum(axis=0)) / (1 + _DRAWS)
    return min(1.0, 2 * float(p.min())), correlation, deviation


def _residuals(columns: np.ndarray, basis: np.ndarray) -> np.ndarray:
    return columns - basis @ (basis.T @ columns)


def _common(
    residuals: np.ndarray, basis: np.ndarray, links: Mapping[str, np.ndarray]
) -> float:
    """Return φ of the largest sum of the log-likelihoods of columns, whose scale is integrated out.

    Parameters
    ----------
    residuals : array, shape (n, k)
    basis : array, shape (n, q)
        Orthonormal columns of the covariates.
    links : mapping
    """
    scatter, determinants = all_about_covariates(residuals, basis, _GRID, links)
    squares = np.diagonal(scatter, axis1=1, axis2=2)
    degrees = len(residuals) - basis.shape[1]
    each = -degrees / 2 * np.log(squares) - determinants[:, None] / 2
    return float(_GRID[each.sum(axis=1).argmax()])


def _likeness(residuals: np.ndarray, links: Mapping[str, np.ndarray]) -> np.ndarray:
    """Return how alike linked rows are in each column, less the mean over columns, shape (k,)."""
    ranks = stats.rankdata(residuals, axis=0)
    scores = stats.norm.ppf(ranks / (len(residuals) + 1))
    squares = (scores**2).sum(axis=0)
    if "member" in links:
        products = ((links["member"] @ scores) ** 2).sum(axis=0) - squares
    else:
        products = (links["linked"][1:, None] * scores[1:] * scores[:-1]).sum(axis=0)
    likeness = products / squares
    return np.asarray(likeness - likeness.mean())
