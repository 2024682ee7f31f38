"""Sums of products of small tables over shared indices: Σ Π_f T_f[scope_f], planned once and run on any tables of those shapes.

Indices are integers and a scope is a tuple of them. A table has one axis an index of its scope and, last, one more where it is a batch: sums then run along
contiguous memory for all of the batch at once. Marginals come from one pass forth and one back: T_f ∂Z/∂T_f is the joint table of the indices of f.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from opt_einsum.paths import ssa_greedy_optimize

from causalstats.numerics.discrete.variable_elimination import small_einsum

Scope = tuple[int, ...]
_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXY"
_BATCH = "Z"
_SMALL, _TOGETHER = (
    256,
    3,
)  # entries of a product, and tables, that are multiplied in one go: a call costs more than they do
_CHEAP = (
    10**6
)  # products below which a second search for a cheaper order would take longer than it saves


@dataclass(frozen=True)
class Product:
    """Σ of the product of some tables, over the indices that the result has not."""

    operands: tuple[int, ...]
    scopes: tuple[Scope, ...]
    result: Scope

    @cached_property
    def _formulas(self) -> dict[tuple[bool, ...], str]:
        return {}

    def formula(self, batches: Sequence[bool]) -> str:
        """The einsum formula, for operands some of which are batches."""
        letter = dict(
            zip(
                dict.fromkeys([index for scope in self.scopes for index in scope]),
                _LETTERS,
                strict=False,
            )
        )
        words = ["".join([letter[index] for index in scope]) for scope in self.scopes]
        given = ",".join(
            [word + _BATCH if batch else word for word, batch in zip(words, batches, strict=True)]
        )
        return f"{given}->{''.join([letter[index] for index in self.result])}{_BATCH if any(batches) else ''}"

    def __call__(self, tables: Sequence[Any], einsum: Callable[..., Any] = small_einsum) -> Any:
        batches = tuple(
            [table.ndim > len(scope) for table, scope in zip(tables, self.scopes, strict=True)]
        )
        if batches not in self._formulas:
            self._formulas[batches] = self.formula(batches)
        return einsum(self._formulas[batches], *tables)


@dataclass(frozen=True)
class Plan:
    """In which order to multiply the tables of `scopes`; every product goes to the end of the list of tables."""

    scopes: tuple[Scope, ...]
    products: tuple[Product, ...]
    cost: int  # multiplications
    largest: int  # entries of the largest table on the way
    held: int  # entries of all tables on the way
    answer: int  # entries of the last
    sizes: Mapping[int, int]

    @cached_property
    def backward(self) -> tuple[tuple[int, Product], ...]:
        """How the derivatives of the result follow from each other: pairs of a table's place and its derivative as a product.

        Operands are (derivative of the product, the other factors). An index that a derivative does not depend on is not among its axes.
        """
        last = len(self.scopes) + len(self.products) - 1
        scopes: dict[int, Scope] = {last: self.products[-1].result}
        steps = []
        for place, product in zip(range(last, -1, -1), reversed(self.products), strict=False):
            for own, operand in enumerate(product.operands):
                others, known = (
                    product.operands[:own] + product.operands[own + 1 :],
                    product.scopes[:own] + product.scopes[own + 1 :],
                )
                reach = {*scopes[place], *(index for scope in known for index in scope)}
                scopes[operand] = tuple(index for index in product.scopes[own] if index in reach)
                steps.append(
                    (operand, Product((place, *others), (scopes[place], *known), scopes[operand]))
                )
        return tuple(steps)

    @cached_property
    def single(self) -> list[tuple[tuple[int, ...], str]]:
        """Operands and formula of each product, for tables none of which is a batch."""
        return [
            (product.operands, product.formula([False] * len(product.operands)))
            for product in self.products
        ]

    @cached_property
    def marginals(self) -> dict[int, Product]:
        """For each index, how its marginal comes from the table with fewest indices that has it, and from the derivative by that table."""
        scopes = {place: step.result for place, step in self.backward}
        smallest: dict[int, int] = {}
        for place, scope in enumerate(self.scopes):
            for index in scope:
                if index not in smallest or len(scope) < len(self.scopes[smallest[index]]):
                    smallest[index] = place
        return {
            index: Product((place, place), (self.scopes[place], scopes[place]), (index,))
            for index, place in smallest.items()
        }


def elimination_order(
    scopes: Sequence[Collection[int]], sizes: Mapping[int, int], output: Collection[int]
) -> list[tuple[int, ...]]:
    """The path that always sums next over the index whose tables have the smallest product; results are numbered on from the last table."""
    tables = {place: frozenset(scope) for place, scope in enumerate(scopes)}
    holders: dict[int, set[int]] = {}
    for place, scope in tables.items():
        for index in scope:
            holders.setdefault(index, set()).add(place)

    def cost(index: int) -> int:
        return math.prod(
            [
                sizes[other]
                for other in frozenset().union(*[tables[place] for place in holders[index]])
            ]
        )

    costs = {index: cost(index) for index in holders if index not in output}
    path: list[tuple[int, ...]] = []
    while costs:
        index = min(costs, key=costs.__getitem__)
        small = costs.pop(index) <= _SMALL
        bucket = sorted(holders[index], key=lambda place: len(tables[place]))
        scope = frozenset().union(*[tables[place] for place in bucket]) - {index}
        for place in bucket:
            for other in tables.pop(place):
                holders[other].discard(place)
        final = _multiply(bucket, small, len(scopes) + len(path), path)
        tables[final] = scope
        for other in scope:
            holders[other].add(final)
        for other in scope & costs.keys():
            costs[other] = cost(other)
    if len(tables) > 1 or not path:
        _multiply(
            sorted(tables, key=lambda place: len(tables[place])),
            False,
            len(scopes) + len(path),
            path,
        )
    return path


def _multiply(places: list[int], small: bool, new: int, path: list[tuple[int, ...]]) -> int:
    """Append the product of some places, together if it is small, else one after the other, and return the place of the result."""
    if len(places) == 1 or (small and len(places) <= _TOGETHER):
        path.append(tuple(places))
        return new
    current = places[0]
    for place in places[1:]:
        path.append((current, place))
        current, new = new, new + 1
    return current


def plan(scopes: Sequence[Scope], sizes: Mapping[int, int], output: Scope) -> Plan:
    """How to compute the sum of products of at least one table over all indices but `output`, whose order the result has."""
    found = _products(scopes, sizes, output, elimination_order(scopes, sizes, output))
    if found.cost > _CHEAP:
        other = _products(
            scopes,
            sizes,
            output,
            ssa_greedy_optimize(
                [frozenset(scope) for scope in scopes], frozenset(output), dict(sizes)
            ),
        )
        found = min(found, other, key=lambda plan: plan.cost)
    return found


def _products(
    scopes: Sequence[Scope],
    sizes: Mapping[int, int],
    output: Scope,
    path: Sequence[tuple[int, ...]],
) -> Plan:
    uses: dict[int, int] = dict.fromkeys(output, 1)
    for scope in scopes:
        for index in scope:
            uses[index] = uses.get(index, 0) + 1
    all_scopes, products, cost, entries = list(scopes), [], 0, list[int]()
    for number, operands in enumerate(path):
        taken = tuple([all_scopes[place] for place in operands])
        indices = dict.fromkeys([index for scope in taken for index in scope])
        for scope in taken:
            for index in scope:
                uses[index] -= 1
        result = (
            output
            if number == len(path) - 1
            else tuple([index for index in indices if uses[index]])
        )
        for index in result:
            uses[index] += 1
        products.append(Product(operands, taken, result))
        all_scopes.append(result)
        cost += math.prod([sizes[index] for index in indices])
        entries.append(math.prod([sizes[index] for index in result]))
    return Plan(
        tuple(scopes), tuple(products), cost, max(entries), sum(entries), entries[-1], sizes
    )


def forward(
    plan: Plan,
    tables: Sequence[Any],
    *,
    einsum: Callable[..., Any] = small_einsum,
    rescale: bool = False,
) -> list[Any]:
    """The tables and every product in turn. `rescale` divides each product by its maximum: right up to a factor, and never too small to hold."""
    values = list(tables)
    if not rescale and all(
        [table.ndim == len(scope) for table, scope in zip(tables, plan.scopes, strict=True)]
    ):
        for operands, formula in plan.single:
            values.append(einsum(formula, *[values[place] for place in operands]))
        return values
    for product in plan.products:
        value = product([values[place] for place in product.operands], einsum)
        values.append(_rescaled(value, len(product.result)) if rescale else value)
    return values


def marginals(
    plan: Plan,
    values: Sequence[Any],
    indices: Sequence[int],
    *,
    einsum: Callable[..., Any] = small_einsum,
    rescale: bool = False,
) -> dict[int, Any]:
    """The sum of products over all indices but one, for each of some, from what `forward` gives of a plan whose output is ()."""
    slopes: dict[int, Any] = {len(values) - 1: np.ones(())}
    for place, step in plan.backward:
        slope = step(
            [slopes[step.operands[0]], *[values[other] for other in step.operands[1:]]], einsum
        )
        slopes[place] = _rescaled(slope, len(step.result)) if rescale else slope
    chosen = {index: plan.marginals[index] for index in indices}
    return {
        index: product([values[product.operands[0]], slopes[product.operands[1]]], einsum)
        for index, product in chosen.items()
    }


def _rescaled(value: Any, axes: int) -> Any:
    top = value.max(axis=tuple(range(axes)), keepdims=True)
    return value / np.where(top > 0, top, 1.0)
