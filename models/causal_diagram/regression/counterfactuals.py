"""Counterfactual questions of regressions: path-specific effects and nested counterfactuals.

E[y[x=1, m=m[x=0]]] = Σ_m E[y | x=1, m] P(m | x=0), by g-computation with both values of x: the
mediator is drawn at one, and the outcome at the other (Imai, Keele & Tingley 2010, A general
approach to causal mediation analysis, Psychological Methods 15).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import xarray as xr

from causalstats.core.check import Check
from causalstats.core.estimand import Estimand
from causalstats.data import Observations
from causalstats.diagrams.identification.counterfactuals import (
    CounterfactualIdentification,
)
from causalstats.diagrams.identification.potential_outcomes import (
    Event,
    PotentialOutcome,
    Target,
)
from causalstats.errors import ModelError
from causalstats.models.causal_diagram.assumptions import assumption_names
from causalstats.models.causal_diagram.counterfactual_query import (
    INDEPENDENT_ERRORS,
    CounterfactualQuestion,
)
from causalstats.models.causal_diagram.levels import level_index
from causalstats.models.causal_diagram.mediation import World
from causalstats.models.causal_diagram.regression.event_labels import (
    UNIT,
    labelled_events,
)
from causalstats.models.causal_diagram.regression.extrapolation import (
    values_within_the_data,
)
from causalstats.models.causal_diagram.regression.g_computation import mean_outcomes
from causalstats.models.causal_diagram.regression.g_formula import (
    SimulationOrder,
    no_order,
    order_of_formula,
)
from causalstats.models.causal_diagram.regression.queries import (
    checks_of_undrawn,
    draw_conditionals,
    undrawn_of_order,
)
from causalstats.models.causal_diagram.tables import Table

if TYPE_CHECKING:
    from causalstats.models.causal_diagram.model import CausalDiagram
    from causalstats.models.causal_diagram.routes.base import Query


@dataclass(frozen=True, eq=False)
class _Formula:
    """One formula for several worlds, and what each world sets its names to.

    Worlds that differ in values alone share the formula, and with it the regressions: those of
    another formula would have posterior draws of their own, whose error does not cancel.

    Parameters
    ----------
    order : SimulationOrder
    names : mapping of name in the formula to variable
        Names of what is set.
    arms : sequence of mapping of name to its value
    """

    order: SimulationOrder
    names: Mapping[str, str]
    arms: Sequence[Mapping[str, Any]]

    def positions(
        self, model: CausalDiagram, data: Observations
    ) -> list[dict[str, float]]:
        """Return what each world sets: numbers, or positions of levels."""
        levels = model.levels(data)
        arms = []
        for arm in self.arms:
            values = {}
            for name, variable in self.names.items():
                value = arm[name]
                if variable in levels:
                    value = level_index(variable, value, levels)
                values[name] = float(value)
            arms.append(values)
        return arms


def _formula_of(
    model: CausalDiagram, outcome: str, worlds: Sequence[Sequence[tuple[Target, Any]]]
) -> _Formula:
    """Return the formula of an outcome where the same targets are set to several values.

    Parameters
    ----------
    model : CausalDiagram
    outcome : str
    worlds : sequence of what is set
        Variables and arrows in the same order.
    """
    marks = {target: f"value {k}" for k, (target, _) in enumerate(worlds[0])}
    marked = PotentialOutcome(outcome, tuple(marks.items()))
    question = CounterfactualQuestion(str(marked), outcome, (((marked, None),),))
    (answer,) = question.identified(model)
    arms = []
    for world in worlds:
        values = {marks[target]: value for target, value in world}
        arms.append({name: values[mark] for name, mark in answer.values.items()})
    return _Formula(_order(model, answer, outcome), _set_names(answer), arms)


def _formula_with_values(
    model: CausalDiagram, question: CounterfactualQuestion
) -> _Formula:
    """Return the formula of one world, which may be nested."""
    (answer,) = question.identified(model)
    order = _order(model, answer, question.outcome)
    return _Formula(order, _set_names(answer), [answer.values])


def _set_names(answer: CounterfactualIdentification) -> dict[str, str]:
    return {name: answer.variables[name] for name in answer.values}


def _order(
    model: CausalDiagram, answer: CounterfactualIdentification, outcome: str
) -> SimulationOrder:
    assert answer.expression is not None
    if answer.irrelevant:
        raise no_order(answer.query, answer.expression)
    return order_of_formula(
        answer.expression,
        answer.query,
        outcome,
        tuple(answer.values),
        model.graph.nodes,
        answer.variables,
    )


def regression_counterfactual(
    model: CausalDiagram, question: CounterfactualQuestion, data: Observations
) -> Query:
    """Return the notation and the estimand of a counterfactual question, by regressions.

    Parameters
    ----------
    model : CausalDiagram
    question : CounterfactualQuestion
    data : Observations

    Raises
    ------
    ModelError
        Where no formula gives the answer, or it needs what regressions cannot draw.
    """
    asked, level = _with_axis(question)
    if question.outcome:
        worlds = [events[0][0].do for events in asked.events]
        formula = _formula_of(model, asked.outcome, worlds)
    else:
        formula = _formula_with_values(model, asked)
    undrawn = undrawn_of_order(model, formula.order, data)

    def checks(draws: xr.Dataset, data: Observations) -> tuple[Check, ...]:
        arms = formula.positions(model, data)
        within = [
            check
            for name, variable in formula.names.items()
            for check in values_within_the_data(
                variable, [arm[name] for arm in arms], {}, data
            )
        ]
        return (*within, *checks_of_undrawn(model, undrawn, data))

    return question.name, Estimand(
        compute=partial(_answer, model, asked.outcome, level, formula),
        description="The same people in several worlds, by the g-formula.",
        unit=UNIT,
        contrast=question.contrast,
        kind="causal",
        assumptions=(*assumption_names(model), INDEPENDENT_ERRORS),
        checks=checks,
    )


def means_by_arrow(
    model: CausalDiagram,
    worlds: Sequence[World],
    draws: xr.Dataset,
    data: Observations,
) -> list[xr.DataArray]:
    """Return the outcome where the direct arrow carries one value, and all others another.

    Parameters
    ----------
    model : CausalDiagram
    worlds : sequence of (direct value, value of the rest)
    draws : Dataset
    data : Observations

    Returns
    -------
    list of DataArray, dims (chain, draw, event)
    """
    x, y = model.treatment, model.outcome
    settings = [((x, rest), ((x, y), direct)) for direct, rest in worlds]
    return _means(model, _formula_of(model, y, settings), draws, data)


def checks_by_arrow(
    model: CausalDiagram, draws: xr.Dataset, data: Observations
) -> tuple[Check, ...]:
    """Return the checks of the regressions that natural effects need.

    Parameters
    ----------
    model : CausalDiagram
    draws : Dataset
    data : Observations
    """
    return checks_of_undrawn(model, tables_by_arrow(model, data), data)


def tables_by_arrow(model: CausalDiagram, data: Observations) -> list[Table]:
    """Return the conditional distributions of natural effects that the fit has not drawn.

    Raises
    ------
    ModelError
        If one of them cannot be drawn afterwards, or the formula cannot be simulated.
    """
    x, y = model.treatment, model.outcome
    formula = _formula_of(model, y, [((x, 0), ((x, y), 1))])
    return undrawn_of_order(model, formula.order, data)


def _with_axis(
    question: CounterfactualQuestion,
) -> tuple[CounterfactualQuestion, object]:
    """Return the question about all levels of one outcome, and the level that was asked for."""
    if question.outcome and not question.given:
        return question, None
    ((outcome, level), *others) = question.events[0]
    if others or question.given or question.outcome:
        raise ModelError(
            f"{question.name} is of several events, or given others. Regressions answer of one "
            "outcome among everybody: cut the numbers into levels, e.g. with `pandas.cut`, and "
            "use route='reduced'."
        )
    events: tuple[tuple[Event, ...], ...] = (((outcome, None),),)
    asked = CounterfactualQuestion(question.name, outcome.variable, events)
    return asked, level


def _means(
    model: CausalDiagram,
    formula: _Formula,
    draws: xr.Dataset,
    data: Observations,
) -> list[xr.DataArray]:
    """Return the mean outcome of each world, dims (chain, draw, event).

    Parameters
    ----------
    model : CausalDiagram
    formula : _Formula
    draws : Dataset
    data : Observations
    """
    undrawn = undrawn_of_order(model, formula.order, data)
    if undrawn:
        size = (draws.sizes["chain"], draws.sizes["draw"])
        added = draw_conditionals(model, undrawn, data, size)
        draws = draws.merge(added, join="override")
    arms = formula.positions(model, data)
    table = mean_outcomes(model, formula.order, draws, data, arms)
    return [table.isel(arm=k) for k in range(len(arms))]


def _answer(
    model: CausalDiagram,
    outcome: str,
    level: object,
    formula: _Formula,
    draws: xr.Dataset,
    data: Observations,
) -> xr.DataArray:
    """Return the mean outcome in one world, or the difference of two.

    Parameters
    ----------
    model : CausalDiagram
    outcome : str
    level : level or None
        The one that is asked for; None for those that answers show.
    formula : _Formula
    draws : Dataset
    data : Observations
    """
    levels = model.levels(data)
    means = _means(model, formula, draws, data)
    total = means[0] if len(means) == 1 else means[0] - means[1]
    if level is not None and outcome in levels:
        return total.isel(event=level_index(outcome, level, levels))
    return labelled_events(total, outcome, levels, "level")
