"""Evaluation of formulas on a joint distribution, or on a batch of them such as posterior draws.

A probability given an event of probability zero is not a number. Where it meets a factor of zero it
does not matter; elsewhere the answer is NaN, and the empty cells that it needs are named
(positivity).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
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
Partial = Probability | Quotient  # parts of a formula that may be undefined

MAX_CELLS = 50  # named of one part
_SHOWN_CELLS = 5


class Source(Protocol):
    """The observed distribution, or draws of it."""

    def probability(self, outcome: tuple[str, ...], given: tuple[str, ...]) -> Array:
        """Return P(outcome | given), NaN given an event of probability zero.

        Parameters
        ----------
        outcome, given : tuple of str

        Returns
        -------
        array, shape (batch..., levels of outcome..., levels of given...)
        """


@dataclass(frozen=True, eq=False)
class JointTable:
    """A joint distribution of discrete variables, or counts.

    Parameters
    ----------
    variables : tuple of str
    array : array, shape (batch..., levels of each variable...)
        Not negative; need not sum to one.

    Raises
    ------
    ModelError
        If an entry is negative or the array has fewer axes than there are variables.

    Examples
    --------
    >>> JointTable(("x", "y"), [[4, 1], [1, 4]]).probability(("y",), ("x",))
    array([[0.8, 0.2],
           [0.2, 0.8]])
    """

    variables: tuple[str, ...]
    array: Array

    def __post_init__(self) -> None:
        array = arguments.array("the joint distribution", self.array)
        object.__setattr__(
            self, "variables", arguments.names("variables", self.variables)
        )
        if array.ndim < len(self.variables) or not np.all(array >= 0):
            raise ModelError(
                f"Expected non-negative numbers with an axis for each of {list(self.variables)}; "
                f"got shape {array.shape}."
            )
        object.__setattr__(self, "array", array)

    @property
    def batch_shape(self) -> tuple[int, ...]:
        """The shape of the axes before those of the variables."""
        return self.array.shape[: self.array.ndim - len(self.variables)]

    @property
    def level_counts(self) -> dict[str, int]:
        """The number of levels of each variable."""
        shape = self.array.shape[len(self.batch_shape) :]
        return dict(zip(self.variables, shape, strict=True))

    def probability(self, outcome: tuple[str, ...], given: tuple[str, ...]) -> Array:
        """Return P(outcome | given), NaN given an event of probability zero.

        Parameters
        ----------
        outcome, given : tuple of str

        Returns
        -------
        array, shape (batch..., levels of outcome..., levels of given...)

        Raises
        ------
        ModelError
            If a variable is not in the table.

        Examples
        --------
        >>> JointTable(("x", "y"), [[4, 1], [1, 4]]).probability(("x",), ())
        array([0.5, 0.5])
        """
        if unknown := set(outcome + given).difference(self.variables):
            raise ModelError(
                f"Expected variables of the table, {list(self.variables)}; got {sorted(unknown)}."
            )
        batch = len(self.batch_shape)
        kept = [batch + self.variables.index(name) for name in outcome + given]
        joint = np.einsum(self.array, [*range(self.array.ndim)], [*range(batch), *kept])
        total = joint.sum(axis=tuple(range(batch, batch + len(outcome))), keepdims=True)
        return np.divide(joint, total, out=np.full_like(joint, np.nan), where=total > 0)


@dataclass(frozen=True, eq=False)
class Aliased:
    """A source in which some variables have another name as well.

    Parameters
    ----------
    source : Source
    names : mapping of str to str
        From the other name to that in the source.
    """

    source: Source
    names: Mapping[str, str]

    def probability(self, outcome: tuple[str, ...], given: tuple[str, ...]) -> Array:
        """Return P(outcome | given); see `Source.probability`."""
        original = [
            tuple(self.names.get(name, name) for name in side)
            for side in (outcome, given)
        ]
        return self.source.probability(*original)


@dataclass(frozen=True)
class Missing:
    """Empty cells that an answer needs.

    Parameters
    ----------
    part : Probability or Quotient
        A conditional given cells of probability zero, or a quotient with a zero denominator.
    variables : tuple of str
    cells : tuple of tuples of int
        The levels of the variables by number.
    """

    part: Partial
    variables: tuple[str, ...]
    cells: tuple[tuple[int, ...], ...]

    def text(self, levels: Mapping[str, Sequence[Any]] | None = None) -> str:
        """Return the sentence that names the cells.

        Parameters
        ----------
        levels : mapping of str to list, optional
            The names of the levels; numbers are written without it.

        Returns
        -------
        str
        """
        cells = []
        for cell in self.cells[:_SHOWN_CELLS]:
            places = zip(self.variables, cell, strict=True)
            named = (
                f"{name}={levels[name][at] if levels else at}" for name, at in places
            )
            cells.append(", ".join(named))
        hidden = len(self.cells) - _SHOWN_CELLS
        where = "; ".join(cells) + f" and {hidden} more" * (hidden > 0)
        if isinstance(self.part, Probability):
            return f"{self.part} is needed at {where}, which never occurs"
        return f"{self.part.denominator} is zero at {where}"

    def __str__(self) -> str:
        return self.text()


@dataclass(frozen=True, eq=False)
class Evaluation:
    """The values of a formula, and the empty cells that it needs.

    Parameters
    ----------
    values : array, shape (batch..., levels of each of `axes`...)
        NaN where the formula is not defined.
    axes : tuple of str
    missing : tuple of Missing
    """

    values: Array
    axes: tuple[str, ...]
    missing: tuple[Missing, ...] = ()


def evaluate(
    expression: Expression,
    source: Source,
    axes: Sequence[str],
    averaged: Sequence[str] = (),
) -> Evaluation:
    """Return the value of a formula at all levels of `axes`, for every distribution of a source.

    Parameters
    ----------
    expression : Expression
    source : Source
    axes : list of str
        The variables of the axes, in order.
    averaged : list of str
        Variables that the formula depends on although their value does not matter: averaged over,
        by their probability, where the formula is defined.

    Returns
    -------
    Evaluation

    Raises
    ------
    ModelError
        If the formula depends on a variable that is in neither list.
    """
    if missing_axes := expression.free.difference(axes, averaged):
        raise ModelError(
            f"Expected an axis for every variable of {expression}; {sorted(missing_axes)} have "
            "none."
        )
    table = _evaluated(expression, source, _unchanged)
    if irrelevant := tuple(name for name in table.names if name in averaged):
        weights = _evaluated(Probability(irrelevant), source, _unchanged)
        table = _average(table, weights)
    missing = _missing(expression, source, table.undefined)
    return Evaluation(_with_axes(table, source, axes), tuple(axes), missing)


@dataclass(frozen=True, eq=False)
class _PartialTable:
    """A table some of whose values may be undefined.

    Parameters
    ----------
    names : tuple of str
    values : array, shape (batch, levels of each of `names`...)
        0 where undefined.
    undefined : array of bool or None
        None where all are numbers.
    """

    names: tuple[str, ...]
    values: Array
    undefined: Array | None = None


Treatment = Callable[[Partial, _PartialTable], _PartialTable]
"""The treatment of values of a part that may be undefined."""


def _unchanged(part: Partial, table: _PartialTable) -> _PartialTable:
    return table


def _masked(
    names: tuple[str, ...],
    values: Array,
    undefined: Array,
) -> _PartialTable:
    """A table with zeros in place of undefined values."""
    if not undefined.any():
        return _PartialTable(names, values)
    return _PartialTable(names, np.where(undefined, 0.0, values), undefined)


def _with_axes(
    table: _PartialTable,
    source: Source,
    axes: Sequence[str],
) -> Array:
    """The values with these axes in order, NaN where undefined, broadcast to all levels."""
    levels = {name: source.probability((name,), ()).shape[-1] for name in axes}
    values = table.values
    if table.undefined is not None:
        values = np.where(table.undefined, np.nan, values)
    order = [1 + table.names.index(name) for name in axes if name in table.names]
    shape = [levels[name] if name in table.names else 1 for name in axes]
    values = values.transpose(0, *order).reshape(-1, *shape)
    batch = source.probability((axes[0],), ()).shape[:-1]
    full = np.broadcast_to(values, (len(values), *levels.values()))
    return full.reshape(*batch, *levels.values())


def _evaluated(
    expression: Expression,
    source: Source,
    treat: Treatment,
) -> _PartialTable:
    """The table of a formula.

    Parameters
    ----------
    expression : Expression
    source : Source
    treat : Treatment
    """

    def tables(factors: Sequence[Expression]) -> list[_PartialTable]:
        return [_evaluated(factor, source, treat) for factor in factors]

    match expression:
        case Probability(outcome, given):
            values = source.probability(outcome, given)
            values = values.reshape(
                -1, *values.shape[values.ndim - len(outcome + given) :]
            )
            return treat(expression, _masked(outcome + given, values, np.isnan(values)))
        case Product(factors):
            return _contracted(tables(factors), ())
        case Sum(over, Product(factors)):
            return _contracted(tables(factors), over)
        case Sum(over, summand):
            return _contracted(tables([summand]), over)
        case Quotient(numerator, denominator):
            above, below = tables([numerator, denominator])
            return treat(expression, _divided(above, below))


def _contracted(
    tables: Sequence[_PartialTable], over: tuple[str, ...]
) -> _PartialTable:
    """The product of some tables, summed over some variables.

    An undefined value counts where no other factor is zero: there, the contraction of "perhaps not
    zero" exceeds that of "surely not zero".
    """
    names = tuple(
        dict.fromkeys(
            name for table in tables for name in table.names if name not in over
        )
    )
    number = {name: axis for axis, name in enumerate((*names, *over), start=1)}
    inputs = [[0, *(number[name] for name in table.names)] for table in tables]
    output = [0, *(number[name] for name in names)]

    def contract(arrays: Sequence[Array]) -> Array:
        pairs = zip(arrays, inputs, strict=True)
        operands = [part for pair in pairs for part in pair]
        return opt_einsum.contract(*operands, output)

    values = contract([table.values for table in tables])
    if all(table.undefined is None for table in tables):
        return _PartialTable(names, values)
    surely = [(table.values != 0).astype(float) for table in tables]
    perhaps = [
        sure if table.undefined is None else np.maximum(sure, table.undefined)
        for table, sure in zip(tables, surely, strict=True)
    ]
    return _masked(names, values, contract(perhaps) - contract(surely) > 0.5)


def _divided(above: _PartialTable, below: _PartialTable) -> _PartialTable:
    names = tuple(dict.fromkeys(above.names + below.names))
    numerator = _spread(above.values, above.names, names)
    denominator = _spread(below.values, below.names, names)
    undefined = denominator == 0
    for table in (above, below):
        if table.undefined is not None:
            undefined = undefined | _spread(table.undefined, table.names, names)
    numerator, denominator, undefined = np.broadcast_arrays(
        numerator, denominator, undefined
    )
    values = np.divide(
        numerator, denominator, out=np.zeros_like(numerator), where=~undefined
    )
    return _masked(names, values, undefined)


def _spread(
    array: Array,
    names: tuple[str, ...],
    target: tuple[str, ...],
) -> Array:
    """The axes of `names` in the order of `target`, of length one for those it lacks.

    Parameters
    ----------
    array : array, shape (batch, levels of each of `names`...)
    names, target : tuple of str
    """
    order = [name for name in target if name in names]
    array = array.transpose(0, *(1 + names.index(name) for name in order))
    lengths = dict(zip(order, array.shape[1:], strict=True))
    return array.reshape(len(array), *(lengths.get(name, 1) for name in target))


def _average(table: _PartialTable, weights: _PartialTable) -> _PartialTable:
    """Average over the variables of the weights, leaving out where the table is undefined."""
    weight = _spread(weights.values, weights.names, table.names)
    weight = np.broadcast_to(weight, table.values.shape)
    if table.undefined is not None:
        weight = weight * ~table.undefined
    axes = tuple(1 + table.names.index(name) for name in weights.names)
    total = weight.sum(axis=axes)
    above = (weight * table.values).sum(axis=axes)
    values = np.divide(above, total, out=np.zeros_like(above), where=total != 0)
    names = tuple(name for name in table.names if name not in weights.names)
    return _masked(names, values, total == 0)


def _missing(
    expression: Expression,
    source: Source,
    undefined: Array | None,
) -> tuple[Missing, ...]:
    """The empty cells without which, all others being given, the answer is not defined.

    They are those of the first distribution in which it is not.

    Parameters
    ----------
    expression : Expression
    source : Source
    undefined : array of bool, or None
        Where the answer is not defined.
    """
    if undefined is None:
        return ()
    draw = int(undefined.reshape(len(undefined), -1).any(axis=1).argmax())
    suspects: dict[Partial, Missing] = {}

    def collect(part: Partial, table: _PartialTable) -> _PartialTable:
        if table.undefined is not None and table.undefined[draw].any():
            suspects[part] = _undefined_cells(part, table, table.undefined[draw])
        return _filled(part, table)

    _evaluated(expression, source, collect)
    missing = []
    for part, suspect in suspects.items():
        cells = [
            cell
            for cell in suspect.cells
            if _needs(expression, source, part, cell, draw)
        ]
        if cells:
            missing.append(replace(suspect, cells=tuple(cells)))
    return tuple(missing)


def _undefined_cells(
    part: Partial,
    table: _PartialTable,
    undefined: Array,
) -> Missing:
    """The cells in which a part is undefined, of one distribution.

    Parameters
    ----------
    part : Probability or Quotient
    table : _PartialTable
    undefined : array of bool, shape (levels...)
    """
    names = table.names
    if isinstance(part, Probability):
        undefined = undefined.any(axis=tuple(range(len(part.outcome))))
        names = part.given
    cells = np.argwhere(undefined)[:MAX_CELLS]
    return Missing(part, names, tuple(tuple(map(int, cell)) for cell in cells))


def _filled(part: Partial, table: _PartialTable) -> _PartialTable:
    """The table with uniform probabilities, or ones, in the place of what is undefined."""
    if table.undefined is None:
        return table
    levels = 1.0
    if isinstance(part, Probability):
        levels = np.prod(table.values.shape[1 : 1 + len(part.outcome)])
    values = np.where(table.undefined, 1.0 / levels, table.values)
    return _PartialTable(table.names, values)


def _needs(
    expression: Expression,
    source: Source,
    suspect: Partial,
    cell: tuple[int, ...],
    draw: int,
) -> bool:
    """Whether the answer is undefined where nothing but one cell of one part is.

    Parameters
    ----------
    expression : Expression
    source : Source
    suspect : Probability or Quotient
    cell : tuple of int
    draw : int
        The distribution of the batch.
    """

    def undefined_in_cell(part: Partial, table: _PartialTable) -> _PartialTable:
        filled = _filled(part, table)
        if part != suspect or table.undefined is None:
            return filled
        here = np.zeros_like(table.undefined)
        index: tuple[Any, ...] = (..., *cell)
        here[index] = True
        return _PartialTable(table.names, np.where(here, 0.0, filled.values), here)

    table = _evaluated(expression, source, undefined_in_cell)
    return table.undefined is not None and bool(table.undefined[draw].any())
