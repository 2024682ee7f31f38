"""The contents of an HTML report, gathered from a fit; every number comes from its verbs."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from causalstats.core.abilities import HasAdjustments, HasCausalGraph, HasDerivation
from causalstats.core.check import Check
from causalstats.core.effect import Effect, warning
from causalstats.core.estimand import answerable
from causalstats.core.formatting import number, shown
from causalstats.numerics.sampling.posterior_summaries import surest_first
from causalstats.plots.sensitivity_curve import sensitivity as sensitivity_curve
from causalstats.plots.sensitivity_curve import strongest
from causalstats.report.contents import ReportContents, Status
from causalstats.report.table import MOST_ROWS

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


def compose(
    fit: Any,
    title: str,
    question: str,
    sensitivity: Mapping[str, Any] | Sequence[Mapping[str, Any]],
) -> ReportContents:
    """Return the contents of the report on a fit.

    Parameters
    ----------
    fit : Fit
    title, question : str
        The headline of the model, and its description, where they are empty.
    sensitivity : mapping, or sequence of mappings
        As `fit.report` takes it. Each value is a refit.
    """
    model = fit.model
    checks = fit.check()
    headline = fit.effect(model.headline)
    doubts = tuple(dict.fromkeys([*checks, *headline.doubts]))
    has_many_entries = headline.draws.ndim > 2
    comparison = fit.compare()
    if has_many_entries:
        comparison = surest_first(comparison, MOST_ROWS)
    note = "; the intervals are what each rule itself would report."
    return ReportContents(
        title=title or f"{type(model).__name__}: {model.headline.replace('_', ' ')}",
        question=question or headline.description,
        status=status(doubts, fit.sampling()),
        banner=tuple(
            f"Failed, {warning(check)}." for check in doubts if check.passed is False
        ),
        answer=fit.answer(doubts=False),
        cautions=tuple(
            warning(check) for check in headline.doubts if check.passed is None
        ),
        model_name=type(model).__name__,
        fields=tuple(
            (field.name, shown(getattr(model, field.name))) for field in fields(model)
        ),
        assumptions=model.assumptions(),
        adjustments=model.adjustments(fit.data)
        if isinstance(model, HasAdjustments)
        else (),
        derivation=model.derivation() if isinstance(model, HasDerivation) else (),
        diagram=fit.plot("diagram") if isinstance(model, HasCausalGraph) else None,
        diagram_caption=fit.figures().get("diagram", ""),
        data_facts=_facts(fit.data),
        effects=_effects(fit),
        comparison=comparison,
        comparison_note="What people would do instead, on the same data"
        + ("." if has_many_entries else note),
        withheld=_withheld(checks, comparison, headline.unit),
        figures=_figures(fit),
        checks=checks,
        sensitivity=_sensitivity(fit, headline, sensitivity),
        reproduce=tuple((name, str(value)) for name, value in fit.provenance.items()),
        call=_call(fit),
    )


def _effects(fit: Any) -> tuple[tuple[Effect, pd.DataFrame], ...]:
    """Return every answer that is not one a person, with its table."""
    drawn = fit.draws["posterior"].sizes["draw"] > 0
    answers = [
        fit.effect(name)
        for name, estimand in answerable(fit.model, fit.data).items()
        if not estimand.per_person and (drawn or estimand.marginals)
    ]
    return tuple(
        (effect, surest_first(effect.numbers(), MOST_ROWS)) for effect in answers
    )


def _sensitivity(
    fit: Any, headline: Effect, asked: Mapping[str, Any] | Sequence[Mapping[str, Any]]
) -> tuple[tuple[str, pd.DataFrame, Figure], ...]:
    """Return a name, a table and a figure for each sensitivity analysis.

    Parameters
    ----------
    fit : Fit
    headline : Effect
    asked : mapping, or sequence of mappings
        As for `compose`.
    """
    if isinstance(asked, Mapping):
        asked = [{name: values} for name, values in asked.items()]
    truth = fit.held_out_rate()
    parts = []
    for assumptions in asked:
        table = fit.sensitivity(**assumptions)
        if headline.draws.ndim > 2:
            table = strongest(table, str(headline.draws.dims[-1]))
        figure = sensitivity_curve(table, headline.name, truth, unit=headline.unit)
        parts.append((" and ".join(assumptions), table, figure))
    return tuple(parts)


def _facts(data: Any) -> tuple[tuple[str, str], ...]:
    """Return the facts about the data; for a DataFrame, its size."""
    if hasattr(data, "facts"):
        return tuple(data.facts().items())
    return (("Rows", f"{len(data):,}"), ("Columns", ", ".join(map(str, data.columns))))


def status(checks: tuple[Check, ...], sampling: tuple[Check, ...]) -> Status:
    """Return `fail` where the draws cannot be trusted, `warn` where another check failed.

    Examples
    --------
    >>> status((), ())
    'pass'
    """
    if any(check.passed is False for check in sampling):
        return "fail"
    return "warn" if any(check.passed is False for check in checks) else "pass"


def _figures(fit: Any) -> tuple[tuple[str, str, Figure], ...]:
    """Return title, caption and figure of each plot of the fit but its diagram."""
    return tuple(
        (name.capitalize(), caption, fit.plot(name))
        for name, caption in fit.figures().items()
        if name != "diagram"
    )


def _withheld(checks: tuple[Check, ...], table: pd.DataFrame, unit: str) -> str | None:
    """Return the finding about withheld outcomes, and which simpler rules came closer to the truth.

    Parameters
    ----------
    checks : tuple of Check
    table : DataFrame
        The comparison with other methods.
    unit : str

    Returns
    -------
    str or None
        None where no outcomes were withheld.
    """
    finding = next(
        (check.finding for check in checks if check.name == "withheld outcomes"), None
    )
    if finding is None:
        return None
    if (
        "error" not in table
    ):  # outcomes of some people, or results of an imperfect test: no truth
        return f"{finding}."
    error = table["error"].abs()
    closer = table[error < error.iloc[0]]
    if closer.empty:
        return f"{finding}. No simpler rule came closer."
    rules = [f"{name} ({number(row['mean'], unit)})" for name, row in closer.iterrows()]
    return f"{finding}. Closer to the truth came: {'; '.join(rules)}."


def _call(fit: Any) -> str:
    """Return the program that makes this fit from the frame."""
    names = ["Known", "KnownByGroup", "Penalty", "fit"]
    names += [
        name
        for name in ("Diagram", "Monotone")
        if re.search(rf"\b{name}\b[.(]", repr(fit.model))
    ]
    read = "data = frame"
    if hasattr(fit.data, "arguments"):
        study = type(fit.data).__name__
        names.append(study)
        given = {
            name: value
            for name, value in fit.data.arguments.items()
            if value is not None
        }
        arguments = ", ".join(f"{name}={value!r}" for name, value in given.items())
        read = f"data = {study}.from_frame(frame, {arguments})"
    kind = type(fit.model)
    sampler = type(fit.sampler)
    ours = sampler.__module__.startswith("causalstats.")
    room = "causalstats.samplers" if ours else sampler.__module__
    lines = [f"from {room} import {sampler.__name__}"]
    if kind.__module__.startswith("causalstats."):
        names.append(kind.__name__)
    else:
        lines.append(f"from {kind.__module__} import {kind.__name__}")
    return "\n".join(
        [
            f"from causalstats import {', '.join(sorted(names))}",
            *lines,
            read,
            f"model = {fit.model!r}",
            f"result = fit(model, data, seed={fit.seed}, sampler={fit.sampler!r})",
        ]
    )
