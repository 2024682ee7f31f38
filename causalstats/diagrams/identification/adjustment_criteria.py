"""Textbook identification criteria in polynomial time: back-door, front-door, instruments.

Backdoor and frontdoor are other spellings of them.

References
----------
Pearl (2009), Causality, definitions 3.3.1 (back-door), 3.3.3 (front-door) and 7.4.1 (instrument).
Shpitser, VanderWeele & Robins (2010), On the validity of covariate adjustment for estimating causal
effects, UAI. van der Zander, Liskiewicz & Textor (2019), Separators and adjustment sets in causal
graphs: complete criteria and an algorithmic framework, Artif. Intell. 270. Jeong, Tian &
Bareinboim (2022), Finding and listing front-door adjustment sets, NeurIPS.
"""

from __future__ import annotations

from dataclasses import dataclass

from causalstats.diagrams.identification.bit_set_graph import BitSetGraph
from causalstats.diagrams.identification.bit_sets import (
    EMPTY,
    BitSet,
    contains,
    members,
    singleton,
    smallest,
    union,
)
from causalstats.diagrams.identification.d_separation import (
    minimal_separator,
    separated,
    smallest_separator,
)
from causalstats.diagrams.identification.expression import (
    Expression,
    Probability,
    Product,
    Sum,
)
from causalstats.diagrams.identification.mixed_graph import MixedGraph


@dataclass(frozen=True)
class Criterion:
    """A criterion that applies, with its variables and the formula it gives.

    Parameters
    ----------
    name : str
        "back-door", "adjustment", "front-door" or "instrument".
    variables : tuple of str
        The adjustment set, the mediators, or the instrument.
    expression : Expression or None
        The formula; an instrument gives none.
    reasons : tuple of str
        The certificate, in words.
    given : tuple of str
        Variables to condition on for an instrument to be valid.

    Examples
    --------
    >>> from causalstats import Diagram
    >>> print(Diagram.parse("z -> x, y; x -> y").identify("y", "x").criteria[0])
    back-door (z)
    """

    name: str
    variables: tuple[str, ...]
    expression: Expression | None
    reasons: tuple[str, ...]
    given: tuple[str, ...] = ()

    def __str__(self) -> str:
        return (
            f"{self.name} ({self.named if self.variables else 'nothing to adjust for'})"
        )

    @property
    def named(self) -> str:
        """The variables, and those to condition on; dagitty writes "z | w"."""
        given = f", given {', '.join(self.given)}" if self.given else ""
        return f"{', '.join(self.variables)}{given}"


def back_door(
    graph: MixedGraph,
    outcome: BitSet,
    do: BitSet,
    given: BitSet = EMPTY,
) -> Criterion | None:
    """Return Σ_w P(y | x, w, z) P(w | z) with a smallest adjustment set w; None if there is none.

    w satisfies the adjustment criterion (Shpitser, VanderWeele & Robins 2010): it contains no
    variable on a causal path from x to y, nor a descendant of one, and blocks every non-causal
    path. Pearl's back-door criterion is the case that x does not affect w. With z, x may affect
    neither w nor z. Among several sets of the fewest variables it is the one closest to the
    outcome.

    Parameters
    ----------
    graph : MixedGraph
    outcome, do, given : BitSet
    """
    cut, forbidden = _proper_back_door_graph(graph.bits, outcome, do, given)
    if forbidden & given:
        return None
    allowed = graph.bits.everything & ~forbidden & ~given
    separator = smallest_separator(cut, do, outcome, allowed, given)
    if separator is None:
        return None
    return _adjustment_formula(graph, outcome, do, separator & ~given, given)


def back_door_set(
    graph: MixedGraph, outcome: BitSet, do: BitSet, allowed: BitSet
) -> BitSet | None:
    """Return a minimal adjustment set among the nodes allowed; None if there is none.

    Parameters
    ----------
    graph : MixedGraph
    outcome, do, allowed : BitSet
    """
    cut, forbidden = _proper_back_door_graph(graph.bits, outcome, do, EMPTY)
    return minimal_separator(cut, do, outcome, allowed & ~forbidden)


def adjustment(
    graph: MixedGraph,
    outcome: BitSet,
    do: BitSet,
    adjusted: BitSet,
    given: BitSet = EMPTY,
) -> Criterion | None:
    """Return the adjustment formula for a given set; None where it is not P(y | do(x), z).

    Parameters
    ----------
    graph : MixedGraph
    outcome, do, adjusted, given : BitSet
    """
    cut, forbidden = _proper_back_door_graph(graph.bits, outcome, do, given)
    conditions = adjusted | given
    if conditions & forbidden or not separated(cut, do, outcome, conditions):
        return None
    return _adjustment_formula(graph, outcome, do, adjusted, given)


