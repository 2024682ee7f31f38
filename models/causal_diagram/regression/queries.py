"""Queries of regressions: several doses, groups, the treated (ATT), and other outcomes.

E[y | do(x), w]           = Σ_z P(z | w) E[y | x, z, w]
E[y had x been x' | x, w] = Σ_z P(z | x, w) E[y | x', z, w]     z and w meet the back-door criterion

The second is the effect of treatment on the treated. The first factor is that of the rows in the
group, weighted by a draw of the Bayesian bootstrap; the second a regression, drawn when the
headline has not drawn it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from causalstats.core.check import Check
from causalstats.core.estimand import Estimand
from causalstats.data import Observations
from causalstats.diagrams.identification.identification import identify
from causalstats.errors import ModelError
from causalstats.models.causal_diagram import notation
from causalstats.models.causal_diagram.assumptions import assumption_names
from causalstats.models.causal_diagram.checks.mediator_variation import (
    refuse_constant_mediators,
)
from causalstats.models.causal_diagram.levels import Levels, level_index, level_indices
from causalstats.models.causal_diagram.regression.conditionals import (
    HierarchicalLogistic,
    conditionals_of,
)
from causalstats.models.causal_diagram.regression.conditionals.logistic import (
    LogisticRegression,
)
from causalstats.models.causal_diagram.regression.event_labels import (
    UNIT,
    labelled_events,
)
from causalstats.models.causal_diagram.regression.extrapolation import (
    values_within_the_data,
)
from causalstats.models.causal_diagram.regression.g_computation import (
    SEED,
    mean_outcomes,
)
from causalstats.models.causal_diagram.regression.g_formula import (
    SimulationOrder,
    adjustment_order,
    simulation_order,
)
from causalstats.models.causal_diagram.regression.hierarchical.kernel_checks import (
    kernel_checks,
)
from causalstats.models.causal_diagram.regression.specification_checks import (
    form_checks,
)
from causalstats.models.causal_diagram.tables import Table
from causalstats.models.causal_diagram.validation import refuse_unidentified

if TYPE_CHECKING:
    from causalstats.models.causal_diagram.model import CausalDiagram
    from causalstats.models.causal_diagram.routes.base import Query


Group = Mapping[str, Any]
"""Positions of levels by label, and (lowest, highest) by number."""


@dataclass(frozen=True)
class _Question:
    """A mean, the difference of two, or one for each dose.

    Parameters
    ----------
    outcome, treatment : str
    doses : list
        The values that the treatment is set to, as they were asked.
    values : list of float
        The same as numbers, or positions of levels.
    given, factual : mapping of label to its level
        The group that is asked about, and what it really was.
    order : SimulationOrder
    """

    outcome: str
    treatment: str
    doses: Sequence[Any]
    values: Sequence[float]
    given: Mapping[str, Any]
    factual: Mapping[str, Any]
    order: SimulationOrder

    @property
    def group(self) -> dict[str, Any]:
        return {**self.given, **self.factual}

    def written(self, levels: Levels) -> str:
        """Return the question in symbols."""
        event = notation.event(self.outcome, levels)
        symbol = "P" if self.outcome in levels else "E"
        arms = [{self.treatment: dose} for dose in self.doses]
        if self.factual:
            seen = {**self.factual, **self.given}
            worlds = [notation.counterfactual(symbol, event, arm, seen) for arm in arms]
            return " - ".join(worlds) if len(worlds) <= 2 else f"{worlds[0]}, ..."
        worlds = [
            notation.interventional(symbol, event, arm, self.given) for arm in arms
        ]
        if len(worlds) <= 2:
            return " - ".join(worlds)
        seen_text = f", {notation.conditions(self.given)}" if self.given else ""
        return f"{symbol}({event} | do({self.treatment}){seen_text})"


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
    do : mapping of one variable to a value, or to a list of doses
        The difference of two values is asked for, or each of more.
    given : mapping of label to level, or of number to its range (lowest, highest)
        The group that the answer is about.
    factual : mapping of label to level
        The level that the treatment really had, and groups that it does not act on.
    data : Observations

    Raises
    ------
    ModelError
        Where the answer is not identified, or needs more than regressions in closed form.
    """
    levels = model.levels(data)
    treatment, doses = _treatment_and_doses(model, do, factual)
    group = {**given, **factual}
    _refuse_groups_of_numbers({**factual}, data)
    _refuse_points_of_numbers(given, data)
    order = _order(model, outcome, treatment, group, data)
    undrawn = _undrawn_tables(model, order, outcome, treatment, group, data)
    values = [_set_value(treatment, dose, levels) for dose in doses]
    question = _Question(outcome, treatment, doses, values, given, factual, order)
    labels = {name: value for name, value in group.items() if name in levels}
    indices: Group = {
        **level_indices(labels, levels),
        **{name: value for name, value in group.items() if name not in levels},
    }

    def checks(draws: xr.Dataset, data: Observations) -> tuple[Check, ...]:
        within = values_within_the_data(
            treatment, values, level_indices(labels, levels), data
        )
        return (*within, *checks_of_undrawn(model, undrawn, data))

    within = f", among those with {notation.conditions(group)}" if group else ""
    contrast = "none"
    if len(doses) == 2:
        contrast = f"{treatment}={doses[0]} against {treatment}={doses[1]}"
    return question.written(levels), Estimand(
        compute=partial(_answer, model, question, undrawn, indices),
        description=f"By the g-formula{within}.",
        unit=UNIT,
        contrast=contrast,
        kind="causal",
        assumptions=assumption_names(model),
        checks=checks,
    )


