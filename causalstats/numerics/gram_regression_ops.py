"""`gram_regression.with_derivatives` as a node of a PyTensor graph, compiled by Numba or JAX. First derivatives only."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytensor.tensor as pt
from pytensor.graph import Apply, Op

from causalstats.numerics.compiled_ops import jax_translation, numba_translation, refuse_second_derivatives, version
from causalstats.numerics.gram_regression import with_derivatives

_VERSION = version("gram_regression", "gram_regression_ops")


class GramGivenScales(Op):
    """The log likelihood, and its derivatives in cross-products, precisions and roots of prior variances."""

    __props__ = ()

    def make_node(self, *inputs: Any) -> Apply:
        return Apply(self, [pt.as_tensor(value) for value in inputs], [pt.dscalar(), pt.dtensor3(), pt.dtensor3(), pt.dmatrix()])

    def perform(self, node: Apply, inputs: list, output_storage: list) -> None:
        for storage, value in zip(output_storage, with_derivatives(np, *inputs), strict=True):
            storage[0] = np.asarray(value)

    def pullback(self, inputs: list, outputs: list, cotangents: list) -> list:
        refuse_second_derivatives(cotangents)
        return [cotangents[0] * slope for slope in outputs[1:]]

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        return [[True, False, False, False] for _ in node.inputs]

    def infer_shape(self, fgraph: Any, node: Apply, shapes: list) -> list:
        return [(), *shapes]


def gram_given_scales(grams: Any, precisions: Any, roots: Any) -> Any:
    """The log likelihood as a scalar of the graph, for G (q, p+q, p+q), Ω (q, q, q) and √d (q, p)."""
    return GramGivenScales().make_node(grams, precisions, roots).outputs[0]


@jax_translation(GramGivenScales)
def _jax_gram_given_scales(op: GramGivenScales, **_: Any) -> Any:
    import jax.numpy as jnp

    return lambda *inputs: with_derivatives(jnp, *inputs)


@numba_translation(GramGivenScales)
def _numba_gram_given_scales(op: GramGivenScales, **_: Any) -> Any:
    """Block by block, for each two regressions."""
    import numba

    @numba.njit(error_model="numpy")
    def gram_given_scales(grams, precisions, roots):
        aims, size = roots.shape
        width = size + aims
        scaled, weight, constant = np.eye(aims * size), np.zeros(aims * size), 0.0
        for j in range(aims):
            for a in range(aims):
                for b in range(aims):
                    factor = precisions[j, a, b]
                    constant += factor * grams[j, size + a, size + b]
                    for k in range(size):
                        weight[a * size + k] += factor * grams[j, k, size + b] * roots[a, k]
                        for m in range(size):
                            scaled[a * size + k, b * size + m] += factor * grams[j, k, m] * roots[a, k] * roots[b, m]
        lower = np.linalg.cholesky(scaled)
        covariance = np.linalg.inv(scaled)
        solved = covariance @ weight
        value = -constant / 2
        for i in range(aims * size):
            value += weight[i] * solved[i] / 2 - np.log(lower[i, i])
        of_grams, of_precisions, of_roots = np.zeros((aims, width, width)), np.zeros((aims, aims, aims)), np.zeros((aims, size))
        moments = np.zeros((width, width))
        for a in range(aims):
            for k in range(size):
                of_roots[a, k] = (solved[a * size + k] ** 2 + covariance[a * size + k, a * size + k] - 1) / roots[a, k]
            for b in range(aims):
                moments[:] = 0.0
                for k in range(size):
                    left = roots[a, k] * solved[a * size + k]
                    moments[k, size + b] = -left
                    moments[size + a, k] = -roots[b, k] * solved[b * size + k]
                    for m in range(size):
                        moments[k, m] = roots[a, k] * roots[b, m] * (covariance[a * size + k, b * size + m] + solved[a * size + k] * solved[b * size + m])
                moments[size + a, size + b] = 1.0
                for j in range(aims):
                    factor = precisions[j, a, b]
                    total = 0.0
                    for k in range(width):
                        for m in range(width):
                            total += grams[j, k, m] * moments[k, m]
                            of_grams[j, k, m] -= factor * moments[k, m] / 2
                    of_precisions[j, a, b] = -total / 2
        return np.asarray(value), of_grams, of_precisions, of_roots

    return gram_given_scales, _VERSION