def _proper_back_door_graph(
    graph: BitSetGraph,
    outcome: BitSet,
    do: BitSet,
    given: BitSet,
) -> tuple[BitSetGraph, BitSet]:
    """The proper back-door graph, and the variables that may not be adjusted for.

    The first arrow of each proper causal path (only its first variable is in x) is cut. With z,
    all arrows out of x are cut and all descendants of x are forbidden.

    Parameters
    ----------
    graph : BitSetGraph
    outcome, do, given : BitSet
    """
    if given:
        return graph.cut(out_of=do), graph.descendants(do)
    free = graph.everything & ~do
    onward = union(graph.children[node] for node in members(do)) & free
    causal = graph.descendants(onward, free) & graph.ancestors(outcome, free)
    parents = tuple(
        parents & ~do if contains(causal, node) else parents
        for node, parents in enumerate(graph.parents)
    )
    return BitSetGraph(parents, graph.siblings), graph.descendants(causal) | do


def _adjustment_formula(
    graph: MixedGraph,
    outcome: BitSet,
    do: BitSet,
    adjusted: BitSet,
    given: BitSet,
) -> Criterion:
    y, x, w, z = map(graph.names, (outcome, do, adjusted, given))
    expression: Expression = Probability(y, x + w + z)
    if adjusted:
        expression = Sum(w, Product((expression, Probability(w, z))))
    affected = bool(adjusted & graph.bits.descendants(do))
    treatments = ", ".join(x)
    conditions = ", ".join(w + z)
    if not conditions:
        closed = "Nothing has to be held to close"
    elif affected:
        closed = (
            f"Holding {conditions}, on no causal path and not affected by any, closes"
        )
    else:
        closed = f"Holding {conditions}, which {treatments} does not affect, closes"
    arrows = "the first arrows of causal paths" if affected else "the arrows"
    reason = (
        f"Cut {arrows} out of {treatments}: what then joins it to {', '.join(y)} is confounding. "
        f"{closed} every such path."
    )
    return Criterion(
        "adjustment" if affected else "back-door", w, expression, (reason,)
    )


def front_door(
    graph: MixedGraph,
    outcome: BitSet,
    do: BitSet,
) -> Criterion | None:
    """Return Σ_m P(m | x) Σ_x' P(y | m, x') P(x') with mediators m; None if there are none.

    The front-door criterion: the mediators intercept every causal path, no open path enters them
    from x, and x blocks every path that enters them and ends in the outcome. No mediator can be
    left out, though a set with other members may be smaller.

    Parameters
    ----------
    graph : MixedGraph
    outcome, do : BitSet
    """
    mediators = front_door_set(graph, outcome, do, graph.bits.everything)
    if mediators is None:
        return None
    return _front_door_formula(graph, outcome, do, mediators)


def front_door_set(
    graph: MixedGraph, outcome: BitSet, do: BitSet, allowed: BitSet
) -> BitSet | None:
    """Return a minimal set of mediators among the nodes allowed; None if there is none.

    Parameters
    ----------
    graph : MixedGraph
    outcome, do, allowed : BitSet
    """
    bits = graph.bits
    if do.bit_count() > 1 or not bits.ancestors(outcome) & do:
        return None
    candidates = bits.descendants(do) & bits.ancestors(outcome) & ~do & ~outcome
    cut = bits.cut(out_of=do)
    singles = map(singleton, members(candidates & allowed))
    mediators = union(single for single in singles if separated(cut, single, do))
    if not _intercepts(bits, mediators, outcome, do):
        return None
    mediators = _blocked_behind(bits, mediators, outcome, do)
    for node in members(mediators):
        fewer = mediators & ~singleton(node)
        blocked = _blocked_behind(bits, fewer, outcome, do) == fewer
        if blocked and _intercepts(bits, fewer, outcome, do):
            mediators = fewer
    if not mediators or not _intercepts(bits, mediators, outcome, do):
        return None
    return mediators


