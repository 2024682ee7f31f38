"""Processor time of the gradient of each family, through XLA and through Numba, on one core.

    python benchmarks/gradient_speed.py              every problem
    python benchmarks/gradient_speed.py panel        one, beside those in the file

Each problem is a process of its own, bound to one core. Processor time counts, not the clock's, so
that other work on the machine matters less.

- Numba: the C function that nutpie calls.
- XLA: a loop inside a program, each step of which waits for the last, with one chain and with 16.
- Bytes: those of the data, which a gradient reads at least once, and those that XLA says it moves.
  The roofline is the time that reading the data once takes at the bandwidth of a copy.
"""

from __future__ import annotations

import ctypes
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

import causalstats as cs

RESULTS = Path(__file__).with_suffix(".json")
CHAINS = 16
SECONDS = 0.5  # of each measurement, at least
Record = dict[str, float]


def problem_of(model: Any, **simulate: Any) -> cs.Problem:
    return cs.Problem(model, model.simulate(1, **simulate).data)


def selective_labels() -> cs.Problem:
    simulation = cs.SelectiveLabels().simulate(1, people=5_000, features=20)
    prevalence = cs.Known(simulation.realised["prevalence"], sd=0.02)
    return cs.Problem(cs.SelectiveLabels(prevalence=prevalence), simulation.data)


def heckman() -> cs.Problem:
    return problem_of(cs.Heckman(excluded=["x1"]), people=5_000, features=20)


def panel() -> cs.Problem:
    return problem_of(cs.PanelDML(errors="ar1"), units=300, times=10)


def counts() -> cs.Problem:
    return problem_of(
        cs.PartialCorrelation(prior="shrunk"), rows=100, parts=8, depth=1000
    )


def sparse_composition() -> cs.Problem:
    model = cs.PartialCorrelation(prior="sparse", basis_variance=1.0)
    return problem_of(model, rows=100, parts=10)


def tables() -> cs.Problem:
    model = cs.CausalDiagram("x -> m -> y; x <-> y", route="structural")
    return problem_of(model, people=2_000)


PROBLEMS: dict[str, Callable[[], cs.Problem]] = {
    "selective labels": selective_labels,
    "heckman": heckman,
    "panel": panel,
    "counts": counts,
    "sparse composition": sparse_composition,
    "tables": tables,
}


def main(*names: str) -> None:
    if names[:1] == ("--measure",):
        print(json.dumps(measured(PROBLEMS[names[1]]())))
        return
    kept = json.loads(RESULTS.read_text()) if RESULTS.exists() else {"problems": {}}
    packages = ("jax", "numba", "nutpie", "pymc", "pytensor")
    kept["machine"] = platform.machine()
    kept["versions"] = {package: version(package) for package in packages}
    for name in names or PROBLEMS:
        kept["problems"][name] = in_its_own_process(name)
        print(name, kept["problems"][name], flush=True)
        RESULTS.write_text(json.dumps(kept, indent=1) + "\n")


def in_its_own_process(name: str) -> Record:
    core = min(os.sched_getaffinity(0))
    command = [sys.executable, "-W", "ignore", __file__, "--measure", name]
    done = subprocess.run(
        command,
        env={**os.environ, "JAX_PLATFORMS": "cpu"},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        preexec_fn=lambda: os.sched_setaffinity(0, {core}),
    )
    return json.loads(done.stdout.splitlines()[-1])


def measured(problem: cs.Problem) -> Record:
    """Return the figures of a problem, times in microseconds of the processor."""
    import jax

    from causalstats.samplers.backends.jax_graph import trace

    functions = trace(problem.graph)
    data, _ = functions.data(problem)
    start = [part[0] for part in functions.starts(data, 1, 1)]
    vector = np.concatenate([np.ravel(part) for part in start])
    many = np.repeat(vector[None], CHAINS, axis=0)
    numba = by_numba(problem, vector)
    alone = by_xla(functions, vector, data)
    together = by_xla(functions, many, data) / CHAINS
    needed = sum(leaf.nbytes for leaf in jax.tree.leaves(data))
    compiled = functions.density.lower(start, data).compile()
    moved = float(compiled.cost_analysis()["bytes accessed"])
    bandwidth = bandwidth_of_a_copy()
    return {
        "numba": 1e6 * numba,
        "xla": 1e6 * alone,
        f"xla, each of {CHAINS} chains": 1e6 * together,
        "xla / numba": alone / numba,
        f"xla / numba, {CHAINS} chains": together / numba,
        "bytes of the data": needed,
        "bytes moved": moved,
        "GB/s of a copy": bandwidth / 1e9,
        "roofline": 1e6 * needed / bandwidth,
    }


def by_numba(problem: cs.Problem, vector: np.ndarray) -> float:
    """Return seconds of the C function that nutpie samples with."""
    import nutpie

    compiled: Any = nutpie.compile_pymc_model(problem.graph, backend="numba")
    density = compiled.compiled_logp_func.ctypes
    gradient = np.empty_like(vector)
    value = np.empty(())
    pointers = [
        array.ctypes.data_as(kind)
        for array, kind in zip(
            (vector, gradient, value, compiled.user_data),
            density.argtypes[1:],
            strict=True,
        )
    ]
    size = ctypes.c_uint64(vector.size)
    assert density(size, *pointers) == 0
    return seconds_of(lambda: [density(size, *pointers) for _ in range(50)]) / 50


def by_xla(functions: Any, start: np.ndarray, data: tuple) -> float:
    """Return seconds of a gradient within a program, for one vector or for each row of several.

    Parameters
    ----------
    functions : JaxGraph
    start : array, shape (P,) or (chains, P)
        Unconstrained parameters.
    data : tuple of arrays
        The data of the graph.
    """
    import jax

    steps = 50

    def gradient(vector: Any, data: tuple) -> Any:
        def density(vector: Any) -> Any:
            return functions.log_density(functions.unravel(vector), data)

        return jax.value_and_grad(density)(vector)[1]

    over_chains = gradient if start.ndim == 1 else jax.vmap(gradient, (0, None))

    @jax.jit
    def walk(vector: Any, data: tuple) -> Any:
        def step(vector: Any, _: None) -> tuple[Any, None]:
            return vector + 1e-12 * over_chains(vector, data), None

        return jax.lax.scan(step, vector, length=steps)[0]

    return seconds_of(lambda: jax.block_until_ready(walk(start, data))) / steps


def bandwidth_of_a_copy() -> float:
    """Return bytes a second that are read and written where a large array is copied."""
    source = np.ones(2**24)
    target = np.empty_like(source)
    return 2 * source.nbytes / seconds_of(lambda: np.copyto(target, source))


def seconds_of(work: Callable[[], Any]) -> float:
    """Return the smallest processor time of calls, the first of which is not counted."""
    work()
    times: list[float] = []
    begun = time.process_time()
    while time.process_time() - begun < SECONDS or len(times) < 3:
        started = time.process_time()
        work()
        times.append(time.process_time() - started)
    return min(times)


if __name__ == "__main__":
    main(*sys.argv[1:])
