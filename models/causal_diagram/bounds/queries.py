"""Bounds of P(outcome | do, given), of differences, and of the effect on the treated.

Balke & Pearl (1997) bound effects by linear programs over response types; without an instrument
the bounds are those of Manski (1990).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import xarray as xr

from causalstats.core.estimand import Estimand
from causalstats.data import Observations
from causalstats.diagrams import EffectBounds, treated_bounds
from causalstats.diagrams.identification.evaluation import JointTable
from causalstats.diagrams.identification.identification import identify
from causalstats.errors import ModelError
from causalstats.models.causal_diagram import notation
from causalstats.models.causal_diagram.assumptions import assumption_names
from causalstats.models.causal_diagram.bounds.partial_identification import (
    Question,
    bounds_checks,
    bounds_of,
    joint_draws,
    labelled_sides,
    monotone_among,
    outward_sides,
    state_labels,
)
from causalstats.models.causal_diagram.levels import (
    Levels,
    level_index,
    level_indices,
    shown_states,
)
from causalstats.models.causal_diagram.query_arguments import worlds_of

if TYPE_CHECKING:
    from causalstats.core.check import Check
    from causalstats.models.causal_diagram.model import CausalDiagram
    from causalstats.models.causal_diagram.routes.base import Query
    from causalstats.models.causal_diagram.routes.tables import TableRoute

Indices = Mapping[str, int]
_DESCRIPTION = (
    "The smallest and the largest value that a model of the diagram gives to the observed "
    "distribution."
)


def effect_bounds(route: TableRoute) -> Estimand:
    """Return the bounds of the effect: each level of the treatment against the first."""
    x = route.model.treatment
    y = route.model.outcome
    words = (
        "The smallest and the largest effect of {x} on {y} that a model of the diagram gives to "
        "the observed distribution"
    )
    unknown = "where between them it is, no data of these variables tell"
    return Estimand(
        compute=partial(_effect_bounds, route),
        description=f"{words.format(x=x, y=y)}; {unknown}.",
        unit="difference of probabilities",
        contrast=f"each level of {x} against the first",
        kind="causal",
        assumptions=assumption_names(route.model),
        sentence=partial(notation.bounds_in_a_sentence, route.model),
        in_words=partial(
            notation.words_with_levels, route.model, f"{words} ({unknown})", True
        ),
        checks=partial(_effect_checks, route),
        own_posterior=True,  # draws that the diagram allows, moved by what all of them say
    )


def _effect_bounds(
    route: TableRoute,
    draws: xr.Dataset,
    data: Observations,
) -> xr.DataArray:
    model = route.model
    levels = model.levels(data)
    ask = _contrasts(model, levels)
    joint = joint_draws(route, draws, data, lambda joint: ask(joint)[0])
    labels = notation.contrast_labels(model.treatment, model.outcome, levels)
    return labelled_sides(outward_sides(model, ask, joint, -1.0), labels)


def _effect_checks(
    route: TableRoute, draws: xr.Dataset, data: Observations
) -> tuple[Check, ...]:
    model = route.model
    ask = _contrasts(model, model.levels(data))
    asked = (model.outcome, model.treatment)
    return bounds_checks(route, ask, asked, draws, data)


def _contrasts(model: CausalDiagram, levels: Levels) -> Question:
    """Return the function that bounds each level of the treatment against the first."""
    x, y = model.treatment, model.outcome
    answers = []
    for arm in range(1, len(levels[x])):
        for state in shown_states(levels[y]):
            weights = np.zeros((len(levels[y]), len(levels[x])))
            weights[state, arm] = 1.0
            weights[state, 0] = -1.0
            answers.append(bounds_of(model, outcome=y, do=x, weights=weights))
    return lambda joint: [answer(joint) for answer in answers]


def bounds_query(
    route: TableRoute,
    outcome: str,
    do: Mapping[str, Any],
    given: Mapping[str, Any],
    factual: Mapping[str, Any],
    data: Observations,
) -> Query:
    """Return the notation and the estimand of the bounds of a query.

    Parameters
    ----------
    route : TableRoute
    outcome : str
    do : mapping of variable to a level, or to two whose difference is asked for
    given : mapping of variable to level
        Seen among those for whom `do` was done.
    factual : mapping of variable to level
        The level that the variable in `do` really had: of the treated alone.
    data : Observations

    Raises
    ------
    ModelError
        Where the question is none of this kind.
    """
    _refuse_question(do, factual)
    model = route.model
    # Refuses variables that are unknown, hidden or named twice.
    identified = identify(model.graph, outcome, tuple(do), tuple(given)).identified
    if given and factual:
        raise ModelError("Expected `given` or `factual`, got both.")
    if factual:
        return _treated_query(route, outcome, do, factual, data)
    levels = model.levels(data)
    worlds = worlds_of(do)
    event = notation.event(outcome, levels)
    name = " - ".join(
        notation.interventional("P", event, world, given) for world in worlds
    )
    indices = [level_indices(world, levels) for world in worlds]
    seen = level_indices(given, levels)
    moved = any(name in model.graph.descendants(*do) for name in given)
    bounded = _bounds_by_world if moved or identified else _bounds_of_sum
    description = _DESCRIPTION
    if moved and len(worlds) == 2 and not identified:
        description = (
            "No less than the first and no more than the second; the two worlds, in which "
            f"{' and '.join(given)} may differ, are bounded one by one."
        )
    ask = bounded(model, outcome, indices, seen, levels)
    asked = (outcome, *do, *given)
    labels = state_labels(outcome, levels[outcome])
    return f"bounds of {name}", Estimand(
        compute=partial(_answer, route, ask, labels, 1.0 - len(worlds)),
        description=description,
        unit="difference of probabilities" if len(worlds) == 2 else "probability",
        kind="causal",
        assumptions=assumption_names(route.model),
        checks=partial(bounds_checks, route, ask, asked),
    )


def _answer(
    route: TableRoute,
    ask: Question,
    labels: Sequence[str],
    smallest: float,
    draws: xr.Dataset,
    data: Observations,
) -> xr.DataArray:
    """Return the bounds of each entry of an answer.

    Parameters
    ----------
    route : TableRoute
    ask : function of draws of the observed distribution
    labels : sequence of str
        Of the entries, where they are several.
    smallest : float
        The least value that an entry can have.
    draws : Dataset
    data : Observations
    """
    joint = joint_draws(route, draws, data, lambda joint: ask(joint)[0])
    return labelled_sides(outward_sides(route.model, ask, joint, smallest), labels)


def _refuse_question(do: Mapping[str, Any], factual: Mapping[str, Any]) -> None:
    pairs = [value for value in do.values() if isinstance(value, list | tuple)]
    no_pair = any(len(pair) != 2 for pair in pairs)
    not_treated = factual and (pairs or list(factual) != list(do) or len(do) > 1)
    if not do or no_pair or not_treated:
        raise ModelError(
            "Expected variables with a value to set them to, or two that are compared, and as "
            f"`factual` the value that one variable had; got do={dict(do)}, "
            f"factual={dict(factual)}."
        )


def _bounds_of_sum(
    model: CausalDiagram,
    outcome: str,
    worlds: Sequence[Indices],
    seen: Indices,
    levels: Levels,
) -> Question:
    """Return the bounds of P(outcome, seen | do) / P(seen), where `seen` is no effect of `do`.

    Parameters
    ----------
    model : CausalDiagram
    outcome : str
    worlds : sequence of mapping of variable to the position of its level
        One intervention, or two whose difference is bounded.
    seen : mapping of variable to the position of its level
    levels : mapping of variable to its levels
    """
    joint_outcome = (outcome, *seen)
    do = tuple(worlds[0])
    answers = []
    for state in shown_states(levels[outcome]):
        weights = np.zeros([len(levels[name]) for name in joint_outcome + do])
        for sign, world in zip((1.0, -1.0), worlds, strict=False):
            cell = {outcome: state, **seen, **world}
            weights[tuple(cell[name] for name in joint_outcome + do)] += sign
        answers.append(bounds_of(model, outcome=joint_outcome, do=do, weights=weights))

    def ask(joint: np.ndarray) -> list[EffectBounds]:
        share = _share_of_seen(joint, model.graph.nodes, seen)
        parts = []
        for answer in answers:
            bounded = answer(joint)
            lower = bounded.lower / share
            upper = bounded.upper / share
            parts.append(replace(bounded, lower=lower, upper=upper))
        return parts

    return ask


def _share_of_seen(
    joint: np.ndarray,
    variables: tuple[str, ...],
    seen: Indices,
) -> np.ndarray:
    """Return P(seen) of each draw, shape (chain, draw)."""
    if not seen:
        return np.ones(joint.shape[:2])
    cell = cast(Any, (..., *seen.values()))
    return JointTable(variables, joint).probability(tuple(seen), ())[cell]


def _bounds_by_world(
    model: CausalDiagram,
    outcome: str,
    worlds: Sequence[Indices],
    seen: Indices,
    levels: Levels,
) -> Question:
    """Return the bounds of P(outcome, seen | do) / P(seen | do), where `do` moves both.

    Two worlds are bounded one by one, and their difference is the widest, since a difference of
    ratios is no ratio. The parameters are those of `_bounds_of_sum`.
    """

    def answer(state: int, world: Indices) -> Any:
        options = {"outcome": outcome, "do": tuple(world), "given": tuple(seen)}
        cell = {outcome: state, **seen, **world}
        return bounds_of(model, **options, at=cell)

    states = shown_states(levels[outcome])
    answers = [[answer(state, world) for world in worlds] for state in states]

    def ask(joint: np.ndarray) -> list[EffectBounds]:
        parts = []
        for by_world in answers:
            first, *others = (each(joint) for each in by_world)
            for other in others:
                lower = first.lower - other.upper
                upper = first.upper - other.lower
                first = replace(first, lower=lower, upper=upper)
            parts.append(first)
        return parts

    return ask


def _treated_query(
    route: TableRoute,
    outcome: str,
    do: Mapping[str, Any],
    factual: Mapping[str, Any],
    data: Observations,
) -> Query:
    """Return bounds of the outcome that those would have had who had another value."""
    levels = route.model.levels(data)
    ((treatment, value),) = do.items()
    event = notation.event(outcome, levels)
    set_to = level_index(treatment, value, levels)
    had = level_index(treatment, factual[treatment], levels)
    states = shown_states(levels[outcome])

    def ask(joint: np.ndarray) -> list[EffectBounds]:
        bounded = _treated_bounds(route.model, outcome, treatment, joint)
        cells = [cast(Any, (..., state, set_to, had)) for state in states]
        return [
            replace(
                bounded, lower=bounded.lower[cell], upper=bounded.upper[cell], axes=()
            )
            for cell in cells
        ]

    name = notation.counterfactual("P", event, do, factual)
    labels = state_labels(outcome, levels[outcome])
    return f"bounds of {name}", Estimand(
        compute=partial(_answer, route, ask, labels, 0.0),
        description=_DESCRIPTION,
        unit="probability",
        kind="causal",
        assumptions=assumption_names(route.model),
        checks=partial(bounds_checks, route, ask, (outcome, treatment)),
    )


def _treated_bounds(
    model: CausalDiagram,
    outcome: str,
    treatment: str,
    joint: np.ndarray,
) -> EffectBounds:
    nodes = model.graph.nodes
    assumptions = monotone_among(model, (outcome,))
    return treated_bounds(
        model.diagram, outcome, treatment, joint, nodes, assumptions=assumptions
    )
