"""A report's contents, gathered from a fit; every number comes from the fit's own verbs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

import numpy as np

from causalstats import plots
from causalstats.model import Check
from causalstats.report.contents import ReportContents, Status


def compose(fit: Any, title: str, question: str, sensitivity: Mapping[str, Sequence[float]]) -> ReportContents:
    """The contents of the report on `fit`; `sensitivity` maps fields of the model to the values to show."""
    model, checks, headline = fit.model, fit.checks(), fit.effect(fit.model.headline)
    table, truth = fit.compare(), fit.withheld_rate()
    curves = {name: fit.sensitivity(**{name: values}) for name, values in sensitivity.items()}
    shown = [fit.effect(name) for name, estimand in model.estimands().items() if estimand.at is None]
    return ReportContents(
        title=title or f"{type(model).__name__}: {model.headline.replace('_', ' ')}",
        question=question or headline.description,
        status=status(checks, fit.sampling()),
        banner=tuple(f"{check.name}: {check.finding}" for check in checks if check.passed is False),
        answer=headline.text(),
        model_name=type(model).__name__,
        fields=tuple((field.name, str(getattr(model, field.name))) for field in fields(model)),
        assumptions=model.assumptions(),
        diagram=plots.diagram(model.diagram(fit.data)),
        diagram_caption="What is observed, what is hidden, and what is seen for some.",
        data_facts=tuple(fit.data.facts().items()),
        effects=tuple((effect, effect.summary()) for effect in shown),
        comparison=table,
        comparison_note="What people would do instead, on the same data; the intervals are what each rule itself would report.",
        withheld=next((check.finding for check in checks if check.name == "withheld outcomes"), None),
        figures=_figures(fit, table, truth, headline.unit),
        checks=checks,
        sensitivity=tuple((name, curve, plots.sensitivity(curve, name, model.headline, truth, unit=headline.unit)) for name, curve in curves.items()),
        reproduce=tuple((name, str(value)) for name, value in fit.provenance.items()),
        call=_call(fit),
    )


def status(checks: tuple[Check, ...], sampling: tuple[Check, ...]) -> Status:
    """`fail` where the draws cannot be trusted, `warn` where another check failed, else `pass`."""
    if any(check.passed is False for check in sampling):
        return "fail"
    return "warn" if any(check.passed is False for check in checks) else "pass"


def _figures(fit: Any, table: Any, truth: float | None, unit: str) -> tuple:
    predictions = fit.model.predictions(fit.draws["posterior"].to_dataset(), fit.data, np.random.default_rng(fit.seed))
    pictures = [("Comparison", "Each rule's own 95 % interval.", plots.comparison(table, truth, unit=unit))]
    pictures += [(prediction.name, "Observed, on 50 % and 95 % of replications.", plots.predictive(prediction)) for prediction in predictions]
    return tuple(pictures)


def _call(fit: Any) -> str:
    kinds = [type(fit.data).__name__, type(fit.model).__name__, type(fit.sampler).__name__, "Known"]
    arguments = ", ".join(f"{name}={value!r}" for name, value in fit.data.arguments.items() if value is not None)
    lines = [
        f"from causalstats import {', '.join(kinds)}, fit",
        f"data = {kinds[0]}.from_frame(frame, {arguments})",
        f"model = {fit.model!r}",
        f"result = fit(model, data, seed={fit.seed}, sampler={fit.sampler!r})",
    ]
    return "\n".join(lines)
