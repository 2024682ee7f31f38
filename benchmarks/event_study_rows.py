"""Time and memory of `EventStudy` on rows larger than memory, from chunks to the effect.

Each size in a separate process.

    python benchmarks/event_study_rows.py            every size
    python benchmarks/event_study_rows.py 10000000   these; 1 GB of disk for ten million rows

Units of ten rows, of which a fifth adopts in period 3, as many in 5 and in 7, and the others never.
Unit effects, AR(1) errors of .5, and a covariate whose effect grows with time; the effect of the
treatment is 1 + e / 2, e periods after adoption. Chunks are made as they are read; the time that
this takes is measured apart, and is part of the total.
"""

from __future__ import annotations

import json
import os
import platform
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd

TIMES, PIECE = 10, 500_000
ADOPTION = np.array([3, 5, 7, TIMES, TIMES])
SIZES = (10**6, 10**7)
RESULTS = Path(__file__).with_suffix(".json")
ROLES = {
    "unit": "unit",
    "time": "time",
    "outcome": "y",
    "treatment": "d",
    "covariates": ["x"],
}


class Chunks:
    """Chunks of whole units, and the seconds that making them took.

    Parameters
    ----------
    rows : int
    missing : float
        The share of rows that are left out, at random.
    """

    def __init__(self, rows: int, missing: float) -> None:
        self.rows = rows
        self.missing = missing
        self.seconds = 0.0

    def __iter__(self) -> Iterator[pd.DataFrame]:
        rng = np.random.default_rng(1)
        for start in range(0, self.rows, PIECE):
            began = time.perf_counter()
            frame = _units(rng, start // TIMES, min(PIECE, self.rows - start) // TIMES)
            if self.missing:
                frame = frame[rng.random(len(frame)) >= self.missing]
            self.seconds += time.perf_counter() - began
            yield frame


def _units(rng: np.random.Generator, first: int, count: int) -> pd.DataFrame:
    """Return the rows of `count` units, numbered from `first` on."""
    adopted = ADOPTION[rng.integers(len(ADOPTION), size=count)][:, None]
    period = np.arange(TIMES)
    errors = rng.standard_normal((count, TIMES))
    for t in range(1, TIMES):
        errors[:, t] = 0.5 * errors[:, t - 1] + np.sqrt(0.75) * errors[:, t]
    x = rng.standard_normal((count, 1)) + (adopted < TIMES)
    treated = period >= adopted
    effect = treated * (1 + (period - adopted) / 2)
    outcome = x + 0.05 * x * period + effect + errors
    return pd.DataFrame(
        {
            "unit": np.repeat(first + np.arange(count), TIMES),
            "time": np.tile(period, count),
            "y": outcome.ravel(),
            "d": treated.ravel().astype(float),
            "x": np.repeat(x, TIMES),
        }
    )


def measured(rows: int, missing: float) -> dict[str, float]:
    """Return seconds, peak memory and the answer.

    Parameters
    ----------
    rows : int
        Before some are left out.
    missing : float
        The share that is left out.
    """
    began = time.perf_counter()
    import causalstats as cs

    imported = time.perf_counter()
    chunks = Chunks(rows, missing)
    data = cs.Panel.from_chunks(chunks, **ROLES)
    read = time.perf_counter()
    model = cs.EventStudy()
    model.statistics(data)
    summed = time.perf_counter()
    fit = cs.fit(model, data, seed=1, progress=False)
    effect = fit.effect("att")
    drawn = time.perf_counter()
    checks = fit.check()
    answered = time.perf_counter()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {
        "rows": len(data),
        "missing": missing,
        "import": imported - began,
        "make the chunks": chunks.seconds,
        "read": read - imported - chunks.seconds,
        "cross-products": summed - read,
        "draw, answer": drawn - summed,
        "checks": answered - drawn,
        "failed checks": sum(check.passed is False for check in checks),
        "total": answered - began,
        "processor": time.process_time(),
        "GB at its peak": peak * 1024 / 1e9,
        "load of the machine": os.getloadavg()[0],
        "effect": float(effect.draws.mean()),
        "sd": float(effect.draws.std()),
    }


def main() -> None:
    """Measure every size in a process of its own, and keep the results."""
    if sys.argv[1:2] == ["--one"]:
        print(json.dumps(measured(int(sys.argv[2]), float(sys.argv[3]))))
        return
    sizes = [int(size) for size in sys.argv[1:]] or SIZES
    results = []
    for rows in sizes:
        for missing in ("0", "0.1"):
            command = [sys.executable, __file__, "--one", str(rows), missing]
            run = subprocess.run(command, check=True, capture_output=True, text=True)
            results.append(json.loads(run.stdout.splitlines()[-1]))
            print(results[-1], flush=True)
    machine = f"{platform.machine()}, {os.cpu_count()} cores"
    about = {
        "machine": f"{machine}, Python {platform.python_version()}",
        "libraries": {name: version(name) for name in ("numpy", "scipy", "pandas")},
        "periods": TIMES,
        "cohorts": len(set(ADOPTION)) - 1,
    }
    RESULTS.write_text(
        json.dumps({"about": about, "results": results}, indent=1) + "\n"
    )


if __name__ == "__main__":
    main()
