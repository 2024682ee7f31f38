"""Permutation test of whether rows are like those next to them, for few rows of many columns.

With the inner product g_ij of rows i and j, in columns scaled to one variance or whitened, and a
triangular kernel of bandwidth h,

    T_h = Σ_{i<j} (1 - |i - j| / h)₊ g_ij

is large where rows that stand together are alike in any direction, as those of one batch are. The
statistic is the largest T_h, standardised by its permutations, over three bandwidths and both
scalings; its p-value is exact where rows are exchangeable (Fisher 1935; the maximum of standardised
statistics is referred to the permutations of itself).
"""

from __future__ import annotations

import numpy as np

_PERMUTATIONS = 1499
_FEWEST_ROWS = 12
_SHARES_OF_ROWS = (0.1, 0.25)  # bandwidths beside the next row alone
_SINGULAR = 1e-9  # of the largest eigenvalue: centred log-ratios sum to zero
_ROWS_A_DIRECTION = 3  # from which whitening says more than noise


def neighbours_alike(
    rows: np.ndarray, rng: np.random.Generator, permutations: int = _PERMUTATIONS
) -> float | None:
    """Return the p-value of exchangeable rows, against rows that are like their neighbours.

    Parameters
    ----------
    rows : array, shape (n, k)
        In their order; each column has mean 0.
    rng : Generator
    permutations : int

    Returns
    -------
    float or None
        None of fewer than 12 rows.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> rows = rng.standard_normal((30, 4)) + np.repeat([0.0, 1.5, 0.0], 10)[:, None]
    >>> neighbours_alike(rows - rows.mean(axis=0), rng) < 0.01
    True
    >>> shuffled = rng.permutation(rows)
    >>> neighbours_alike(shuffled - shuffled.mean(axis=0), rng) > 0.01
    True
    """
    n = len(rows)
    if n < _FEWEST_ROWS:
        return None
    orders = np.vstack(
        [np.arange(n), *(rng.permutation(n) for _ in range(permutations))]
    )
    distance = np.abs(np.subtract.outer(np.arange(n), np.arange(n)))
    bandwidths = [2.0, *(max(3.0, share * n) for share in _SHARES_OF_ROWS)]
    kernels = [np.triu((1 - distance / h).clip(0), 1) for h in bandwidths]
    statistics = [
        _permuted(scores, kernel, orders)
        for scores in _scalings(rows)
        for kernel in kernels
    ]
    standardised = [
        (each - each.mean()) / max(each.std(), 1e-300) for each in statistics
    ]
    largest = np.max(standardised, axis=0)
    return float((largest >= largest[0] - 1e-12).mean())


def _scalings(rows: np.ndarray) -> list[np.ndarray]:
    """Return the rows in columns of one variance, and whitened where rows suffice."""
    scaled = rows / np.maximum(rows.std(axis=0), 1e-300)
    scores, sizes, _ = np.linalg.svd(rows, full_matrices=False)
    white = scores[:, sizes > np.sqrt(_SINGULAR) * sizes[0]]
    enough = len(rows) >= _ROWS_A_DIRECTION * white.shape[1]
    return [scaled, white] if enough else [scaled]


def _permuted(scores: np.ndarray, kernel: np.ndarray, orders: np.ndarray) -> np.ndarray:
    """Return Σ kernel_ij g_{o(i) o(j)} of each order o, shape (orders,)."""
    inner = scores @ scores.T
    one, other = np.nonzero(kernel)
    weights = kernel[one, other]
    return np.array([inner[order[one], order[other]] @ weights for order in orders])
