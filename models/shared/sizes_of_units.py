"""Sizes of units' residuals that replications from a model of one variance have to share.

Where units differ in variance, a statistic of all residuals is that of the large ones, and varies
more than its replications from errors of one variance. These are multiplied by a factor for each
unit: its observed size over that of the replications, on the log scale and shrunk to 1 by the share
of the spread of observed sizes that the replications have by chance. Where units do not differ it
is 1, so that size and dependence of a unit's residuals stay together as the model has them.
"""

from __future__ import annotations

import numpy as np

_LEAST = 1e-300


def root_mean_squares(residuals: np.ndarray) -> np.ndarray:
    """Return the size of each unit's residuals (n, T), shape (n,).

    Examples
    --------
    >>> root_mean_squares(np.array([[3.0, -3.0], [1.0, 1.0]])).tolist()
    [3.0, 1.0]
    """
    return np.asarray(np.sqrt(np.maximum((residuals**2).mean(axis=1), _LEAST)))


def size_factors(observed: np.ndarray, replicated: np.ndarray) -> np.ndarray:
    """Return a factor for each unit, shape (n,), with geometric mean 1.

    Parameters
    ----------
    observed : array, shape (n,)
        The size of each unit's residuals.
    replicated : array, shape (R, n)
        Of replications from the model.

    Examples
    --------
    >>> size_factors(np.array([1.0, 100.0]), np.ones((5, 2))).round(6).tolist()
    [0.1, 10.0]
    """
    logs = np.log(replicated)
    apart = np.log(observed) - logs.mean(axis=0)
    apart = apart - apart.mean()
    by_chance = logs.var(axis=0).mean() / max(float(apart.var()), _LEAST)
    return np.asarray(np.exp(max(0.0, 1 - by_chance) * apart))
