"""Policies of labels: P(y; π) = Σ_{x, z} Π π(x | z) P(y, z | do(x)), what is read being z.

What a policy reads comes before what it sets, and may come after what other policies set: a dynamic
treatment regime. The answer is identified where P(y, z | do(x)) is (Tian 2008).
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
from causalstats.core.policy import Policy
from causalstats.data import Observations
from causalstats.diagrams.identification.identification import Identification, identify
from causalstats.errors import ModelError
from causalstats.models.causal_diagram import notation
from causalstats.models.causal_diagram.assumptions import assumption_names
from causalstats.models.causal_diagram.checks.mediator_variation import (
    refuse_constant_mediators,
)
from causalstats.models.causal_diagram.checks.positivity import positivity
from causalstats.models.causal_diagram.interventional_query import shown_levels
from causalstats.models.causal_diagram.levels import (
    Levels,
    level_index,
    level_indices,
)
from causalstats.models.causal_diagram.query_arguments import worlds_of
from causalstats.models.causal_diagram.validation import refuse_unidentified

if TYPE_CHECKING:
    from causalstats.diagrams.identification.mixed_graph import MixedGraph
    from causalstats.models.causal_diagram.routes.base import Query
    from causalstats.models.causal_diagram.routes.tables import TableRoute

World = Mapping[str, Any]


def has_policy(do: Mapping[str, Any]) -> bool:
    """Return whether some variable is set by a policy."""
    values = [
        each
        for value in do.values()
        for each in (value if isinstance(value, list) else [value])
    ]
    return any(isinstance(value, Policy) for value in values)


def refuse_what_is_read(graph: MixedGraph, do: World, itself: bool = False) -> None:
    """Raise where a policy reads what comes after what it sets.

    Parameters
    ----------
    graph : MixedGraph
    do : mapping of variable to Policy or level
    itself : bool
        Whether a policy may read what it changes.

    Raises
    ------
    ModelError
    """
    for name, policy in do.items():
        if not isinstance(policy, Policy):
            continue
        graph.bit_set(policy.reads)
        after = set(graph.descendants(name)) - ({name} if itself else set())
        late = next((read for read in policy.reads if read in after), None)
        if late == name:
            raise ModelError(
                f"Expected a policy of labels that reads what comes before {name!r}, got one that "
                "reads it itself; with numbers that is a modified treatment policy."
            )
        if late is not None:
            raise ModelError(
                f"Expected a policy that reads what comes before {name!r}; {name} acts on "
                f"{late!r}."
            )


def policy_name(
    outcome: str,
    worlds: Sequence[World],
    levels: Levels,
    symbol: str,
    given: Mapping[str, Any] | None = None,
) -> str:
    """Return the difference, or the one probability, in symbols.

    Parameters
    ----------
    outcome : str
    worlds : sequence of mapping of variable to Policy or level
    levels : mapping of variable to its levels
    symbol : "P" or "E"
    given : mapping of variable to level, optional
    """
    event = notation.event(outcome, levels)
    return " - ".join(
        notation.interventional(symbol, event, world, given or {}) for world in worlds
    )


@dataclass(frozen=True)
class _Question:
    """What is set by level or policy, what policies read, and the formula of both."""

    outcome: str
    treatments: tuple[str, ...]
    reads: tuple[str, ...]
    given: Mapping[str, Any]
    worlds: Sequence[World]
    identification: Identification

    @property
    def others(self) -> tuple[str, ...]:
        """What is read or given, each once."""
        return tuple(dict.fromkeys((*self.reads, *self.given)))


def policy_query(
    route: TableRoute,
    outcome: str,
    do: Mapping[str, Any],
    given: Mapping[str, Any],
    data: Observations,
) -> Query:
    """Return the notation and the estimand of an outcome under a policy, or of two compared.

    Parameters
    ----------
    route : TableRoute
    outcome : str
    do : mapping of variable to a Policy, a level, or a list of two
    given : mapping of variable to level
        What is seen of the people under the policy: P(y | do(policy), w) is P(y, w | do(policy))
        by P(w | do(policy)).
    data : Observations

    Raises
    ------
    ModelError
        Where the answer is not identified, or a policy reads what it sets.
    """
    model = route.model
    levels = model.levels(data)
    worlds = worlds_of(do)
    if len(worlds) > 2:
        raise ModelError("Expected one policy, or two whose answers are compared.")
    for world in worlds:
        refuse_what_is_read(model.graph, world)
    treatments = tuple(do)
    policies = [
        value
        for world in worlds
        for value in world.values()
        if isinstance(value, Policy)
    ]
    read = dict.fromkeys(name for policy in policies for name in policy.reads)
    reads = tuple(name for name in read if name not in (*treatments, outcome))
    if outcome in read:
        raise ModelError(
            f"Expected a policy that does not read the outcome {outcome!r}."
        )
    twice = next((name for name in given if name in (outcome, *treatments)), None)
    if twice is not None:
        raise ModelError(
            f"Expected `given` of what is neither asked about nor set, got {twice!r}."
        )
    events = dict.fromkeys((outcome, *reads, *given))
    identification = identify(model.graph, tuple(events), treatments)
    refuse_unidentified(identification)
    for cause in treatments:
        refuse_constant_mediators(model.graph, cause, outcome, levels, data)
    question = _Question(outcome, treatments, reads, given, worlds, identification)
    level_indices(given, levels)  # refuses unknown levels
    for world in worlds:
        _shares(world, levels)  # refuses levels that are missing
    compute = partial(_answer, route, question)

    def checks(draws: xr.Dataset, data: Observations) -> tuple[Check, ...]:
        support = _support(route, question, data)
        return (support, *route.prior_checks(compute, draws, data, treatments))

    pair = len(worlds) == 2
    name = policy_name(outcome, worlds, levels, "P", given)
    read_text = f" What is read: {', '.join(reads)}." if reads else ""
    return name, Estimand(
        compute=compute,
        description=f"Under a policy, by the formula {identification.query} = "
        f"{identification.expression}, averaged over what the policy sets.{read_text}",
        unit=DIFFERENCE if pair else "probability",
        contrast="the first policy against the second" if pair else "none",
        kind="causal",
        assumptions=assumption_names(model),
        checks=checks,
    )


def _shares(world: World, levels: Levels) -> list[xr.DataArray]:
    """Return the probabilities with which each variable is set, by what is read."""
    arrays = []
    for name, value in world.items():
        if isinstance(value, Policy):
            dims = (*value.reads, name)
            arrays.append(xr.DataArray(value.shares(name, levels), dims=dims))
            continue
        one = np.zeros(len(levels[name]))
        one[level_index(name, value, levels)] = 1.0
        arrays.append(xr.DataArray(one, dims=(name,)))
    return arrays


def policy_weights(world: World, levels: Levels) -> xr.DataArray:
    """Return the probability of all that is set, by what is read.

    Parameters
    ----------
    world : mapping of variable to Policy or level
    levels : mapping of variable to its levels
    """
    weights = xr.DataArray(1.0)
    for array in _shares(world, levels):
        weights = weights * array
    return weights


def _answer(
    route: TableRoute,
    question: _Question,
    draws: xr.Dataset,
    data: Observations,
) -> xr.DataArray:
    """Return the outcome under a policy, or the difference of two.

    Parameters
    ----------
    route : TableRoute
    question : _Question
    draws : Dataset
    data : Observations
    """
    levels = route.model.levels(data)
    outcome = question.outcome
    events = (outcome, *question.others)
    table = route.probabilities(draws, data, events, question.treatments)
    at = level_indices(question.given, levels)
    reads = [name for name in question.reads if name not in at]
    answers = []
    for world in question.worlds:
        joint = (table * policy_weights(world, levels)).isel(at)
        joint = joint.sum((*question.treatments, *reads))
        if at:
            joint = joint / joint.sum(outcome)
        answers.append(joint.transpose("chain", "draw", outcome))
    answer = answers[0] - answers[1] if len(answers) == 2 else answers[0]
    return shown_levels(answer, outcome, levels[outcome])


def _support(route: TableRoute, question: _Question, data: Observations) -> Check:
    """Return whether the formula is defined on the counts wherever a policy sets something."""
    levels = route.model.levels(data)
    names = (*question.treatments, *question.others)
    at = level_indices(question.given, levels)
    cells: dict[tuple[int, ...], None] = {}
    ones = [
        xr.DataArray(
            np.arange(len(levels[name])) == at[name]
            if name in at
            else np.ones(len(levels[name])),
            dims=(name,),
        )
        for name in names
    ]
    for world in question.worlds:
        weights = policy_weights(world, levels)
        for one in ones:
            weights = weights * one
        chosen = np.argwhere(weights.transpose(*names).to_numpy() > 0)
        cells |= dict.fromkeys(map(tuple, chosen.tolist()))
    worlds = [dict(zip(names, cell, strict=True)) for cell in cells]
    identification = question.identification
    assert identification.expression is not None
    return positivity(
        route.model,
        identification.expression,
        data,
        (question.outcome, *names),
        worlds,
        identification.irrelevant,
    )
