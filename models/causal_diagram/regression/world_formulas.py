"""Formulas of an outcome in several worlds, in an order in which regressions simulate them.

Worlds that differ in values alone share one formula: y[x=1, m=m[x=0]] and y[x=0] are both
Σ_m P(y | x, m) P(m | x'), at other x and x'. What was seen of the people, as in P(y[x=0] | x=1),
stands in the formula of both, P(y[x=0], x=1), and the answer is among those who have it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from causalstats.data import Observations
from causalstats.diagrams.identification.counterfactuals import (
    CounterfactualIdentification,
    counterfactual,
)
from causalstats.diagrams.identification.potential_outcomes import (
    Event,
    PotentialOutcome,
    Target,
)
from causalstats.errors import ModelError
from causalstats.models.causal_diagram.counterfactual_query import (
    refuse_unidentified_events,
)
from causalstats.models.causal_diagram.levels import level_index
from causalstats.models.causal_diagram.regression.g_formula import (
    SimulationOrder,
    no_order,
    order_of_formula,
)
from causalstats.models.causal_diagram.regression.row_groups import rows_together

if TYPE_CHECKING:
    from causalstats.models.causal_diagram.model import CausalDiagram

World = Sequence[tuple[Target, Any]]
"""What is set: variables and arrows, each with its value."""


@dataclass(frozen=True, eq=False)
class WorldFormula:
    """One formula for several worlds, and what each world sets its names to.

    Worlds that differ in values alone share the formula, and with it the regressions: those of
    another formula would have posterior draws of their own, whose error does not cancel.

    Parameters
    ----------
    order : SimulationOrder
    names : mapping of name in the formula to variable
        Names of what is set or seen.
    arms : sequence of mapping of name to its value
    """

    order: SimulationOrder
    names: Mapping[str, str]
    arms: Sequence[Mapping[str, Any]]

    def positions(
        self, model: CausalDiagram, data: Observations
    ) -> list[dict[str, Any]]:
        """Return what each world sets: numbers, positions of levels, or ranges that were seen."""
        levels = model.levels(data)
        arms = []
        for arm in self.arms:
            values: dict[str, Any] = {}
            for name, variable in self.names.items():
                value = arm[name]
                if variable in levels:
                    value = float(level_index(variable, value, levels))
                elif not isinstance(value, tuple):
                    value = float(value)
                values[name] = value
            arms.append(values)
        return arms


def outcome_formula(
    model: CausalDiagram,
    outcome: str,
    worlds: Sequence[World],
    seen: Sequence[Event] = (),
    seen_after: Mapping[str, Any] | None = None,
) -> WorldFormula:
    """Return the formula of an outcome where the same targets are set to several values.

    Parameters
    ----------
    model : CausalDiagram
    outcome : str
    worlds : sequence of what is set
        Variables and arrows in the same order.
    seen : sequence of (PotentialOutcome, level)
        What is known of the people.
    seen_after : mapping of variable to level, optional
        What is known of them in the worlds that are asked about.

    Raises
    ------
    ModelError
        If it is not identified, or cannot be simulated step by step.
    """
    marks = {target: f"value {k}" for k, (target, _) in enumerate(worlds[0])}
    do = tuple(marks.items())
    after = [
        (PotentialOutcome(name, do), value)
        for name, value in (seen_after or {}).items()
    ]
    events = ((PotentialOutcome(outcome, do), None), *seen, *after)
    answer = counterfactual(model.graph, events)
    if answer.settled:
        raise ModelError(
            f"Expected an outcome that is not known already, got {outcome!r}, which is set or was "
            "seen of the same people in the same world."
        )
    refuse_unidentified_events(answer)
    arms = []
    for world in worlds:
        values = {marks[target]: value for target, value in world}
        arms.append(
            {name: values.get(mark, mark) for name, mark in answer.values.items()}
        )
    return WorldFormula(_order(model, answer, outcome), _known_names(answer), arms)


def events_formula(
    model: CausalDiagram,
    events: Sequence[Event],
    outcome: str = "",
    given: Sequence[Event] = (),
) -> WorldFormula:
    """Return the formula of events, which may be nested, in one set of worlds.

    Parameters
    ----------
    model : CausalDiagram
    events : sequence of (PotentialOutcome, level)
    outcome : str
        The variable of the event without a level; empty where all have one.
    given : sequence of (PotentialOutcome, level)

    Raises
    ------
    ModelError
        If it is not identified, or cannot be simulated step by step.
    """
    answer = counterfactual(model.graph, events, given)
    refuse_unidentified_events(answer)
    order = _order(model, answer, outcome)
    return WorldFormula(order, _known_names(answer), [answer.values])


def _known_names(answer: CounterfactualIdentification) -> dict[str, str]:
    return {name: answer.variables[name] for name in answer.values}


def _order(
    model: CausalDiagram, answer: CounterfactualIdentification, outcome: str
) -> SimulationOrder:
    if answer.expression is None:
        raise ModelError(str(answer))
    if answer.irrelevant:
        raise no_order(answer.query, answer.expression)
    order = order_of_formula(
        answer.expression,
        answer.query,
        outcome,
        tuple(answer.values),
        model.graph.nodes,
        answer.variables,
    )
    return rows_together(order, model.graph)


def refuse_nobody(
    formula: WorldFormula, seen: Sequence[str], model: CausalDiagram, data: Observations
) -> None:
    """Raise where nobody in the data has what is given.

    Parameters
    ----------
    formula : WorldFormula
    seen : sequence of str
        Names in the formula.
    model : CausalDiagram
    data : Observations

    Raises
    ------
    ModelError
        Also where a number is given that does not come from the rows.
    """
    levels = model.levels(data)
    arm = formula.positions(model, data)[0]
    from_rows = {name for group in formula.order.groups for _, name in group}
    for name in seen:
        variable = formula.names[name]
        if variable not in levels and name not in from_rows:
            raise ModelError(
                f"Expected a label as what was seen, got the number {variable!r}, on which the "
                "intervention acts. Cut it into levels, e.g. with `pandas.cut`."
            )
    for group in formula.order.groups:
        inside = data.counts > 0
        for variable, name in group:
            if name not in seen:
                continue
            if variable in levels:
                inside &= data.places(variable, levels[variable]) == arm[name]
                continue
            low, high = arm[name]
            column = data.column(variable)
            inside &= (column >= low) & (column <= high)
        if not np.any(inside):
            raise ModelError(
                f"Nobody in the data has {', '.join(seen)}: there is no such group."
            )
