"""Gibbs sampling of counts of hundreds of taxa: processor time, effective draws, memory.

    python benchmarks/counts_at_size.py                  every size, in separate processes
    python benchmarks/counts_at_size.py 200 200 --sweeps 1000 --chains 2     one

Chains under the horseshoe are run on counts of a sparse world: 60 % of the taxa are in strong pairs
of partial correlations of the amounts from .45 to .8, few are linked weakly, and 1,000 to 50,000
are counted of a sample. Time is that of the processor, of one thread a chain, which other work on
the machine does not lengthen by waiting. `sweeps for 400` is how many sweeps an effective sample of
400 takes for the pairs that counts determine, from the slowest of them to the median; `minutes` is
the processor time of these on two cores.
"""

from __future__ import annotations

import argparse
import json
import platform
import resource
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

import arviz as az
import numpy as np
import pandas as pd
import xarray as xr
from threadpoolctl import threadpool_limits

import causalstats as cs
from causalstats.numerics.compositions import log_ratios
from causalstats.numerics.compositions.counting_information import (
    counting_information,
    shared_information,
)
from causalstats.numerics.compositions.partial_correlations import partial_correlations
from causalstats.numerics.sampling.convergence_diagnostics import split_r_hats

# Samples, taxa, chains, sweeps of each and sweeps from one draw to the next
SIZES = [(200, 200, 4, 2000, 4), (1000, 500, 1, 300, 3)]
NEEDED = 400
STRONG = (0.4, 0.85)
LEAST_SHARED = 0.5  # of the rows, by whose counts a pair is determined
RESULTS = Path(__file__).with_suffix(".json")


