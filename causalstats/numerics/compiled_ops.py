"""What every node of a PyTensor graph here is registered with: its translations by JAX and Numba, and the version of its formula."""

import warnings
import zlib
from pathlib import Path

from pytensor.link.numba.dispatch.basic import register_funcify_default_op_cache_key as numba_translation

with warnings.catch_warnings():
    warnings.filterwarnings("ignore", "IProgress not found")  # of a progress bar that comes with it and is not used here
    from pytensor.link.jax.dispatch import jax_funcify

__all__ = ["jax_translation", "numba_translation", "version"]
jax_translation = jax_funcify.register


def version(*modules: str) -> int:
    """Part of the key under which PyTensor keeps compiled programs, made of these files beside this one: another formula is another program."""
    return zlib.crc32(b"".join(Path(__file__).with_name(f"{name}.py").read_bytes() for name in modules))
