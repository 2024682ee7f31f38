"""Formulas written once for three array libraries: NumPy, JAX, and scalars in Numba's loops."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np

_FUNCTIONS = (
    "abs",
    "arcsin",
    "arcsinh",
    "cosh",
    "exp",
    "expm1",
    "log",
    "log1p",
    "logaddexp",
    "maximum",
    "minimum",
    "sinh",
    "sqrt",
    "where",
)


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


def numpy_functions() -> Any:
    """Return the functions of likelihoods over NumPy arrays, as attributes."""
    import scipy.special

    return SimpleNamespace(
        **{name: getattr(np, name) for name in _FUNCTIONS},
        log_ndtr=scipy.special.log_ndtr,
        gammaln=scipy.special.gammaln,
    )


def jax_functions() -> Any:
    """Return the functions of likelihoods over JAX arrays, as attributes.

    They are for values whose derivatives are computed beside them: the logarithms have none.
    """
    import jax.numpy as jnp

    from causalstats.numerics import jax_logarithms

    functions = {name: getattr(jnp, name) for name in (*_FUNCTIONS, "asarray")}
    functions |= {"log": jax_logarithms.log, "log1p": jax_logarithms.log1p}
    return SimpleNamespace(**functions)


def pytensor_functions() -> Any:
    """Return the functions of likelihoods over PyTensor variables, as attributes."""
    import pytensor.tensor as pt
    from pymc.distributions.dist_math import normal_lcdf

    return SimpleNamespace(
        **{name: getattr(pt, name) for name in _FUNCTIONS},
        log_ndtr=lambda value: normal_lcdf(0, 1, value),
        gammaln=pt.gammaln,
    )
