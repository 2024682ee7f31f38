"""Columns of a panel about their unit means, in three ways that have the same cross-products where weights are equal."""

from collections.abc import Callable
from functools import lru_cache

import numpy as np

_FEW = 6_000  # rows, below which importing a compiler takes longer than NumPy


def unit_means(
    columns: np.ndarray, starts: np.ndarray, weights: np.ndarray | None = None
) -> np.ndarray:
    """Means (N, p) of columns (n, p) whose rows are sorted by unit, each unit from `starts` (N,) on; of weighted rows, weighted."""
    if weights is None:
        return (
            np.add.reduceat(columns, starts, axis=0) / np.diff(starts, append=len(columns))[:, None]
        )
    return (
        np.add.reduceat(columns * weights[:, None], starts, axis=0)
        / np.add.reduceat(weights, starts)[:, None]
    )


def demeaned(
    columns: np.ndarray,
    starts: np.ndarray,
    weights: np.ndarray | None = None,
    found: np.ndarray | None = None,
) -> np.ndarray:
    """x_it - x̄_i, (n, p): n rows of which n - N are free; written to `found` if that is given."""
    found = np.empty(columns.shape) if found is None else found
    if len(columns) > _FEW:
        _centring()(
            np.asarray(columns, float),
            starts,
            np.ones(len(columns)) if weights is None else weights,
            found,
        )
    else:
        np.subtract(
            columns,
            np.repeat(
                unit_means(columns, starts, weights), np.diff(starts, append=len(columns)), axis=0
            ),
            out=found,
        )
    return found


@lru_cache
def _centring() -> Callable:
    """Compiled: a unit's rows are read once, while they are near. It lets other threads run."""
    import numba

    @numba.njit(nogil=True, cache=True, error_model="numpy")
    def centre(columns, starts, weights, found):
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
                    found[i, k] = columns[i, k] - mean[k]

    return centre


def forward_orthogonal(columns: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """Forward orthogonal deviations √((T-t)/(T-t+1)) (x_t - mean of x_s over s > t), t = 1 ... T-1, (n - N, p).

    Independent errors of one variance stay so (Arellano & Bover 1995); the cross-products are those of `demeaned`.
    """
    sizes = np.diff(starts, append=len(columns))
    centred = columns - columns.mean(axis=0)  # sums over all rows then keep their digits
    after = np.cumsum(centred[::-1], axis=0)[::-1]  # from each row on
    beyond = np.concatenate([after, np.zeros((1, columns.shape[1]))])[
        starts + sizes
    ]  # from the next unit on
    left = np.repeat(sizes, sizes) - (np.arange(len(columns)) - np.repeat(starts, sizes)) - 1
    later = after - centred - np.repeat(beyond, sizes, axis=0)
    keep = left > 0
    left = left[keep, None]
    return np.sqrt(left / (left + 1)) * (centred[keep] - later[keep] / left)
