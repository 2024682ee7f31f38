"""Real labels hidden under a known decision: the scores of each rule on the hidden labels.

    python benchmarks/masked_labels.py [--repeats 10]

Data: the paper's synthetic design (2,000 people), the tumours of `case_studies/central_review`
(4,028; simulated decisions by a real reading that the rules are not given), each with `repeats`
random decisions, and the people of `case_studies/hiv_results` (2,816; the real decision, once).
Scored on the untested:

    bias          mean predicted risk less the rate of positives
    log score     mean log probability of the label, higher is better
    AUC           probability that a positive has the higher risk
    quintiles     rate of positives in the riskiest fifth over that in the least risky
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
from scipy.stats import rankdata

import causalstats as cs
from causalstats.case_studies.central_review import study as central_review
from causalstats.case_studies.hiv_results import study as hiv_results
from causalstats.numerics.selection import selective_labels_baselines as baselines

SAMPLER = cs.Nuts(chains=2, draws=500, tune=400)
RESULTS = Path(__file__).with_suffix(".json")


def synthetic(seed: int) -> tuple[cs.SelectiveLabels, cs.Decisions]:
    """Return the paper's design with every outcome in the frame, and a model with its knowledge."""
    simulation = cs.SelectiveLabels().simulate(seed, people=2000, labels=True)
    known = cs.Known(simulation.realised["prevalence"], sd=0.01)
    return cs.SelectiveLabels(
        prevalence=known, expertise=["x2", "x3", "x4"]
    ), simulation.data


STUDIES = {
    "synthetic": synthetic,
    "central review": lambda seed: (central_review.model(), central_review.data(seed)),
    "hiv results": lambda seed: (hiv_results.model(), hiv_results.data()),
}


def rivals(model: cs.SelectiveLabels, data: cs.Decisions) -> dict[str, np.ndarray]:
    """Return each untested person's risk by every rule, and by one that has all labels."""
    fit = cs.fit(model, data, seed=1, sampler=SAMPLER, progress=False)
    rules = {
        name: rule(np.random.default_rng(1))[1]
        for name, rule in model.baselines(data).items()
    }
    mills = baselines.two_step_logit(
        data.matrix, data.decision, data.outcome, data.weights, np.random.default_rng(1)
    )[1]
    oracle = _oracle(data.matrix[~data.decision], data.withheld[~data.decision])
    return {
        "SelectiveLabels": fit.effect("untested_risk")
        .draws.mean(("chain", "draw"))
        .to_numpy(),
        **rules,
        "inverse Mills ratio": mills,
        "all labels": oracle,
    }


def _oracle(matrix: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return the fit of a logistic regression to the hidden labels: a bound for other rules."""
    import statsmodels.api as sm

    design = sm.add_constant(matrix, has_constant="add")
    return np.asarray(
        sm.GLM(labels, design, family=sm.families.Binomial()).fit().predict()
    )


def scores(risk: np.ndarray, label: np.ndarray) -> dict[str, float]:
    """Return bias, log score, AUC and the ratio of rates between the extreme fifths.

    To each of the two counts of positives half a person is added, since there may be none.
    """
    risk = np.clip(risk, 1e-6, 1 - 1e-6)
    ranks = rankdata(risk)
    positive = label == 1
    order = np.argsort(risk, kind="stable")
    fifth = len(risk) // 5
    least = label[order[:fifth]].sum() + 0.5
    most = label[order[-fifth:]].sum() + 0.5
    return {
        "bias": float(risk.mean() - label.mean()),
        "log score": float(np.where(positive, np.log(risk), np.log1p(-risk)).mean()),
        "AUC": float(
            (ranks[positive].sum() - positive.sum() * (positive.sum() + 1) / 2)
            / (positive.sum() * (~positive).sum())
        ),
        "quintiles": float(most / least),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=10)
    repeats = parser.parse_args().repeats
    started = time.time()
    rows = []
    for name, make in STUDIES.items():
        for seed in range(1, (1 if name == "hiv results" else repeats) + 1):
            model, data = make(seed)
            label = data.withheld[~data.decision]
            rows += [
                {"study": name, "rule": rule, "seed": seed, **scores(risk, label)}
                for rule, risk in rivals(model, data).items()
            ]
            print(f"{name} {seed}: {time.time() - started:.0f} s", flush=True)
    table = pd.DataFrame(rows)
    grouped = table.drop(columns="seed").groupby(["study", "rule"], sort=False)
    means, errors = grouped.mean(), grouped.sem()
    means["rms bias"] = grouped["bias"].agg(
        lambda bias: float(np.sqrt((bias**2).mean()))
    )
    print(means.round(4).to_string())
    libraries = {
        library: version(library) for library in ("statsmodels", "pymc", "nutpie")
    } | {"causalstats": cs.__version__}
    about = {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python "
        f"{platform.python_version()}",
        "libraries": libraries,
        "repeats": repeats,
        "seconds": round(time.time() - started),
    }
    tables = {"means": means, "standard errors": errors}
    figures = {
        name: {study: table.loc[study].round(4).to_dict("index") for study in STUDIES}
        for name, table in tables.items()
    }
    RESULTS.write_text(json.dumps({"about": about, **figures}, indent=1) + "\n")


if __name__ == "__main__":
    main()
