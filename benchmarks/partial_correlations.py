"""Time and memory of all marginal posteriors of partial correlations, beside point estimates.

From a frame to the table, on the same data, each method in a separate process.

    python benchmarks/partial_correlations.py                    every size and method
    python benchmarks/partial_correlations.py 1000 1300 exact    one

Ours gives mean, sd, 95 % interval and probability of the sign of every pair, by the exact posterior
under the invariant prior; the others give one number a pair. One thread of linear algebra. `cold`
and `warm` are seconds of the clock, which other work on the machine lengthens, `processor` those of
one core. Included where they are installed: R's corpcor (Debian's r-base-core and r-cran-corpcor),
and `compositional` from PyPI, whose basis shrinkage is by Ledoit and Wolf.
"""

from __future__ import annotations

import importlib.util
import json
import os
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

import causalstats as cs
from causalstats.numerics.compositions import log_ratios
from causalstats.numerics.compositions.partial_correlations import partial_correlations

SIZES = [(50, 200), (244, 40), (1000, 1300), (3772, 1313)]
# The most parts on which slow methods are run.
MOST_PARTS = {
    "graphical lasso, cross-validated": 50,
    "R corpcor, basis shrinkage": 1000,
    "compositional": 1000,
}
RESULTS = Path(__file__).with_suffix(".json")


def study(parts: int, rows: int) -> pd.DataFrame:
    """Return log-normal amounts in which each part is linked to the next."""
    rng = np.random.default_rng(1)
    noise = rng.standard_normal((rows, parts + 1))
    logs = noise[:, :-1] + 0.8 * noise[:, 1:]
    return pd.DataFrame(np.exp(logs), columns=[f"p{k}" for k in range(parts)])


def exact(frame: pd.DataFrame) -> np.ndarray:
    data = cs.Composition.from_frame(frame, parts=list(frame))
    fit = cs.fit(cs.PartialCorrelation(prior="invariant"), data, seed=1, progress=False)
    effect = fit.effect("partial_correlation")
    table = effect.summary()
    return table.assign(positive=1 - effect.marginals.cdf(0.0))["mean"].to_numpy()


def basis_shrinkage(frame: pd.DataFrame) -> np.ndarray:
    values = frame.to_numpy()
    covariance = log_ratios.shrunk_covariance(
        np.log(values / values.sum(axis=1, keepdims=True))
    )[0]
    return partial_correlations(
        log_ratios.precision_from_covariance(log_ratios.centre(covariance))
    )


def ledoit_wolf(frame: pd.DataFrame) -> np.ndarray:
    from sklearn.covariance import ledoit_wolf as shrink

    return partial_correlations(
        log_ratios.precision_from_covariance(
            log_ratios.centre(shrink(log_ratios.clr(frame.to_numpy()))[0])
        )
    )


def graphical_lasso(frame: pd.DataFrame) -> np.ndarray:
    from sklearn.covariance import GraphicalLassoCV

    ratios = log_ratios.clr(frame.to_numpy())
    return partial_correlations(
        GraphicalLassoCV().fit(ratios / ratios.std(axis=0)).precision_
    )


def compositional(frame: pd.DataFrame) -> np.ndarray:
    from compositional import pairwise_partial_correlation_with_basis_shrinkage

    return pairwise_partial_correlation_with_basis_shrinkage(frame).to_numpy()


R_SCRIPT = """
x <- as.matrix(read.csv(commandArgs(TRUE)[1]))
centre <- function(m) sweep(m - rowMeans(m), 2, colMeans(m)) + mean(m)
for (run in 1:as.integer(commandArgs(TRUE)[2])) {
  start <- proc.time(); p <- log(x / rowSums(x))
  r <- corpcor::cor2pcor(centre(corpcor::cov.shrink(p, verbose = FALSE)))
  spent <- proc.time() - start
  cat(spent[["elapsed"]], spent[["user.self"]] + spent[["sys.self"]], r[1, 2], "\n")
}
cat(R.version$major, R.version$minor, as.character(packageVersion("corpcor")),
    basename(extSoftVersion()[["BLAS"]]))
"""


