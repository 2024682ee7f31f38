"""The report: one self-contained page with question, assumptions, answers and every check.

Nothing is computed here. A new format is a file beside these, and a line in `FORMATS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from causalstats.report.answers_csv import answers_csv
from causalstats.report.compose import compose
from causalstats.report.contents import ReportContents, Status
from causalstats.report.html_page import render
from causalstats.runs.files import write_whole

FORMATS: Mapping[str, Callable[[ReportContents], str]] = {
    ".csv": answers_csv,
    ".html": render,
}
"""What a report is written as, by the end of the file's name; HTML by default."""

__all__ = ["FORMATS", "ReportContents", "Status", "compose", "render", "write"]


def write(contents: ReportContents, path: str | Path) -> Path:
    """Write a report in the format of its name; a reader finds the old file or the new one.

    Raises
    ------
    StoreError
        If the file cannot be written.
    """
    text = FORMATS.get(Path(path).suffix.lower(), render)(contents)
    return write_whole(Path(path), text.encode())
