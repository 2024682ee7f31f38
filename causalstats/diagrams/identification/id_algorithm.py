"""The ID algorithm (Shpitser & Pearl) and IDC, in the form of Tian & Pearl on districts (combs).

The observed joint distribution is a product with one factor for each district T: Q[T], the
distribution of T when everything else is set from outside (a c-factor; in a string diagram, a
comb). Summing out outputs of a comb on which no other output depends gives a smaller comb. The
smaller comb is the product of the combs of its districts, each found by disintegration. Where
neither step makes progress, the wanted comb and the larger one are a hedge: two models that agree
on all that is observed differ in the answer. The algorithm is complete, and so is Pearl's
do-calculus: both find a formula whenever there is one.

References
----------
Tian & Pearl (2002), A general identification condition for causal effects, AAAI. Tian & Pearl
(2003), technical report R-290-L (`Identify`). Shpitser & Pearl (2006), Identification of joint
interventional distributions in recursive semi-Markovian causal models, AAAI (ID); (2006),
Identification of conditional interventional distributions, UAI (IDC).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from causalstats.diagrams.identification.bit_sets import (
    EMPTY,
    BitSet,
    members,
    singleton,
    smallest,
    union,
    up_to,
)
from causalstats.diagrams.identification.d_separation import separated
from causalstats.diagrams.identification.expression import (
    Expression,
    Probability,
    Product,
    Quotient,
    Sum,
)
from causalstats.diagrams.identification.mixed_graph import MixedGraph
from causalstats.diagrams.identification.simplification import simplified

CFactor = dict[int, Expression]
"""A c-factor Q[T] as a product: for each node of T, its conditional given the earlier nodes."""


@dataclass(frozen=True)
class CombSplit:
    """Q[comb] is a product of combs, one of them Q[part], found by disintegration.

    Parameters
    ----------
    comb, part : BitSet
    expression : Expression
        The formula of Q[part].
    """

    comb: BitSet
    part: BitSet
    expression: Expression


@dataclass(frozen=True)
class CombMarginal:
    """Q[part] is Q[comb] with its other outputs summed out: nothing in `part` depends on them.

    Parameters
    ----------
    comb, part : BitSet
    expression : Expression
        The formula of Q[part].
    """

    comb: BitSet
    part: BitSet
    expression: Expression


@dataclass(frozen=True)
class HedgeFound:
    """Two combs, `part` inside `comb`, that neither step separates: a hedge.

    Parameters
    ----------
    comb, part : BitSet
    """

    comb: BitSet
    part: BitSet


Move = CombSplit | CombMarginal | HedgeFound


def relevant(
    graph: MixedGraph,
    outcome: BitSet,
    do: BitSet,
) -> tuple[BitSet, BitSet]:
    """Return the ancestors of the outcome, before and after the arrows into `do` are cut.

    Parameters
    ----------
    graph : MixedGraph
    outcome, do : BitSet
    """
    ancestors = graph.bits.ancestors(outcome)
    return ancestors, graph.bits.ancestors(outcome, ancestors & ~do)


def effect(
    graph: MixedGraph,
    outcome: BitSet,
    do: BitSet,
) -> tuple[Expression | None, list[Move]]:
    """Return P(outcome | do) and the steps that lead to it (the ID algorithm).

    Parameters
    ----------
    graph : MixedGraph
    outcome, do : BitSet

    Returns
    -------
    expression : Expression or None
        None where the effect is not identified; the last step is then a `HedgeFound`.
    moves : list of Move
    """
    everything, needed = relevant(graph, outcome, do)
    moves: list[Move] = []
    combs: list[Expression] = []
    for comb in graph.bits.districts(needed):
        district = graph.bits.district(smallest(comb), everything)
        c_factor = observed_c_factor(graph, district, everything)
        if not any(move.part == district for move in moves):
            moves.append(
                CombSplit(everything, district, Product(tuple(c_factor.values())))
            )
        expression = identified_comb(graph, comb, district, c_factor, moves)
        if expression is None:
            return None, moves
        combs.append(expression)
    return sum_of_product(graph.names(needed & ~outcome), combs), moves


def interchangeable(
    graph: MixedGraph,
    outcome: BitSet,
    do: BitSet,
    given: BitSet,
) -> BitSet:
    """Return which of `given` could as well be set as observed: rule 2 of the do-calculus.

    This is the loop of IDC.

    Parameters
    ----------
    graph : MixedGraph
    outcome, do, given : BitSet
    """
    settable = EMPTY
    growing = True
    while growing:
        growing = False
        for node in members(given & ~settable):
            single = singleton(node)
            cut = graph.bits.cut(into=do | settable, out_of=single)
            if separated(cut, outcome, single, do | (given & ~single)):
                settable |= single
                growing = True
    return settable


def conditional(
    graph: MixedGraph,
    joint: Expression,
    outcome: BitSet,
) -> Expression:
    """Return P(y | z) from P(y, z).

    Parameters
    ----------
    graph : MixedGraph
    joint : Expression
    outcome : BitSet
    """
    return Quotient(joint, sum_of_product(graph.names(outcome), [joint]))


def observed_c_factor(
    graph: MixedGraph,
    comb: BitSet,
    everything: BitSet,
) -> CFactor:
    """Return the c-factor of a district: the conditional of each node given all before it.

    Only its district among the earlier nodes, and the parents of that, matter.

    Parameters
    ----------
    graph : MixedGraph
    comb : BitSet
        A district of the graph on `everything`.
    everything : BitSet
        An ancestral set.
    """
    c_factor: CFactor = {}
    for node in members(comb):
        district = graph.bits.district(node, everything & up_to(node))
        given = (district | graph.bits.parents_of(district)) & ~singleton(node)
        c_factor[node] = Probability((graph.nodes[node],), graph.names(given))
    return c_factor


def identified_comb(
    graph: MixedGraph,
    wanted: BitSet,
    comb: BitSet,
    c_factor: CFactor,
    moves: list[Move],
) -> Expression | None:
    """Return Q[wanted] from Q[comb] (`Identify` of Tian & Pearl); None where a hedge is found.

    Parameters
    ----------
    graph : MixedGraph
    wanted : BitSet
        One district of the graph on itself, inside `comb`.
    comb : BitSet
    c_factor : CFactor
        The conditionals of `comb`.
    moves : list of Move
        The steps are appended to it.
    """
    kept = graph.bits.ancestors(wanted, comb)
    if kept == comb != wanted:
        moves.append(HedgeFound(comb, wanted))
        return None
    if kept != comb:
        moves.append(
            CombMarginal(comb, kept, _summed_out(graph, comb & ~kept, c_factor))
        )
    if kept == wanted:
        return _summed_out(graph, comb & ~kept, c_factor)
    part = graph.bits.district(smallest(wanted), kept)
    smaller = disintegrated(graph, part, kept, comb, c_factor)
    if part != kept:
        moves.append(CombSplit(kept, part, Product(tuple(smaller.values()))))
    return identified_comb(graph, wanted, part, smaller, moves)


def disintegrated(
    graph: MixedGraph,
    part: BitSet,
    kept: BitSet,
    comb: BitSet,
    c_factor: CFactor,
) -> CFactor:
    """Return the conditionals of a district `part` of Q[kept].

    Parameters
    ----------
    graph : MixedGraph
    part, kept, comb : BitSet
        Each inside the next.
    c_factor : CFactor
        The conditionals of `comb`; Q[kept] is their product with the other outputs summed out.
    """
    trimmed = _without_ones(graph, comb & ~kept, c_factor)
    if len(trimmed) == kept.bit_count():
        return {node: trimmed[node] for node in members(part)}
    smaller: CFactor = {}
    for node in members(part):
        earlier = kept & up_to(node)
        numerator = _summed_out(graph, comb & ~earlier, c_factor)
        denominator = _summed_out(graph, comb & ~(earlier & ~singleton(node)), c_factor)
        smaller[node] = simplified(Quotient(numerator, denominator), graph.nodes)
    return smaller


def _without_ones(
    graph: MixedGraph,
    summed: BitSet,
    c_factor: CFactor,
) -> CFactor:
    """Leave out the conditionals of summed variables that no other factor depends on.

    They sum to one.
    """
    kept = dict(c_factor)
    for node in sorted(members(summed), reverse=True):
        others = (factor for other, factor in kept.items() if other != node)
        if not any(graph.nodes[node] in factor.free for factor in others):
            del kept[node]
    return kept


def _summed_out(
    graph: MixedGraph,
    summed: BitSet,
    c_factor: CFactor,
) -> Expression:
    """A comb with some of its outputs summed out."""
    kept = _without_ones(graph, summed, c_factor)
    names = graph.names(summed & union(map(singleton, kept)))
    return sum_of_product(names, kept.values())


def sum_of_product(over: tuple[str, ...], factors: Iterable[Expression]) -> Expression:
    """Return the product of the factors, summed over some variables.

    Parameters
    ----------
    over : tuple of str
    factors : iterable of Expression
    """
    listed = tuple(factors)
    product = listed[0] if len(listed) == 1 else Product(listed)
    return Sum(over, product) if over else product
