"""Float32 for the arithmetic of long arrays, and the error that it brings to the answers.

A log density is a sum over rows. The last digit of a float32 of 10⁶ is .06, far more than a Monte
Carlo error forgives, so sums are not kept in float32: long arrays are (half the bytes, and fast
exponentials on a GPU), while sums over them, parameters and everything short stay in float64.

The error of the answers has a bound. Let δ be the error of the log density. The chains draw from
π̃ ∝ π exp δ, whose expectation of any f is off by Cov(f, exp -δ) / E exp -δ over draws of π̃, at
most sd(f) sd(δ) for small δ. A Monte Carlo standard error is sd(f) / √S with S effective draws,
hence

    error of an answer / its Monte Carlo standard error  <=  √S sd(δ)

A gradient that is off moves no answer: the leapfrog steps stay reversible, and the density decides
what is accepted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from causalstats.errors import SamplingError

LARGEST_ROUNDING_ERROR = 0.01  # Monte Carlo standard errors
DRAWS_COMPARED = 100
_SHORT = 100  # numbers in an array that stays in float64
_CALLS = {
    "jit": "jaxpr",
    "pjit": "jaxpr",
    "closed_call": "call_jaxpr",
    "custom_jvp_call": "call_jaxpr",
    "custom_vjp_call": "call_jaxpr",
}
_NUMBER_BY_NUMBER = """
abs add atan2 ceil clamp convert_element_type copy cos digamma div eq erf erf_inv erfc exp exp2
expm1 floor ge gt integer_pow is_finite le lgamma log log1p logistic lt max min mul ne neg pow
round rsqrt select_n sign sin sqrt square stop_gradient sub tan tanh
"""
_REARRANGING = """
broadcast_in_dim concatenate dynamic_slice expand_dims gather pad reshape rev slice squeeze
transpose
"""
_OTHERS = "dot_general reduce_max reduce_min"
# Others, sums above all, are computed in float64.
_IN_SINGLE = frozenset(f"{_NUMBER_BY_NUMBER} {_REARRANGING} {_OTHERS}".split())
_TYPES = ("new_dtype", "preferred_element_type")  # parameters of operations


@dataclass(frozen=True)
class RoundingError:
    """What float32 changes, at draws of the chains themselves.

    Attributes
    ----------
    log_density_sd : float
        Standard deviation over the draws of the error of the log density.
    gradient : float
        Root mean square error of the gradient along one posterior standard deviation, of the
        coordinate where it is largest.
    monte_carlo_errors : float
        The most by which an answer is off, in its Monte Carlo standard errors.
    """

    log_density_sd: float
    gradient: float
    monte_carlo_errors: float

    def __str__(self) -> str:
        return (
            f"float32 (answers off by at most {self.monte_carlo_errors:.2g} Monte Carlo "
            "standard errors)"
        )

    def refuse_large(self) -> None:
        """Raise where answers would be off by more than a hundredth of a Monte Carlo error.

        Raises
        ------
        SamplingError
        """
        errors = [self.gradient, self.monte_carlo_errors]
        if np.isfinite(errors).all() and errors[1] <= LARGEST_ROUNDING_ERROR:
            return
        raise SamplingError(
            f"In float32 answers can be off by {self.monte_carlo_errors:.2g} Monte Carlo standard "
            f"errors, more than {LARGEST_ROUNDING_ERROR}: the standard deviation of the error of "
            f"the log density is {self.log_density_sd:.2g} at {DRAWS_COMPARED} draws. Use "
            "`precision='float64'`, or subtract the means of columns that lie far from 0."
        )


def rounding_error(
    exact: Callable[..., Any],
    rounded: Callable[..., Any],
    positions: Sequence[np.ndarray],
    log_density: np.ndarray,
    draws: int,
) -> RoundingError:
    """Compare log density and gradient with those in float64, at 100 draws.

    Parameters
    ----------
    exact, rounded : function of a position
        Return the log density and its gradient, in float64 on the CPU and as the chains use it.
    positions : sequence of arrays (chain, draw, ...)
        Draws of the chains, after tuning.
    log_density : array (chain, draw)
        That of the draws, as the chains computed it.
    draws : int
        How many will be kept in all; their effective number is taken for as large.
    """
    flat = [part.reshape(-1, *part.shape[2:]) for part in positions]
    number = log_density.size
    chosen = np.linspace(0, number - 1, min(DRAWS_COMPARED, number)).astype(int)
    errors, slopes = [], []
    for index in chosen:
        position = [part[index] for part in flat]
        there = [np.asarray(part) for part in exact(position)]
        here = [np.asarray(part) for part in rounded(position)]
        errors.append(log_density.flat[index] - there[0])
        pairs = zip(here[1:], there[1:], strict=True)
        slopes.append(np.concatenate([np.ravel(one - other) for one, other in pairs]))
    spread = np.concatenate(
        [part.reshape(number, -1).std(0) for part in flat], axis=None
    )
    deviation = float(np.std(errors, ddof=1))
    along = np.sqrt(np.mean(np.square(slopes), axis=0)) * spread
    return RoundingError(
        log_density_sd=deviation,
        gradient=float(along.max()),
        monte_carlo_errors=float(np.sqrt(draws) * deviation),
    )


def narrowed(tree: Any) -> Any:
    """Return arrays with those in float32 that are long and were in float64."""
    import jax

    return jax.tree.map(_settled, tree)


def in_single_precision(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a JAX function whose long arrays are float32, and whose sums are float64.

    Parameters
    ----------
    function : function of arrays
        In float64, without effects; trees of arrays are arguments and results.
    """
    import jax

    def in_single(*arguments: Any) -> Any:
        like = jax.tree.map(_widened_shape, arguments)
        traced, shapes = jax.make_jaxpr(function, return_shape=True)(*like)
        leaves = jax.tree.leaves(arguments)
        results = _evaluate(traced.jaxpr, traced.consts, leaves)
        return jax.tree.unflatten(jax.tree.structure(shapes), map(_widened, results))

    return in_single


