"""The likelihood of selective labels as nodes of a PyTensor graph, compiled by Numba or JAX.

Written as nodes because a graph of elementary operations recomputes its exponentials and takes a
minute to compile: here value and partial derivatives come out of one pass over the people. Only
first derivatives are defined.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytensor.tensor as pt
from pytensor.gradient import disconnected_type
from pytensor.graph import Apply, Op

from causalstats.numerics.pytensor_ops import (
    jax_translation,
    numba_translation,
    refuse_second_derivatives,
    version,
)
from causalstats.numerics.selection import prevalence_constraint
from causalstats.numerics.selection.array_library import jax_functions
from causalstats.numerics.selection.selective_labels_likelihood import (
    event_probabilities,
)
from causalstats.numerics.selection.unobservable import Unobservable

_VERSION = version(*map(str, sorted(Path(__file__).parent.rglob("*.py"))))


class LogLikelihood(Op):
    """Σ_i log P(event_i | m_i, t_i, σ, α_i), and its partial derivatives as further outputs.

    Parameters
    ----------
    event : str
        A name of `event_probabilities`, the same for all people. The inputs m, t and α are
        vectors, σ is a scalar, and so are sensitivity and specificity, which a result of an
        imperfect test has besides.
    unobservable : Unobservable
    """

    __props__: tuple[str, ...] = ("event", "unobservable")

    def __init__(self, event: str, unobservable: Unobservable):
        self.event = event
        self.unobservable = unobservable

    def make_node(self, *values: Any) -> Apply[Any]:
        inputs = [pt.as_tensor(value) for value in values]
        return Apply(
            self, inputs, [inputs[2].type(), *(value.type() for value in inputs)]
        )

    def perform(
        self, node: Apply[Any], inputs: list[Any], output_storage: list[Any]
    ) -> None:
        with np.errstate(over="ignore", divide="ignore"):
            outputs = _log_likelihood(self, np)(*inputs)
        for storage, value, variable in zip(
            output_storage, outputs, node.outputs, strict=True
        ):
            storage[0] = np.asarray(value, dtype=variable.type.dtype)

    def pullback(
        self, inputs: list[Any], outputs: list[Any], cotangents: list[Any]
    ) -> list[Any]:
        refuse_second_derivatives(cotangents)
        return [cotangents[0] * partial for partial in outputs[1:]]

    def connection_pattern(self, node: Apply[Any]) -> list[list[bool]]:
        return [[True] + [False] * len(node.inputs)] * len(node.inputs)

    def infer_shape(self, node: Apply[Any], shapes: list[Any]) -> list[Any]:
        return [(), *shapes]


class PrevalenceIntercept(Op):
    """The intercept of `prevalence_constraint.solve`, and its derivatives as further outputs."""

    __props__: tuple[str, ...] = ("unobservable",)

    def __init__(self, unobservable: Unobservable):
        self.unobservable = unobservable

    def make_node(
        self, prevalence: Any, index: Any, scale: Any, weights: Any
    ) -> Apply[Any]:
        inputs = [pt.as_tensor(value) for value in (prevalence, index, scale, weights)]
        scalar = inputs[2].type
        return Apply(self, inputs, [scalar(), scalar(), inputs[1].type(), scalar()])

    def perform(
        self, node: Apply[Any], inputs: list[Any], output_storage: list[Any]
    ) -> None:
        prevalence, index, scale, weights = inputs
        solution = prevalence_constraint.solve(
            prevalence, index, scale, weights, self.unobservable
        )
        for storage, value, variable in zip(
            output_storage, solution, node.outputs, strict=True
        ):
            storage[0] = np.asarray(value, dtype=variable.type.dtype)

    def pullback(
        self, inputs: list[Any], outputs: list[Any], cotangents: list[Any]
    ) -> list[Any]:
        refuse_second_derivatives(cotangents)
        return [
            *(cotangents[0] * partial for partial in outputs[1:]),
            disconnected_type(),
        ]

    def connection_pattern(self, node: Apply[Any]) -> list[list[bool]]:
        return [[True, False, False, False]] * 3 + [[False] * 4]

    def infer_shape(self, node: Apply[Any], shapes: list[Any]) -> list[Any]:
        return [(), (), shapes[1], ()]


class Prevalence(PrevalenceIntercept):
    """The prevalence at an intercept, and its derivatives: the inverse of `PrevalenceIntercept`."""

    def perform(
        self, node: Apply[Any], inputs: list[Any], output_storage: list[Any]
    ) -> None:
        with np.errstate(over="ignore", divide="ignore"):
            values = prevalence_constraint.mean_risk(self.unobservable, np, *inputs)
        for storage, value, variable in zip(
            output_storage, values, node.outputs, strict=True
        ):
            storage[0] = np.asarray(value, dtype=variable.type.dtype)


def log_likelihood(
    unobservable: Unobservable,
    event: str,
    risk: Any,
    testing: Any,
    scale: Any,
    response: Any,
    *test: Any,
) -> Any:
    """Return Σ_i log P(event | m_i, t_i, σ, α_i) as a scalar of the graph.

    Parameters
    ----------
    unobservable : Unobservable
    event : str
        A name of `event_probabilities`.
    risk, testing : vectors (N,)
        m and t, the linear predictors at ζ = 0.
    scale : scalar
        σ.
    response : scalar or vector (N,)
        α.
    *test : scalars
        Sensitivity and specificity, where the event is a result of an imperfect test.
    """
    node = LogLikelihood(event, unobservable).make_node(
        risk, testing, scale, response * pt.ones_like(risk), *test
    )
    return node.outputs[0]


def prevalence_intercept(
    unobservable: Unobservable, prevalence: Any, index: Any, scale: Any, weights: Any
) -> Any:
    """Return the intercept c with Σ_i w_i P(Y=1 | c + index_i) = prevalence.

    Parameters
    ----------
    unobservable : Unobservable
    prevalence, scale : scalars
        Variables of the graph.
    index, weights : vectors (N,)
        x_i'β without the intercept; weights of sum 1.
    """
    node = PrevalenceIntercept(unobservable).make_node(
        prevalence, index, scale, weights
    )
    return node.outputs[0]


def prevalence(
    unobservable: Unobservable, intercept: Any, index: Any, scale: Any, weights: Any
) -> Any:
    """Return Σ_i w_i P(Y=1 | c + index_i), as a scalar of the graph.

    Parameters
    ----------
    unobservable : Unobservable
    intercept, scale : scalars
        Variables of the graph.
    index, weights : vectors (N,)
        x_i'β without the intercept; weights of sum 1.
    """
    return (
        Prevalence(unobservable).make_node(intercept, index, scale, weights).outputs[0]
    )


def _log_likelihood(op: LogLikelihood, xp: Any) -> Any:
    functions = event_probabilities(op.unobservable, xp)
    formula = getattr(functions, op.event)

    def total(risk, testing, scale, response, *test):
        log_p, in_risk, in_testing, in_scale, in_response, *in_test = formula(
            risk, testing, scale, response, functions.prepare(scale), *test
        )
        return (
            log_p.sum(),
            in_risk,
            in_testing,
            in_scale.sum(),
            in_response,
            *(part.sum() for part in in_test),
        )

    return total


@jax_translation(LogLikelihood)
def _jax_log_likelihood(op: LogLikelihood, **_: Any) -> Any:
    return _log_likelihood(op, jax_functions())


@jax_translation(PrevalenceIntercept)
def _jax_prevalence_intercept(op: PrevalenceIntercept, **_: Any) -> Any:
    import jax
    import jax.numpy as jnp

    xp = jax_functions()
    method = prevalence_constraint.steps(op.unobservable, xp)
    functions = event_probabilities(op.unobservable, xp)

    def root(prevalence, index, scale, weights, first, smallest_step):
        """Return the intercept by Halley's method from a first value."""
        prepared = functions.prepare(scale)

        def advance(state):
            c, _, count = state
            p, slope, curvature, _ = functions.mean(c + index, scale, prepared)
            sums = (p @ weights, slope @ weights, curvature @ weights)
            step = method.halley(prevalence, scale, *sums)
            return c + step, step, count + 1

        def unfinished(state):
            _, step, count = state
            still = count < prevalence_constraint.MAX_STEPS
            return (jnp.abs(step) >= smallest_step) & still

        c, _, _ = jax.lax.while_loop(
            unfinished, advance, (first, jnp.inf * jnp.ones_like(first), 0)
        )
        return c

    def solve(prevalence, index, scale, weights):
        centre = index @ weights
        spread = (index - centre) ** 2 @ weights
        c = method.start(prevalence, centre, spread, scale)
        smallest_step = max(
            prevalence_constraint.TOLERANCE, 8 * float(jnp.finfo(index.dtype).eps)
        )
        if index.shape[0] >= prevalence_constraint.BINNED_FROM:
            every = slice(None, None, prevalence_constraint.ONE_ROW_OF)
            some = weights[every]
            share = some / jnp.maximum(some.sum(), jnp.finfo(some.dtype).tiny)
            smallest_step = prevalence_constraint.BINNED_TOLERANCE
            of_some = root(prevalence, index[every], scale, share, c, smallest_step)
            c = jnp.where(jnp.isfinite(of_some), of_some, c)
        c = root(prevalence, index, scale, weights, c, smallest_step)
        # The solution alone is asked for at many points: this is then not computed.
        _, slope, _, in_scale = functions.mean(
            c + index, scale, functions.prepare(scale)
        )
        in_index = weights * slope
        by_intercept = slope @ weights
        return (
            c,
            1 / by_intercept,
            -in_index / by_intercept,
            -(in_scale @ weights) / by_intercept,
        )

    return solve


