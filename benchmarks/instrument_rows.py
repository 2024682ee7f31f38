"""Time and memory of `Instrument` on rows larger than memory, from chunks to the effect.

Each size in a separate process.

    python benchmarks/instrument_rows.py            every size
    python benchmarks/instrument_rows.py 10000000   these; 1 GB of disk for ten million rows

Five instruments, one treatment, errors with a correlation of .6; the effect is 1. Chunks are made
as they are read; the time that this takes is measured apart, and is part of the total.
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

INSTRUMENTS, PIECE = 5, 500_000
SIZES = (10**6, 10**7)
RESULTS = Path(__file__).with_suffix(".json")
NAMES = [f"z{k + 1}" for k in range(INSTRUMENTS)]
ROLES = {"outcome": "y", "treatment": "t", "instruments": NAMES}


class Chunks:
    """Chunks of rows, and the seconds that making them took."""

    def __init__(self, rows: int) -> None:
        self.rows = rows
        self.seconds = 0.0

    def __iter__(self) -> Iterator[pd.DataFrame]:
        rng = np.random.default_rng(1)
        for start in range(0, self.rows, PIECE):
            began = time.perf_counter()
            count = min(PIECE, self.rows - start)
            z = rng.standard_normal((count, INSTRUMENTS))
            v, e = rng.standard_normal((2, count))
            treatment = z @ np.full(INSTRUMENTS, 0.02) + v
            outcome = treatment + 0.6 * v + 0.8 * e
            frame = pd.DataFrame(z, columns=NAMES).assign(t=treatment, y=outcome)
            self.seconds += time.perf_counter() - began
            yield frame


def measured(rows: int) -> dict[str, float]:
    """Return seconds, peak memory and the answer."""
    began = time.perf_counter()
    import causalstats as cs

    imported = time.perf_counter()
    chunks = Chunks(rows)
    data = cs.Instrumented.from_chunks(chunks, **ROLES)
    read = time.perf_counter()
    fit = cs.fit(cs.Instrument(), data, seed=1, progress=False)
    effect = fit.effect("effect")
    answered = time.perf_counter()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {
        "rows": rows,
        "import": imported - began,
        "make the chunks": chunks.seconds,
        "read, cross-products": read - imported - chunks.seconds,
        "fit, checks, answer": answered - read,
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
        print(json.dumps(measured(int(sys.argv[2]))))
        return
    sizes = [int(size) for size in sys.argv[1:]] or SIZES
    results = []
    for rows in sizes:
        command = [sys.executable, __file__, "--one", str(rows)]
        run = subprocess.run(command, check=True, capture_output=True, text=True)
        results.append(json.loads(run.stdout.splitlines()[-1]))
        print(results[-1], flush=True)
    machine = f"{platform.machine()}, {os.cpu_count()} cores"
    about = {
        "machine": f"{machine}, Python {platform.python_version()}",
        "libraries": {name: version(name) for name in ("numpy", "scipy", "pandas")},
        "instruments": INSTRUMENTS,
    }
    RESULTS.write_text(
        json.dumps({"about": about, "results": results}, indent=1) + "\n"
    )


if __name__ == "__main__":
    main()
