"""A page for every check: its statistic, its reference distribution, its power and false alarms."""

from __future__ import annotations

import importlib
import inspect
from pathlib import Path

from bench_results import WorldResult, results
from catalogue import AssumptionEntry, CheckEntry, assumption_entries, check_entries
from markdown import share, slug, table, toctree, write

TITLES = {
    "panel": "Panels",
    "instruments": "Instruments",
    "dynamic_panel": "Dynamic panels",
    "panel_glm": "Counts and outcomes of 0 and 1",
    "event_study": "Event studies",
    "selection": "Selection",
    "composition": "Compositions",
    "diagrams": "Causal diagrams",
    "knowledge": "Outside knowledge",
    "predictive": "Posterior prediction",
    "sampling": "Draws",
    "calibration": "Calibration",
}


def write_pages(folder: Path) -> None:
    """Write the pages and their index."""
    entries = check_entries()
    assumptions = assumption_entries()
    worlds = results()
    for entry in entries:
        write(folder / f"{slug(entry.name)}.md", page(entry, assumptions, worlds))
    write(folder / "index.md", index(entries, worlds))


def index(entries: list[CheckEntry], worlds: list[WorldResult]) -> str:
    """Return the page that lists all of them, by what they are about."""
    parts = [
        "# Checks",
        "`fit.check()` runs every check that could refute an answer. A failed check stands on "
        "the answer that it is about, with its finding and a remedy. Power is the share of "
        "planted data sets, wrong in what the check is there to see, in which it failed; a "
        "false alarm is a failure where the model is right. Both are from the "
        "[refutation bench](../numbers/refutation.md).",
    ]
    families = dict.fromkeys(name for entry in entries for name in entry.families)
    for family in sorted(families, key=[*TITLES, *families].index):
        title = TITLES.get(family, family)
        rows = []
        for entry in entries:
            if family not in entry.families:
                continue
            power, alarms = _summary(entry, worlds)
            link = f"[{entry.name}]({slug(entry.name)}.md)"
            rows.append([link, entry.statistic, power, alarms])
        head = ["check", "statistic", "power", "false alarms"]
        parts += [f"## {title}", table(head, rows)]
        pages = [slug(each.name) for each in entries if each.families[0] == family]
        parts.append(toctree(pages, title, hidden=True))
    return "\n\n".join(parts)


def _summary(entry: CheckEntry, worlds: list[WorldResult]) -> tuple[str, str]:
    """Return the range of the power and the rate of false alarms, in words."""
    powers = [each.failed(entry.name) for each in _wrong(entry, worlds)]
    power = "not planted"
    if powers:
        ends = (share(min(powers)), share(max(powers)))
        power = " to ".join(dict.fromkeys(ends))
    right = _right(entry, worlds)
    total = sum(each.row["data sets"] for each in right)
    if not total:
        return power, "not run"
    alarms = sum(each.failed(entry.name) * each.row["data sets"] for each in right)
    return power, f"{alarms:.0f} of {total}"


def _wrong(entry: CheckEntry, worlds: list[WorldResult]) -> list[WorldResult]:
    """The worlds with something to see for this check, in which it ran."""
    return [
        each
        for each in worlds
        if each.looked_for(entry.name)
        and (each.ran(entry.name) or each.failed(entry.name) > 0)
    ]


def _right(entry: CheckEntry, worlds: list[WorldResult]) -> list[WorldResult]:
    return [each for each in worlds if not each.wrong and each.ran(entry.name)]


def page(
    entry: CheckEntry, assumptions: list[AssumptionEntry], worlds: list[WorldResult]
) -> str:
    """Return the page of a check.

    Parameters
    ----------
    entry : CheckEntry
    assumptions : list of AssumptionEntry
    worlds : list of WorldResult
    """
    parts = [
        f"# {entry.name[0].upper()}{entry.name[1:]}",
        f"Statistic\n: {entry.statistic}",
        f"Reference\n: {entry.reference}",
        f"When it fails\n: {entry.remedy}",
        *_refuted(entry, assumptions),
        *_power(entry, worlds),
        *_alarms(entry, worlds),
        *_mathematics(entry),
    ]
    return "\n\n".join(parts)


def _refuted(entry: CheckEntry, assumptions: list[AssumptionEntry]) -> list[str]:
    links = [
        f"- [{each.name}](../assumptions/{each.family}/{slug(each.name)}.md) of `{each.family}`"
        for each in assumptions
        if any(
            name.startswith(entry.name)
            for words in each.wordings
            for name in words.checks
        )
    ]
    return ["## What it can refute", "\n".join(links)] if links else []


def _power(entry: CheckEntry, worlds: list[WorldResult]) -> list[str]:
    rows = [
        [each.name, str(each.row["data sets"]), share(each.failed(entry.name))]
        for each in _wrong(entry, worlds)
    ]
    if not rows:
        return []
    note = (
        "A check that never fails stands as a doubt on the answer instead: its power is then 0 %, "
        "and the page of the assumption says how often the answer carried it."
    )
    parts = ["## Power", table(["planted", "data sets", "failed"], rows)]
    never = all(each.failed(entry.name) == 0 for each in _wrong(entry, worlds))
    return [*parts, note] if never else parts


def _alarms(entry: CheckEntry, worlds: list[WorldResult]) -> list[str]:
    right = _right(entry, worlds)
    if not right:
        return []
    rows = [
        [each.name, str(each.row["data sets"]), share(each.failed(entry.name))]
        for each in right
    ]
    return ["## False alarms", table(["right model", "data sets", "failed"], rows)]


def _mathematics(entry: CheckEntry) -> list[str]:
    text = inspect.getdoc(importlib.import_module(entry.code)) or ""
    return [
        "## The mathematics",
        f"From the code, `{entry.code}`:",
        f"```text\n{text}\n```",
    ]
