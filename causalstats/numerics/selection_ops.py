"""The formulas of selective labels as nodes of a PyTensor graph, compiled by Numba or JAX.

Written as nodes because a graph of elementary operations recomputes its exponentials and takes a minute to compile: here value and
partial derivatives come out of one pass over the people. Only first derivatives are defined.
"""

import warnings
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytensor.tensor as pt
from pytensor.gradient import DisconnectedType, disconnected_type
from pytensor.graph import Apply, Op
from pytensor.link.numba.dispatch.basic import register_funcify_default_op_cache_key

from causalstats.numerics import intercept as intercept_numerics
from causalstats.numerics.uniform_unobservable import formulas

with warnings.catch_warnings():
    warnings.filterwarnings("ignore", "IProgress not found")  # of a progress bar that comes with it and is not used here
    from pytensor.link.jax.dispatch import jax_funcify

# Part of the key under which PyTensor keeps compiled programs: another formula is another program.
_VERSION = zlib.crc32(b"".join(Path(__file__).with_name(f"{name}.py").read_bytes() for name in ("uniform_unobservable", "intercept", "selection_ops")))


class LogLikelihood(Op):
    """Σ_i log P(what was seen of person i | a_i, b_i, σ), and its partial derivatives as further outputs.

    `seen` is "untested", "negative" or "positive"; a and b are vectors of lower logits, σ a scalar.
    """

    __props__ = ("seen",)

    def __init__(self, seen: str):
        self.seen = seen

    def make_node(self, a: Any, b: Any, scale: Any) -> Apply:
        a, b, scale = (pt.as_tensor(value) for value in (a, b, scale))
        return Apply(self, [a, b, scale], [scale.type(), a.type(), b.type(), scale.type()])

    def perform(self, node: Apply, inputs: list, output_storage: list) -> None:
        a, b, scale = inputs
        with np.errstate(over="ignore", divide="ignore"):
            outputs = _log_likelihood(getattr(formulas(np), self.seen), np)(a, b, scale)
        for storage, value, variable in zip(output_storage, outputs, node.outputs, strict=True):
            storage[0] = np.asarray(value, dtype=variable.type.dtype)

    def pullback(self, inputs: list, outputs: list, cotangents: list) -> list:
        _refuse_second_derivatives(cotangents)
        return [cotangents[0] * partial for partial in outputs[1:]]

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        return [[True, False, False, False]] * 3

    def infer_shape(self, fgraph: Any, node: Apply, shapes: list) -> list:
        return [(), shapes[0], shapes[1], ()]


class PrevalenceIntercept(Op):
    """The centred intercept of `intercept.solve`, and its partial derivatives as further outputs."""

    __props__ = ()

    def make_node(self, prevalence: Any, index: Any, scale: Any, weights: Any) -> Apply:
        inputs = [pt.as_tensor(value) for value in (prevalence, index, scale, weights)]
        return Apply(self, inputs, [scale.type(), scale.type(), inputs[1].type(), scale.type()])

    def perform(self, node: Apply, inputs: list, output_storage: list) -> None:
        for storage, value, variable in zip(output_storage, intercept_numerics.solve(*inputs), node.outputs, strict=True):
            storage[0] = np.asarray(value, dtype=variable.type.dtype)

    def pullback(self, inputs: list, outputs: list, cotangents: list) -> list:
        _refuse_second_derivatives(cotangents)
        return [*(cotangents[0] * partial for partial in outputs[1:]), disconnected_type()]

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        return [[True, False, False, False]] * 3 + [[False] * 4]

    def infer_shape(self, fgraph: Any, node: Apply, shapes: list) -> list:
        return [(), (), shapes[1], ()]


def log_likelihood(seen: str, a: Any, b: Any, scale: Any) -> Any:
    """Σ_i log P(seen | a_i, b_i, σ) as a scalar of the graph."""
    return LogLikelihood(seen).make_node(a, b, scale).outputs[0]


def prevalence_intercept(prevalence: Any, index: Any, scale: Any, weights: Any) -> Any:
    """The centred intercept with Σ_i w_i P(Y=1 | c + index_i) = prevalence, as a scalar of the graph."""
    return PrevalenceIntercept().make_node(prevalence, index, scale, weights).outputs[0]


