"""Time and memory of `SelectiveLabels` by the number of people, from a frame to the answer.

Each size in a separate process.

    python benchmarks/growth.py                 every size, with each sampler that suits it
    python benchmarks/growth.py 100000 Laplace  one

The paper's synthetic design with 20 features, a prevalence known within 0.002, and expertise on all
features but the first.
"""

from __future__ import annotations

import json
import os
import platform
import resource
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

import causalstats as cs

FEATURES = 20
CASES = [
    (10**3, "Auto"),
    (10**3, "Laplace"),
    (10**4, "Nuts"),
    (10**4, "Auto"),
    (10**4, "Laplace"),
    (10**5, "Auto"),
    (10**6, "Auto"),
]
SAMPLERS = {"Auto": cs.Auto(), "Nuts": cs.Nuts(), "Laplace": cs.Laplace(draws=250)}
RESULTS = Path(__file__).with_suffix(".json")


def measure(people: int, sampler: str) -> dict[str, float]:
    """Return seconds by stage, peak memory, effective sample size, and the answer with its truth.

    The processor's seconds are the sum over cores, of this process alone.
    """
    simulation = cs.SelectiveLabels().simulate(seed=1, people=people, features=FEATURES)
    frame = simulation.data.source
    arguments = {
        name: value
        for name, value in simulation.data.arguments.items()
        if value is not None
    }
    realised = simulation.realised
    del simulation
    model = cs.SelectiveLabels(
        prevalence=cs.Known(realised["prevalence"], sd=0.002),
        expertise=[f"x{k}" for k in range(2, FEATURES + 1)],
    )
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started, used = time.perf_counter(), time.process_time()
    data = cs.Decisions.from_frame(frame, **arguments)
    read = time.perf_counter()
    fit = cs.fit(model, data, seed=1, sampler=SAMPLERS[sampler], progress=False)
    fitted = time.perf_counter()
    summary = fit.summary()
    answer = fit.effect("untested_prevalence").summary().iloc[0]
    answered = time.perf_counter()
    return {
        "people": people,
        "sampler": sampler,
        "read": read - started,
        "compile": fitted - read - fit.draws.attrs["seconds"],
        "sample": fit.draws.attrs["seconds"],
        "answer": answered - fitted,
        "total": answered - started,
        "processor": time.process_time() - used,
        "least bulk ESS": float(
            fit.draws.attrs.get("importance_ess", summary["ess_bulk"].min())
        ),
        "Pareto k": float(fit.draws.attrs.get("pareto_k", float("nan"))),
        "GiB at its peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
        "GiB before": before / 2**20,
        "untested": float(answer["mean"]),
        "sd": float(answer["sd"]),
        "truth": realised["untested_prevalence"],
    }


def main() -> None:
    if len(sys.argv) == 3:
        print(json.dumps(measure(int(sys.argv[1]), sys.argv[2])))
        return
    rows = []
    for people, sampler in CASES:
        done = subprocess.run(
            [sys.executable, __file__, str(people), sampler],
            capture_output=True,
            text=True,
            check=True,
        )
        rows.append(json.loads(done.stdout.splitlines()[-1]))
        print(
            {
                name: value if isinstance(value, str) else round(value, 4)
                for name, value in rows[-1].items()
            },
            flush=True,
        )
    libraries = {
        library: version(library)
        for library in ("pymc", "pytensor", "nutpie", "jax", "numba")
    } | {"causalstats": cs.__version__}
    about = {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python "
        f"{platform.python_version()}",
        "libraries": libraries,
        "features": FEATURES,
        "load": os.getloadavg()[0],
    }
    RESULTS.write_text(json.dumps({"about": about, "results": rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()
