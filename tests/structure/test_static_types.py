"""Static checkers see the signatures of public names."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
RIGHT = """
import pandas as pd

import causalstats as cs

data = cs.Observations.from_frame(pd.DataFrame({"x": [0, 1], "y": [0, 1]}))
fit = cs.fit(cs.CausalDiagram("x -> y"), data, seed=1)
effect: cs.Effect = fit.effect("effect")
table: pd.DataFrame = effect.summary()
calibration = cs.calibrate(cs.PanelDML(), fits=20, seed=1)
ranks: pd.DataFrame = calibration.ranks
"""
WRONG = {
    "a misspelt argument": "cs.fit(cs.PanelDML(), None, sed=1)\n",
    "a misspelt field": "cs.SelectiveLabels(prevalance=0.3)\n",
    "a wrong type": 'cs.fit(cs.PanelDML(), None, seed="one")\n',
    "no model": 'cs.fit("x -> y", None, seed=1)\n',
    "a misspelt name": "cs.PanelDLM()\n",
}


def check_types(program: str, folder: Path) -> subprocess.CompletedProcess:
    script = folder / "script.py"
    script.write_text(program)
    command = [
        sys.executable,
        "-m",
        "mypy",
        "--ignore-missing-imports",
        "--follow-imports=silent",
        "--cache-dir",
    ]
    return subprocess.run(
        [*command, str(ROOT / ".mypy_cache" / "scripts"), str(script)],
        cwd=folder,
        env=os.environ | {"MYPYPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )


def test_a_script_of_a_user_passes(tmp_path):
    result = check_types(RIGHT, tmp_path)
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize("mistake", WRONG)
def test_a_wrong_call_fails(mistake, tmp_path):
    result = check_types("import causalstats as cs\n\n" + WRONG[mistake], tmp_path)
    assert result.returncode == 1
    assert "script.py:3: error" in result.stdout
