"""Processor time of the first fit of a process, by stage, before and after programs are on disk.

    python benchmarks/first_fit.py                  every problem
    python benchmarks/first_fit.py Heckman          one, beside those in the file

Each problem is sampled by NUTS in two processes, one after the other. The first starts with an
empty cache of compiled programs, the second with what the first has left there. Seconds are those
of the processor, of all threads; other work on the machine makes them longer, so run it alone.

The floor is what PyMC, PyTensor and nutpie take for themselves: to be imported, and to compile a
model of one Normal. `until sampling` is all that comes before the first draw, without the making of
data; Python's byte code is on disk, where pip puts it.
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
    "EventStudy": "cs.EventStudy(), dict(units=50, times=6)",
    "CausalDiagram": (
        "cs.CausalDiagram('x -> m -> y; x <-> y', route='structural'), dict(people=500)"
    ),
}
FLOOR = "the floor"
STAGES = """
import json, time
seconds, started = {}, 0.0
def stage(name):
    global started
    now = time.process_time()
    seconds[name], started = round(now - started, 2), now
stage("Python")
import pymc, pytensor, nutpie
stage("import of PyMC, PyTensor and nutpie")
"""
EMPTY = """
with pymc.Model() as graph:
    pymc.Normal("mean")
stage("graph")
nutpie.compile_pymc_model(graph)
stage("compilation")
print(json.dumps(seconds))
"""
PROBLEM = """
import causalstats as cs
model, size = {problem}
fit = cs.fit
stage("import of causalstats")
data = model.simulate(1, **size).data
stage("data")
from causalstats.core.model import Problem
problem = Problem(model, data)
sampler = cs.Auto().nuts_for(problem)
stage("choice of a sampler")
problem.graph
stage("graph")
program = sampler.compile(problem)
stage("compilation")
program.run(problem, seed=1)
stage("sampling")
print(json.dumps(seconds))
"""
BYTE_CODE = """
import pymc, pytensor, nutpie, causalstats as cs
for name in cs.__all__:
    getattr(cs, name)
"""


def seconds_of(program: str, folder: str) -> dict[str, float]:
    """Return processor seconds of each stage of a process of its own.

    Parameters
    ----------
    program : str
        Its source.
    folder : str
        Where PyTensor keeps compiled programs.
    """
    seconds = json.loads(output_of(program, folder).splitlines()[-1])
    until = sum(
        value for name, value in seconds.items() if name not in ("data", "sampling")
    )
    return seconds | {"until sampling": round(until, 2)}


def output_of(program: str, folder: str) -> str:
    flags = f"{os.environ.get('PYTENSOR_FLAGS', '')},base_compiledir={folder}"
    environment = os.environ | {"PYTENSOR_FLAGS": flags.strip(",")}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    return subprocess.run(
        [sys.executable, "-c", program],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def main(names: list[str]) -> None:
    recorded = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    programs = {FLOOR: STAGES + EMPTY}
    for name in names or list(PROBLEMS):
        programs[name] = STAGES + PROBLEM.format(problem=PROBLEMS[name])
    for name, program in programs.items():
        with tempfile.TemporaryDirectory() as folder:
            output_of(BYTE_CODE, folder)
            recorded[name] = {
                process: seconds_of(program, folder)
                for process in ("first process", "second process")
            }
        print(name, json.dumps(recorded[name], indent=2), flush=True)
        RESULTS.write_text(json.dumps(recorded, indent=2) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
