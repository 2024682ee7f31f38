"""The places of everything in a drawing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from causalstats.diagrams.core.hypergraph import Hypergraph
from causalstats.diagrams.drawing.layout import Item, Link, Node, across, chain, order, rows
from causalstats.diagrams.drawing.nodes import PORT, heights, named_apart, takers, width

Pull = tuple[Item, float, Item, float, float]  # tail, offset, head, offset, weight
_GAP = 19.0  # between neighbours in a row
_RISE = 24.0  # between rows, at least


@dataclass(frozen=True)
class Plan:
    """A diagram with its places: what is where across the page, and for each row the lowest point, the top of the bodies and the highest point."""

    diagram: Hypergraph
    nodes: tuple[Node, ...]
    links: tuple[Link, ...]
    row: dict[Node, int]
    x: dict[Item, float]
    ports: dict[tuple[Node, str, int], float]  # offset of a port from the centre of its node
    low: list[float]
    deck: list[float]
    high: list[float]


def planned(diagram: Hypergraph) -> Plan:
    """Rows, order and places; ports and ends may change places where every wire has a name and a box of its own to tell it by."""
    free = named_apart(diagram)
    nodes, links = _graph(diagram)
    row = rows(nodes, links)
    lines = order(row, links, free)
    ports = _ports(diagram, nodes, links, row, lines, free)
    pulls = [
        pull
        for number, link in enumerate(links)
        for pull in _pulls(number, link, row, ports, takers(diagram, link.wire) > 1)
    ]
    wide = {
        item: 0.0 if item[0] == "via" else width(diagram, item) for line in lines for item in line
    }
    x = across(lines, pulls, wide, _GAP)
    return Plan(diagram, nodes, links, row, x, ports, *_heights(diagram, lines, pulls, x))


def _pulls(
    number: int,
    link: Link,
    row: dict[Node, int],
    ports: dict[tuple[Node, str, int], float],
    copied: bool,
) -> list[Pull]:
    """The hops of a leg, each to be straight: where it passes rows rather than where it leaves a dot, and at an end of the diagram most of all."""
    pulls = []
    for tail, head in pairwise(chain(number, link, row)):
        leave = ports[(link.tail, "out", link.tail_port[0])] if tail == link.tail else 0.0
        enter = ports[(link.head, "in", link.head_port[0])] if head == link.head else 0.0
        weight = (
            (0.6 if head[0] == "box" else 0.8)
            if copied and tail == link.tail
            else 4.0
            if head[0] != "box"
            else 2.0
            if tail[0] == "via"
            else 1.0
        )
        pulls.append((tail, leave, head, enter, weight))
    return pulls


def _graph(diagram: Hypergraph) -> tuple[tuple[Node, ...], tuple[Link, ...]]:
    """Boxes and ends as nodes, a link from the maker of each wire to each of those that take it."""
    tails: dict[int, tuple[Node, tuple[int, int]]] = {
        wire: (("in", place), (0, 1)) for place, wire in enumerate(diagram.inputs)
    }
    heads: dict[int, list[tuple[Node, tuple[int, int]]]] = defaultdict(list)
    for number, box in enumerate(diagram.boxes):
        tails |= {
            wire: (("box", number), (port, len(box.outputs)))
            for port, wire in enumerate(box.outputs)
        }
        for port, wire in enumerate(box.inputs):
            heads[wire].append((("box", number), (port, len(box.inputs))))
    for place, wire in enumerate(diagram.outputs):
        heads[wire].append((("out", place), (0, 1)))
    nodes = [("in", place) for place in range(len(diagram.inputs))] + [
        ("box", number) for number in range(len(diagram.boxes))
    ]
    nodes += [("out", place) for place in range(len(diagram.outputs))]
    return tuple(nodes), tuple(
        Link(wire, *tails[wire], *head) for wire in heads for head in heads[wire]
    )


def _ports(
    diagram: Hypergraph,
    nodes: Sequence[Node],
    links: Sequence[Link],
    row: dict[Node, int],
    lines: list[list[Item]],
    free: bool,
) -> dict[tuple[Node, str, int], float]:
    """How far each port is from the centre of its node; free ports stand in the order in which their wires arrive."""
    at = {item: number for line in lines for number, item in enumerate(line)}
    arriving = {
        (link.head, link.head_port[0]): at[chain(number, link, row)[-2]]
        for number, link in enumerate(links)
    }
    offsets: dict[tuple[Node, str, int], float] = {
        (node, side, 0): 0.0 for node in nodes for side in ("in", "out")
    }
    for number, box in enumerate(diagram.boxes):
        node: Node = ("box", number)
        came = sorted(
            (arriving[node, port] if free else port, port) for port in range(len(box.inputs))
        )
        for rank, (_, port) in enumerate(came):
            offsets[node, "in", port] = (rank - (len(came) - 1) / 2) * PORT
        for port in range(len(box.outputs)):
            offsets[node, "out", port] = (port - (len(box.outputs) - 1) / 2) * PORT
    return offsets


def _heights(
    diagram: Hypergraph, lines: list[list[Item]], pulls: list[Pull], x: dict[Item, float]
) -> tuple[list[float], list[float], list[float]]:
    """The lowest point of each row, the top of its bodies and its highest point; wires that go far sideways get more room to rise."""
    depth_of = {item: depth for depth, line in enumerate(lines) for item in line}
    low, deck, high = list[float](), list[float](), list[float]()
    for depth, line in enumerate(lines):
        aside = max(
            (
                abs(x[tail] + leave - x[head] - enter)
                for tail, leave, head, enter, _ in pulls
                if depth_of[head] == depth
            ),
            default=0.0,
        )
        parts = [heights(diagram, item) for item in line if item[0] != "via"]
        low.append(high[-1] + _RISE + min(0.16 * aside, 34.0) if high else 0.0)
        deck.append(low[-1] + max((body for body, _ in parts), default=0.0))
        high.append(deck[-1] + max((above for _, above in parts), default=0.0))
    return low, deck, high