def _refuse_second_derivatives(cotangents: list) -> None:
    if any(not isinstance(cotangent.type, DisconnectedType) for cotangent in cotangents[1:]):
        raise NotImplementedError("Only first derivatives of the selective-labels likelihood are defined.")


def _log_likelihood(formula: Any, xp: Any) -> Any:
    def total(a, b, scale):
        log_p, in_a, in_b, in_scale = formula(a, b, scale, xp.expm1(scale))
        return log_p.sum(), in_a, in_b, in_scale.sum()

    return total


@jax_funcify.register(LogLikelihood)
def _jax_log_likelihood(op: LogLikelihood, **_: Any) -> Any:
    import jax.numpy as jnp

    return _log_likelihood(getattr(formulas(jnp), op.seen), jnp)


@jax_funcify.register(PrevalenceIntercept)
def _jax_prevalence_intercept(op: PrevalenceIntercept, **_: Any) -> Any:
    import jax
    import jax.numpy as jnp

    method, mean = intercept_numerics.steps(jnp), formulas(jnp).mean

    def solve(prevalence, index, scale, weights):
        growth, centre = jnp.expm1(scale), index @ weights

        def advance(state):
            c, _, _, count = state
            terms = mean(c + index - scale / 2, scale, growth)
            sums = [term @ weights for term in terms]
            step = method.halley(prevalence, *sums[:3])
            return c + step, step, (sums[1], sums[3], terms[1]), count + 1

        def unfinished(state):
            return (jnp.abs(state[1]) >= tolerance) & (state[3] < intercept_numerics.MAX_STEPS)

        tolerance = max(intercept_numerics.TOLERANCE, 8 * float(jnp.finfo(index.dtype).eps))
        first = method.start(prevalence, centre, (index - centre) ** 2 @ weights, scale)
        c, _, (slope, in_scale, in_index), _ = jax.lax.while_loop(unfinished, advance, advance((first, None, None, 0)))
        return c, 1 / slope, -weights * in_index / slope, -in_scale / slope

    return solve


@register_funcify_default_op_cache_key(LogLikelihood)
def _numba_log_likelihood(op: LogLikelihood, **_: Any) -> Any:
    import numba

    compiled = numba.njit(error_model="numpy")
    formula = getattr(formulas(np, compiled), op.seen)

    @compiled
    def total(a, b, scale):
        sigma = scale.item()
        growth = np.expm1(sigma)
        value, in_scale = 0.0, 0.0
        in_a, in_b = np.empty_like(a), np.empty_like(b)
        for i in range(a.size):
            log_p, in_a[i], in_b[i], term = formula(a[i], b[i], sigma, growth)
            value += log_p
            in_scale += term
        return np.asarray(value), in_a, in_b, np.asarray(in_scale)

    return total, _VERSION


@register_funcify_default_op_cache_key(PrevalenceIntercept)
def _numba_prevalence_intercept(op: PrevalenceIntercept, **_: Any) -> Any:
    import numba

    compiled = numba.njit(error_model="numpy")
    method, mean = intercept_numerics.steps(np, compiled), formulas(np, compiled).mean
    method_start, method_halley = method.start, method.halley
    tolerance, max_steps = intercept_numerics.TOLERANCE, intercept_numerics.MAX_STEPS

    @compiled
    def solve(prevalence, index, scale, weights):
        target, sigma = prevalence.item(), scale.item()
        growth, centre, variance = np.expm1(sigma), 0.0, 0.0
        for i in range(index.size):
            centre += weights[i] * index[i]
        for i in range(index.size):
            variance += weights[i] * (index[i] - centre) ** 2
        c = method_start(target, centre, variance, sigma)
        in_index = np.empty_like(index)
        for _ in range(max_steps):
            p, slope, curvature, in_scale = 0.0, 0.0, 0.0, 0.0
            for i in range(index.size):
                value, first, second, widening = mean(c + index[i] - sigma / 2, sigma, growth)
                p += weights[i] * value
                slope += weights[i] * first
                curvature += weights[i] * second
                in_scale += weights[i] * widening
                in_index[i] = weights[i] * first
            step = method_halley(target, p, slope, curvature)
            c += step
            if abs(step) < tolerance:
                break
        return np.asarray(c), np.asarray(1 / slope), -in_index / slope, np.asarray(-in_scale / slope)

    return solve, _VERSION
