"""The case studies: their READMEs, as they stand beside the programs, and reports of quick ones."""

from __future__ import annotations

import hashlib
import importlib
import tempfile
from pathlib import Path

from catalogue import ROOT
from kept import kept
from markdown import table, toctree, write

from causalstats.case_studies import case_studies

REPORTS = {  # and whether the study takes long
    "kidney_stones": False,
    "cigarette_demand": True,
    "pottery_oxides": True,
}


def write_pages(folder: Path, fast: bool) -> None:
    """Write a page for each case study, the reports of some, and the index.

    Parameters
    ----------
    folder : Path
    fast : bool
        Whether to leave out reports that take long.
    """
    names = []
    for readme in sorted((ROOT / "case_studies").glob("*/README.md")):
        name = readme.parent.name
        parts = [
            readme.read_text().rstrip(),
            "## Run it",
            f"```console\n$ causalstats study {name}\n```",
        ]
        report = _report(name, fast) if name in REPORTS else None
        if report is not None:
            write(folder / f"{name}_report.html", report)
            parts.append(f"[The report that it leaves](./{name}_report.html)")
        write(folder / f"{name}.md", "\n\n".join(parts))
        names.append(name)
    words = (
        "Real questions. Each is a program in `case_studies/` that states the question, fits, "
        "checks, and writes its report; the page says what it found, what the checks said, and "
        "what it does not show."
    )
    head = ["study", "question", "time on two cores", "data"]
    listed = table(head, map(_row, names))
    parts = ["# Case studies", words, listed, toctree(names, hidden=True)]
    write(folder / "index.md", "\n\n".join(parts))


def _row(name: str) -> list[str]:
    study = case_studies()[name]
    source = f"of the package {study.package}" if study.package else "come with it"
    return [f"[{name}]({name}.md)", study.question, study.time, source]


def _report(name: str, fast: bool) -> str | None:
    """Return the report of a study as HTML; None where it is left out."""
    leave_out = fast and REPORTS[name]
    key = f"report|{name}|{_digest(name)}"
    return kept(key, lambda: _run(name), leave_out=leave_out)


def _run(name: str) -> str:
    study = importlib.import_module(f"causalstats.case_studies.{name}.study")
    with tempfile.TemporaryDirectory() as folder:
        return Path(study.run(Path(folder), False)).read_text()


def _digest(name: str) -> str:
    """Return a hash of what a report is made by, beside the models."""
    folders = (ROOT / "causalstats" / "report", ROOT / "case_studies" / name)
    files = [file for folder in folders for file in sorted(folder.iterdir())]
    contents = b"".join(file.read_bytes() for file in files if file.is_file())
    return hashlib.sha256(contents).hexdigest()
