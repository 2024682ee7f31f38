"""Barren-node removal: leave out the boxes that no output and no observation depends on."""

from __future__ import annotations

from dataclasses import replace

from causalstats.diagrams.core.hypergraph import Hypergraph, renumbered


def pruned[Graph: Hypergraph](diagram: Graph) -> Graph:
    """Return the diagram without boxes from which no path leads to an output or observation.

    Inputs stay, and so do normalisation boxes, which may have no value. Pruning is sound because
    every mechanism sums to one (discard ∘ f = discard); it is not part of the normal form, so a
    pruned diagram is another diagram with the same meaning.

    Parameters
    ----------
    diagram : Diagram

    Returns
    -------
    Diagram

    Examples
    --------
    >>> from causalstats import Diagram
    >>> Diagram.parse("x -> y; x -> z").marginal("y").pruned().variables
    ('x', 'y')
    """
    boxes = [diagram.boxes[number] for number in sorted(_needed_boxes(diagram))]
    ends = {wire for box in boxes for wire in (*box.inputs, *box.outputs)}
    wires = sorted(ends.union(diagram.inputs))
    position = {wire: number for number, wire in enumerate(wires)}
    return replace(
        diagram,
        wires=tuple(diagram.wires[wire] for wire in wires),
        boxes=tuple(renumbered(box, position) for box in boxes),
        inputs=tuple(position[wire] for wire in diagram.inputs),
        outputs=tuple(position[wire] for wire in diagram.outputs),
        roles=diagram.roles.among(diagram.wires[wire].label for wire in wires),
    )


def _needed_boxes(diagram: Hypergraph) -> set[int]:
    """The boxes from which a path leads to an output or an observation, by position."""
    makers = {
        wire: number for number, box in enumerate(diagram.boxes) for wire in box.outputs
    }
    kept = ("observation", "normalised")
    waiting = [n for n, box in enumerate(diagram.boxes) if box.kind in kept]
    waiting += [makers[wire] for wire in set(diagram.outputs) if wire in makers]
    needed: set[int] = set()
    while waiting:
        number = waiting.pop()
        if number not in needed:
            needed.add(number)
            inputs = diagram.boxes[number].inputs
            waiting += [makers[wire] for wire in inputs if wire in makers]
    return needed
