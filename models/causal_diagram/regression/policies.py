"""Policies by g-computation: E[y; π] = E over the rows of Σ_x π(x | row) E[y | x, row].

A policy reads columns of the rows: labels or numbers that come before the treatment, and where the
treatment is a number also what it was (a modified treatment policy, such as a shift). One that
reads what other policies act on, a dynamic treatment regime, reads it in simulated people. Of a
group the answer is the mean over its rows; of those who really had a level of the treatment, x, it
is so where they are comparable to others after the adjustment, y(x') ⊥ x | row.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from functools import partial
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from causalstats.core.check import Check
from causalstats.core.estimand import Estimand
from causalstats.core.policy import Policy
from causalstats.data import Observations
from causalstats.diagrams.identification.identification import identify
from causalstats.errors import ModelError
from causalstats.models.causal_diagram import notation
from causalstats.models.causal_diagram.assumptions import assumption_names
from causalstats.models.causal_diagram.checks.mediator_variation import (
    refuse_constant_mediators,
)
from causalstats.models.causal_diagram.levels import Levels, level_index
from causalstats.models.causal_diagram.policy_query import (
    policy_name,
    refuse_what_is_read,
)
from causalstats.models.causal_diagram.query_arguments import worlds_of
from causalstats.models.causal_diagram.regression.event_labels import (
    labelled_events,
    unit_of,
)
from causalstats.models.causal_diagram.regression.extrapolation import (
    values_within_the_data,
)
from causalstats.models.causal_diagram.regression.g_computation import (
    RowFunction,
    mean_outcomes,
)
from causalstats.models.causal_diagram.regression.g_formula import (
    SimulationOrder,
    adjustment_order,
    no_order,
    order_of_formula,
)
from causalstats.models.causal_diagram.regression.interventions import refuse_groups
from causalstats.models.causal_diagram.regression.queries import (
    checks_of_undrawn,
    divided_by,
    indices_of_group,
    is_exchangeable,
    overlap_of_group,
    rows_of_group,
    treated_as_all,
    undrawn_of_tables,
    with_undrawn,
)
from causalstats.models.causal_diagram.regression.row_groups import rows_together
from causalstats.models.causal_diagram.regression.terms import values_of
from causalstats.models.causal_diagram.validation import refuse_unidentified

if TYPE_CHECKING:
    from causalstats.models.causal_diagram.model import CausalDiagram
    from causalstats.models.causal_diagram.routes.base import Query


def regression_policy(
    model: CausalDiagram,
    outcome: str,
    do: Mapping[str, Any],
    given: Mapping[str, Any],
    factual: Mapping[str, Any],
    data: Observations,
) -> Query:
    """Return the notation and the estimand of an outcome under policies, or of two compared.

    Parameters
    ----------
    model : CausalDiagram
    outcome : str
    do : mapping of variable to a Policy, a value, or a list of two
        A number that a policy changes, reading it, is set alone.
    given : mapping of label to level, or of number to its range (lowest, highest)
        The group that the answer is about, on which what is set does not act.
    factual : mapping of label to level
        The level that what is set really had, and such groups.
    data : Observations

    Raises
    ------
    ModelError
        Where the answer is not identified, or cannot be simulated step by step.
    """
    levels = model.levels(data)
    worlds = worlds_of(do)
    if len(worlds) > 2:
        raise ModelError("Expected one policy, or two whose answers are compared.")
    changes = len(do) == 1 and next(iter(do)) not in levels
    group = {**given, **factual}
    refuse_groups(given, factual, data)
    for world in worlds:
        refuse_what_is_read(model.graph, world, itself=changes)
        _refuse_rules(model, world, data)
    for cause in do:
        refuse_constant_mediators(model.graph, cause, outcome, levels, data)
    order = (
        _order_within(model, outcome, worlds, given, factual)
        if group
        else _order(model, outcome, worlds)
    )
    treated = set(factual).intersection(do)
    order = divided_by(model, order, (*_read(worlds), *group, *do), data, treated)
    undrawn = undrawn_of_tables(model, order.tables)
    symbol = "P" if outcome in levels else "E"
    indices = indices_of_group(group, levels)

    def checks(draws: xr.Dataset, data: Observations) -> tuple[Check, ...]:
        others = {name: at for name, at in indices.items() if name not in do}
        asked = rows_of_group(others, data, levels)
        within = [
            check
            for name in do
            for values, rows in _set_to(name, worlds, asked, data, model)
            for check in values_within_the_data(name, values, rows, data, levels)
        ]
        return (
            *within,
            *overlap_of_group(model, tuple(do), order, indices, data),
            *treated_as_all(model, order, treated, data),
            *checks_of_undrawn(model, undrawn, data),
        )

    contrast = "the first policy against the second" if len(worlds) == 2 else "none"
    name = policy_name(outcome, worlds, levels, symbol, given)
    if factual:
        event = notation.event(outcome, levels)
        name = " - ".join(
            notation.counterfactual(symbol, event, world, factual) for world in worlds
        )
    rows = f"rows of those with {notation.conditions(group)}" if group else "rows"
    return name, Estimand(
        compute=partial(_answer, model, outcome, worlds, order, indices),
        description=f"Under a policy, by the g-formula, averaged over the {rows}.",
        unit=unit_of(outcome, levels, contrast),
        contrast=contrast,
        kind="causal",
        assumptions=assumption_names(model),
        checks=checks,
    )


def _refuse_rules(
    model: CausalDiagram, world: Mapping[str, Any], data: Observations
) -> None:
    """Raise where a number is set by chance, or a label that reads numbers by no function."""
    levels = model.levels(data)
    for name, rule in world.items():
        if not isinstance(rule, Policy):
            if name in levels:
                level_index(name, rule, levels)
            continue
        if name not in levels and not callable(rule.choose):
            raise ModelError(
                f"Expected a function as the policy of the number {name!r}, such as "
                f"Policy(lambda {name}: {name} + 1, reads={name!r}), got {rule!r}."
            )
        if name in levels and all(read in levels for read in rule.reads):
            rule.shares(name, levels)  # refuses levels that are missing
        elif name in levels and not callable(rule.choose):
            raise ModelError(
                f"Expected a function as a policy that reads numbers, got {rule!r}."
            )


def _read(worlds: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """Return what the policies read."""
    rules = [rule for world in worlds for rule in world.values()]
    policies = [rule for rule in rules if isinstance(rule, Policy)]
    return tuple(dict.fromkeys(name for policy in policies for name in policy.reads))


def _order(
    model: CausalDiagram, outcome: str, worlds: Sequence[Mapping[str, Any]]
) -> SimulationOrder:
    """Return the order of simulation, in which all that policies read is known before they act.

    An adjustment for what is read and what comes before needs one regression. Where there is none,
    P(outcome, what is read | do) is simulated from causes to effects.
    """
    treatments = tuple(worlds[0])
    reads = _read(worlds)
    others = tuple(name for name in reads if name not in treatments)
    if outcome in others:
        raise ModelError(
            f"Expected a policy that does not read the outcome {outcome!r}."
        )
    if set(model.graph.descendants(*treatments)) & set(others):
        return _from_causes_to_effects(model, outcome, worlds, others)
    identification = identify(model.graph, outcome, treatments, others)
    try:
        refuse_unidentified(identification)
        order = adjustment_order(identification, others, treatments)
    except ModelError as error:
        if identification.identified and set(treatments) & set(reads):
            raise _no_change(treatments[0]) from error
        try:
            return _from_causes_to_effects(model, outcome, worlds, others)
        except ModelError:
            raise error from None
    if len(treatments) == 1 and treatments[0] in reads:
        acts = treatments[0] in order.steps[-1].given
        if acts and not is_exchangeable(model.graph, outcome, treatments, order):
            raise _no_change(treatments[0])
        (rows,) = order.groups
        rows = (*rows, (treatments[0], _natural(treatments[0])))
        order = SimulationOrder((rows,), order.steps)
    return order


def _order_within(
    model: CausalDiagram,
    outcome: str,
    worlds: Sequence[Mapping[str, Any]],
    given: Mapping[str, Any],
    factual: Mapping[str, Any],
) -> SimulationOrder:
    """Return the adjustment for what policies read, for the group, and for what else confounds.

    Parameters
    ----------
    model : CausalDiagram
    outcome : str
    worlds : sequence of mapping of variable to Policy or value
    given, factual : mapping of variable to value
        The group; with what is set in `factual`, what it really was.

    Raises
    ------
    ModelError
        Where there is no such adjustment, or the group is not comparable to others after it.
    """
    if given and factual:
        raise ModelError(
            "Expected `given` or `factual`, got both: say in `factual` what else they have."
        )
    treatments = tuple(worlds[0])
    if factual and not set(treatments) <= set(factual):
        raise ModelError(
            f"Expected in `factual` the level that {treatments[0]!r} had, got "
            f"{dict(factual)}. Groups without it are `given`."
        )
    if outcome in (*given, *factual) or set(given) & set(treatments):
        raise ModelError(
            "Expected `given` of what is neither asked about nor set, got "
            f"{', '.join((*given, *factual))}."
        )
    reads = _read(worlds)
    named = dict.fromkeys((*reads, *given, *factual))
    others = tuple(name for name in named if name not in treatments)
    if outcome in others:
        raise ModelError(
            f"Expected a policy that does not read the outcome {outcome!r}."
        )
    after = set(model.graph.descendants(*treatments)).difference(treatments)
    late = [name for name in others if name in after]
    if late:
        raise ModelError(
            f"Expected a policy, and a group, of what comes before {', '.join(treatments)}, which "
            f"acts on {late[0]!r}: with regressions a dynamic regime is answered of everybody. Cut "
            "numbers into levels, and ask tables with `given`."
        )
    identification = identify(model.graph, outcome, treatments, others)
    refuse_unidentified(identification)
    order = adjustment_order(identification, others, treatments)
    shifted = set(treatments) & set(reads)
    alike = is_exchangeable(model.graph, outcome, treatments, order)
    if (factual or shifted) and not alike:
        raise ModelError(
            f"Those with {notation.conditions(factual or given)} are not comparable to others "
            "after the adjustment."
        )
    if shifted:
        (rows,) = order.groups
        rows = (*rows, (treatments[0], _natural(treatments[0])))
        order = SimulationOrder((rows,), order.steps)
    return order


def _no_change(treatment: str) -> ModelError:
    return ModelError(
        f"A policy that changes {treatment} by what it would have been is answered by an "
        "adjustment for confounders, and there is none here. Set it to values, or let the policy "
        "read what comes before it."
    )


def _from_causes_to_effects(
    model: CausalDiagram,
    outcome: str,
    worlds: Sequence[Mapping[str, Any]],
    others: tuple[str, ...],
) -> SimulationOrder:
    """Return the order of P(outcome, what is read | do).

    Parameters
    ----------
    model : CausalDiagram
    outcome : str
    worlds : sequence of mapping of variable to Policy or value
    others : tuple of str
        What is read, besides what is set.
    """
    treatments = tuple(worlds[0])
    identification = identify(model.graph, (outcome, *others), treatments)
    refuse_unidentified(identification)
    expression = identification.expression
    assert expression is not None
    needs = {
        name: tuple(
            read
            for world in worlds
            if isinstance(world[name], Policy)
            for read in world[name].reads
        )
        for name in treatments
    }
    order = order_of_formula(
        expression,
        identification.query,
        outcome,
        treatments,
        identification.order,
        needs=needs,
    )
    if identification.irrelevant or order.seen:
        raise no_order(identification.query, expression)
    return rows_together(order, model.graph)


def _natural(treatment: str) -> str:
    """Return the name of what the treatment was, beside what it is set to."""
    return f"natural {treatment}"


def _answer(
    model: CausalDiagram,
    outcome: str,
    worlds: Sequence[Mapping[str, Any]],
    order: SimulationOrder,
    indices: Mapping[str, Any],
    draws: xr.Dataset,
    data: Observations,
) -> xr.DataArray:
    """Return the mean outcome under policies, or the difference of two.

    Parameters
    ----------
    model : CausalDiagram
    outcome : str
    worlds : sequence of mapping of variable to Policy or value, one or two
    order : SimulationOrder
    indices : mapping of label to the position of its level, of number to its range
        The group; everybody where it is empty.
    draws : Dataset
    data : Observations
    """
    draws = with_undrawn(model, order.tables, draws, data)
    levels = model.levels(data)
    inside = rows_of_group(indices, data, levels) if indices else None
    means = [_mean(model, world, order, inside, draws, data) for world in worlds]
    total = means[0] if len(means) == 1 else means[0] - means[1]
    return labelled_events(total, outcome, levels, "level")


def _mean(
    model: CausalDiagram,
    world: Mapping[str, Any],
    order: SimulationOrder,
    inside: np.ndarray | None,
    draws: xr.Dataset,
    data: Observations,
) -> xr.DataArray:
    """Return the mean outcome where variables are set, dims (chain, draw, event).

    It is the sum over the levels that policies choose among: of people whose labels are set to
    these, each counts with the probability that all policies choose them.

    Parameters
    ----------
    model : CausalDiagram
    world : mapping of variable to Policy or value
    order : SimulationOrder
    inside : Boolean array (rows,), or None
        The rows of the group; None of everybody.
    draws : Dataset
    data : Observations
    """
    levels = model.levels(data)
    fixed: dict[str, Any] = {}
    chosen: list[str] = []
    for name, rule in world.items():
        if not isinstance(rule, Policy):
            fixed[name] = (
                float(level_index(name, rule, levels))
                if name in levels
                else float(rule)
            )
        elif name in levels:
            chosen.append(name)
        else:
            fixed[name] = _number_by_row(rule, name, tuple(world), model, data)
    parts = []
    for cell in itertools.product(*(range(len(levels[name])) for name in chosen)):
        setting = dict(zip(chosen, cell, strict=True))
        arms = [fixed | {name: float(level) for name, level in setting.items()}]
        rules = [
            _share_by_row(world[name], name, level, model, data)
            for name, level in setting.items()
        ]
        functions = [rule for rule in rules if callable(rule)]
        constant = prod(rule for rule in rules if not callable(rule))
        if constant == 0:
            continue
        share = partial(_product, functions) if functions else None
        part = mean_outcomes(model, order, draws, data, arms, inside, share)
        parts.append(constant * part.isel(arm=0))
    return sum(parts[1:], parts[0])


def _product(
    functions: Sequence[RowFunction], values: Mapping[str, np.ndarray]
) -> np.ndarray:
    """Return the probability that all policies choose what people are set to."""
    product = functions[0](values)
    for function in functions[1:]:
        product = product * function(values)
    return product


def _number_by_row(
    rule: Policy,
    treatment: str,
    treatments: Sequence[str],
    model: CausalDiagram,
    data: Observations,
) -> RowFunction:
    """Return what a number is set to, as a function of the people.

    Parameters
    ----------
    rule : Policy
    treatment : str
    treatments : sequence of str
        All that is set; a policy of one alone may read what it was.
    model : CausalDiagram
    data : Observations
    """
    levels = model.levels(data)

    def function(values: Mapping[str, np.ndarray]) -> np.ndarray:
        columns = [
            _as_seen(
                name, values[_natural(name) if name == treatment else name], levels
            )
            for name in rule.reads
        ]
        assert callable(rule.choose)
        numbers: np.ndarray = np.asarray(rule.choose(*columns), float)
        people = np.broadcast_shapes(*(column.shape for column in columns))
        if numbers.shape not in ((), people) or not np.isfinite(numbers).all():
            raise ModelError(
                f"Expected a policy that sets {treatment!r} to one number for each person, got "
                f"{_in_short(numbers, people)}."
            )
        return np.broadcast_to(numbers, people)

    return function


def _in_short(numbers: np.ndarray, people: tuple[int, ...]) -> str:
    """Return what a policy sets in place of numbers of people."""
    if numbers.shape in ((), people):
        return "some that are missing or not finite"
    return f"an array of shape {numbers.shape} for people of shape {people}"


def _as_seen(name: str, column: np.ndarray, levels: Levels) -> np.ndarray:
    """Return the levels of a label in place of their positions; a number as it is."""
    return np.array(levels[name])[column.astype(int)] if name in levels else column


def _share_by_row(
    rule: Policy,
    treatment: str,
    level: int,
    model: CausalDiagram,
    data: Observations,
) -> RowFunction | float:
    """Return the probability of a level, as a function of the people, or the same for all.

    Parameters
    ----------
    rule : Policy
    treatment : str
    level : int
        Its position.
    model : CausalDiagram
    data : Observations
    """
    levels = model.levels(data)
    if not rule.reads:
        return float(rule.shares(treatment, levels)[level])
    if all(name in levels for name in rule.reads):
        shares = rule.shares(treatment, levels)[..., level]

        def by_level(values: Mapping[str, np.ndarray]) -> np.ndarray:
            return shares[tuple(values[name].astype(int) for name in rule.reads)]

        return by_level

    def by_function(values: Mapping[str, np.ndarray]) -> np.ndarray:
        columns = [_as_seen(name, values[name], levels) for name in rule.reads]
        return (rule.positions(treatment, levels[treatment], *columns) == level) * 1.0

    return by_function


def _set_to(
    treatment: str,
    worlds: Sequence[Mapping[str, Any]],
    asked: np.ndarray,
    data: Observations,
    model: CausalDiagram,
) -> list[tuple[list[float], np.ndarray]]:
    """Return what a variable is set to, and in which rows: of a label each level by itself.

    Where a policy reads what others act on, the rows are those seen.

    Parameters
    ----------
    treatment : str
    worlds : sequence of mapping of variable to Policy or value
    asked : bool array, shape (rows,)
        The rows of the group.
    data : Observations
    model : CausalDiagram
    """
    levels = model.levels(data)
    values = {name: values_of(name, data, levels) for name in _read(worlds)}
    values[_natural(treatment)] = values_of(treatment, data, levels)
    found: list[tuple[list[float], np.ndarray]] = []
    for world in worlds:
        rule = world[treatment]
        if not isinstance(rule, Policy):
            value = (
                level_index(treatment, rule, levels) if treatment in levels else rule
            )
            found.append(([float(value)], asked))
        elif treatment in levels:
            for level in range(len(levels[treatment])):
                share = _share_by_row(rule, treatment, level, model, data)
                chosen = np.broadcast_to(
                    share(values) if callable(share) else share, asked.shape
                )
                found.append(([float(level)], asked & (chosen > 0)))
        else:
            function = _number_by_row(rule, treatment, tuple(world), model, data)
            found.append(([float(each) for each in np.unique(function(values))], asked))
    return found
