"""Within transformation of a panel: columns less their unit means, or forward deviations.

Both have the same cross-products where weights are equal. With time dummies among the columns it is
that of two-way fixed effects.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

_COMPILING_PAYS_FROM_ROWS = 6_000  # below, importing a compiler takes longer than NumPy


def unit_means(
    columns: np.ndarray, starts: np.ndarray, weights: np.ndarray | None = None
) -> np.ndarray:
    """Return the mean of each unit, shape (N, p).

    Parameters
    ----------
    columns : array, shape (n, p)
        Rows sorted by unit.
    starts : int array, shape (N,)
        First row of each unit.
    weights : array, shape (n,), or None

    Examples
    --------
    >>> unit_means(np.array([[1.0], [3.0], [5.0]]), np.array([0, 2]))
    array([[2.],
           [5.]])
    """
    if weights is None:
        sizes = np.diff(starts, append=len(columns))
        return np.add.reduceat(columns, starts, axis=0) / sizes[:, None]
    totals = np.add.reduceat(columns * weights[:, None], starts, axis=0)
    return totals / np.add.reduceat(weights, starts)[:, None]


def demeaned(
    columns: np.ndarray,
    starts: np.ndarray,
    weights: np.ndarray | None = None,
    into: np.ndarray | None = None,
) -> np.ndarray:
    """Return x_it - x̄_i, the within transformation, shape (n, p).

    Parameters
    ----------
    columns : array, shape (n, p)
        Rows sorted by unit.
    starts : int array, shape (N,)
        First row of each unit.
    weights : array, shape (n,), or None
        Weights of rows in their unit's mean.
    into : array, shape (n, p), or None
        Where the result is written.

    Examples
    --------
    >>> demeaned(np.array([[1.0], [3.0], [5.0]]), np.array([0, 2]))
    array([[-1.],
           [ 1.],
           [ 0.]])
    """
    result = np.empty(columns.shape) if into is None else into
    if len(columns) > _COMPILING_PAYS_FROM_ROWS:
        weights = np.ones(len(columns)) if weights is None else weights
        _compiled_demeaning()(np.asarray(columns, float), starts, weights, result)
        return result
    sizes = np.diff(starts, append=len(columns))
    means = np.repeat(unit_means(columns, starts, weights), sizes, axis=0)
    return np.subtract(columns, means, out=result)


def detrended(
    columns: np.ndarray,
    time: np.ndarray,
    starts: np.ndarray,
    weights: np.ndarray | None = None,
) -> np.ndarray:
    """Return columns less each unit's mean and linear trend, shape (n, p).

    The residuals of least squares on a constant and the time, unit by unit (Wooldridge 2010,
    section 11.7.2: the correlated random trend model).

    Parameters
    ----------
    columns : array, shape (n, p)
        Rows sorted by unit.
    time : array, shape (n,)
    starts : int array, shape (N,)
        First row of each unit.
    weights : array, shape (n,), or None

    Examples
    --------
    >>> columns = np.array([[1.0], [3.0], [5.0], [7.0], [1.0]])
    >>> detrended(columns, np.array([0.0, 1.0, 2.0, 0.0, 1.0]), np.array([0, 3])).round(9)
    array([[0.],
           [0.],
           [0.],
           [0.],
           [0.]])
    """
    sizes = np.diff(starts, append=len(columns))
    centred = demeaned(columns, starts, weights)
    when = demeaned(np.asarray(time, float)[:, None], starts, weights)
    weighted = when if weights is None else when * weights[:, None]
    squares = np.add.reduceat(weighted * when, starts)
    products = np.add.reduceat(weighted * centred, starts)
    slopes = products / np.where(squares > 0, squares, 1.0)
    return np.asarray(centred - np.repeat(slopes, sizes, axis=0) * when)


@lru_cache
def _compiled_demeaning() -> Callable[..., Any]:
    """Compiled: a unit's rows are read once, while they are near. It lets other threads run."""
    import numba

    @numba.njit(nogil=True, cache=True, error_model="numpy")
    def demean(columns, starts, weights, result):
        count, width = columns.shape
        mean = np.empty(width)
        for unit in range(len(starts)):
            stop = starts[unit + 1] if unit + 1 < len(starts) else count
            mean[:] = 0.0
            total = 0.0
            for i in range(starts[unit], stop):
                total += weights[i]
                for k in range(width):
                    mean[k] += weights[i] * columns[i, k]
            for k in range(width):
                mean[k] /= total
            for i in range(starts[unit], stop):
                for k in range(width):
                    result[i, k] = columns[i, k] - mean[k]

    return demean


def forward_orthogonal(columns: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """Return forward orthogonal deviations, shape (n - N, p).

    √((T-t)/(T-t+1)) (x_t - mean of x_s over s > t), t = 1 ... T-1. Independent errors of one
    variance stay so (Arellano & Bover 1995); the cross-products are those of `demeaned`.

    Examples
    --------
    >>> forward_orthogonal(np.array([[1.0], [3.0], [5.0]]), np.array([0])).round(3)
    array([[-2.449],
           [-1.414]])
    """
    sizes = np.diff(starts, append=len(columns))
    centred = columns - columns.mean(
        axis=0
    )  # sums over all rows then keep their digits
    from_here = np.cumsum(centred[::-1], axis=0)[::-1]
    past_end = np.concatenate([from_here, np.zeros((1, columns.shape[1]))])
    from_next_unit = np.repeat(past_end[starts + sizes], sizes, axis=0)
    position = np.arange(len(columns)) - np.repeat(starts, sizes)
    remaining = np.repeat(sizes, sizes) - position - 1
    later = from_here - centred - from_next_unit
    kept = remaining > 0
    remaining = remaining[kept, None]
    scale = np.sqrt(remaining / (remaining + 1))
    return scale * (centred[kept] - later[kept] / remaining)
