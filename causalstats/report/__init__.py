"""The report: one self-contained page with answer, evidence, assumptions and every check.

Nothing is computed here. A new format is a file beside these, and a line in `FORMATS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from causalstats.core.files import write_whole
from causalstats.errors import StoreError
from causalstats.report.answers_csv import answers_csv
from causalstats.report.answers_latex import answers_latex
from causalstats.report.compose import compose
from causalstats.report.contents import Authorship, ReportContents, Status
from causalstats.report.documents import (
    missing_for_pdf,
    missing_for_word,
    pdf,
    word_document,
)
from causalstats.report.html_page import render
from causalstats.report.markdown_page import markdown


@dataclass(frozen=True)
class Format:
    """A format that a report is written in.

    Parameters
    ----------
    make : function of the contents
        Returns the file as text, or as bytes.
    missing : function
        Returns what the format needs that this machine lacks; empty if nothing.
    """

    make: Callable[[ReportContents], str | bytes]
    missing: Callable[[], str] = lambda: ""


FORMATS: Mapping[str, Format] = {
    ".html": Format(render),
    ".md": Format(markdown),
    ".docx": Format(word_document, missing_for_word),
    ".pdf": Format(pdf, missing_for_pdf),
    ".csv": Format(answers_csv),
    ".tex": Format(answers_latex),
}
"""The formats of a report, by the end of the file's name."""

__all__ = [
    "FORMATS",
    "Authorship",
    "Format",
    "ReportContents",
    "Status",
    "compose",
    "format_of",
    "render",
    "write",
]


def format_of(path: str | Path) -> Format:
    """Return the format that the end of a file's name asks for.

    Raises
    ------
    StoreError
        If there is no such format, or this machine lacks a program that it needs.

    Examples
    --------
    >>> format_of("report.html").missing()
    ''
    """
    suffix = Path(path).suffix.lower()
    if suffix not in FORMATS:
        *others, last = FORMATS
        raise StoreError(
            f"Expected the name of a report to end in {', '.join(others)} or {last}, got "
            f"{str(path)!r}."
        )
    chosen = FORMATS[suffix]
    if missing := chosen.missing():
        raise StoreError(
            f"{str(path)!r} cannot be written: {missing}. Write the report as .html or .md."
        )
    return chosen


def write(contents: ReportContents, path: str | Path) -> Path:
    """Write a report in the format of its name; a reader finds the old file or the new one.

    Raises
    ------
    StoreError
        If there is no such format, a program that it needs is missing or fails, or the file cannot
        be written.
    """
    made = format_of(path).make(contents)
    return write_whole(Path(path), made.encode() if isinstance(made, str) else made)
