"""Composition of string diagrams: in sequence (`f >> g`) and in parallel (`f @ g`).

    f >> g    first f, then g; the outputs of f are the inputs of g
    f @ g     f and g side by side (the tensor product)

Terms that the laws of a CDU category (Jacobs, Kissinger & Zanasi 2019) make equal are equal
diagrams.
"""

from __future__ import annotations

from dataclasses import replace

from causalstats.diagrams.core import arguments
from causalstats.diagrams.core.hypergraph import Hypergraph, Wire, renumbered
from causalstats.errors import ModelError


def then[Graph: Hypergraph](first: Graph, second: Hypergraph) -> Graph:
    """Return the sequential composition `first >> second`.

    A wire whose levels are known on one side only has them from there.

    Parameters
    ----------
    first, second : Diagram
        The outputs of `first` have the types of the inputs of `second`.

    Returns
    -------
    Diagram

    Raises
    ------
    ModelError
        If the outputs and inputs differ in number, name or levels.

    Examples
    --------
    >>> from causalstats.diagrams import box
    >>> (box("f", "a", "b") >> box("g", "b", "c")).variables
    ('a', 'b', 'c')
    """
    remedy = "Make one with `box` or `Diagram.parse`."
    arguments.instance(Hypergraph, "what comes after >>", second, remedy)
    if len(first.outputs) != len(second.inputs):
        raise ModelError(
            "Expected `f >> g` to join as many wires as there are; "
            f"f puts out {_types(first.cod)}, g takes {_types(second.dom)}."
        )
    position = dict(zip(second.inputs, first.outputs, strict=True))
    wires = list(first.wires)
    for number, wire in enumerate(second.wires):
        if number in position:
            joined = position[number]
            wires[joined] = _unified(wires[joined], wire, first, second)
        else:
            position[number] = len(wires)
            wires.append(wire)
    return replace(
        first,
        wires=tuple(wires),
        boxes=(*first.boxes, *(renumbered(box, position) for box in second.boxes)),
        outputs=tuple(position[wire] for wire in second.outputs),
        steps=first.steps + second.steps,
        roles=first.roles | second.roles,
    )


def beside[Graph: Hypergraph](left: Graph, right: Hypergraph) -> Graph:
    """Return the parallel composition `left @ right`.

    Parameters
    ----------
    left, right : Diagram

    Returns
    -------
    Diagram

    Raises
    ------
    ModelError
        If `right` is no diagram.

    Examples
    --------
    >>> from causalstats.diagrams import box
    >>> (box("f", "a", "b") @ box("g", "c", "d")).observed
    ('b', 'd')
    """
    remedy = "Make one with `box` or `Diagram.parse`."
    arguments.instance(Hypergraph, "what stands after @", right, remedy)
    shift = len(left.wires)
    position = {wire: wire + shift for wire in range(len(right.wires))}
    return replace(
        left,
        wires=left.wires + right.wires,
        boxes=(*left.boxes, *(renumbered(box, position) for box in right.boxes)),
        inputs=(*left.inputs, *(wire + shift for wire in right.inputs)),
        outputs=(*left.outputs, *(wire + shift for wire in right.outputs)),
        steps=left.steps + right.steps,
        roles=left.roles | right.roles,
    )


def _unified(
    output: Wire,
    source: Wire,
    first: Hypergraph,
    second: Hypergraph,
) -> Wire:
    """The wire that an output of `first` and an input of `second` become.

    Parameters
    ----------
    output, source : Wire
        The output of `first` and the input of `second`.
    first, second : Hypergraph
        The two diagrams, for the error.
    """
    known = output.levels is not None and source.levels is not None
    if output.label != source.label or (known and output.levels != source.levels):
        raise ModelError(
            "Expected `f >> g` to join wires of one type; "
            f"f puts out {_types(first.cod)}, g takes {_types(second.dom)}, "
            f"where {_types((output,))} would be joined to {_types((source,))}."
        )
    return source if output.levels is None else output


def _types(wires: tuple[Wire, ...]) -> str:
    """Such as "a['no', 'yes'], b"."""
    words = []
    for wire in wires:
        levels = "" if wire.levels is None else list(wire.levels)
        words.append(f"{wire.label}{levels}")
    return ", ".join(words) or "nothing"
