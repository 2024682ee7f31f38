"""Sensitivity analysis: refits under other assumptions, and their answers in one table.

A confounder that was not measured is bent where a model has a field for it; without a refit, the
robustness value of panels is in `models.panel_dml.unobserved_confounding`, and that of instruments
in `models.instrument`.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import fields, replace
from functools import partial
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import xarray as xr

from causalstats.core.abilities import (
    HasHiddenConfounding,
    HasUnusedFields,
    Varies,
)
from causalstats.core.argument_validation import Refused, meant, read_field
from causalstats.core.argument_validation import entries as entries_of
from causalstats.core.argument_validation import shown as shown_value
from causalstats.core.formatting import shown
from causalstats.core.knowledge import Known
from causalstats.core.model import Model, Problem
from causalstats.core.workers import outliving_workers
from causalstats.errors import ModelError
from causalstats.numerics.sampling.centre import centre_of

if TYPE_CHECKING:
    from causalstats.inference.fit import Fit

HIDDEN_CONFOUNDER = "hidden_confounder"
_NUMBERS = ["median", "mean", "lower", "upper"]
_BY_MEDIAN = "by median"
_HEALTHY = "healthy"


def sensitivity(fit: Fit, assumptions: Mapping[str, Any]) -> pd.DataFrame:
    """Return the headline at other values of the assumptions, as `Fit.sensitivity` says.

    Where answers have several entries, or a variant answers another question (such as bounds in
    place of an effect that it does not identify), the last level of the index names the entry.
    """
    if HIDDEN_CONFOUNDER in assumptions:
        return _hidden_confounding(fit, assumptions)
    models = variants(fit, assumptions)
    _refuse_unused(models, fit.data, assumptions)
    for model in models:
        _ = Problem(
            model, fit.data
        ).graph  # what is refused is refused before anything is sampled
    rows, points = [], []
    answers = _answers(fit, models, [*assumptions])
    for model, answer in zip(models, answers, strict=True):
        values = [getattr(model, name) for name in assumptions]
        points += [tuple(map(_label, values))] * len(answer)
        answer.insert(list(answer).index(_HEALTHY), "used", model == fit.model)
        rows.append(answer)
    table = _with_one_centre(pd.concat(rows))
    named = [
        row for row in rows if len(row) > 1 or list(row.index) != list(rows[0].index)
    ]
    entries = [table.index.rename(table.index.name or "entry")] if named else []
    axes = [
        pd.Index(level, name=name)
        for name, level in zip(assumptions, zip(*points, strict=True), strict=True)
    ]
    table.index = (
        pd.MultiIndex.from_arrays([*axes, *entries])
        if len(axes) + len(entries) > 1
        else axes[0]
    )
    numeric = all(
        pd.api.types.is_numeric_dtype(table.index.get_level_values(name))
        for name in assumptions
    )
    return (
        table.sort_index(level=[*assumptions], sort_remaining=False, kind="stable")
        if numeric
        else table
    )


def _with_one_centre(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table with medians where these stand for the answer of some model, or without."""
    if table.pop(_BY_MEDIAN).any():
        return table
    return table.drop(columns="median")


def _answers(fit: Fit, models: list[Model], names: list[str]) -> list[pd.DataFrame]:
    """Return the answer of each model, refitted by the workers of `joblib.parallel_config`.

    Parameters
    ----------
    fit : Fit
        Its draws serve its own model, and are not sent to workers.
    models : list of Model
    names : list of str
        The fields that differ between the models.

    Returns
    -------
    list of DataFrame
        As of `_headline`.
    """
    from joblib.parallel import get_active_backend

    in_workers = get_active_backend()[1] not in (None, 1)
    template = replace(
        fit, draws=xr.DataTree(), progress=fit.progress and not in_workers
    )
    others = [place for place, model in enumerate(models) if model != fit.model]
    refitted = partial(_refitted, template, names, fit.headline, models)
    answers = dict(outliving_workers(refitted, others))
    for place in set(range(len(models))) - set(others):
        answers[place] = _headline(fit, fit.headline)
    return [answers[place] for place in range(len(models))]


def _refitted(
    fit: Fit, names: list[str], headline: str, models: list[Model], place: int
) -> pd.DataFrame:
    """Return the answer of one of the models, which is fitted to the data of a fit.

    Parameters
    ----------
    fit : Fit
    names : list of str
        The fields whose values the title shows.
    headline : str
        As in `_headline`.
    models : list of Model
    place : int
        Of the model in it.
    """
    model = models[place]
    values = [f"{name} = {shown(getattr(model, name))}" for name in names]
    title = "Refitting with " + ", ".join(values)
    return _headline(fit.refit(model, title), headline)


