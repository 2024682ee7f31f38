"""Tensor networks: sums of products of small tables over shared indices, Σ Π_f T_f[scope_f].

A sum is planned once, and then computed for any tables of those shapes. opt_einsum's greedy search
gives the order of contraction. Where a single question is asked of a whole Bayesian network,
`variable_elimination` plans in half that time; this file serves batches of posterior draws, and all
marginals at once.

Indices are integers, and a scope is a tuple of them. A table has an axis for each index of its
scope and, last, one more where it is a batch, so that sums run along contiguous memory for the
whole batch. The marginals come from one pass forward and one backward: T_f ∂Z/∂T_f is the joint
table of the indices of f.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from opt_einsum.paths import ssa_greedy_optimize

from causalstats.numerics.discrete.variable_elimination import small_einsum

Scope = tuple[int, ...]
_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXY"
_BATCH = "Z"


@dataclass(frozen=True)
class TensorProduct:
    """The product of some tables, summed over the indices that the result does not have.

    Attributes
    ----------
    operands : tuple of int
        Positions of the tables.
    scopes : tuple of scopes
        Those of the operands.
    result : scope
    """

    operands: tuple[int, ...]
    scopes: tuple[Scope, ...]
    result: Scope

    @cached_property
    def _formulas(self) -> dict[tuple[bool, ...], str]:
        return {}

    def formula(self, batches: Sequence[bool]) -> str:
        """Return the einsum formula, for operands of which some are batches.

        Examples
        --------
        >>> TensorProduct((0, 1), ((3,), (3, 5)), (5,)).formula([False, True])
        'a,abZ->bZ'
        """
        indices = dict.fromkeys([index for scope in self.scopes for index in scope])
        letter = dict(zip(indices, _LETTERS, strict=False))
        words = ["".join([letter[index] for index in scope]) for scope in self.scopes]
        pairs = zip(words, batches, strict=True)
        operands = ",".join([word + _BATCH if batch else word for word, batch in pairs])
        result = "".join([letter[index] for index in self.result])
        return f"{operands}->{result}{_BATCH if any(batches) else ''}"

    def __call__(
        self, tables: Sequence[Any], einsum: Callable[..., Any] = small_einsum
    ) -> Any:
        pairs = zip(tables, self.scopes, strict=True)
        batches = tuple([table.ndim > len(scope) for table, scope in pairs])
        if batches not in self._formulas:
            self._formulas[batches] = self.formula(batches)
        return einsum(self._formulas[batches], *tables)


@dataclass(frozen=True)
class ContractionPlan:
    """The order in which the tables of some scopes are multiplied.

    Every product is appended to the list of tables.

    Attributes
    ----------
    scopes : tuple of scopes
    products : tuple of TensorProduct
    cost : int
        Multiplications.
    largest, held, answer : int
        Entries of the largest product, of all products together, and of the last.
    sizes : mapping of index to int
    """

    scopes: tuple[Scope, ...]
    products: tuple[TensorProduct, ...]
    cost: int
    largest: int
    held: int
    answer: int
    sizes: Mapping[int, int]

    @cached_property
    def backward(self) -> tuple[tuple[int, TensorProduct], ...]:
        """Pairs of a table's position and the derivative of the result by it, as a product.

        The operands are the derivative of the product that the table is in, and the other factors
        of it. An index that a derivative does not depend on is not among its axes.
        """
        last = len(self.scopes) + len(self.products) - 1
        scopes: dict[int, Scope] = {last: self.products[-1].result}
        derivatives = []
        for position in range(last, len(self.scopes) - 1, -1):
            product = self.products[position - len(self.scopes)]
            for number, operand in enumerate(product.operands):
                others = product.operands[:number] + product.operands[number + 1 :]
                known = product.scopes[:number] + product.scopes[number + 1 :]
                reach = {
                    *scopes[position],
                    *(index for scope in known for index in scope),
                }
                scope = tuple(
                    index for index in product.scopes[number] if index in reach
                )
                scopes[operand] = scope
                factors = (position, *others)
                derivatives.append(
                    (operand, TensorProduct(factors, (scopes[position], *known), scope))
                )
        return tuple(derivatives)

    @cached_property
    def single(self) -> list[tuple[tuple[int, ...], str]]:
        """Operands and formula of each product, for tables none of which is a batch."""
        return [
            (product.operands, product.formula([False] * len(product.operands)))
            for product in self.products
        ]

    @cached_property
    def marginals(self) -> dict[int, TensorProduct]:
        """For each index the product that gives its marginal.

        It multiplies the table with fewest indices that has the index by the derivative by it.
        """
        scopes = {position: product.result for position, product in self.backward}
        smallest: dict[int, int] = {}
        for position, scope in enumerate(self.scopes):
            for index in scope:
                if index not in smallest or len(scope) < len(
                    self.scopes[smallest[index]]
                ):
                    smallest[index] = position
        return {
            index: TensorProduct(
                (position, position),
                (self.scopes[position], scopes[position]),
                (index,),
            )
            for index, position in smallest.items()
        }


def plan(
    scopes: Sequence[Scope], sizes: Mapping[int, int], output: Scope
) -> ContractionPlan:
    """Return how to sum the product of at least one table over all indices but some.

    Parameters
    ----------
    scopes : sequence of scopes
    sizes : mapping of index to int
        How many values each index has.
    output : scope
        The indices of the result, in its order.

    Examples
    --------
    >>> chain = plan([(0, 1), (1, 2)], {0: 2, 1: 3, 2: 4}, (0, 2))
    >>> chain.cost
    24
    >>> forward(chain, [np.ones((2, 3)), np.ones((3, 4))])[-1].shape
    (2, 4)
    """
    path = ssa_greedy_optimize(
        [frozenset(scope) for scope in scopes], frozenset(output), dict(sizes)
    )
    uses: dict[int, int] = dict.fromkeys(output, 1)
    for scope in scopes:
        for index in scope:
            uses[index] = uses.get(index, 0) + 1
    known = list(scopes)
    products: list[TensorProduct] = []
    cost = 0
    for number, operands in enumerate(path):
        factors = tuple([known[position] for position in operands])
        indices = dict.fromkeys([index for scope in factors for index in scope])
        for scope in factors:
            for index in scope:
                uses[index] -= 1
        result = tuple([index for index in indices if uses[index]])
        if number == len(path) - 1:
            result = output
        for index in result:
            uses[index] += 1
        products.append(TensorProduct(tuple(operands), factors, result))
        known.append(result)
        cost += math.prod([sizes[index] for index in indices])
    entries = [
        math.prod([sizes[index] for index in product.result]) for product in products
    ]
    largest, held, answer = max(entries), sum(entries), entries[-1]
    return ContractionPlan(
        tuple(scopes), tuple(products), cost, largest, held, answer, sizes
    )


def forward(
    plan: ContractionPlan,
    tables: Sequence[Any],
    *,
    einsum: Callable[..., Any] = small_einsum,
    rescale: bool = False,
) -> list[Any]:
    """Return the tables, followed by every product in turn.

    Parameters
    ----------
    plan : ContractionPlan
    tables : sequence of arrays
        Their axes are the indices of their scopes and, for a batch, one more at the end.
    einsum : function
        NumPy's, or JAX's.
    rescale : bool
        Divide each product by its maximum: right up to a factor, and never too small to hold.
    """
    values = list(tables)
    pairs = zip(tables, plan.scopes, strict=True)
    if not rescale and all([table.ndim == len(scope) for table, scope in pairs]):
        for operands, formula in plan.single:
            values.append(einsum(formula, *[values[position] for position in operands]))
        return values
    for product in plan.products:
        value = product([values[position] for position in product.operands], einsum)
        values.append(_rescaled(value, len(product.result)) if rescale else value)
    return values


def marginals(
    plan: ContractionPlan,
    values: Sequence[Any],
    indices: Sequence[int],
    *,
    einsum: Callable[..., Any] = small_einsum,
    rescale: bool = False,
) -> dict[int, Any]:
    """Return, for each of some indices, the sum of products over all the others.

    Parameters
    ----------
    plan : ContractionPlan
        With the output ().
    values : sequence of arrays
        As `forward` returns them.
    indices : sequence of int
    einsum : function
    rescale : bool
        As for `forward`.

    Examples
    --------
    >>> chain = plan([(0,), (0, 1)], {0: 2, 1: 2}, ())
    >>> values = forward(chain, [np.array([0.2, 0.8]), np.array([[0.5, 0.5], [0.1, 0.9]])])
    >>> marginals(chain, values, [1])[1].round(2)
    array([0.18, 0.82])
    """
    derivatives: dict[int, Any] = {len(values) - 1: np.ones(())}
    for position, product in plan.backward:
        first, *others = product.operands
        factors = [derivatives[first], *[values[other] for other in others]]
        derivative = product(factors, einsum)
        if rescale:
            derivative = _rescaled(derivative, len(product.result))
        derivatives[position] = derivative
    sums = {}
    for index in indices:
        product = plan.marginals[index]
        table, derivative = product.operands
        sums[index] = product([values[table], derivatives[derivative]], einsum)
    return sums


def _rescaled(value: Any, axes: int) -> Any:
    largest = value.max(axis=tuple(range(axes)), keepdims=True)
    return value / np.where(largest > 0, largest, 1.0)
