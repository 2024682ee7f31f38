"""Permutation tests of what log-ratios may share with covariates beyond means along lines.

The rows of residuals are exchangeable where covariates move means alone, whatever the distribution
of the rows: both tests permute them (Freedman & Lane 1983).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

_SCREENING = 199  # permutations
_PERMUTATIONS = 1_999  # where screening leaves a doubt
_DOUBT = 0.05
_MOST_PARTS = 40
_SINGULAR = 1e-6


def correlations_differ(
    residuals: np.ndarray, group: np.ndarray, rng: np.random.Generator
) -> float:
    """Return the p-value that two groups of rows have the same correlations.

    The sum of the squares of the differences of correlations, which sees many small differences,
    and the largest difference, which sees one, are compared with those after rows were permuted;
    p is twice the smaller one. Columns are standardised within each group: what a group multiplies
    a column by is no difference.

    Parameters
    ----------
    residuals : array, shape (n, k)
    group : bool array, shape (n,)
    rng : Generator

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> rows = rng.standard_normal((80, 3))
    >>> rows[:40, 1] += rows[:40, 0]
    >>> correlations_differ(rows, np.arange(80) < 40, rng) < 0.01
    True
    """
    widest = np.sort(np.argsort(-residuals.var(axis=0))[:_MOST_PARTS])
    rows = np.empty((len(residuals), len(widest)))
    for inside in (group, ~group):
        rows[inside] = _standardised(residuals[inside][:, widest])
    first = int(group.sum())
    rows = np.vstack([rows[group], rows[~group]])

    def statistics(order: np.ndarray) -> np.ndarray:
        one, other = rows[order[:first]], rows[order[first:]]
        difference = np.abs(_correlations(one) - _correlations(other))
        return np.array([(difference**2).sum(), difference.max()])

    return min(1.0, 2 * float(_permuted(statistics, len(rows), rng).min()))


def curve_left(
    residuals: np.ndarray,
    design: np.ndarray,
    added: np.ndarray,
    rng: np.random.Generator,
) -> float:
    """Return the p-value that columns add nothing to a design.

    Parameters
    ----------
    residuals : array, shape (n, k)
        Of the design.
    design : array, shape (n, q)
    added : array, shape (n, r)
    rng : Generator

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> x = rng.standard_normal(80)
    >>> design, square = np.column_stack([np.ones(80), x]), x[:, None] ** 2
    >>> noise = rng.standard_normal((80, 3))
    >>> rows = noise + square
    >>> rows -= design @ np.linalg.lstsq(design, rows, rcond=None)[0]
    >>> curve_left(rows, design, square, rng) < 0.01
    True
    """
    basis = np.linalg.qr(design)[0]
    left = added - basis @ (basis.T @ added)
    directions, sizes, _ = np.linalg.svd(left, full_matrices=False)
    size = np.linalg.norm(added - added.mean(axis=0))
    directions = directions[:, sizes > _SINGULAR * max(float(size), 1e-300)]
    if directions.shape[1] == 0:
        return 1.0
    scores = _whitened(residuals)

    def statistics(order: np.ndarray) -> np.ndarray:
        return np.array([((directions.T @ scores[order]) ** 2).sum()])

    return float(_permuted(statistics, len(scores), rng)[0])


def _permuted(
    statistics: Callable[[np.ndarray], np.ndarray],
    rows: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """Return the p-value of each statistic, by more permutations where few leave a doubt."""
    observed = statistics(np.arange(rows))
    for count in (_SCREENING, _PERMUTATIONS):
        larger = np.zeros(len(observed))
        for _ in range(count):
            larger += statistics(rng.permutation(rows)) >= observed
        p = (1 + larger) / (1 + count)
        if p.min() > _DOUBT:
            break
    return p


def _standardised(rows: np.ndarray) -> np.ndarray:
    scale = rows.std(axis=0)
    return (rows - rows.mean(axis=0)) / np.where(scale > 0, scale, 1.0)


def _correlations(rows: np.ndarray) -> np.ndarray:
    scaled = _standardised(rows)
    return np.asarray(scaled.T @ scaled / len(rows))


def _whitened(residuals: np.ndarray) -> np.ndarray:
    """Return residuals of covariance I where rows are enough, else of variance 1."""
    left, sizes, _ = np.linalg.svd(residuals, full_matrices=False)
    kept = sizes > _SINGULAR * sizes[0]
    if 3 * kept.sum() <= len(residuals):
        return np.asarray(left[:, kept] * np.sqrt(len(residuals)))
    return _standardised(residuals)
