"""Which variables of a g-formula come from the observed rows together.

    P(a) P(b) = P(a, b)             where a and b are independent by the diagram
    P(w | a) P(a, c) = P(w, a, c)   where w is independent of c given a

The rows have P(a, b) as it is: whatever else the diagram says of a and b, nothing is modelled, and
no row has to be drawn. What was seen, such as x=1 of the treated, then chooses among the rows.
"""

from __future__ import annotations

from causalstats.diagrams.identification.d_separation import separated
from causalstats.diagrams.identification.mixed_graph import MixedGraph
from causalstats.models.causal_diagram.regression.g_formula import (
    NamedVariables,
    SimulationOrder,
    Step,
)


def rows_together(order: SimulationOrder, graph: MixedGraph) -> SimulationOrder:
    """Return the order with as few groups as the diagram allows, and what was seen among them.

    Parameters
    ----------
    order : SimulationOrder
    graph : MixedGraph

    Examples
    --------
    >>> from causalstats.diagrams import Diagram
    >>> from causalstats.diagrams.identification.mixed_graph import MixedGraph
    >>> graph = MixedGraph.from_diagram(Diagram.parse("a, b -> x -> y"))
    >>> apart = SimulationOrder(((("a", "a"),), (("b", "b"),)), ())
    >>> rows_together(apart, graph).groups
    ((('a', 'a'), ('b', 'b')),)
    """
    groups: list[NamedVariables] = []
    for group in order.groups:
        joined = next((each for each in groups if _apart(graph, each, group)), None)
        if joined is None:
            groups.append(group)
        else:
            groups[groups.index(joined)] = (*joined, *group)
    steps = list(order.steps)
    absorbed: Step | None = None
    while steps:
        for number, group in enumerate(groups):
            absorbed = next(
                (step for step in steps if _belongs(graph, order, step, group)), None
            )
            if absorbed is not None:
                pair = (absorbed.table.variable, absorbed.name)
                groups[number] = (*group, pair)
                steps.remove(absorbed)
                break
        if absorbed is None:
            break
    return SimulationOrder(tuple(groups), tuple(steps), order.seen)


def _apart(graph: MixedGraph, one: NamedVariables, other: NamedVariables) -> bool:
    """Return whether two groups have other variables, which are independent by the diagram."""
    ours, theirs = {name for name, _ in one}, {name for name, _ in other}
    if ours & theirs:
        return False
    return separated(graph.bits, graph.bit_set(ours), graph.bit_set(theirs))


def _belongs(
    graph: MixedGraph, order: SimulationOrder, step: Step, group: NamedVariables
) -> bool:
    """Return whether what was seen, and all that it is given, is of the rows of a group.

    Parameters
    ----------
    graph : MixedGraph
    order : SimulationOrder
    step : Step
    group : tuple of (variable, name)
    """
    names = {name for _, name in group}
    variables = {variable for variable, _ in group}
    variable = step.table.variable
    if step.name not in order.seen or not names.issuperset(step.given):
        return False
    if variable in variables:
        return False
    rest = variables.difference(step.table.given)
    given = graph.bit_set(step.table.given)
    return separated(graph.bits, graph.bit_set({variable}), graph.bit_set(rest), given)
