"""Where the boxes of a diagram go: layers from causes to effects, few crossings, straight arrows (Sugiyama, Tagawa & Toda 1981).

Top to bottom, in any unit of length. An arrow that passes a layer holds a place in it, a bend, so that it runs around the boxes there;
an arrow with a label passes at least one layer and its label sits in that place, so that no label lies on a box or on another label.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Mapping
from dataclasses import dataclass

import networkx as nx
import numpy as np

Size = tuple[float, float]
Point = tuple[float, float]
Edge = tuple[Hashable, Hashable]
_SWEEPS = 12


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Centres of the nodes, the bends of each edge from its tail to its head, the centres of the labels, and the size of it all."""

    nodes: Mapping[Hashable, Point]
    bends: Mapping[Edge, tuple[Point, ...]]
    labels: Mapping[Edge, Point]
    size: Size


def layered(
    graph: nx.DiGraph, nodes: Mapping[Hashable, Size], labels: Mapping[Edge, Size], gap: Size
) -> Layout:
    """The layout of an acyclic graph whose nodes and edge labels have these sizes; y grows downwards."""
    layer = _layers(graph, labels)
    chains = {edge: _chain(edge, layer) for edge in graph.edges}
    members: dict[int, list[Hashable]] = defaultdict(list)
    for node in graph:
        members[layer[node]].append(node)
    for chain in chains.values():
        for bend in chain[1:-1]:
            members[bend[2]].append(bend)
    links = [pair for chain in chains.values() for pair in zip(chain[:-1], chain[1:], strict=True)]
    order = _ordered([members[depth] for depth in sorted(members)], links)
    middle = {edge: chains[edge][len(chains[edge]) // 2] for edge in labels}
    size = {**nodes, **{middle[edge]: labels[edge] for edge in labels}}
    across = _across(
        order, links, {item: size.get(item, (0.0, 0.0))[0] for row in order for item in row}, gap[0]
    )
    down, height = _down(order, size, gap[1])
    place = {item: (across[item], down[item]) for row in order for item in row}
    left = min(place[item][0] - size.get(item, (0.0, 0.0))[0] / 2 for item in place)
    right = max(place[item][0] + size.get(item, (0.0, 0.0))[0] / 2 for item in place)
    place = {item: (x - left, y) for item, (x, y) in place.items()}
    return Layout(
        nodes={node: place[node] for node in graph},
        bends={edge: tuple(place[bend] for bend in chain[1:-1]) for edge, chain in chains.items()},
        labels={edge: place[bend] for edge, bend in middle.items()},
        size=(right - left, height),
    )


def _layers(graph: nx.DiGraph, labels: Mapping[Edge, Size]) -> dict[Hashable, int]:
    """The longest way from a source, a labelled edge counting twice."""
    layer: dict[Hashable, int] = {}
    for node in nx.topological_sort(graph):
        layer[node] = max(
            (layer[cause] + 1 + ((cause, node) in labels) for cause in graph.predecessors(node)),
            default=0,
        )
    return layer


def _chain(edge: Edge, layer: Mapping[Hashable, int]) -> list:
    """The tail, a bend (tail, head, layer) for each layer passed, the head."""
    tail, head = edge
    return [tail, *((tail, head, depth) for depth in range(layer[tail] + 1, layer[head])), head]


def _ordered(rows: list[list[Hashable]], links: list[Edge]) -> list[list[Hashable]]:
    """Each row in the order with the fewest crossings that sweeps by the mean place of the neighbours come across."""
    neighbours = _neighbours(links)
    best, fewest = rows, _crossings(rows, links)
    for start in (rows, [row[::-1] for row in rows]):
        current = [list(row) for row in start]
        for sweep in range(_SWEEPS):
            if fewest == 0:
                return best
            direction = (
                range(1, len(current)) if sweep % 2 == 0 else range(len(current) - 2, -1, -1)
            )
            for depth in direction:
                fixed = {
                    item: place
                    for place, item in enumerate(
                        current[depth - 1 if sweep % 2 == 0 else depth + 1]
                    )
                }
                wanted = {
                    item: _mean_place(neighbours[item], fixed, place)
                    for place, item in enumerate(current[depth])
                }
                current[depth].sort(key=wanted.__getitem__)
            crossings = _crossings(current, links)
            if crossings < fewest:
                best, fewest = [list(row) for row in current], crossings
    return best


def _neighbours(links: list[Edge]) -> dict[Hashable, list[Hashable]]:
    found: dict[Hashable, list[Hashable]] = defaultdict(list)
    for tail, head in links:
        found[tail].append(head)
        found[head].append(tail)
    return found


def _mean_place(items: list[Hashable], place: Mapping[Hashable, float], otherwise: float) -> float:
    known = [place[item] for item in items if item in place]
    return sum(known) / len(known) if known else otherwise


def _crossings(rows: list[list[Hashable]], links: list[Edge]) -> int:
    """Pairs of links between the same two layers whose ends are in opposite order."""
    at = {item: (depth, place) for depth, row in enumerate(rows) for place, item in enumerate(row)}
    ends = [
        (at[tail][0], at[tail][1], at[head][1])
        for tail, head in links
        if at[head][0] == at[tail][0] + 1
    ]
    return sum(
        a[0] == b[0] and (a[1] - b[1]) * (a[2] - b[2]) < 0
        for k, a in enumerate(ends)
        for b in ends[:k]
    )


def _across(
    rows: list[list[Hashable]], links: list[Edge], width: Mapping[Hashable, float], gap: float
) -> dict[Hashable, float]:
    """Centres along the rows: each as near to the mean of its neighbours as order, widths and gaps allow."""
    neighbours = _neighbours(links)
    offsets = []
    centre: dict[Hashable, float] = {}
    for row in rows:
        steps = [(width[a] + width[b]) / 2 + gap for a, b in zip(row[:-1], row[1:], strict=True)]
        offset = np.concatenate([[0.0], np.cumsum(steps)])
        offsets.append(offset)
        centre |= dict(zip(row, offset - offset[-1] / 2, strict=True))
    for _ in range(_SWEEPS):
        for row, offset in zip(rows, offsets, strict=True):
            wanted = np.array([_mean_place(neighbours[item], centre, centre[item]) for item in row])
            centre |= dict(zip(row, offset + _increasing(wanted - offset), strict=True))
    return centre


def _increasing(values: np.ndarray) -> np.ndarray:
    """The non-decreasing sequence nearest to the values in least squares, by pooling neighbours."""
    blocks: list[tuple[float, int]] = []
    for value in values:
        blocks.append((float(value), 1))
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            (late, more), (early, fewer) = blocks.pop(), blocks.pop()
            blocks.append(((early * fewer + late * more) / (fewer + more), fewer + more))
    return np.repeat([mean for mean, _ in blocks], [count for _, count in blocks])


def _down(
    rows: list[list[Hashable]], size: Mapping[Hashable, Size], gap: float
) -> tuple[dict[Hashable, float], float]:
    """Centres down the page, each layer as high as its highest box, and the height of all."""
    down: dict[Hashable, float] = {}
    top = 0.0
    for row in rows:
        height = max(size.get(item, (0.0, 0.0))[1] for item in row)
        down |= dict.fromkeys(row, top + height / 2)
        top += height + gap
    return down, top - gap
