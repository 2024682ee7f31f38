"""Coverage of intervals of interventional probabilities, where hidden causes made the data.

Some minutes: `pytest -m slow`.
"""

import json
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

import causalstats as cs

RESULTS = (
    Path(__file__).parents[3]
    / "benchmarks"
    / "calibration"
    / "interventional_probabilities.json"
)
DIAGRAMS = {
    "back-door": "z -> x -> y; z -> y; u -> z; hidden: u",
    "front-door": "x -> m -> y; x <-> y",
    "napkin": "w -> z -> x -> y; w <-> x; w <-> y",
}
SETS, PEOPLE = 300, 2000


@pytest.mark.slow
def test_coverage_of_interventional_probabilities():
    """Mechanisms are uniform over all tables, which is not the prior of what is estimated.

    Hidden variables have three levels. Coverage is that of intervals whose prior is somewhat
    wrong. The results are kept in `benchmarks/calibration`.
    """
    coverage = {}
    for name, text in DIAGRAMS.items():
        model = cs.CausalDiagram(text, treatment="x", outcome="y", hidden_levels=3)
        estimand = model.estimands()["interventional"]
        covered = []
        errors = []
        for seed in range(SETS):
            simulation = model.simulate(seed, people=PEOPLE)
            draws = cs.Exact(chains=1, draws=400)(
                cs.Problem(model, simulation.data), seed
            )["posterior"].to_dataset()
            ours, truth = (
                estimand.compute(each, simulation.data)
                .to_numpy()
                .reshape(-1, 4)[:, [1, 3]]
                for each in (draws, simulation.truth)
            )
            ends = [
                np.quantile(ours, tail, axis=0)
                for tail in ((0.25, 0.75), (0.025, 0.975))
            ]
            covered.append(
                [(low <= truth[0]) & (truth[0] <= high) for low, high in ends]
            )
            errors.append((ours.mean(axis=0) - truth[0]) / ours.std(axis=0))
        share = np.mean(covered, axis=0)
        coverage[name] = {
            "coverage of 50 %": share[0].round(3).tolist(),
            "coverage of 95 %": share[1].round(3).tolist(),
            "mean error in sd": np.mean(errors, axis=0).round(3).tolist(),
        }
    RESULTS.write_text(
        json.dumps(
            {
                "data sets": SETS,
                "people": PEOPLE,
                "of P(y=1 | do(x=0)) and P(y=1 | do(x=1))": coverage,
            },
            indent=1,
        )
        + "\n"
    )
    for each in coverage.values():
        for level, shares in (
            (0.5, each["coverage of 50 %"]),
            (0.95, each["coverage of 95 %"]),
        ):
            assert all(
                stats.binomtest(round(share * SETS), SETS, level).pvalue > 0.001
                for share in shares
            ), coverage
