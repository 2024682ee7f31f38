"""Docstrings as reStructuredText: lines of formulas stay lines, and signs are no markup."""

from __future__ import annotations

import re
from itertools import groupby

from sphinx.application import Sphinx

_FORMULA = re.compile(r"[=~∝→≥≤<>∈]|\.\.\.")
_SECTION = re.compile(r"^-{3,}$")


def prepare(app, kind, name, thing, options, lines: list[str]) -> None:
    """Rewrite a docstring in place, before numpydoc reads its sections.

    Parameters
    ----------
    app, kind, name, thing, options
        As Sphinx gives them to `autodoc-process-docstring`; not used.
    lines : list of str
        The docstring, which is changed.
    """
    start = next(
        (k - 1 for k, line in enumerate(lines) if _SECTION.match(line.strip())), None
    )
    opening = lines if start is None else lines[:start]
    rest = [] if start is None else lines[start:]
    lines[:] = [*_opening(opening), *_sections(rest)]


def _opening(lines: list[str]) -> list[str]:
    """The summary and the paragraphs below it: those of formulas become literal blocks."""
    made: list[str] = []
    for blank, group in groupby(lines, key=lambda line: not line.strip()):
        paragraph = list(group)
        if not blank and made and _is_formula(paragraph):
            made += ["::", "", *(f"    {line}" for line in paragraph), ""]
        elif not blank and ">>>" not in paragraph[0]:
            made += [_escaped(line) for line in paragraph]
        else:
            made += paragraph
    return made


def _is_formula(paragraph: list[str]) -> bool:
    """Whether a paragraph is a formula, or a stack of them, and no sentence."""
    if paragraph[0].lstrip().startswith(("- ", ">>>", "::")):
        return False
    sentence = paragraph[-1].rstrip().endswith((".", ":", ";"))
    short = all(len(line) < 90 for line in paragraph)
    return not sentence and short and all(map(_FORMULA.search, paragraph))


def _sections(lines: list[str]) -> list[str]:
    """Descriptions of parameters and the like; programs stay as they are."""
    made = []
    examples = False
    for k, line in enumerate(lines):
        below = lines[k + 1].strip() if k + 1 < len(lines) else ""
        if _SECTION.match(below):
            examples = line.strip() == "Examples"
        indented = line.startswith("    ")
        made.append(_escaped(line) if indented and not examples else line)
    return made


def _escaped(line: str) -> str:
    """Escape bars, stars and trailing underscores outside code."""
    parts = re.split(r"(`+[^`]*`+)", line)
    for k in range(0, len(parts), 2):
        parts[k] = re.sub(r"(?<!\\)([*|])", r"\\\1", parts[k])
        parts[k] = re.sub(r"(\w)_(?=\W|$)", r"\1\\_", parts[k])
    return "".join(parts)


def setup(app: Sphinx) -> dict:
    app.connect("autodoc-process-docstring", prepare, priority=300)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
