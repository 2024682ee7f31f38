"""Time and memory of `PanelDML` on panels larger than memory, from a parquet file to the effect.

Each size in a separate process.

    python benchmarks/panel_rows.py            every size
    python benchmarks/panel_rows.py 10000000   these; 4 GB of disk for ten million rows

Needs pyarrow.

Units of ten rows, in order, with 20 covariates whose means differ between units. The squares of
covariates act on treatment and outcome; the effect is 1.
"""

from __future__ import annotations

import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np

COVARIATES, TIMES, PIECE = 20, 10, 500_000
SIZES = (10**6, 10**7)
RESULTS = Path(__file__).with_suffix(".json")


def write(path: Path, rows: int) -> None:
    """Write the panel as a parquet file, a piece at a time."""
    import pyarrow as pa
    from pyarrow import parquet

    rng = np.random.default_rng(1)
    writer = None
    weights = rng.standard_normal(COVARIATES) / COVARIATES
    for start in range(0, rows, PIECE):
        count = min(PIECE, rows - start)
        unit = (start + np.arange(count)) // TIMES
        unit_effects = np.repeat(rng.standard_normal(count // TIMES), TIMES)
        x = unit_effects[:, None] + rng.standard_normal((count, COVARIATES))
        common = x**2 @ weights + unit_effects
        d = common + rng.standard_normal(count)
        columns = {
            "unit": unit,
            "time": np.arange(count) % TIMES,
            "y": d + common + rng.standard_normal(count),
            "d": d,
        }
        table = pa.table(columns | {f"x{k + 1}": x[:, k] for k in range(COVARIATES)})
        writer = writer or parquet.ParquetWriter(path, table.schema)
        writer.write_table(table)
    assert writer is not None
    writer.close()


def measure(path: Path, rows: int) -> dict[str, float]:
    """Return seconds by stage, peak memory and the estimate.

    The processor's seconds depend less on other work on the machine than those of the clock.
    """
    import causalstats as cs

    started, busy = time.perf_counter(), time.process_time()
    names = [f"x{k + 1}" for k in range(COVARIATES)]
    panel = cs.Panel.from_chunks(
        path,
        unit="unit",
        time="time",
        outcome="y",
        treatment="d",
        covariates=names,
        folder=path.parent,
    )
    read = time.perf_counter()
    model = cs.PanelDML()
    model.statistics(panel)
    summed = time.perf_counter()
    effect = (
        cs.fit(model, panel, seed=1, progress=False).effect("effect").summary().iloc[0]
    )
    answered = time.perf_counter()
    return {
        "rows": rows,
        "read": read - started,
        "cross-products": summed - read,
        "compile, sample, answer": answered - summed,
        "total": answered - started,
        "processor": time.process_time() - busy,
        "GiB at its peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
        "load of the machine": os.getloadavg()[0],
        "effect": float(effect["mean"]),
        "sd": float(effect["sd"]),
    }


def main() -> None:
    if sys.argv[1:2] == ["measure"]:
        print(json.dumps(measure(Path(sys.argv[3]), int(sys.argv[2]))))
        return
    records = []
    for rows in map(int, sys.argv[1:] or SIZES):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "panel.parquet"
            write(path, rows)
            done = subprocess.run(
                [sys.executable, __file__, "measure", str(rows), str(path)],
                capture_output=True,
                text=True,
                check=True,
            )
        record = json.loads(done.stdout.splitlines()[-1])
        records.append(record)
        print({name: round(value, 4) for name, value in record.items()}, flush=True)
    libraries = {
        library: version(library)
        for library in ("numpy", "scipy", "pymc", "nutpie", "numba", "pyarrow")
    }
    about = {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python "
        f"{platform.python_version()}",
        "libraries": libraries,
        "covariates": COVARIATES,
    }
    RESULTS.write_text(
        json.dumps({"about": about, "results": records}, indent=1) + "\n"
    )


if __name__ == "__main__":
    main()
