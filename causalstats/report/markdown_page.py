"""The report as Markdown (GitHub's), figures embedded; word processors' files are made from it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from matplotlib.figure import Figure

from causalstats.core.wording import capitalised
from causalstats.report.contents import Answer, ReportContents
from causalstats.report.embedded_figure import data_uri
from causalstats.report.html_page import failing_first, paragraphs, tally, verdict
from causalstats.report.table import MOST_ROWS, table

if TYPE_CHECKING:
    import pandas as pd

_SPECIAL = re.compile(r"([\\*_{}\[\]<>#|~$^@&!])")
_LIST_MARK = re.compile(r"^(\s*)([-+]|\d+[.)])(?=\s)")


def markdown(contents: ReportContents) -> str:
    """Return the report as Markdown. Every text of the contents is escaped."""
    blocks = [
        *_opening(contents),
        *_evidence(contents),
        *_prose(contents),
        *_data(contents),
        *_answers(contents),
        *_comparisons(contents),
        *_assumptions(contents),
        *_checks(contents),
        *_figures("Figures", contents.figures),
        *_references(contents),
        *_appendix(contents),
    ]
    return "\n\n".join(blocks) + "\n"


def escaped(text: object) -> str:
    """Return text in which nothing is markup; lines are joined.

    Examples
    --------
    >>> print(escaped("2 * x_1 <b>"))
    2 \\* x\\_1 \\<b\\>
    """
    line = " ".join(str(text).replace("`", "").split())
    line = _SPECIAL.sub(r"\\\1", line)
    return _LIST_MARK.sub(lambda mark: f"{mark[1]}{_broken(mark[2])}", line)


def _broken(mark: str) -> str:
    """Return the mark of a list, so that it begins none."""
    return f"\\{mark}" if mark in "-+" else f"{mark[:-1]}\\{mark[-1]}"


def _opening(contents: ReportContents) -> Iterator[str]:
    about = contents.authorship
    yield f"# {escaped(about.title)}"
    yield f"*{escaped(about.question)}*"
    byline = " · ".join(filter(None, [about.author, about.date]))
    if byline:
        yield escaped(byline)
    if contents.status == "fail":
        yield "**Do not rely on these numbers**"
        yield _listed(contents.banner)
    yield "## Answer"
    yield from (f"**{escaped(line)}**" for line in contents.answer.splitlines())
    if contents.figure is not None:
        yield _picture("The answer", contents.figure)
        yield escaped(contents.figure_caption)


def _evidence(contents: ReportContents) -> Iterator[str]:
    parts = {
        "What speaks for it": contents.evidence.supports,
        "What speaks against it": contents.evidence.opposes,
        "What these data cannot tell": [
            f"{capitalised(name)}. {statement}"
            for name, statement in contents.evidence.untestable
        ],
    }
    for heading, lines in parts.items():
        if lines:
            yield f"### {heading}"
            yield _listed(lines)


def _prose(contents: ReportContents) -> Iterator[str]:
    for heading, text in contents.authorship.sections:
        yield f"## {escaped(heading)}"
        yield from map(escaped, paragraphs(text))


def _data(contents: ReportContents) -> Iterator[str]:
    source = contents.authorship.source
    if not contents.data_facts and not source:
        return
    yield "## Data"
    if source:
        yield f"Source: {escaped(source)}"
    yield _pairs(contents.data_facts)


def _answers(contents: ReportContents) -> Iterator[str]:
    if contents.answers:
        yield "## Answers in full"
    for answer in contents.answers:
        yield from _one_answer(answer)


def _one_answer(answer: Answer) -> Iterator[str]:
    effect = answer.effect
    yield f"### {escaped(effect.name.replace('_', ' '))} ({effect.kind})"
    if answer.sentence:
        yield escaped(answer.sentence)
    contrast = effect.contrast
    compared = "" if contrast in ("", "none") else f" Contrast: {contrast}."
    yield escaped(f"{effect.description}{compared}")
    if answer.doubts:
        yield escaped(f"In doubt: {'; '.join(answer.doubts)}.")
    yield _table(answer.table)
    yield escaped(f"Unit: {answer.unit}.")


def _comparisons(contents: ReportContents) -> Iterator[str]:
    if contents.comparison is not None:
        yield "## Beside other methods"
        yield escaped(contents.comparison_note)
        yield _table(contents.comparison)
    if contents.withheld is not None:
        yield "## Outcomes it was not shown"
        yield escaped(contents.withheld)
    if contents.sensitivity:
        yield "## Sensitivity"
    for field, frame, figure in contents.sensitivity:
        yield f"### {escaped(field.replace('_', ' '))}"
        yield _picture(f"Sensitivity to {field}", figure)
        yield _table(frame)


def _assumptions(contents: ReportContents) -> Iterator[str]:
    yield "## What it assumes"
    if contents.diagram is not None:
        yield _picture("Causal diagram", contents.diagram)
    for assumption in contents.assumptions:
        result = verdict(assumption, contents.checks)
        yield f"### {escaped(capitalised(assumption.name))} ({result})"
        yield escaped(assumption.statement)
        if assumption.formula:
            yield escaped(assumption.formula)
        yield f"**If it is wrong:** {escaped(assumption.if_wrong)}"
    if contents.adjustments:
        yield "## What an effect would need"
        yield _pairs([(each.needed, each.here) for each in contents.adjustments])
    if contents.derivation:
        yield "## How the answer follows"
        yield from map(escaped, contents.derivation)


def _checks(contents: ReportContents) -> Iterator[str]:
    if not contents.checks:
        return
    yield "## Checks"
    yield f"{tally(contents.checks)}."
    rows = [
        [check.verdict, check.name, check.finding, check.expected, check.remedy]
        for check in failing_first(contents.checks)
    ]
    yield _grid(["", "check", "finding", "expected", "what to do"], rows)


def _figures(
    heading: str, figures: Iterable[tuple[str, str, Figure]], level: str = "##"
) -> Iterator[str]:
    figures = tuple(figures)
    if figures and heading:
        yield f"{level} {heading}"
    for title, caption, figure in figures:
        yield f"{level}# {escaped(title)}"
        yield _picture(title, figure)
        if caption:
            yield escaped(caption)


def _references(contents: ReportContents) -> Iterator[str]:
    references = contents.authorship.references
    if references:
        yield "## References"
        yield _listed(references)


def _appendix(contents: ReportContents) -> Iterator[str]:
    yield "## Appendix"
    for answer in contents.answers:
        yield f"### Sampling diagnostics of {escaped(answer.effect.name.replace('_', ' '))}"
        yield _table(answer.diagnostics)
    yield from _figures("", contents.diagnostics)
    if contents.fields:
        yield "### The model as it was set"
        yield _pairs(contents.fields)
    if contents.call:
        yield "### How to reproduce"
        yield "\n".join(f"    {line}" for line in contents.call.splitlines())
    if contents.reproduce:
        yield _pairs(contents.reproduce)


def _listed(lines: Iterable[str]) -> str:
    return "\n".join(f"- {escaped(line)}" for line in lines)


def _picture(title: str, figure: Figure) -> str:
    return f"![{escaped(title)}]({data_uri(figure, 'png')})"


def _pairs(facts: Iterable[tuple[str, str]]) -> str:
    return _grid(["", ""], [[name, value] for name, value in facts])


def _table(frame: pd.DataFrame) -> str:
    shown = table(frame)
    headings = [shown.corner, *(heading for heading, _ in shown.columns)]
    rows = [[label, *(text for text, _ in cells)] for label, cells in shown.rows]
    numeric = [False, *(is_numeric for _, is_numeric in shown.columns)]
    grid = _grid(headings, rows, numeric)
    if shown.total > len(shown.rows):
        return f"{grid}\n\nThe first {MOST_ROWS} of {shown.total:,} rows."
    return grid


def _grid(
    headings: list[str], rows: list[list[str]], numeric: list[bool] | None = None
) -> str:
    """Return a table.

    Parameters
    ----------
    headings : list of str
    rows : list of lists of str
    numeric : list of bool, optional
        Which columns are numbers, set to the right.
    """
    rules = ["---:" if right else "---" for right in numeric or [False] * len(headings)]
    lines = [list(map(escaped, headings)), rules]
    lines += [list(map(escaped, row)) for row in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
