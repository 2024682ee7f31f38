"""What the boxes of a diagram do, as tables: checked against each other and against the levels of the wires."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from math import prod
from typing import Any

import numpy as np

from causalstats.diagrams.core import arguments
from causalstats.diagrams.core.hypergraph import Box, Hypergraph, Wire
from causalstats.errors import ModelError
from causalstats.numerics.discrete.variable_elimination import whole_order

_LARGE = 10**6  # entries of a table: sums over larger ones deserve an order of their own
_ROUNDING = 1e-6  # how far from 1 the sum of probabilities may be


@dataclass(frozen=True, eq=False)
class Tables:
    """What the boxes of a diagram mean, ready to be contracted.

    `arrays` has the table of each box, by its name and kind, with the axes of its inputs and outputs and, where it is a batch, one more at the end for all of
    `batch`; `sizes` the number of levels of each wire. `kept` is for what is worked out once for questions of one form.
    """

    diagram: Hypergraph
    arrays: Mapping[tuple[str, str], np.ndarray]
    sizes: Mapping[int, int]
    batch: tuple[int, ...]
    kept: dict[Any, Any] = field(default_factory=dict)

    @cached_property
    def makers(self) -> dict[int, Box]:
        """The box that makes each wire."""
        return {wire: box for box in self.diagram.boxes for wire in box.outputs}

    @cached_property
    def positive(self) -> dict[tuple[str, str], bool]:
        """Of each table whether nothing in it is impossible."""
        return {key: bool((array > 0).all()) for key, array in self.arrays.items()}

    @cached_property
    def order(self) -> dict[int, int] | None:
        """Where each wire comes in an order of summation that does for every question; None if tables on the way are too large for that."""
        return whole_order([scope_of(box) for box in self.diagram.boxes], self.sizes, _LARGE)

    @cached_property
    def set_by_boxes(self) -> dict[int, int]:
        """The level of every wire that a point state sets."""
        return {
            box.outputs[0]: level_position(self.diagram.wires[box.outputs[0]], box.value)
            for box in self.diagram.boxes
            if box.kind == "point"
        }

    @cached_property
    def seen_by_boxes(self) -> list[tuple[int, int]]:
        """Wires and the level that an observation in the diagram says they have; of a wire there may be several."""
        return [
            (box.inputs[0], level_position(self.diagram.wires[box.inputs[0]], box.value))
            for box in self.diagram.boxes
            if box.kind == "observation"
        ]

    def table(self, box: Box) -> np.ndarray:
        """The table of a box as a view with axes (batch..., inputs..., outputs...)."""
        array, arity = self.arrays[box.name, box.kind], len(scope_of(box))
        return (
            array
            if array.ndim == arity
            else np.moveaxis(array, -1, 0).reshape(*self.batch, *array.shape[:arity])
        )

    def batch_first(self, result: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
        """A result with its batch, if it has one, last, as an array (batch..., *shape)."""
        if not self.batch:
            return result
        if result.ndim == len(shape):
            result = np.broadcast_to(result[..., None], (*shape, prod(self.batch)))
        return np.moveaxis(result, -1, 0).reshape(*self.batch, *shape)


def scope_of(box: Box) -> tuple[int, ...]:
    """The wires that are axes of the table of a box; none of them is an input where what comes in makes no difference."""
    return (*box.inputs, *box.outputs) if box.kind == "mechanism" else box.outputs


def level_position(wire: Wire, level: Any) -> int:
    """The place of a level among those of a wire."""
    levels = levels_of(wire)
    if level not in levels:
        raise ModelError(
            f"Expected a level of {wire.label} ({', '.join(map(repr, levels))}), got {level!r}."
        )
    return levels.index(level)


def levels_of(wire: Wire) -> tuple[Any, ...]:
    """The levels of a wire; an error if they are not known."""
    if wire.levels is None:
        raise ModelError(
            f"Expected the levels of {wire.label}, got none; say them with diagram.with_levels({{{wire.name!r}: ...}})."
        )
    return wire.levels


def tables(diagram: Hypergraph, mechanisms: Mapping[str, Any]) -> Tables:
    """The tables of all boxes, checked against each other and against the levels of the wires, as copies that cannot be written to."""
    given = {
        name: arguments.array(f"the mechanism of {name!r}", mechanisms[name])
        for name in dict.fromkeys(box.name for box in diagram.boxes if box.kind == "mechanism")
        if not _missing(name, mechanisms)
    }
    sizes = _wire_sizes(diagram, given)
    arity = {
        box.name: len(box.inputs) + len(box.outputs)
        for box in diagram.boxes
        if box.kind == "mechanism"
    }
    batch = _batch(
        diagram, {name: table.shape[: table.ndim - arity[name]] for name, table in given.items()}
    )
    arrays = {
        (name, "mechanism"): _batch_last(table, arity[name], batch) for name, table in given.items()
    }
    for box in diagram.boxes:
        if box.kind == "uniform":
            shape = [sizes[wire] for wire in box.outputs]
            arrays[box.name, "uniform"] = np.full(shape, 1 / prod(shape))
    for array in arrays.values():
        array.setflags(write=False)
    return Tables(diagram, arrays, sizes, batch)


def _missing(name: str, mechanisms: Mapping[str, Any]) -> bool:
    if name not in mechanisms:
        raise ModelError(
            f"Expected a mechanism for box {name!r}, got those of {', '.join(map(repr, mechanisms)) or 'none'}."
        )
    return False


def _wire_sizes(diagram: Hypergraph, given: Mapping[str, np.ndarray]) -> dict[int, int]:
    """How many levels each wire has, by its own list or by the tables that touch it."""
    sizes = {
        position: len(wire.levels)
        for position, wire in enumerate(diagram.wires)
        if wire.levels is not None
    }
    for box in diagram.boxes:
        if box.kind != "mechanism":
            continue
        scope, shape = (*box.inputs, *box.outputs), given[box.name].shape
        own = shape[len(shape) - len(scope) :]
        if len(shape) < len(scope) or any(
            sizes.setdefault(wire, size) != size for wire, size in zip(scope, own, strict=True)
        ):
            wanted = ", ".join(
                f"{diagram.wires[wire].label}{f' {sizes[wire]}' if wire in sizes else ''}"
                for wire in scope
            )
            raise ModelError(
                f"Expected the mechanism of {box.name!r} with axes (..., {wanted}), causes first; got shape {shape}."
            )
    for position, wire in enumerate(diagram.wires):
        if position not in sizes:
            levels_of(wire)
    return sizes


def _batch(diagram: Hypergraph, shapes: Mapping[str, tuple[int, ...]]) -> tuple[int, ...]:
    try:
        return np.broadcast_shapes(*shapes.values())
    except ValueError:
        got = ", ".join(f"{name} {shape}" for name, shape in shapes.items() if shape)
        raise ModelError(
            f"Expected mechanisms whose first axes, those of the draws, are alike; got {got}."
        ) from None


def _batch_last(table: np.ndarray, arity: int, batch: tuple[int, ...]) -> np.ndarray:
    own = table.shape[table.ndim - arity :]
    if table.ndim == arity:
        return table.copy()
    array = np.empty((*own, prod(batch)))
    np.moveaxis(array, -1, 0).reshape(*batch, *own)[...] = table
    return array


def tabulated(diagram: Hypergraph, box: Box, function: Callable[..., Any]) -> np.ndarray:
    """The table of a mechanism that is a function of its causes' levels."""
    wires = [diagram.wires[wire] for wire in (*box.inputs, *box.outputs)]
    known = [levels_of(wire) for wire in wires]
    table = np.zeros([len(levels) for levels in known])
    for place in np.ndindex(*table.shape[:-1]):
        level = function(*(levels[at] for levels, at in zip(known, place, strict=False)))
        table[(*place, level_position(wires[-1], level))] = 1
    return table


def check_distribution(name: str, table: np.ndarray) -> None:
    """An error unless the table is non-negative and sums to one over its last axis."""
    if not table.min(initial=0.0) >= 0:  # so that NaN is caught too
        raise ModelError(
            f"Expected probabilities of 0 or more for {name!r}, got {table[~(table >= 0)][0]}."
        )
    sums = table.sum(axis=-1)
    off = np.abs(sums - 1)
    if off.max(initial=0.0) > _ROUNDING:
        at = tuple(map(int, np.argwhere(off > _ROUNDING)[0]))
        where = f" at {at}" if at else ""
        raise ModelError(
            f"Expected probabilities of {name!r} that sum to 1 over the last axis, causes coming first; they sum to {sums[at]:.6g}{where}."
        )
