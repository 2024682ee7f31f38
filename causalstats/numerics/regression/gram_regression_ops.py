"""PyTensor node of the marginal likelihood of `gram_regression`, compiled by Numba or JAX.

First derivatives only.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytensor.tensor as pt
from pytensor.graph import Apply, Op

from causalstats.numerics.pytensor_ops import (
    jax_translation,
    numba_translation,
    refuse_second_derivatives,
    version,
)
from causalstats.numerics.regression import gram_regression
from causalstats.numerics.regression.gram_regression import with_derivatives

_VERSION = version(str(gram_regression.__file__), __file__)


class GramGivenScales(Op):
    """The log likelihood, and its derivatives in cross-products, precisions and factors."""

    __props__: tuple[str, ...] = ()

    def make_node(self, *inputs: Any) -> Apply[Any]:
        return Apply(
            self,
            [pt.as_tensor(value) for value in inputs],
            [pt.dscalar(), pt.dtensor3(), pt.dtensor3(), pt.dtensor3()],
        )

    def perform(
        self, node: Apply[Any], inputs: list[Any], output_storage: list[Any]
    ) -> None:
        for storage, value in zip(
            output_storage, with_derivatives(np, *inputs), strict=True
        ):
            storage[0] = np.asarray(value)

    def pullback(
        self, inputs: list[Any], outputs: list[Any], cotangents: list[Any]
    ) -> list[Any]:
        refuse_second_derivatives(cotangents)
        return [cotangents[0] * slope for slope in outputs[1:]]

    def connection_pattern(self, node: Apply[Any]) -> list[list[bool]]:
        return [[True, False, False, False] for _ in node.inputs]

    def infer_shape(self, node: Apply[Any], shapes: list[Any]) -> list[Any]:
        return [(), *shapes]


def gram_given_scales(grams: Any, precisions: Any, factors: Any) -> Any:
    """Return the log likelihood as a scalar of the graph.

    Parameters
    ----------
    grams : node, shape (q, p + q, p + q)
        G.
    precisions : node, shape (q, q, q)
        Ω.
    factors : node, shape (q, q, p)
        F.
    """
    return GramGivenScales().make_node(grams, precisions, factors).outputs[0]


@jax_translation(GramGivenScales)
def _jax_gram_given_scales(op: GramGivenScales, **_: Any) -> Any:
    import jax.numpy as jnp

    return lambda *inputs: with_derivatives(jnp, *inputs)


@numba_translation(GramGivenScales)
def _numba_gram_given_scales(op: GramGivenScales, **_: Any) -> Any:
    """Block by block, for each two regressions."""
    import numba

    @numba.njit(error_model="numpy")
    def gram_given_scales(grams, precisions, factors):
        equations, size = factors.shape[0], factors.shape[2]
        count, width = equations * size, size + equations
        half = np.zeros((count, count))
        scaled = np.eye(count)
        slope = np.zeros(count)
        weight = np.zeros(count)
        constant = 0.0
        for a in range(equations):
            for b in range(equations):
                for j in range(equations):
                    factor = precisions[j, a, b]
                    constant += factor * grams[j, size + a, size + b]
                    for k in range(size):
                        slope[a * size + k] += factor * grams[j, k, size + b]
                for m in range(equations):
                    for j in range(equations):
                        for k in range(size):
                            for i in range(size):
                                half[a * size + k, m * size + i] += (
                                    precisions[j, a, b]
                                    * grams[j, k, i]
                                    * factors[b, m, i]
                                )
        for a in range(equations):
            for j in range(equations):
                for k in range(size):
                    weight[j * size + k] += factors[a, j, k] * slope[a * size + k]
                    for i in range(count):
                        scaled[j * size + k, i] += (
                            factors[a, j, k] * half[a * size + k, i]
                        )
        lower = np.linalg.cholesky(scaled)
        latent = np.linalg.inv(scaled)
        solved = latent @ weight
        value = -constant / 2
        for i in range(count):
            value += weight[i] * solved[i] / 2 - np.log(lower[i, i])
            for k in range(count):
                latent[i, k] += solved[i] * solved[k]
        by_grams = np.zeros((equations, width, width))
        by_precisions = np.zeros((equations, equations, equations))
        by_factors = np.zeros((equations, equations, size))
        mean = np.zeros(count)
        rotated = np.zeros((count, count))
        for a in range(equations):
            for j in range(equations):
                for k in range(size):
                    mean[a * size + k] += factors[a, j, k] * solved[j * size + k]
                    by_factors[a, j, k] = slope[a * size + k] * solved[j * size + k]
                    for i in range(count):
                        by_factors[a, j, k] -= (
                            half[a * size + k, i] * latent[i, j * size + k]
                        )
                        rotated[a * size + k, i] += (
                            factors[a, j, k] * latent[j * size + k, i]
                        )
        moments = np.zeros((width, width))
        for a in range(equations):
            for b in range(equations):
                moments[:] = 0.0
                for k in range(size):
                    moments[k, size + b] = -mean[a * size + k]
                    moments[size + a, k] = -mean[b * size + k]
                    for i in range(size):
                        for m in range(equations):
                            moments[k, i] += (
                                rotated[a * size + k, m * size + i] * factors[b, m, i]
                            )
                moments[size + a, size + b] = 1.0
                for j in range(equations):
                    factor = precisions[j, a, b]
                    total = 0.0
                    for k in range(width):
                        for m in range(width):
                            total += grams[j, k, m] * moments[k, m]
                            by_grams[j, k, m] -= factor * moments[k, m] / 2
                    by_precisions[j, a, b] = -total / 2
        return np.asarray(value), by_grams, by_precisions, by_factors

    return gram_given_scales, _VERSION
