"""The contents of a report, gathered from a fit, whose methods give every number."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

from causalstats.core.abilities import (
    AssumesByData,
    HasAdjustments,
    HasCausalGraph,
    HasDerivation,
)
from causalstats.core.assumption import Assumption
from causalstats.core.check import Check
from causalstats.core.effect import Effect, warnings_of
from causalstats.core.estimand import answerable
from causalstats.core.formatting import shown
from causalstats.core.wording import capitalised, heading, spelt
from causalstats.numerics.sampling.centre import centre_of, estimate_columns
from causalstats.numerics.sampling.posterior_summaries import surest_first
from causalstats.plots.forest import beside
from causalstats.plots.forest import comparison as methods
from causalstats.plots.sensitivity_curve import sensitivity as sensitivity_curve
from causalstats.plots.sensitivity_curve import strongest
from causalstats.report.contents import Answer, Authorship, ReportContents
from causalstats.report.evidence import evidence, is_fatal, status
from causalstats.report.table import MOST_ROWS

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from causalstats.inference.fit import Fit

_OWN_PLACE = ("comparison", "diagram")  # figures that stand in sections of their own
Sensitivity = Mapping[str, Any] | Sequence[Mapping[str, Any]]


def compose(
    fit: Fit,
    authorship: Authorship,
    answers: Sequence[str | Effect] | None = None,
    sensitivity: Sensitivity = (),
) -> ReportContents:
    """Return the contents of the report on a fit.

    Parameters
    ----------
    fit : Fit
    authorship : Authorship
        The headline of the model stands for an empty title, and its description for an empty
        question.
    answers : sequence of str or Effect, optional
        The answers that are shown, in their order; all that are no number a person, unless given.
    sensitivity : mapping, or sequence of mappings
        As `fit.report` takes it. Each value is a refit.
    """
    model = fit.model
    checks = fit.check()
    headline = fit.effect(fit.headline)
    doubts = tuple(dict.fromkeys([*checks, *headline.doubts]))
    has_many_entries = headline.draws.ndim > 2
    comparison = headline.on_display_scale(fit.compare())
    if has_many_entries:
        comparison = surest_first(comparison, MOST_ROWS, _shown_null(headline))
    curves = _sensitivity(fit, headline, sensitivity)
    shown_answers = _answers(fit, headline, answers)
    diagnostics = _figures(fit, diagnostic=True)
    return ReportContents(
        authorship=_completed(authorship, fit, headline),
        status=status(doubts),
        banner=tuple(
            f"{each}."
            for each in warnings_of([check for check in doubts if is_fatal(check)])
        ),
        answer=_answer(fit),
        figure=_headline_figure(fit, headline, comparison),
        figure_caption=_figure_caption(comparison, has_many_entries),
        evidence=evidence(
            _assumptions(fit),
            doubts,
            None if has_many_entries else comparison,
            [(name, table) for name, table, _ in curves],
            None if has_many_entries else _interval(headline),
            _shown_null(headline),
            headline.display_scale.unit,
        ),
        model_name=type(model).__name__,
        data_facts=_facts(fit.data),
        answers=shown_answers,
        comparison=_without_other_intervals(comparison),
        comparison_note=_comparison_note(headline, comparison, has_many_entries),
        withheld=_withheld(checks, comparison, headline.display_scale.suffix),
        sensitivity=curves,
        assumptions=_assumptions(fit),
        diagram=fit.plot("diagram") if isinstance(model, HasCausalGraph) else None,
        diagram_caption=fit.figures().get("diagram", ""),
        adjustments=model.adjustments(fit.data)
        if isinstance(model, HasAdjustments)
        else (),
        derivation=model.derivation() if isinstance(model, HasDerivation) else (),
        checks=_with_those_of_answers(doubts, shown_answers),
        figures=_figures(fit, diagnostic=False),
        diagnostics=diagnostics,
        fields=tuple(
            (field.name, shown(getattr(model, field.name))) for field in fields(model)
        ),
        reproduce=tuple((name, str(value)) for name, value in fit.provenance.items()),
        call=program_of(fit),
    )


def _assumptions(fit: Fit) -> tuple[Assumption, ...]:
    """Return the assumptions of the model that concern these data."""
    if isinstance(fit.model, AssumesByData):
        return fit.model.assumptions_for(fit.data)
    return fit.model.assumptions()


def _completed(authorship: Authorship, fit: Fit, headline: Effect) -> Authorship:
    title = f"{type(fit.model).__name__}: {spelt(fit.headline)}"
    return replace(
        authorship,
        title=authorship.title or title,
        question=authorship.question or headline.description,
    )


def _answer(fit: Fit) -> str:
    """Return the headline in words, with a second answer where it alone would mislead."""
    headline = fit.effect(fit.headline)
    companion = fit.model.estimands()[fit.headline].companion
    if (
        not companion or "{count}" in headline.sentence
    ):  # which counts over the companion
        return headline.in_words()
    return f"{headline.in_words()}\n{fit.effect(companion).in_words()}"


def _interval(headline: Effect) -> tuple[float, float]:
    row = headline.readable().iloc[0]
    return float(row["lower"]), float(row["upper"])


def _shown_null(headline: Effect) -> float:
    """Return the value without an effect on the scale that readers are shown."""
    return float(headline.display_scale.convert(headline.null))


def _headline_figure(fit: Fit, headline: Effect, comparison: pd.DataFrame) -> Figure:
    unit = headline.display_scale.unit
    if headline.draws.ndim > 2:
        return beside(comparison, unit=unit, null=_shown_null(headline))
    truth = fit.held_out_rate()
    if truth is not None:
        truth = float(headline.display_scale.convert(truth))
    estimates = comparison[
        comparison[centre_of(comparison)].notna()
    ]  # bounds would hide all else
    return methods(estimates, truth, unit=unit)


def _without_other_intervals(comparison: pd.DataFrame) -> pd.DataFrame:
    """Return a comparison without intervals of other methods, so that it fits on paper."""
    others = [name for name in comparison if str(name).endswith((", lower", ", upper"))]
    return comparison.drop(columns=others)


def _has_other_methods(comparison: pd.DataFrame, has_many_entries: bool) -> bool:
    """Return whether another method stands beside the answer: in columns of its own, or rows."""
    if has_many_entries:
        return comparison.shape[1] > len(estimate_columns(comparison))
    return len(comparison) > 1


def _figure_caption(comparison: pd.DataFrame, has_many_entries: bool) -> str:
    if _has_other_methods(comparison, has_many_entries):
        return "The answer beside other methods on the same data, with 95 % intervals."
    return "The answer, with 95 % intervals."


def _comparison_note(
    headline: Effect, comparison: pd.DataFrame, has_many_entries: bool
) -> str:
    if not _has_other_methods(comparison, has_many_entries):
        return (
            "No standard estimator answers this question on these data: the numbers "
            f"({headline.display_scale.unit}) are those of this model."
        )
    note = f"Standard estimators on the same data ({headline.display_scale.unit})"
    if has_many_entries:
        return f"{note}; the interval is that of this model."
    return f"{note}, each with the interval that it would report."


def _answers(
    fit: Fit, headline: Effect, chosen: Sequence[str | Effect] | None
) -> tuple[Answer, ...]:
    """Return the answers that were chosen, or every one that is not one a person."""
    drawn = fit.draws["posterior"].sizes["draw"] > 0
    if chosen is None:
        chosen = [
            name
            for name, estimand in answerable(fit.model, fit.data).items()
            if not estimand.per_person and (drawn or estimand.marginals)
        ]
    effects = [fit.effect(each) if isinstance(each, str) else each for each in chosen]
    return tuple(_one_answer(effect, headline) for effect in effects)


def _with_those_of_answers(
    checks: tuple[Check, ...], answers: tuple[Answer, ...]
) -> tuple[Check, ...]:
    """Return checks, and those that answers alone carry: an answer in doubt refers to them."""
    told = {check.name for check in checks}
    own = [check for answer in answers for check in answer.effect.doubts]
    return (*checks, *{c.name: c for c in own if c.name not in told}.values())


def _one_answer(effect: Effect, headline: Effect) -> Answer:
    """Return an answer; what the first screen says of the headline is not said again."""
    told = {check.name for check in headline.doubts}
    told_above = effect.name == headline.name and effect.draws.equals(headline.draws)
    has_sentence = effect.sentence and not told_above
    diagnostics = surest_first(effect.numbers(), MOST_ROWS, effect.null)
    diagnostics = diagnostics.rename(index={effect.name: effect.name.replace("_", " ")})
    return Answer(
        effect=effect,
        sentence=effect.in_words() if has_sentence else "",
        table=effect.on_display_scale(diagnostics[estimate_columns(diagnostics)]),
        diagnostics=diagnostics,
        unit=effect.display_scale.unit,
        doubts=tuple(check.name for check in effect.doubts if check.name not in told),
    )


def _sensitivity(
    fit: Fit, headline: Effect, asked: Sensitivity
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
    scale = headline.display_scale
    truth = fit.held_out_rate()
    if truth is not None:
        truth = float(scale.convert(truth))
    parts = []
    for assumptions in asked:
        table = fit.sensitivity(**assumptions)
        numbers = estimate_columns(table)
        table[numbers] = scale.convert(table[numbers])
        if headline.draws.ndim > 2:
            table = headline.relabelled(table)
            entry = str(headline.draws.dims[-1])
            table = strongest(table, entry, _shown_null(headline))
        figure = sensitivity_curve(table, headline.name, truth, unit=scale.unit)
        parts.append((" and ".join(assumptions), table, figure))
    return tuple(parts)


def _facts(data: Any) -> tuple[tuple[str, str], ...]:
    """Return the facts about the data; for a DataFrame, its size."""
    if hasattr(data, "facts"):
        return tuple(data.facts().items())
    return (("Rows", f"{len(data):,}"), ("Columns", ", ".join(map(str, data.columns))))


def _figures(fit: Fit, *, diagnostic: bool) -> tuple[tuple[str, str, Figure], ...]:
    """Return title, caption and figure of plots of the fit.

    Parameters
    ----------
    fit : Fit
    diagnostic : bool
        Whether they are those of parameters and chains, or those of this study.
    """
    of_study = {*fit.predictions(), *fit.views()}
    return tuple(
        (heading(name), caption, fit.plot(name))
        for name, caption in fit.figures().items()
        if name not in _OWN_PLACE and (name not in of_study) == diagnostic
    )


def _withheld(
    checks: tuple[Check, ...], table: pd.DataFrame, suffix: str
) -> str | None:
    """Return the finding about withheld outcomes, and which simpler rules came closer to the truth.

    Parameters
    ----------
    checks : tuple of Check
    table : DataFrame
        The comparison with other methods.
    suffix : str
        That of its numbers.

    Returns
    -------
    str or None
        None where no outcomes were withheld.
    """
    findings = [each.finding for each in checks if each.name == "withheld outcomes"]
    if not findings:
        return None
    finding = capitalised(findings[0])
    if (
        "error" not in table
    ):  # outcomes of some people, or results of an imperfect test: no truth
        return f"{finding}."
    error = table["error"].abs()
    closer = table[error < error.iloc[0]]
    if closer.empty:
        return f"{finding}. No simpler rule came closer."
    centre = centre_of(table)
    rules = [f"{name} ({row[centre]:.3g}{suffix})" for name, row in closer.iterrows()]
    return f"{finding}. Closer to the truth came: {'; '.join(rules)}."


def program_of(fit: Fit) -> str:
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
