"""Mechanisms as conditional probability tables, checked against each other and the wires."""

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

Process = tuple[str, str]  # the name and kind of a box
TABLED = ("mechanism", "normalised")
"""The kinds of boxes whose tables are given, by their names."""

_MAX_SHARED_ORDER_ENTRIES = (
    10**6
)  # of a table, for one elimination order for all queries
_ROUNDING = 1e-6  # how far from 1 the sum of probabilities may be


@dataclass(frozen=True, eq=False)
class NetworkTables:
    """The tables of the boxes of a diagram, ready to be contracted.

    Parameters
    ----------
    diagram : Hypergraph
    arrays : mapping of (name, kind) to array
        Axes: those of `scope_of(box)` and, for a batch, one more at the end for all of `batch`.
    sizes : mapping of int to int
        The number of levels of each wire.
    batch : tuple of int
        The shape of the batch, such as posterior draws.
    plans : dict
        How queries of each form are answered, found once.
    """

    diagram: Hypergraph
    arrays: Mapping[Process, np.ndarray]
    sizes: Mapping[int, int]
    batch: tuple[int, ...]
    plans: dict[Any, Any] = field(default_factory=dict)

    @cached_property
    def makers(self) -> dict[int, Box]:
        """The box that makes each wire."""
        return {wire: box for box in self.diagram.boxes for wire in box.outputs}

    @cached_property
    def positive(self) -> dict[Process, bool]:
        """Whether each table has no zeros."""
        return {
            process: bool((array > 0).all()) for process, array in self.arrays.items()
        }

    @cached_property
    def elimination_order(self) -> dict[int, int] | None:
        """The rank of each wire in an elimination order for every query.

        None if tables on the way are too large for that.
        """
        scopes = [scope_of(box) for box in self.diagram.boxes]
        return whole_order(scopes, self.sizes, _MAX_SHARED_ORDER_ENTRIES)

    @cached_property
    def levels_set(self) -> dict[int, int]:
        """The level of every wire that a point state sets."""
        points = (box for box in self.diagram.boxes if box.kind == "point")
        return {
            box.outputs[0]: self._level(box.outputs[0], box.value) for box in points
        }

    @cached_property
    def levels_observed(self) -> list[tuple[int, int]]:
        """The wires with observation boxes, and the level observed; one wire may have several."""
        boxes = (box for box in self.diagram.boxes if box.kind == "observation")
        return [(box.inputs[0], self._level(box.inputs[0], box.value)) for box in boxes]

    def _level(self, wire: int, value: Any) -> int:
        return level_position(self.diagram.wires[wire], value)

    def table(self, box: Box) -> np.ndarray:
        """Return the table of a box as a view with axes (batch..., inputs..., outputs...)."""
        array = self.arrays[box.name, box.kind]
        arity = len(scope_of(box))
        if array.ndim == arity:
            return array
        return np.moveaxis(array, -1, 0).reshape(*self.batch, *array.shape[:arity])

    def batch_first(self, result: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
        """Return a result with its batch, if any, last as an array (batch..., *shape)."""
        if not self.batch:
            return result
        if result.ndim == len(shape):
            result = np.broadcast_to(result[..., None], (*shape, prod(self.batch)))
        return np.moveaxis(result, -1, 0).reshape(*self.batch, *shape)


def scope_of(box: Box) -> tuple[int, ...]:
    """Return the wires that are axes of the table of a box.

    Only mechanisms and normalised diagrams depend on their inputs.
    """
    return (*box.inputs, *box.outputs) if box.kind in TABLED else box.outputs


def level_position(wire: Wire, level: Any) -> int:
    """Return the number of a level among those of a wire.

    Raises
    ------
    ModelError
        If the levels are unknown, or the level is none of them.
    """
    levels = levels_of(wire)
    if level not in levels:
        raise ModelError(
            f"Expected a level of {wire.label} ({', '.join(map(repr, levels))}), got {level!r}."
        )
    return levels.index(level)


def levels_of(wire: Wire) -> tuple[Any, ...]:
    """Return the levels of a wire.

    Raises
    ------
    ModelError
        If they are unknown.
    """
    if wire.levels is None:
        raise ModelError(
            f"Expected the levels of {wire.label}, got none; say them with "
            f"diagram.with_levels({{{wire.name!r}: ...}})."
        )
    return wire.levels


def network_tables(diagram: Hypergraph, mechanisms: Mapping[str, Any]) -> NetworkTables:
    """Return the tables of all boxes, checked, as read-only copies.

    Parameters
    ----------
    diagram : Hypergraph
    mechanisms : mapping of str to array, shape (batch..., inputs..., outputs...)
        By the names of the boxes of kind "mechanism", and "normalised".

    Raises
    ------
    ModelError
        If a mechanism is missing or of another shape than its wires, or if batches differ.
    """
    arity = {
        box.name: len(box.inputs) + len(box.outputs)
        for box in diagram.boxes
        if box.kind in TABLED
    }
    kinds = {box.name: box.kind for box in diagram.boxes if box.kind in TABLED}
    given = {name: _given(name, mechanisms) for name in arity}
    sizes = _wire_sizes(diagram, given)
    batch_shapes = {}
    for name, table in given.items():
        batch_shapes[name] = table.shape[: table.ndim - arity[name]]
    batch = _batch(batch_shapes)
    arrays: dict[Process, np.ndarray] = {}
    for name, table in given.items():
        arrays[name, kinds[name]] = _batch_last(table, arity[name], batch)
    for box in diagram.boxes:
        if box.kind == "uniform":
            shape = [sizes[wire] for wire in box.outputs]
            arrays[box.name, "uniform"] = np.full(shape, 1 / prod(shape))
    for array in arrays.values():
        array.setflags(write=False)
    return NetworkTables(diagram, arrays, sizes, batch)


def _given(name: str, mechanisms: Mapping[str, Any]) -> np.ndarray:
    if name not in mechanisms:
        raise ModelError(
            f"Expected a mechanism for box {name!r}, "
            f"got those of {', '.join(map(repr, mechanisms)) or 'none'}."
        )
    return arguments.array(f"the mechanism of {name!r}", mechanisms[name])


def _wire_sizes(diagram: Hypergraph, given: Mapping[str, np.ndarray]) -> dict[int, int]:
    """The number of levels of each wire, by its own list or by the tables of its boxes."""
    sizes = {
        number: len(wire.levels)
        for number, wire in enumerate(diagram.wires)
        if wire.levels is not None
    }
    for box in diagram.boxes:
        if box.kind in TABLED:
            _check_shape(diagram, box, given[box.name].shape, sizes)
    for number, wire in enumerate(diagram.wires):
        if number not in sizes:
            levels_of(wire)  # an error: they are unknown
    return sizes


def _check_shape(
    diagram: Hypergraph,
    box: Box,
    shape: tuple[int, ...],
    sizes: dict[int, int],
) -> None:
    """Hold the shape of a table against the sizes of its wires, and add those unknown so far.

    Parameters
    ----------
    diagram : Hypergraph
    box : Box
    shape : tuple of int
    sizes : dict of int to int
        Changed in place.
    """
    scope = scope_of(box)
    last = shape[len(shape) - len(scope) :]
    too_few = len(shape) < len(scope)
    if too_few or any(
        sizes.setdefault(wire, size) != size
        for wire, size in zip(scope, last, strict=True)
    ):
        axes = [
            f"{diagram.wires[wire].label} {sizes.get(wire, '')}".strip()
            for wire in scope
        ]
        raise ModelError(
            f"Expected the mechanism of {box.name!r} with axes (..., {', '.join(axes)}), causes "
            f"first; got shape {shape}."
        )


def _batch(shapes: Mapping[str, tuple[int, ...]]) -> tuple[int, ...]:
    try:
        return np.broadcast_shapes(*shapes.values())
    except ValueError:
        got = ", ".join(f"{name} {shape}" for name, shape in shapes.items() if shape)
        raise ModelError(
            f"Expected mechanisms whose first axes, those of the draws, are alike; got {got}."
        ) from None


def _batch_last(
    table: np.ndarray,
    arity: int,
    batch: tuple[int, ...],
) -> np.ndarray:
    """A copy with one axis for the whole batch at the end, if the table has a batch.

    Parameters
    ----------
    table : array
    arity : int
        The number of axes after those of the batch.
    batch : tuple of int
    """
    if table.ndim == arity:
        return table.copy()
    sizes = table.shape[table.ndim - arity :]
    array = np.empty((*sizes, prod(batch)))
    np.moveaxis(array, -1, 0).reshape(*batch, *sizes)[...] = table
    return array


def tabulated(
    diagram: Hypergraph,
    box: Box,
    function: Callable[..., Any],
) -> np.ndarray:
    """Return the table of a mechanism that is a function of the levels of its causes.

    Parameters
    ----------
    diagram : Hypergraph
    box : Box
    function : callable
        From levels of the causes, in the order of the ports, to a level of the variable.

    Returns
    -------
    array, shape (levels of each cause..., levels)
        Entries are 0 and 1.
    """
    wires = [diagram.wires[wire] for wire in (*box.inputs, *box.outputs)]
    levels = [levels_of(wire) for wire in wires]
    table = np.zeros([len(states) for states in levels])
    for cell in np.ndindex(*table.shape[:-1]):
        causes = [states[number] for states, number in zip(levels, cell, strict=False)]
        table[(*cell, level_position(wires[-1], function(*causes)))] = 1
    return table


def check_distribution(name: str, table: np.ndarray) -> None:
    """Raise an error unless the table is not negative and sums to one over its last axis.

    Raises
    ------
    ModelError
        If a probability is negative or NaN, or a sum is not 1.
    """
    if not table.min(initial=0.0) >= 0:  # so that NaN is caught too
        raise ModelError(
            f"Expected probabilities of 0 or more for {name!r}, got {table[~(table >= 0)][0]}."
        )
    sums = table.sum(axis=-1)
    error = np.abs(sums - 1)
    if error.max(initial=0.0) > _ROUNDING:
        cell = tuple(map(int, np.argwhere(error > _ROUNDING)[0]))
        where = f" at {cell}" if cell else ""
        raise ModelError(
            f"Expected probabilities of {name!r} that sum to 1 over the last axis, causes coming "
            f"first; they sum to {sums[cell]:.6g}{where}."
        )
