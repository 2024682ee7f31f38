"""Layered graph layout (Sugiyama): rows, few crossings, and edges as straight as they can be.

Rows and positions along them are linear programs, so the edges are as short and then as straight as
the order allows. The order is found by barycentre sweeps, exchanges and a few other starts.

References
----------
Sugiyama, Tagawa & Toda (1981), Methods for visual understanding of hierarchical system structures,
IEEE Trans. SMC 11. Gansner, Koutsofios, North & Vo (1993), A technique for drawing directed graphs,
IEEE Trans. Software Eng. 19.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Node = tuple[
    str, int
]  # ("box", 3); ("in", 0) and ("out", 2) are ends, in the lowest and top row
Item = tuple[Any, ...]  # a node, or ("via", link, row) where an edge passes a row
Hop = tuple[Item, float, Item, float]  # tail, its port, head, its port; ports in [0, 1)
Lines = list[list[Item]]  # the items of each row from left to right
Pull = tuple[Item, float, Item, float, float]  # tail, offset, head, offset, weight

_RANDOM_STARTS = 8
_SWEEPS = 8
_LARGE = 250  # items from which the first good order has to do
_TOTAL_WIDTH_COST = 0.01


@dataclass(frozen=True)
class Link:
    """An edge from a port of one node to a port of another.

    Parameters
    ----------
    wire : int
        Edges of one wire are legs of a copy.
    tail, head : Node
    tail_port, head_port : (number, count)
        Counted from the left.
    """

    wire: int
    tail: Node
    tail_port: tuple[int, int]
    head: Node
    head_port: tuple[int, int]


def rows(nodes: Sequence[Node], links: Sequence[Link]) -> dict[Node, int]:
    """Return the row of each node, with the smallest sum of edge lengths.

    Inputs are below all others and outputs above all; each edge leads upwards.

    Parameters
    ----------
    nodes : list of Node
    links : list of Link
        Without cycles.
    """
    # SciPy's optimisers take longer to load than a diagram takes to read.
    from scipy.optimize import linprog

    column = {node: number for number, node in enumerate(nodes)}
    top = len(nodes)  # the column of the highest row
    rising = [(column[link.tail], column[link.head]) for link in links]
    cost = np.zeros(top + 1)
    np.add.at(cost, [head for _, head in rising], 1.0)
    np.subtract.at(cost, [tail for tail, _ in rising], 1.0)
    cost[top] += 1
    kinds = {kind for kind, _ in nodes}
    if "out" in kinds:
        rising += [(number, top) for node, number in column.items() if node[0] == "box"]
    lowest = 1 if "in" in kinds else 0
    bounds = [(0, 0) if node[0] == "in" else (lowest, None) for node in nodes]
    equal = [(column[node], top) for node in nodes if node[0] == "out"]
    solution = linprog(
        cost,
        A_ub=_differences(rising, top + 1) if rising else None,
        b_ub=-np.ones(len(rising)) if rising else None,
        A_eq=_differences(equal, top + 1) if equal else None,
        b_eq=np.zeros(len(equal)) if equal else None,
        bounds=[*bounds, (lowest, None)],
        method="highs-ds",
    )
    return {node: round(solution.x[number]) for node, number in column.items()}


def _differences(pairs: Sequence[tuple[int, int]], width: int) -> csr_array:
    """A row x[first] - x[second] for each pair."""
    from scipy.sparse import csr_array

    count = len(pairs)
    entries = np.tile([1.0, -1.0], count) if count else np.zeros(0)
    row_numbers = np.repeat(np.arange(count), 2)
    columns = np.array(pairs, dtype=int).ravel()
    return csr_array((entries, (row_numbers, columns)), shape=(count, width))


def chain(number: int, link: Link, row: Mapping[Node, int]) -> list[Item]:
    """Return the items that an edge passes: its tail, a place in every row between, its head.

    Parameters
    ----------
    number : int
        The number of the edge.
    link : Link
    row : mapping of Node to int
    """
    between = range(row[link.tail] + 1, row[link.head])
    return [link.tail, *(("via", number, depth) for depth in between), link.head]


def order(row: Mapping[Node, int], links: Sequence[Link], free: bool) -> Lines:
    """Return the items of each row from left to right, with as few crossings as were found.

    Parameters
    ----------
    row : mapping of Node to int
    links : list of Link
    free : bool
        Let ends and ports stand in any order; otherwise they keep theirs.
    """
    start, hops = _lines_and_hops(row, links, free)
    rng = np.random.default_rng(0)
    large = sum(map(len, start)) > _LARGE
    starts = [start]
    for _ in range(1 if large else _RANDOM_STARTS):
        starts.append([[line[k] for k in rng.permutation(len(line))] for line in start])
    orders: list[Lines] = []
    for lines in starts:
        if large and orders and _crossings(orders[-1], hops) == 0:
            break
        orders.append(
            _improved([_with_ends_in_order(line, free) for line in lines], hops, free)
        )
    if free:
        orders += [[line[::-1] for line in lines] for lines in orders]
    return min(
        orders, key=lambda lines: (_crossings(lines, hops), sum(map(_disorder, lines)))
    )


def _lines_and_hops(
    row: Mapping[Node, int], links: Sequence[Link], free: bool
) -> tuple[Lines, list[list[Hop]]]:
    """The items of each row as listed, and the hops from each row to the next.

    Parameters
    ----------
    row : mapping of Node to int
    links : list of Link
    free : bool
    """
    lines: Lines = [[] for _ in range(max(row.values(), default=0) + 1)]
    hops: list[list[Hop]] = [[] for _ in lines]
    for node, depth in row.items():
        lines[depth].append(node)
    for number, link in enumerate(links):
        items = chain(number, link, row)
        for item in items[1:-1]:
            lines[item[2]].append(item)
        for depth, (tail, head) in enumerate(pairwise(items), start=row[link.tail]):
            leave = _port(tail, link.tail_port, free)
            enter = _port(head, link.head_port, free)
            hops[depth].append((tail, leave, head, enter))
    return lines, hops


def _port(item: Item, port: tuple[int, int], free: bool) -> float:
    """The position of a port within its node, between 0 and 1."""
    if free or item[0] == "via":
        return 0.0
    number, count = port
    return (number + 1) / (count + 1)


def _is_end(item: Item) -> bool:
    return item[0] in ("in", "out")


def _disorder(line: Sequence[Item]) -> int:
    """Pairs of ends that stand in another order than they are listed."""
    ends = [item[1] for item in line if _is_end(item)]
    return sum(
        left > right for number, right in enumerate(ends) for left in ends[:number]
    )


def _with_ends_in_order(line: list[Item], free: bool) -> list[Item]:
    """The line with its ends in their own order, in the places they hold."""
    if free:
        return line
    ends = iter(sorted(item for item in line if _is_end(item)))
    return [next(ends) if _is_end(item) else item for item in line]


def _improved(lines: Lines, hops: list[list[Hop]], free: bool) -> Lines:
    """The best order met in barycentre sweeps up and down, each followed by exchanges.

    Parameters
    ----------
    lines : Lines
    hops : list of lists of Hop
    free : bool
    """
    best = lines
    fewest = _crossings(lines, hops)
    below: dict[Item, list[tuple[Item, float]]] = defaultdict(list)
    above: dict[Item, list[tuple[Item, float]]] = defaultdict(list)
    for level in hops:
        for tail, leave, head, enter in level:
            below[head].append((tail, leave))
            above[tail].append((head, enter))
    for sweep in range(_SWEEPS):
        if fewest == 0:
            break
        upwards = sweep % 2 == 0
        lines = _swept(lines, below if upwards else above, upwards, free)
        lines = _exchanged(lines, hops, free)
        crossings = _crossings(lines, hops)
        if crossings < fewest:
            best = lines
            fewest = crossings
    return best


def _swept(
    lines: Lines,
    neighbours: Mapping[Item, Sequence[tuple[Item, float]]],
    upwards: bool,
    free: bool,
) -> Lines:
    """One sweep, row by row: each item moves to the mean place of its neighbours.

    Parameters
    ----------
    lines : Lines
    neighbours : mapping of Item to list of (Item, port)
        In the row before, in the direction of the sweep.
    upwards, free : bool
    """
    lines = [list(line) for line in lines]
    depths = range(1, len(lines)) if upwards else range(len(lines) - 2, -1, -1)
    for depth in depths:
        fixed = _places(lines[depth - 1 if upwards else depth + 1])
        barycentre = {}
        for number, item in enumerate(lines[depth]):
            places = [fixed[other] + port for other, port in neighbours.get(item, ())]
            barycentre[item] = sum(places) / len(places) if places else number
        ordered = sorted(lines[depth], key=barycentre.__getitem__)
        lines[depth] = _with_ends_in_order(ordered, free)
    return lines


def _places(line: Sequence[Item]) -> dict[Item, int]:
    return {item: number for number, item in enumerate(line)}


def _exchanged(lines: Lines, hops: list[list[Hop]], free: bool) -> Lines:
    """Exchange neighbours for as long as that undoes crossings."""
    improving = True
    while improving:
        improving = False
        for depth in range(len(lines)):
            line, changed = _with_exchanges(lines, hops, depth, free)
            lines = [*lines[:depth], line, *lines[depth + 1 :]]
            improving = improving or changed
    return lines


def _with_exchanges(
    lines: Lines, hops: list[list[Hop]], depth: int, free: bool
) -> tuple[list[Item], bool]:
    """One row after exchanges of neighbours, and whether there were any.

    Parameters
    ----------
    lines : Lines
    hops : list of lists of Hop
    depth : int
    free : bool
    """
    line = lines[depth]
    cost = _crossings_by_order(lines, hops, depth)
    places = list(range(len(line)))
    changed = False
    exchanging = True
    while exchanging:
        exchanging = False
        for left in range(len(places) - 1):
            one, two = places[left], places[left + 1]
            fixed = not free and _is_end(line[one]) and _is_end(line[two])
            if cost[one, two] > cost[two, one] and not fixed:
                places[left], places[left + 1] = two, one
                exchanging = changed = True
    return [line[number] for number in places], changed


def _crossings_by_order(lines: Lines, hops: list[list[Hop]], depth: int) -> np.ndarray:
    """The number of crossings of edges of item u with those of v if u is left of v.

    Parameters
    ----------
    lines : Lines
    hops : list of lists of Hop
    depth : int
        The row of u and v.

    Returns
    -------
    array of float, shape (items, items)
    """
    here = _places(lines[depth])
    count = np.zeros((len(here), len(here)))
    if depth > 0:
        there = _places(lines[depth - 1])
        ends = [
            (here[head], there[tail] + port) for tail, port, head, _ in hops[depth - 1]
        ]
        _add_crossings(count, ends)
    if depth < len(lines) - 1:
        there = _places(lines[depth + 1])
        ends = [(here[tail], there[head] + port) for tail, _, head, port in hops[depth]]
        _add_crossings(count, ends)
    return count


def _add_crossings(count: np.ndarray, ends: Sequence[tuple[int, float]]) -> None:
    """Add the crossings between two rows; ends are (item here, position there) of each hop."""
    if not ends:
        return
    near = np.array([item for item, _ in ends])
    far = np.array([position for _, position in ends])
    by_item = np.argsort(near, kind="stable")
    items, starts = np.unique(near[by_item], return_index=True)
    crossing = (far[by_item, None] > far[by_item]).astype(float)
    by_left = np.add.reduceat(crossing, starts, axis=1)
    count[np.ix_(items, items)] += np.add.reduceat(by_left, starts, axis=0)


def _crossings(lines: Lines, hops: list[list[Hop]]) -> int:
    """Pairs of hops between neighbouring rows whose ends are in opposite order."""
    total = 0
    for (lower, upper), level in zip(pairwise(lines), hops, strict=False):
        low = _places(lower)
        high = _places(upper)
        leave = np.array([low[tail] + port for tail, port, _, _ in level])
        enter = np.array([high[head] + port for _, _, head, port in level])
        total += int(np.sum((leave[:, None] < leave) & (enter[:, None] > enter)))
    return total


def across(
    lines: Lines, pulls: Sequence[Pull], width: Mapping[Item, float], gap: float
) -> dict[Item, float]:
    """Return the centres along the rows: edges as straight as order and widths allow.

    Parameters
    ----------
    lines : Lines
    pulls : list of Pull
        Each costs its weight times the horizontal distance between its two ends.
    width : mapping of Item to float
    gap : float
        Between neighbours, in the unit of the widths.
    """
    # SciPy's optimisers take longer to load than a diagram takes to read.
    from scipy.optimize import linprog
    from scipy.sparse import csr_array, vstack

    column = {item: number for number, item in enumerate(_flat(lines))}
    items, columns = len(column), len(column) + len(pulls) + 1
    neighbours = [pair for line in lines for pair in pairwise(line)]
    apart = [(column[left], column[right]) for left, right in neighbours]
    distances = [(width[left] + width[right]) / 2 + gap for left, right in neighbours]
    ends = [(column[tail], column[head]) for tail, _, head, _, _ in pulls]
    shift = np.array([enter - leave for _, leave, _, enter, _ in pulls])
    signed = _differences(ends, columns)
    numbers = np.arange(len(pulls))
    size = csr_array(
        (np.ones(len(pulls)), (numbers, items + numbers)), shape=(len(pulls), columns)
    )
    inside = _differences([(number, columns - 1) for number in range(items)], columns)
    half = np.array([width[item] / 2 for item in column])
    weights = [weight for *_, weight in pulls]
    solution = linprog(
        np.concatenate([np.zeros(items), weights, [_TOTAL_WIDTH_COST]]),
        A_ub=vstack(
            [_differences(apart, columns), signed - size, -signed - size, inside]
        ),
        b_ub=np.concatenate([-np.array(distances), shift, -shift, -half]),
        bounds=[*((edge, None) for edge in half), *[(0, None)] * (len(pulls) + 1)],
        method="highs",
    )
    return {item: float(solution.x[number]) for item, number in column.items()}


def _flat(lines: Lines) -> Iterator[Item]:
    for line in lines:
        yield from line
