"""Whether rows with the same value of a column are alike in residuals: a column that is a group's.

A number that many rows share to its last digit, such as the rainfall of a district or the size of a
school, was measured of groups, and tells rows of one from rows of another. With residuals e_i of a
regression that has the column, and groups of rows of one value,

    z = Σ_g Σ_{i<j in g} e_i e_j / √(Σ_g Σ_{i<j in g} e_i² e_j²)

has mean 0 and variance 1 where errors of different rows are uncorrelated, whatever their variances.
With few groups it is skewed, as a sum of squares is, and is compared with a χ² of as many degrees
of freedom as there are groups, by their size. Residuals of a curve in the column, with projection
H, have a negative correlation within groups, σ² Σ_g 1_g' H 1_g less in the sum of squares, which is
added again. Moulton (1986) has why it matters.
"""

from __future__ import annotations

import numpy as np
from scipy import stats

_FEWEST_GROUPS = 10
_ROWS_A_GROUP = 4  # on average
_TIMES_THE_GRID = 5  # a number measured on a grid fills more of it
_DEGREE = 3  # of the curve in the column that is no likeness


def groups_of_values(values: np.ndarray) -> np.ndarray | None:
    """Return the group of each row, where a column is a number of groups; None where it is not.

    Its values are few for the rows, and too far from a grid for a measurement that was rounded.

    Parameters
    ----------
    values : array, shape (n,)

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> of_school, of_person = rng.normal(size=20)[np.arange(200) % 20], rng.normal(size=200)
    >>> groups_of_values(of_school).max() + 1
    np.int64(20)
    >>> groups_of_values(of_person) is None, groups_of_values(of_person.round(1)) is None
    (True, True)
    """
    distinct, groups = np.unique(values, return_inverse=True)
    count = len(distinct)
    if count < _FEWEST_GROUPS or count * _ROWS_A_GROUP > len(values):
        return None
    gaps = np.diff(distinct)
    if np.ptp(distinct) < _TIMES_THE_GRID * count * gaps.min():
        return None
    return np.asarray(groups)


def alike_within(
    residuals: np.ndarray, values: np.ndarray, groups: np.ndarray
) -> float:
    """Return the p-value of uncorrelated residuals within groups, against a positive correlation.

    Parameters
    ----------
    residuals : array, shape (n,)
    values : array, shape (n,)
        The column of the groups: a cubic curve in it is taken out first.
    groups : int array, shape (n,)

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> groups = np.arange(400) % 20
    >>> values, shock = rng.normal(size=(2, 20))
    >>> errors = rng.normal(size=400)
    >>> alike_within(errors, values[groups], groups) > 0.01
    True
    >>> alike_within(errors + shock[groups], values[groups], groups) < 1e-6
    True
    """
    scale = values.std()
    curve, _ = np.linalg.qr(np.vander((values - values.mean()) / scale, _DEGREE + 1))
    left = residuals - curve @ (curve.T @ residuals)
    left = left / max(float(np.abs(left).max()), 1e-300)
    squares = left**2
    sums = np.bincount(groups, left)
    within = np.bincount(groups, squares)
    fourth = np.bincount(groups, squares**2)
    by_group = np.column_stack([np.bincount(groups, column) for column in curve.T])
    taken = float((by_group**2).sum())
    products = (
        float((sums**2 - within).sum() + squares.mean() * (taken - curve.shape[1])) / 2
    )
    variances = (within**2 - fourth) / 2
    share_left = 1 - taken / len(values)
    total = float(variances.sum())
    if total <= 0 or share_left <= 0:
        return 1.0
    z = products / np.sqrt(total * share_left)
    degrees = share_left * total**2 / float((variances**2).sum())
    return float(stats.chi2.sf(degrees + z * np.sqrt(2 * degrees), degrees))
