"""Processor time of the first fit of a process, by stage, before and after programs are on disk.

    python benchmarks/first_fit.py                  every problem
    python benchmarks/first_fit.py Heckman          one, beside those in the file

Each problem is sampled by NUTS in two processes, one after the other. The first starts with an
empty cache of compiled programs, the second with what the first has left there. Seconds are those
of the processor, of all threads; other work on the machine makes them longer, so run it alone.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

RESULTS = Path(__file__).with_suffix(".json")
PROBLEMS = {
    "SelectiveLabels": "cs.SelectiveLabels(), dict(people=500, features=3)",
    "Heckman": "cs.Heckman(), dict(people=500, features=3)",
    "PartialCorrelation": "cs.PartialCorrelation(), dict(rows=40, parts=10)",
    "PanelDML": "cs.PanelDML(errors='iid'), dict(units=50, times=6)",
}
PROCESS = """
import json, time
seconds, started = {{}}, 0.0
def stage(name):
    global started
    now = time.process_time()
    seconds[name], started = round(now - started, 2), now
stage("Python")
import causalstats as cs
from causalstats.core.model import Problem
model, size = {problem}
problem = Problem(model, model.simulate(1, **size).data)
sampler = cs.Auto().nuts_for(problem)
stage("data and choice of a sampler")
import pymc, nutpie
stage("import of PyMC and nutpie")
problem.graph
stage("graph")
program = sampler.compile(problem)
stage("compilation")
program.run(problem, seed=1)
stage("sampling")
print(json.dumps(seconds))
"""


def seconds_of(problem: str, folder: str) -> dict[str, float]:
    """Return processor seconds of each stage of a process of its own.

    Parameters
    ----------
    problem : str
        The source of a model, and of the arguments of its simulator.
    folder : str
        Where PyTensor keeps compiled programs.
    """
    flags = f"{os.environ.get('PYTENSOR_FLAGS', '')},base_compiledir={folder}".strip(
        ","
    )
    process = subprocess.run(
        [sys.executable, "-c", PROCESS.format(problem=problem)],
        env=os.environ | {"PYTENSOR_FLAGS": flags},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(process.stdout.splitlines()[-1])


def main(names: list[str]) -> None:
    recorded = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    for name in names or list(PROBLEMS):
        with tempfile.TemporaryDirectory() as folder:
            recorded[name] = {
                process: seconds_of(PROBLEMS[name], folder)
                for process in ("first process", "second process")
            }
        print(name, json.dumps(recorded[name], indent=2), flush=True)
        RESULTS.write_text(json.dumps(recorded, indent=2) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
