"""PyTensor ops of this package share their JAX and Numba translations and their version.

Each op computes a value with its first derivatives, so it has no second ones.
"""

import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pytensor.gradient import DisconnectedType

from causalstats.numerics.after_import import after_import

__all__ = [
    "jax_translation",
    "numba_translation",
    "refuse_second_derivatives",
    "version",
]
_JAX_TRANSLATIONS = "pytensor.link.jax.dispatch.basic"
_NUMBA_TRANSLATIONS = "pytensor.link.numba.dispatch.basic"
Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def jax_translation(op: type) -> Decorator:
    """Return a decorator that registers the translation of an op to JAX.

    That is done once PyTensor has imported its own translations, and with them JAX, which takes
    seconds and is not needed where a graph is compiled by Numba.

    Parameters
    ----------
    op : class
    """
    return _translation(
        _JAX_TRANSLATIONS, lambda dispatch: dispatch.jax_funcify.register(op)
    )


def numba_translation(op: type) -> Decorator:
    """Return a decorator that registers the translation of an op to Numba.

    That is done once PyTensor has imported its own translations, which takes half a second and is
    not needed where a graph is compiled by JAX.

    Parameters
    ----------
    op : class
    """
    return _translation(
        _NUMBA_TRANSLATIONS,
        lambda dispatch: dispatch.register_funcify_default_op_cache_key(op),
    )


def _translation(module: str, register: Callable[[Any], Any]) -> Decorator:
    """Return a decorator that registers a function by one of a module, once it is imported."""

    def keep(translate: Callable[..., Any]) -> Callable[..., Any]:
        after_import(module, lambda: register(sys.modules[module])(translate))
        return translate

    return keep


def version(*files: str) -> int:
    """Return a checksum of source files.

    It is part of the key under which PyTensor caches compiled programs, so that another formula is
    another program.

    Examples
    --------
    >>> version(__file__) == version(__file__)
    True
    """
    return zlib.crc32(b"".join(Path(file).read_bytes() for file in files))


def refuse_second_derivatives(cotangents: list[Any], values: int = 1) -> None:
    """Raise where an output that is a derivative already is differentiated.

    Parameters
    ----------
    cotangents : list of variables
        One for each output of the op.
    values : int
        How many outputs are values; the others are their derivatives.

    Raises
    ------
    NotImplementedError
        If the cotangent of a derivative is connected.
    """
    if any(
        not isinstance(cotangent.type, DisconnectedType)
        for cotangent in cotangents[values:]
    ):
        raise NotImplementedError("Only first derivatives are defined.")
