"""The programs of the README and of the guides run, and print what they say."""

import contextlib
import io
import re
from pathlib import Path

import matplotlib.pyplot as plt
import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
RUN_HERE = [  # tests/laws/test_own_model.py runs own_model.md, `make docs` the notebooks
    path.relative_to(ROOT)
    for path in (
        ROOT / "README.md",
        ROOT / "causalstats" / "llms.md",
        DOCS / "how_to" / "gpu.md",
        *sorted((DOCS / "guides").glob("*.md")),
    )
]
PAGES = [
    Path("README.md"),
    *(
        path.relative_to(ROOT)
        for path in sorted(DOCS.rglob("*.md"))
        if "_build" not in path.parts
    ),
]


@pytest.mark.usefixtures("densities_by_jax")
@pytest.mark.parametrize("page", RUN_HERE, ids=str)
def test_programs_run_and_print_what_they_say(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = (ROOT / page).read_text()
    blocks = re.findall(r"```(python|text)\n(.*?)```", text, re.DOTALL)
    names: dict = {}
    printed = ""
    for language, block in blocks:
        if language == "text":
            assert printed == block
            continue
        output = io.StringIO()
        with contextlib.redirect_stdout(output):
            exec(compile(block, str(page), "exec"), names)
        printed = output.getvalue()
    plt.close("all")


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_links_lead_to_files(page):
    text = (ROOT / page).read_text()
    for target in re.findall(r"\]\(([^)#:]+)\)", text):
        assert (ROOT / page.parent / target).exists(), target
