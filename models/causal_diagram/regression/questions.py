"""Questions to regressions in their own words: several doses, groups, the treated, and outcomes other than the headline's.

E[y | do(x), w]           = Σ_z P(z | w) E[y | x, z, w]
E[y had x been x' | x, w] = Σ_z P(z | x, w) E[y | x', z, w]        where z and w meet the back-door criterion

The first factor is that of the rows in the group, weighed by a draw of the Bayesian bootstrap; the
second a regression, drawn when the headline has not drawn it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from itertools import count
from typing import Any

import numpy as np
import xarray as xr

from causalstats.core.check import Check
from causalstats.core.estimand import Estimand
from causalstats.data import Observations
from causalstats.diagrams.identification.identification import Identification, identify
from causalstats.errors import ModelError
from causalstats.models.causal_diagram.checks.mediator_variation import refuse_constant_mediators
from causalstats.models.causal_diagram.estimands import refuse_unidentified
from causalstats.models.causal_diagram.regression import (
    conditional_distributions as regression,
)
from causalstats.models.causal_diagram.regression.g_computation import means
from causalstats.models.causal_diagram.regression.model_checks import beyond_the_data
from causalstats.models.causal_diagram.regression.simulation_order import (
    Recipe,
    Step,
    factors,
    recipe,
)
from causalstats.models.causal_diagram.tables import Table, place_of

UNIT = "mean of the outcome, or probability of a level"
SEED = 0  # of the people that are made: the same for every question, so that differences between answers are those of the questions

Levels = Mapping[str, Sequence[Any]]


def question(
    model: Any,
    of: str,
    do: Mapping[str, Any],
    given: Mapping[str, Any],
    factual: Mapping[str, Any],
    data: Observations,
) -> tuple[str, Estimand]:
    """E[of | do, given], or of those who had one level of what is set; of two values the difference, of more each.

    Raises
    ------
    ModelError
        Where the answer is not identified, or needs more than regressions in closed form.
    """
    levels = model.levels(data)
    if len(do) != 1:
        raise ModelError(
            f"With numbers, one variable can be set at a time, such as do={{{model.treatment!r}: 1}}; got do={dict(do)}. Cut the numbers into levels, "
            "e.g. with `pandas.cut`, and use route='reduced' for other questions."
        )
    ((x, asked),) = do.items()
    group = {**given, **factual}
    if factual and x not in factual:
        raise ModelError(
            f"Expected `factual` with the value that {x} had, such as factual={{{x!r}: 1}}, got {dict(factual)}."
        )
    number = next((name for name in group if name in data.continuous), None)
    if number is not None:
        raise ModelError(
            f"Groups are of labels, and {number!r} is a number. Cut it into levels, e.g. with `pandas.cut`, and give it to the diagram."
        )
    found = identify(model.graph, of, x, tuple(name for name in group if name != x))
    refuse_unidentified(found)
    refuse_constant_mediators(model.graph, x, of, levels, data)
    order = recipe(found) if not group else _of_a_group(found, group, x)
    lacking = [table for table in order.tables if table not in model.tables]
    if not all(regression.conjugate(table, data) for table in lacking):
        raise ModelError(
            f"The answer needs {lacking[0].name}, which this fit has not drawn, and which is logistic. Fit another model for it: "
            f"`CausalDiagram(..., outcome={of!r}, treatment={x!r})`"
            + (
                f", on the rows of the group alone, with {', '.join(group)} left out of diagram and data."
                if group
                else "."
            )
        )
    several = list(asked) if isinstance(asked, list | tuple) else [asked]
    values = [value_of(x, value, data, levels) for value in several]
    places = {name: place_of(name, value, levels) for name, value in group.items()}
    compute = partial(_compute, model, of, x, values, several, order, lacking, places)

    def checks(draws: xr.Dataset, data: Observations) -> tuple[Check, ...]:
        return beyond_the_data(x, values, places, data)

    pair = len(several) == 2
    return _written(of, x, several, given, factual, levels), Estimand(
        compute=compute,
        description="By the g-formula"
        + (f", among those with {_listed(group)}." if group else "."),
        unit=UNIT,
        contrast=f"{x}={several[0]} against {x}={several[1]}" if pair else "none",
        kind="causal",
        assumptions=tuple(assumption.name for assumption in model.assumptions()),
        checks=checks,
    )


def _listed(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value}" for name, value in values.items())


def _written(
    of: str,
    x: str,
    several: Sequence[Any],
    given: Mapping[str, Any],
    factual: Mapping[str, Any],
    levels: Levels,
) -> str:
    event = f"{of}={levels[of][1]}" if of in levels and len(levels[of]) == 2 else of
    symbol = "P" if of in levels else "E"
    if factual:
        seen = _listed({**factual, **given})
        worlds = [f"{symbol}({event} had {x} been {value} | {seen})" for value in several]
    else:
        seen = f", {_listed(given)}" if given else ""
        worlds = [f"{symbol}({event} | do({x}={value}){seen})" for value in several]
    if len(worlds) <= 2:
        return " - ".join(worlds)
    return f"{symbol}({event} | do({x}){seen})" if not factual else f"{worlds[0]}, ..."


def value_of(name: str, value: Any, data: Observations, levels: Levels) -> float:
    """Return a number, or the position of a level."""
    if name in levels:
        return float(place_of(name, value, levels))
    if isinstance(value, bool) or not (isinstance(value, int | float) and np.isfinite(value)):
        raise ModelError(f"Expected a number to set {name!r} to, got {value!r}.")
    return float(value)


def _of_a_group(found: Identification, group: Mapping[str, Any], x: str) -> Recipe:
    """Return rows of the confounders and of what the group is of, then the outcome's regression.

    Raises
    ------
    ModelError
        Unless the formula is an adjustment for what comes before the treatment.
    """
    assert found.expression is not None
    (outcome,) = found.outcome
    names = {name: name for name in found.expression.free}
    rows, last = [(name, name) for name in group if name != x], None
    for of, given in factors(found.expression, names, count(1)):
        if outcome in dict(of) and len(of) == 1 and last is None:
            last = given
        elif outcome in dict(of) or not {name for name, _ in given} <= set(group):
            last = None
            break
        else:
            rows += [pair for pair in of if pair not in rows]
    if last is None or found.irrelevant:
        raise ModelError(
            f"The answer within groups is no adjustment for what comes before {x}: {found.expression}. Cut the numbers into levels, e.g. with `pandas.cut`, "
            "and use route='reduced'."
        )
    called = {name: variable for variable, name in rows}
    given = tuple(sorted(last, key=lambda pair: found.order.index(pair[0])))
    missing = [name for _, name in given if name not in called and name != x]
    if missing:
        rows += [(variable, name) for variable, name in given if name in missing]
    table = Table(outcome, tuple(variable for variable, _ in given))
    step = Step(outcome, table, tuple(name for _, name in given))
    return Recipe((tuple(rows),), (step,))


def _compute(
    model: Any,
    of: str,
    x: str,
    values: Sequence[float],
    several: Sequence[Any],
    order: Recipe,
    lacking: Sequence[Table],
    places: Mapping[str, int],
    draws: xr.Dataset,
    data: Observations,
) -> xr.DataArray:
    levels = model.levels(data)
    if lacking:
        size, rng = (draws.sizes["chain"], draws.sizes["draw"]), np.random.default_rng(SEED)
        draws = regression.draw(model, lacking, data, levels, size, rng)
    among = np.ones(len(data.counts), bool)
    for name, place in places.items():
        among &= data.places(name, levels[name]) == place
    if not among.any():
        raise ModelError(f"Nobody in the data has {places}: there is no such group.")
    arms = [{x: value} for value in values]
    found = means(model, order, draws, data, levels, arms, SEED, among)
    table = xr.DataArray(found, dims=("chain", "draw", "arm", "event"))
    if len(values) <= 2:
        answer = table.isel(arm=0) - table.isel(arm=1) if len(values) == 2 else table.isel(arm=0)
        return labelled(answer, of, levels, "level")
    parts = [labelled(table.isel(arm=k), of, levels, "level") for k in range(len(values))]
    labels = [f"do({x}={value})" for value in several]
    if "level" in parts[0].dims:
        parts = [
            part.assign_coords(level=[f"{level} | {label}" for level in part["level"].values])
            for part, label in zip(parts, labels, strict=True)
        ]
        return xr.concat(parts, "level").transpose("chain", "draw", "level")
    return xr.concat(parts, xr.DataArray(labels, dims="dose", name="dose")).transpose(
        "chain", "draw", "dose"
    )


def labelled(table: xr.DataArray, of: str, levels: Levels, dim: str) -> xr.DataArray:
    """Return of a number the one event there is, of a label with two levels the last, of more all."""
    if of not in levels or len(levels[of]) == 2:
        return table.isel(event=-1)
    names = [f"{of}={level}" for level in levels[of]]
    return table.rename(event=dim).assign_coords({dim: names})
