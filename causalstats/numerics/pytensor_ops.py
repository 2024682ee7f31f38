"""What every node of a PyTensor graph here shares: its translations by JAX and Numba, the version of its formula, and that derivatives end with the first."""

import warnings
import zlib
from pathlib import Path

from pytensor.gradient import DisconnectedType
from pytensor.link.numba.dispatch.basic import (
    register_funcify_default_op_cache_key as numba_translation,
)

with warnings.catch_warnings():
    warnings.filterwarnings(
        "ignore", "IProgress not found"
    )  # of a progress bar that comes with it and is not used here
    from pytensor.link.jax.dispatch import jax_funcify

__all__ = ["jax_translation", "numba_translation", "refuse_second_derivatives", "version"]
jax_translation = jax_funcify.register


def version(*files: str) -> int:
    """Part of the key under which PyTensor keeps compiled programs, made of these source files: another formula is another program."""
    return zlib.crc32(b"".join(Path(file).read_bytes() for file in files))


def refuse_second_derivatives(cotangents: list, values: int = 1) -> None:
    """Raise unless only the first outputs are differentiated, `values` of them: those after are their derivatives already."""
    if any(not isinstance(cotangent.type, DisconnectedType) for cotangent in cotangents[values:]):
        raise NotImplementedError("Only first derivatives are defined.")
