"""What would have been, given mechanisms: several worlds in one diagram, each made again only as far as its intervention reaches.

    P(y' | e) = Σ P(u) P(e, y' | u) / P(e)

Mechanisms that are functions of what they read and of chances that are roots of their own (response variables, as in Balke & Pearl 1994) leave nothing open.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import replace

import numpy as np

from causalstats.diagrams.core.hypergraph import Hypergraph
from causalstats.diagrams.core.ordering import in_order
from causalstats.diagrams.networks.mechanisms import tables
from causalstats.diagrams.networks.tensor_contraction import Known, evaluate
from causalstats.errors import ModelError


def another_world(
    diagram: Hypergraph, done: Collection[int], mark: str = "'"
) -> tuple[Hypergraph, dict[int, int]]:
    """The diagram with one more wire, in another world, for each that the wires `done` reach, and where that is; what is done there comes in from outside.

    All else is the same in both worlds, by the same token: whatever does not depend on what is done is what it was.
    """
    reached = set(done)
    for box in in_order(diagram):
        if reached.intersection(box.inputs):
            reached.update(box.outputs)
    place = {wire: len(diagram.wires) + number for number, wire in enumerate(sorted(reached))}
    again = [
        box
        for box in diagram.boxes
        if reached.intersection(box.outputs) and not set(box.outputs) <= set(done)
    ]
    boxes = tuple(
        replace(
            box,
            inputs=tuple(place.get(w, w) for w in box.inputs),
            outputs=tuple(place[w] for w in box.outputs),
        )
        for box in again
    )
    wires = tuple(
        replace(diagram.wires[wire], world=diagram.wires[wire].world + mark)
        for wire in sorted(reached)
    )
    inputs = (*diagram.inputs, *(place[wire] for wire in done))
    return Hypergraph(diagram.wires + wires, diagram.boxes + boxes, inputs, diagram.outputs), place


def refuse_chance(
    worlds: Hypergraph, arrays: Mapping[tuple[str, str], np.ndarray], ends: Collection[int]
) -> None:
    """An error if a mechanism that runs in several worlds, and matters for `ends` in more than one, leaves something to a chance that these would share."""
    relevant = ancestors(worlds, ends)
    runs = Counter(
        (box.name, box.kind) for box in worlds.boxes if relevant.intersection(box.outputs)
    )
    for name, kind in [process for process, times in runs.items() if times > 1]:
        if not np.isin(arrays[name, kind], (0.0, 1.0)).all():
            raise ModelError(
                f"Expected a mechanism of {name} that is a function of what it reads; its table is random, and does not say what {name} would have been "
                "where it was seen to be something else. Give it as a function of its causes and of a hidden root with its own probabilities."
            )


def three_worlds(
    diagram: Hypergraph,
    mechanisms: Mapping[str, np.ndarray],
    cause: int,
    outcome: int,
    off: int,
    on: int,
) -> np.ndarray:
    """P(cause, outcome, outcome had the cause been present, outcome had it been absent), an array (batch..., levels...)."""
    present, there = another_world(diagram, [cause])
    both, elsewhere = another_world(present, [cause], "''")
    axes = (cause, outcome, there.get(outcome, outcome), elsewhere.get(outcome, outcome))
    found = tables(both, mechanisms)
    refuse_chance(both, found.arrays, axes)
    return evaluate(found, axes, Known(done={there[cause]: on, elsewhere[cause]: off}))


def causation(joint: np.ndarray, off: int, on: int, event: int) -> dict[str, np.ndarray]:
    """The probabilities of causation out of what `three_worlds` gives; `event` is the level of the outcome that is its presence."""
    share = np.moveaxis(joint, (-4, -3, -2, -1), (0, 1, 2, 3))
    rest = np.arange(share.shape[1]) != event
    caused = share[:, :, event, rest].sum(
        axis=2
    )  # by the level of the cause and of the outcome: those for whom the cause makes the difference
    shown, spared = share[on, event].sum(axis=(0, 1)), share[off, rest].sum(axis=(0, 1, 2))
    with np.errstate(invalid="ignore"):
        necessary, sufficient = (
            np.where(of > 0, part / of, np.nan)
            for part, of in [(caused[on, event], shown), (caused[off, rest].sum(axis=0), spared)]
        )
    return {
        "necessary_and_sufficient": caused.sum(axis=(0, 1)),
        "necessary": necessary,
        "sufficient": sufficient,
    }


def ancestors(diagram: Hypergraph, wires: Collection[int]) -> set[int]:
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
