"""Pages that are made from the code, its docstrings and its committed results at build time."""

from __future__ import annotations

from pathlib import Path

import assumption_pages
import check_pages
import gallery_pages
import number_pages
import reference_pages
import study_pages
from markdown import remove_others
from sphinx.application import Sphinx

# Folders that hold made pages alone; git ignores them.
MADE = ("assumptions", "checks", "gallery", "numbers", "studies", "reference/api")


def write_all(app: Sphinx) -> None:
    folder = Path(app.srcdir)
    fast = bool(app.config.docs_fast)
    assumption_pages.write_pages(folder / "assumptions", fast)
    check_pages.write_pages(folder / "checks")
    number_pages.write_pages(folder / "numbers")
    gallery_pages.write_pages(folder / "gallery", fast)
    study_pages.write_pages(folder / "studies", fast)
    reference_pages.write_pages(folder / "reference")
    for name in MADE:
        remove_others(folder / name)


def setup(app: Sphinx) -> dict:
    app.add_config_value("docs_fast", False, "")
    app.connect("builder-inited", write_all)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
