"""A report's contents, gathered from a fit; every number comes from the fit's own verbs."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from causalstats import plots
from causalstats.core.abilities import HasAdjustments, HasCausalGraph, HasDerivation
from causalstats.core.check import Check
from causalstats.core.effect import warning
from causalstats.core.estimand import answerable
from causalstats.core.formatting import number, shown
from causalstats.numerics.sampling.posterior_summaries import surest_first
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
    """The contents of the report on `fit`; `sensitivity` is as `fit.report` takes it."""
    model, checks, headline = fit.model, fit.check(), fit.effect(fit.model.headline)
    table, truth = fit.compare(), fit.held_out_rate()
    asked = (
        [{name: values} for name, values in sensitivity.items()]
        if isinstance(sensitivity, Mapping)
        else sensitivity
    )
    curves = {" and ".join(each): fit.sensitivity(**each) for each in asked}
    many = headline.draws.ndim > 2
    if many:
        curves = {
            name: plots.strongest(curve, str(headline.draws.dims[-1]))
            for name, curve in curves.items()
        }
        table = surest_first(table, MOST_ROWS)
    drawn = fit.draws["posterior"].sizes["draw"] > 0
    single = [
        fit.effect(name)
        for name, estimand in answerable(model, fit.data).items()
        if not estimand.per_person and (drawn or estimand.marginals)
    ]
    return ReportContents(
        title=title or f"{type(model).__name__}: {model.headline.replace('_', ' ')}",
        question=question or headline.description,
        status=status((*checks, *headline.doubts), fit.sampling()),
        banner=tuple(
            f"Failed, {warning(check)}."
            for check in dict.fromkeys([*checks, *headline.doubts])
            if check.passed is False
        ),
        answer=fit.answer(doubts=False),
        cautions=tuple(warning(check) for check in headline.doubts if check.passed is None),
        model_name=type(model).__name__,
        fields=tuple((field.name, shown(getattr(model, field.name))) for field in fields(model)),
        assumptions=model.assumptions(),
        adjustments=model.adjustments(fit.data) if isinstance(model, HasAdjustments) else (),
        derivation=model.derivation() if isinstance(model, HasDerivation) else (),
        diagram=fit.plot("diagram") if isinstance(model, HasCausalGraph) else None,
        diagram_caption="What is observed, what is hidden, and what is seen for some.",
        data_facts=_facts(fit.data),
        effects=tuple((effect, surest_first(effect.numbers(), MOST_ROWS)) for effect in single),
        comparison=table,
        comparison_note="What people would do instead, on the same data"
        + ("." if many else "; the intervals are what each rule itself would report."),
        withheld=_withheld(checks, table, headline.unit),
        figures=_figures(fit),
        checks=checks,
        sensitivity=tuple(
            (name, curve, plots.sensitivity(curve, model.headline, truth, unit=headline.unit))
            for name, curve in curves.items()
        ),
        reproduce=tuple((name, str(value)) for name, value in fit.provenance.items()),
        call=_call(fit),
    )


def _facts(data: Any) -> tuple[tuple[str, str], ...]:
    """Return what the data say of themselves; of a DataFrame its size."""
    if hasattr(data, "facts"):
        return tuple(data.facts().items())
    return (("Rows", f"{len(data):,}"), ("Columns", ", ".join(map(str, data.columns))))


def status(checks: tuple[Check, ...], sampling: tuple[Check, ...]) -> Status:
    """`fail` where the draws cannot be trusted, `warn` where another check failed, else `pass`."""
    if any(check.passed is False for check in sampling):
        return "fail"
    return "warn" if any(check.passed is False for check in checks) else "pass"


def _figures(fit: Any) -> tuple[tuple[str, str, Figure], ...]:
    captions = {name: "Observed, on 50 % and 95 % of replications." for name in fit.predictions()}
    captions["comparison"] = "Intervals are 95 %."
    captions |= dict.fromkeys(fit.views(), "")
    if fit.parameters():
        captions |= {
            **(
                {}
                if fit.contraction().empty
                else {
                    "contraction": "Contraction from prior to posterior: what is near 0 is still the prior."
                }
            ),
            "parameters": "Posterior densities, means and 95 % intervals.",
            "chains": "Each chain's density, and its ranks, which stay inside the band where the chains agree.",
        }
    return tuple((name.capitalize(), caption, fit.plot(name)) for name, caption in captions.items())


def _withheld(checks: tuple[Check, ...], table: pd.DataFrame, unit: str) -> str | None:
    """What the check of withheld outcomes found, and which simpler rules came closer to the truth."""
    finding = next((check.finding for check in checks if check.name == "withheld outcomes"), None)
    if finding is None:
        return None
    if "error" not in table:  # outcomes of some people, or results of an imperfect test: no truth
        return f"{finding}."
    closer = table[table["error"].abs() < abs(table["error"].iloc[0])]
    rules = "; ".join(f"{name} ({number(row['mean'], unit)})" for name, row in closer.iterrows())
    return f"{finding}. " + (
        f"Closer to the truth came: {rules}." if rules else "No simpler rule came closer."
    )


def _call(fit: Any) -> str:
    """Return the program that makes this fit from the frame."""
    names = [type(fit.sampler).__name__, "Known", "KnownByGroup", "Penalty", "fit"]
    names += [
        name for name in ("Diagram", "Monotone") if re.search(rf"\b{name}\b[.(]", repr(fit.model))
    ]
    read = "data = frame"
    if hasattr(fit.data, "arguments"):
        study = type(fit.data).__name__
        names.append(study)
        given = {name: value for name, value in fit.data.arguments.items() if value is not None}
        arguments = ", ".join(f"{name}={value!r}" for name, value in given.items())
        read = f"data = {study}.from_frame(frame, {arguments})"
    kind = type(fit.model)
    lines = []
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
