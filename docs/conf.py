"""Settings of the documentation: `make docs` builds it into `docs/_build/html`.

Pages are Markdown (MyST). A page whose front matter names a kernel is run, and its outputs are
shown; outputs are kept by content, so that only pages that changed run again. With
`DOCS_FAST=1`, pages with `heavy: true` in their front matter are shown without outputs.
"""

import os
import sys
from pathlib import Path

import yaml

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "_extensions"))
sys.path.insert(0, str(HERE.parent))

import causalstats  # noqa: E402

FAST = os.environ.get("DOCS_FAST") == "1"


def front_matter(page: Path) -> dict:
    """Return the front matter of a Markdown page, empty where it has none."""
    text = page.read_text()
    if not text.startswith("---\n"):
        return {}
    return yaml.safe_load(text.split("---\n", 2)[1]) or {}


def heavy_pages() -> list[str]:
    """Return the pages that say `heavy: true`, as paths from this folder."""
    pages = [page for page in HERE.rglob("*.md") if "_build" not in page.parts]
    return [str(p.relative_to(HERE)) for p in pages if front_matter(p).get("heavy")]


project = "causalstats"
author = "The causalstats developers"
copyright = "The causalstats developers"
version = release = causalstats.__version__
language = "en"

extensions = [
    "myst_nb",
    "sphinx_design",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "numpydoc",
    "docstrings",
    "generated_pages",
    "mathml",
]
docs_fast = FAST
exclude_patterns = ["_build", "_extensions", "**/.ipynb_checkpoints"]
suppress_warnings = ["toc.empty_glob"]
nitpicky = False

myst_enable_extensions = ["colon_fence", "deflist", "dollarmath", "attrs_inline"]
myst_heading_anchors = 3

nb_execution_mode = "cache"
nb_execution_cache_path = str(HERE / "_build" / "outputs")
nb_execution_excludepatterns = heavy_pages() if FAST else []
nb_execution_in_temp = True
nb_execution_raise_on_error = True
nb_execution_timeout = 600
nb_merge_streams = True
nb_output_stderr = "remove"
nb_ipywidgets_js = {}

default_role = "code"
autodoc_typehints = "none"
autosummary_generate = False
numpydoc_show_class_members = False
numpydoc_validation_checks = set()

toc_object_entries_show_parents = "hide"

html_theme = "pydata_sphinx_theme"
html_title = "causalstats"
html_static_path = ["_static"]
html_css_files = ["causalstats.css"]
html_math_renderer = "mathml"
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "header_links_before_dropdown": 7,
    "navbar_align": "left",
    "navbar_persistent": ["search-button"],
    "navigation_with_keys": False,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "show_toc_level": 2,
}
