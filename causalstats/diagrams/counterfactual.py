"""What would have been, given mechanisms: two worlds in one diagram, of which the second is made again only as far as the intervention reaches.

    P(y' | e) = Σ P(u) P(e, y' | u) / P(e)

Mechanisms that are functions of what they read and of chances that are roots of their own (response variables, as in Balke & Pearl 1994) leave nothing open.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

import numpy as np

from causalstats.diagrams.diagram import Diagram
from causalstats.diagrams.ordering import in_order
from causalstats.errors import ModelError


def second_world(diagram: Diagram, done: Collection[int]) -> tuple[Diagram, dict[int, int]]:
    """The diagram with one more wire, in another world, for each that the wires `done` reach, and where that is; what is done there comes in from outside.

    All else is the same in both worlds, by the same token: whatever does not depend on what is done is what it was.
    """
    reached = set(done)
    for box in in_order(diagram):
        if reached.intersection(box.inputs):
            reached.update(box.outputs)
    place = {wire: len(diagram.wires) + number for number, wire in enumerate(sorted(reached))}
    again = [box for box in diagram.boxes if reached.intersection(box.outputs) and not set(box.outputs) <= set(done)]
    boxes = tuple(replace(box, inputs=tuple(place.get(w, w) for w in box.inputs), outputs=tuple(place[w] for w in box.outputs)) for box in again)
    wires = tuple(replace(diagram.wires[wire], world=diagram.wires[wire].world + "'") for wire in sorted(reached))
    inputs = (*diagram.inputs, *(place[wire] for wire in done))
    return Diagram(diagram.wires + wires, diagram.boxes + boxes, inputs, diagram.outputs), place


def refuse_chance(
    diagram: Diagram, place: Mapping[int, int], done: Collection[int], tables: Mapping[tuple[str, str], np.ndarray], relevant: Collection[int]
) -> None:
    """An error if a mechanism that runs in both worlds, and matters in both, leaves something to a chance that the worlds would have to share.

    `place` has the second of each wire that is there twice, `done` those that are set in the second world, `relevant` the wires on which the question depends.
    """
    for box in diagram.boxes:
        twice = [wire for wire in box.outputs if wire not in done and wire in relevant and place.get(wire) in relevant]
        if twice and not np.isin(tables[box.name, box.kind], (0.0, 1.0)).all():
            name = diagram.wires[twice[0]].label
            raise ModelError(
                f"Expected a mechanism of {name} that is a function of what it reads; its table is random, and does not say what {name} would have been "
                "where it was seen to be something else. Give it as a function of its causes and of a hidden root with its own probabilities."
            )


def ancestors(diagram: Diagram, wires: Collection[int]) -> set[int]:
    """The wires, and all that they are made of."""
    makers = {wire: box for box in diagram.boxes for wire in box.outputs}
    found: set[int] = set()
    waiting = list(wires)
    while waiting:
        wire = waiting.pop()
        if wire not in found:
            found.add(wire)
            waiting += makers[wire].inputs if wire in makers else ()
    return found
