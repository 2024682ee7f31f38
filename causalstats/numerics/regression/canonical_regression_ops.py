"""PyTensor node of the canonical regression's marginal likelihood, compiled by Numba or JAX.

With its first derivatives in Σ and T.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytensor.tensor as pt
from pytensor.gradient import DisconnectedType
from pytensor.graph import Apply, Op

from causalstats.numerics.pytensor_ops import (
    jax_translation,
    numba_translation,
    refuse_second_derivatives,
    version,
)
from causalstats.numerics.regression.canonical_regression import with_derivatives

_VERSION = version(__file__)
_COVARIANCE, _PRIOR = 3, 4


class PiecesGivenScales(Op):
    """`with_derivatives`: the log likelihood, and what its derivatives take."""

    __props__: tuple[str, ...] = ()

    def make_node(self, *inputs: Any) -> Apply[Any]:
        return Apply(
            self,
            [pt.as_tensor(value) for value in inputs],
            [pt.dscalar(), pt.dmatrix(), pt.dmatrix()],
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
        gradients = [DisconnectedType()() for _ in inputs]
        gradients[_COVARIANCE] = cotangents[0] * outputs[1]
        gradients[_PRIOR] = cotangents[0] * outputs[2]
        return gradients

    def connection_pattern(self, node: Apply[Any]) -> list[list[bool]]:
        moved = [k in (_COVARIANCE, _PRIOR) for k in range(len(node.inputs))]
        return [[connected, False, False] for connected in moved]

    def infer_shape(self, node: Apply[Any], shapes: list[Any]) -> list[Any]:
        return [(), shapes[_COVARIANCE], shapes[_PRIOR]]


def pieces_given_scales(
    eigenvalues: Any, pieces: Any, weights: Any, covariance: Any, prior: Any
) -> Any:
    """Return the log likelihood as a scalar of the graph.

    Parameters
    ----------
    eigenvalues, weights : node, shape (r,)
        λ and w.
    pieces : node, shape (r, q)
        c.
    covariance, prior : node, shape (q, q)
        Σ and T.
    """
    return (
        PiecesGivenScales()
        .make_node(eigenvalues, pieces, weights, covariance, prior)
        .outputs[0]
    )


@jax_translation(PiecesGivenScales)
def _jax_pieces_given_scales(op: PiecesGivenScales, **_: Any) -> Any:
    import jax.numpy as jnp

    return lambda *inputs: with_derivatives(jnp, *inputs)


@numba_translation(PiecesGivenScales)
def _numba_pieces_given_scales(op: PiecesGivenScales, **_: Any) -> Any:
    """Piece by piece, by Gauss-Jordan elimination: q is the number of treatments and 1."""
    import numba

    @numba.njit(error_model="numpy")
    def pieces_given_scales(eigenvalues, pieces, weights, covariance, prior):
        count, size = pieces.shape
        value = 0.0
        by_covariance = np.zeros((size, size))
        by_prior = np.zeros((size, size))
        total = np.empty((size, size))
        inverse = np.empty((size, size))
        solved = np.empty(size)
        for i in range(count):
            for a in range(size):
                for b in range(size):
                    total[a, b] = covariance[a, b] + eigenvalues[i] * prior[a, b]
                    inverse[a, b] = 0.0
                inverse[a, a] = 1.0
            log_determinant = 0.0
            for a in range(size):
                pivot = total[a, a]
                log_determinant += np.log(pivot)
                for b in range(size):
                    total[a, b] /= pivot
                    inverse[a, b] /= pivot
                for c in range(size):
                    if c != a:
                        factor = total[c, a]
                        for b in range(size):
                            total[c, b] -= factor * total[a, b]
                            inverse[c, b] -= factor * inverse[a, b]
            value -= weights[i] * log_determinant / 2
            for a in range(size):
                solved[a] = 0.0
                for b in range(size):
                    solved[a] += inverse[a, b] * pieces[i, b]
                value -= solved[a] * pieces[i, a] / 2
            for a in range(size):
                for b in range(size):
                    slope = (solved[a] * solved[b] - weights[i] * inverse[a, b]) / 2
                    by_covariance[a, b] += slope
                    by_prior[a, b] += eigenvalues[i] * slope
        return np.asarray(value), by_covariance, by_prior

    return pieces_given_scales, _VERSION
