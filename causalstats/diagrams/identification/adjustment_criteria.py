"""Textbook criteria, found in polynomial time: adjustment (back-door), front-door, instrument.

References
----------
Pearl (2009), Causality, definitions 3.3.1, 3.3.3 and 7.4.1. Shpitser, VanderWeele & Robins (2010), On the validity of covariate
adjustment for estimating causal effects, UAI. van der Zander, Liskiewicz & Textor (2019), Separators and adjustment sets in causal
graphs: complete criteria and an algorithmic framework, Artif. Intell. 270. Jeong, Tian & Bareinboim (2022), Finding and listing
front-door adjustment sets, NeurIPS.
"""

from __future__ import annotations

from dataclasses import dataclass

from causalstats.diagrams.identification.bit_set_graph import NumberedGraph, members, union
from causalstats.diagrams.identification.expression import Expression, Probability, Product, Sum
from causalstats.diagrams.identification.mixed_graph import MixedGraph


@dataclass(frozen=True)
class Criterion:
    """A named reason, the variables it takes, and the formula it gives; an instrument gives none."""

    name: str
    variables: tuple[str, ...]
    expression: Expression | None
    reasons: tuple[str, ...]
    given: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.name} ({self.named if self.variables else 'nothing to adjust for'})"

    @property
    def named(self) -> str:
        """The variables, and what has to be held for them to serve; as dagitty writes "z | w"."""
        held = f", given {', '.join(self.given)}" if self.given else ""
        return f"{', '.join(self.variables)}{held}"


def back_door(graph: MixedGraph, outcome: int, do: int, given: int = 0) -> Criterion | None:
    """Σ_w P(y | x, w, z) P(w | z), for a set w of the fewest variables with which that is P(y | do(x), z).

    w holds nothing on a causal path from x to y or affected by what is, and closes every path from x to y that is no causal path: the
    adjustment criterion of Shpitser, VanderWeele & Robins (2010), of which Pearl's back-door criterion is the case that w is not
    affected by x. With z, neither w nor z may be affected. Of several sets of the fewest variables, the one closest to the outcome.
    """
    cut, forbidden = _without_causal_paths(graph, outcome, do, given)
    if forbidden & given:
        return None
    allowed = graph.numbered.everything & ~forbidden & ~given
    found = cut.smallest_separator(do, outcome, allowed, given)
    return None if found is None else _adjusting(graph, outcome, do, found & ~given, given)


def adjustment(
    graph: MixedGraph, outcome: int, do: int, held: int, given: int = 0
) -> Criterion | None:
    """The same formula for a set that is given; None where that is not P(y | do(x), z)."""
    cut, forbidden = _without_causal_paths(graph, outcome, do, given)
    if (held | given) & forbidden or not cut.separated(do, outcome, held | given):
        return None
    return _adjusting(graph, outcome, do, held, given)


def _without_causal_paths(
    graph: MixedGraph, outcome: int, do: int, given: int
) -> tuple[NumberedGraph, int]:
    """The proper back-door graph, in which the first arrow of each causal path from x to y is cut, and what may not be held.

    A causal path is proper if only its first variable is in x. With z, which is conditioned on, all that x affects is forbidden.
    """
    numbered = graph.numbered
    free = numbered.everything & ~do
    onward = union(numbered.children[node] for node in members(do)) & free
    causal = numbered.descendants(onward, free) & numbered.ancestors(outcome, free)
    if given:
        return numbered.cut(out_of=do), numbered.descendants(do)
    parents = tuple(
        parents & ~do if causal >> node & 1 else parents
        for node, parents in enumerate(numbered.parents)
    )
    return NumberedGraph(parents, numbered.siblings), numbered.descendants(causal) | do


def _adjusting(graph: MixedGraph, outcome: int, do: int, adjusted: int, given: int) -> Criterion:
    y, x, w, z = map(graph.names, (outcome, do, adjusted, given))
    expression: Expression = Probability(y, x + w + z)
    if adjusted:
        expression = Sum(w, Product((expression, Probability(w, z))))
    names, held = ", ".join(x), ", ".join(w + z)
    affected = adjusted & graph.numbered.descendants(do)
    closed = (
        f"Holding {held}, {'on no causal path and not affected by any' if affected else f'which {names} does not affect'}, closes"
        if held
        else "Nothing has to be held to close"
    )
    out = "the first arrows of causal paths" if affected else "the arrows"
    reasons = (
        f"Cut {out} out of {names}: what then joins it to {', '.join(y)} is confounding. {closed} every such path.",
    )
    return Criterion("adjustment" if affected else "back-door", w, expression, reasons)


