"""Sums of products on a GPU through JAX, in double precision and compared with the processor before anything is taken from there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Einsum = Callable[..., Any]
Compiled = Callable[[list[np.ndarray]], list[np.ndarray]]
_SAME = 1e-9  # relative, of the same sums on both


def found() -> bool:
    """Whether JAX computes on anything but the processor. Imports JAX, which takes half a second."""
    import jax

    return jax.default_backend() != "cpu"


def compiled(
    sums: Callable[[list[Any], Einsum], list[Any]], here: Compiled, sample: list[np.ndarray]
) -> Compiled:
    """`sums` of tables, of which it is given the einsum to use, compiled; `here` is the same on the processor and `sample` tables to compare both with.

    Raises
    ------
    FloatingPointError
        If they differ.
    """
    import jax
    import jax.numpy as jnp

    jitted = jax.jit(lambda tables: sums(tables, jnp.einsum))

    def there(tables: list[np.ndarray]) -> list[np.ndarray]:
        with jax.enable_x64(True):
            return [np.asarray(result) for result in jitted(tables)]

    for mine, other in zip(here(sample), there(sample), strict=True):
        if not np.allclose(mine, other, rtol=_SAME, atol=0):
            raise FloatingPointError(
                f"{jax.devices()[0]} gives other sums than the processor. Keep it from being used: set JAX_PLATFORMS=cpu."
            )
    return there
