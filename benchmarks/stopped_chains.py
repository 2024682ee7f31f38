"""Chains of the horseshoe that ran long enough, and that were stopped early: which checks say so.

    python benchmarks/stopped_chains.py

60 rows of 20 parts with three linked pairs, under `PartialCorrelation(prior="horseshoe")`: four
chains of as many sweeps as by default, and of 200 and 1,000 sweeps without any before. The error of
the means of pairs is in posterior standard deviations, against four other chains of full length,
which are run where the R-hat of the global scale τ is 1.01 or more, and in every third data set.
"""

from __future__ import annotations

import json
import time
from pathlib import Path

import numpy as np
import xarray as xr
from threadpoolctl import threadpool_limits
from worlds.composition import composition, log_amounts

import causalstats as cs
from causalstats.core.gibbs_kernel import GibbsKernel
from causalstats.numerics.compositions.partial_correlations import partial_correlations
from causalstats.numerics.sampling.convergence_diagnostics import r_hat, split_r_hats

DATA_SETS = 6
ROWS, PARTS = 60, 20
CHAINS = 4
EARLY = (200, 1000)
UPPER = np.triu_indices(PARTS, 1)
RESULTS = Path(__file__).with_suffix(".json")


def chains(
    kernel: GibbsKernel, seed: int, draws: int, thin: int, tune: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return draws of all pairs (chain, draw, pair) and of τ (chain, draw).

    Parameters
    ----------
    kernel : GibbsKernel
    seed, draws, thin, tune : int
    """
    pairs = np.empty((CHAINS, draws, len(UPPER[0])))
    scale = np.empty((CHAINS, draws))
    for chain, rng in enumerate(np.random.default_rng(seed).spawn(CHAINS)):
        state = kernel.start(rng)
        kernel.advance(state, tune, rng)
        for draw in range(draws):
            kernel.advance(state, thin, rng)
            variables = kernel.draw(state)
            pairs[chain, draw] = partial_correlations(variables["precision"])[UPPER]
            scale[chain, draw] = variables["global_shrinkage"]
    return pairs, scale


def diagnostics(pairs: np.ndarray, scale: np.ndarray) -> dict[str, float]:
    """Return the R-hat of τ, the largest of the answer, and the share of unresolved pairs."""
    dims = ("chain", "draw")
    answer = [r_hat(xr.DataArray(each, dims=dims)) for each in np.moveaxis(pairs, 2, 0)]
    return {
        "tau": float(r_hat(xr.DataArray(scale, dims=dims))),
        "answer": float(max(answer)),
        "unresolved": float((split_r_hats(pairs) > 1.05).mean()),
    }


def errors(pairs: np.ndarray, reference: np.ndarray) -> dict[str, float]:
    """Return the root mean square and the largest error of means, in standard deviations."""
    means = pairs.mean(axis=(0, 1)) - reference.mean(axis=(0, 1))
    scaled = means / reference.std(axis=(0, 1))
    return {
        "rms error": float(np.sqrt((scaled**2).mean())),
        "largest error": float(np.abs(scaled).max()),
    }


def measure(seed: int) -> list[dict[str, float]]:
    """Return the figures of one data set, a row for each length of chains."""
    rng = np.random.default_rng(seed)
    data = composition(np.exp(log_amounts(rng, ROWS, PARTS)))
    kernel = cs.PartialCorrelation(prior="horseshoe").gibbs_kernel(data)
    full = chains(kernel, 1, kernel.draws, kernel.thin, kernel.tune)
    line = {"seed": seed, "sweeps": kernel.draws * kernel.thin, **diagnostics(*full)}
    if line["tau"] >= 1.01 or seed % 3 == 0:
        other = chains(kernel, 2, kernel.draws, kernel.thin, kernel.tune)
        line |= errors(full[0], other[0])
    rows = [line]
    for sweeps in EARLY:
        early = chains(kernel, 3, sweeps, 1, 0)
        line = {"seed": seed, "sweeps": sweeps, **diagnostics(*early)}
        rows.append(line | errors(early[0], full[0]))
    return rows


def summary(rows: list[dict[str, float]]) -> dict[str, float]:
    """Return by which shares of data sets each check fails, and the errors."""
    known = [row for row in rows if "rms error" in row]
    doubted = [row for row in known if row["tau"] >= 1.01]
    alone = [row for row in doubted if row["answer"] < 1.01]
    return {
        "data sets": len(rows),
        "R-hat of tau at least 1.01": np.mean([row["tau"] >= 1.01 for row in rows]),
        "R-hat of the answer at least 1.01": np.mean(
            [row["answer"] >= 1.01 for row in rows]
        ),
        "resolved by the chains: any pair": np.mean(
            [row["unresolved"] > 0 for row in rows]
        ),
        "resolved by the chains: failed": np.mean(
            [row["unresolved"] > 0.01 for row in rows]
        ),
        "rms error": np.mean([row["rms error"] for row in known]),
        "largest error": np.max([row["largest error"] for row in known]),
        "tau alone: data sets": len(alone),
        "tau alone: largest error": max(
            (row["largest error"] for row in alone), default=0.0
        ),
    }


def main() -> None:
    threadpool_limits(1)
    started = time.process_time()
    rows: list[dict[str, float]] = []
    for seed in range(DATA_SETS):
        rows += measure(seed)
        lengths = sorted({int(row["sweeps"]) for row in rows})
        table = {
            f"{length:,} sweeps": {
                name: round(float(value), 4)
                for name, value in summary(
                    [row for row in rows if row["sweeps"] == length]
                ).items()
            }
            for length in lengths
        }
        seconds = round(time.process_time() - started)
        results = {"lengths": table, "processor seconds": seconds, "rows": rows}
        RESULTS.write_text(json.dumps(results, indent=1) + "\n")
        print(json.dumps(table), flush=True)


if __name__ == "__main__":
    main()
