"""Leaving out what no answer depends on."""

from __future__ import annotations

from dataclasses import replace

from causalstats.diagrams.diagram import Diagram


def pruned(diagram: Diagram) -> Diagram:
    """The diagram without the boxes from which no way leads to an output or an observation; inputs stay.

    Sound where discarding is natural, discard ∘ f = discard, as it is for probabilities: a mechanism nobody looks at sums to one. That is why it is
    no part of the normal form, and why what an observation depends on stays, whether or not it goes out.
    """
    needed = set(diagram.outputs)
    kept = set[int]()
    makers = {wire: place for place, box in enumerate(diagram.boxes) for wire in box.outputs}
    ends = [place for place, box in enumerate(diagram.boxes) if box.kind == "observation"]
    ends += [makers[wire] for wire in needed if wire in makers]
    while ends:
        if (place := ends.pop()) not in kept:
            kept.add(place)
            ends += [makers[wire] for wire in diagram.boxes[place].inputs if wire in makers]
    wires = sorted(
        {
            *diagram.inputs,
            *(
                wire
                for place in kept
                for wire in (*diagram.boxes[place].inputs, *diagram.boxes[place].outputs)
            ),
        }
    )
    new = {wire: place for place, wire in enumerate(wires)}
    boxes = [diagram.boxes[place] for place in sorted(kept)]
    return replace(
        diagram,
        wires=tuple(diagram.wires[wire] for wire in wires),
        boxes=tuple(
            replace(
                box,
                inputs=tuple(new[w] for w in box.inputs),
                outputs=tuple(new[w] for w in box.outputs),
            )
            for box in boxes
        ),
        inputs=tuple(new[wire] for wire in diagram.inputs),
        outputs=tuple(new[wire] for wire in diagram.outputs),
        roles=diagram.roles.among(diagram.wires[wire].label for wire in wires),
    )
