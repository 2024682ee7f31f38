"""A page for every assumption: what it says, what happens when it is wrong, and what shows it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import planted
from bench_results import results
from catalogue import (
    BENCH,
    AssumptionEntry,
    CheckEntry,
    assumption_entries,
    check_entries,
    entry_of,
)
from markdown import share, slug, table, toctree, write

NOT_SHOWN = "These data cannot show this."


def write_pages(folder: Path, fast: bool) -> None:
    """Write the pages and their index.

    Parameters
    ----------
    folder : Path
    fast : bool
        Whether to leave out planted data whose fit takes long.
    """
    entries = assumption_entries()
    for entry in entries:
        made = planted.record((entry.family, entry.name), fast)
        path = folder / entry.family / f"{slug(entry.name)}.md"
        write(path, page(entry, made))
        if made and "sensitivity" in made:
            write(path.with_suffix(".svg"), made["sensitivity"]["svg"])
    write(folder / "index.md", index(entries))


def index(entries: list[AssumptionEntry]) -> str:
    """Return the page that lists all of them, by family."""
    parts = [
        "# Assumptions",
        "Every assumption that an answer of causalstats can stand on, in any option of any model: "
        "what it says, what happens where it is wrong, which check could refute it, and data in "
        "which it is wrong. The pages are made from the models, and a test holds them complete.",
    ]
    for family in dict.fromkeys(entry.family for entry in entries):
        rows = [_row(entry) for entry in entries if entry.family == family]
        head = ["assumption", "in words", "can data refute it?"]
        parts += [f"## {family}", table(head, rows)]
        pages = [
            f"{family}/{slug(each.name)}" for each in entries if each.family == family
        ]
        parts.append(toctree(pages, family, hidden=True))
    return "\n\n".join(parts)


def _row(entry: AssumptionEntry) -> list[str]:
    link = f"[{entry.name}]({entry.family}/{slug(entry.name)}.md)"
    checks = ", ".join(_check_link(name, "..") for name in _checks(entry))
    return [link, _prose(entry.first.statement), checks or "no"]


def page(entry: AssumptionEntry, made: dict[str, Any] | None) -> str:
    """Return the page of an assumption.

    Parameters
    ----------
    entry : AssumptionEntry
    made : dict or None
        The record of the planted data, if there is one.
    """
    first = entry.first
    parts = [
        f"# {entry.name[0].upper()}{entry.name[1:]}",
        f"An assumption of {{py:class}}`causalstats.{entry.family}`.",
        _prose(first.statement),
        _formula(first.formula),
        "## When it is wrong",
        *_consequences(entry),
        "## What could refute it",
        *_refutation(entry),
        *_planted(entry, made),
        *_bent(entry, made),
        *_wordings(entry),
    ]
    return "\n\n".join(part for part in parts if part)


def _consequences(entry: AssumptionEntry) -> list[str]:
    return list(dict.fromkeys(_prose(each.if_wrong) for each in entry.wordings))


def _checks(entry: AssumptionEntry) -> list[str]:
    names = [name for each in entry.wordings for name in each.checks]
    return list(dict.fromkeys(names))


def _refutation(entry: AssumptionEntry) -> list[str]:
    checks = _checks(entry)
    if not checks:
        return [
            f"{NOT_SHOWN} No check of causalstats can refute it: it has to be argued for from "
            "how the data came about, and bent to see how far the answer follows."
        ]
    known = check_entries()
    items = []
    for name in checks:
        described = entry_of(name, known, entry.family)
        statistic = f": {described.statistic}" if described else ""
        items.append(f"- {_check_link(name)}{statistic}")
    rows = [
        [result.name, str(result.row["data sets"]), share(result.row["caught"])]
        for result in results()
        if result.family == BENCH.get(entry.family)
        and ("Heckman" in result.name) == (entry.family == "Heckman")
        and any(result.looked_for(name) for name in checks)
    ]
    parts = ["\n".join(items)]
    if rows:
        parts += [
            "Planted data in which these checks have something to see, and how often one of them "
            "failed or stood on the answer as a doubt (from the refutation bench):",
            table(["planted", "data sets", "seen"], rows),
        ]
    hidden = [
        f"- {result.name}: {result.row['undetectable'].rstrip('.')}."
        for result in results()
        if result.family == BENCH.get(entry.family)
        and result.row.get("undetectable", "")
        and f"`{entry.name}`" in result.row.get("undetectable", "") + _mentions(entry)
    ]
    if hidden:
        parts += [
            "Planted data of this kind do not show:",
            "\n".join(dict.fromkeys(hidden)),
        ]
    return parts


def _mentions(entry: AssumptionEntry) -> str:
    """The words by which the bench means an assumption without its name."""
    return "`this diagram`" if entry.name == "this diagram" else ""


def _planted(entry: AssumptionEntry, made: dict[str, Any] | None) -> list[str]:
    world = planted.world_of((entry.family, entry.name))
    if world is None:
        return []
    title = world.name.removeprefix("Heckman, ")
    parts = [
        "## Data in which it is wrong",
        f"*{title[0].upper()}{title[1:]}*, drawn from seed {planted.SEED}:",
        f"::::{{dropdown}} The program\n```python\n{planted.source(world)}\n```\n::::",
    ]
    if made is None:
        return [*parts, "The fit takes a minute and is left out of this quick build."]
    said = []
    for name, verdict, finding, remedy in made["checks"]:
        said.append(f"- **{verdict}**, {_check_link(name)}: {_cell(finding)}.")
        if remedy:
            said.append(f"  *{_cell(remedy)}*")
    intro = (
        f"These checks look for it, or did not pass, on its {made['rows']:,} rows; what they "
        "advise is in italics:"
    )
    return [*parts, intro, "\n".join(said)]


def _bent(entry: AssumptionEntry, made: dict[str, Any] | None) -> list[str]:
    fields = list(dict.fromkeys(n for each in entry.wordings for n in each.fields))
    if not fields:
        return []
    names = ", ".join(f"`{name}`" for name in fields)
    parts = [
        "## Bend it",
        f"It is stated by {names} of the model; `fit.sensitivity` gives the answer at other "
        "values.",
    ]
    if made and "sensitivity" in made:
        curve = f"{slug(entry.name)}.svg"
        parts += [
            f"```python\n{made['sensitivity']['code']}\n```",
            f"![The answer at each value]({curve})",
        ]
    return parts


def _wordings(entry: AssumptionEntry) -> list[str]:
    if len(entry.wordings) < 2:
        return []
    rows = []
    for assumption, options in entry.wordings.items():
        title = options[0].partition(", ")[2] or "default"
        more = f" and {len(options) - 1} more" if len(options) > 1 else ""
        formula = f"`{assumption.formula}`" if assumption.formula else ""
        rows.append([f"{title}{more}", _prose(assumption.statement), formula])
    return ["## By option", table(["option", "statement", "formula"], rows)]


def _check_link(name: str, up: str = "../..") -> str:
    entry: CheckEntry | None = entry_of(name, check_entries())
    return f"[{name}]({up}/checks/{slug(entry.name)}.md)" if entry else name


def _formula(text: str) -> str:
    return f"```text\n{text}\n```" if text else ""


def _prose(text: str) -> str:
    """Text of a model as Markdown: no character of it is markup but that of code."""
    return text.replace("*", "\\*").replace("_", "\\_") if "`" not in text else text


def _cell(text: str) -> str:
    return _prose(text).replace("\n", " ")
