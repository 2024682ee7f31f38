"""What can be asked of a causal diagram with numbers, by the g-formula, and what is done without it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import xarray as xr

from causalstats.core.estimand import Estimand
from causalstats.data import Observations
from causalstats.errors import ModelError
from causalstats.models.causal_diagram.contrasts import compared, difference
from causalstats.models.causal_diagram.regression.g_computation import means
from causalstats.models.causal_diagram.regression.questions import SEED, UNIT, labelled
from causalstats.models.causal_diagram.regression.simulation_order import recipe
from causalstats.numerics.panel.linear_estimators import clustered


def estimands(model: Any) -> dict[str, Estimand]:
    """By name, about the model's own treatment and outcome."""
    x, y = model.treatment, model.outcome
    contrast = f"one unit of {x}, between its quartiles; of a label, each level against the first"
    stands_on = tuple(assumption.name for assumption in model.assumptions())
    found = {
        "effect": (
            _effect,
            f"What setting {x} does to the mean of {y}, or to the probability of its levels.",
            contrast,
        ),
        "interventional": (
            _interventional,
            f"The mean of {y}, or the probability of its levels, with {x} set to its quartiles, or to each level.",
            "none",
        ),
    }
    return {
        name: Estimand(
            compute=partial(compute, model),
            description=description,
            unit=UNIT,
            contrast=against,
            kind="causal",
            assumptions=stands_on,
            in_words=partial(_in_words, model) if name == "effect" else None,
        )
        for name, (compute, description, against) in found.items()
    }


def _in_words(model: Any, data: Observations) -> tuple[str, str]:
    """Description and contrast of the effect with the levels, or the quartiles, of the data."""
    x, y, levels = model.treatment, model.outcome, model.levels(data)
    what = f"What setting {x} does to {y}"
    if x in levels:
        return f"{what}: {difference(y, x, levels)}.", compared(x, levels)
    _, (low, _, high) = _arms(model, data)
    event = f"P({y}={levels[y][-1]}" if y in levels and len(levels[y]) == 2 else f"E({y}"
    if y in levels and len(levels[y]) > 2:
        event = f"P({y}"
    return (
        f"{what}: [{event} | do({x}={high})) - {event} | do({x}={low}))] / ({high} - {low}).",
        f"one unit of {x}, on average between its quartiles {low} and {high}",
    )


def _table(
    model: Any, draws: xr.Dataset, data: Observations, values: Sequence[float]
) -> xr.DataArray:
    """Dims (chain, draw, arm, event)."""
    arms = [{model.treatment: value} for value in values]
    found = means(model, recipe(model.identification), draws, data, model.levels(data), arms, SEED)
    return xr.DataArray(found, dims=("chain", "draw", "arm", "event"))


def _arms(model: Any, data: Observations) -> tuple[list[float], list[str]]:
    """Every level of a label, the quartiles of a number, and how they are written."""
    x, levels = model.treatment, model.levels(data)
    if x in levels:
        return [float(place) for place in range(len(levels[x]))], [
            str(level) for level in levels[x]
        ]
    quartiles = np.quantile(np.repeat(data.column(x), data.counts.astype(int)), [0.25, 0.5, 0.75])
    return [float(value) for value in quartiles], [f"{value:.4g}" for value in quartiles]


def _effect(model: Any, draws: xr.Dataset, data: Observations) -> xr.DataArray:
    levels, (values, names) = model.levels(data), _arms(model, data)
    if model.treatment in levels:
        table = _table(model, draws, data, values)
        difference, arms = (
            table.isel(arm=slice(1, None)) - table.isel(arm=0),
            [f"{name} against {names[0]}" for name in names[1:]],
        )
    else:
        if values[0] == values[-1]:
            raise ModelError(
                f"The quartiles of {model.treatment!r} are both {values[0]:g}: ask for values, `fit.effect({model.outcome!r}, do=...)`."
            )
        table = _table(model, draws, data, [values[0], values[-1]])
        difference, arms = (
            (table.isel(arm=[1]) - table.isel(arm=0)) / (values[-1] - values[0]),
            [""],
        )
    parts = [
        _with_arm(labelled(difference.isel(arm=k), model.outcome, levels, "contrast"), arm)
        for k, arm in enumerate(arms)
    ]
    if len(parts) == 1:
        return parts[0]
    if "contrast" in parts[0].dims:
        return xr.concat(parts, "contrast")
    return xr.concat(parts, xr.DataArray(arms, dims="contrast", name="contrast")).transpose(
        "chain", "draw", "contrast"
    )


def _with_arm(table: xr.DataArray, arm: str) -> xr.DataArray:
    """With the arm in the label of each entry, where there are several."""
    if not arm or "contrast" not in table.dims:
        return table
    return table.assign_coords(contrast=[f"{event}: {arm}" for event in table["contrast"].values])


def _interventional(model: Any, draws: xr.Dataset, data: Observations) -> xr.DataArray:
    levels, (values, names) = model.levels(data), _arms(model, data)
    table, x, y = _table(model, draws, data, values), model.treatment, model.outcome
    events = [f"{y}={level}" for level in levels[y]] if y in levels else [y]
    stacked = table.to_numpy().reshape(*table.shape[:2], -1)
    return xr.DataArray(
        stacked,
        dims=("chain", "draw", "answer"),
        coords={"answer": [f"{event} | do({x}={name})" for name in names for event in events]},
    )


def baselines(model: Any, data: Observations) -> Mapping[str, Callable]:
    """Least squares without the others, and on all of them, for outcomes of one number and treatments of one column."""
    levels, x, y = model.levels(data), model.treatment, model.outcome
    if any(name in levels and len(levels[name]) > 2 for name in (x, y)):
        return {}
    rows = np.repeat(np.arange(len(data.counts)), data.counts.astype(int))
    columns = {name: _columns(name, data, levels)[rows] for name in model.graph.nodes}
    one = np.ones((len(rows), 1))
    others = np.hstack([one, *(columns[name] for name in model.graph.nodes if name not in (x, y))])
    found = {"unadjusted": one, "adjusted for all observed": others}
    unit = np.arange(len(rows))
    return {
        name: (lambda rng, held=held: (clustered(columns[y][:, 0], columns[x], held, unit), None))
        for name, held in found.items()
        if name == "unadjusted" or held.shape[1] > 1
    }


def _columns(name: str, data: Observations, levels: Mapping[str, Sequence[Any]]) -> np.ndarray:
    """A number, or a column a level but the first."""
    if name in data.continuous:
        return data.column(name)[:, None]
    return (data.places(name, levels[name])[:, None] == np.arange(1, len(levels[name]))).astype(
        float
    )
