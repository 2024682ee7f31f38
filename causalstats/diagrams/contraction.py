"""The functor from string diagrams to stochastic matrices: boxes become tables, and wires the indices that they share.

A copied wire is one index in several tables, a discarded one an index that is summed over, the uniform state 1/n; a wire whose value is known, by a point
state or an observation, is no index at all: the tables that touch it are read at that value (Jacobs, Kissinger & Zanasi 2019; Lorenz & Tull 2023).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from math import prod
from typing import Any

import numpy as np

from causalstats.diagrams.diagram import Box, Diagram, Wire
from causalstats.errors import ModelError
from causalstats.numerics import tensor_network
from causalstats.numerics.tensor_network import Plan, Scope

LARGEST = 10**8  # entries of the largest table on the way to an answer, and of the answer
_ROOM = 10**7  # entries of all tables on the way, for the part of a batch that is worked on at a time


@dataclass(frozen=True, eq=False)
class Tables:
    """What the boxes of a diagram mean, ready to be contracted.

    `arrays` has the table of each box, by its name and kind, with the axes of its inputs and outputs and, where it is a batch, one more at the end for all of
    `batch`; `sizes` the number of levels of each wire.
    """

    arrays: Mapping[tuple[str, str], np.ndarray]
    sizes: Mapping[int, int]
    batch: tuple[int, ...]

    def batch_first(self, result: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
        """A result with its batch, if it has one, last, as an array (batch..., *shape)."""
        if not self.batch:
            return result
        if result.ndim == len(shape):
            result = np.broadcast_to(result[..., None], (*shape, prod(self.batch)))
        return np.moveaxis(result, -1, 0).reshape(*self.batch, *shape)


@dataclass(frozen=True)
class Known:
    """Wires set to a level whatever makes them (`done`), left to come in from outside (`opened`), and observed at a level (`seen`)."""

    done: Mapping[int, int] = field(default_factory=dict)
    opened: Sequence[int] = ()
    seen: Mapping[int, int] = field(default_factory=dict)


UNKNOWN = Known()


def contract(diagram: Diagram, mechanisms: Mapping[str, Any], outputs: Sequence[str] | None = None) -> np.ndarray:
    """What a diagram means: an array with axes (batch..., inputs..., outputs...).

    Parameters
    ----------
    mechanisms
        For each box of kind "mechanism", by name, an array with axes (batch..., inputs..., outputs...), non-negative, whose sums over its outputs are 1.
        Batch axes, of posterior draws say, broadcast against each other.
    outputs
        Variables that go out, in this order; those of the diagram unless given.

    Observations multiply by 0 or 1 and nothing is divided: of a diagram with observations the array sums, over its outputs, to the probability of what was
    observed. Boxes that lead neither to an output nor to an observation are left out, which changes nothing where sums over outputs are 1.

    Raises
    ------
    ModelError
        If a mechanism is missing or of another shape than its wires, or the result is too large to hold.
    """
    wanted = diagram.outputs if outputs is None else tuple(diagram.position(name) for name in outputs)
    return evaluate(diagram, tables(diagram, mechanisms), (*diagram.inputs, *wanted))


def evaluate(diagram: Diagram, tables: Tables, axes: Sequence[int], known: Known = UNKNOWN, *, rescale: bool = False) -> np.ndarray:
    """The array with the given wires as axes, after its batch; with `rescale`, up to a factor that is the same for all of a batch's entries."""
    factors, found = planned(diagram, tables, axes, known)
    (result,) = _in_parts(lambda arrays: tensor_network.forward(found, arrays, rescale=rescale)[-1:], factors, found, tables.batch, len(axes))
    return tables.batch_first(result, tuple(tables.sizes[wire] for wire in axes))


def planned(diagram: Diagram, tables: Tables, axes: Sequence[int], known: Known = UNKNOWN) -> tuple[list[tuple[Scope, np.ndarray]], Plan]:
    """The tables, over their indices, whose sum of products has the given wires as axes, and how to compute it."""
    factors, values = sum_of_products(diagram, tables, axes, known)
    output = _output(tables, axes, factors, values)
    sizes = {**tables.sizes, **{fresh: tables.sizes[wire] for fresh, wire in zip(output, axes, strict=True)}}
    found = plan_of(factors, sizes, tuple(output))
    refuse_large(diagram, found, tables.batch, axes)
    return factors, found


