"""The fewest nodes that separate two sets in an undirected graph: a smallest vertex cut, by augmenting paths.

Each node that may be taken is an arc of capacity one from where it is entered to where it is left; by Menger's theorem there are as
many paths without a common node as nodes in the smallest cut, and each search for one more path goes over every edge at most once.

References
----------
Ford & Fulkerson (1962), Flows in Networks. Acid & de Campos (1996), An algorithm for finding minimum d-separating sets in belief
networks, UAI.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence

from causalstats.diagrams.identification.bit_set_graph import members

Arc = tuple[int, int]
_FREE = 1 << 60  # the capacity of what cannot be cut


def smallest_cut(cliques: Sequence[int], one: int, other: int, allowed: int, gone: int) -> int:
    """A smallest subset of `allowed` without which no path leads from `one` to `other`; of several, the one closest to `other`.

    Parameters
    ----------
    cliques : list of sets of nodes
        All members of a clique are neighbours.
    one, other : sets of nodes
        That some subset of `allowed` separates.
    allowed : set of nodes
    gone : set of nodes
        Taken out beforehand.

    Returns
    -------
    set of nodes
    """
    left: dict[int, dict[int, int]] = {}

    def join(start: int, end: int, capacity: int) -> None:
        left.setdefault(start, {})[end] = capacity
        left.setdefault(end, {}).setdefault(start, 0)

    source, sink = -1, -2
    nodes = {node for clique in cliques for node in members(clique & ~gone)}
    for node in nodes:
        cuttable = allowed >> node & 1 and not (one | other) >> node & 1
        join(2 * node, 2 * node + 1, 1 if cuttable else _FREE)
    for number, clique in enumerate(cliques):
        hub = -3 - number
        for node in members(clique & ~gone):
            join(2 * node + 1, hub, _FREE)
            join(hub, 2 * node, _FREE)
    for node in members(one):
        join(source, 2 * node, _FREE)
    for node in members(other):
        join(2 * node + 1, sink, _FREE)
    while path := _path(left, source, sink):
        for start, end in path:
            left[start][end] -= 1
            left[end][start] += 1
    reaching = _reaching(left, sink)
    return sum(1 << node for node in nodes if 2 * node + 1 in reaching and 2 * node not in reaching)


def _path(left: dict[int, dict[int, int]], source: int, sink: int) -> list[Arc]:
    """The arcs of a shortest way that has room left; none where there is no way."""
    before = {source: source}
    waiting = deque([source])
    while waiting and sink not in before:
        here = waiting.popleft()
        for there, capacity in left.get(here, {}).items():
            if capacity and there not in before:
                before[there] = here
                waiting.append(there)
    if sink not in before:
        return []
    arcs, here = [], sink
    while here != source:
        arcs.append((before[here], here))
        here = before[here]
    return arcs


def _reaching(left: dict[int, dict[int, int]], sink: int) -> set[int]:
    """All from where the sink is still reached."""
    found, waiting = {sink}, [sink]
    while waiting:
        here = waiting.pop()
        more: Iterable[int] = (
            there for there in left.get(here, {}) if left[there].get(here) and there not in found
        )
        for there in list(more):
            found.add(there)
            waiting.append(there)
    return found
