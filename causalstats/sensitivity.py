"""The answer under other assumptions: a table of refits."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

import pandas as pd

from causalstats.errors import ModelError
from causalstats.model import Known, Problem, shown


def sensitivity(fit: Any, assumptions: Mapping[str, Any]) -> pd.DataFrame:
    """Of a `Fit`, as its verb says.

    Each row says which answer it is: where answers have several entries, or a variant answers another question, such as bounds in
    place of an effect that it does not identify, the last level of the index names the entry.
    """
    names = [f.name for f in fields(fit.model)]
    if not assumptions or not set(assumptions) <= set(names):
        raise ModelError(
            f"Expected some of {', '.join(names)}, each with a list of values, got {', '.join(assumptions) or 'nothing'}."
        )
    axes = [_axis(name, getattr(fit.model, name), values) for name, values in assumptions.items()]
    models = [
        replace(fit.model, **dict(zip(assumptions, point, strict=True)))
        for point in itertools.product(*axes)
    ]
    models = [model for place, model in enumerate(models) if model not in models[:place]]
    _refuse_unused(models, fit.data, assumptions)
    for model in models:
        _ = Problem(model, fit.data).graph  # what is refused is refused before anything is sampled
    rows, points = [], []
    for model in models:
        values = [getattr(model, name) for name in assumptions]
        title = "Refitting with " + ", ".join(
            f"{name} = {shown(value)}" for name, value in zip(assumptions, values, strict=True)
        )
        variant = fit if model == fit.model else fit.refit(model, title)
        headline = model.headline  # bounds, for one, where the effect is no longer identified
        found = variant.effect(headline).numbers()[["mean", "lower", "upper"]]
        if headline != fit.model.headline:
            found.index = [f"{headline}: {entry}" for entry in found.index]
        healthy = all(check.passed for check in variant.sampling())
        points += [tuple(map(_label, values))] * len(found)
        rows.append(found.assign(used=variant is fit, healthy=healthy))
    table = pd.concat(rows)
    named = [row for row in rows if len(row) > 1 or list(row.index) != list(rows[0].index)]
    entries = [pd.Index(table.index, name="entry")] if named else []
    axes = [
        pd.Index(level, name=name)
        for name, level in zip(assumptions, zip(*points, strict=True), strict=True)
    ]
    table.index = (
        pd.MultiIndex.from_arrays([*axes, *entries]) if len(axes) + len(entries) > 1 else axes[0]
    )
    numeric = all(
        pd.api.types.is_numeric_dtype(table.index.get_level_values(name)) for name in assumptions
    )
    return (
        table.sort_index(level=[*assumptions], sort_remaining=False, kind="stable")
        if numeric
        else table
    )


def _refuse_unused(models: list[Any], data: Any, names: Mapping[str, Any]) -> None:
    """Raise where a field can change nothing: rows that are equal for that reason would look robust."""
    reasons: list[Mapping[str, str]] = [
        model.unused(data) if hasattr(model, "unused") else {} for model in models
    ]
    for name in names:
        if all(name in found for found in reasons):
            raise ModelError(
                f"`{name}` cannot change this answer: {reasons[0][name]} Leave it out of the sensitivity analysis."
            )


def _axis(name: str, current: Any, values: Any) -> list[Any]:
    """The fit's own value of a field and the others; a number in place of a `Known` is known as well as that was."""
    if isinstance(values, str):
        if values != "leave one out" or not (isinstance(current, tuple) and current):
            raise ModelError(
                f"Expected `{name}` as a list of values, or 'leave one out' for a field that lists features, got {values!r}."
            )
        values = [current[:k] + current[k + 1 :] for k in range(len(current))]
    others = [
        current.at(v) if isinstance(current, Known) and not isinstance(v, Known) else v
        for v in values
    ]
    return [
        current,
        *(
            v
            for v in others
            if v != current
            and not (isinstance(current, tuple) and isinstance(v, list) and tuple(v) == current)
        ),
    ]


def _label(value: Any) -> Any:
    return (
        value.value
        if isinstance(value, Known)
        else value
        if isinstance(value, int | float)
        else shown(value)
    )