def _headline(fit: Fit, usual: str) -> pd.DataFrame:
    """Return the headline, whether the sampling checks passed, and the checks that failed.

    Entries of another headline than the usual one, such as bounds where the effect is no longer
    identified, carry its name.
    """
    effect = fit.effect(fit.headline)
    answer = replace(effect, centre="median").numbers()[_NUMBERS]
    answer[_BY_MEDIAN] = centre_of(effect.numbers()) == "median"
    if fit.headline != usual:
        answer.index = [f"{fit.headline}: {entry}" for entry in answer.index]
    answer[_HEALTHY] = all(check.passed for check in fit.sampling())
    failed = [check.name for check in effect.doubts if check.passed is False]
    return answer.assign(failed="; ".join(failed))


def _hidden_confounding(fit: Fit, assumptions: Mapping[str, Any]) -> pd.DataFrame:
    """Return the bounds of the headline at strengths of a hidden confounder, without refits."""
    if not isinstance(fit.model, HasHiddenConfounding):
        raise ModelError(
            f"`{HIDDEN_CONFOUNDER}` is a question to a causal diagram; "
            f"{type(fit.model).__name__} has no adjustment that one would disturb."
        )
    if len(assumptions) > 1:
        raise ModelError(
            f"Expected `{HIDDEN_CONFOUNDER}` alone: it is no field of the model, and needs no "
            "refit."
        )
    posterior = fit.draws["posterior"].to_dataset()
    return fit.model.hidden_confounding(
        posterior, fit.data, assumptions[HIDDEN_CONFOUNDER]
    )


def variants(fit: Fit, assumptions: Mapping[str, Any]) -> list[Model]:
    """Return the models at every point of the grid.

    Raises
    ------
    ModelError
        If a field is none of the model's, or its values are not a list of what it may be.
    """
    names = [field.name for field in fields(fit.model)]
    strange = [name for name in assumptions if name not in names]
    if strange or not assumptions:
        asked = meant(str(strange[0]), names) if strange else ""
        got = f"`{strange[0]}`" if strange else "nothing"
        raise ModelError(
            f"Expected some of {', '.join(names)}, each with a list of values, got {got}. "
            f"{asked}".rstrip()
        )
    kind = type(fit.model)
    axes = []
    for name, values in assumptions.items():
        current = getattr(fit.model, name)
        given = [
            read_field(kind, name, value, ModelError)
            for value in _axis(name, current, values)[1:]
        ]
        axes.append(_distinct([current, *given]))
    vary = (
        fit.model.vary if isinstance(fit.model, Varies) else partial(replace, fit.model)
    )
    models = [
        vary(**dict(zip(assumptions, point, strict=True)))
        for point in itertools.product(*axes)
    ]
    return _distinct(models)


def _distinct(values: list[Any]) -> list[Any]:
    """Return the values without those that came before; they need not be hashable."""
    return [
        value for number, value in enumerate(values) if value not in values[:number]
    ]


def _refuse_unused(models: list[Model], data: Any, names: Mapping[str, Any]) -> None:
    """Raise where a field can change nothing: equal rows would look like robustness."""
    reasons: list[Mapping[str, str]] = [
        model.unused_fields(data) if isinstance(model, HasUnusedFields) else {}
        for model in models
    ]
    for name in names:
        if all(name in unused for unused in reasons):
            raise ModelError(
                f"`{name}` cannot change this answer: {reasons[0][name]} Leave it out of the "
                "sensitivity analysis."
            )


def _axis(name: str, current: Any, values: Any) -> list[Any]:
    """Return the fit's own value of a field and the others.

    A number in place of a `Known` is known as well as that was.
    """
    leave_out = isinstance(values, str) and values == "leave one out"
    if leave_out and isinstance(current, tuple) and current:
        values = [current[:k] + current[k + 1 :] for k in range(len(current))]
    try:
        listed = entries_of(values)
    except Refused as refused:
        advice = str(refused)
        if not leave_out and (values is None or isinstance(values, str | int | float)):
            advice = f"Write [{values!r}]."
        raise ModelError(
            f"Expected `{name}` as a list of values, or 'leave one out' for a field that lists "
            f"features, got {shown_value(values)}. {advice}".rstrip()
        ) from None
    if not listed:
        raise ModelError(f"Expected `{name}` as a list of values, got an empty one.")
    return [
        current,
        *(
            current.at(v) if isinstance(current, Known) and _is_number(v) else v
            for v in listed
        ),
    ]


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool | np.bool_)


def _label(value: Any) -> Any:
    if isinstance(value, Known):
        return value.value
    return value if isinstance(value, int | float) else shown(value)
