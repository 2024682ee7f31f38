"""Coverage over strong pairs by prior, size and structure: what chose the prior of compositions.

    python benchmarks/default_prior.py [--data-sets 40] [--only "60 x 30"]

draws log amounts of which few are linked, all are, or each is with the next, and counts how many
95 % intervals of partial correlations hold the truth: over all pairs, over strong ones (.4 to .85
in size) and over moderate ones (.2 to .4). A run goes on where it was stopped, and writes
`benchmarks/default_prior.json`.
"""

from __future__ import annotations

import argparse
import json
import time
import warnings
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from designs.composition import STRUCTURES

import causalstats as cs
from causalstats.numerics.compositions import log_ratios
from causalstats.numerics.compositions.partial_correlations import (
    partial_correlations,
)
from causalstats.runs.resumable import resume

PATH = Path(__file__).with_suffix(".json")
RECORDS = Path("results/default_prior")
STRONG = (0.4, 0.85)
MODERATE = (0.2, 0.4)
# Few draws, of which only quantiles are used
SAMPLERS = {
    "matching": cs.Exact(chains=2, draws=500),
    "horseshoe": cs.Gibbs(chains=2, draws=500, tune=625, thin=5),
    "shrunk": cs.Auto(),
}
SIZES = {
    (40, 4): ("horseshoe", "shrunk"),
    (60, 8): ("matching", "horseshoe", "shrunk"),
    (100, 20): ("matching", "horseshoe", "shrunk"),
    (60, 30): ("horseshoe",),
    (40, 30): ("horseshoe", "shrunk"),
}
CELLS = [
    (structure, rows, parts, prior)
    for (rows, parts), priors in SIZES.items()
    for structure in STRUCTURES
    for prior in priors
]


def one(structure: str, rows: int, parts: int, prior: str, seed: int) -> dict[str, Any]:
    """Return the counts of one data set.

    Parameters
    ----------
    structure : str
        A key of `STRUCTURES`.
    rows, parts : int
    prior : str
    seed : int
    """
    warnings.simplefilter("ignore")
    started = time.perf_counter()
    rng = np.random.default_rng(seed)
    covariance = STRUCTURES[structure](rng, parts)
    scale = rng.uniform(0.7, 1.5, parts) / np.sqrt(np.diagonal(covariance))
    covariance = covariance * scale[:, None] * scale
    logs = rng.standard_normal((rows, parts)) @ np.linalg.cholesky(covariance).T
    theta = log_ratios.precision_from_covariance(log_ratios.centre(covariance))
    truth = partial_correlations(theta)[np.triu_indices(parts, 1)]
    names = [f"p{k}" for k in range(parts)]
    frame = pd.DataFrame(np.exp(logs), columns=names)
    data = cs.Composition.from_frame(frame, parts=names)
    model = cs.PartialCorrelation(prior=prior)
    fit = cs.fit(model, data, seed=seed, sampler=SAMPLERS[prior], progress=False)
    draws = fit.effect("partial_correlation").draws
    lower, upper = draws.quantile([0.025, 0.975], ("chain", "draw")).to_numpy()
    inside = (lower <= truth) & (truth <= upper)
    size = np.abs(truth)
    strong = (size > STRONG[0]) & (size < STRONG[1])
    moderate = (size > MODERATE[0]) & (size <= MODERATE[1])
    declared = (lower > 0) | (upper < 0)
    mean = draws.mean(("chain", "draw")).to_numpy()
    return {
        "covered": float(inside.mean()),
        "strong": int(strong.sum()),
        "strong covered": int(inside[strong].sum()),
        "moderate": int(moderate.sum()),
        "moderate covered": int(inside[moderate].sum()),
        "width": float((upper - lower).mean()),
        "strong width": float((upper - lower)[strong].sum()),
        "squared error": float(((mean - truth) ** 2).mean()),
        "declared": int(declared.sum()),
        "declared with the right sign": int((mean * truth > 0)[declared].sum()),
        "seconds": time.perf_counter() - started,
    }


def summarised(records: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the figures of a cell; the standard error is over data sets."""
    total = {name: sum(record[name] for record in records) for name in records[0]}
    count = len(records)
    share = total["strong covered"] / max(total["strong"], 1)
    misses = [record["strong covered"] - share * record["strong"] for record in records]
    error = np.sqrt(np.square(misses).sum()) / max(total["strong"], 1)
    return {
        "data sets": count,
        "coverage": total["covered"] / count,
        "strong pairs": total["strong"],
        "coverage of strong pairs": share,
        "standard error": float(error),
        "moderate pairs": total["moderate"],
        "coverage of moderate pairs": total["moderate covered"]
        / max(total["moderate"], 1),
        "mean width": total["width"] / count,
        "mean width of strong pairs": total["strong width"] / max(total["strong"], 1),
        "root mean squared error": float(np.sqrt(total["squared error"] / count)),
        "declared a data set": total["declared"] / count,
        "right sign among declared": total["declared with the right sign"]
        / max(total["declared"], 1),
    }


def main() -> None:
    """Run the data sets without a record, and write the figures after each cell."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-sets", type=int, default=40)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    RECORDS.mkdir(parents=True, exist_ok=True)
    for structure, rows, parts, prior in CELLS:
        name = f"{structure}, {rows} x {parts}, {prior}"
        if options.only not in name:
            continue
        records = resume(
            partial(one, structure, rows, parts, prior),
            range(options.data_sets),
            title=name,
            path=RECORDS / f"{name.replace(' ', '_')}.jsonl",
            description=name,
            jobs=options.jobs,
        )
        figures = json.loads(PATH.read_text()) if PATH.exists() else {}
        figures[name] = summarised(records)
        PATH.write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
