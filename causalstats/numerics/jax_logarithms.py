"""Logarithms of long arrays in JAX on a CPU, where XLA calls the C library for each number.

XLA computes `exp` of float64 for several numbers at once, and `log` and `log1p` number by number,
which takes four times as long: 7.5 nanoseconds in place of 1.8. Here they are arithmetic alone:

    log x = k log 2 + log(1 + f),   x = 2^k (1 + f),   √½ <= 1 + f < √2
    log(1 + f) = f - s (f - R) ...,   s = f / (2 + f)

with the minimax polynomial R of degree 7 in s² of FreeBSD's msun (`e_log.c`, Sun Microsystems
1993). Errors are below one unit in the last place. Numbers below the smallest normal one, 2.2e-308,
are 0 to XLA on a CPU.
"""

from __future__ import annotations

from typing import Any

import numpy as np

_HALF = np.uint64(0x3FE6A09E667F3BCD)  # the bits of √½
_ONE = np.uint64(0x3FF0000000000000)  # the bits of 1
_FRACTION = np.uint64(0x000FFFFFFFFFFFFF)
_FRACTION_BITS = np.uint64(52)
_BIAS = 1023
# log 2 in two parts, the first with zeros at its end, so that its multiples are exact
_LOG_2 = (6.93147180369123816490e-01, 1.90821492927058770002e-10)
_EVEN = (3.999999999940941908e-01, 2.222219843214978396e-01, 1.531383769920937332e-01)
_ODD = (
    6.666666666666735130e-01,
    2.857142874366239149e-01,
    1.818357216161805012e-01,
    1.479819860511658591e-01,
)


def log(x: Any) -> Any:
    """Return the natural logarithm of an array; not differentiable.

    Parameters
    ----------
    x : JAX array
        Of float64; for others, and on other devices, it is `jax.numpy.log`.

    Examples
    --------
    >>> import jax
    >>> with jax.enable_x64(True):
    ...     log(jax.numpy.array([0.0, 1.0, 10.0])).round(6)
    Array([    -inf, 0.      , 2.302585], dtype=float64)
    """
    import jax
    import jax.numpy as jnp

    if not _is_double(x):
        return jnp.log(x)
    # XLA would compute what looks cheap once for every use of it.
    x = jax.lax.optimization_barrier(x)
    bits = jax.lax.bitcast_convert_type(x, jnp.uint64) + (_ONE - _HALF)
    k = (bits >> _FRACTION_BITS).astype(jnp.int32).astype(jnp.float64) - _BIAS
    f = jax.lax.bitcast_convert_type((bits & _FRACTION) + _HALF, jnp.float64) - 1
    s = f / (2 + f)
    z = s * s
    w = z * z
    even = w * (_EVEN[0] + w * (_EVEN[1] + w * _EVEN[2]))
    odd = z * (_ODD[0] + w * (_ODD[1] + w * (_ODD[2] + w * _ODD[3])))
    half_square = 0.5 * f * f
    remainder = s * (half_square + even + odd) + k * _LOG_2[1]
    value = k * _LOG_2[0] - ((half_square - remainder) - f)
    outside = jnp.where(x == 0, -jnp.inf, jnp.where(x > 0, x, jnp.nan))
    value = jnp.where((x > 0) & (x < jnp.inf), value, outside)
    return jax.lax.optimization_barrier(value)


def log1p(x: Any) -> Any:
    """Return log(1 + x) of an array; not differentiable.

    The rounding of 1 + x is undone to first order.

    Parameters
    ----------
    x : JAX array
        Of float64; for others, and on other devices, it is `jax.numpy.log1p`.

    Examples
    --------
    >>> import jax
    >>> with jax.enable_x64(True):
    ...     log1p(jax.numpy.array([-1.0, 1e-20, 1.0])).round(25)
    Array([          -inf, 1.00000000e-20, 6.93147181e-01], dtype=float64)
    """
    import jax.numpy as jnp

    if not _is_double(x):
        return jnp.log1p(x)
    rounded = 1 + x
    finite = (rounded > 0) & (rounded < jnp.inf)
    lost = jnp.where(finite, (x - (rounded - 1)) / rounded, 0.0)
    return log(rounded) + lost


def _is_double(x: Any) -> bool:
    """Return whether an array is of float64, on a CPU."""
    import jax
    import jax.numpy as jnp

    return jnp.result_type(x) == np.float64 and jax.default_backend() == "cpu"
