"""Generators of string diagrams: single boxes, states, effects, copying, discarding and wires.

`box("f", "a", "b") >> copy("b")` composes in sequence and `f @ g` in parallel. Wires are given as
`Wire` or by name.

References
----------
Jacobs, Kissinger & Zanasi (2019), Causal inference by string diagram surgery, FoSSaCS: CDU
categories.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from causalstats.diagrams.core import arguments
from causalstats.diagrams.core.hypergraph import Box, Wire
from causalstats.diagrams.diagram import Diagram
from causalstats.errors import ModelError

WireType = Wire | str


def identity(*wires: WireType) -> Diagram:
    """Return the identity on some wires; on none, the empty diagram.

    Parameters
    ----------
    *wires : Wire or str

    Returns
    -------
    Diagram

    Examples
    --------
    >>> (identity("a") >> identity("a")) == identity("a")
    True
    """
    numbers = tuple(range(len(wires)))
    return Diagram(_typed(wires), (), numbers, numbers)


def swap(left: WireType, right: WireType) -> Diagram:
    """Return the symmetry: two wires that change places.

    Parameters
    ----------
    left, right : Wire or str

    Returns
    -------
    Diagram

    Examples
    --------
    >>> (swap("a", "b") >> swap("b", "a")) == identity("a", "b")
    True
    """
    return Diagram(_typed((left, right)), (), (0, 1), (1, 0))


def copy(*wires: WireType, times: int = 2) -> Diagram:
    """Return the copy map A ⊗ B → A ⊗ B ⊗ A ⊗ B.

    Parameters
    ----------
    *wires : Wire or str
    times : int
        How many copies leave.

    Returns
    -------
    Diagram

    Examples
    --------
    >>> (copy("a") >> identity("a") @ discard("a")) == identity("a")
    True
    """
    numbers = tuple(range(len(wires)))
    return Diagram(_typed(wires), (), numbers, numbers * times)


def discard(*wires: WireType) -> Diagram:
    """Return the discard map: the wires enter and end, which marginalises over them.

    Parameters
    ----------
    *wires : Wire or str

    Returns
    -------
    Diagram

    Examples
    --------
    >>> discard("a").observed
    ()
    """
    return Diagram(_typed(wires), (), tuple(range(len(wires))))


def box(
    name: str,
    inputs: Iterable[WireType] | WireType = (),
    outputs: Iterable[WireType] | WireType = (),
) -> Diagram:
    """Return one process (a Markov kernel) that is learned or given.

    Parameters
    ----------
    name : str
    inputs, outputs : Wire, str or list of them
        Without inputs the process is a state (a distribution), without outputs an effect.

    Returns
    -------
    Diagram

    Raises
    ------
    ModelError
        If the name is no text or a wire is neither a `Wire` nor a name.

    Examples
    --------
    >>> box("f", ["a", "b"], "c").parents("c")
    ('a', 'b')
    """
    arguments.instance(str, "the name of a box", name, "Say e.g. box('f', 'a', 'b').")
    sources = _typed(_listed(inputs))
    targets = _typed(_listed(outputs))
    entering = tuple(range(len(sources)))
    leaving = tuple(range(len(sources), len(sources) + len(targets)))
    return Diagram(
        sources + targets, (Box(name, entering, leaving),), entering, leaving
    )


def uniform(*wires: WireType) -> Diagram:
    """Return the uniform state: every level has the same probability, independently of others.

    Parameters
    ----------
    *wires : Wire or str

    Returns
    -------
    Diagram

    Examples
    --------
    >>> uniform("a").maker("a").kind
    'uniform'
    """
    types = _typed(wires)
    boxes = [
        Box(wire.name, (), (number,), "uniform") for number, wire in enumerate(types)
    ]
    return Diagram(types, tuple(boxes), (), tuple(range(len(types))))


def state(wire: WireType, value: Any) -> Diagram:
    """Return the point state (Dirac distribution) at a value.

    Parameters
    ----------
    wire : Wire or str
    value : level

    Returns
    -------
    Diagram

    Raises
    ------
    ModelError
        If the levels of the wire are known and the value is none of them.

    Examples
    --------
    >>> state("a", 1).maker("a").value
    1
    """
    (typed,) = _typed((wire,))
    point = Box(typed.name, (), (0,), "point", _level(typed, value))
    return Diagram((typed,), (point,), (), (0,))


def effect(wire: WireType, value: Any) -> Diagram:
    """Return the observation that a wire has a value.

    Parameters
    ----------
    wire : Wire or str
    value : level

    Returns
    -------
    Diagram

    Raises
    ------
    ModelError
        If the levels of the wire are known and the value is none of them.

    Examples
    --------
    >>> effect("a", 1).boxes[0].kind
    'observation'
    """
    (typed,) = _typed((wire,))
    observation = Box(typed.name, (0,), (), "observation", _level(typed, value))
    return Diagram((typed,), (observation,), (0,))


def _listed(types: Iterable[WireType] | WireType) -> tuple[WireType, ...]:
    if isinstance(types, Wire | str):
        return (types,)
    if not isinstance(types, Iterable):
        raise ModelError(f"Expected wires as a name or a list of names, got {types!r}.")
    return tuple(types)


def _typed(types: Iterable[WireType]) -> tuple[Wire, ...]:
    return tuple(map(_as_wire, types))


def _as_wire(wire: WireType) -> Wire:
    if isinstance(wire, str):
        return Wire(wire)
    return arguments.instance(Wire, "a wire", wire, "Say its name, such as 'a'.")


def _level(wire: Wire, value: Any) -> Any:
    level = arguments.value("value", value)
    if wire.levels is not None and level not in wire.levels:
        raise ModelError(
            f"Expected a level of {wire.label} ({', '.join(map(repr, wire.levels))}), "
            f"got {level!r}."
        )
    return level
