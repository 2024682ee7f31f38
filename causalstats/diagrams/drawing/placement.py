"""The places of the nodes, ports and wires of a string diagram on the page."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from causalstats.diagrams.core.hypergraph import Hypergraph
from causalstats.diagrams.drawing.nodes import (
    PORT_GAP,
    consumers,
    node_heights,
    node_width,
    wires_are_distinct,
)
from causalstats.numerics.layered_layout import (
    Item,
    Lines,
    Link,
    Node,
    Pull,
    across,
    chain,
    order,
    rows,
)

Port = tuple[Node, str, int]  # node, "in" or "out", number
_End = tuple[
    Node, tuple[int, int]
]  # a node, and the number of a port and the count of ports

_GAP = 19.0  # between neighbours in a row
_MIN_RISE = 24.0  # between rows
_MAX_EXTRA_RISE = 34.0  # for wires that go far sideways
_EXTRA_RISE = 0.16  # for each point that a wire goes sideways


@dataclass(frozen=True)
class Placement:
    """A diagram with the places of its parts, in points.

    Parameters
    ----------
    diagram : Hypergraph
    nodes : tuple of Node
    links : tuple of Link
    row : mapping of Node to int
    x : mapping of Item to float
        The centres across the page.
    ports : mapping of Port to float
        Offsets from the centres of their nodes.
    low, deck, high : list of float
        For each row the lowest point, the top of the bodies and the highest point.
    """

    diagram: Hypergraph
    nodes: tuple[Node, ...]
    links: tuple[Link, ...]
    row: Mapping[Node, int]
    x: Mapping[Item, float]
    ports: Mapping[Port, float]
    low: Sequence[float]
    deck: Sequence[float]
    high: Sequence[float]


def placed(diagram: Hypergraph) -> Placement:
    """Return the places of everything in a drawing.

    Ports and ends may change places where every wire has a name and a box of its own.
    """
    free = wires_are_distinct(diagram)
    nodes, links = nodes_and_links(diagram)
    row = rows(nodes, links)
    lines = order(row, links, free)
    ports = _ports(diagram, links, row, lines, free)
    pulls: list[Pull] = []
    for number, link in enumerate(links):
        copied = consumers(diagram, link.wire) > 1
        pulls += _pulls(chain(number, link, row), link, ports, copied)
    width = {
        item: 0.0 if item[0] == "via" else node_width(diagram, (item[0], item[1]))
        for line in lines
        for item in line
    }
    x = across(lines, pulls, width, _GAP)
    return Placement(
        diagram, nodes, links, row, x, ports, *_heights(diagram, lines, pulls, x)
    )


def _pulls(
    items: Sequence[Item],
    link: Link,
    ports: Mapping[Port, float],
    copied: bool,
) -> list[Pull]:
    """The hops of a link, with the weight of being straight.

    It is larger where a wire passes rows than where it leaves a dot, and largest at the ends.

    Parameters
    ----------
    items : list of Item
        The chain of the link.
    link : Link
    ports : mapping of Port to float
    copied : bool
        Whether the link starts at a dot.
    """
    pulls = []
    for tail, head in pairwise(items):
        leave = ports[link.tail, "out", link.tail_port[0]] if tail == link.tail else 0.0
        enter = ports[link.head, "in", link.head_port[0]] if head == link.head else 0.0
        if copied and tail == link.tail:
            weight = 0.6 if head[0] == "box" else 0.8
        elif head[0] != "box":
            weight = 4.0
        else:
            weight = 2.0 if tail[0] == "via" else 1.0
        pulls.append((tail, leave, head, enter, weight))
    return pulls


def nodes_and_links(diagram: Hypergraph) -> tuple[tuple[Node, ...], tuple[Link, ...]]:
    """Return boxes and ends as nodes, and a link from the maker of each wire to each consumer."""
    boxes: list[Node] = [("box", number) for number in range(len(diagram.boxes))]
    inputs: list[Node] = [("in", number) for number in range(len(diagram.inputs))]
    outputs: list[Node] = [("out", number) for number in range(len(diagram.outputs))]
    tails: dict[int, _End] = {}
    heads: dict[int, list[_End]] = defaultdict(list)
    for node, box in zip(boxes, diagram.boxes, strict=True):
        tails |= _ends(node, box.outputs)
        for wire, end in _ends(node, box.inputs):
            heads[wire].append(end)
    tails |= {
        wire: (node, (0, 1)) for node, wire in zip(inputs, diagram.inputs, strict=True)
    }
    for node, wire in zip(outputs, diagram.outputs, strict=True):
        heads[wire].append((node, (0, 1)))
    links = [
        Link(wire, *tails[wire], *head) for wire, ends in heads.items() for head in ends
    ]
    return (*inputs, *boxes, *outputs), tuple(links)


def _ends(node: Node, wires: Sequence[int]) -> list[tuple[int, _End]]:
    """Each wire with the port of a node that it is at."""
    return [(wire, (node, (port, len(wires)))) for port, wire in enumerate(wires)]


def _ports(
    diagram: Hypergraph,
    links: Sequence[Link],
    row: Mapping[Node, int],
    lines: Lines,
    free: bool,
) -> dict[Port, float]:
    """The offset of each port from the centre of its node.

    Free ports stand in the order in which their wires arrive.

    Parameters
    ----------
    diagram : Hypergraph
    links : list of Link
    row : mapping of Node to int
    lines : Lines
    free : bool
    """
    position = {item: number for line in lines for number, item in enumerate(line)}
    arriving = {
        (link.head, link.head_port[0]): position[chain(number, link, row)[-2]]
        for number, link in enumerate(links)
    }
    offsets: dict[Port, float] = {}
    for node in row:
        offsets[node, "in", 0] = 0.0
        offsets[node, "out", 0] = 0.0
    for number, box in enumerate(diagram.boxes):
        node = ("box", number)
        inputs = list(range(len(box.inputs)))
        if free:
            inputs = [
                port
                for _, port in sorted((arriving[node, port], port) for port in inputs)
            ]
        for rank, port in enumerate(inputs):
            offsets[node, "in", port] = _centred(rank, len(inputs))
        for port in range(len(box.outputs)):
            offsets[node, "out", port] = _centred(port, len(box.outputs))
    return offsets


def _centred(rank: int, count: int) -> float:
    return (rank - (count - 1) / 2) * PORT_GAP


def _heights(
    diagram: Hypergraph,
    lines: Lines,
    pulls: Sequence[Pull],
    x: Mapping[Item, float],
) -> tuple[list[float], list[float], list[float]]:
    """The lowest point of each row, the top of its bodies and its highest point.

    Wires that go far sideways get more room to rise.

    Parameters
    ----------
    diagram : Hypergraph
    lines : Lines
    pulls : list of Pull
    x : mapping of Item to float
    """
    depth_of = {item: depth for depth, line in enumerate(lines) for item in line}
    sideways = [0.0] * len(lines)
    for tail, leave, head, enter, _ in pulls:
        distance = abs(x[tail] + leave - x[head] - enter)
        sideways[depth_of[head]] = max(sideways[depth_of[head]], distance)
    low: list[float] = []
    deck: list[float] = []
    high: list[float] = []
    for depth, line in enumerate(lines):
        nodes = [(item[0], item[1]) for item in line if item[0] != "via"]
        heights = [node_heights(diagram, node) for node in nodes]
        extra = min(_EXTRA_RISE * sideways[depth], _MAX_EXTRA_RISE)
        low.append(high[-1] + _MIN_RISE + extra if high else 0.0)
        deck.append(low[-1] + max((body for body, _ in heights), default=0.0))
        high.append(deck[-1] + max((above for _, above in heights), default=0.0))
    return low, deck, high
