"""Policies by g-computation: E[y; π] = E over the rows of Σ_x π(x | row) E[y | x, row].

A policy reads columns of the rows: labels or numbers that come before the treatment, and where the
treatment is a number also what it was (a modified treatment policy, such as a shift).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from causalstats.core.check import Check
from causalstats.core.estimand import Estimand
from causalstats.core.policy import Policy
from causalstats.data import Observations
from causalstats.diagrams.identification.identification import identify
from causalstats.errors import ModelError
from causalstats.models.causal_diagram.assumptions import assumption_names
from causalstats.models.causal_diagram.levels import level_index
from causalstats.models.causal_diagram.policy_query import (
    policy_name,
    refuse_what_is_read,
)
from causalstats.models.causal_diagram.query_arguments import worlds_of
from causalstats.models.causal_diagram.regression.event_labels import (
    UNIT,
    labelled_events,
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
)
from causalstats.models.causal_diagram.regression.queries import (
    checks_of_undrawn,
    draw_conditionals,
    undrawn_of_order,
)
from causalstats.models.causal_diagram.validation import refuse_unidentified

if TYPE_CHECKING:
    from causalstats.models.causal_diagram.model import CausalDiagram
    from causalstats.models.causal_diagram.routes.base import Query


def regression_policy(
    model: CausalDiagram, outcome: str, do: Mapping[str, Any], data: Observations
) -> Query:
    """Return the notation and the estimand of an outcome under a policy, or of two compared.

    Parameters
    ----------
    model : CausalDiagram
    outcome : str
    do : mapping of one variable to a Policy, a value, or a list of two
    data : Observations

    Raises
    ------
    ModelError
        Where the answer is no adjustment for what comes before the treatment.
    """
    if len(do) != 1:
        raise ModelError(
            f"With regressions a policy sets one variable, got {list(do)}. Of labels, "
            "route='reduced' takes several."
        )
    (treatment,) = do
    levels = model.levels(data)
    worlds = worlds_of(do)
    if len(worlds) > 2:
        raise ModelError("Expected one policy, or two whose answers are compared.")
    for world in worlds:
        refuse_what_is_read(model.graph, world, itself=treatment not in levels)
    rules = [world[treatment] for world in worlds]
    order = _order(model, outcome, treatment, rules)
    undrawn = undrawn_of_order(model, order, data)
    symbol = "P" if outcome in levels else "E"

    def checks(draws: xr.Dataset, data: Observations) -> tuple[Check, ...]:
        values = [
            float(value)
            for rule in rules
            for value in np.unique(_set_to(rule, treatment, data, model))
        ]
        within = values_within_the_data(treatment, values, {}, data)
        return (*within, *checks_of_undrawn(model, undrawn, data))

    return policy_name(outcome, worlds, levels, symbol), Estimand(
        compute=partial(_answer, model, outcome, treatment, rules, order),
        description="Under a policy, by the g-formula, averaged over the rows.",
        unit=UNIT,
        contrast="the first policy against the second" if len(rules) == 2 else "none",
        kind="causal",
        assumptions=assumption_names(model),
        checks=checks,
    )


def _order(
    model: CausalDiagram, outcome: str, treatment: str, rules: Sequence[Any]
) -> SimulationOrder:
    """Return the order of simulation, in which all that policies read comes from the rows."""
    policies = [rule for rule in rules if isinstance(rule, Policy)]
    reads = dict.fromkeys(name for policy in policies for name in policy.reads)
    others = tuple(name for name in reads if name != treatment)
    if outcome in others:
        raise ModelError(
            f"Expected a policy that does not read the outcome {outcome!r}."
        )
    identification = identify(model.graph, outcome, treatment, others)
    refuse_unidentified(identification)
    order = adjustment_order(identification, others, treatment)
    if treatment in reads:
        (rows,) = order.groups
        rows = (*rows, (treatment, _natural(treatment)))
        order = SimulationOrder((rows,), order.steps)
    return order


def _natural(treatment: str) -> str:
    """Return the name of what the treatment was, beside what it is set to."""
    return f"natural {treatment}"


def _answer(
    model: CausalDiagram,
    outcome: str,
    treatment: str,
    rules: Sequence[Any],
    order: SimulationOrder,
    draws: xr.Dataset,
    data: Observations,
) -> xr.DataArray:
    """Return the mean outcome under a policy, or the difference of two.

    Parameters
    ----------
    model : CausalDiagram
    outcome, treatment : str
    rules : sequence of Policy or value, one or two
    order : SimulationOrder
    draws : Dataset
    data : Observations
    """
    undrawn = undrawn_of_order(model, order, data)
    if undrawn:
        size = (draws.sizes["chain"], draws.sizes["draw"])
        added = draw_conditionals(model, undrawn, data, size)
        draws = draws.merge(added, join="override")
    means = [_mean(model, treatment, rule, order, draws, data) for rule in rules]
    total = means[0] if len(means) == 1 else means[0] - means[1]
    return labelled_events(total, outcome, model.levels(data), "level")


def _mean(
    model: CausalDiagram,
    treatment: str,
    rule: Any,
    order: SimulationOrder,
    draws: xr.Dataset,
    data: Observations,
) -> xr.DataArray:
    """Return the mean outcome under one policy, dims (chain, draw, event).

    Parameters
    ----------
    model : CausalDiagram
    treatment : str
    rule : Policy or value
    order : SimulationOrder
    draws : Dataset
    data : Observations
    """
    levels = model.levels(data)
    if treatment not in levels:
        value = rule
        if isinstance(rule, Policy):
            value = _number_by_row(rule, treatment, model, data)
        arms = [{treatment: value}]
        return mean_outcomes(model, order, draws, data, arms).isel(arm=0)
    if not isinstance(rule, Policy):
        arms = [{treatment: float(level_index(treatment, rule, levels))}]
        return mean_outcomes(model, order, draws, data, arms).isel(arm=0)
    parts = []
    for level in range(len(levels[treatment])):
        share = _share_by_row(rule, treatment, level, model, data)
        arms = [{treatment: float(level)}]
        if callable(share):
            part = mean_outcomes(model, order, draws, data, arms, share=share)
        else:
            part = share * mean_outcomes(model, order, draws, data, arms)
        parts.append(part.isel(arm=0))
    return sum(parts[1:], parts[0])


def _number_by_row(
    rule: Policy, treatment: str, model: CausalDiagram, data: Observations
) -> RowFunction:
    """Return what a number is set to, as a function of the rows."""
    if not callable(rule.choose):
        raise ModelError(
            f"Expected a function as the policy of the number {treatment!r}, such as "
            f"Policy(lambda {treatment}: {treatment} + 1, reads={treatment!r}), got {rule!r}."
        )
    levels = model.levels(data)

    def function(values: Mapping[str, np.ndarray]) -> np.ndarray:
        columns = []
        for name in rule.reads:
            column = values[_natural(name) if name == treatment else name]
            if name in levels:
                column = np.array(levels[name])[column.astype(int)]
            columns.append(column)
        return np.asarray(rule.choose(*columns), float)  # type: ignore[operator]

    return function


def _share_by_row(
    rule: Policy,
    treatment: str,
    level: int,
    model: CausalDiagram,
    data: Observations,
) -> RowFunction | float:
    """Return the probability of a level, as a function of the rows, or the same for all.

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
    if not callable(rule.choose):
        raise ModelError(
            f"Expected a function as a policy that reads numbers, got {rule!r}."
        )

    def by_function(values: Mapping[str, np.ndarray]) -> np.ndarray:
        columns = [
            np.array(levels[name])[values[name].astype(int)]
            if name in levels
            else values[name]
            for name in rule.reads
        ]
        chosen = np.asarray(rule.choose(*columns))  # type: ignore[operator]
        return (chosen == levels[treatment][level]) * 1.0

    return by_function


def _set_to(
    rule: Any, treatment: str, data: Observations, model: CausalDiagram
) -> np.ndarray:
    """Return the values that a number is set to in the rows; those of labels are levels anyway."""
    levels = model.levels(data)
    if treatment in levels:
        return np.empty(0)
    if not isinstance(rule, Policy):
        return np.array([float(rule)])
    values = {_natural(treatment): data.column(treatment)}
    for name in rule.reads:
        values[name] = (
            data.places(name, levels[name]) if name in levels else data.column(name)
        )
    return _number_by_row(rule, treatment, model, data)(values)
