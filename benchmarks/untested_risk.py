"""Coverage of the interval of the untested risk, with few and with many features.

    python benchmarks/untested_risk.py [DATA_SETS]

The model is right and the prevalence is known to ± 0.01; what changes is how many features there
are, what they do, and how wide the unobservable is. Writes `untested_risk.json`: for every cell the
bias, the coverage, the mean width of the interval and how far the posterior of the prevalence moved
from the declared value. A cell is written as soon as it is done, and not done again.
"""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from designs.selection import features_and_effects
from scipy.special import expit

import causalstats as cs
from causalstats.core.model import Problem
from causalstats.samplers import program_for

RESULTS = Path(__file__).with_suffix(".json")
SAMPLER = cs.Nuts(chains=2, draws=250, tune=250, backend="jax")
CELLS = {
    "4 features": {"people": 700, "features": 4},
    "30 features": {"people": 700, "features": 30},
    "100 features": {"people": 700, "features": 100},
    "40 features, one matters": {"people": 1500, "features": 40},
    "15 correlated features": {
        "people": 1500,
        "features": 15,
        "correlation": 0.5,
        "dense": True,
    },
    "30 features, all matter": {"people": 1500, "features": 30, "dense": True},
    "30 binary features": {"people": 700, "features": 30, "indicators": True},
    "rare outcome, 15 features": {"people": 1500, "features": 15, "intercept": -3.5},
    "no unobservable, 20 features": {"people": 700, "features": 20, "width": 0.0},
    "no unobservable, 4 features": {"people": 700, "features": 4, "width": 0.0},
    "wide unobservable, 15 features": {"people": 1500, "features": 15, "width": 5.0},
    "15 features, expertise on 10": {"people": 1500, "features": 15, "expertise": 10},
}


def world(
    seed: int,
    people: int,
    features: int,
    width: float = 3.0,
    intercept: float = -1.0,
    dense: bool = False,
    indicators: bool = False,
    correlation: float = 0.0,
    expertise: int = 0,
) -> tuple[cs.SelectiveLabels, cs.Decisions, float]:
    """Return the model, the data, and the share of the untested with the outcome.

    Testing follows risk (α = 1), so that about half are tested. With dense features it also
    follows, beyond risk, the features outside the declared expertise.

    Parameters
    ----------
    seed : int
    people : int
    features, dense, indicators, correlation, expertise
        As in `designs.selection.features_and_effects`.
    width : float
        Width of the uniform distribution of the unobservable, on the log-odds scale.
    intercept : float
        Log odds of the outcome where features and unobservable are 0.
    """
    rng = np.random.default_rng(seed)
    x, risk_coefficient, policy = features_and_effects(
        rng,
        people,
        features,
        dense=dense,
        indicators=indicators,
        correlation=correlation,
        expertise=expertise,
    )
    unobserved = rng.uniform(-width / 2, width / 2, people)
    index = x @ risk_coefficient + unobserved
    outcome = rng.random(people) < expit(intercept + index)
    tested = rng.random(people) < expit(index + x @ policy)
    names = [f"x{k + 1}" for k in range(features)]
    frame = pd.DataFrame(x, columns=names).assign(
        tested=tested, outcome=np.where(tested, outcome, np.nan)
    )
    data = cs.Decisions.from_frame(
        frame, outcome="outcome", decision="tested", features=names
    )
    known = cs.Known(float(outcome.mean()), sd=0.01 if intercept > -3 else 0.005)
    model = cs.SelectiveLabels(
        prevalence=known, expertise=names[features - expertise :]
    )
    return model, data, float(outcome[~tested].mean())


def cell(settings: dict, data_sets: int) -> dict[str, float]:
    """Return coverage, and means over data sets of bias, width and shift of the prevalence."""
    rows = []
    for seed in range(data_sets):
        model, data, truth = world(seed, **settings)
        problem = Problem(model, data)
        draws = program_for(SAMPLER, problem).run(problem, seed)
        posterior = draws["posterior"].to_dataset()
        estimand = model.estimands()["untested_prevalence"]
        untested = estimand.compute(posterior, data).to_numpy()
        lower, upper = np.quantile(untested, [0.025, 0.975])
        moved = (
            float(posterior["population_prevalence"].mean()) - model.prevalence.value
        )
        rows.append(
            {
                "truth": truth,
                "bias": untested.mean() - truth,
                "covered": lower <= truth <= upper,
                "width": upper - lower,
                "prevalence_moved_in_sd": moved / model.prevalence.sd,
                "divergences": int(draws["sample_stats"]["diverging"].sum()),
            }
        )
    table = pd.DataFrame(rows).astype(float)
    counts = {"data_sets": data_sets, "covered": int(table["covered"].sum())}
    return counts | table.drop(columns="covered").mean().round(4).to_dict()


def main(data_sets: int) -> None:
    warnings.simplefilter("ignore")
    done = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    for name, settings in CELLS.items():
        if done.get(name, {}).get("data_sets") == data_sets:
            continue
        done[name] = {**settings, **cell(settings, data_sets)}
        RESULTS.write_text(json.dumps(done, indent=1) + "\n")
        print(name, done[name], flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
