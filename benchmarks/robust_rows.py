"""Coverage of partial correlations where some rows lie far out, with normal and Student t errors.

    python benchmarks/robust_rows.py [--data-sets 20]

draws log amounts of which few are linked, 100 rows of 8 parts, in three worlds: normal rows; a
Student t of 4 degrees of freedom; and normal rows of which 5 % are contaminated, with errors five
times as large in independent directions. It counts how many 95 % intervals hold the truth, over
all pairs and over strong ones (.4 to .85), and how often the check of tails sees the rows. A run
goes on where it was stopped, and writes `benchmarks/robust_rows.json`.
"""

from __future__ import annotations

import argparse
import json
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
RECORDS = Path("results/robust_rows")
ROWS, PARTS = 100, 8
STRONG = (0.4, 0.85)
WORLDS = ("normal", "t of 4 degrees", "contaminated")
GIBBS = cs.Gibbs(chains=2, draws=500, tune=1000, thin=10)
MODELS = {
    "matching": (cs.PartialCorrelation(prior="matching"), cs.Auto()),
    "horseshoe": (cs.PartialCorrelation(prior="horseshoe"), GIBBS),
    "Student t": (cs.PartialCorrelation(errors="student"), GIBBS),
}


def composition(world: str, seed: int) -> tuple[cs.Composition, np.ndarray]:
    """Return a composition and its true partial correlations.

    Parameters
    ----------
    world : str
        Of `WORLDS`.
    seed : int
    """
    rng = np.random.default_rng(seed)
    covariance = STRUCTURES["strong links alone"](rng, PARTS)
    scale = rng.uniform(0.7, 1.5, PARTS) / np.sqrt(np.diagonal(covariance))
    covariance = covariance * scale[:, None] * scale
    logs = rng.standard_normal((ROWS, PARTS)) @ np.linalg.cholesky(covariance).T
    if world == "t of 4 degrees":
        logs /= np.sqrt(rng.gamma(2.0, 0.5, (ROWS, 1)))
    if world == "contaminated":
        outlying = ROWS // 20
        spread = np.sqrt(np.diagonal(covariance).mean())
        logs[:outlying] = 5 * spread * rng.standard_normal((outlying, PARTS))
    theta = log_ratios.precision_from_covariance(log_ratios.centre(covariance))
    truth = partial_correlations(theta)[np.triu_indices(PARTS, 1)]
    names = [f"p{k}" for k in range(PARTS)]
    frame = pd.DataFrame(np.exp(logs), columns=names)
    return cs.Composition.from_frame(frame, parts=names), truth


def one(world: str, name: str, seed: int) -> dict[str, Any]:
    """Return the counts of one data set.

    Parameters
    ----------
    world : str
        Of `WORLDS`.
    name : str
        Of `MODELS`.
    seed : int
    """
    warnings.simplefilter("ignore")
    data, truth = composition(world, seed)
    model, sampler = MODELS[name]
    fit = cs.fit(model, data, seed=seed, sampler=sampler, progress=False)
    draws = fit.effect("partial_correlation").draws
    lower, upper = draws.quantile([0.025, 0.975], ("chain", "draw")).to_numpy()
    inside = (lower <= truth) & (truth <= upper)
    strong = (np.abs(truth) > STRONG[0]) & (np.abs(truth) < STRONG[1])
    mean = draws.mean(("chain", "draw")).to_numpy()
    tails = [
        check.passed is False
        for check in fit.check()
        if check.name == "predicts the tails of each part"
    ]
    return {
        "covered": float(inside.mean()),
        "strong": int(strong.sum()),
        "strong covered": int(inside[strong].sum()),
        "strong width": float((upper - lower)[strong].sum()),
        "absolute error": float(np.abs(mean - truth).mean()),
        "tails seen": int(any(tails)),
    }


def summarised(records: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the figures of a cell; the standard error is over data sets."""
    total = {name: sum(record[name] for record in records) for name in records[0]}
    count = len(records)
    strong = max(total["strong"], 1)
    share = total["strong covered"] / strong
    misses = [record["strong covered"] - share * record["strong"] for record in records]
    return {
        "data sets": count,
        "coverage": total["covered"] / count,
        "strong pairs": total["strong"],
        "coverage of strong pairs": share,
        "standard error": float(np.sqrt(np.square(misses).sum()) / strong),
        "mean width of strong pairs": total["strong width"] / strong,
        "mean absolute error": total["absolute error"] / count,
        "share with the check of tails failed": total["tails seen"] / count,
    }


def main() -> None:
    """Run the data sets without a record, and write the figures after each cell."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-sets", type=int, default=20)
    parser.add_argument("--jobs", type=int, default=1)
    options = parser.parse_args()
    RECORDS.mkdir(parents=True, exist_ok=True)
    for world in WORLDS:
        for name in MODELS:
            title = f"{world}, {name}"
            records = resume(
                partial(one, world, name),
                range(options.data_sets),
                title=title,
                path=RECORDS / f"{title.replace(' ', '_')}.jsonl",
                description=title,
                jobs=options.jobs,
            )
            figures = json.loads(PATH.read_text()) if PATH.exists() else {}
            figures[title] = summarised(records)
            PATH.write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