def _treatment_and_doses(
    model: CausalDiagram,
    do: Mapping[str, Any],
    factual: Mapping[str, Any],
) -> tuple[str, list[Any]]:
    """Return the one variable that is set, and the values that it is set to."""
    if len(do) != 1:
        raise ModelError(
            "With numbers, one variable can be set at a time, such as "
            f"do={{{model.treatment!r}: 1}}; got do={dict(do)}. Cut the numbers into levels, e.g. "
            "with `pandas.cut`, and use route='reduced' for other questions."
        )
    ((treatment, asked),) = do.items()
    if factual and treatment not in factual:
        raise ModelError(
            f"Expected `factual` with the value that {treatment} had, such as "
            f"factual={{{treatment!r}: 1}}, got {dict(factual)}."
        )
    return treatment, list(asked) if isinstance(asked, list | tuple) else [asked]


def _refuse_groups_of_numbers(group: Mapping[str, Any], data: Observations) -> None:
    number = next((name for name in group if name in data.continuous), None)
    if number is not None:
        raise ModelError(
            f"Groups are of labels, and {number!r} is a number. Cut it into levels, e.g. with "
            "`pandas.cut`, and give it to the diagram."
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


def _order(
    model: CausalDiagram,
    outcome: str,
    treatment: str,
    group: Mapping[str, Any],
    data: Observations,
) -> SimulationOrder:
    """Return the order of simulation of an identified answer, of all or of a group.

    Parameters
    ----------
    model : CausalDiagram
    outcome, treatment : str
    group : mapping of label to level
    data : Observations
    """
    others = tuple(name for name in group if name != treatment)
    identification = identify(model.graph, outcome, treatment, others)
    refuse_unidentified(identification)
    refuse_constant_mediators(model.graph, treatment, outcome, model.levels(data), data)
    if group:
        return adjustment_order(identification, tuple(group), treatment)
    return simulation_order(identification)


def _undrawn_tables(
    model: CausalDiagram,
    order: SimulationOrder,
    outcome: str,
    treatment: str,
    group: Mapping[str, Any],
    data: Observations,
) -> list[Table]:
    """Return the conditional distributions that the fit has not drawn, all in closed form.

    Parameters
    ----------
    model : CausalDiagram
    order : SimulationOrder
    outcome, treatment : str
    group : mapping of label to level
    data : Observations
    """
    undrawn = [table for table in order.tables if table not in model.tables]
    if all(model.kind_of(table, data) is not LogisticRegression for table in undrawn):
        return undrawn
    rows = "."
    if group:
        rows = (
            f", on the rows of the group alone, with {', '.join(group)} left out of diagram and "
            "data."
        )
    raise ModelError(
        f"The answer needs {undrawn[0].name}, which this fit has not drawn, and which is "
        "logistic. Fit another model for it: "
        f"`CausalDiagram(..., outcome={outcome!r}, treatment={treatment!r})`{rows}"
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


def draw_conditionals(
    model: CausalDiagram,
    tables: Sequence[Table],
    data: Observations,
    size: tuple[int, int],
) -> xr.Dataset:
    """Return posterior draws of conditional distributions in closed form.

    Parameters
    ----------
    model : CausalDiagram
    tables : sequence of Table
    data : Observations
    size : (int, int)
        Chains and draws.
    """
    rng = np.random.default_rng(SEED)
    arrays: dict[str, Any] = {}
    for conditional in conditionals_of(model, tables, data).values():
        arrays |= conditional.draw(size, rng)
    coords = {"chain": np.arange(size[0]), "draw": np.arange(size[1])}
    return xr.Dataset(arrays, coords)


def undrawn_of_order(
    model: CausalDiagram, order: SimulationOrder, data: Observations
) -> list[Table]:
    """Return the conditional distributions that the fit has not drawn, all in closed form.

    Parameters
    ----------
    model : CausalDiagram
    order : SimulationOrder
    data : Observations

    Raises
    ------
    ModelError
        If one of them is logistic, which has no closed form.
    """
    undrawn = [table for table in order.tables if table not in model.tables]
    for table in undrawn:
        if model.kind_of(table, data) is LogisticRegression:
            raise ModelError(
                f"The answer needs {table.name}, which this fit has not drawn, and which is "
                "logistic. Use route='hierarchical' where treatment and outcome are labels, or "
                f"cut the numbers that {table.variable} depends on into levels."
            )
    return undrawn


def checks_of_undrawn(
    model: CausalDiagram, undrawn: Sequence[Table], data: Observations
) -> tuple[Check, ...]:
    """Return the checks of regressions that only this question needs.

    Parameters
    ----------
    model : CausalDiagram
    undrawn : sequence of Table
    data : Observations
    """
    conditionals = list(conditionals_of(model, undrawn, data).values())
    if any(isinstance(each, HierarchicalLogistic) for each in conditionals):
        return kernel_checks(model, conditionals, data)
    return form_checks(model, undrawn, data)


def _answer(
    model: CausalDiagram,
    question: _Question,
    undrawn: Sequence[Table],
    indices: Group,
    draws: xr.Dataset,
    data: Observations,
) -> xr.DataArray:
    """Return one mean, the difference of two, or one for each dose.

    Parameters
    ----------
    model : CausalDiagram
    question : _Question
    undrawn : sequence of Table
        The conditional distributions that the fit has not drawn.
    indices : mapping of label to the position of its level, of number to its range
        The group.
    draws : Dataset
    data : Observations
    """
    levels = model.levels(data)
    treatment = question.treatment
    outcome = question.outcome
    if undrawn:
        size = (draws.sizes["chain"], draws.sizes["draw"])
        draws = draw_conditionals(model, undrawn, data, size)
    inside = _rows_of_group(indices, data, levels)
    arms = [{treatment: value} for value in question.values]
    table = mean_outcomes(model, question.order, draws, data, arms, inside)
    if len(arms) == 1:
        return labelled_events(table.isel(arm=0), outcome, levels, "level")
    if len(arms) == 2:
        difference = table.isel(arm=0) - table.isel(arm=1)
        return labelled_events(difference, outcome, levels, "level")
    parts = [
        labelled_events(table.isel(arm=k), outcome, levels, "level")
        for k in range(len(arms))
    ]
    return _dose_response(parts, [f"do({treatment}={dose})" for dose in question.doses])


def _rows_of_group(
    indices: Group,
    data: Observations,
    levels: Levels,
) -> np.ndarray:
    """Return which rows make up a group, shape (rows,)."""
    inside = np.ones(len(data.counts), bool)
    for name, index in indices.items():
        if isinstance(index, tuple):
            low, high = index
            column = data.column(name)
            inside &= (column >= low) & (column <= high)
        else:
            inside &= data.places(name, levels[name]) == index
    if not inside.any():
        raise ModelError(f"Nobody in the data has {indices}: there is no such group.")
    return inside


def _dose_response(
    parts: Sequence[xr.DataArray], labels: Sequence[str]
) -> xr.DataArray:
    """Return an entry for each dose, and for each level of the outcome."""
    if "level" not in parts[0].dims:
        along = xr.DataArray(labels, dims="dose", name="dose")
        return xr.concat(parts, along).transpose("chain", "draw", "dose")
    named = [
        part.assign_coords(
            level=[f"{level} | {label}" for level in part["level"].values]
        )
        for part, label in zip(parts, labels, strict=True)
    ]
    return xr.concat(named, "level").transpose("chain", "draw", "level")
