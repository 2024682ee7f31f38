"""Formulas written once for three array libraries: NumPy, JAX, and scalars in Numba's loops."""

from collections.abc import Callable
from typing import Any


def uncompiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function as it is, where Numba would compile it."""
    return function


def select(xp: Any, compiled: Callable[..., Any] | None) -> Callable[..., Any]:
    """Return `where` of an array library, or a choice between scalars where Numba compiles.

    Numba's own `where` makes an array of a scalar.

    Parameters
    ----------
    xp : module
        numpy or jax.numpy.
    compiled : function or None
        Numba's decorator.
    """
    return xp.where if compiled is None else compiled(_choose)


def _choose(condition, here, there):
    return here if condition else there
