"""What distances of parts are worth: the horseshoe with them and without, on the same data sets.

    python benchmarks/related_links.py [--data-sets 12]

writes `benchmarks/related_links.json`. Rows of 20 parts are of five clades of four, each of two
pairs; amounts have eight links of .5, either within pairs and clades ("near"), or between any parts
whatever the clades ("anywhere"). For each are given, over linked pairs, the root mean squared error
of partial correlations, the coverage and the width of 95 % intervals; over all pairs the error; and
the mean of the effect of distances.
"""

from __future__ import annotations

import argparse
import json
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import causalstats as cs
from causalstats.numerics.compositions import log_ratios
from causalstats.numerics.compositions.partial_correlations import (
    partial_correlations,
)

PATH = Path(__file__).with_suffix(".json")
PARTS = 20
LINKS = 8
LINK = 0.5
SAMPLER = cs.Gibbs(chains=2, draws=300, tune=300, thin=3)
MODEL = cs.PartialCorrelation(prior="horseshoe")
NAMES = [f"p{k}" for k in range(PARTS)]
TAXONOMY = pd.DataFrame(
    {"family": np.arange(PARTS) // 4, "genus": np.arange(PARTS) // 2}, index=NAMES
)
PAIRS = list(combinations(range(PARTS), 2))


def linked_pairs(near: bool, rng: np.random.Generator) -> list[tuple[int, int]]:
    """Return which amounts are linked, each with one other at most."""
    order = rng.permutation(PARTS)
    if near:  # in a random order within clades, so that partners share one
        order = np.concatenate([rng.permutation(4) + 4 * k for k in range(5)])
    pairs = [sorted(order[k : k + 2].tolist()) for k in range(0, PARTS, 2)]
    return [tuple(pairs[k]) for k in rng.permutation(len(pairs))[:LINKS]]


def one(near: bool, rows: int, seed: int) -> dict[str, dict[str, float]]:
    """Return the figures of a data set, with distances and without.

    Parameters
    ----------
    near : bool
        Whether links are within clades.
    rows, seed : int
    """
    rng = np.random.default_rng(seed)
    correlations = np.eye(PARTS)
    linked = linked_pairs(near, rng)
    for first, second in linked:
        link = LINK * rng.choice([-1, 1])
        correlations[first, second] = correlations[second, first] = link
    scale = np.exp(rng.normal(0, 0.3, PARTS))
    covariance = np.linalg.inv(correlations * scale[:, None] * scale)
    logs = rng.standard_normal((rows, PARTS)) @ np.linalg.cholesky(covariance).T
    theta = log_ratios.precision_from_covariance(log_ratios.centre(covariance))
    truth = partial_correlations(theta)[tuple(np.array(PAIRS).T)]
    strong = np.array([pair in linked for pair in PAIRS])
    frame = pd.DataFrame(np.exp(logs), columns=NAMES)
    figures = {}
    for name, distances in (("with", TAXONOMY), ("without", None)):
        data = cs.Composition.from_frame(frame, parts=NAMES, distances=distances)
        fit = cs.fit(MODEL, data, seed=seed, sampler=SAMPLER, progress=False)
        table = fit.effect("partial_correlation").numbers()
        error = table["mean"].to_numpy() - truth
        inside = (table["lower"] <= truth) & (truth <= table["upper"])
        figures[name] = {
            "squared error of links": float((error[strong] ** 2).mean()),
            "squared error of all pairs": float((error**2).mean()),
            "coverage of links": float(inside[strong].mean()),
            "coverage of all pairs": float(inside.mean()),
            "width of links": float((table["upper"] - table["lower"])[strong].mean()),
        }
        if distances is not None:
            effect = fit.effect("distance_effect").numbers()["mean"].iloc[0]
            figures[name]["effect of distances"] = float(effect)
    return figures


def summarised(records: list[dict[str, dict[str, float]]]) -> dict[str, Any]:
    """Return root mean squared errors, and means of the others, by use of distances."""
    table: dict[str, Any] = {"data sets": len(records)}
    for name in ("with", "without"):
        means = pd.DataFrame([record[name] for record in records]).mean()
        table[name] = {
            key.replace("squared error", "RMSE"): round(
                float(np.sqrt(value) if key.startswith("squared") else value), 4
            )
            for key, value in means.items()
        }
    gain = [
        record["without"]["squared error of links"]
        - record["with"]["squared error of links"]
        for record in records
    ]
    table["z of the difference of squared errors of links"] = round(
        float(np.mean(gain) / (np.std(gain, ddof=1) / np.sqrt(len(gain)))), 2
    )
    return table


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-sets", type=int, default=12)
    count = parser.parse_args().data_sets
    figures = {}
    for rows in (30, 60):
        for near in (True, False):
            records = [one(near, rows, seed) for seed in range(count)]
            where = "near" if near else "anywhere"
            figures[f"{rows} rows, links {where}"] = summarised(records)
            PATH.write_text(json.dumps(figures, indent=1) + "\n")
