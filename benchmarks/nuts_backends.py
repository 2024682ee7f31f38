"""Time of a gradient within NUTS with four chains, compiled by Numba and by JAX, by rows of data.

    python benchmarks/nuts_backends.py

`cs.Auto` takes Numba below the rows from which JAX pays. Four threads share the processors, and
each call of a JAX program holds Python's lock, so that the time of a gradient by itself
(`gradient_speed.py`) does not decide. Every program has run once before it is timed. Writes
`nuts_backends.json`: microseconds a gradient, by the clock and of the processor.
"""

from __future__ import annotations

import json
import os
import time
import warnings
from pathlib import Path

import causalstats as cs

LABELS = cs.SelectiveLabels(prevalence=cs.Known(0.3, sd=0.05))
SIZES = {
    "selective labels": (
        LABELS,
        [(400, 60), (1_500, 15), (5_000, 4), (5_000, 60), (20_000, 4), (60_000, 4)],
    ),
    "heckman": (cs.Heckman(), [(1_000, 5), (20_000, 5), (100_000, 5)]),
}
_ROWS_OF_SHORT_RUNS = 10_000


def microseconds(model: cs.Model, people: int, features: int, backend: str) -> dict:
    """Return the time of a gradient while four chains run.

    Parameters
    ----------
    model : Model
    people, features : int
    backend : "numba" or "jax"
    """
    steps = 10 if people > _ROWS_OF_SHORT_RUNS else 60
    sampler = cs.Nuts(chains=4, draws=steps, tune=steps, backend=backend)
    data = model.simulate(1, people=people, features=features).data
    problem = cs.Problem(model, data)
    program = sampler.compile(problem)
    program.run(problem, 0)
    clock, processor = time.perf_counter(), time.process_time()
    draws = program.run(problem, 1)
    clock = time.perf_counter() - clock
    processor = time.process_time() - processor
    # Tuning takes as many gradients a step as the draws, nearly.
    gradients = float(draws["sample_stats"]["n_steps"].sum()) * 2
    return {
        "clock": round(1e6 * clock / gradients),
        "processor": round(1e6 * processor / gradients),
    }


def main() -> None:
    warnings.simplefilter("ignore")
    table: dict[str, dict] = {"cores": {"count": os.cpu_count()}}
    for name, (model, sizes) in SIZES.items():
        for people, features in sizes:
            row = {
                backend: microseconds(model, people, features, backend)
                for backend in ("numba", "jax")
            }
            table[f"{name}, {people} people, {features} features"] = row
            print(name, people, features, row, flush=True)
    Path(__file__).with_suffix(".json").write_text(json.dumps(table, indent=1) + "\n")


if __name__ == "__main__":
    main()