@jax_translation(Prevalence)
def _jax_prevalence(op: Prevalence, **_: Any) -> Any:
    xp = jax_functions()
    return lambda *inputs: prevalence_constraint.mean_risk(op.unobservable, xp, *inputs)


@numba_translation(LogLikelihood)
def _numba_log_likelihood(op: LogLikelihood, **_: Any) -> Any:
    import numba

    compiled = numba.njit(error_model="numpy")
    functions = event_probabilities(op.unobservable, np, compiled)
    formula = getattr(functions, op.event)
    prepare = functions.prepare

    @compiled
    def total(risk, testing, scale, response):
        sigma = scale.item()
        prepared = prepare(sigma)
        value, in_scale = 0.0, 0.0
        in_risk = np.empty_like(risk)
        in_testing = np.empty_like(testing)
        in_response = np.empty_like(risk)
        for i in range(risk.size):
            log_p, in_risk[i], in_testing[i], widening, in_response[i] = formula(
                risk[i], testing[i], sigma, response[i], prepared
            )
            value += log_p
            in_scale += widening
        return np.asarray(value), in_risk, in_testing, np.asarray(in_scale), in_response

    @compiled
    def total_of_reports(risk, testing, scale, response, sensitivity, specificity):
        sigma = scale.item()
        a = sensitivity.item()
        b = specificity.item()
        prepared = prepare(sigma)
        value, in_scale, in_a, in_b = 0.0, 0.0, 0.0, 0.0
        in_risk = np.empty_like(risk)
        in_testing = np.empty_like(testing)
        in_response = np.empty_like(risk)
        for i in range(risk.size):
            (
                log_p,
                in_risk[i],
                in_testing[i],
                widening,
                in_response[i],
                sensing,
                specifying,
            ) = formula(risk[i], testing[i], sigma, response[i], prepared, a, b)
            value += log_p
            in_scale += widening
            in_a += sensing
            in_b += specifying
        return (
            np.asarray(value),
            in_risk,
            in_testing,
            np.asarray(in_scale),
            in_response,
            np.asarray(in_a),
            np.asarray(in_b),
        )

    return (total_of_reports if op.event.startswith("reported") else total), _VERSION


