"""Draws from the standard normal distribution within bounds, by rejection.

References
----------
Robert (1995), Simulation of truncated normal variables, Statistics and Computing 5.
"""

import numba
import numpy as np

_WIDE = 2.5  # between bounds on both sides of 0, from which normal proposals serve
_compiled = numba.njit(nogil=True, cache=True, error_model="numpy")


@_compiled
def draw_within(lower: float, upper: float, rng: np.random.Generator) -> float:
    """Return a draw of a standard normal variable between two bounds, which may be infinite.

    Parameters
    ----------
    lower, upper : float
        In order.
    rng : Generator

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> 4 < draw_within(4.0, np.inf, rng) < 8
    True
    """
    if upper < 0:
        return -draw_within(-upper, -lower, rng)
    if lower < 0 and upper - lower > _WIDE:
        while True:
            value = rng.standard_normal()
            if lower < value < upper:
                return value
    if lower <= 0:
        return _by_uniform(lower, upper, 0.0, rng)
    rate = (lower + np.sqrt(lower**2 + 4)) / 2
    if upper - lower < 1 / rate:
        return _by_uniform(lower, upper, lower, rng)
    while True:
        value = lower + rng.standard_exponential() / rate
        if value < upper and rng.random() < np.exp(-((value - rate) ** 2) / 2):
            return value


@_compiled
def _by_uniform(
    lower: float, upper: float, mode: float, rng: np.random.Generator
) -> float:
    """Return a draw between near bounds, by proposals that are uniform.

    Parameters
    ----------
    lower, upper, mode : float
        The mode is between the bounds.
    rng : Generator
    """
    while True:
        value = lower + (upper - lower) * rng.random()
        if np.log(rng.random()) < (mode**2 - value**2) / 2:
            return value
