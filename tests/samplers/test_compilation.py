"""A graph is traced once and compiled once: for all chains, the next fit, and the next process."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pymc as pm
import pytest

import causalstats as cs
from causalstats.core.model import Problem
from causalstats.samplers import program_cache
from causalstats.samplers.backends import jax_graph

ROOT = Path(__file__).parents[2]
SAMPLERS = {
    "NUTS by NumPyro": cs.Nuts(chains=3, draws=50, tune=50, backend="numpyro"),
    "ChEES-HMC": cs.Chees(chains=16, draws=25, tune=50),
}
COUNTS_PROGRAMS_ON_DISK = """
import json, warnings
warnings.simplefilter("ignore")
import jax
events = []
jax.monitoring.register_event_listener(lambda name, **_: events.append(name))
import sys
import causalstats as cs
from tests.samplers.test_compilation import problem
cs.Nuts(chains=3, draws=50, tune=50, backend=sys.argv[1])(problem(), seed=1)
print(json.dumps({kind: sum(name.endswith(kind) for name in events)
                  for kind in ("cache_hits", "cache_misses")}))
"""


class NormalMean:
    """The mean of Normal data with known variance."""

    def inputs(self, data):
        return {"y": np.asarray(data)}

    def build(self, data):
        with pm.Model() as graph:
            y = pm.Data("y", np.asarray(data))
            mean = pm.Normal("mean", 0.0, 10.0)
            pm.Normal("outcome", mean, 1.0, observed=y)
        return graph


def problem(seed=1):
    return Problem(NormalMean(), np.random.default_rng(seed).normal(size=30))


@pytest.mark.parametrize("name", SAMPLERS)
def test_a_graph_is_traced_and_compiled_once_for_all_chains_and_fits(name, monkeypatch):
    monkeypatch.setattr(program_cache, "_entries", [])
    calls = []
    function_of = jax_graph.traced

    def counted(graph, outputs, start):
        function = function_of(graph, outputs, start)

        def called(*arguments):
            calls.append(len(outputs))
            return function(*arguments)

        return called

    monkeypatch.setattr(jax_graph, "traced", counted)
    SAMPLERS[name](problem(), seed=1)
    first = sorted(calls)
    program = SAMPLERS[name].compile(problem(seed=2))
    program.run(problem(seed=2), seed=2)
    assert (
        first == sorted(calls) == [1, 2]
    )  # what is kept; the density with its gradient
    assert program.advance._cache_size() == 1


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["numpyro", "jax"])
def test_the_next_process_finds_every_program_on_disk(backend, tmp_path):
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "PYTENSOR_FLAGS": f"base_compiledir={tmp_path}",
    }
    counts = [
        json.loads(
            subprocess.run(
                [sys.executable, "-c", COUNTS_PROGRAMS_ON_DISK, backend],
                env=environment,
                capture_output=True,
                text=True,
                check=True,
            ).stdout.splitlines()[-1]
        )
        for _ in range(2)
    ]
    assert counts[0]["cache_misses"] > 0
    assert counts[1]["cache_misses"] == 0
    assert counts[1]["cache_hits"] >= counts[0]["cache_misses"]
