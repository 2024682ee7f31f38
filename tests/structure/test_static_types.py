"""Static checkers see the signatures of public names."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
RIGHT = """
import pandas as pd

import causalstats as cs

frame = pd.DataFrame({"x": [0, 1], "y": [0, 1]})
data = cs.Observations.from_frame(frame)
fit = cs.fit(cs.CausalDiagram("x -> y"), data, seed=1)
effect: cs.Effect = fit.effect("y", do={"x": [0, 1]}, by=frame["x"])
other: cs.Effect = fit.effect("effect", at=frame, by="x")
table: pd.DataFrame = effect.summary()
cut: cs.Diagram = cs.Diagram.parse("x -> y").cut("x")
calibration = cs.calibrate(cs.PanelDML(), fits=20, seed=1)
ranks: pd.DataFrame = calibration.ranks
"""
WRONG = {
    "a misspelt argument": "cs.fit(cs.PanelDML(), None, sede=1)",
    "a misspelt field": "cs.SelectiveLabels(prevalance=0.3)",
    "a misspelt argument of a verb": "def f(fit: cs.Fit): fit.effect(nmae='effect')",
    "a misspelt argument of a diagram": "cs.Diagram.parse('x -> y').do(value={'x': 1})",
    "a misspelt column": "def f(df): cs.Panel.from_frame(df, units='id', time='t', outcome='y')",
    "a misspelt argument of a sampler": "cs.Nuts(chain=4)",
    "a wrong type": 'cs.fit(cs.PanelDML(), None, seed="one")',
    "no model": 'cs.fit("x -> y", None, seed=1)',
    "a misspelt name": "cs.PanelDLM()",
    "data that are none": "cs.fit(cs.PanelDML(), [1, 2], seed=1)",
    "a file in place of a frame": "cs.Observations.from_frame('study.csv')",
    "a number in place of groups": "def f(fit: cs.Fit): fit.effect('risk', by=3)",
    "a list in place of levels": "def f(fit: cs.Fit): fit.effect('y', do=['x'])",
}


def script(name: str) -> str:
    return f"{re.sub(r'\W', '_', name)}.py"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the right script and every wrong one, outside the repository."""
    folder = tmp_path_factory.mktemp("scripts")
    (folder / "right.py").write_text(RIGHT)
    for name, line in WRONG.items():
        (folder / script(name)).write_text(f"import causalstats as cs\n\n{line}\n")
    return folder


def run(*words: str, folder: Path) -> str:
    """The standard output of a checker, which sees this checkout and this Python's packages."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {"PYTHONPATH": str(ROOT), "PATH": path}
    return subprocess.run(
        words, cwd=folder, env=os.environ | environment, capture_output=True, text=True
    ).stdout


@pytest.fixture(scope="module", params=["mypy", "pyright"])
def errors(request: pytest.FixtureRequest, folder: Path) -> set[tuple[str, int]]:
    """Scripts and lines in which a checker finds an error."""
    if request.param == "mypy":
        # As the checkout is checked itself, in its folder, so that its cache serves both.
        scripts = map(str, sorted(folder.glob("*.py")))
        output = run(sys.executable, "-m", "mypy", *scripts, folder=ROOT)
        lines = re.findall(r"^(?:.*/)?(\w+\.py):(\d+): error", output, re.MULTILINE)
        return {(file, int(line)) for file, line in lines}
    settings = {"typeCheckingMode": "standard"}
    (folder / "pyrightconfig.json").write_text(json.dumps(settings))
    output = run("basedpyright", "--outputjson", folder=folder)
    return {
        (Path(each["file"]).name, each["range"]["start"]["line"] + 1)
        for each in json.loads(output)["generalDiagnostics"]
        if each["severity"] == "error"
    }


def test_a_script_of_a_user_passes(errors):
    assert not [line for file, line in errors if file == "right.py"]


@pytest.mark.parametrize("mistake", WRONG)
def test_a_wrong_call_fails(mistake, errors):
    assert (script(mistake), 3) in errors


@pytest.mark.slow  # `make types` runs it, before the tests in CI
def test_every_public_type_is_known():
    output = run(
        "basedpyright", "--verifytypes", "causalstats", "--ignoreexternal", folder=ROOT
    )
    assert "Type completeness score: 100%" in output, output
