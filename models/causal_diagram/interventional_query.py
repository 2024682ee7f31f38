"""Interventional queries P(outcome | do, given) of tables: of one value, or a contrast of several.

The answer is the identified formula on each draw of the observed distribution; of a variable with
two levels it is the probability of the last.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import xarray as xr

from causalstats.core.display_scale import DIFFERENCE
from causalstats.core.estimand import Estimand
from causalstats.data import Observations
from causalstats.diagrams.identification.identification import identify
from causalstats.models.causal_diagram import notation
from causalstats.models.causal_diagram.assumptions import assumption_names
from causalstats.models.causal_diagram.checks.mediator_variation import (
    refuse_constant_mediators,
)
from causalstats.models.causal_diagram.checks.positivity import query_checks
from causalstats.models.causal_diagram.levels import Levels, level_indices, shown_states
from causalstats.models.causal_diagram.query_arguments import (
    variables_with_several_values,
    worlds_of,
)
from causalstats.models.causal_diagram.validation import refuse_unidentified

if TYPE_CHECKING:
    from causalstats.models.causal_diagram.routes.base import Query
    from causalstats.models.causal_diagram.routes.tables import TableRoute

World = Mapping[str, Any]
Indices = Mapping[str, int]


def interventional_query(
    route: TableRoute,
    outcome: str,
    do: Mapping[str, Any],
    given: Mapping[str, Any],
    data: Observations,
) -> Query:
    """Return the notation and the estimand of P(outcome | do, given).

    Parameters
    ----------
    route : TableRoute
    outcome : str
    do : mapping of variable to a level, or to a list of several
        The difference of two is asked for, or each of more.
    given : mapping of variable to level
    data : Observations

    Raises
    ------
    ModelError
        Where the answer is not identified, a value is no level, or a mediator does not vary.
    """
    model = route.model
    levels = model.levels(data)
    identification = identify(model.graph, outcome, tuple(do), tuple(given))
    refuse_unidentified(identification)
    for cause in do:
        refuse_constant_mediators(model.graph, cause, outcome, levels, data)
    worlds = worlds_of(do)
    indices = [level_indices({**world, **given}, levels) for world in worlds]
    compute = partial(_answer, route, outcome, tuple(do), tuple(given), indices)
    description = "As observed, without any intervention."
    if do:
        query = identification.query
        formula = identification.expression
        description = f"By the formula {query} = {formula}."
    pair = len(worlds) == 2
    several = ", ".join(variables_with_several_values(do))
    contrast = f"the first value of {several} against the second" if pair else "none"
    return _written(outcome, do, given, levels), Estimand(
        compute=compute,
        description=description,
        unit=DIFFERENCE if pair else "probability",
        contrast=contrast,
        kind="causal" if do else "associational",
        assumptions=assumption_names(model),
        checks=query_checks(route, outcome, tuple(do), tuple(given), indices, compute),
    )


def _written(
    outcome: str,
    do: Mapping[str, Any],
    given: Mapping[str, Any],
    levels: Levels,
) -> str:
    event = notation.event(outcome, levels)
    worlds = worlds_of(do)
    if len(worlds) <= 2:
        return " - ".join(
            notation.interventional("P", event, world, given) for world in worlds
        )
    seen = f", {notation.conditions(given)}" if given else ""
    return f"P({event} | do({', '.join(do)}){seen})"


def _answer(
    route: TableRoute,
    outcome: str,
    do: Sequence[str],
    given: Sequence[str],
    worlds: Sequence[Indices],
    draws: xr.Dataset,
    data: Observations,
) -> xr.DataArray:
    """Return one probability, the difference of two, or one for each dose."""
    levels = route.model.levels(data)
    table = route.probabilities(draws, data, (outcome,), do, given)
    answers = [table.isel(world, drop=True) for world in worlds]
    if len(answers) > 2:
        labels = [
            notation.conditions({name: levels[name][world[name]] for name in do})
            for world in worlds
        ]
        return _dose_response(answers, labels, outcome, levels[outcome])
    answer = answers[0] - answers[1] if len(answers) == 2 else answers[0]
    return shown_levels(answer, outcome, levels[outcome])


def shown_levels(
    answer: xr.DataArray,
    outcome: str,
    levels: Sequence[Any],
) -> xr.DataArray:
    """Return the last of two levels of the outcome, or all of more along `level`.

    Parameters
    ----------
    answer : DataArray
        With the dim of the outcome.
    outcome : str
    levels : sequence
        The levels of the outcome.
    """
    if len(levels) == 2:
        return answer.isel({outcome: 1}, drop=True)
    labels = [f"{outcome}={level}" for level in levels]
    return answer.rename({outcome: "level"}).assign_coords(level=labels)


def _dose_response(
    answers: Sequence[xr.DataArray],
    doses: Sequence[str],
    outcome: str,
    levels: Sequence[Any],
) -> xr.DataArray:
    """Return an entry for each dose, and for each level of the outcome or the last of two."""
    parts = []
    labels = []
    for answer, dose in zip(answers, doses, strict=True):
        for state in shown_states(levels):
            parts.append(answer.isel({outcome: state}, drop=True))
            labels.append(f"{outcome}={levels[state]} | do({dose})")
    along = xr.DataArray(labels, dims="dose", name="dose")
    return xr.concat(parts, along).transpose("chain", "draw", "dose")
