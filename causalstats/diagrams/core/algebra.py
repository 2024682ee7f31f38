"""Diagrams written as terms: `box("f", "a", "b") >> copy("b")` after one another, `f @ g` beside each other.

    f >> g    first f, then g; the outputs of f are the inputs of g
    f @ g     f and g side by side

Wires are given as `Wire` or by name. Terms that the laws of a CDU category (Jacobs, Kissinger & Zanasi 2019) make equal are equal diagrams.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from causalstats.diagrams.core import arguments
from causalstats.diagrams.diagram import Box, Diagram, Wire
from causalstats.errors import ModelError

Type = Wire | str


def identity(*wires: Type) -> Diagram:
    """The wires and nothing else; of no wires, the empty diagram."""
    return Diagram(_typed(wires), (), every := tuple(range(len(wires))), every)


def swap(left: Type, right: Type) -> Diagram:
    """Two wires that change places."""
    return Diagram(_typed((left, right)), (), (0, 1), (1, 0))


def copy(*wires: Type, times: int = 2) -> Diagram:
    """All the wires, and all of them again: A ⊗ B -> A ⊗ B ⊗ A ⊗ B."""
    every = tuple(range(len(wires)))
    return Diagram(_typed(wires), (), every, every * times)


def discard(*wires: Type) -> Diagram:
    """The wires end."""
    return Diagram(_typed(wires), (), tuple(range(len(wires))))


def box(
    name: str, inputs: Iterable[Type] | Type = (), outputs: Iterable[Type] | Type = ()
) -> Diagram:
    """A process to be learned or given. Without inputs it is a state, without outputs an effect."""
    arguments.a(str, "the name of a box", name, "Say e.g. box('f', 'a', 'b').")
    ins, outs = _typed(_several(inputs)), _typed(_several(outputs))
    into, out = tuple(range(len(ins))), tuple(range(len(ins), len(ins) + len(outs)))
    return Diagram(ins + outs, (Box(name, into, out),), into, out)


def uniform(*wires: Type) -> Diagram:
    """The state in which every level of a wire is as likely as any other, independently of the other wires."""
    types = _typed(wires)
    every = tuple(range(len(types)))
    return Diagram(
        types,
        tuple(Box(wire.name, (), (place,), "uniform") for place, wire in enumerate(types)),
        (),
        every,
    )


def state(wire: Type, value: Any) -> Diagram:
    """The state that is surely this value."""
    (of,) = _typed((wire,))
    return Diagram((of,), (Box(of.name, (), (0,), "point", _level(of, value)),), (), (0,))


def effect(wire: Type, value: Any) -> Diagram:
    """The observation that the wire has this value."""
    (of,) = _typed((wire,))
    return Diagram((of,), (Box(of.name, (0,), (), "observation", _level(of, value)),), (0,))


def then(first: Diagram, second: Diagram) -> Diagram:
    """`first >> second`. A wire whose levels are known on one side only has them from there."""
    arguments.a(Diagram, "what comes after >>", second, "Make one with `box` or `Diagram.parse`.")
    if len(first.outputs) != len(second.inputs):
        raise ModelError(
            f"Expected `f >> g` to join as many wires as there are; f puts out {_said(first.cod)}, g takes {_said(second.dom)}."
        )
    joined = dict(zip(second.inputs, first.outputs, strict=True))
    wires = list(first.wires)
    for place, wire in enumerate(second.wires):
        if place in joined:
            wires[joined[place]] = _of_one_type(wires[joined[place]], wire, first, second)
        else:
            joined[place] = len(wires)
            wires.append(wire)
    boxes = (*first.boxes, *(_moved(box, joined) for box in second.boxes))
    return Diagram(
        tuple(wires),
        boxes,
        first.inputs,
        tuple(joined[wire] for wire in second.outputs),
        first.steps + second.steps,
        first.roles | second.roles,
    )


def beside(left: Diagram, right: Diagram) -> Diagram:
    """`left @ right`."""
    arguments.a(Diagram, "what stands after @", right, "Make one with `box` or `Diagram.parse`.")
    moved = {wire: wire + len(left.wires) for wire in range(len(right.wires))}
    return Diagram(
        left.wires + right.wires,
        (*left.boxes, *(_moved(box, moved) for box in right.boxes)),
        (*left.inputs, *(moved[wire] for wire in right.inputs)),
        (*left.outputs, *(moved[wire] for wire in right.outputs)),
        left.steps + right.steps,
        left.roles | right.roles,
    )


def _several(types: Iterable[Type] | Type) -> tuple[Type, ...]:
    if isinstance(types, Wire | str):
        return (types,)
    if not isinstance(types, Iterable):
        raise ModelError(f"Expected wires as a name or a list of names, got {types!r}.")
    return tuple(types)


def _typed(types: Iterable[Type]) -> tuple[Wire, ...]:
    return tuple(
        Wire(wire)
        if isinstance(wire, str)
        else arguments.a(Wire, "a wire", wire, "Say its name, such as 'a'.")
        for wire in types
    )


def _level(wire: Wire, value: Any) -> Any:
    value = arguments.value("value", value)
    if wire.levels is not None and value not in wire.levels:
        raise ModelError(
            f"Expected a level of {wire.label} ({', '.join(map(repr, wire.levels))}), got {value!r}."
        )
    return value


def _moved(box: Box, place: dict[int, int]) -> Box:
    return replace(
        box,
        inputs=tuple(place[wire] for wire in box.inputs),
        outputs=tuple(place[wire] for wire in box.outputs),
    )


def _of_one_type(out: Wire, into: Wire, first: Diagram, second: Diagram) -> Wire:
    """The wire that the two become; an error if they differ in more than that the levels of one are not known."""
    if out.label != into.label or (
        out.levels != into.levels and out.levels is not None and into.levels is not None
    ):
        raise ModelError(
            f"Expected `f >> g` to join wires of one type; f puts out {_said(first.cod)}, g takes {_said(second.dom)}, "
            f"where {_said((out,))} would be joined to {_said((into,))}."
        )
    return into if out.levels is None else out


def _said(wires: tuple[Wire, ...]) -> str:
    return (
        ", ".join(
            f"{wire.label}{'' if wire.levels is None else list(wire.levels)}" for wire in wires
        )
        or "nothing"
    )
