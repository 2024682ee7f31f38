"""Effects on everybody from data on those alone that something selected: case-control studies, respondents, survivors.

Data are draws of P(v | s), where s says that somebody was selected. Let A be what acts on s, s included, put first in the order,
and c = P(s). Then P(v | s) = c⁻¹ Q[V, s]: the comb of everything, but for a factor that nothing known tells.

    a district without any of A          its conditionals are those of everybody: Q[T] = Π P(v_i | before v_i, s)
    the other districts                  their product is known but for the factor, and can be asked again once smaller

An answer that takes combs of the first kind alone is found by going on as without selection. Anything else is refused.

References
----------
Bareinboim & Tian (2015), Recovering causal effects from selection bias, AAAI. Correa, Tian & Bareinboim (2019), Identification
of causal effects in the presence of selection bias, AAAI. Bareinboim, Tian & Pearl (2014), Recovering from selection bias in
causal and statistical inference, AAAI: P(y | x) of everybody follows from the selected if y is independent of s given x.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

from causalstats.diagrams.identification.bit_set_graph import members, union
from causalstats.diagrams.identification.expression import Expression, Probability, Product
from causalstats.diagrams.identification.id_algorithm import (
    Kernel,
    Move,
    Split,
    conditional,
    disintegrated,
    identified_comb,
    interchangeable,
    observed_kernel,
    over,
)
from causalstats.diagrams.identification.mixed_graph import MixedGraph
from causalstats.errors import ModelError


@dataclass(frozen=True)
class SelectionBias:
    """Why an effect is not identified from the selected alone."""

    selected: tuple[str, ...]
    acting: tuple[str, ...]
    comb: tuple[str, ...]

    def __str__(self) -> str:
        who, by = " and ".join(self.selected), ", ".join(self.acting)
        on = f", on which {by} act{'s' * (len(self.acting) == 1)}" if by else ""
        of = f"the distribution of {', '.join(self.comb)}" if self.comb else "the answer"
        return (
            f"The data are of those alone whom {who} selects{on}, and {of} among everybody is needed, "
            "which those selected do not tell."
        )


def among_selected(population: MixedGraph, selected: tuple[str, ...]) -> MixedGraph:
    """What the distribution of the other variables among the selected obeys, with the arrows as they are.

    Selection joins all that acts on it, and all that shares hidden causes with that: they become one district.
    """
    chosen = population.numbers(selected)
    joined = population.names(_joined(population, chosen) & ~chosen)
    kept = population.subgraph(name for name in population.nodes if name not in selected)
    pairs = kept.bidirected | {frozenset(pair) for pair in combinations(joined, 2)}
    return MixedGraph(kept.nodes, kept.directed, pairs)


def refuse_selection(graph: MixedGraph, asked: str) -> None:
    """An error where data are of the selected alone, and what is asked needs everybody.

    Raises
    ------
    ModelError
    """
    if graph.population is not None:
        who = " and ".join(graph.roles.selected)
        raise ModelError(
            f"Expected data of everybody for {asked}; these are of those alone whom {who} selects, and without the share of the selected "
            "nothing bounds it. Take the role away, `diagram.with_roles(selected=())`, if the data are of everybody."
        )


def _joined(population: MixedGraph, chosen: int) -> int:
    numbered = population.numbered
    acting = numbered.ancestors(chosen)
    return union(part for part in numbered.districts(numbered.everything) if part & acting)


def effect_among_selected(
    population: MixedGraph,
    selected: tuple[str, ...],
    outcome: tuple[str, ...],
    do: tuple[str, ...],
    given: tuple[str, ...] = (),
) -> tuple[Expression | None, list[tuple[str, tuple[str, ...], Expression]], SelectionBias | None]:
    """P(outcome | do, given) of everybody, as a formula in the distribution of the selected, and how it follows.

    Returns
    -------
    expression : Expression or None
    moves : list of (words, comb, expression)
    bias : SelectionBias or None
        Why there is no formula.
    """
    graph = _selected_first(population, selected)
    y, x, z, s = map(graph.numbers, (outcome, do, given, selected))
    cut = graph.numbered.cut(out_of=x)
    if cut.separated(y, x, z) and graph.numbered.separated(y, s, x | z):
        words = (
            f"No confounding is open between {_listed(do)} and {_listed(outcome)}, and given {_listed(do + given)} "
            f"{_listed(outcome)} has nothing to do with {_listed(selected)}: the conditional distribution among the selected is the answer."
        )
        return (
            Probability(outcome, do + given),
            [(words, (), Probability(outcome, do + given))],
            None,
        )
    same = interchangeable(graph, y, x, z)
    seen = z & ~same
    wanted, done = y | seen, x | same
    everything = graph.numbered.ancestors(wanted | s)
    needed = graph.numbered.ancestors(wanted, everything & ~done)
    acting = graph.names(graph.numbered.ancestors(s) & ~s)
    if needed & s:
        return None, [], SelectionBias(selected, acting, ())
    seen_graph = _within(graph, s)
    kernel = observed_kernel(seen_graph, everything & ~s, everything & ~s)
    combs: list[Expression] = []
    moves: list[Move] = []
    for comb in graph.numbered.districts(needed):
        found = _recovered(graph, comb, everything, kernel, s, moves)
        if found is None:
            return None, [], SelectionBias(selected, acting, graph.names(comb))
        combs.append(found)
    expression = over(graph.names(needed & ~wanted), combs)
    if seen:
        expression = conditional(graph, expression, y)
    said = [
        (
            f"Nothing that acts on {_listed(selected)} is in this comb: its conditionals among the selected are those of everybody:",
            graph.names(move.part),
            move.expression,
        )
        for move in moves
        if isinstance(move, Split)
    ]
    return expression, said, None


def _selected_first(population: MixedGraph, selected: tuple[str, ...]) -> MixedGraph:
    """The same graph in an order in which what acts on the selection, and the selection, come before all else."""
    acting = set(population.ancestors(*selected))
    order = sorted(population.nodes, key=lambda name: name not in acting)
    return MixedGraph(tuple(order), population.directed, population.bidirected)


def _within(graph: MixedGraph, chosen: int) -> MixedGraph:
    """`among_selected` with the selection kept as nodes of its own, so that numbers mean the same."""
    selected = graph.names(chosen)
    found = among_selected(graph, selected)
    return MixedGraph(graph.nodes, found.directed, found.bidirected)


def _recovered(
    graph: MixedGraph, wanted: int, comb: int, kernel: Kernel, chosen: int, moves: list[Move]
) -> Expression | None:
    """Q[wanted] from Q[comb] at the value that selects, known but for a factor; the kernel is of all but the selection."""
    left = graph.numbered.ancestors(wanted | chosen, comb)
    acting = graph.numbered.ancestors(chosen, left)
    part = graph.numbered.district(next(members(wanted)), left)
    if not part & acting:
        smaller = disintegrated(graph, part, left & ~chosen, comb & ~chosen, kernel)
        moves.append(Split(left, part, Product(tuple(smaller.values()))))
        return identified_comb(graph, wanted, part, smaller, moves)
    joined = union(other for other in graph.numbered.districts(left) if other & acting)
    if joined == comb:
        return None
    known = disintegrated(graph, joined & ~chosen, left & ~chosen, comb & ~chosen, kernel)
    return _recovered(graph, wanted, joined, known, chosen, moves)


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(names[:-1]) + " and " * (len(names) > 1) + names[-1] if names else "nothing"