def _front_door_formula(
    graph: MixedGraph,
    outcome: BitSet,
    do: BitSet,
    mediators: BitSet,
) -> Criterion:
    y, x, m = map(graph.names, (outcome, do, mediators))
    behind = Sum(x, Product((Probability(y, m + x), Probability(x))))
    treatment = x[0]
    middle = ", ".join(m)
    end = ", ".join(y)
    reasons = (
        f"Every way in which {treatment} acts on {end} passes {middle}.",
        f"No path that enters {treatment} is open to {middle}: "
        f"P({middle} | do({treatment})) = P({middle} | {treatment}).",
        f"Holding {treatment} closes every path that enters {middle} and ends in {end}: the "
        f"back-door formula gives what {middle} does.",
    )
    formula = Sum(m, Product((Probability(m, x), behind)))
    return Criterion("front-door", m, formula, reasons)


def _intercepts(
    graph: BitSetGraph,
    mediators: BitSet,
    outcome: BitSet,
    do: BitSet,
) -> bool:
    """Whether every causal path from x to y passes a mediator."""
    return not graph.descendants(do, ~mediators & graph.everything) & outcome


def _blocked_behind(
    graph: BitSetGraph,
    mediators: BitSet,
    outcome: BitSet,
    do: BitSet,
) -> BitSet:
    """The largest subset such that x blocks every path into it that ends in the outcome.

    A mediator with an open path where the arrows out of all candidates are cut has one where fewer
    are cut, so it is removed for good.

    Parameters
    ----------
    graph : BitSetGraph
    mediators, outcome, do : BitSet
    """
    while mediators:
        cut = graph.cut(out_of=mediators)
        singles = map(singleton, members(mediators))
        blocked = union(
            single for single in singles if separated(cut, single, outcome, do)
        )
        if blocked == mediators:
            break
        mediators = blocked
    return mediators


def instruments(
    graph: MixedGraph,
    outcome: BitSet,
    do: BitSet,
) -> list[Criterion]:
    """Return instrumental variables: associated with x and, given w, with y only through x.

    x affects neither them nor w, the `given` of the criterion. They are those adjacent to x; where
    none of these is one, the first of the others.

    Parameters
    ----------
    graph : MixedGraph
    outcome, do : BitSet
    """
    bits = graph.bits
    if do.bit_count() > 1 or not bits.ancestors(outcome) & do:
        return []
    unaffected = bits.everything & ~bits.descendants(do) & ~outcome
    treatment = smallest(do)
    adjacent = unaffected & (bits.parents[treatment] | bits.siblings[treatment])
    near = _instruments_in(graph, adjacent, outcome, do)
    if near:
        return near
    return _instruments_in(graph, unaffected & ~adjacent, outcome, do, first_only=True)


def all_instruments(graph: MixedGraph, outcome: BitSet, do: BitSet) -> list[Criterion]:
    """Return every instrumental variable of the treatment, adjacent to it or not.

    Parameters
    ----------
    graph : MixedGraph
    outcome, do : BitSet
    """
    bits = graph.bits
    if do.bit_count() > 1 or not bits.ancestors(outcome) & do:
        return []
    unaffected = bits.everything & ~bits.descendants(do) & ~outcome
    return _instruments_in(graph, unaffected, outcome, do)


def _instruments_in(
    graph: MixedGraph,
    candidates: BitSet,
    outcome: BitSet,
    do: BitSet,
    *,
    first_only: bool = False,
) -> list[Criterion]:
    """The candidates that are instruments, each given a minimal set of unaffected variables.

    Parameters
    ----------
    graph : MixedGraph
    candidates, outcome, do : BitSet
    first_only : bool
        Stop at the first.
    """
    cut = graph.bits.cut(out_of=do)
    unaffected = graph.bits.everything & ~graph.bits.descendants(do) & ~outcome
    criteria = []
    for single in map(singleton, members(candidates)):
        conditions = minimal_separator(cut, single, outcome, unaffected)
        if conditions is None or separated(graph.bits, single, do, conditions):
            continue
        criteria.append(_instrument(graph, single, outcome, do, conditions))
        if first_only:
            break
    return criteria


def _instrument(
    graph: MixedGraph,
    single: BitSet,
    outcome: BitSet,
    do: BitSet,
    conditions: BitSet,
) -> Criterion:
    z, x, y, w = map(graph.names, (single, do, outcome, conditions))
    holding = f", holding {', '.join(w)}," if w else ""
    reason = (
        f"{z[0]} goes with {x[0]}{holding} and with {', '.join(y)} only through {x[0]}."
    )
    return Criterion("instrument", z, None, (reason,), w)
