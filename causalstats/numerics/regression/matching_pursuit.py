"""Forward selection of columns by orthogonal matching pursuit, with a test of each step."""

from __future__ import annotations

import numpy as np
from scipy import stats

_LEAST_LEFT = 1e-6  # of a column's sum of squares, beside the columns before it
_LEAST_GAIN = 1e-9  # of an exchange, relative
_SWEEPS = 3


def matching_pursuit(
    columns: np.ndarray, target: np.ndarray, free: float, level: float, most: int
) -> np.ndarray:
    """Return the positions of the columns that explain a target, in the order of their selection.

    The column is added that lowers the residual sum of squares most, beside those before it, while
    its t² is above the χ² quantile of 1 - level / m, Bonferroni's for m columns (orthogonal
    matching pursuit; forward stepwise regression). Then each is exchanged for the column that
    lowers it most beside all others: a threshold that was chosen when little else was known is
    corrected.

    Parameters
    ----------
    columns : array, shape (n, m)
        About their means, or within units.
    target : array, shape (n,)
    free : float
        Degrees of freedom of the target.
    level : float
        The probability that any column is selected where none matters and errors are independent.
    most : int
        The most columns that are selected.

    Returns
    -------
    int array
        At most `most` positions.

    References
    ----------
    Pati, Rezaiifar & Krishnaprasad (1993), Orthogonal matching pursuit, Asilomar conference.

    Examples
    --------
    >>> columns = np.random.default_rng(1).standard_normal((200, 50))
    >>> matching_pursuit(columns, 3 * columns[:, 7] - columns[:, 2], 200, 0.05, 5).tolist()
    [7, 2]
    """
    squares = (columns**2).sum(axis=0)
    varying = squares > 0
    limit = stats.chi2.isf(level / max(int(varying.sum()), 1), 1)
    chosen: list[int] = []
    rest, residual = np.array(columns, float), np.array(target, float)
    while len(chosen) < min(most, int(free) - 2):
        left = (rest**2).sum(axis=0)
        usable = varying & (left > _LEAST_LEFT * squares)
        gains = np.zeros(len(squares))
        gains[usable] = (rest[:, usable].T @ residual) ** 2 / left[usable]
        best = int(np.argmax(gains))
        unexplained = residual @ residual - gains[best]
        variance = unexplained / (free - len(chosen) - 1)
        if not gains[best] > limit * variance:
            break
        chosen.append(best)
        direction = rest[:, best] / np.sqrt(left[best])
        residual -= direction * (direction @ residual)
        rest -= np.outer(direction, direction @ rest)
    if len(chosen) > 1:
        chosen = _exchanged(columns, target, chosen)
    return np.array(chosen, int)


def _exchanged(columns: np.ndarray, target: np.ndarray, chosen: list[int]) -> list[int]:
    """Return the positions after exchanges that lower the residual sum of squares.

    Parameters
    ----------
    columns : array, shape (n, m)
    target : array, shape (n,)
    chosen : list of int
    """
    for _ in range(_SWEEPS):
        before = list(chosen)
        for k in range(len(chosen)):
            others = columns[:, chosen[:k] + chosen[k + 1 :]]
            gains = gains_beside(columns, target, others)
            best = int(np.argmax(gains))
            if gains[best] > (1 + _LEAST_GAIN) * gains[chosen[k]]:
                chosen[k] = best
        if chosen == before:
            break
    return chosen


def gains_beside(
    columns: np.ndarray, target: np.ndarray, others: np.ndarray
) -> np.ndarray:
    """Return by how much each column lowers the residual sum of squares beside other columns.

    Parameters
    ----------
    columns : array, shape (n, m)
    target : array, shape (n,)
    others : array, shape (n, k)

    Returns
    -------
    array, shape (m,)
        0 for a column that the others hold.

    Examples
    --------
    >>> columns = np.eye(3)
    >>> gains_beside(columns, np.array([3.0, 2.0, 1.0]), columns[:, :1]).tolist()
    [0.0, 4.0, 1.0]
    """
    directions = np.linalg.qr(others)[0]
    squares = (columns**2).sum(axis=0)
    left = squares - ((directions.T @ columns) ** 2).sum(axis=0)
    residual = target - directions @ (directions.T @ target)
    usable = left > _LEAST_LEFT * squares
    gains = np.zeros(columns.shape[1])
    gains[usable] = (columns[:, usable].T @ residual) ** 2 / left[usable]
    return gains
