"""Three groups of a composition: fitted alone, pooled pair by pair, and fitted jointly.

    python benchmarks/joint_groups.py [--data-sets 20]

draws log amounts of 10 parts in 50 rows of each of three groups, with three strong links (partial
correlations of amounts of .45 to .8) and a weak one, and standard deviations that differ between
groups by a factor exp(Normal(0, .2)), in three worlds: no link differs; in the third group two of
the strong links are gone, or have the other sign. Four answers are compared: fits of each group
under "horseshoe" and "matching", and `cs.pool_groups` of both, jointly and by adaptive shrinkage.
Counted are the 95 % intervals that hold the truth, of strong partial correlations (.4 to .85 in
size) and of differences of groups, and the signs of the differences that `decide` selects. A run
goes on where it was stopped, and writes `benchmarks/joint_groups.json`.
"""

from __future__ import annotations

import argparse
import json
import warnings
from functools import partial
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
from causalstats.numerics.testing.partial_pooling import false_sign_rates
from causalstats.runs.resumable import resume

PATH = Path(__file__).with_suffix(".json")
RECORDS = Path("results/joint_groups")
PARTS, ROWS, GROUPS = 10, 50, "abc"
WORLDS = {"none differs": 1.0, "links gone": 0.0, "links of the other sign": -1.0}
STRONG = (0.4, 0.85)
LARGE = 0.3
# Short chains, of which only quantiles are used
SAMPLERS = {
    "horseshoe": cs.Gibbs(chains=2, draws=300, tune=300, thin=2),
    "matching": cs.Exact(chains=2, draws=500),
}
NAMES = [f"p{k}" for k in range(PARTS)]
UPPER = np.triu_indices(PARTS, 1)


def precisions(rng: np.random.Generator, changed: float) -> list[np.ndarray]:
    """Return the precisions (parts, parts) of the log amounts of each group.

    Parameters
    ----------
    rng : Generator
    changed : float
        By which two of the strong links are multiplied in the last group.
    """
    standard = np.eye(PARTS)
    for first, second in ((0, 1), (2, 3), (4, 5)):
        link = rng.uniform(0.45, 0.8) * rng.choice([-1, 1])
        standard[first, second] = standard[second, first] = link
    standard[1, 2] = standard[2, 1] = rng.uniform(0.1, 0.25) * rng.choice([-1, 1])
    common = np.exp(rng.normal(0, 0.4, PARTS))
    found = []
    for group in GROUPS:
        here = standard.copy()
        if group == GROUPS[-1]:
            for first, second in ((0, 1), (2, 3)):
                here[first, second] *= changed
                here[second, first] *= changed
        scale = common * np.exp(rng.normal(0, 0.2, PARTS))
        found.append(here * scale[:, None] * scale)
    return found


def one(world: str, seed: int) -> dict[str, Any]:
    """Return the counts of one data set, by the kind of answer.

    Parameters
    ----------
    world : str
        A key of `WORLDS`.
    seed : int
    """
    warnings.simplefilter("ignore")
    rng = np.random.default_rng(seed)
    data, truth = {}, []
    for group, precision in zip(GROUPS, precisions(rng, WORLDS[world]), strict=True):
        covariance = np.linalg.inv(precision)
        logs = rng.standard_normal((ROWS, PARTS)) @ np.linalg.cholesky(covariance).T
        frame = pd.DataFrame(np.exp(logs), columns=NAMES)
        data[group] = cs.Composition.from_frame(frame, parts=NAMES)
        theta = log_ratios.precision_from_covariance(log_ratios.centre(covariance))
        truth.append(partial_correlations(theta)[UPPER])
    record = {}
    for prior, sampler in SAMPLERS.items():
        model = cs.PartialCorrelation(prior=prior)
        fits = {
            group: cs.fit(model, rows, seed=seed, sampler=sampler, progress=False)
            for group, rows in data.items()
        }
        alone = {
            group: fit.effect("partial_correlation") for group, fit in fits.items()
        }
        record[f"{prior}, alone"] = counts(alone, _signs(alone), np.array(truth))
        jointly = {"sampler": sampler} if prior == "horseshoe" else {}
        pooled = cs.pool_groups(fits, **jointly)
        table = pooled.decide()
        record[f"{prior}, pooled"] = counts(pooled.answers, table, np.array(truth))
    return record


