"""Recovery from selection bias: effects on everybody from data on the selected alone.

Case-control studies, respondents and survivors are such data: draws of P(v | s), where s is the
selection. Let A be the ancestors of s, s included, first in the order, and c = P(s). Then
P(v | s) = c⁻¹ Q[V, s]: the c-factor of everything, up to an unknown factor.

    a district without any of A    its conditionals are those of everybody:
                                   Q[T] = Π P(v_i | before v_i, s)
    the other districts            their product is known up to the factor, and is split again once
                                   smaller

An answer that needs c-factors of the first kind alone is found by the ID algorithm as without
selection. Any other is refused.

References
----------
Bareinboim & Tian (2015), Recovering causal effects from selection bias, AAAI. Correa, Tian &
Bareinboim (2019), Identification of causal effects in the presence of selection bias, AAAI.
Bareinboim, Tian & Pearl (2014), Recovering from selection bias in causal and statistical inference,
AAAI: P(y | x) of everybody follows from the selected if y is independent of s given x.
"""

from __future__ import annotations

from dataclasses import dataclass

from causalstats.diagrams.identification.bit_sets import BitSet, smallest, union
from causalstats.diagrams.identification.d_separation import separated
from causalstats.diagrams.identification.expression import (
    Expression,
    Probability,
    Product,
)
from causalstats.diagrams.identification.id_algorithm import (
    CFactor,
    CFactorSplit,
    Step,
    conditional,
    disintegrated,
    identified_c_factor,
    observed_c_factor,
    rule_2_exchangeable,
    sum_of_product,
)
from causalstats.diagrams.identification.mixed_graph import MixedGraph
from causalstats.diagrams.identification.wording import listed
from causalstats.errors import ModelError


@dataclass(frozen=True)
class SelectionBias:
    """The reason why an effect is not identified from the selected alone.

    Parameters
    ----------
    selected : tuple of str
        The selection variables.
    acting : tuple of str
        The variables that act on the selection.
    c_factor : tuple of str
        The district whose distribution among everybody is needed; empty for the answer itself.
    """

    selected: tuple[str, ...]
    acting: tuple[str, ...]
    c_factor: tuple[str, ...]

    def __str__(self) -> str:
        who = " and ".join(self.selected)
        verb = "acts" if len(self.acting) == 1 else "act"
        acting = f", on which {', '.join(self.acting)} {verb}" if self.acting else ""
        needed = (
            f"the distribution of {', '.join(self.c_factor)}"
            if self.c_factor
            else "the answer"
        )
        return (
            f"The data are of those alone whom {who} selects{acting}, and {needed} among everybody "
            "is needed, which those selected do not tell."
        )


@dataclass(frozen=True)
class RecoveredEffect:
    """An effect on everybody as a formula in the distribution of the selected.

    Parameters
    ----------
    expression : Expression or None
        None where the effect is not identified.
    derivation : tuple of (words, c-factor, expression)
        How the formula follows.
    bias : SelectionBias or None
        The reason why there is no formula.
    """

    expression: Expression | None
    derivation: tuple[tuple[str, tuple[str, ...], Expression], ...] = ()
    bias: SelectionBias | None = None


def refuse_selection(graph: MixedGraph, question: str) -> None:
    """Raise an error where data are of the selected alone and a question needs everybody.

    Parameters
    ----------
    graph : MixedGraph
    question : str
        For the error.

    Raises
    ------
    ModelError
        If the graph is that of the selected.
    """
    if graph.population is not None:
        who = " and ".join(graph.roles.selected)
        raise ModelError(
            f"Expected data of everybody for {question}; these are of those alone whom {who} "
            "selects, and without the share of the selected nothing bounds it. Take the role away, "
            "`diagram.with_roles(selected=())`, if the data are of everybody."
        )


def effect_among_selected(
    population: MixedGraph,
    selected: tuple[str, ...],
    outcome: tuple[str, ...],
    do: tuple[str, ...],
    given: tuple[str, ...] = (),
) -> RecoveredEffect:
    """Return P(outcome | do, given) of everybody in terms of the distribution of the selected.

    Parameters
    ----------
    population : MixedGraph
        The graph of everybody.
    selected, outcome, do, given : tuple of str

    Returns
    -------
    RecoveredEffect
    """
    graph = _selection_first(population, selected)
    y, x, z, s = map(graph.bit_set, (outcome, do, given, selected))
    cut = graph.bits.cut(out_of=x)
    if separated(cut, y, x, z) and separated(graph.bits, y, s, x | z):
        return _unconfounded(selected, outcome, do, given)
    settable = rule_2_exchangeable(graph, y, x, z)
    wanted = y | (z & ~settable)
    fixed = x | settable
    everything = graph.bits.ancestors(wanted | s)
    needed = graph.bits.ancestors(wanted, everything & ~fixed)
    acting = graph.names(graph.bits.ancestors(s) & ~s)
    if needed & s:
        return RecoveredEffect(None, bias=SelectionBias(selected, acting, ()))
    c_factors: list[Expression] = []
    derivation: list[Step] = []
    for wanted_part in graph.bits.districts(needed):
        recovered = _recovered_c_factor(
            graph, selected, wanted_part, everything, derivation
        )
        if recovered is None:
            bias = SelectionBias(selected, acting, graph.names(wanted_part))
            return RecoveredEffect(None, bias=bias)
        c_factors.append(recovered)
    expression = sum_of_product(graph.names(needed & ~wanted), c_factors)
    if wanted != y:
        expression = conditional(graph, expression, y)
    return RecoveredEffect(expression, _steps(graph, selected, derivation))


