"""Every assumption of every option has a page: statement, consequence, and what could refute it."""

import re
import sys
from dataclasses import fields
from pathlib import Path

import pytest

import causalstats as cs

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "docs" / "_extensions"))

import assumption_pages  # noqa: E402
import bench_results  # noqa: E402
import catalogue  # noqa: E402
import check_pages  # noqa: E402
import planted  # noqa: E402

ASSUMPTIONS = catalogue.assumption_entries()
CHECKS = catalogue.check_entries()


def name(entry: catalogue.AssumptionEntry) -> str:
    return f"{entry.family}: {entry.name}"


@pytest.mark.parametrize("entry", ASSUMPTIONS, ids=name)
def test_page_says_statement_formula_consequence_and_what_refutes(entry):
    page = assumption_pages.page(entry, None).replace("\\", "")
    for assumption in entry.wordings:
        texts = (assumption.statement, assumption.if_wrong, assumption.formula)
        assert all(texts) and all(text in page for text in texts)
    checks = {each for words in entry.wordings for each in words.checks}
    assert bool(checks) != (assumption_pages.NOT_SHOWN in page)


@pytest.mark.parametrize("entry", ASSUMPTIONS, ids=name)
def test_checks_and_fields_of_an_assumption_exist(entry):
    known = {each.name for each in fields(getattr(cs, entry.family))}
    for assumption in entry.wordings:
        assert {*assumption.fields} <= known
        for check in assumption.checks:
            assert catalogue.entry_of(check, CHECKS), check


def test_every_check_of_the_refutation_bench_has_a_page():
    ran = {each for result in bench_results.results() for each in result.row["run"]}
    assert not [each for each in ran if catalogue.entry_of(each, CHECKS) is None]


def literal_names() -> list[str]:
    """The beginnings of the names of checks that are written as texts in the code."""
    names = []
    for folder in ("causalstats", "models"):
        for file in (ROOT / folder).rglob("*.py"):
            calls = re.findall(r" Check\(\s+name=f?\"([^\"{]+)", file.read_text())
            names += [name.strip() for name in calls]
    return names


def test_every_check_of_the_code_has_a_page():
    names = literal_names()
    assert len(names) > 25
    assert not [name for name in names if catalogue.entry_of(name, CHECKS) is None]


def test_pages_of_checks_give_statistic_reference_and_remedy():
    worlds = bench_results.results()
    for same in check_pages.by_name(CHECKS).values():
        page = check_pages.page(same, ASSUMPTIONS, worlds)
        for entry in same:
            for text in (entry.statistic, entry.reference, entry.remedy):
                assert text in page


def test_checks_of_one_name_have_the_statistic_of_their_family():
    name = "covariates act by straight lines"
    entries = {
        model: catalogue.entry_of(name, CHECKS, model)
        for model in ("PanelGLM", "EventStudy")
    }
    families = {model: entry.families for model, entry in entries.items() if entry}
    assert "panel_glm" in families["PanelGLM"]
    assert "event_study" in families["EventStudy"]


def test_planted_worlds_exist_and_are_wrong():
    there = {(entry.family, entry.name) for entry in ASSUMPTIONS}
    for key in planted.WORLDS:
        assert key in there
        assert planted.world_of(key).wrong
