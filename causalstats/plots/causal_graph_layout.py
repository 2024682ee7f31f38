"""The layout of a causal graph from top to bottom, with room for labels on its arrows.

An arrow that passes a layer has a bend there, so that it runs around the boxes. A labelled arrow
passes a layer of its own, in which the label sits: no label lies on a box or on another label.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import networkx as nx

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

Size = tuple[float, float]
Point = tuple[float, float]
Edge = tuple[Hashable, Hashable]

_ONE_PORT = (0, 1)
_THROUGH_LAYERS = 2.0  # the weight of being straight between two bends; 1 elsewhere


@dataclass(frozen=True, kw_only=True)
class Layout:
    """The places of the parts of a graph; y grows downwards.

    Parameters
    ----------
    nodes : mapping of node to Point
        The centres.
    bends : mapping of edge to tuple of Point
        From the tail to the head.
    labels : mapping of edge to Point
        The centres.
    size : Size
        Size of the whole graph.
    """

    nodes: Mapping[Hashable, Point]
    bends: Mapping[Edge, tuple[Point, ...]]
    labels: Mapping[Edge, Point]
    size: Size


def layered(
    graph: nx.DiGraph[Any],
    sizes: Mapping[Hashable, Size],
    label_sizes: Mapping[Edge, Size],
    gap: Size,
) -> Layout:
    """Return the layout of an acyclic graph.

    Parameters
    ----------
    graph : networkx.DiGraph
    sizes : mapping of node to (width, height)
    label_sizes : mapping of edge to (width, height)
        Sizes of the labels, for edges that have one.
    gap : (float, float)
        Between boxes of a layer, and between layers.
    """
    box: dict[Hashable, Node] = {
        node: ("box", number) for number, node in enumerate(graph)
    }
    label: dict[Edge, Node] = {
        edge: ("box", len(box) + number) for number, edge in enumerate(label_sizes)
    }
    links: list[Link] = []
    links_of: dict[Edge, list[int]] = {}
    for edge in graph.edges:
        stops = [box[edge[0]], *([label[edge]] if edge in label else []), box[edge[1]]]
        links_of[edge] = []
        for tail, head in pairwise(stops):
            links_of[edge].append(len(links))
            links.append(Link(len(links), tail, _ONE_PORT, head, _ONE_PORT))
    row = rows([*box.values(), *label.values()], links)
    lines = order(row, links, free=True)
    size: dict[Item, Size] = {box[node]: sizes[node] for node in graph}
    size |= {label[edge]: label_sizes[edge] for edge in label_sizes}
    centre, total = _places(lines, links, row, size, gap)
    bends = {}
    for edge, numbers in links_of.items():
        chains = [chain(number, links[number], row) for number in numbers]
        bends[edge] = tuple(centre[item] for items in chains for item in items[1:])[:-1]
    return Layout(
        nodes={node: centre[item] for node, item in box.items()},
        bends=bends,
        labels={edge: centre[item] for edge, item in label.items()},
        size=total,
    )


def _places(
    lines: Lines,
    links: list[Link],
    row: Mapping[Node, int],
    size: Mapping[Item, Size],
    gap: Size,
) -> tuple[dict[Item, Point], Size]:
    """The centre of each item, and the size of it all.

    Parameters
    ----------
    lines : Lines
    links : list of Link
    row : mapping of Node to int
    size : mapping of Item to Size
        Bends have none.
    gap : Size
    """
    pulls: list[Pull] = []
    for number, link in enumerate(links):
        for tail, head in pairwise(chain(number, link, row)):
            inner = tail[0] == "via" and head[0] == "via"
            pulls.append((tail, 0.0, head, 0.0, _THROUGH_LAYERS if inner else 1.0))
    nothing = (0.0, 0.0)
    width = {item: size.get(item, nothing)[0] for line in lines for item in line}
    x = across(lines, pulls, width, gap[0])
    left = min(x[item] - width[item] / 2 for item in x)
    right = max(x[item] + width[item] / 2 for item in x)
    centre: dict[Item, Point] = {}
    top = 0.0
    for line in lines:
        height = max(size.get(item, nothing)[1] for item in line)
        for item in line:
            centre[item] = (x[item] - left, top + height / 2)
        top += height + gap[1]
    return centre, (right - left, top - gap[1])