def _steps(
    graph: MixedGraph,
    selected: tuple[str, ...],
    derivation: list[Step],
) -> tuple[tuple[str, tuple[str, ...], Expression], ...]:
    """The derivation of the formula: words, c-factor and formula of each split.

    Parameters
    ----------
    graph : MixedGraph
    selected : tuple of str
    derivation : list of Step
    """
    words = (
        f"Nothing that acts on {listed(selected)} is in this c-factor: its conditionals among the "
        "selected are those of everybody:"
    )
    splits = (step for step in derivation if isinstance(step, CFactorSplit))
    return tuple((words, graph.names(step.part), step.expression) for step in splits)


def _recovered_c_factor(
    graph: MixedGraph,
    selected: tuple[str, ...],
    whole: BitSet,
    everything: BitSet,
    derivation: list[Step],
) -> Expression | None:
    """Q[whole] of everybody from the distribution of the selected; None where it is not recovered.

    Parameters
    ----------
    graph : MixedGraph
        With the ancestors of the selection first in its order.
    selected : tuple of str
    whole : BitSet
    everything : BitSet
        The ancestors of the outcome and of the selection.
    derivation : list of Step
        The steps are appended to it.
    """
    selection = graph.bit_set(selected)
    others = everything & ~selection
    c_factor = observed_c_factor(_graph_of_selected(graph, selected), others, others)
    return _recovered(graph, whole, everything, c_factor, selection, derivation)


def c_factor_of_selected(
    population: MixedGraph, selected: tuple[str, ...], names: tuple[str, ...]
) -> Expression | None:
    """Return Q[names] of everybody in terms of the distribution of the selected; None without.

    Parameters
    ----------
    population : MixedGraph
        The graph of everybody.
    selected : tuple of str
        The selection variables.
    names : tuple of str
        A district of a larger graph.
    """
    graph = _selection_first(population, selected)
    wanted = graph.bit_set(names)
    everything = graph.bits.ancestors(wanted | graph.bit_set(selected))
    return _recovered_c_factor(graph, selected, wanted, everything, [])


def _unconfounded(
    selected: tuple[str, ...],
    outcome: tuple[str, ...],
    do: tuple[str, ...],
    given: tuple[str, ...],
) -> RecoveredEffect:
    """The conditional distribution among the selected, where it is the answer."""
    words = (
        f"No confounding is open between {listed(do)} and {listed(outcome)}, and given "
        f"{listed(do + given)} {listed(outcome)} has nothing to do with {listed(selected)}: the "
        "conditional distribution among the selected is the answer."
    )
    expression = Probability(outcome, do + given)
    return RecoveredEffect(expression, ((words, (), expression),))


def _selection_first(population: MixedGraph, selected: tuple[str, ...]) -> MixedGraph:
    """The same graph with the ancestors of the selection before all else in its order."""
    acting = set(population.ancestors(*selected))
    order = sorted(population.nodes, key=lambda name: name not in acting)
    return MixedGraph(tuple(order), population.directed, population.bidirected)


def _graph_of_selected(graph: MixedGraph, selected: tuple[str, ...]) -> MixedGraph:
    """The graph of the selected with the selection variables as isolated nodes.

    Its nodes then have the same numbers as those of `graph`.
    """
    among = graph.among_selected(selected)
    return MixedGraph(graph.nodes, among.directed, among.bidirected)


def _recovered(
    graph: MixedGraph,
    wanted: BitSet,
    whole: BitSet,
    c_factor: CFactor,
    selection: BitSet,
    derivation: list[Step],
) -> Expression | None:
    """Q[wanted] from Q[whole] at the selected value, which is known up to a factor.

    Parameters
    ----------
    graph : MixedGraph
        With the ancestors of the selection first in its order.
    wanted, whole, selection : BitSet
    c_factor : CFactor
        The conditionals of `whole` without the selection.
    derivation : list of Step
        The steps are appended to it.
    """
    kept = graph.bits.ancestors(wanted | selection, whole)
    acting = graph.bits.ancestors(selection, kept)
    part = graph.bits.district(smallest(wanted), kept)
    if not part & acting:
        smaller = disintegrated(
            graph, part, kept & ~selection, whole & ~selection, c_factor
        )
        derivation.append(CFactorSplit(kept, part, Product(tuple(smaller.values()))))
        return identified_c_factor(graph, wanted, part, smaller, derivation)
    districts = graph.bits.districts(kept)
    joined = union(district for district in districts if district & acting)
    if joined == whole:
        return None
    known = disintegrated(
        graph, joined & ~selection, kept & ~selection, whole & ~selection, c_factor
    )
    return _recovered(graph, wanted, joined, known, selection, derivation)
