"""Word and PDF files of a report, by pandoc, Quarto, or a browser.

`causalstats[docx]` brings a pandoc, in the package pypandoc-binary.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from causalstats.errors import StoreError
from causalstats.report.contents import ReportContents
from causalstats.report.html_page import render
from causalstats.report.markdown_page import markdown

_BROWSERS = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "msedge",
    "microsoft-edge",
)
_PDF_ENGINES = ("typst", "weasyprint", "wkhtmltopdf", "tectonic", "xelatex", "lualatex")
_LONGEST_RUN = 180  # seconds


def word_document(contents: ReportContents) -> bytes:
    """Return the report as a Word document (docx), converted from Markdown by pandoc."""
    return _by_pandoc(contents, "docx", [])


def pdf(contents: ReportContents) -> bytes:
    """Return the report as PDF: the page as a browser prints it, or else by pandoc."""
    browser = _first_found(_BROWSERS)
    if browser is None:
        return _by_pandoc(
            contents, "pdf", [f"--pdf-engine={_first_found(_PDF_ENGINES)}"]
        )
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "report.html"
        page.write_text(render(contents), encoding="utf-8")
        printed = Path(folder) / "report.pdf"
        # Chromium refuses to run as root inside its sandbox; the page runs no script.
        root = ["--no-sandbox"] if getattr(os, "geteuid", lambda: 1)() == 0 else []
        options = [
            "--headless",
            "--disable-gpu",
            "--no-pdf-header-footer",
            f"--user-data-dir={folder}/profile",
            f"--print-to-pdf={printed}",
        ]
        return _made([browser, *root, *options, page.as_uri()], printed)


def missing_for_word() -> str:
    """Return what a Word document would need that this machine lacks; empty if nothing."""
    if _pandoc():
        return ""
    return (
        "A Word document is made by pandoc or Quarto, and neither is installed here "
        "(`pip install 'causalstats[docx]'` brings pandoc)"
    )


def missing_for_pdf() -> str:
    """Return what a PDF would need that this machine lacks; empty if nothing."""
    if _first_found(_BROWSERS) or _pandoc() and _first_found(_PDF_ENGINES):
        return ""
    return (
        "A PDF is printed by Chromium, Chrome or Edge, or made by pandoc or Quarto with one of "
        f"{', '.join(_PDF_ENGINES)}; none of these is installed here"
    )


def _first_found(programs: tuple[str, ...]) -> str | None:
    return next(filter(None, map(shutil.which, programs)), None)


def _pandoc() -> list[str]:
    """Return the beginning of a call of pandoc: on the path, in Quarto, or of `causalstats[docx]`.

    Empty without one.
    """
    if pandoc := shutil.which("pandoc"):
        return [pandoc]
    if quarto := shutil.which("quarto"):
        return [quarto, "pandoc"]
    try:
        import pypandoc

        return [pypandoc.get_pandoc_path()]
    except (ImportError, OSError):  # OSError: the package without its program
        return []


def _by_pandoc(contents: ReportContents, kind: str, options: list[str]) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        text = Path(folder) / "report.md"
        text.write_text(markdown(contents), encoding="utf-8")
        made = Path(folder) / f"report.{kind}"
        # The first heading becomes the title of the document.
        reading = ["--from=gfm", "--shift-heading-level-by=-1"]
        paths = [str(text), "--output", str(made)]
        return _made([*_pandoc(), *reading, *options, *paths], made)


def _made(command: list[str], path: Path) -> bytes:
    """Return the file that a program makes.

    Raises
    ------
    StoreError
        If it fails, takes too long, or makes no file.
    """
    program = Path(command[0]).name
    try:
        run = subprocess.run(  # noqa: S603 - a program of this machine, without a shell
            command, capture_output=True, timeout=_LONGEST_RUN, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise StoreError(
            f"{program} did not make the report ({error}). Write it as .html."
        ) from error
    if run.returncode or not path.exists():
        last = run.stderr.decode(errors="replace").strip().splitlines()[-1:]
        raise StoreError(
            f"{program} did not make the report ({' '.join(last) or 'no message'}). Write it as "
            ".html, which needs no other program."
        )
    return path.read_bytes()
