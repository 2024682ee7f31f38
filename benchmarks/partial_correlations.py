"""All marginal posteriors of every pair of parts, from a frame to the table, beside what others compute of the same data; each in a process of its own.

    python benchmarks/partial_correlations.py                    every size and method
    python benchmarks/partial_correlations.py 1000 1300 exact    one

Ours gives mean, sd, 95 % interval and probability of the sign of every pair, by the exact posterior under the invariant prior; the others give one number
a pair. One thread of linear algebra. R's corpcor is asked where R has it.
"""

from __future__ import annotations

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
from causalstats.numerics import log_ratios

SIZES = [(50, 200), (244, 40), (1000, 1300), (3772, 1313)]
SLOW = {"graphical lasso, cross-validated": 50, "R corpcor": 1000}  # the most parts that each is tried on
RESULTS = Path(__file__).with_suffix(".json")


def study(parts: int, rows: int) -> pd.DataFrame:
    """Log-normal amounts in which each part is linked to the next."""
    rng = np.random.default_rng(1)
    noise = rng.standard_normal((rows, parts + 1))
    logs = noise[:, :-1] + 0.8 * noise[:, 1:]
    return pd.DataFrame(np.exp(logs), columns=[f"p{k}" for k in range(parts)])


def exact(frame: pd.DataFrame) -> np.ndarray:
    data = cs.Composition.from_frame(frame, parts=list(frame))
    fit = cs.fit(cs.PartialCorrelation(prior="invariant"), data, seed=1, progress=False)
    effect = fit.effect("partial_correlation")
    table = effect.summary()
    return table.assign(positive=1 - effect.margins.cdf(0.0))["mean"].to_numpy()


def basis_shrinkage(frame: pd.DataFrame) -> np.ndarray:
    values = frame.to_numpy()
    covariance = log_ratios.shrunk_covariance(np.log(values / values.sum(axis=1, keepdims=True)))[0]
    return log_ratios.partial_correlations(log_ratios.pseudo_inverse(log_ratios.centre(covariance)))


def ledoit_wolf(frame: pd.DataFrame) -> np.ndarray:
    from sklearn.covariance import ledoit_wolf as shrink

    return log_ratios.partial_correlations(log_ratios.pseudo_inverse(log_ratios.centre(shrink(log_ratios.clr(frame.to_numpy()))[0])))


def graphical_lasso(frame: pd.DataFrame) -> np.ndarray:
    from sklearn.covariance import GraphicalLassoCV

    ratios = log_ratios.clr(frame.to_numpy())
    return log_ratios.partial_correlations(GraphicalLassoCV().fit(ratios / ratios.std(axis=0)).precision_)


def corpcor(frame: pd.DataFrame) -> np.ndarray:
    script = """
    x <- as.matrix(read.csv(commandArgs(TRUE)[1])); t0 <- proc.time()[3]; p <- log(x / rowSums(x))
    c <- corpcor::cov.shrink(p, verbose = FALSE); d <- ncol(p); g <- diag(d) - 1 / d; r <- corpcor::cor2pcor(g %*% c %*% g); cat(proc.time()[3] - t0)"""
    with tempfile.TemporaryDirectory() as folder:
        frame.to_csv(f"{folder}/x.csv", index=False)
        done = subprocess.run(["Rscript", "-e", script, f"{folder}/x.csv"], capture_output=True, text=True, check=True)
    return np.array(float(done.stdout.split()[-1]))


METHODS: dict[str, Callable[[pd.DataFrame], np.ndarray]] = {
    "exact": exact,
    "basis shrinkage": basis_shrinkage,
    "Ledoit-Wolf": ledoit_wolf,
    "graphical lasso, cross-validated": graphical_lasso,
    **({"R corpcor": corpcor} if shutil.which("Rscript") else {}),
}


def measure(parts: int, rows: int, method: str) -> dict[str, object]:
    frame = study(parts, rows)
    threadpool_limits(1)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    seconds = []
    for _ in range(3 if parts <= 1000 else 2):
        started = time.perf_counter()
        found = METHODS[method](frame)
        seconds.append(float(found) if method == "R corpcor" else time.perf_counter() - started)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    row = {"parts": parts, "rows": rows, "method": method, "cold": round(seconds[0], 3), "warm": round(min(seconds), 3)}
    return row | {"GiB at its peak": round(peak, 2), "GiB before": round(before, 2)}


def main() -> None:
    if len(sys.argv) > 1:
        print(json.dumps(measure(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])))
        return
    rows = []
    for parts, count in SIZES:
        for method in METHODS:
            if parts > SLOW.get(method, parts):
                continue
            done = subprocess.run([sys.executable, __file__, str(parts), str(count), method], capture_output=True, text=True, check=True)
            rows.append(json.loads(done.stdout.splitlines()[-1]))
            print(rows[-1], flush=True)
    machine = {"cores": os.cpu_count(), "machine": platform.machine(), "python": platform.python_version(), "load": os.getloadavg()[0]}
    machine |= {name: version(name) for name in ("numpy", "scipy", "scikit-learn")}
    RESULTS.write_text(json.dumps({"rows": rows, "machine": machine}, indent=1) + "\n")


if __name__ == "__main__":
    main()
