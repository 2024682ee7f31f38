"""Smallest vertex cuts by maximum flow (Ford & Fulkerson), for smallest separating sets.

Each node that may be cut is an arc of capacity one from its entrance to its exit. By Menger's
theorem there are as many node-disjoint paths as nodes in the smallest cut, and each search for one
more augmenting path visits every edge at most once.

References
----------
Ford & Fulkerson (1962), Flows in Networks. Acid & de Campos (1996), An algorithm for finding
minimum d-separating sets in belief networks, UAI.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence

from causalstats.diagrams.identification.bit_sets import (
    BitSet,
    contains,
    members,
    singleton,
    union,
)

Arc = tuple[int, int]
Residual = dict[
    int, dict[int, int]
]  # the capacity left from each vertex to each neighbour

_UNCUTTABLE = 1 << 60  # the capacity of an arc that is never cut
_SOURCE = -1
_SINK = -2
_FIRST_HUB = -3  # cliques are hubs numbered downwards from here


def smallest_cut(
    cliques: Sequence[BitSet],
    one: BitSet,
    other: BitSet,
    allowed: BitSet,
    removed: BitSet,
) -> BitSet:
    """Return a smallest subset of `allowed` whose removal disconnects `one` from `other`.

    Among several cuts of that size, the one closest to `other` is returned.

    Parameters
    ----------
    cliques : list of BitSet
        All members of a clique are neighbours.
    one, other : BitSet
        Sets that some subset of `allowed` separates.
    allowed : BitSet
    removed : BitSet
        Nodes that are taken out beforehand.

    Returns
    -------
    BitSet
    """
    present = [clique & ~removed for clique in cliques]
    nodes = list(members(union(present)))
    residual = _network(present, one, other, allowed & ~(one | other))
    while path := _augmenting_path(residual):
        for start, end in path:
            residual[start][end] -= 1
            residual[end][start] += 1
    reaching = _reaching_sink(residual)
    return union(
        singleton(node)
        for node in nodes
        if _exit(node) in reaching and _entrance(node) not in reaching
    )


def _entrance(node: int) -> int:
    return 2 * node


def _exit(node: int) -> int:
    return 2 * node + 1


def _network(
    cliques: Sequence[BitSet],
    one: BitSet,
    other: BitSet,
    cuttable: BitSet,
) -> Residual:
    """The flow network: an arc through each node, and arcs between nodes and clique hubs.

    Parameters
    ----------
    cliques : list of BitSet
    one, other : BitSet
        The nodes at the source and at the sink.
    cuttable : BitSet
    """
    residual: Residual = {}

    def join(
        start: int,
        end: int,
        capacity: int = _UNCUTTABLE,
    ) -> None:
        residual.setdefault(start, {})[end] = capacity
        residual.setdefault(end, {}).setdefault(start, 0)

    for node in members(union(cliques)):
        join(
            _entrance(node), _exit(node), 1 if contains(cuttable, node) else _UNCUTTABLE
        )
    for number, clique in enumerate(cliques):
        hub = _FIRST_HUB - number
        for node in members(clique):
            join(_exit(node), hub)
            join(hub, _entrance(node))
    for node in members(one):
        join(_SOURCE, _entrance(node))
    for node in members(other):
        join(_exit(node), _SINK)
    return residual


def _augmenting_path(residual: Residual) -> list[Arc]:
    """The arcs of a shortest path with capacity left; empty where there is none."""
    predecessor = {_SOURCE: _SOURCE}
    waiting = deque([_SOURCE])
    while waiting and _SINK not in predecessor:
        vertex = waiting.popleft()
        for neighbour, capacity in residual.get(vertex, {}).items():
            if capacity and neighbour not in predecessor:
                predecessor[neighbour] = vertex
                waiting.append(neighbour)
    if _SINK not in predecessor:
        return []
    arcs = []
    vertex = _SINK
    while vertex != _SOURCE:
        arcs.append((predecessor[vertex], vertex))
        vertex = predecessor[vertex]
    return arcs


def _reaching_sink(residual: Residual) -> set[int]:
    """All vertices from which the sink is still reached."""
    reaching = {_SINK}
    waiting = [_SINK]
    while waiting:
        vertex = waiting.pop()
        before: Iterable[int] = residual.get(vertex, {})
        for neighbour in before:
            if neighbour not in reaching and residual[neighbour].get(vertex):
                reaching.add(neighbour)
                waiting.append(neighbour)
    return reaching