def front_door(graph: MixedGraph, outcome: int, do: int) -> Criterion | None:
    """Σ_m P(m | x) Σ_x' P(y | m, x') P(x'), for mediators m that carry all of the effect and that the confounding of x and y does not reach.

    None of m can be left out, which is not to say that no other set is smaller.
    """
    if do.bit_count() > 1 or not graph.numbered.ancestors(outcome) & do:
        return None
    candidates = graph.numbered.descendants(do) & graph.numbered.ancestors(outcome) & ~do & ~outcome
    cut = graph.numbered.cut(out_of=do)
    mediators = union(1 << node for node in members(candidates) if cut.separated(1 << node, do))
    if not _intercepts(graph, mediators, outcome, do):
        return None
    mediators = _closed_behind(graph, mediators, outcome, do)
    for node in members(mediators):
        fewer = mediators & ~(1 << node)
        if (
            _intercepts(graph, fewer, outcome, do)
            and _closed_behind(graph, fewer, outcome, do) == fewer
        ):
            mediators = fewer
    if not mediators or not _intercepts(graph, mediators, outcome, do):
        return None
    y, x, m = map(graph.names, (outcome, do, mediators))
    behind = Sum(x, Product((Probability(y, m + x), Probability(x))))
    reasons = (
        f"Every way in which {x[0]} acts on {', '.join(y)} passes {', '.join(m)}.",
        f"No path that enters {x[0]} is open to {', '.join(m)}: P({', '.join(m)} | do({x[0]})) = P({', '.join(m)} | {x[0]}).",
        f"Holding {x[0]} closes every path that enters {', '.join(m)} and ends in {', '.join(y)}: the back-door formula gives what {', '.join(m)} does.",
    )
    return Criterion("front-door", m, Sum(m, Product((Probability(m, x), behind))), reasons)


def _intercepts(graph: MixedGraph, mediators: int, outcome: int, do: int) -> bool:
    return not graph.numbered.descendants(do, ~mediators & graph.numbered.everything) & outcome


def _closed_behind(graph: MixedGraph, mediators: int, outcome: int, do: int) -> int:
    """The largest subset whose paths into it that end in the outcome are all closed by the treatment.

    What has an open path with the arrows out of all candidates cut has one with fewer cut, so it goes for good.
    """
    while mediators:
        cut = graph.numbered.cut(out_of=mediators)
        closed = union(
            1 << node for node in members(mediators) if cut.separated(1 << node, outcome, do)
        )
        if closed == mediators:
            break
        mediators = closed
    return mediators


def instruments(graph: MixedGraph, outcome: int, do: int) -> list[Criterion]:
    """Variables that go with x and, given w, with y only through x; neither they nor w are affected by x. w is in `given`.

    Those next to x; where there are none, the first of the others.
    """
    if do.bit_count() > 1 or not graph.numbered.ancestors(outcome) & do:
        return []
    cut = graph.numbered.cut(out_of=do)
    before = graph.numbered.everything & ~graph.numbered.descendants(do) & ~outcome
    treatment = do.bit_length() - 1
    near = before & (graph.numbered.parents[treatment] | graph.numbered.siblings[treatment])
    found = [_instrument(graph, cut, node, outcome, do, before) for node in members(near)]
    if not any(found):
        found = [
            next(
                filter(
                    None,
                    (
                        _instrument(graph, cut, node, outcome, do, before)
                        for node in members(before & ~near)
                    ),
                ),
                None,
            )
        ]
    return [criterion for criterion in found if criterion]


def _instrument(
    graph: MixedGraph, cut: NumberedGraph, node: int, outcome: int, do: int, before: int
) -> Criterion | None:
    held = cut.minimal_separator(1 << node, outcome, before)
    if held is None or graph.numbered.separated(1 << node, do, held):
        return None
    z, x, y, w = map(graph.names, (1 << node, do, outcome, held))
    holding = f", holding {', '.join(w)}," if w else ""
    return Criterion(
        "instrument",
        z,
        None,
        (f"{z[0]} goes with {x[0]}{holding} and with {', '.join(y)} only through {x[0]}.",),
        w,
    )
