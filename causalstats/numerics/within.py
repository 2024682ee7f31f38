"""Columns of a panel about their unit means, in three ways that have the same cross-products where weights are equal."""

import numpy as np


def unit_means(columns: np.ndarray, starts: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """Means (N, p) of columns (n, p) whose rows are sorted by unit, each unit from `starts` (N,) on; of weighted rows, weighted."""
    if weights is None:
        return np.add.reduceat(columns, starts, axis=0) / np.diff(starts, append=len(columns))[:, None]
    return np.add.reduceat(columns * weights[:, None], starts, axis=0) / np.add.reduceat(weights, starts)[:, None]


def demeaned(columns: np.ndarray, starts: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """x_it - x̄_i, (n, p): n rows of which n - N are free."""
    sizes = np.diff(starts, append=len(columns))
    return columns - np.repeat(unit_means(columns, starts, weights), sizes, axis=0)


def forward_orthogonal(columns: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """Forward orthogonal deviations √((T-t)/(T-t+1)) (x_t - mean of x_s over s > t), t = 1 ... T-1, (n - N, p).

    Independent errors of one variance stay so (Arellano & Bover 1995); the cross-products are those of `demeaned`.
    """
    sizes = np.diff(starts, append=len(columns))
    centred = columns - columns.mean(axis=0)  # sums over all rows then keep their digits
    after = np.cumsum(centred[::-1], axis=0)[::-1]  # from each row on
    beyond = np.concatenate([after, np.zeros((1, columns.shape[1]))])[starts + sizes]  # from the next unit on
    left = np.repeat(sizes, sizes) - (np.arange(len(columns)) - np.repeat(starts, sizes)) - 1
    later = after - centred - np.repeat(beyond, sizes, axis=0)
    keep = left > 0
    left = left[keep, None]
    return np.sqrt(left / (left + 1)) * (centred[keep] - later[keep] / left)
