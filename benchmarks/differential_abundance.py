"""Coverage and false discoveries of differential abundance, where the change of amounts is known.

    python benchmarks/differential_abundance.py [--data-sets 25]

Log-normal amounts of linked parts in two groups of rows, of which a share of the parts changes,
upwards or both ways, and their compositions alone are seen. Intervals of 95 % are of the change of
the log amount; `to the mean` is how often those of the log-ratio to the mean of all parts hold it.
`no doubt` counts the data sets whose answer carries no doubt `most parts unchanged`.
"""

from __future__ import annotations

import argparse
import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import causalstats as cs

# Parts, rows, share that changes, share of these that goes up, typical size
WORLDS = [
    (20, 60, 0.0, 1.0, 0.0),
    (20, 60, 0.2, 1.0, 1.0),
    (20, 60, 0.25, 0.5, 0.7),
    (12, 40, 0.25, 1.0, 1.0),
    (20, 60, 0.4, 1.0, 1.0),
    (20, 60, 0.6, 1.0, 1.0),
]
RESULTS = Path(__file__).with_suffix(".json")


def study(
    rng: np.random.Generator, world: tuple[int, int, float, float, float]
) -> tuple[cs.Composition, np.ndarray]:
    """Return a composition in two groups, and the true change of each log amount.

    Parameters
    ----------
    rng : Generator
    world : tuple
        Of `WORLDS`.
    """
    parts, rows, share, upwards, size = world
    changed = int(share * parts)
    truth = np.zeros(parts)
    signs = np.where(rng.random(changed) < upwards, 1, -1)
    truth[:changed] = signs * size * np.exp(rng.normal(0, 0.3, changed))
    group = np.repeat([0.0, 1.0], rows // 2)
    links = 0.8 * (np.eye(parts) + rng.normal(0, 0.25, (parts, parts)))
    logs = rng.normal(0, 1.5, parts) + rng.standard_normal((rows, parts)) @ links.T
    logs += np.outer(group, truth) + rng.standard_normal((rows, 1))
    names = [f"p{k}" for k in range(parts)]
    frame = pd.DataFrame(np.exp(logs), columns=names)
    frame = frame.assign(group=np.where(group > 0, "b", "a"))
    return cs.Composition.from_frame(frame, parts=names, covariates="group"), truth


def one(
    world: tuple[int, int, float, float, float], seed: int
) -> dict[str, float | bool]:
    """Return the counts of one data set.

    Parameters
    ----------
    world : tuple
    seed : int
    """
    data, truth = study(np.random.default_rng(seed), world)
    sampler = cs.Exact(chains=2, draws=500)
    model = cs.PartialCorrelation(prior="matching")
    fit = cs.fit(model, data, seed=seed, sampler=sampler, progress=False)
    answer = fit.effect("differential_abundance")
    inside = {}
    for name in ("differential_abundance", "covariate_coefficient"):
        draws = fit.effect(name).draws
        lower, upper = draws.quantile([0.025, 0.975], ("chain", "draw")).to_numpy()
        inside[name] = (lower <= truth) & (truth <= upper)
    table = answer.decide(fdr=0.05)
    order = [f"p{k} on group[T.b]" for k in range(len(truth))]
    selected = table["selected"].reindex(order).to_numpy(bool)
    return {
        "covered": float(inside["differential_abundance"].mean()),
        "covered to the mean": float(inside["covariate_coefficient"].mean()),
        "declared": int(selected.sum()),
        "declared wrongly": int((selected & (truth == 0)).sum()),
        "no doubt": all(c.name != "most parts unchanged" for c in answer.doubts),
    }


def summarised(records: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the figures of a world."""
    table = pd.DataFrame(records)
    trusted = table[table["no doubt"]]
    return {
        "data sets": len(table),
        "coverage": round(table["covered"].mean(), 3),
        "coverage to the mean": round(table["covered to the mean"].mean(), 3),
        "declared": int(table["declared"].sum()),
        "declared wrongly": int(table["declared wrongly"].sum()),
        "no doubt": len(trusted),
        "coverage without doubt": round(trusted["covered"].mean(), 3)
        if len(trusted)
        else None,
        "declared without doubt": int(trusted["declared"].sum()),
        "declared wrongly without doubt": int(trusted["declared wrongly"].sum()),
    }


def main() -> None:
    """Run every world, and write its figures."""
    warnings.simplefilter("ignore")
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-sets", type=int, default=25)
    count = parser.parse_args().data_sets
    names = ("parts", "rows", "share changed", "share of these upwards", "size")
    results = []
    for world in WORLDS:
        records = [one(world, seed) for seed in range(count)]
        results.append(dict(zip(names, world, strict=True)) | summarised(records))
        RESULTS.write_text(json.dumps(results, indent=1))
        print(results[-1], flush=True)


if __name__ == "__main__":
    main()