def marginals(diagram: Diagram, tables: Tables, wires: Sequence[int], known: Known = UNKNOWN, *, rescale: bool = False) -> dict[int, np.ndarray]:
    """For each wire without a known value the array (batch..., levels) of its level together with what was seen; up to a factor a wire with `rescale`.

    All from one pass forth and one back: what a box's table is multiplied with, summed, is the derivative of the whole by that table.
    """
    factors, _ = sum_of_products(diagram, tables, wires, known)
    scopes = [scope for scope, _ in factors]
    factors += [((wire,), np.ones(tables.sizes[wire])) for wire in wires if not any(wire in scope for scope in scopes)]
    found = plan_of(factors, tables.sizes, ())
    refuse_large(diagram, found, tables.batch, ())

    def run(arrays: list[np.ndarray]) -> list[np.ndarray]:
        sums = tensor_network.marginals(found, tensor_network.forward(found, arrays, rescale=rescale), wires, rescale=rescale)
        return [sums[wire] for wire in wires]

    results = _in_parts(run, factors, found, tables.batch, 1)
    return {wire: tables.batch_first(result, (tables.sizes[wire],)) for wire, result in zip(wires, results, strict=True)}


def _in_parts(
    run: Callable[[list[np.ndarray]], list[np.ndarray]], factors: Sequence[tuple[Scope, np.ndarray]], found: Plan, batch: tuple[int, ...], axes: int
) -> list[np.ndarray]:
    """What `run` makes of the tables, arrays with some axes and the batch last, for as much of the batch at a time as there is room for on the way."""
    size, step = prod(batch), max(1, _ROOM // found.held)
    if size <= step:
        return run([table for _, table in factors])
    parts = [run([table[..., start : start + step] if table.ndim > len(scope) else table for scope, table in factors]) for start in range(0, size, step)]
    return [np.concatenate(results, axis=-1) if results[0].ndim > axes else results[0] for results in zip(*parts, strict=True)]


def plan_of(factors: Sequence[tuple[Scope, Any]], sizes: Mapping[int, int], output: Scope) -> Plan:
    """The plan for some tables over some wires, made once for all that have the same wires and sizes."""
    used = tuple(sorted({(wire, sizes[wire]) for scope, _ in factors for wire in scope}))
    return _plan(tuple([scope for scope, _ in factors]), used, output)


@lru_cache(maxsize=1024)
def _plan(scopes: tuple[Scope, ...], sizes: tuple[tuple[int, int], ...], output: Scope) -> Plan:
    return tensor_network.plan(scopes, dict(sizes), output)


def _output(tables: Tables, axes: Sequence[int], factors: list[tuple[Scope, np.ndarray]], values: Mapping[int, int]) -> list[int]:
    """The index of each axis. An axis whose wire has a value, or is an axis already, gets one of its own and a table that says so."""
    output: list[int] = []
    for place, wire in enumerate(axes):
        size = tables.sizes[wire]
        fresh = -1 - place if wire in values or wire in output else wire
        output.append(fresh)
        if wire in values:
            factors.append(((fresh,), np.eye(size)[values[wire]]))
        elif fresh != wire:
            factors.append(((wire, fresh), np.eye(size)))
        elif not any(wire in scope for scope, _ in factors):
            factors.append(((wire,), np.ones(size)))
    return output


def sum_of_products(diagram: Diagram, tables: Tables, axes: Sequence[int], known: Known = UNKNOWN) -> tuple[list[tuple[Scope, np.ndarray]], dict[int, int]]:
    """The tables that matter for some wires, each over the wires whose values are open, and the values of all others."""
    values, contradicted = _values(diagram, known)
    makers = {wire: box for box in diagram.boxes for wire in box.outputs}
    factors: list[tuple[Scope, np.ndarray]] = [((), np.zeros(()))] if contradicted else []
    factors += [_factor(box, tables, values) for box in diagram.boxes if not box.outputs and box.kind == "mechanism"]
    waiting = [*axes, *known.seen, *(wire for box in diagram.boxes if not box.outputs for wire in box.inputs)]
    met = {*known.done, *known.opened}
    while waiting:
        wire = waiting.pop()
        if wire not in met and wire in makers:
            box = makers[wire]
            met.update(box.outputs)
            waiting += box.inputs
            if box.kind != "point":
                factors.append(_factor(box, tables, values))
    return factors or [((), np.ones(()))], values


def _factor(box: Box, tables: Tables, values: Mapping[int, int]) -> tuple[Scope, np.ndarray]:
    table = tables.arrays[box.name, box.kind]
    scope = (*box.inputs, *box.outputs) if box.kind == "mechanism" else box.outputs
    if not values.keys().isdisjoint(scope):
        table = table[tuple([values.get(wire, slice(None)) for wire in scope])]
        scope = tuple([wire for wire in scope if wire not in values])
    return scope, table


def _values(diagram: Diagram, known: Known) -> tuple[dict[int, int], bool]:
    """The level of every wire that is set or observed, and whether two of these contradict each other."""
    values = {box.outputs[0]: level_position(diagram.wires[box.outputs[0]], box.value) for box in diagram.boxes if box.kind == "point"} | dict(known.done)
    observed = [(box.inputs[0], level_position(diagram.wires[box.inputs[0]], box.value)) for box in diagram.boxes if box.kind == "observation"]
    contradicted = [values.setdefault(wire, level) != level for wire, level in [*observed, *known.seen.items()]]
    return values, any(contradicted)


def level_position(wire: Wire, level: Any) -> int:
    """The place of a level among those of a wire."""
    levels = levels_of(wire)
    if level not in levels:
        raise ModelError(f"Expected a level of {wire.label} ({', '.join(map(repr, levels))}), got {level!r}.")
    return levels.index(level)


def levels_of(wire: Wire) -> tuple[Any, ...]:
    """The levels of a wire; an error if they are not known."""
    if wire.levels is None:
        raise ModelError(f"Expected the levels of {wire.label}, got none; say them with diagram.with_levels({{{wire.name!r}: ...}}).")
    return wire.levels


def tables(diagram: Diagram, mechanisms: Mapping[str, Any]) -> Tables:
    """The tables of all boxes, checked against each other and against the levels of the wires."""
    given = {
        name: np.asarray(mechanisms[name], dtype=float)
        for name in dict.fromkeys(box.name for box in diagram.boxes if box.kind == "mechanism")
        if not _missing(name, mechanisms)
    }
    sizes = _wire_sizes(diagram, given)
    arity = {box.name: len(box.inputs) + len(box.outputs) for box in diagram.boxes if box.kind == "mechanism"}
    batch = _batch(diagram, {name: table.shape[: table.ndim - arity[name]] for name, table in given.items()})
    arrays = {(name, "mechanism"): _batch_last(table, arity[name], batch) for name, table in given.items()}
    for box in diagram.boxes:
        if box.kind == "uniform":
            shape = [sizes[wire] for wire in box.outputs]
            arrays[box.name, "uniform"] = np.full(shape, 1 / prod(shape))
    return Tables(arrays, sizes, batch)


def _missing(name: str, mechanisms: Mapping[str, Any]) -> bool:
    if name not in mechanisms:
        raise ModelError(f"Expected a mechanism for box {name!r}, got those of {', '.join(map(repr, mechanisms)) or 'none'}.")
    return False


def _wire_sizes(diagram: Diagram, given: Mapping[str, np.ndarray]) -> dict[int, int]:
    """How many levels each wire has, by its own list or by the tables that touch it."""
    sizes = {position: len(wire.levels) for position, wire in enumerate(diagram.wires) if wire.levels is not None}
    for box in diagram.boxes:
        if box.kind != "mechanism":
            continue
        scope, shape = (*box.inputs, *box.outputs), given[box.name].shape
        own = shape[len(shape) - len(scope) :]
        if len(shape) < len(scope) or any(sizes.setdefault(wire, size) != size for wire, size in zip(scope, own, strict=True)):
            wanted = ", ".join(f"{diagram.wires[wire].label}{f' {sizes[wire]}' if wire in sizes else ''}" for wire in scope)
            raise ModelError(f"Expected the mechanism of {box.name!r} with axes (..., {wanted}), causes first; got shape {shape}.")
    for position, wire in enumerate(diagram.wires):
        if position not in sizes:
            levels_of(wire)
    return sizes


def _batch(diagram: Diagram, shapes: Mapping[str, tuple[int, ...]]) -> tuple[int, ...]:
    try:
        return np.broadcast_shapes(*shapes.values())
    except ValueError:
        got = ", ".join(f"{name} {shape}" for name, shape in shapes.items() if shape)
        raise ModelError(f"Expected mechanisms whose first axes, those of the draws, are alike; got {got}.") from None


def _batch_last(table: np.ndarray, arity: int, batch: tuple[int, ...]) -> np.ndarray:
    own = table.shape[table.ndim - arity :]
    if table.ndim == arity:
        return table
    return np.ascontiguousarray(np.moveaxis(np.broadcast_to(table, (*batch, *own)).reshape(-1, *own), 0, -1))


def refuse_large(diagram: Diagram, found: Plan, batch: tuple[int, ...], axes: Sequence[int]) -> None:
    """An error if a table on the way would not fit into memory."""
    largest = max(found.largest, prod(batch) * found.answer)
    if largest <= LARGEST:
        return
    asked = ", ".join(diagram.wires[wire].label for wire in axes)
    raise ModelError(
        f"Expected an answer whose tables can be held ({LARGEST:,} numbers); ({asked}) takes {float(largest):.3g}. "
        "Ask for fewer variables together, give more of them as known, use fewer draws at a time, or draw samples of the network instead."
    )
