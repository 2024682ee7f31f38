"""PyTensor node of generalised least squares (`row_correlation`), compiled by Numba or JAX.

As elementary operations it takes half a minute to compile.
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
from causalstats.numerics.regression import row_correlation

_VERSION = version(__file__)
_COLUMNS, _CORRELATION = 0, 2


class AboutCovariates(Op):
    """Scatter S of columns about covariates, log determinants, and their derivatives."""

    __props__: tuple[str, ...] = ("in_time",)

    def __init__(self, in_time: bool):
        self.in_time = in_time

    def make_node(self, *inputs: Any) -> Apply[Any]:
        return Apply(
            self,
            [pt.as_tensor(value) for value in inputs],
            [pt.dmatrix(), pt.dscalar(), pt.dmatrix(), pt.dscalar(), pt.dmatrix()],
        )

    def perform(
        self, node: Apply[Any], inputs: list[Any], output_storage: list[Any]
    ) -> None:
        for storage, value in zip(
            output_storage,
            row_correlation.program(np, self.in_time)(*inputs),
            strict=True,
        ):
            storage[0] = np.asarray(value)

    def pullback(
        self, inputs: list[Any], outputs: list[Any], cotangents: list[Any]
    ) -> list[Any]:
        refuse_second_derivatives(cotangents, values=2)
        by_scatter, by_logs = cotangents[:2]
        _, _, steep, growth, projected = outputs
        gradients = [DisconnectedType()() for _ in inputs]
        gradients[_CORRELATION] = pt.zeros(())
        if not isinstance(by_scatter.type, DisconnectedType):
            gradients[_COLUMNS] = projected @ (by_scatter + by_scatter.T)
            gradients[_CORRELATION] = (
                gradients[_CORRELATION] + (by_scatter * steep).sum()
            )
        if not isinstance(by_logs.type, DisconnectedType):
            gradients[_CORRELATION] = gradients[_CORRELATION] + by_logs * growth
        return gradients

    def connection_pattern(self, node: Apply[Any]) -> list[list[bool]]:
        pattern = [[False] * 5 for _ in node.inputs]
        pattern[_COLUMNS][0] = pattern[_CORRELATION][0] = pattern[_CORRELATION][1] = (
            True
        )
        return pattern

    def infer_shape(self, node: Apply[Any], shapes: list[Any]) -> list[Any]:
        size = shapes[_COLUMNS][1]
        return [(size, size), (), (size, size), (), shapes[_COLUMNS]]


def about_covariates(
    columns: Any, covariates: Any, correlation: Any, links: Any
) -> tuple[Any, Any]:
    """Return S (D, D) and log |R| + log |W'R⁻¹W| as variables of the graph.

    Parameters
    ----------
    columns : node, shape (n, D)
    covariates : node, shape (n, q)
    correlation : node, scalar
    links : mapping
        `member`, or `gap` and `linked`.
    """
    first, second, in_time = row_correlation.arguments(links)
    operation = AboutCovariates(in_time)
    node = operation.make_node(columns, covariates, correlation, first, second)
    scatter, logs = node.outputs[:2]
    return scatter, logs


@jax_translation(AboutCovariates)
def _jax_about_covariates(op: AboutCovariates, **_: Any) -> Any:
    import jax.numpy as jnp

    return row_correlation.program(jnp, op.in_time)


@numba_translation(AboutCovariates)
def _numba_about_covariates(op: AboutCovariates, **_: Any) -> Any:
    """In loops, which Numba compiles in seconds; products of arrays take a minute and a half."""
    import numba

    @numba.njit(error_model="numpy")
    def equal(whole, correlation, member, size):
        n, k = whole.shape
        single = 1 - correlation
        units = len(size)
        sums = np.zeros((units, k))
        after = np.zeros((units, k))
        subject = np.zeros(n, np.int64)
        determinant = 0.0
        growth = 0.0
        for i in range(units):
            joint = single + size[i] * correlation
            determinant += (size[i] - 1) * np.log(single) + np.log(joint)
            growth += (size[i] - 1) * (1 / joint - 1 / single)
        for t in range(n):
            while member[subject[t], t] == 0:
                subject[t] += 1
            for a in range(k):
                sums[subject[t], a] += whole[t, a]
        solved = np.empty((n, k))
        for t in range(n):
            i = subject[t]
            for a in range(k):
                solved[t, a] = (
                    whole[t, a]
                    - correlation / (single + size[i] * correlation) * sums[i, a]
                ) / single
                after[i, a] += solved[t, a]
        inner, slope = np.zeros((k, k)), np.zeros((k, k))
        for a in range(k):
            for b in range(k):
                for t in range(n):
                    inner[a, b] += whole[t, a] * solved[t, b]
                    slope[a, b] += solved[t, a] * solved[t, b]
                for i in range(units):
                    slope[a, b] -= after[i, a] * after[i, b]
        return inner, slope, solved, determinant, growth

    @numba.njit(error_model="numpy")
    def ar1(whole, correlation, gap, linked):
        n, k = whole.shape
        innovations = np.zeros((n, k))
        steps = np.zeros((n, k))
        solved = np.zeros((n, k))
        determinant = 0.0
        growth = 0.0
        for t in range(n):
            before = linked[t] * correlation ** gap[t]
            change = linked[t] * gap[t] * correlation ** (gap[t] - 1)
            variance = 1 - before**2
            determinant += np.log(variance)
            growth -= 2 * before * change / variance
            for a in range(k):
                last = whole[t - 1, a] if t > 0 else 0.0
                innovations[t, a] = (whole[t, a] - before * last) / np.sqrt(variance)
                steps[t, a] = (
                    before * change / variance * innovations[t, a]
                    - change / np.sqrt(variance) * last
                )
                solved[t, a] += innovations[t, a] / np.sqrt(variance)
                if t > 0:
                    solved[t - 1, a] -= before * innovations[t, a] / np.sqrt(variance)
        inner, slope = np.zeros((k, k)), np.zeros((k, k))
        for a in range(k):
            for b in range(k):
                for t in range(n):
                    inner[a, b] += innovations[t, a] * innovations[t, b]
                    slope[a, b] += (
                        innovations[t, a] * steps[t, b]
                        + steps[t, a] * innovations[t, b]
                    )
        return inner, slope, solved, determinant, growth

    by_rows = ar1 if op.in_time else equal

    @numba.njit(error_model="numpy")
    def reduced(columns, covariates, correlation, first, second):
        n, size, q = len(columns), columns.shape[1], covariates.shape[1]
        whole = np.empty((n, q + size))
        for t in range(n):
            for a in range(q):
                whole[t, a] = covariates[t, a]
            for a in range(size):
                whole[t, q + a] = columns[t, a]
        inner, slope, solved, determinant, growth = by_rows(
            whole, correlation.item(), first, second
        )
        known = np.empty((q, q))
        for a in range(q):
            for b in range(q):
                known[a, b] = inner[a, b]
        inverse = np.linalg.inv(known)
        between = np.zeros((q, size))
        for a in range(q):
            for b in range(q):
                growth += inverse[a, b] * slope[a, b]
                for c in range(size):
                    between[a, c] += inverse[a, b] * inner[b, q + c]
        scatter = np.empty((size, size))
        steep = np.empty((size, size))
        projected = np.empty((n, size))
        for c in range(size):
            for d in range(size):
                scatter[c, d] = inner[q + c, q + d]
                steep[c, d] = slope[q + c, q + d]
                for a in range(q):
                    scatter[c, d] -= between[a, c] * inner[a, q + d]
                    steep[c, d] -= (
                        between[a, c] * slope[a, q + d]
                        + between[a, d] * slope[a, q + c]
                    )
                    for b in range(q):
                        steep[c, d] += between[a, c] * slope[a, b] * between[b, d]
            for t in range(n):
                projected[t, c] = solved[t, q + c]
                for a in range(q):
                    projected[t, c] -= solved[t, a] * between[a, c]
        return (
            scatter,
            np.asarray(determinant + np.linalg.slogdet(known)[1]),
            steep,
            np.asarray(growth),
            projected,
        )

    return reduced, _VERSION
