"""Which effects of an intervention the observed distribution determines: the algorithms of Tian & Pearl and Shpitser & Pearl, on combs.

The observed joint splits into one comb a district: Q[T], the distribution of T when everything else is set from outside. Discarding outputs of a comb on which
no other output of it depends gives a smaller one; that falls apart into the combs of its districts, each found by disintegration. Where neither step makes
progress the wanted comb is entangled with a larger one: a hedge, and two models that agree on all that is observed differ in the answer.

References
----------
Tian & Pearl (2002), A general identification condition for causal effects, AAAI. Tian & Pearl (2003), technical report R-290-L (`Identify`).
Shpitser & Pearl (2006), Identification of joint interventional distributions in recursive semi-Markovian causal models, AAAI; (2006), Identification of
conditional interventional distributions, UAI (IDC).
"""

from __future__ import annotations

from dataclasses import dataclass

from causalstats.diagrams.identification.bit_set_graph import members, union
from causalstats.diagrams.identification.expression import (
    Expression,
    Probability,
    Product,
    Quotient,
    Sum,
)
from causalstats.diagrams.identification.mixed_graph import MixedGraph
from causalstats.diagrams.identification.simplification import simplified

Kernel = dict[
    int, Expression
]  # for each output of a comb, in order, its conditional given the earlier ones; their product is the comb


@dataclass(frozen=True)
class Split:
    """Q[comb] is a product of combs, Q[part] among them, that disintegration finds."""

    comb: int
    part: int
    expression: Expression


@dataclass(frozen=True)
class Discard:
    """Q[part] is Q[comb] with its other outputs summed out: nothing left depends on them."""

    comb: int
    part: int
    expression: Expression


@dataclass(frozen=True)
class Entangled:
    """Two combs, the smaller in the larger, that no discarding and no disintegration pulls apart."""

    comb: int
    part: int


Move = Split | Discard | Entangled


def relevant(graph: MixedGraph, outcome: int, do: int) -> tuple[int, int]:
    """What acts on the outcome, and what still does once the arrows into `do` are cut."""
    everything = graph.numbered.ancestors(outcome)
    return everything, graph.numbered.ancestors(outcome, everything & ~do)


def effect(graph: MixedGraph, outcome: int, do: int) -> tuple[Expression | None, list[Move]]:
    """P(outcome | do) and the moves that lead there; None where it is not identified, the last move being `Entangled`."""
    everything, needed = relevant(graph, outcome, do)
    moves: list[Move] = []
    combs: list[Expression] = []
    for comb in graph.numbered.districts(needed):
        larger = graph.numbered.district(next(members(comb)), everything)
        kernel = observed_kernel(graph, larger, everything)
        if not any(move.part == larger for move in moves):
            moves.append(Split(everything, larger, Product(tuple(kernel.values()))))
        found = identified_comb(graph, comb, larger, kernel, moves)
        if found is None:
            return None, moves
        combs.append(found)
    return over(graph.names(needed & ~outcome), combs), moves


def interchangeable(graph: MixedGraph, outcome: int, do: int, given: int) -> int:
    """Which of `given` could as well be set as seen (rule 2 of the do-calculus): the loop of IDC."""
    same, moving = 0, True
    while moving:
        moving = False
        for node in members(given & ~same):
            cut = graph.numbered.cut(into=do | same, out_of=1 << node)
            if cut.separated(outcome, 1 << node, do | (given & ~(1 << node))):
                same |= 1 << node
                moving = True
    return same


def conditional(graph: MixedGraph, joint: Expression, outcome: int) -> Expression:
    """P(y | z) from P(y, z)."""
    return Quotient(joint, over(graph.names(outcome), [joint]))


def observed_kernel(graph: MixedGraph, comb: int, everything: int) -> Kernel:
    """P(node | what comes before it): of that, only its district among the earlier ones and their parents matter."""
    kernel: Kernel = {}
    for node in members(comb):
        district = graph.numbered.district(node, everything & ((2 << node) - 1))
        given = (district | graph.numbered.parents_of(district)) & ~(1 << node)
        kernel[node] = Probability(graph.names(1 << node), graph.names(given))
    return kernel


def identified_comb(
    graph: MixedGraph, wanted: int, comb: int, kernel: Kernel, moves: list[Move]
) -> Expression | None:
    """Q[wanted] from Q[comb], which is always that of the recursion, and not of the whole."""
    left = graph.numbered.ancestors(wanted, comb)
    if left == comb != wanted:
        moves.append(Entangled(comb, wanted))
        return None
    if left != comb:
        moves.append(Discard(comb, left, _sum(graph, comb & ~left, kernel)))
    if left == wanted:
        return _sum(graph, comb & ~left, kernel)
    part = graph.numbered.district(next(members(wanted)), left)
    smaller = disintegrated(graph, part, left, comb, kernel)
    if part != left:
        moves.append(Split(left, part, Product(tuple(smaller.values()))))
    return identified_comb(graph, wanted, part, smaller, moves)


def disintegrated(graph: MixedGraph, part: int, left: int, comb: int, kernel: Kernel) -> Kernel:
    """The conditionals of `part` within Q[left], which is the product of `kernel` summed over the rest of `comb`."""
    trimmed = _trimmed(graph, comb & ~left, kernel)
    if len(trimmed) == left.bit_count():
        return {node: trimmed[node] for node in members(part)}
    smaller: Kernel = {}
    for node in members(part):
        earlier = left & ((1 << node) - 1)
        up_to = [_sum(graph, comb & ~keep, kernel) for keep in (earlier | 1 << node, earlier)]
        smaller[node] = simplified(Quotient(*up_to), graph.nodes)
    return smaller


def _trimmed(graph: MixedGraph, summed: int, kernel: Kernel) -> Kernel:
    """Conditionals of what is summed over, and that nothing else depends on, sum to one: they are left out."""
    kept = dict(kernel)
    for node in reversed(list(members(summed))):
        if not any(
            graph.nodes[node] in factor.free for other, factor in kept.items() if other != node
        ):
            del kept[node]
    return kept


def _sum(graph: MixedGraph, summed: int, kernel: Kernel) -> Expression:
    """A comb with some of its outputs discarded."""
    kept = _trimmed(graph, summed, kernel)
    return over(graph.names(summed & union(1 << node for node in kept)), list(kept.values()))


def over(names: tuple[str, ...], factors: list[Expression]) -> Expression:
    """The product of the factors, summed over some variables."""
    product = factors[0] if len(factors) == 1 else Product(tuple(factors))
    return Sum(names, product) if names else product