def _signs(answers: dict[str, cs.Effect]) -> pd.DataFrame:
    """Return which pairs differ between which groups by the rule of `PooledGroups.decide`."""
    tables = []
    for first, second in combinations(GROUPS, 2):
        difference = answers[first].minus(answers[second], f"{first} - {second}")
        draws = difference.draws.to_numpy()
        above = (draws > 0).mean(axis=(0, 1))
        error = np.minimum(above, 1 - above)
        index = pd.MultiIndex.from_product(
            [[f"{first} - {second}"], difference.draws["pair"].to_numpy()]
        )
        tables.append(pd.DataFrame({"positive": above, "error": error}, index))
    whole = pd.concat(tables)
    return whole.assign(selected=false_sign_rates(whole["error"].to_numpy()) <= 0.05)


def counts(
    answers: Any, decided: pd.DataFrame, truth: np.ndarray
) -> dict[str, float | int]:
    """Return what is counted of an answer of all groups.

    Parameters
    ----------
    answers : mapping of str to Effect
    decided : DataFrame
        The columns `positive`, `error` and `selected`, by groups and pair.
    truth : array, shape (groups, pairs)
    """
    numbers = [answers[group].numbers() for group in GROUPS]
    lower, upper, mean = (
        np.array([table[name] for table in numbers])
        for name in ("lower", "upper", "mean")
    )
    inside = (lower <= truth) & (truth <= upper)
    strong = (np.abs(truth) > STRONG[0]) & (np.abs(truth) < STRONG[1])
    found = {
        "covered": float(inside.mean()),
        "strong": int(strong.sum()),
        "strong covered": int(inside[strong].sum()),
        "strong width": float((upper - lower)[strong].sum()),
        "squared error": float(((mean - truth) ** 2).mean()),
    }
    total = dict.fromkeys(
        (
            "differences covered",
            "difference width",
            "large",
            "large covered",
            "selected",
            "false",
            "large selected",
        ),
        0.0,
    )
    for first, second in combinations(range(len(GROUPS)), 2):
        name = f"{GROUPS[first]} - {GROUPS[second]}"
        right = truth[first] - truth[second]
        difference = answers[GROUPS[first]].minus(answers[GROUPS[second]], name)
        table = difference.numbers()
        held = ((table["lower"] <= right) & (right <= table["upper"])).to_numpy()
        rule = decided.loc[name].loc[table.index]
        chosen = rule["selected"].to_numpy()
        wrong = (rule["positive"].to_numpy() > 0.5) != (right > 0)
        large = np.abs(right) > LARGE
        total["differences covered"] += held.mean() / 3
        total["difference width"] += (table["upper"] - table["lower"]).mean() / 3
        total["large"] += large.sum()
        total["large covered"] += held[large].sum()
        total["selected"] += chosen.sum()
        total["false"] += (chosen & wrong).sum()
        total["large selected"] += (chosen & large & ~wrong).sum()
    return found | {name: float(value) for name, value in total.items()}


def summarised(records: list[dict[str, float]]) -> dict[str, float | int]:
    """Return the figures of one kind of answer in one world."""
    total = {name: sum(record[name] for record in records) for name in records[0]}
    count = len(records)
    rates = [record["false"] / max(record["selected"], 1) for record in records]
    return {
        "data sets": count,
        "coverage": total["covered"] / count,
        "strong pairs": int(total["strong"]),
        "coverage of strong pairs": total["strong covered"] / total["strong"],
        "mean width of strong pairs": total["strong width"] / total["strong"],
        "mean squared error": total["squared error"] / count,
        "coverage of differences": total["differences covered"] / count,
        "mean width of differences": total["difference width"] / count,
        "large differences": int(total["large"]),
        "large differences covered": int(total["large covered"]),
        "large differences selected": int(total["large selected"]),
        "selected": int(total["selected"]),
        "of the wrong sign": int(total["false"]),
        "rate of wrong signs": float(np.mean(rates)),
        "standard error": float(np.std(rates) / np.sqrt(count)),
    }


def main() -> None:
    """Run every world, and write its figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-sets", type=int, default=20)
    options = parser.parse_args()
    RECORDS.mkdir(parents=True, exist_ok=True)
    figures = {}
    for world in WORLDS:
        records = resume(
            partial(one, world),
            range(options.data_sets),
            title=world,
            path=RECORDS / f"{world.replace(' ', '_')}.jsonl",
            description=world,
            jobs=1,
        )
        for kind in records[0]:
            figures[f"{world}: {kind}"] = summarised(
                [record[kind] for record in records]
            )
        PATH.write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
