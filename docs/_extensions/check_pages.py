"""A page for every check: its statistic, its reference distribution, its power and false alarms."""

from __future__ import annotations

import importlib
import inspect
import re
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
    for name, same in by_name(entries).items():
        write(folder / f"{slug(name)}.md", page(same, assumptions, worlds))
    write(folder / "index.md", index(entries, worlds))


def by_name(entries: list[CheckEntry]) -> dict[str, list[CheckEntry]]:
    """Return the entries of each name: one, or one for each family that computes another number."""
    named: dict[str, list[CheckEntry]] = {}
    for entry in entries:
        named.setdefault(entry.name, []).append(entry)
    return named


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
    named = by_name(entries)
    families = dict.fromkeys(name for entry in entries for name in entry.families)
    for family in sorted(families, key=[*TITLES, *families].index):
        title = TITLES.get(family, family)
        rows = []
        for entry in entries:
            if family not in entry.families:
                continue
            alone = len(named[entry.name]) == 1
            own = [each for each in worlds if alone or each.family in entry.families]
            power, alarms = _summary(entry, own)
            link = f"[{entry.name}]({slug(entry.name)}.md)"
            rows.append([link, entry.statistic, power, alarms])
        head = ["check", "statistic", "power", "false alarms"]
        parts += [f"## {title}", table(head, rows)]
        pages = [
            slug(name) for name, same in named.items() if same[0].families[0] == family
        ]
        parts.append(toctree(pages, title, hidden=True))
    return "\n\n".join(parts)


def _summary(entry: CheckEntry, worlds: list[WorldResult]) -> tuple[str, str]:
    """Return the range of the power and the rate of false alarms, in words."""
    powers = [each.failed(entry.name) for each in _wrong(entry.name, worlds)]
    power = "not planted"
    if powers:
        ends = (share(min(powers)), share(max(powers)))
        power = " to ".join(dict.fromkeys(ends))
    right = _right([entry], worlds)
    total = sum(each.row["data sets"] for each in right)
    if not total:
        return power, "not run"
    alarms = sum(each.failed(entry.name) * each.row["data sets"] for each in right)
    return power, f"{alarms:.0f} of {total}"


def _wrong(check: str, worlds: list[WorldResult]) -> list[WorldResult]:
    """The worlds with something to see for this check, in which it ran."""
    return [
        each
        for each in worlds
        if each.looked_for(check) and (each.ran(check) or each.failed(check) > 0)
    ]


def _right(entries: list[CheckEntry], worlds: list[WorldResult]) -> list[WorldResult]:
    """The right worlds in which a check of these entries looked."""
    return [
        each
        for each in worlds
        if not each.wrong
        and any(
            each.ran(entry.name) or (entry.silent and each.family in entry.families)
            for entry in entries
        )
    ]


def page(
    entries: list[CheckEntry],
    assumptions: list[AssumptionEntry],
    worlds: list[WorldResult],
) -> str:
    """Return the page of a check.

    Parameters
    ----------
    entries : list of CheckEntry
        Those of its name.
    assumptions : list of AssumptionEntry
    worlds : list of WorldResult
    """
    name = entries[0].name
    parts = [
        f"# {name[0].upper()}{name[1:]}",
        *(line for entry in entries for line in _statistic(entry, len(entries) > 1)),
        *_refuted(name, assumptions),
        *_power(name, worlds),
        *_alarms(entries, worlds),
        "## The mathematics",
        *(line for entry in entries for line in _mathematics(entry.code)),
    ]
    return "\n\n".join(parts)


def _statistic(entry: CheckEntry, one_of_several: bool) -> list[str]:
    families = ", ".join(TITLES.get(family, family) for family in entry.families)
    return [
        *([f"## {families}"] if one_of_several else []),
        f"Statistic\n: {entry.statistic}",
        f"Reference\n: {entry.reference}",
        f"When it fails\n: {entry.remedy}",
    ]


def _refuted(check: str, assumptions: list[AssumptionEntry]) -> list[str]:
    links = [
        f"- [{each.name}](../assumptions/{each.family}/{slug(each.name)}.md) of `{each.family}`"
        for each in assumptions
        if any(
            name.startswith(check) for words in each.wordings for name in words.checks
        )
    ]
    return ["## What it can refute", "\n".join(links)] if links else []


def _power(check: str, worlds: list[WorldResult]) -> list[str]:
    wrong = _wrong(check, worlds)
    if not wrong:
        return []
    note = (
        "A check that never fails stands as a doubt on the answer instead: its power is then 0 %, "
        "and the page of the assumption says how often the answer carried it."
    )
    parts = ["## Power", _shares(check, "planted", wrong)]
    never = all(each.failed(check) == 0 for each in wrong)
    return [*parts, note] if never else parts


def _alarms(entries: list[CheckEntry], worlds: list[WorldResult]) -> list[str]:
    right = _right(entries, worlds)
    if not right:
        return []
    table = _shares(entries[0].name, "right model", right)
    return ["## False alarms", table]


def _shares(check: str, title: str, worlds: list[WorldResult]) -> str:
    """Return the table of how often a check failed, with families where there are several."""
    several = len({each.family for each in worlds}) > 1
    rows = [
        [
            *([TITLES.get(each.family, each.family)] if several else []),
            each.name,
            str(each.row["data sets"]),
            share(each.failed(check)),
        ]
        for each in worlds
    ]
    return table([*(["family"] if several else []), title, "data sets", "failed"], rows)


def _mathematics(code: str) -> list[str]:
    text = inspect.getdoc(importlib.import_module(code)) or ""
    return [f"From the code, `{code}`:", f"```text\n{_joined(text)}\n```"]


def _joined(text: str) -> str:
    """Return text whose paragraphs are a line each, which pages break as they are wide."""
    return re.sub(r"(?<=\S)\n(?=\S)", " ", text)