def corpcor(frame: pd.DataFrame, runs: int) -> tuple[list[tuple[float, float]], str]:
    """Return seconds of the clock and of the processor without reading the file, and versions.

    The estimates must equal those of `basis_shrinkage`.
    """
    with tempfile.TemporaryDirectory() as folder:
        frame.to_csv(f"{folder}/x.csv", index=False)
        command = ["Rscript", "-e", R_SCRIPT, f"{folder}/x.csv", str(runs)]
        environment = os.environ | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
        *lines, versions = subprocess.run(
            command, capture_output=True, text=True, check=True, env=environment
        ).stdout.splitlines()
    table = np.array([line.split() for line in lines], dtype=float)
    np.testing.assert_allclose(table[0, 2], basis_shrinkage(frame)[0, 1], rtol=1e-4)
    seconds = [(elapsed, processor) for elapsed, processor, _ in table.tolist()]
    return seconds, "R {}.{}, corpcor {}, {}".format(*versions.split())


def has_corpcor() -> bool:
    """Return whether R is installed with the package corpcor."""
    if not shutil.which("Rscript"):
        return False
    loaded = subprocess.run(["Rscript", "-e", "library(corpcor)"], capture_output=True)
    return loaded.returncode == 0


METHODS: dict[str, Callable[[pd.DataFrame], np.ndarray]] = {
    "exact": exact,
    "basis shrinkage": basis_shrinkage,
    "Ledoit-Wolf": ledoit_wolf,
    "graphical lasso, cross-validated": graphical_lasso,
    **(
        {"compositional": compositional}
        if importlib.util.find_spec("compositional")
        else {}
    ),
}
R_METHOD = "R corpcor, basis shrinkage"


def measure(parts: int, rows: int, method: str) -> dict[str, object]:
    frame = study(parts, rows)
    runs = 3 if parts <= 1000 else 2
    threadpool_limits(1)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    row: dict[str, object] = {"parts": parts, "rows": rows, "method": method}
    if method == R_METHOD:
        seconds, versions = corpcor(frame, runs)
        return row | _least(seconds) | {"versions": versions}
    seconds = []
    for _ in range(runs):
        started, used = time.perf_counter(), time.process_time()
        METHODS[method](frame)
        seconds.append((time.perf_counter() - started, time.process_time() - used))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return (
        row
        | _least(seconds)
        | {"GiB at its peak": round(peak, 2), "GiB before": round(before, 2)}
    )


def _least(seconds: list[tuple[float, float]]) -> dict[str, float]:
    clock, processor = zip(*seconds, strict=True)
    return {
        "cold": round(clock[0], 3),
        "warm": round(min(clock), 3),
        "processor": round(min(processor), 3),
    }


def main() -> None:
    if len(sys.argv) > 1:
        print(json.dumps(measure(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])))
        return
    rows = []
    for parts, count in SIZES:
        for method in [*METHODS, *([R_METHOD] if has_corpcor() else [])]:
            if parts > MOST_PARTS.get(method, parts):
                continue
            done = subprocess.run(
                [sys.executable, __file__, str(parts), str(count), method],
                capture_output=True,
                text=True,
                check=True,
            )
            rows.append(json.loads(done.stdout.splitlines()[-1]))
            print(rows[-1], flush=True)
    machine = {
        "cores": os.cpu_count(),
        "machine": platform.machine(),
        "python": platform.python_version(),
        "load": os.getloadavg()[0],
    }
    machine |= {
        name: version(name)
        for name in (
            "numpy",
            "scipy",
            "scikit-learn",
            *(["compositional"] if "compositional" in METHODS else []),
        )
    }
    RESULTS.write_text(json.dumps({"rows": rows, "machine": machine}, indent=1) + "\n")


if __name__ == "__main__":
    main()
