"""Interventions on one or more variables, by regressions: of everybody, of groups, of the treated.

An adjustment for what comes before the treatments needs one regression. Where the group, or a
confounder that a treatment acts on, makes it none, people are simulated from causes to effects and
weighted by what is known of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from causalstats.data import Observations
from causalstats.errors import ModelError
from causalstats.models.causal_diagram import notation
from causalstats.models.causal_diagram.checks.mediator_variation import (
    refuse_constant_mediators,
)
from causalstats.models.causal_diagram.levels import Levels, level_index
from causalstats.models.causal_diagram.query_arguments import worlds_of
from causalstats.models.causal_diagram.regression.counterfactuals import within_group
from causalstats.models.causal_diagram.regression.queries import adjusted

if TYPE_CHECKING:
    from causalstats.models.causal_diagram.model import CausalDiagram
    from causalstats.models.causal_diagram.routes.base import Query


def regression_query(
    model: CausalDiagram,
    outcome: str,
    do: Mapping[str, Any],
    given: Mapping[str, Any],
    factual: Mapping[str, Any],
    data: Observations,
) -> Query:
    """Return the notation and the estimand of E[outcome | do, given].

    Parameters
    ----------
    model : CausalDiagram
    outcome : str
    do : mapping of variable to a value, or to a list of values
        The difference of two values is asked for, or, of one variable, each of more.
    given : mapping of label to level, or of number to its range (lowest, highest)
        The group that the answer is about.
    factual : mapping of label to level
        The level that the treatment really had, and groups that it does not act on.
    data : Observations

    Raises
    ------
    ModelError
        Where the answer is not identified.
    """
    levels = model.levels(data)
    worlds = _worlds(model, do)
    refuse_groups(given, factual, data)
    for cause in do:
        refuse_constant_mediators(model.graph, cause, outcome, levels, data)
    arms = [
        {name: _set_value(name, value, levels) for name, value in world.items()}
        for world in worlds
    ]
    name = _written(outcome, worlds, given, factual, levels)
    group = {**given, **factual}
    try:
        return name, adjusted(model, outcome, worlds, arms, group, data, factual)
    except ModelError as error:
        try:
            estimand = within_group(model, outcome, worlds, given, factual, data)
        except ModelError as other:
            raise (other if factual else error) from None
    return name, estimand


def _worlds(
    model: CausalDiagram,
    do: Mapping[str, Any],
) -> list[dict[str, Any]]:
    """Return the interventions that are asked about."""
    if not do:
        raise ModelError(
            f"Expected what is set, such as do={{{model.treatment!r}: 1}}, got nothing. Without an "
            "intervention, the distribution is that of the rows of the data."
        )
    worlds = worlds_of(do)
    if len(do) > 1 and len(worlds) > 2:
        raise ModelError(
            "Expected one intervention on several variables, or two whose answers are compared, "
            f"got do={dict(do)}."
        )
    return worlds


def _written(
    outcome: str,
    worlds: Sequence[Mapping[str, Any]],
    given: Mapping[str, Any],
    factual: Mapping[str, Any],
    levels: Levels,
) -> str:
    """Return a question in symbols.

    Parameters
    ----------
    outcome : str
    worlds : sequence of mapping of variable to value
    given, factual : mapping of variable to level or range
    levels : mapping of variable to its levels
    """
    event = notation.event(outcome, levels)
    symbol = "P" if outcome in levels else "E"
    if factual:
        seen = {**factual, **given}
        terms = [notation.counterfactual(symbol, event, arm, seen) for arm in worlds]
        return " - ".join(terms) if len(terms) <= 2 else f"{terms[0]}, ..."
    terms = [notation.interventional(symbol, event, arm, given) for arm in worlds]
    if len(terms) <= 2:
        return " - ".join(terms)
    seen_text = f", {notation.conditions(given)}" if given else ""
    return f"{symbol}({event} | do({', '.join(worlds[0])}){seen_text})"


def refuse_groups(
    given: Mapping[str, Any], factual: Mapping[str, Any], data: Observations
) -> None:
    """Raise unless numbers that are given have ranges, and what really was are labels.

    Parameters
    ----------
    given, factual : mapping of variable to value
    data : Observations

    Raises
    ------
    ModelError
    """
    _refuse_groups_of_numbers(factual, data)
    _refuse_points_of_numbers(given, data)


def _refuse_groups_of_numbers(group: Mapping[str, Any], data: Observations) -> None:
    number = next((name for name in group if name in data.continuous), None)
    if number is not None:
        raise ModelError(
            f"Expected labels in `factual`, and {number!r} is a number. Where what is set does "
            f"not act on it, ask with given={{{number!r}: (lowest, highest)}}; else cut it into "
            "levels, e.g. with `pandas.cut`, and give it to the diagram."
        )


def _refuse_points_of_numbers(given: Mapping[str, Any], data: Observations) -> None:
    """Raise unless a number that is given has a range."""
    for name, value in given.items():
        if name in data.continuous and not isinstance(value, tuple):
            raise ModelError(
                f"Expected a range of the number {name!r}, such as given={{{name!r}: (30, 50)}}, "
                f"got {value!r}: the group is of those within it."
            )
        if name not in data.continuous and isinstance(value, tuple):
            raise ModelError(
                f"Expected a level of {name!r}, which is a label, got the range {value!r}."
            )


def _set_value(
    name: str,
    value: Any,
    levels: Levels,
) -> float:
    """Return a number, or the position of a level."""
    if name in levels:
        return float(level_index(name, value, levels))
    if isinstance(value, bool) or not (
        isinstance(value, int | float) and np.isfinite(value)
    ):
        raise ModelError(f"Expected a number to set {name!r} to, got {value!r}.")
    return float(value)
