"""When two diagrams are one: isomorphism of hypergraphs that keeps labels, the order of ports and the order of the boundary.

By the normal form this is equality in the free CDU category on the boxes. Colours that take in ever more of the neighbourhood (Weisfeiler & Leman)
tell most diagrams apart at once and match the others wire by wire; only where equal boxes stand side by side is there a search.
"""

from __future__ import annotations

from collections.abc import Sequence

import networkx as nx

from causalstats.diagrams.diagram import Diagram

Colours = tuple[list[int], list[int]]  # of the wires, of the boxes


def equal(left: Diagram, right: Diagram) -> bool:
    """Whether the diagrams are the same hypergraph."""
    sizes = [
        (len(diagram.wires), len(diagram.boxes), len(diagram.inputs), len(diagram.outputs))
        for diagram in (left, right)
    ]
    if sizes[0] != sizes[1] or left.roles.of_data != right.roles.of_data:
        return False
    if (left.wires, left.boxes, left.inputs, left.outputs) == (
        right.wires,
        right.boxes,
        right.inputs,
        right.outputs,
    ):
        return True
    ours, theirs = colours(left), colours(right)
    if any(sorted(a) != sorted(b) for a, b in zip(ours, theirs, strict=True)):
        return False
    if len(set(ours[0])) == len(left.wires) and len(set(ours[1])) == len(left.boxes):
        theirs_at = {colour: place for place, colour in enumerate(theirs[0])}
        match = {place: theirs_at[colour] for place, colour in enumerate(ours[0])}
        return _shape(left, match) == _shape(right, {wire: wire for wire in match.values()})
    return nx.is_isomorphic(
        _labelled(left, ours), _labelled(right, theirs), _same_label, _same_label
    )


def colours(diagram: Diagram) -> Colours:
    """A number for each wire and box that depends on what it is and what it hangs together with, and not on where it is listed."""
    ends = [
        (wire, _places(diagram.inputs, place), _places(diagram.outputs, place))
        for place, wire in enumerate(diagram.wires)
    ]
    wires = [hash(end) for end in ends]
    boxes = [
        hash((box.name, box.kind, box.value, len(box.inputs), len(box.outputs)))
        for box in diagram.boxes
    ]
    told_apart = 0
    while len({*wires}) + len({*boxes}) > told_apart:
        told_apart = len({*wires}) + len({*boxes})
        wires, boxes = _finer(diagram, wires, boxes)
    return wires, boxes


def digest(diagram: Diagram) -> int:
    """A hash that equal diagrams share."""
    wires, boxes = colours(diagram)
    return hash((tuple(sorted(wires)), tuple(sorted(boxes)), diagram.roles.of_data))


def _places(boundary: Sequence[int], wire: int) -> tuple[int, ...]:
    return tuple(place for place, other in enumerate(boundary) if other == wire)


def _finer(diagram: Diagram, wires: list[int], boxes: list[int]) -> Colours:
    """Each colour with those of the boxes a wire runs between, or of the wires at the ports of a box."""
    ports: list[list[tuple[str, int, int]]] = [[] for _ in wires]
    for box, colour in zip(diagram.boxes, boxes, strict=True):
        for side, ends in (("into", box.inputs), ("from", box.outputs)):
            for port, wire in enumerate(ends):
                ports[wire].append((side, colour, port))
    return (
        [hash((colour, tuple(sorted(ends)))) for colour, ends in zip(wires, ports, strict=True)],
        [
            hash(
                (
                    colour,
                    tuple(wires[wire] for wire in box.inputs),
                    tuple(wires[wire] for wire in box.outputs),
                )
            )
            for box, colour in zip(diagram.boxes, boxes, strict=True)
        ],
    )


def _shape(diagram: Diagram, match: dict[int, int]) -> tuple:
    """All that a diagram is, its wires numbered as `match` says; boxes are told apart by what they make, or else counted."""
    boxes = [
        (
            tuple(match[w] for w in box.inputs),
            tuple(match[w] for w in box.outputs),
            box.name,
            box.kind,
            box.value,
        )
        for box in diagram.boxes
    ]
    return (
        {match[place]: wire for place, wire in enumerate(diagram.wires)},
        [match[wire] for wire in diagram.inputs],
        [match[wire] for wire in diagram.outputs],
        sorted(boxes, key=lambda box: (*box[:3], box[3], repr(box[4]))),
    )


def _labelled(diagram: Diagram, found: Colours) -> nx.DiGraph:
    """Wires and boxes as nodes, an edge with its ports for each way a wire runs into or out of a box."""
    graph = nx.DiGraph()
    for place, wire in enumerate(diagram.wires):
        label = (
            wire,
            found[0][place],
            _places(diagram.inputs, place),
            _places(diagram.outputs, place),
        )
        graph.add_node(("wire", place), label=label)
    for place, box in enumerate(diagram.boxes):
        graph.add_node(("box", place), label=(box.name, box.kind, box.value, found[1][place]))
        graph.add_edges_from(
            (("wire", wire), ("box", place), {"label": _places(box.inputs, wire)})
            for wire in box.inputs
        )
        graph.add_edges_from(
            (("box", place), ("wire", wire), {"label": _places(box.outputs, wire)})
            for wire in box.outputs
        )
    return graph


def _same_label(left: dict, right: dict) -> bool:
    return left["label"] == right["label"]
