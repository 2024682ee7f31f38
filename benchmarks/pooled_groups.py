"""False signs among the pairs that `cs.pool_groups` says differ between three groups.

    python benchmarks/pooled_groups.py [--data-sets 20]

draws rows of three groups, log amounts of 12 parts of which each is linked with the next, in three
worlds: no group differs; in one group 3 links are gone, and 3 have the other sign. A change of a
link changes all partial correlations of a composition a little, so that a false discovery is a
declared difference of the wrong sign, or any where no group differs. Beside it stands `minus` of
each two groups with `decide`. Writes `benchmarks/pooled_groups.json`.
"""

from __future__ import annotations

import argparse
import json
import warnings
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
PARTS, ROWS = 12, 100
LINK = -0.4
WORLDS = {"none differs": None, "links gone": 0.0, "links of the other sign": -LINK}
CHANGED = 3
SAMPLER = cs.Exact(chains=2, draws=500)
NAMES = [f"p{k}" for k in range(PARTS)]
UPPER = np.triu_indices(PARTS, 1)


def one(world: str, seed: int) -> dict[str, Any]:
    """Return the counts of one data set, with pooling and without.

    Parameters
    ----------
    world : str
        Of `WORLDS`.
    seed : int
    """
    rng = np.random.default_rng(seed)
    model = cs.PartialCorrelation(prior="matching")
    fits, truth = {}, {}
    for group in "abc":
        links = np.full(PARTS - 1, LINK)
        if group == "c" and WORLDS[world] is not None:
            links[:CHANGED] = WORLDS[world]
        precision = np.eye(PARTS) + np.diag(links, 1) + np.diag(links, -1)
        covariance = np.linalg.inv(precision)
        root = np.linalg.cholesky(covariance)
        logs = rng.standard_normal((ROWS, PARTS)) @ root.T
        frame = pd.DataFrame(np.exp(logs), columns=NAMES)
        data = cs.Composition.from_frame(frame, parts=NAMES)
        fits[group] = cs.fit(model, data, seed=seed, sampler=SAMPLER, progress=False)
        theta = log_ratios.precision_from_covariance(log_ratios.centre(covariance))
        truth[group] = partial_correlations(theta)[UPPER]
    pooled = cs.pool_groups(fits).decide()
    labels = fits["a"].effect("partial_correlation").draws["pair"].to_numpy()
    counts = {"pooled": np.zeros(3), "apart": np.zeros(3)}
    for first, second in combinations("abc", 2):
        signs = pd.Series(np.sign(truth[first] - truth[second]).round(), labels)
        signs[np.abs(truth[first] - truth[second]) < 1e-9] = 0
        answers = [fits[each].effect("partial_correlation") for each in (first, second)]
        apart = answers[0].minus(answers[1], f"{first} - {second}").decide()
        for name, table in (
            ("pooled", pooled.loc[f"{first} - {second}"]),
            ("apart", apart),
        ):
            chosen = table[table["selected"]]
            right = np.sign(chosen["mean"]) == signs[chosen.index]
            large = np.abs(truth[first] - truth[second]) > 0.2
            found = right[right.index.isin(labels[large])].sum()
            counts[name] += [len(chosen), (~right).sum(), found]
    return {name: values.tolist() for name, values in counts.items()}


def main() -> None:
    """Run every world, and write its figures."""
    warnings.simplefilter("ignore")
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-sets", type=int, default=20)
    count = parser.parse_args().data_sets
    figures = {}
    for world in WORLDS:
        records = [one(world, seed) for seed in range(count)]
        for name in ("pooled", "apart"):
            table = np.array([record[name] for record in records])
            rates = table[:, 1] / np.maximum(table[:, 0], 1)
            figures[f"{world}, {name}"] = {
                "data sets": count,
                "declared": int(table[:, 0].sum()),
                "false": int(table[:, 1].sum()),
                "false discovery rate": float(rates.mean()),
                "standard error": float(rates.std() / np.sqrt(count)),
                "large differences found": int(table[:, 2].sum()),
            }
        PATH.write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
