"""A family of distributions of the unobservable: its variance, its quadrature rule, its draws."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

TRAPEZOIDAL_NODES = 64


@dataclass(frozen=True)
class Family:
    """A distribution of ζ, the standardised unobservable, which has mean 0.

    Parameters
    ----------
    description : str
        The distribution in words.
    variance : float
        Var ζ.
    quadrature : function
        Returns nodes and weights, (K,) each, whose weights sum to 1.
    draw : function of (rng, size)
        Returns draws of ζ, (size,).
    lower_end : float
        How far below ζ = 0 the paper puts its intercept, in units of σ.
    """

    description: str
    variance: float
    quadrature: Callable[[], tuple[np.ndarray, np.ndarray]]
    draw: Callable[[np.random.Generator, int], np.ndarray]
    lower_end: float = 0.0


def sinh_trapezoid(
    density: Callable[..., Any], reach: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return the trapezoidal rule after the substitution ζ = sinh(u), for heavy tails.

    The integrand is analytic and vanishes at both ends, so that the error falls exponentially in
    the number of nodes.

    Parameters
    ----------
    density : function
        The density of ζ, over arrays.
    reach : float
        The largest u.

    Returns
    -------
    nodes, weights : arrays (64,)
    """
    u = np.linspace(-reach, reach, TRAPEZOIDAL_NODES)
    weights = density(np.sinh(u)) * np.cosh(u)
    return np.sinh(u), weights / weights.sum()
