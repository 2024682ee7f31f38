"""Mean squared error of partial correlations over pairs, as in Jin, Notredame & Erb (2022).

40 parts, 8 to 1,000 rows, every method on the same data.

    python benchmarks/shrinkage_error.py [--replications 20]

Their truths were the log-ratio covariances of 40 genes of mouse cells, taken at random; these data
are not distributed with this library, so truths here are drawn: logarithms of amounts with three
common factors and unequal variances. What can be compared with their table is the order of the
methods and how each goes with the number of rows, not the numbers. Writes
benchmarks/shrinkage_error.json.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd

import causalstats as cs
from causalstats.numerics.compositions import log_ratios
from causalstats.numerics.compositions.partial_correlations import partial_correlations
from causalstats.samplers import program_for, sample

PARTS, FACTORS, ROWS = 40, 3, (8, 40, 200, 1000)
RESULTS = Path(__file__).with_suffix(".json")
PUBLISHED = {  # their truths
    "sample": (0.167, 0.486, 0.00616, 0.00104),
    "shrunk clr": (0.00367, 0.00383, 0.00768, 0.0591),
    "basis shrinkage": (0.00301, 0.00256, 0.00228, 0.000835),
}
PAIRS = np.triu_indices(PARTS, 1)


def truth(rng: np.random.Generator) -> np.ndarray:
    """Return a root of the covariance of log amounts, shape (D, D + factors)."""
    values = 0.4 * rng.standard_normal((PARTS, FACTORS))
    loadings = values * (rng.random((PARTS, FACTORS)) < 0.4)
    scales = np.exp(0.5 * rng.standard_normal(PARTS)) * 0.6
    return np.hstack([np.diag(scales), loadings])


def estimates(frame: pd.DataFrame) -> dict[str, np.ndarray]:
    """Return the partial correlations of every pair by each method."""
    values = frame.to_numpy()
    ratios = log_ratios.clr(values)
    logs = np.log(values / values.sum(axis=1, keepdims=True))
    gamma = np.cov(ratios, rowvar=False)
    by_method = {
        "sample": partial_correlations(np.linalg.pinv(gamma, hermitian=True))[PAIRS],
        "shrunk clr": partial_correlations(
            np.linalg.pinv(log_ratios.shrunk_covariance(ratios)[0], hermitian=True)
        )[PAIRS],
        "basis shrinkage": partial_correlations(
            log_ratios.precision_from_covariance(
                log_ratios.centre(log_ratios.shrunk_covariance(logs)[0])
            )
        )[PAIRS],
    }
    data = cs.Composition.from_frame(frame, parts=list(frame))
    fit = cs.fit(
        cs.PartialCorrelation(prior="invariant"),
        data,
        seed=1,
        sampler=cs.Exact(chains=1, draws=1),
        progress=False,
    )
    table = fit.effect("partial_correlation").summary()
    by_method["invariant"] = table["mean"].to_numpy()
    problem = cs.Problem(cs.PartialCorrelation(prior="shrunk"), data)
    program = program_for(cs.Auto(chains=2, draws=300, tune=300), problem)
    draws = sample(program, problem, 1)["posterior"].to_dataset()
    by_method["shrunk"] = (
        problem.model.estimands()["partial_correlation"]
        .compute(draws, data)
        .mean(("chain", "draw"))
        .to_numpy()
    )
    return by_method


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--replications", type=int, default=20)
    replications = options.parse_args().replications
    started = time.perf_counter()
    errors: dict[str, dict[str, list[float]]] = {}
    for rows in ROWS:
        for replication in range(replications):
            rng = np.random.default_rng((rows, replication))
            root = truth(rng)
            true = partial_correlations(
                log_ratios.precision_from_covariance(log_ratios.centre(root @ root.T))
            )[PAIRS]
            logs = rng.standard_normal((rows, root.shape[1])) @ root.T
            frame = pd.DataFrame(np.exp(logs), columns=[f"p{k}" for k in range(PARTS)])
            for name, estimate in estimates(frame).items():
                errors.setdefault(name, {}).setdefault(str(rows), []).append(
                    float(((estimate - true) ** 2).mean())
                )
        print(
            rows,
            {
                name: f"{np.mean(by_rows[str(rows)]):.3g}"
                for name, by_rows in errors.items()
            },
            flush=True,
        )
    table = {
        name: {
            rows: {
                "mean": float(np.mean(each)),
                "se": float(np.std(each) / np.sqrt(len(each))),
            }
            for rows, each in by_rows.items()
        }
        for name, by_rows in errors.items()
    }
    machine = {
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        **{name: version(name) for name in ("numpy", "nutpie", "pymc")},
    }
    record = {
        "replications": replications,
        "seconds": round(time.perf_counter() - started),
        "mean and standard error": table,
    }
    record |= {"published, of other truths": PUBLISHED, "machine": machine}
    RESULTS.write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
