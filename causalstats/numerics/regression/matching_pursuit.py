"""Forward selection of columns by orthogonal matching pursuit, with a test of each step."""

from __future__ import annotations

import numpy as np
from scipy import stats

_LEAST_LEFT = 1e-6  # of a column's sum of squares, beside the columns before it


def matching_pursuit(
    columns: np.ndarray, target: np.ndarray, free: float, level: float, most: int
) -> np.ndarray:
    """Return the positions of the columns that explain a target, in the order of their selection.

    The column is added that lowers the residual sum of squares most, beside those before it, while
    its t² is above the χ² quantile of 1 - level / m, Bonferroni's for m columns (orthogonal
    matching pursuit; forward stepwise regression).

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
    return np.array(chosen, int)
