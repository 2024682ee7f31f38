"""The Monte Carlo g-formula: for each posterior draw of the conditional distributions, people are made under an intervention, and their outcomes averaged.

What the formula takes without a condition comes out of the observed rows themselves, with weights that are a draw of the Bayesian bootstrap (Rubin 1981), and
arms of an intervention share their random numbers, so that what differs between them is the intervention.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil
from typing import Any

import numpy as np
import xarray as xr

from causalstats.data import Observations
from causalstats.models.causal_diagram.regression.conditional_distributions import (
    Columns,
    columns_of,
    names_of,
    tabulated,
)
from causalstats.models.causal_diagram.regression.simulation_order import Recipe, Step
from causalstats.models.causal_diagram.tables import Levels

_MOST_PEOPLE, _FEWEST_PEOPLE = 2000, 200  # made for each draw
_AT_ONCE = 1_000_000  # people of several draws
_MOST_DRAWS = 1000


def means(
    model: Any,
    recipe: Recipe,
    draws: xr.Dataset,
    data: Observations,
    levels: Levels,
    arms: Sequence[Mapping[str, float]],
    seed: int,
    among: np.ndarray | None = None,
) -> np.ndarray:
    """E[outcome | do(arm)], or the probability of each level of a label: (chain, draw, arm, 1 or levels), of at most some thousand draws.

    `among` (r,) says which rows make up the group that the answer is about; all without it.
    """
    draws = draws.isel(
        draw=slice(None, None, max(1, draws.sizes["chain"] * draws.sizes["draw"] // _MOST_DRAWS))
    )
    columns = {
        table.name: columns_of(table, data, levels, model.functions, model.interactions)
        for table in recipe.tables
        if not tabulated(table, data)
    }
    flat = {
        str(name): values.to_numpy().reshape(-1, *values.shape[2:])
        for name, values in draws.transpose("chain", "draw", ...).data_vars.items()
    }
    total, people = (
        draws.sizes["chain"] * draws.sizes["draw"],
        min(_MOST_PEOPLE, len(data.counts) * ceil(_FEWEST_PEOPLE / len(data.counts))),
    )
    step, found = max(1, _AT_ONCE // people), []
    for start in range(0, total, step):
        part = {name: values[start : start + step] for name, values in flat.items()}
        found.append(
            np.stack(
                [
                    _mean(
                        recipe,
                        part,
                        data,
                        levels,
                        columns,
                        arm,
                        people,
                        np.random.default_rng([seed, start]),
                        among,
                    )
                    for arm in arms
                ],
                axis=1,
            )
        )
    return np.concatenate(found).reshape(draws.sizes["chain"], draws.sizes["draw"], len(arms), -1)


def _mean(
    recipe: Recipe,
    draws: Mapping[str, np.ndarray],
    data: Observations,
    levels: Levels,
    columns: Mapping[str, Columns],
    arm: Mapping[str, float],
    people: int,
    rng: Any,
    among: np.ndarray | None = None,
) -> np.ndarray:
    """(draws, 1 or levels), over the people made in one arm."""
    size = len(next(iter(draws.values())))
    values: dict[str, np.ndarray] = {name: np.full((size, 1), value) for name, value in arm.items()}
    weights = None
    for k, group in enumerate(recipe.groups):
        at, own = _rows(data, size, people, rng, k > 0, among if k == 0 else None)
        weights = own if k == 0 else weights
        for variable, name in group:
            values[name] = (
                data.column(variable)
                if variable in data.continuous
                else data.places(variable, levels[variable])
            )[at]
    for each in recipe.steps[:-1]:
        values[each.name] = _drawn(each, draws, data, columns, values, people, rng)
    expected = _expected(recipe.steps[-1], draws, data, columns, values)
    if weights is None or expected.shape[1] == 1:
        return expected.mean(axis=1)
    return (expected * weights[:, :, None]).sum(axis=1)


def _rows(
    data: Observations,
    size: int,
    people: int,
    rng: Any,
    drawn: bool,
    among: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Rows (draws or 1, people), and weights (draws, people) that sum to 1: a draw of the Bayesian bootstrap, or people drawn by one."""
    weights = rng.standard_gamma(data.counts, (size, len(data.counts)))
    if among is not None:
        weights *= among
    weights /= weights.sum(axis=1, keepdims=True)
    if not drawn and len(data.counts) <= people:  # all of them, as often as there is room for
        times = people // len(data.counts)
        return np.tile(np.arange(len(data.counts)), times)[None], np.tile(weights, times) / times
    cumulative, chances = np.cumsum(weights, axis=1), rng.random((size, people))
    rows = np.stack(
        [np.searchsorted(below, chance) for below, chance in zip(cumulative, chances, strict=True)]
    )
    return rows.clip(max=len(data.counts) - 1), np.full((size, people), 1 / people)


def _drawn(
    step: Step,
    draws: Mapping[str, np.ndarray],
    data: Observations,
    columns: Mapping[str, Columns],
    values: Mapping[str, np.ndarray],
    people: int,
    rng: Any,
) -> np.ndarray:
    expected = _expected(step, draws, data, columns, values)
    shape = (len(expected), people if expected.shape[1] == 1 else expected.shape[1])
    if step.table.variable in data.continuous:
        return expected[..., 0] + draws[names_of(step.table)[1]][:, None] * rng.standard_normal(
            shape
        )
    return (rng.random(shape)[..., None] >= np.cumsum(expected, axis=-1)[..., :-1]).sum(axis=-1)


def _expected(
    step: Step,
    draws: Mapping[str, np.ndarray],
    data: Observations,
    columns: Mapping[str, Columns],
    values: Mapping[str, np.ndarray],
) -> np.ndarray:
    """The mean of a number, the probabilities of a label's levels: (draws, people or 1, 1 or levels)."""
    table = step.table
    if tabulated(table, data):
        at = np.broadcast_arrays(
            np.arange(len(draws[table.name]))[:, None], *(values[name] for name in step.given)
        )
        return draws[table.name][tuple(part.astype(int) for part in at)]
    coefficients = draws[names_of(table)[0]]
    coefficients = (
        coefficients[..., None] if table.variable in data.continuous else coefficients
    )  # (draws, terms, equations)
    total = coefficients[:, None, 0]
    given = {cause: values[name] for cause, name in zip(table.given, step.given, strict=True)}
    for k, column in enumerate(columns[table.name](given), start=1):
        total = total + column[..., None] * coefficients[:, None, k]
    if table.variable in data.continuous:
        return total
    logits = np.concatenate([np.zeros_like(total[..., :1]), total], axis=-1)
    odds = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return odds / odds.sum(axis=-1, keepdims=True)
