"""Gradients and samplers on an accelerator, against the CPU of the same machine.

    pip install 'causalstats[gpu]'
    python benchmarks/gpu.py [--minutes 9] [--quick] [--kind sampler]

Each task is a process of its own, the most telling first, and `benchmarks/gpu.json` is written
after each, so that a run that is cut short still counts. A task is stopped after 90 seconds, and
its record says so: where the CPU is stopped, the device was faster than what is left of that.
`--quick` takes small data: it tries the script where there is no accelerator, compares the samplers
on a CPU, and writes `benchmarks/gpu_quick.json`.

- Gradients: microseconds for 1 and 64 chains, and the share of the roofline, which is the time that
  reading the data twice takes at the bandwidth of a copy measured in the same process.
- Samplers: smallest bulk effective sample size a second over the parameters, cold (with compiling)
  and warm, and a second of the processors, which other work on the machine changes less. NUTS on
  the CPU has the compiler of the gradient that is fastest for the data there.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

import causalstats as cs

PATH = Path(__file__).resolve().parent / "gpu.json"
FEATURES = 20
REPEATS = 10
STEPS = 20  # of a loop inside a program, each of which waits for the last
PACKAGES = ("jax", "jaxlib", "numpyro", "blackjax", "nutpie", "numba", "pymc")
Record = dict[str, Any]


def selective_labels(people: int) -> cs.Problem:
    simulation = cs.SelectiveLabels().simulate(1, people=people, features=FEATURES)
    prevalence = cs.Known(simulation.realised["prevalence"], sd=0.02)
    return cs.Problem(cs.SelectiveLabels(prevalence=prevalence), simulation.data)


def heckman(people: int) -> cs.Problem:
    model = cs.Heckman(excluded=["x1"])
    return cs.Problem(model, model.simulate(1, people=people, features=FEATURES).data)


def panel(units: int) -> cs.Problem:
    model = cs.PanelDML(errors="ar1")
    return cs.Problem(model, model.simulate(1, units=units, times=10).data)


def counts(rows: int) -> cs.Problem:
    model = cs.PartialCorrelation(prior="shrunk")
    return cs.Problem(model, model.simulate(1, rows=rows, parts=12, depth=1000).data)


def tables(people: int) -> cs.Problem:
    model = cs.CausalDiagram("x -> m -> y; x <-> y", route="structural")
    return cs.Problem(model, model.simulate(1, people=people).data)


PROBLEMS: dict[str, tuple[Callable[[int], cs.Problem], int, int]] = {
    # how it is made, its size, and its size in a quick run
    "selective labels, 100,000 x 20": (selective_labels, 100_000, 600),
    "panel with AR(1) errors, 2,000 x 10": (panel, 2_000, 30),
    "tables, 10,000": (tables, 10_000, 100),
    "counts, 300 x 12": (counts, 300, 20),
    "selective labels, 1,000,000 x 20": (selective_labels, 1_000_000, 900),
    "Heckman, 100,000 x 20": (heckman, 100_000, 300),
    "selective labels, 10,000 x 20": (selective_labels, 10_000, 300),
}
NUTS = cs.Auto(draws=500)
SAMPLERS: dict[str, tuple[str, Callable[[cs.Problem], Any]]] = {
    "ChEES-HMC on the device": ("device", lambda _: cs.Chees()),
    "NUTS by NumPyro on the device": (
        "device",
        lambda problem: replace(NUTS.nuts_for(problem), backend="numpyro"),
    ),
    "NUTS by nutpie on the CPU": ("cpu", NUTS.nuts_for),
}
KINDS = ("installation", "gradient", "sampler")
MOST_SECONDS_OF_A_TASK = 90
TASKS = (
    ("installation", "", ""),
    *(("gradient", name, place) for name in PROBLEMS for place in ("device", "cpu")),
    *(("sampler", name, sampler) for name in PROBLEMS for sampler in SAMPLERS),
)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--minutes", type=float, default=9.0)
    options.add_argument("--quick", action="store_true")
    options.add_argument("--kind", choices=KINDS, help="only tasks of this kind")
    options.add_argument("--task", nargs=3, help=argparse.SUPPRESS)
    given = options.parse_args()
    if given.task:
        print(json.dumps(run(*given.task, quick=given.quick)))
        return
    deadline = time.monotonic() + 60 * given.minutes
    path = PATH.with_stem("gpu_quick") if given.quick else PATH
    records: list[Record] = []
    for task in [each for each in TASKS if given.kind in (None, each[0])]:
        left = deadline - time.monotonic()
        if left < 5:
            break
        limit = left if given.quick else min(left, MOST_SECONDS_OF_A_TASK)
        record = in_its_own_process(task, given.quick, limit)
        records.append(record)
        print(row(record), flush=True)
        path.write_text(json.dumps(records, indent=1) + "\n")


def in_its_own_process(task: tuple[str, str, str], quick: bool, limit: float) -> Record:
    """Run a task, and return its record or the reason why there is none.

    Parameters
    ----------
    task : kind, problem and place or sampler
    quick : bool
        Whether the data are small.
    limit : float
        Seconds after which the process is stopped.
    """
    kind, problem, choice = task
    place = SAMPLERS[choice][0] if kind == "sampler" else choice
    environment = dict(os.environ)
    if place == "cpu":
        environment["JAX_PLATFORMS"] = "cpu"
    command = [sys.executable, "-W", "ignore", __file__, "--task", *task]
    command += ["--quick"] if quick else []
    named = {"task": kind, "problem": problem, "choice": choice}
    try:
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=limit
        )
    except subprocess.TimeoutExpired:
        return named | {"failed": f"stopped after {limit:.0f} s"}
    if done.returncode:
        return named | {"failed": done.stderr.strip().splitlines()[-1][:300]}
    return named | json.loads(done.stdout.splitlines()[-1])


def run(kind: str, problem: str, choice: str, *, quick: bool) -> Record:
    """Return the figures of one task.

    Parameters
    ----------
    kind : "installation", "gradient" or "sampler"
    problem : str
        A name in `PROBLEMS`.
    choice : str
        Where gradients are computed, or a name in `SAMPLERS`.
    quick : bool
        Whether the data are small.
    """
    if kind == "installation":
        return installation()
    make, size, small = PROBLEMS[problem]
    rows = small if quick else size
    made = make(rows)
    if kind == "gradient":
        return {"size": rows} | gradient(made)
    return {"size": rows} | sampled(made, SAMPLERS[choice][1](made))


def installation() -> Record:
    import jax

    return {
        "devices": [device.device_kind for device in jax.devices()],
        "backend": jax.default_backend(),
        "cores": os.cpu_count(),
        "machine": platform.machine(),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in PACKAGES},
    }


def gradient(problem: cs.Problem) -> Record:
    """Time the log density with its gradient, for one chain and for 64 at once."""
    import jax

    from causalstats.samplers.backends.jax_graph import trace

    functions = trace(problem.graph)
    data, _ = functions.data(problem)
    start = [part[0] for part in functions.starts(data, 1, 1)]
    vector = np.concatenate(start, axis=None)
    copied = sum(leaf.nbytes for leaf in jax.tree.leaves(data))
    roofline = 2 * copied / bandwidth()
    one = seconds_of_gradient(functions, vector, data)
    together = seconds_of_gradient(functions, np.tile(vector, (64, 1)), data)
    return {
        "data_bytes": copied,
        "one_chain_microseconds": 1e6 * one,
        "64_chains_microseconds": 1e6 * together,
        "roofline_microseconds": 1e6 * roofline,
        "roofline_share_one_chain": roofline / one,
        "roofline_share_64_chains": roofline / together,
    }


def seconds_of_gradient(functions: Any, start: np.ndarray, data: tuple) -> float:
    """Return the time of a gradient inside a program, as samplers compute it.

    Parameters
    ----------
    functions : JaxGraph
    start : array (parameters,) or (chain, parameters)
    data : tuple of arrays
    """
    import jax

    def density(vector: Any, data: tuple) -> Any:
        return functions.log_density(functions.unravel(vector), data)

    gradient_of = jax.grad(density)
    if start.ndim == 2:
        gradient_of = jax.vmap(gradient_of, (0, None))

    @jax.jit
    def walk(vector: Any, data: tuple) -> Any:
        def step(vector: Any, _: None) -> tuple[Any, None]:
            return vector + 1e-12 * gradient_of(vector, data), None

        return jax.lax.scan(step, vector, length=STEPS)[0]

    return seconds_of(lambda: walk(start, data)) / STEPS


def bandwidth() -> float:
    """Return bytes a second that are read and written where a large array is copied."""
    import jax

    array = jax.numpy.ones(2**25)
    copy = jax.jit(lambda values: values + 1.0)
    return 2 * array.nbytes / seconds_of(lambda: copy(array))


def seconds_of(work: Callable[[], Any]) -> float:
    """Return the median time of a call whose program is compiled."""
    import jax

    jax.block_until_ready(work())
    times = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        jax.block_until_ready(work())
        times.append(time.perf_counter() - started)
    return float(np.median(times))


def sampled(problem: cs.Problem, sampler: Any) -> Record:
    """Sample twice, and return effective sample sizes a second, cold and warm."""
    import arviz as az

    from causalstats.samplers import sample

    started = time.perf_counter()
    program = sampler.compile(problem)
    sample(program, problem, 1)
    cold = time.perf_counter() - started
    started = time.perf_counter()
    begun = time.process_time()
    draws = sample(program, problem, 2)
    warm = time.perf_counter() - started
    of_processors = time.process_time() - begun
    posterior = draws["posterior"].to_dataset()
    parameters = list(problem.model.parameters(problem.data))
    sizes = az.ess(posterior[parameters], method="bulk")
    smallest = min(float(sizes[name].min()) for name in parameters)
    first = posterior[parameters[0]].to_numpy()
    return {
        "sampler": repr(sampler),
        "device": draws.attrs["device"],
        "seconds_cold": cold,
        "seconds_warm": warm,
        "smallest_bulk_ess": smallest,
        "ess_per_second_cold": smallest / cold,
        "ess_per_second_warm": smallest / warm,
        "ess_per_processor_second_warm": smallest / of_processors,
        "divergences": int(draws["sample_stats"]["diverging"].sum()),
        "leapfrog_steps": float(draws["sample_stats"]["n_steps"].mean()),
        f"mean of {parameters[0]}": float(first.reshape(len(first), -1).mean()),
    }


def row(record: Record) -> str:
    """Return a record as a line of a table."""
    title = " | ".join(filter(None, map(record.get, ("task", "problem", "choice"))))
    if "failed" in record:
        return f"{title} | {record['failed']}"
    if record["task"] == "gradient":
        return (
            f"{title} | {record['one_chain_microseconds']:,.0f} µs | 64 chains "
            f"{record['64_chains_microseconds']:,.0f} µs | "
            f"{record['roofline_share_one_chain']:.0%} of the roofline"
        )
    if record["task"] == "sampler":
        return (
            f"{title} | ESS/s {record['ess_per_second_warm']:,.0f} warm, "
            f"{record['ess_per_processor_second_warm']:,.0f} of the processors, "
            f"{record['ess_per_second_cold']:,.1f} cold | {record['seconds_warm']:,.1f} s | "
            f"{record['divergences']} divergences"
        )
    return f"{title} | {', '.join(record['devices'])} | {record['cores']} cores"


if __name__ == "__main__":
    main()