def _evaluate(jaxpr: Any, constants: Sequence[Any], arguments: Sequence[Any]) -> list:
    from jax.extend.core import Literal

    values: dict[Any, Any] = {}

    def read(atom: Any) -> Any:
        return atom.val if isinstance(atom, Literal) else values[atom]

    values.update(zip(jaxpr.constvars, map(_settled, constants), strict=True))
    values.update(zip(jaxpr.invars, map(_settled, arguments), strict=True))
    for equation in jaxpr.eqns:
        results = _apply(equation, [read(atom) for atom in equation.invars])
        values.update(zip(equation.outvars, map(_settled, results), strict=True))
    return [read(atom) for atom in jaxpr.outvars]


def _apply(equation: Any, operands: list) -> Sequence[Any]:
    """Return the results of one operation of a traced program."""
    import jax
    import jax.numpy as jnp

    name = equation.primitive.name
    if name in _CALLS:
        inner = equation.params[_CALLS[name]]
        return _evaluate(inner.jaxpr, inner.consts, operands)
    if name == "dot_general" and _is_inner_product(operands, equation):
        first, second = map(_widened, operands)
        return [jnp.sum(first * second)]
    single = name in _IN_SINGLE and (
        any(map(_is_single, operands))
        or any(atom.aval.size > _SHORT for atom in equation.outvars)
    )
    params = dict(equation.params)
    if single:
        wide = [key for key in _TYPES if params.get(key) == np.float64]
        params |= dict.fromkeys(wide, np.dtype(np.float32))
        if name == "dot_general":
            params["precision"] = (jax.lax.Precision.HIGHEST,) * 2  # a GPU has 11 bits
    operands = [(_single if single else _widened)(operand) for operand in operands]
    results = equation.primitive.bind(
        *operands, **equation.primitive.get_bind_params(params)
    )
    return results if equation.primitive.multiple_results else [results]


def _is_inner_product(operands: list, equation: Any) -> bool:
    """Return whether a product is a sum over the rows of two vectors, as a density has them."""
    contracted = equation.params["dimension_numbers"][0]
    return all(np.ndim(operand) == 1 for operand in operands) and any(contracted)


def _is_single(array: Any) -> bool:
    return getattr(array, "dtype", None) == np.float32


def _single(array: Any) -> Any:
    return _converted(array, np.float64, np.float32)


def _widened(array: Any) -> Any:
    return _converted(array, np.float32, np.float64)


def _settled(array: Any) -> Any:
    """Return a long array in float32, and a short one in float64."""
    return _single(array) if np.size(array) > _SHORT else _widened(array)


def _converted(array: Any, source: type, target: type) -> Any:
    import jax.numpy as jnp

    array = jnp.asarray(array)
    return array.astype(target) if array.dtype == source else array


def _widened_shape(array: Any) -> Any:
    import jax

    dtype = np.float64 if array.dtype == np.float32 else array.dtype
    return jax.ShapeDtypeStruct(np.shape(array), dtype)
