"""PyTensor node of the log determinant in the inverse-Wishart evidence, for Numba and JAX.

As elementary operations its gradient takes half a minute to compile. Only first derivatives are
defined.
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

_VERSION = version(__file__)


class LogDeterminant(Op):
    """log |V'(diag(u) + S)V| for an orthonormal basis V of the log-ratios.

    The rows of S sum to 0, so that it is log |G diag(u) G + S + J/D|. The second output is
    B = V (V'(diag(u) + S)V)⁻¹ V', the derivative in S, whose diagonal is that in u.
    """

    __props__: tuple[str, ...] = ()

    def make_node(self, weights: Any, scatter: Any) -> Apply[Any]:
        inputs = [pt.as_tensor(weights), pt.as_tensor(scatter)]
        return Apply(self, inputs, [pt.dscalar(), pt.dmatrix()])

    def perform(
        self, node: Apply[Any], inputs: list[Any], output_storage: list[Any]
    ) -> None:
        value, inverse = _log_determinant(np, *inputs)
        output_storage[0][0], output_storage[1][0] = np.asarray(value), inverse

    def pullback(
        self, inputs: list[Any], outputs: list[Any], cotangents: list[Any]
    ) -> list[Any]:
        refuse_second_derivatives(cotangents)
        return [cotangents[0] * pt.diagonal(outputs[1]), cotangents[0] * outputs[1]]

    def connection_pattern(self, node: Apply[Any]) -> list[list[bool]]:
        return [[True, False], [True, False]]

    def infer_shape(self, node: Apply[Any], shapes: list[Any]) -> list[Any]:
        return [(), shapes[1]]


def log_determinant(weights: Any, scatter: Any) -> Any:
    """Return log |V'(diag(u) + S)V| as a scalar of the graph, for u (D,) and S (D, D)."""
    return LogDeterminant().make_node(weights, scatter).outputs[0]


def _log_determinant(xp: Any, weights: Any, scatter: Any) -> tuple[Any, Any]:
    size = len(weights)
    whole = (
        xp.diag(weights)
        - (weights[:, None] + weights - weights.mean()) / size
        + scatter
        + 1 / size
    )
    lower = xp.linalg.cholesky(whole)
    return 2 * xp.log(xp.diagonal(lower)).sum(), xp.linalg.inv(whole) - 1 / size


@jax_translation(LogDeterminant)
def _jax_log_determinant(op: LogDeterminant, **_: Any) -> Any:
    import jax.numpy as jnp

    return lambda weights, scatter: _log_determinant(jnp, weights, scatter)


@numba_translation(LogDeterminant)
def _numba_log_determinant(op: LogDeterminant, **_: Any) -> Any:
    import numba

    @numba.njit(error_model="numpy")
    def log_determinant(weights, scatter):
        size = len(weights)
        average = weights.mean()
        whole = np.empty((size, size))
        for i in range(size):
            for j in range(size):
                whole[i, j] = (
                    scatter[i, j] + (1 - weights[i] - weights[j] + average) / size
                )
            whole[i, i] += weights[i]
        inverse = np.linalg.inv(whole)
        lower = np.linalg.cholesky(whole)
        value = 0.0
        for i in range(size):
            value += 2 * np.log(lower[i, i])
        return np.asarray(value), inverse - 1 / size

    return log_determinant, _VERSION
