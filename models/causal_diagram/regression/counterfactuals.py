"""Counterfactual questions of regressions: path-specific effects, nested ones, and of a group.

E[y[x=1, m=m[x=0]]] = Σ_m E[y | x=1, m] P(m | x=0), by g-computation with both values of x: the
mediator is drawn at one, and the outcome at the other (Imai, Keele & Tingley 2010, A general
approach to causal mediation analysis, Psychological Methods 15). Of people of whom something is
known, E[y[x=0] | x=1] is the mean over those people of the rows, or of the simulated with their
probability of it as a weight (likelihood weighting).
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from causalstats.core.check import Check
from causalstats.core.estimand import Estimand
from causalstats.data import Observations
from causalstats.diagrams.identification.potential_outcomes import (
    Event,
    PotentialOutcome,
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
    labelled_events,
    unit_of,
)
from causalstats.models.causal_diagram.regression.extrapolation import (
    values_within_the_data,
)
from causalstats.models.causal_diagram.regression.g_computation import (
    mean_outcomes,
    probabilities,
)
from causalstats.models.causal_diagram.regression.queries import (
    checks_of_undrawn,
    divided_by,
    treated_as_all,
    undrawn_of_tables,
    with_undrawn,
)
from causalstats.models.causal_diagram.regression.world_formulas import (
    WorldFormula,
    events_formula,
    outcome_formula,
    refuse_nobody,
)
from causalstats.models.causal_diagram.tables import Table

if TYPE_CHECKING:
    from causalstats.models.causal_diagram.model import CausalDiagram
    from causalstats.models.causal_diagram.routes.base import Query


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
    events = [event for world in question.events for event in world]
    unit = "probability"
    if question.outcome:
        unit = unit_of(question.outcome, model.levels(data), question.contrast)
        formulas = [
            _divided(model, formula, data)
            for formula in _formulas_of_worlds(model, question)
        ]
        for formula in formulas:
            refuse_nobody(formula, formula.order.seen, model, data)
        compute = partial(_means_compared, model, question.outcome, None, formulas)
    elif len(events) == 1 and not question.given:
        ((outcome, level),) = events
        unit = unit_of(outcome.variable, model.levels(data), "none")
        formulas = [events_formula(model, [(outcome, None)], outcome.variable)]
        formulas = [_divided(model, each, data) for each in formulas]
        compute = partial(_means_compared, model, outcome.variable, level, formulas)
    else:
        formulas, open_names = _formulas_of_events(model, events, question.given, data)
        formulas = [_divided(model, each, data) for each in formulas]
        compute = partial(
            _probability, model, formulas, open_names, bool(question.given)
        )
    return question.name, _estimand(
        model,
        compute,
        formulas,
        data,
        "The same people in several worlds, by the g-formula.",
        unit,
        question.contrast,
        (INDEPENDENT_ERRORS,),
    )


def within_group(
    model: CausalDiagram,
    outcome: str,
    worlds: Sequence[Mapping[str, Any]],
    given: Mapping[str, Any],
    factual: Mapping[str, Any],
    data: Observations,
) -> Estimand:
    """Return the estimand of E[outcome | do, given] that is no adjustment for confounders alone.

    Parameters
    ----------
    model : CausalDiagram
    outcome : str
    worlds : sequence of mapping of variable to value, one or two
        Two are compared.
    given, factual : mapping of label to its level, of number to its range
        What is known of the people under the intervention, and without it.
    data : Observations

    Raises
    ------
    ModelError
        If it is not identified, or cannot be simulated step by step.
    """
    if len(worlds) > 2:
        raise ModelError(
            "Expected one intervention, or two whose answers are compared."
        )
    settings = [tuple(world.items()) for world in worlds]
    seen = [(PotentialOutcome(variable), value) for variable, value in factual.items()]
    formula = outcome_formula(model, outcome, settings, seen, given)
    formula = _divided(model, formula, data)
    refuse_nobody(formula, formula.order.seen, model, data)
    contrast = (
        "the first intervention against the second" if len(worlds) == 2 else "none"
    )
    return _estimand(
        model,
        partial(_means_compared, model, outcome, None, [formula]),
        [formula],
        data,
        "By the g-formula.",
        unit_of(outcome, model.levels(data), contrast),
        contrast,
        (),
    )


def _estimand(
    model: CausalDiagram,
    compute: Any,
    formulas: Sequence[WorldFormula],
    data: Observations,
    description: str,
    unit: str,
    contrast: str,
    assumptions: tuple[str, ...],
) -> Estimand:
    """Return an estimand with the checks of the regressions that only it needs.

    Parameters
    ----------
    model : CausalDiagram
    compute : function of draws and data
    formulas : sequence of WorldFormula
    data : Observations
    description, unit, contrast : str
    assumptions : tuple of str
        Besides those of the model.
    """
    undrawn = _undrawn(model, formulas)

    def checks(draws: xr.Dataset, data: Observations) -> tuple[Check, ...]:
        within = [
            check
            for formula in formulas
            for check in _set_within_the_data(model, formula, data)
        ]
        as_all = [
            check
            for formula in formulas
            for check in treated_as_all(
                model,
                formula.order,
                set.intersection(*_known_and_changed(formula)),
                data,
            )
        ]
        return (*within, *as_all[:1], *checks_of_undrawn(model, undrawn, data))

    return Estimand(
        compute=compute,
        description=description,
        unit=unit,
        contrast=contrast,
        kind="causal",
        assumptions=(*assumption_names(model), *assumptions),
        checks=checks,
    )


def _known_and_changed(formula: WorldFormula) -> tuple[set[str], set[str]]:
    """Return the variables that were seen of the people, and those that are set."""
    seen, names = formula.order.seen, formula.names
    known = {names[name] for name in seen}
    return known, {names[name] for name in names if name not in seen}


def _divided(
    model: CausalDiagram, formula: WorldFormula, data: Observations
) -> WorldFormula:
    """Return a formula in which effects differ by what is known of the people and by mediators.

    Parameters
    ----------
    model : CausalDiagram
    formula : WorldFormula
    data : Observations
    """
    known, changed = _known_and_changed(formula)
    order = divided_by(
        model,
        formula.order,
        known | changed,
        data,
        whole=known & changed,
        mediators=model.graph.descendants(*changed) if changed else (),
    )
    return replace(formula, order=order)


def _undrawn(model: CausalDiagram, formulas: Sequence[WorldFormula]) -> list[Table]:
    """Return the conditional distributions of formulas that the fit has not drawn."""
    tables = dict.fromkeys(
        table for formula in formulas for table in formula.order.tables
    )
    return undrawn_of_tables(model, tuple(tables))


def _set_within_the_data(
    model: CausalDiagram, formula: WorldFormula, data: Observations
) -> list[Check]:
    arms = formula.positions(model, data)
    levels = model.levels(data)
    every = np.ones(len(data.counts), bool)
    return [
        check
        for name, variable in formula.names.items()
        if name not in formula.order.seen
        for check in values_within_the_data(
            variable, [arm[name] for arm in arms], every, data, levels
        )
    ]


def _formulas_of_worlds(
    model: CausalDiagram, question: CounterfactualQuestion
) -> list[WorldFormula]:
    """Return one formula for all worlds of an outcome, or one for each where there is none.

    A formula of all values may not be identified where those of single values are: y[x=1] of the
    people with x=1 is what was seen.
    """
    worlds = [events[0][0].do for events in question.events]
    try:
        return [outcome_formula(model, question.outcome, worlds, question.given)]
    except ModelError:
        if not question.given:
            raise
    return [
        events_formula(model, (*events, *question.given), question.outcome)
        for events in question.events
    ]


def _formulas_of_events(
    model: CausalDiagram,
    events: Sequence[Event],
    given: Sequence[Event],
    data: Observations,
) -> tuple[list[WorldFormula], list[str]]:
    """Return the formula of P(events, given), that of P(given) where it is needed, and open names.

    P(given) is the sum of P(events, given) over the levels of the events, whose names are then
    open. Not where a level of them is also set, or seen, in a world.

    Parameters
    ----------
    model : CausalDiagram
    events, given : sequence of (PotentialOutcome, level)
    data : Observations

    Raises
    ------
    ModelError
    """
    number = next(
        (each.variable for each, _ in events if each.variable in data.continuous), None
    )
    if number is not None:
        raise ModelError(
            f"Expected events of labels, got the number {number!r}: ask for its mean with `do`, "
            "or cut it into levels, e.g. with `pandas.cut`."
        )
    joint = events_formula(model, (*events, *given))
    if not given:
        return [joint], []
    open_names = [f"{each.variable}={level}" for each, level in events]
    worlds = [each.do for each, _ in (*events, *given)]
    used = {
        f"{target if isinstance(target, str) else target[0]}={value}"
        for world in worlds
        for target, value in _all_settings(world)
    }
    used |= {f"{each.variable}={level}" for each, level in given}
    below = events_formula(model, given)
    seen = [f"{each.variable}={level}" for each, level in given]
    refuse_nobody(
        below, [name for name in below.order.seen if name in seen], model, data
    )
    if used.intersection(open_names):
        return [joint, below], []
    return [joint], list(dict.fromkeys(open_names))


def _all_settings(world: Any) -> list[tuple[Any, Any]]:
    """Return what a world sets, and the worlds within it."""
    settings = []
    for target, value in world:
        if isinstance(value, PotentialOutcome):
            settings += _all_settings(value.do)
        else:
            settings.append((target, value))
    return settings


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
    formula = _divided(model, outcome_formula(model, y, settings), data)
    return _means(model, formula, draws, data)


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
        If the formula cannot be simulated.
    """
    x, y = model.treatment, model.outcome
    formula = outcome_formula(model, y, [((x, 0), ((x, y), 1))])
    formula = _divided(model, formula, data)
    return undrawn_of_tables(model, formula.order.tables)