@numba_translation(PrevalenceIntercept)
def _numba_prevalence_intercept(op: PrevalenceIntercept, **_: Any) -> Any:
    import numba

    compiled = numba.njit(error_model="numpy")
    method = prevalence_constraint.steps(op.unobservable, np, compiled)
    functions = event_probabilities(op.unobservable, np, compiled)
    mean = functions.mean
    prepare = functions.prepare
    method_start = method.start
    method_halley = method.halley
    tolerance = prevalence_constraint.TOLERANCE
    max_steps = prevalence_constraint.MAX_STEPS
    binned_from = prevalence_constraint.BINNED_FROM
    binned_tolerance = prevalence_constraint.BINNED_TOLERANCE
    bins = prevalence_constraint.BINS

    @compiled
    def binned_root(c, target, sigma, prepared, index, weights):
        low = index.min()
        width = (index.max() - low) / bins
        if not 0 < width < np.inf:
            return c
        mass = np.zeros(bins)
        moment = np.zeros(bins)
        for i in range(index.size):
            k = min(int((index[i] - low) / width), bins - 1)
            mass[k] += weights[i]
            moment[k] += weights[i] * index[i]
        for _ in range(max_steps):
            p, slope, curvature = 0.0, 0.0, 0.0
            for k in range(bins):
                if mass[k] > 0:
                    value, first, second, _ = mean(
                        c + moment[k] / mass[k], sigma, prepared
                    )
                    p += mass[k] * value
                    slope += mass[k] * first
                    curvature += mass[k] * second
            step = method_halley(target, sigma, p, slope, curvature)
            c += step
            if abs(step) < binned_tolerance:
                break
        return c

    @compiled
    def solve(prevalence, index, scale, weights):
        target = prevalence.item()
        sigma = scale.item()
        prepared = prepare(sigma)
        centre = 0.0
        variance = 0.0
        for i in range(index.size):
            centre += weights[i] * index[i]
        for i in range(index.size):
            variance += weights[i] * (index[i] - centre) ** 2
        c = method_start(target, centre, variance, sigma)
        smallest_step = tolerance
        if index.size >= binned_from:
            c = binned_root(c, target, sigma, prepared, index, weights)
            smallest_step = binned_tolerance
        in_index = np.empty_like(index)
        for _ in range(max_steps):
            p, slope, curvature, in_scale = 0.0, 0.0, 0.0, 0.0
            for i in range(index.size):
                value, first, second, widening = mean(c + index[i], sigma, prepared)
                p += weights[i] * value
                slope += weights[i] * first
                curvature += weights[i] * second
                in_scale += weights[i] * widening
                in_index[i] = weights[i] * first
            step = method_halley(target, sigma, p, slope, curvature)
            c += step
            if abs(step) < smallest_step:
                break
        return (
            np.asarray(c),
            np.asarray(1 / slope),
            -in_index / slope,
            np.asarray(-in_scale / slope),
        )

    return solve, _VERSION


@numba_translation(Prevalence)
def _numba_prevalence(op: Prevalence, **_: Any) -> Any:
    import numba

    compiled = numba.njit(error_model="numpy")
    functions = event_probabilities(op.unobservable, np, compiled)
    mean = functions.mean
    prepare = functions.prepare

    @compiled
    def average(intercept, index, scale, weights):
        c = intercept.item()
        sigma = scale.item()
        p = 0.0
        slope = 0.0
        in_scale = 0.0
        prepared = prepare(sigma)
        in_index = np.empty_like(index)
        for i in range(index.size):
            value, first, _, widening = mean(c + index[i], sigma, prepared)
            p += weights[i] * value
            slope += weights[i] * first
            in_scale += weights[i] * widening
            in_index[i] = weights[i] * first
        return np.asarray(p), np.asarray(slope), in_index, np.asarray(in_scale)

    return average, _VERSION
