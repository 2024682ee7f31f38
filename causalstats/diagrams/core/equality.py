"""Equality of diagrams: isomorphism of labelled hypergraphs.

The isomorphism keeps labels, the order of ports and the order of inputs and outputs, which is
equality in the free CDU category on the boxes. Colour refinement (Weisfeiler & Leman 1968) tells
most diagrams apart at once and matches the others wire by wire. Only indistinguishable boxes side
by side need a search.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import networkx as nx

if TYPE_CHECKING:
    from causalstats.diagrams.core.hypergraph import Hypergraph

Colours = tuple[list[int], list[int]]  # of the wires, of the boxes


def isomorphic(left: Hypergraph, right: Hypergraph) -> bool:
    """Return whether two diagrams are the same hypergraph.

    Parameters
    ----------
    left, right : Hypergraph

    Returns
    -------
    bool
    """
    if _sizes(left) != _sizes(right) or left.roles.of_data != right.roles.of_data:
        return False
    if _fields(left) == _fields(right):
        return True
    left_colours = refined_colours(left)
    right_colours = refined_colours(right)
    pairs = zip(left_colours, right_colours, strict=True)
    if any(sorted(one) != sorted(other) for one, other in pairs):
        return False
    if _all_different(left_colours):
        position = {colour: number for number, colour in enumerate(right_colours[0])}
        match = {
            number: position[colour] for number, colour in enumerate(left_colours[0])
        }
        same = {number: number for number in match.values()}
        return _relabelled(left, match) == _relabelled(right, same)
    left_graph = _labelled_graph(left, left_colours)
    right_graph = _labelled_graph(right, right_colours)
    return nx.is_isomorphic(left_graph, right_graph, _same_label, _same_label)


def digest(diagram: Hypergraph) -> int:
    """Return a hash that equal diagrams share."""
    wires, boxes = refined_colours(diagram)
    return hash((tuple(sorted(wires)), tuple(sorted(boxes)), diagram.roles.of_data))


def refined_colours(diagram: Hypergraph) -> Colours:
    """Return a colour for each wire and box that does not depend on where it is listed.

    The colours are refined by those of the neighbours until they separate no more items.
    """
    wires = []
    for number, wire in enumerate(diagram.wires):
        entering = _ranks(diagram.inputs, number)
        leaving = _ranks(diagram.outputs, number)
        wires.append(hash((wire, entering, leaving)))
    boxes = []
    for box in diagram.boxes:
        ports = (len(box.inputs), len(box.outputs))
        boxes.append(hash((box.name, box.kind, box.value, ports)))
    separated = 0
    while len(set(wires)) + len(set(boxes)) > separated:
        separated = len(set(wires)) + len(set(boxes))
        wires, boxes = _refined_once(diagram, wires, boxes)
    return wires, boxes


def _sizes(diagram: Hypergraph) -> list[int]:
    return [len(part) for part in _fields(diagram)]


def _fields(diagram: Hypergraph) -> tuple[Sequence[Any], ...]:
    return diagram.wires, diagram.boxes, diagram.inputs, diagram.outputs


def _all_different(colours: Colours) -> bool:
    return all(len(set(part)) == len(part) for part in colours)


def _ranks(boundary: Sequence[int], wire: int) -> tuple[int, ...]:
    return tuple(rank for rank, other in enumerate(boundary) if other == wire)


def _refined_once(
    diagram: Hypergraph,
    wires: list[int],
    boxes: list[int],
) -> Colours:
    """Combine each colour with those of the adjacent boxes or wires.

    Parameters
    ----------
    diagram : Hypergraph
    wires, boxes : list of int
        The current colours.
    """
    ports: list[list[tuple[str, int, int]]] = [[] for _ in wires]
    for box, colour in zip(diagram.boxes, boxes, strict=True):
        for port, wire in enumerate(box.inputs):
            ports[wire].append(("into", colour, port))
        for port, wire in enumerate(box.outputs):
            ports[wire].append(("from", colour, port))
    finer_wires = []
    for colour, ends in zip(wires, ports, strict=True):
        finer_wires.append(hash((colour, tuple(sorted(ends)))))
    finer_boxes = []
    for box, colour in zip(diagram.boxes, boxes, strict=True):
        inputs = tuple(wires[wire] for wire in box.inputs)
        outputs = tuple(wires[wire] for wire in box.outputs)
        finer_boxes.append(hash((colour, inputs, outputs)))
    return finer_wires, finer_boxes


def _relabelled(diagram: Hypergraph, match: Mapping[int, int]) -> tuple[Any, ...]:
    """All that a diagram is, with its wires numbered by `match` and its boxes sorted."""
    boxes = []
    for box in diagram.boxes:
        inputs = tuple(match[wire] for wire in box.inputs)
        outputs = tuple(match[wire] for wire in box.outputs)
        boxes.append((inputs, outputs, box.name, box.kind, box.value))
    return (
        {match[number]: wire for number, wire in enumerate(diagram.wires)},
        [match[wire] for wire in diagram.inputs],
        [match[wire] for wire in diagram.outputs],
        sorted(boxes, key=lambda box: (*box[:4], repr(box[4]))),
    )


def _labelled_graph(diagram: Hypergraph, colours: Colours) -> nx.DiGraph[Any]:
    """Wires and boxes as nodes, with an edge for each wire into or out of a box."""
    graph = nx.DiGraph()
    for number, wire in enumerate(diagram.wires):
        ranks = _ranks(diagram.inputs, number), _ranks(diagram.outputs, number)
        graph.add_node(("wire", number), label=(wire, colours[0][number], *ranks))
    for number, box in enumerate(diagram.boxes):
        node = ("box", number)
        graph.add_node(node, label=(box.name, box.kind, box.value, colours[1][number]))
        for source in box.inputs:
            graph.add_edge(("wire", source), node, label=_ranks(box.inputs, source))
        for target in box.outputs:
            graph.add_edge(node, ("wire", target), label=_ranks(box.outputs, target))
    return graph


def _same_label(left: Mapping[str, Any], right: Mapping[str, Any]) -> bool:
    return left["label"] == right["label"]
