"""PyTensor ops of this package share their JAX and Numba translations and their version.

Each op computes a value with its first derivatives, so it has no second ones.
"""

import sys
import warnings
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pytensor.gradient import DisconnectedType

from causalstats.numerics.after_import import after_import

with warnings.catch_warnings():
    # The import brings a progress bar along, which asks for ipywidgets and is not used here.
    warnings.filterwarnings("ignore", "IProgress not found")
    from pytensor.link.jax.dispatch import jax_funcify

__all__ = [
    "jax_translation",
    "numba_translation",
    "refuse_second_derivatives",
    "version",
]
_NUMBA_TRANSLATIONS = "pytensor.link.numba.dispatch.basic"
jax_translation: Callable[..., Any] = jax_funcify.register


def numba_translation(op: type) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return a decorator that registers the translation of an op to Numba.

    That is done once PyTensor has imported its own translations, which takes half a second and is
    not needed where a graph is compiled by JAX.

    Parameters
    ----------
    op : class
    """

    def keep(translate: Callable[..., Any]) -> Callable[..., Any]:
        def register() -> None:
            dispatch = sys.modules[_NUMBA_TRANSLATIONS]
            dispatch.register_funcify_default_op_cache_key(op)(translate)

        after_import(_NUMBA_TRANSLATIONS, register)
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