def _means(
    model: CausalDiagram,
    formula: WorldFormula,
    draws: xr.Dataset,
    data: Observations,
) -> list[xr.DataArray]:
    """Return the mean outcome of each world, dims (chain, draw, event).

    Parameters
    ----------
    model : CausalDiagram
    formula : WorldFormula
    draws : Dataset
    data : Observations
    """
    draws = with_undrawn(model, formula.order.tables, draws, data)
    arms = formula.positions(model, data)
    table = mean_outcomes(model, formula.order, draws, data, arms)
    return [table.isel(arm=k) for k in range(len(arms))]


def _means_compared(
    model: CausalDiagram,
    outcome: str,
    level: object,
    formulas: Sequence[WorldFormula],
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
    formulas : sequence of WorldFormula
    draws : Dataset
    data : Observations
    """
    levels = model.levels(data)
    means = [
        mean for formula in formulas for mean in _means(model, formula, draws, data)
    ]
    total = means[0] if len(means) == 1 else means[0] - means[1]
    if level is not None and outcome in levels:
        return total.isel(event=level_index(outcome, level, levels))
    return labelled_events(total, outcome, levels, "level")


def _probability(
    model: CausalDiagram,
    formulas: Sequence[WorldFormula],
    open_names: Sequence[str],
    is_conditional: bool,
    draws: xr.Dataset,
    data: Observations,
) -> xr.DataArray:
    """Return the probability of events, among those who have what is given.

    Parameters
    ----------
    model : CausalDiagram
    formulas : sequence of WorldFormula
        Of the events with what is given, and of the second alone where its names are not open.
    open_names : sequence of str
        Names of events, over whose levels the probability of the first formula sums to that of
        what is given.
    is_conditional : bool
    draws : Dataset
    data : Observations
    """
    levels = model.levels(data)
    tables = [table for formula in formulas for table in formula.order.tables]
    draws = with_undrawn(model, tables, draws, data)
    joint, *below = formulas
    (asked,) = joint.positions(model, data)
    counts = [range(len(levels[joint.names[name]])) for name in open_names]
    others = [
        asked | dict(zip(open_names, map(float, cell), strict=True))
        for cell in itertools.product(*counts)
    ]
    arms = [asked, *(arm for arm in others if arm != asked)]
    table = probabilities(model, joint.order, draws, data, arms)
    above = table.isel(arm=0)
    if not is_conditional:
        return above
    if not below:
        return above / table.sum("arm")
    (formula,) = below
    arms = formula.positions(model, data)
    return above / probabilities(model, formula.order, draws, data, arms).isel(arm=0)
