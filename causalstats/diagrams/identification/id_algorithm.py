"""The ID algorithm (Shpitser & Pearl) and IDC, in the form of Tian & Pearl on c-factors.

The observed joint distribution is a product with one factor for each district T: Q[T], the
distribution of T when everything else is set from outside: a c-factor, in a string diagram a comb.
Summing out variables of a c-factor on which none of its others depends gives a smaller c-factor.
That is the product of the c-factors of its districts (Tian's factorisation; disintegration). Where
neither step makes progress, the wanted c-factor and the larger one are a hedge: two models that
agree on all that is observed differ in the answer. The algorithm is complete, and so is Pearl's
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
class CFactorSplit:
    """Q[whole] is a product of c-factors, one of them Q[part] (Tian's factorisation).

    Parameters
    ----------
    whole, part : BitSet
    expression : Expression
        The formula of Q[part].
    """

    whole: BitSet
    part: BitSet
    expression: Expression


@dataclass(frozen=True)
class CFactorMarginal:
    """Q[part] is Q[whole] with its other variables summed out: nothing in `part` depends on them.

    Parameters
    ----------
    whole, part : BitSet
    expression : Expression
        The formula of Q[part].
    """

    whole: BitSet
    part: BitSet
    expression: Expression


@dataclass(frozen=True)
class HedgeFound:
    """Two c-factors, `part` inside `whole`, that neither step separates: a hedge.

    Parameters
    ----------
    whole, part : BitSet
    """

    whole: BitSet
    part: BitSet


Step = CFactorSplit | CFactorMarginal | HedgeFound


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
) -> tuple[Expression | None, list[Step]]:
    """Return P(outcome | do) and the steps that lead to it (the ID algorithm).

    Parameters
    ----------
    graph : MixedGraph
    outcome, do : BitSet

    Returns
    -------
    expression : Expression or None
        None where the effect is not identified; the last step is then a `HedgeFound`.
    derivation : list of Step
    """
    everything, needed = relevant(graph, outcome, do)
    derivation: list[Step] = []
    c_factors: list[Expression] = []
    for wanted in graph.bits.districts(needed):
        district = graph.bits.district(smallest(wanted), everything)
        c_factor = observed_c_factor(graph, district, everything)
        if not any(step.part == district for step in derivation):
            derivation.append(
                CFactorSplit(everything, district, Product(tuple(c_factor.values())))
            )
        expression = identified_c_factor(graph, wanted, district, c_factor, derivation)
        if expression is None:
            return None, derivation
        c_factors.append(expression)
    return sum_of_product(graph.names(needed & ~outcome), c_factors), derivation


def rule_2_exchangeable(
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
    whole: BitSet,
    everything: BitSet,
) -> CFactor:
    """Return the c-factor of a district: the conditional of each node given all before it.

    Only its district among the earlier nodes, and the parents of that, matter.

    Parameters
    ----------
    graph : MixedGraph
    whole : BitSet
        A district of the graph on `everything`.
    everything : BitSet
        An ancestral set.
    """
    c_factor: CFactor = {}
    for node in members(whole):
        district = graph.bits.district(node, everything & up_to(node))
        given = (district | graph.bits.parents_of(district)) & ~singleton(node)
        c_factor[node] = Probability((graph.nodes[node],), graph.names(given))
    return c_factor


def identified_c_factor(
    graph: MixedGraph,
    wanted: BitSet,
    whole: BitSet,
    c_factor: CFactor,
    derivation: list[Step],
) -> Expression | None:
    """Return Q[wanted] from Q[whole] (`Identify` of Tian & Pearl); None where a hedge is found.

    Parameters
    ----------
    graph : MixedGraph
    wanted : BitSet
        One district of the graph on itself, inside `whole`.
    whole : BitSet
    c_factor : CFactor
        The conditionals of `whole`.
    derivation : list of Step
        The steps are appended to it.
    """
    kept = graph.bits.ancestors(wanted, whole)
    if kept == whole != wanted:
        derivation.append(HedgeFound(whole, wanted))
        return None
    if kept != whole:
        derivation.append(
            CFactorMarginal(whole, kept, _summed_out(graph, whole & ~kept, c_factor))
        )
    if kept == wanted:
        return _summed_out(graph, whole & ~kept, c_factor)
    part = graph.bits.district(smallest(wanted), kept)
    smaller = disintegrated(graph, part, kept, whole, c_factor)
    if part != kept:
        derivation.append(CFactorSplit(kept, part, Product(tuple(smaller.values()))))
    return identified_c_factor(graph, wanted, part, smaller, derivation)


def disintegrated(
    graph: MixedGraph,
    part: BitSet,
    kept: BitSet,
    whole: BitSet,
    c_factor: CFactor,
) -> CFactor:
    """Return the conditionals of a district `part` of Q[kept].

    Parameters
    ----------
    graph : MixedGraph
    part, kept, whole : BitSet
        Each inside the next.
    c_factor : CFactor
        The conditionals of `whole`; Q[kept] is their product with the other variables summed out.
    """
    trimmed = _without_ones(graph, whole & ~kept, c_factor)
    if len(trimmed) == kept.bit_count():
        return {node: trimmed[node] for node in members(part)}
    smaller: CFactor = {}
    for node in members(part):
        earlier = kept & up_to(node)
        numerator = _summed_out(graph, whole & ~earlier, c_factor)
        denominator = _summed_out(
            graph, whole & ~(earlier & ~singleton(node)), c_factor
        )
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
    """A c-factor with some of its variables summed out."""
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
