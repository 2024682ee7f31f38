"""Textbook criteria, found in linear time or by elimination: back-door, front-door, instrument.

References
----------
Pearl (2009), Causality, definitions 3.3.1, 3.3.3 and 7.4.1. Jeong, Tian & Bareinboim (2022), Finding and listing front-door adjustment sets, NeurIPS.
"""

from __future__ import annotations

from dataclasses import dataclass

from causalstats.diagrams.expression import Expression, Probability, Product, Sum
from causalstats.diagrams.mixed_graph import MixedGraph
from causalstats.diagrams.numbered_graph import NumberedGraph, members, union


@dataclass(frozen=True)
class Criterion:
    """A named reason, the variables it takes, and the formula it gives; an instrument gives none."""

    name: str
    variables: tuple[str, ...]
    expression: Expression | None
    reasons: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.name} ({', '.join(self.variables) or 'nothing to adjust for'})"


def back_door(graph: MixedGraph, outcome: int, do: int, given: int = 0) -> Criterion | None:
    """Σ_w P(y | x, w, z) P(w | z), where neither w nor z is affected by x, and w with z leaves no path open that enters x.

    Rule 2 of the do-calculus in the first factor, rule 3 in the second. Of the smallest sets w, by inclusion, the one closest to the outcome.
    """
    affected = graph.numbered.descendants(do)
    if affected & given:
        return None
    cut = graph.numbered.cut(out_of=do)
    found = cut.minimal_separator(
        do, outcome, ~affected & graph.numbered.everything & ~given, given
    )
    if found is None:
        return None
    adjusted, (y, x, w, z) = found & ~given, map(graph.names, (outcome, do, found & ~given, given))
    expression: Expression = Probability(y, x + w + z)
    if adjusted:
        expression = Sum(w, Product((expression, Probability(w, z))))
    names, held = ", ".join(x), ", ".join(w + z)
    closed = (
        f"Holding {held}, which {names} does not affect, closes"
        if held
        else "Nothing has to be held to close"
    )
    reasons = (
        f"Cut the arrows out of {names}: what then joins it to {', '.join(y)} is confounding. {closed} every such path.",
    )
    return Criterion("back-door", w, expression, reasons)


def front_door(graph: MixedGraph, outcome: int, do: int) -> Criterion | None:
    """Σ_m P(m | x) Σ_x' P(y | m, x') P(x'), for mediators m that carry all of the effect and that the confounding of x and y does not reach."""
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
    """Variables that go with x and, given w, with y only through x; neither they nor w are affected by x.

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
    )
