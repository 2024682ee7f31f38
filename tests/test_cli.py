"""The command line, from inside a folder of its own."""

import importlib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from causalstats import case_studies
from causalstats.cli import app


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return lambda *words: CliRunner().invoke(app, words, terminal_width=200)


def test_doctor_names_versions_devices_and_the_sampler(run):
    output = run("doctor").stdout
    for word in ("causalstats", "pymc", "cores", "JAX devices", "numba: nutpie"):
        assert word in output


def test_studies_are_listed_and_another_is_refused(run):
    assert "hiv_results" in run("study").stdout
    wrong = run("study", "nope")
    assert wrong.exit_code == 2 and "hiv_results" in wrong.stderr


def test_a_study_by_its_name_with_hyphens(run, monkeypatch):
    study = importlib.import_module("causalstats.case_studies.domain_constraints.study")
    monkeypatch.setattr(study, "run", lambda folder, fast: folder)
    assert Path(run("study", "domain-constraints").stdout.splitlines()[-1]) == Path(
        "results/domain_constraints"
    )


def test_every_study_has_its_readme():
    folder = Path(case_studies.__path__[0]).resolve()
    studies = [path.parent for path in folder.glob("*/study.py")]
    assert studies and all((study / "README.md").exists() for study in studies)


@pytest.mark.parametrize(
    ("name", "people", "seen"),
    [
        ("hiv_results", 2816, 1946),
        ("central_review", 4028, 1771),
        ("wage_offers", 753, 428),
    ],
)
def test_a_study_reads_its_data(name, people, seen):
    study = importlib.import_module(f"causalstats.case_studies.{name}.study")
    data = study.data(1999) if name == "central_review" else study.data()
    assert (len(data), data.decision.sum()) == (people, seen)
    assert study.model().inputs(data)


def test_calibration_by_name(run, tmp_path):
    done = run(
        "calibrate",
        "SelectiveLabels",
        "--field",
        'prevalence={"value": 0.3, "sd": 0.05}',
        "--fits",
        "5",
        "--simulate",
        "people=100",
    )
    assert done.exit_code == 0, done.stderr
    assert "population_prevalence" in done.stdout
    path = tmp_path / done.stdout.splitlines()[-1]
    assert len(path.read_text().splitlines()) == 6 and path.with_suffix(".svg").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["Nothing"], "SelectiveLabels"),
        (["SelectiveLabels", "--field", "prevalence"], "name=JSON"),
        (["SelectiveLabels", "--field", "alpha=1"], "alpha"),
    ],
)
def test_calibration_refuses(run, words, message):
    wrong = run("calibrate", *words)
    assert wrong.exit_code == 2 and message in wrong.stderr


def test_a_file_that_is_not_a_fit_is_refused(run, tmp_path):
    (tmp_path / "other.nc").write_text("not a fit")
    wrong = run("report", "other.nc")
    assert wrong.exit_code == 2 and "other.nc" in wrong.stderr


def test_the_demo_leaves_a_report_and_says_where(run, tmp_path):
    demo = run("demo", "--fast")
    assert demo.exit_code == 0, demo.stderr
    report = tmp_path / demo.stdout.splitlines()[-1]
    text = report.read_text()
    assert "HIV among those who did not come" in text and "withheld outcomes" in text
    assert (
        "Fitting SelectiveLabels" in demo.stderr
        and "Refitting without prevalence" in demo.stderr
    )
    again = run("report", str(report.with_name("fit.nc")), "--output", "again.html")
    assert again.exit_code == 0 and (tmp_path / "again.html").exists()
