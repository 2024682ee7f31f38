"""The case studies: their READMEs, as they stand beside the programs."""

from __future__ import annotations

from pathlib import Path

from catalogue import ROOT
from markdown import toctree, write


def write_pages(folder: Path) -> None:
    """Write a page for each case study, and their index."""
    names = []
    for readme in sorted((ROOT / "case_studies").glob("*/README.md")):
        name = readme.parent.name
        command = f"```console\n$ causalstats study {name}\n```"
        write(folder / f"{name}.md", f"{readme.read_text().rstrip()}\n\n{command}")
        names.append(name)
    words = (
        "Real questions. Each is a program in `case_studies/` that states the question, fits, "
        "checks, and writes its report; the page says what it found, what the checks said, and "
        "what it does not show."
    )
    write(folder / "index.md", f"# Case studies\n\n{words}\n\n{toctree(names)}")
