"""Expressions as numbers: on one joint distribution, or on a batch of them at once, with the cells that an answer needs and does not find.

A probability given what never happens is not a number. Where it meets a factor of zero it does not matter; where it does not, the answer is NaN, and the
cells are named.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import opt_einsum

from causalstats.diagrams.core import arguments
from causalstats.diagrams.identification.expression import (
    Expression,
    Probability,
    Product,
    Quotient,
    Sum,
)
from causalstats.errors import ModelError

Array = np.ndarray
MOST_CELLS = 50  # named of one part


class Source(Protocol):
    """What knows the observed distribution, or draws of it."""

    def probability(self, of: tuple[str, ...], given: tuple[str, ...]) -> Array:
        """P(of | given), axes (batch..., levels of `of`..., levels of `given`...); NaN given what has probability zero."""


@dataclass(frozen=True, eq=False)
class JointTable:
    """A joint distribution of discrete variables, or of counts: axes (batch..., levels of each variable...); need not sum to one."""

    variables: tuple[str, ...]
    array: Array

    def __post_init__(self) -> None:
        array = arguments.array("the joint distribution", self.array)
        object.__setattr__(self, "variables", arguments.names("variables", self.variables))
        if array.ndim < len(self.variables) or not np.all(array >= 0):
            raise ModelError(
                f"Expected non-negative numbers with an axis for each of {list(self.variables)}; got shape {array.shape}."
            )
        object.__setattr__(self, "array", array)

    def probability(self, of: tuple[str, ...], given: tuple[str, ...]) -> Array:
        if unknown := set(of + given) - set(self.variables):
            raise ModelError(
                f"Expected variables of the table, {list(self.variables)}; got {sorted(unknown)}."
            )
        batch = self.array.ndim - len(self.variables)
        axes = [*range(batch), *(batch + self.variables.index(name) for name in of + given)]
        joint = np.einsum(self.array, [*range(self.array.ndim)], axes)
        total = joint.sum(axis=tuple(range(batch, batch + len(of))), keepdims=True)
        return np.divide(joint, total, out=np.full_like(joint, np.nan), where=total > 0)


@dataclass(frozen=True)
class Missing:
    """What an answer needs and cannot have: a conditional given cells of probability zero, or a quotient whose denominator is zero there."""

    part: Probability | Quotient
    variables: tuple[str, ...]
    cells: tuple[tuple[int, ...], ...]

    def text(self, levels: Mapping[str, Sequence[Any]] | None = None) -> str:
        """With the names of levels where they are given, else by their numbers."""
        named = [
            [
                f"{name}={levels[name][level] if levels else level}"
                for name, level in zip(self.variables, cell, strict=True)
            ]
            for cell in self.cells[:5]
        ]
        where = "; ".join(
            ", ".join(cell) for cell in named
        ) + f" and {len(self.cells) - 5} more" * (len(self.cells) > 5)
        if isinstance(self.part, Probability):
            return f"{self.part} is needed at {where}, which never occurs"
        return f"{self.part.denominator} is zero at {where}"

    def __str__(self) -> str:
        return self.text()


@dataclass(frozen=True, eq=False)
class Evaluation:
    """The values of an expression, axes (batch..., levels of each of `axes`...), NaN where it is not defined, and what was missing there."""

    values: Array
    axes: tuple[str, ...]
    missing: tuple[Missing, ...] = ()


def evaluate(
    expression: Expression, source: Source, axes: Sequence[str], anywhere: Sequence[str] = ()
) -> Evaluation:
    """The expression at all levels of `axes`, in their order, for every distribution of the source.

    Parameters
    ----------
    anywhere : variables that it depends on and whose value does not matter: averaged over, by their probability, where it is defined.

    Raises
    ------
    ModelError
        It depends on a variable that is in neither.
    """
    if unasked := expression.free.difference(axes, anywhere):
        raise ModelError(
            f"Expected an axis for every variable of {expression}; {sorted(unasked)} have none."
        )
    table = _evaluate(expression, source, _as_found)
    if here := [name for name in table.names if name in anywhere]:
        table = _averaged(table, _evaluate(Probability(tuple(here)), source, _as_found))
    missing = () if table.undefined is None else _missing(expression, source, table.undefined)
    values = (
        table.values if table.undefined is None else np.where(table.undefined, np.nan, table.values)
    )
    levels = {name: source.probability((name,), ()).shape[-1] for name in axes}
    shape = [levels[name] if name in table.names else 1 for name in axes]
    values = values.transpose(
        0, *(1 + table.names.index(name) for name in axes if name in table.names)
    ).reshape(-1, *shape)
    batch = source.probability((axes[0],), ()).shape[:-1]
    return Evaluation(
        np.broadcast_to(values, (len(values), *levels.values())).reshape(*batch, *levels.values()),
        tuple(axes),
        missing,
    )


@dataclass(frozen=True, eq=False)
class _Table:
    """Values over (batch, levels of `names`...); `undefined` marks those that are no numbers, whose value is then 0; None where all are."""

    names: tuple[str, ...]
    values: Array
    undefined: Array | None = None


Reading = Callable[
    [Probability | Quotient, _Table], _Table
]  # what to make of values that may be undefined


def _as_found(part: Probability | Quotient, table: _Table) -> _Table:
    return table


def _evaluate(expression: Expression, source: Source, reading: Reading) -> _Table:
    match expression:
        case Probability(of, given):
            values = source.probability(of, given)
            values = values.reshape(-1, *values.shape[values.ndim - len(of + given) :])
            undefined = np.isnan(values)
            found = (
                _Table(of + given, np.where(undefined, 0.0, values), undefined)
                if undefined.any()
                else _Table(of + given, values)
            )
            return reading(expression, found)
        case Product(factors):
            return _contracted([_evaluate(factor, source, reading) for factor in factors], ())
        case Sum(over, Product(factors)):
            return _contracted([_evaluate(factor, source, reading) for factor in factors], over)
        case Sum(over, summand):
            return _contracted([_evaluate(summand, source, reading)], over)
        case Quotient(numerator, denominator):
            return reading(
                expression,
                _divided(
                    _evaluate(numerator, source, reading), _evaluate(denominator, source, reading)
                ),
            )


def _contracted(tables: list[_Table], over: tuple[str, ...]) -> _Table:
    """The product, summed. What is undefined counts where no other factor is zero: there the product of what may be non-zero exceeds that of what surely is."""
    names = tuple(
        dict.fromkeys(name for table in tables for name in table.names if name not in over)
    )

    def contract(arrays: list[Array]) -> Array:
        number = {name: place for place, name in enumerate((*names, *over), start=1)}
        operands = [
            part
            for table, array in zip(tables, arrays, strict=True)
            for part in (array, [0, *(number[name] for name in table.names)])
        ]
        return opt_einsum.contract(*operands, [0, *(number[name] for name in names)])

    values = contract([table.values for table in tables])
    if all(table.undefined is None for table in tables):
        return _Table(names, values)
    surely = [(table.values != 0).astype(float) for table in tables]
    perhaps = [
        sure if table.undefined is None else np.maximum(sure, table.undefined)
        for table, sure in zip(tables, surely, strict=True)
    ]
    undefined = contract(perhaps) - contract(surely) > 0.5
    return (
        _Table(names, np.where(undefined, 0.0, values), undefined)
        if undefined.any()
        else _Table(names, values)
    )


def _divided(above: _Table, below: _Table) -> _Table:
    names = tuple(dict.fromkeys(above.names + below.names))
    numerator, denominator = (_spread(table.values, table.names, names) for table in (above, below))
    undefined = denominator == 0
    for table in (above, below):
        if table.undefined is not None:
            undefined = undefined | _spread(table.undefined, table.names, names)
    numerator, denominator, undefined = np.broadcast_arrays(numerator, denominator, undefined)
    values = np.divide(numerator, denominator, out=np.zeros_like(numerator), where=~undefined)
    return _Table(names, values, undefined if undefined.any() else None)


def _spread(array: Array, names: tuple[str, ...], target: tuple[str, ...]) -> Array:
    """The axes of `names` in the order of `target`, length one for those that it lacks."""
    order = [name for name in target if name in names]
    array = array.transpose(0, *(1 + names.index(name) for name in order))
    lengths = iter(array.shape[1:])
    return array.reshape(len(array), *(next(lengths) if name in names else 1 for name in target))


def _averaged(table: _Table, weights: _Table) -> _Table:
    """Over the variables of the weights, leaving out where the table is not defined."""
    weight = _spread(weights.values, weights.names, table.names)
    weight = np.broadcast_to(weight, table.values.shape) * (
        1.0 if table.undefined is None else ~table.undefined
    )
    axes = tuple(1 + table.names.index(name) for name in weights.names)
    total, above = weight.sum(axis=axes), (weight * table.values).sum(axis=axes)
    undefined = total == 0
    values = np.divide(above, total, out=np.zeros_like(above), where=~undefined)
    return _Table(
        tuple(name for name in table.names if name not in weights.names),
        values,
        undefined if undefined.any() else None,
    )


def _missing(expression: Expression, source: Source, undefined: Array) -> tuple[Missing, ...]:
    """Cells without which, all others being given, the answer is not defined; for the first distribution in which it is not."""
    worst = int(undefined.reshape(len(undefined), -1).any(axis=1).argmax())
    suspects: dict[Probability | Quotient, tuple[tuple[str, ...], Array]] = {}

    def collect(part: Probability | Quotient, table: _Table) -> _Table:
        if table.undefined is not None and table.undefined[worst].any():
            where = table.undefined[worst]
            if isinstance(part, Probability):
                where = where.any(axis=tuple(range(len(part.of))))
            suspects[part] = (
                part.given if isinstance(part, Probability) else table.names,
                np.argwhere(where)[:MOST_CELLS],
            )
        return _filled(part, table)

    _evaluate(expression, source, collect)
    found = [
        (
            part,
            names,
            [
                tuple(map(int, cell))
                for cell in cells
                if _needs(expression, source, part, cell, worst)
            ],
        )
        for part, (names, cells) in suspects.items()
    ]
    return tuple(Missing(part, names, tuple(cells)) for part, names, cells in found if cells)


def _filled(part: Probability | Quotient, table: _Table) -> _Table:
    """With some number in the place of what is undefined."""
    if table.undefined is None:
        return table
    levels = (
        np.prod(table.values.shape[1 : 1 + len(part.of)]) if isinstance(part, Probability) else 1.0
    )
    return _Table(table.names, np.where(table.undefined, 1.0 / levels, table.values))


def _needs(
    expression: Expression,
    source: Source,
    suspect: Probability | Quotient,
    cell: Array,
    distribution: int,
) -> bool:
    """Whether the answer is undefined where nothing but one cell of one part is."""

    def only(part: Probability | Quotient, table: _Table) -> _Table:
        filled = _filled(part, table)
        if part != suspect or table.undefined is None:
            return filled
        here = np.zeros_like(table.undefined)
        here[
            (
                slice(None),
                *([slice(None)] * len(part.of) if isinstance(part, Probability) else []),
                *cell,
            )
        ] = True
        return _Table(table.names, np.where(here, 0.0, filled.values), here)

    found = _evaluate(expression, source, only)
    return found.undefined is not None and bool(found.undefined[distribution].any())
