"""Where the boxes and wires of a string diagram go: rows from bottom to top, few crossings, wires as straight as they can be.

The three steps of Sugiyama, Tagawa & Toda (1981). Rows and places along them are linear programmes (Gansner, Koutsofios, North & Vo 1993), so the wires are
as short and then as straight as the order allows; the order is found by sweeps, exchanges and a few other starts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import csr_array, vstack

Node = tuple[str, int]  # ("box", 3), ("in", 0), ("out", 2)
Item = tuple  # a node or the place ("via", link, row) where a wire passes a row
_STARTS, _SWEEPS = 8, 8
_MANY = 250  # items from which a good order has to do


@dataclass(frozen=True)
class Link:
    """A leg of a wire from a port of one node to a port of another, ports counted from the left of `of`."""

    wire: int
    tail: Node
    tail_port: tuple[int, int]  # (number, of)
    head: Node
    head_port: tuple[int, int]


def rows(nodes: Sequence[Node], links: Sequence[Link]) -> dict[Node, int]:
    """The row of each node: inputs below all, outputs above all, each wire upwards and the sum of their lengths as small as it can be."""
    place, top = {node: number for number, node in enumerate(nodes)}, len(nodes)
    at_least = [
        (place[link.tail], place[link.head]) for link in links
    ]  # the second is at least a row above the first
    cost = np.zeros(top + 1)
    np.add.at(cost, [head for _, head in at_least], 1.0)
    np.subtract.at(cost, [tail for tail, _ in at_least], 1.0)
    cost[top] += 1
    if any(node[0] == "out" for node in nodes):
        at_least += [(number, top) for node, number in place.items() if node[0] == "box"]
    lowest = 1 if any(node[0] == "in" for node in nodes) else 0
    bounds = [(0, 0) if node[0] == "in" else (lowest, None) for node in nodes] + [(lowest, None)]
    equal = [(place[node], top) for node in nodes if node[0] == "out"]
    found = linprog(
        cost,
        A_ub=_differences(at_least, top + 1) if at_least else None,
        b_ub=-np.ones(len(at_least)) if at_least else None,
        A_eq=_differences(equal, top + 1) if equal else None,
        b_eq=np.zeros(len(equal)) if equal else None,
        bounds=bounds,
        method="highs-ds",
    )
    return {node: round(found.x[number]) for node, number in place.items()}


def _differences(pairs: Sequence[tuple[int, int]], width: int) -> csr_array:
    """A row x[first] - x[second] for each pair."""
    count = len(pairs)
    entries = np.repeat([[1.0, -1.0]], count, axis=0).ravel()
    return csr_array(
        (entries, (np.repeat(np.arange(count), 2), np.array(pairs).ravel())), shape=(count, width)
    )


def chain(number: int, link: Link, row: Mapping[Node, int]) -> list[Item]:
    """What a leg passes on its way: its tail, a place in every row between, its head."""
    return [
        link.tail,
        *(("via", number, between) for between in range(row[link.tail] + 1, row[link.head])),
        link.head,
    ]


def order(row: Mapping[Node, int], links: Sequence[Link], free: bool) -> list[list[Item]]:
    """The items of each row from left to right, with as few crossings as were found.

    `free` lets boundaries and ports stand in any order; otherwise they keep theirs.
    """
    line: dict[int, list[Item]] = {depth: [] for depth in range(max(row.values(), default=0) + 1)}
    for node, depth in row.items():
        line[depth].append(node)
    hops: list[list[tuple[Item, float, Item, float]]] = [[] for _ in range(len(line))]
    for number, link in enumerate(links):
        passed = chain(number, link, row)
        for item in passed[1:-1]:
            line[item[2]].append(item)
        for tail, head in pairwise(passed):
            depth = row[tail] if tail[0] != "via" else tail[2]
            leave = (
                0.0
                if free or tail[0] == "via"
                else (link.tail_port[0] + 1) / (link.tail_port[1] + 1)
            )
            enter = (
                0.0
                if free or head[0] == "via"
                else (link.head_port[0] + 1) / (link.head_port[1] + 1)
            )
            hops[depth].append((tail, leave, head, enter))
    start = [line[depth] for depth in sorted(line)]
    rng = np.random.default_rng(0)
    many = sum(map(len, start)) > _MANY
    tried = [
        start,
        *(
            [[line[k] for k in rng.permutation(len(line))] for line in start]
            for _ in range(1 if many else _STARTS)
        ),
    ]
    found: list[list[list[Item]]] = []
    for lines in tried:
        if not many or not found or _crossings(found[-1], hops) > 0:
            found.append(_settled([_kept(line, free) for line in lines], hops, free))
    if free:
        found += [[line[::-1] for line in lines] for lines in found]
    return min(found, key=lambda lines: (_crossings(lines, hops), sum(map(_disorder, lines))))


def _disorder(line: list[Item]) -> int:
    """Pairs of ends that stand in another order than the diagram lists them."""
    ends = [item[1] for item in line if item[0] in ("in", "out")]
    return sum(left > right for number, right in enumerate(ends) for left in ends[:number])


def _kept(line: list[Item], free: bool) -> list[Item]:
    """The line with the ends of the diagram back in their own order, in the places they hold."""
    if free:
        return line
    ends = iter(sorted(item for item in line if item[0] in ("in", "out")))
    return [next(ends) if item[0] in ("in", "out") else item for item in line]


def _settled(lines: list[list[Item]], hops: list[list[tuple]], free: bool) -> list[list[Item]]:
    """The best order met in sweeps up and down that put each item at the mean place of its neighbours, then exchanges of neighbours."""
    best, fewest = lines, _crossings(lines, hops)
    below: dict[Item, list[tuple[Item, float]]] = defaultdict(list)
    above: dict[Item, list[tuple[Item, float]]] = defaultdict(list)
    for hop in (hop for level in hops for hop in level):
        tail, leave, head, enter = hop
        below[head].append((tail, leave))
        above[tail].append((head, enter))
    for sweep in range(_SWEEPS):
        if fewest == 0:
            break
        upwards = sweep % 2 == 0
        lines = [list(line) for line in lines]
        for depth in range(1, len(lines)) if upwards else range(len(lines) - 2, -1, -1):
            fixed = {
                item: number
                for number, item in enumerate(lines[depth - 1 if upwards else depth + 1])
            }
            near = below if upwards else above
            wanted = {
                item: _mean([fixed[other] + port for other, port in near[item]], number)
                for number, item in enumerate(lines[depth])
            }
            lines[depth] = _kept(sorted(lines[depth], key=wanted.__getitem__), free)
        lines = _exchanged(lines, hops, free)
        if (crossings := _crossings(lines, hops)) < fewest:
            best, fewest = lines, crossings
    return best


def _mean(places: Sequence[float], otherwise: float) -> float:
    return sum(places) / len(places) if places else otherwise


def _exchanged(lines: list[list[Item]], hops: list[list[tuple]], free: bool) -> list[list[Item]]:
    """Neighbours change places for as long as that undoes crossings."""
    better = True
    while better:
        better = False
        for depth in range(len(lines)):
            line, cost = list(lines[depth]), _if_left(lines, hops, depth)
            place = list(range(len(line)))
            turned = True
            while turned:
                turned = False
                for left in range(len(line) - 1):
                    one, two = place[left], place[left + 1]
                    both_ends = line[one][0] in ("in", "out") and line[two][0] in ("in", "out")
                    if cost[one, two] > cost[two, one] and (free or not both_ends):
                        place[left], place[left + 1] = two, one
                        turned = better = True
            lines = [*lines[:depth], [line[number] for number in place], *lines[depth + 1 :]]
    return lines


def _if_left(lines: list[list[Item]], hops: list[list[tuple]], depth: int) -> np.ndarray:
    """How many crossings the legs of item u have with those of item v if u stands to the left of v, for all u and v of a row."""
    here = {item: number for number, item in enumerate(lines[depth])}
    count = np.zeros((len(here), len(here)))
    for level, near, far in ((depth - 1, 2, 0), (depth, 0, 2)):
        if 0 <= level < len(lines) - 1 and hops[level]:
            there = {item: number for number, item in enumerate(lines[level + (far == 2)])}
            near_at, far_at = (
                np.array(ends)
                for ends in zip(
                    *((here[hop[near]], there[hop[far]] + hop[far + 1]) for hop in hops[level]),
                    strict=True,
                )
            )
            by_item = np.argsort(near_at, kind="stable")
            items, starts = np.unique(near_at[by_item], return_index=True)
            above = (far_at[by_item, None] > far_at[by_item]).astype(float)
            count[np.ix_(items, items)] += np.add.reduceat(
                np.add.reduceat(above, starts, axis=1), starts, axis=0
            )
    return count


def _crossings(lines: list[list[Item]], hops: list[list[tuple]]) -> int:
    return sum(_level(lines, hops, depth) for depth in range(len(lines) - 1))


def _level(lines: list[list[Item]], hops: list[list[tuple]], depth: int) -> int:
    """Pairs of legs between a row and the next whose ends are in opposite order."""
    if depth + 1 >= len(lines) or len(hops[depth]) < 2:
        return 0
    low = {item: number for number, item in enumerate(lines[depth])}
    high = {item: number for number, item in enumerate(lines[depth + 1])}
    leave = np.array([low[tail] + port for tail, port, _, _ in hops[depth]])
    enter = np.array([high[head] + port for _, _, head, port in hops[depth]])
    return int(np.sum((leave[:, None] < leave) & (enter[:, None] > enter)))


def across(
    lines: list[list[Item]],
    pulls: Sequence[tuple[Item, float, Item, float, float]],
    width: Mapping[Item, float],
    gap: float,
) -> dict[Item, float]:
    """Centres along the rows: the wires deviate from straight as little as order and widths allow.

    Each pull (tail, offset, head, offset, weight) costs weight × the distance between its two ends.
    """
    place = {item: number for number, item in enumerate(item for line in lines for item in line)}
    items, total = len(place), len(place) + len(pulls) + 1
    apart, far = [], []
    for line in lines:
        for left, right in pairwise(line):
            apart.append((place[left], place[right]))
            far.append((width[left] + width[right]) / 2 + gap)
    separate = _differences(apart, total) if apart else csr_array((0, total))
    ends = [(place[tail], place[head]) for tail, _, head, _, _ in pulls]
    shift = np.array([enter - leave for _, leave, _, enter, _ in pulls])
    signed = _differences(ends, total) if ends else csr_array((0, total))
    size = csr_array(
        (np.ones(len(pulls)), (np.arange(len(pulls)), items + np.arange(len(pulls)))),
        shape=(len(pulls), total),
    )
    inside = _differences([(number, total - 1) for number in range(items)], total)
    found = linprog(
        np.concatenate([np.zeros(items), [weight for *_, weight in pulls], [0.01]]),
        A_ub=vstack([separate, signed - size, -signed - size, inside]),
        b_ub=np.concatenate(
            [-np.array(far), shift, -shift, -np.array([width[item] / 2 for item in place])]
        ),
        bounds=[(width[item] / 2, None) for item in place] + [(0, None)] * (len(pulls) + 1),
        method="highs",
    )
    return {item: float(found.x[number]) for item, number in place.items()}
