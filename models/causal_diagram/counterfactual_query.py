"""Counterfactual queries: events in several worlds, and worlds in which single arrows are set.

"P(y[x=1]=1 | x=0)" is read as text; `do={"x": 0, "x -> y": 1}` is y where the arrow from x to y
alone carries 1, and x is 0 for everything else: a path-specific effect. Which formula they have is
found by ID* and IDC*; tables evaluate it on each draw of the observed distribution.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from causalstats.core.check import Check
from causalstats.core.display_scale import DIFFERENCE
from causalstats.core.estimand import Estimand
from causalstats.data import Observations
from causalstats.diagrams.identification.counterfactuals import (
    CounterfactualIdentification,
    counterfactual,
)
from causalstats.diagrams.identification.potential_outcomes import (
    Event,
    PotentialOutcome,
    arrow_of,
    parse_query,
    world_of,
)
from causalstats.errors import ModelError
from causalstats.models.causal_diagram import notation
from causalstats.models.causal_diagram.assumptions import assumption_names
from causalstats.models.causal_diagram.checks.positivity import positivity
from causalstats.models.causal_diagram.interventional_query import shown_levels
from causalstats.models.causal_diagram.levels import Levels, level_index
from causalstats.models.causal_diagram.query_arguments import (
    variables_with_several_values,
    worlds_of,
)
from causalstats.models.causal_diagram.tables import ObservedDistribution

if TYPE_CHECKING:
    from causalstats.models.causal_diagram.model import CausalDiagram
    from causalstats.models.causal_diagram.routes.base import Query
    from causalstats.models.causal_diagram.routes.tables import TableRoute

INDEPENDENT_ERRORS = "independent errors of mechanisms"


@dataclass(frozen=True, eq=False)
class CounterfactualQuestion:
    """The probability of events in several worlds, or the difference of two.

    Parameters
    ----------
    name : str
        In symbols.
    outcome : str
        The variable whose distribution is asked for; empty where every event has its level.
    events : tuple of events, one or two
    given : tuple of (PotentialOutcome, level)
    contrast : str
    """

    name: str
    outcome: str
    events: tuple[tuple[Event, ...], ...]
    given: tuple[Event, ...] = ()
    contrast: str = "none"

    def identified(self, model: CausalDiagram) -> list[CounterfactualIdentification]:
        """Return the formula of each of the events that are compared.

        Raises
        ------
        ModelError
            If there is none.
        """
        answers = [
            counterfactual(model.graph, events, self.given) for events in self.events
        ]
        for answer in answers:
            refuse_unidentified_events(answer)
        return answers

    @property
    def variables_set(self) -> tuple[str, ...]:
        """The variables that are set in some world."""
        outcomes = [outcome for events in self.events for outcome, _ in events]
        targets = [target for outcome in outcomes for target, _ in outcome.do]
        names = [each if isinstance(each, str) else each[0] for each in targets]
        return tuple(dict.fromkeys(names))


def refuse_unidentified_events(answer: CounterfactualIdentification) -> None:
    """Raise where no formula gives the probability of events in several worlds.

    Raises
    ------
    ModelError
    """
    if not (answer.identified or answer.known_without_data):
        raise ModelError(
            f"{answer} For the effect on the treated and for probabilities of causation "
            "`fit.bounds` has bounds; a trial that keeps what joins them, or an arrow less, would "
            "identify it."
        )


def is_counterfactual(name: str) -> bool:
    """Return whether a question is a counterfactual query in text."""
    return name.strip().startswith("P(")


def has_arrows(do: Mapping[str, Any]) -> bool:
    """Return whether a world sets what a single arrow carries."""
    return any(not isinstance(arrow_of(name), str) for name in do)


def text_question(
    model: CausalDiagram, text: str, data: Observations
) -> CounterfactualQuestion:
    """Return the question that a text asks, with the levels of the data.

    Parameters
    ----------
    model : CausalDiagram
    text : str
    data : Observations

    Raises
    ------
    ModelError
        If it cannot be read, names what is no variable or level, or is about the event that a
        number has one value.
    """
    levels = model.levels(data)
    event, given = parse_query(text)
    number = next(
        (each.variable for each, _ in event if each.variable in data.continuous), None
    )
    if number is not None:
        raise ModelError(
            f"Expected events of labels, got the number {number!r}: ask for its mean with `do`, "
            "or cut it into levels, e.g. with `pandas.cut`."
        )
    return CounterfactualQuestion(
        name=text.strip(),
        outcome="",
        events=(_at_levels(event, levels),),
        given=_at_levels(given, levels),
    )


def arrows_question(
    model: CausalDiagram,
    outcome: str,
    do: Mapping[str, Any],
    factual: Mapping[str, Any],
    data: Observations,
) -> CounterfactualQuestion:
    """Return the question about an outcome in worlds whose people are known in another.

    Arrows may be set apart from variables.

    Parameters
    ----------
    model : CausalDiagram
    outcome : str
    do : mapping of variable or arrow to a value, or to two whose answers are compared
    factual : mapping of variable to level
        The people that the answer is about.
    data : Observations

    Raises
    ------
    ModelError
        If more than two worlds are asked for.
    """
    levels = model.levels(data)
    worlds = worlds_of(do)
    if not do or len(worlds) > 2:
        raise ModelError(
            "Expected what is set, in one world or in two whose answers are compared, such as "
            f"do={{{model.treatment!r}: 1}}, got {dict(do)}."
        )
    given = tuple((PotentialOutcome(name), value) for name, value in factual.items())
    events = [((PotentialOutcome(outcome, world_of(world)), None),) for world in worlds]
    event = notation.event(outcome, levels)
    symbol = "P" if outcome in levels else "E"
    seen = f" | {notation.conditions(factual)}" if factual else ""
    terms = [
        f"{symbol}({event} | do({notation.conditions(world)}){seen})"
        if has_arrows(do)
        else notation.counterfactual(symbol, event, world, factual)
        for world in worlds
    ]
    several = ", ".join(variables_with_several_values(do))
    contrast = f"the first value of {several} against the second" if several else "none"
    return CounterfactualQuestion(
        name=" - ".join(terms),
        outcome=outcome,
        events=tuple(_at_levels(each, levels) for each in events),
        given=_at_levels(given, levels),
        contrast=contrast,
    )


def _at_levels(events: Sequence[Event], levels: Levels) -> tuple[Event, ...]:
    """Return events with levels as the data have them, where they were written as text."""
    return tuple(
        (_outcome_at_levels(outcome, levels), _level(outcome.variable, level, levels))
        for outcome, level in events
    )


def _outcome_at_levels(outcome: PotentialOutcome, levels: Levels) -> PotentialOutcome:
    settings = []
    for target, value in outcome.do:
        name = target if isinstance(target, str) else target[0]
        if isinstance(value, PotentialOutcome):
            settings.append((target, _outcome_at_levels(value, levels)))
        else:
            settings.append((target, _level(name, value, levels)))
    return PotentialOutcome(outcome.variable, tuple(settings))


def _level(name: str, value: Any, levels: Levels) -> Any:
    if value is None or name not in levels:
        return value
    return levels[name][level_index(name, value, levels)]


def table_query(
    route: TableRoute, question: CounterfactualQuestion, data: Observations
) -> Query:
    """Return the notation and the estimand of a counterfactual question, by tables.

    Parameters
    ----------
    route : TableRoute
    question : CounterfactualQuestion
    data : Observations

    Raises
    ------
    ModelError
        Where no formula gives the answer.
    """
    model = route.model
    answers = question.identified(model)
    compute = partial(table_answer, route, question, answers)

    def checks(draws: xr.Dataset, data: Observations) -> tuple[Check, ...]:
        support = [
            each
            for answer in answers
            for each in formula_positivity(
                model, answer, question.events[0][0][0].variable, data
            )
        ]
        prior = route.prior_checks(compute, draws, data, question.variables_set)
        failed = [each for each in support if each.passed is not True]
        return (*(failed or support)[:1], *prior)

    pair = len(answers) == 2
    formulas = " and ".join(
        str(each) if each.known_without_data else str(each.expression)
        for each in answers
    )
    return question.name, Estimand(
        compute=compute,
        description=f"The same people in several worlds, by the formula {formulas}.",
        unit=DIFFERENCE if pair else "probability",
        contrast=question.contrast,
        kind="causal",
        assumptions=(*assumption_names(model), INDEPENDENT_ERRORS),
        checks=checks,
    )


def table_answer(
    route: TableRoute,
    question: CounterfactualQuestion,
    answers: Sequence[CounterfactualIdentification],
    draws: xr.Dataset,
    data: Observations,
) -> xr.DataArray:
    """Return the probability of the events, or the difference of two.

    Parameters
    ----------
    route : TableRoute
    question : CounterfactualQuestion
    answers : sequence of CounterfactualIdentification
    draws : Dataset
    data : Observations
    """
    levels = route.model.levels(data)
    parts = [
        probability_of(route, answer, question.outcome, draws, data)
        for answer in answers
    ]
    total = parts[0] if len(parts) == 1 else parts[0] - parts[1]
    if not question.outcome:
        return total
    return shown_levels(total, question.outcome, levels[question.outcome])


def probability_of(
    route: TableRoute,
    answer: CounterfactualIdentification,
    outcome: str,
    draws: xr.Dataset,
    data: Observations,
) -> xr.DataArray:
    """Return a formula on each draw, dims (chain, draw), and that of the outcome where it is asked.

    Parameters
    ----------
    route : TableRoute
    answer : CounterfactualIdentification
    outcome : str
        Empty where every event has its level.
    draws : Dataset
    data : Observations
    """
    known = route.model.levels(data)
    levels = {name: known[name] for name in data.levels}  # without hidden variables
    observed = ObservedDistribution(route.network(draws, data))
    values = np.asarray(answer.evaluate(observed, levels).values)
    dims = ("chain", "draw", outcome) if outcome else ("chain", "draw")
    sizes = [draws.sizes["chain"], draws.sizes["draw"]]
    shape = (*sizes, *values.shape[values.ndim - len(dims) + 2 :])
    coords = {name: draws[name] for name in ("chain", "draw")}
    if not (answer.axes or answer.settled):
        values = np.broadcast_to(values.ravel()[0], shape)
    return xr.DataArray(np.broadcast_to(values, shape), dims=dims, coords=coords)


def formula_positivity(
    model: CausalDiagram,
    answer: CounterfactualIdentification,
    outcome: str,
    data: Observations,
) -> tuple[Check, ...]:
    """Return whether the formula is defined on the counts; nothing where it has no variables.

    Parameters
    ----------
    model : CausalDiagram
    answer : CounterfactualIdentification
    outcome : str
        The variable of the first event.
    data : Observations
    """
    if answer.expression is None or not answer.axes:
        return ()
    levels = model.levels(data)
    first = next(
        (name for name in answer.axes if answer.variables[name] == outcome),
        answer.axes[0],
    )
    names = (first, *(name for name in answer.axes if name != first))
    world = {
        name: level_index(answer.variables[name], answer.values[name], levels)
        for name in names[1:]
    }
    aliases = {
        name: variable
        for name, variable in answer.variables.items()
        if name != variable
    }
    return (
        positivity(
            model,
            answer.expression,
            data,
            names,
            [world],
            answer.irrelevant,
            aliases=aliases,
        ),
    )