def sparse_counts(
    rng: np.random.Generator, rows: int, taxa: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return counts of the taxa that were seen at all, and the true Θ of these.

    Parameters
    ----------
    rng : Generator
    rows, taxa : int
    """
    correlations = np.eye(taxa)
    order = rng.permutation(taxa)
    for one, other in order[: int(0.6 * taxa) // 2 * 2].reshape(-1, 2):
        correlations[one, other] = rng.uniform(0.45, 0.8) * rng.choice([-1, 1])
        correlations[other, one] = correlations[one, other]
    for _ in range(taxa // 4):
        one, other = rng.choice(taxa, 2, replace=False)
        if correlations[one, other] == 0:
            correlations[one, other] = rng.uniform(0.1, 0.25) * rng.choice([-1, 1])
            correlations[other, one] = correlations[one, other]
    short = max(0.05 - np.linalg.eigvalsh(correlations)[0], 0)
    covariance = np.linalg.inv((correlations + short * np.eye(taxa)) / (1 + short))
    scale = rng.uniform(0.7, 1.5, taxa)
    covariance *= scale[:, None] * scale
    noise = rng.standard_normal((rows, taxa)) @ np.linalg.cholesky(covariance).T
    shares = np.exp(rng.normal(0, 2, taxa) + noise)
    shares /= shares.sum(axis=1, keepdims=True)
    depths = np.exp(rng.uniform(*np.log([1000, 50_000]), rows)).astype(int)
    counts = rng.multinomial(depths, shares).astype(float)
    seen = counts.sum(axis=0) > 0
    theta = log_ratios.precision_from_covariance(
        log_ratios.centre(covariance[np.ix_(seen, seen)])
    )
    return counts[:, seen], theta


def measure(
    rows: int, taxa: int, chains: int, sweeps: int, thin: int
) -> dict[str, object]:
    """Return the figures of one size.

    Parameters
    ----------
    rows, taxa : int
    chains, sweeps : int
        Sweeps that are kept of each chain, after a quarter as many.
    thin : int
    """
    counts, theta = sparse_counts(np.random.default_rng(1), rows, taxa)
    names = [f"t{k}" for k in range(counts.shape[1])]
    frame = pd.DataFrame(counts, columns=names)
    data = cs.Composition.from_frame(frame, parts=names, zeros="counts")
    model = cs.PartialCorrelation(prior="horseshoe")
    kernel = model.gibbs_kernel(data)
    threadpool_limits(1)
    kernel.advance(kernel.start(np.random.default_rng(0)), 1, np.random.default_rng(0))
    upper = np.triu_indices(len(names), 1)
    draws = np.empty((chains, sweeps // thin, len(upper[0])), np.float32)
    diagonal = np.zeros(len(names))
    seconds = 0.0
    for chain in range(chains):
        rng = np.random.default_rng(chain)
        state = kernel.start(rng)
        started = time.process_time()
        kernel.advance(state, sweeps // 4, rng)
        for draw in range(sweeps // thin):
            kernel.advance(state, thin, rng)
            precision = kernel.draw(state)["precision"]
            draws[chain, draw] = partial_correlations(precision)[upper]
            diagonal += np.diagonal(precision)
        seconds += time.process_time() - started
    information = counting_information(counts, diagonal / (chains * (sweeps // thin)))
    asked = shared_information(information)[upper] >= LEAST_SHARED
    total = chains * sweeps
    values = xr.DataArray(draws[..., asked], dims=("chain", "draw", "pair"))
    sizes = az.ess(values, method="mean").to_numpy() / total
    truth = partial_correlations(theta)[upper][asked]
    lower, higher = np.quantile(
        draws[..., asked].reshape(-1, len(truth)), [0.025, 0.975], axis=0
    )
    inside = (lower <= truth) & (truth <= higher)
    strong = (np.abs(truth) > STRONG[0]) & (np.abs(truth) < STRONG[1])
    per_sweep = seconds / (1.25 * total)
    quantiles = np.quantile(sizes, [0, 0.001, 0.01, 0.05, 0.5])
    needed = NEEDED / quantiles
    return {
        "samples": rows,
        "taxa": len(names),
        "zeros": round(float((counts == 0).mean()), 3),
        "chains": chains,
        "sweeps": sweeps,
        "processor seconds a sweep": round(per_sweep, 5),
        "informed pairs": int(asked.sum()),
        "effective draws of 1,000 sweeps, least to median": [
            round(1000 * float(each), 1) for each in quantiles
        ],
        "share of pairs with R-hat above 1.05": round(
            float((split_r_hats(draws[..., asked]) > 1.05).mean()), 5
        ),
        "sweeps for 400, least to median": [round(float(each)) for each in needed],
        "minutes on two cores, least to median": [
            round(float(each) * per_sweep / 120, 2) for each in needed
        ],
        "coverage of informed pairs": round(float(inside.mean()), 4),
        "coverage of strong informed pairs": round(float(inside[strong].mean()), 3),
        "strong informed pairs": int(strong.sum()),
        "GiB at its peak": round(
            resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2
        ),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("size", type=int, nargs="*")
    parser.add_argument("--chains", type=int, default=2)
    parser.add_argument("--sweeps", type=int, default=1000)
    parser.add_argument("--thin", type=int, default=4)
    options = parser.parse_args()
    if options.size:
        rows, taxa = options.size
        figures = measure(rows, taxa, options.chains, options.sweeps, options.thin)
        print(json.dumps(figures))
        return
    results = []
    for rows, taxa, chains, sweeps, thin in SIZES:
        command = [sys.executable, __file__, str(rows), str(taxa)]
        command += ["--chains", str(chains), "--sweeps", str(sweeps)]
        command += ["--thin", str(thin)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        results.append(json.loads(done.stdout.splitlines()[-1]))
        print(json.dumps(results[-1], indent=1), flush=True)
    machine = {"machine": platform.machine(), "python": platform.python_version()}
    versions = {name: version(name) for name in ("numpy", "numba")}
    RESULTS.write_text(json.dumps({"rows": results, **machine, **versions}, indent=1))


if __name__ == "__main__":
    main()
