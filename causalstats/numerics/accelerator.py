"""Sums of products on a GPU, through JAX in double precision, compared with the CPU first."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from importlib.metadata import entry_points
from importlib.util import find_spec
from typing import Any

import numpy as np

Einsum = Callable[..., Any]
Compiled = Callable[[list[np.ndarray]], list[np.ndarray]]
_RELATIVE_TOLERANCE = 1e-9


def is_available() -> bool:
    """Return whether JAX computes on anything but the CPU.

    JAX takes half a second or more to import, and is imported only where a plugin for another
    device is installed. ArviZ registers a module of that name which loads when it is used; what JAX
    itself imports says whether it has been.

    Examples
    --------
    >>> isinstance(is_available(), bool)
    True
    """
    if "jaxlib" not in sys.modules and not _has_plugin():
        return False
    import jax

    return jax.default_backend() != "cpu"


def _has_plugin() -> bool:
    """Return whether a plugin for another device is where JAX looks for it."""
    return (
        find_spec("jax_plugins") is not None
        or bool(entry_points(group="jax_plugins"))
        or find_spec("libtpu") is not None
        or "PJRT_NAMES_AND_LIBRARY_PATHS" in os.environ
    )


def compiled(
    sums: Callable[[list[Any], Einsum], list[Any]],
    on_cpu: Compiled,
    sample: list[np.ndarray],
) -> Compiled:
    """Return sums of tables, compiled by JAX for its default device.

    Parameters
    ----------
    sums : function of tables and an einsum
        Returns the sums.
    on_cpu : function of tables
        The same sums by NumPy.
    sample : list of arrays
        Tables with which both are compared.

    Returns
    -------
    function of tables

    Raises
    ------
    FloatingPointError
        If the sums of the sample differ by more than 1e-9, relative.

    Examples
    --------
    >>> def total(tables, einsum):
    ...     return [einsum("a->", tables[0])]
    >>> numbers = [np.array([1.0, 2.0])]
    >>> compiled(total, lambda tables: total(tables, np.einsum), numbers)(numbers)
    [array(3.)]
    """
    import jax
    import jax.numpy as jnp

    jitted = jax.jit(lambda tables: sums(tables, jnp.einsum))

    def on_device(tables: list[np.ndarray]) -> list[np.ndarray]:
        with jax.enable_x64(True):
            return [np.asarray(result) for result in jitted(tables)]

    for expected, result in zip(on_cpu(sample), on_device(sample), strict=True):
        if not np.allclose(expected, result, rtol=_RELATIVE_TOLERANCE, atol=0):
            raise FloatingPointError(
                f"{jax.devices()[0]} gives other sums than the CPU. Keep it from being used: set "
                "JAX_PLATFORMS=cpu."
            )
    return on_device
