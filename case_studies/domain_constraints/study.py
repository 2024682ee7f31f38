"""How much do a known prevalence and known expertise sharpen a selective-labels model?

The synthetic study of Balachandar, Garg & Pierson (2024): data sets of 5,000 people with five
coefficients, each fitted without constraints, with the prevalence known, and with the features
known on which the tester is an expert. For each constraint the change in the width of 95 %
intervals and in the error of the posterior mean, in per cent of those without; the median over the
data sets, with a bootstrap interval.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import causalstats as cs
from causalstats.runs.resumable import resume

SAMPLER = cs.Nuts(chains=2, draws=500, tune=300)
PAPER = {  # per cent, read off the figure in the authors' notebook to about 0.3
    ("expertise", "width"): (-23, -20, -15),
    ("prevalence", "width"): (-38, -46, -32),
    ("expertise", "error"): (-12, -11, 2),
    ("prevalence", "error"): (-44, -44, -45),
}


def models(prevalence: float) -> dict[str, cs.SelectiveLabels]:
    """Without constraints, and with each of them."""
    return {
        "none": cs.SelectiveLabels(coefficient_prior="paper"),
        "prevalence": cs.SelectiveLabels(
            prevalence=prevalence, coefficient_prior="paper"
        ),
        "expertise": cs.SelectiveLabels(
            expertise=["x2", "x3", "x4"], coefficient_prior="paper"
        ),
    }


def one(seed: int) -> dict[str, Any]:
    """Return widths and errors of one data set under every model."""
    simulation = cs.SelectiveLabels().simulate(seed)
    record: dict = {}
    for name, model in models(simulation.realised["prevalence"]).items():
        problem = cs.Problem(model, simulation.data)
        draws = SAMPLER(problem, seed)
        sampled, truth = (
            _parameters(values)
            for values in (draws["posterior"].to_dataset(), simulation.truth)
        )
        record[name] = {
            "width": [
                float(
                    (
                        np.quantile(s, 0.975, axis=0) - np.quantile(s, 0.025, axis=0)
                    ).mean()
                )
                for s in sampled
            ],
            "error": [
                float(abs(s.mean(axis=0) - t[0]).mean())
                for s, t in zip(sampled, truth, strict=True)
            ],
            "divergences": int(draws["sample_stats"]["diverging"].sum()),
        }
    return record


def run(folder: Path, fast: bool = False) -> Path:
    """Fit what `folder/fits.jsonl` has not yet, and leave the table.

    200 data sets, or 5; a run that was killed goes on.
    """
    records = resume(
        one,
        range(5 if fast else 200),
        title="Data sets",
        path=folder / "fits.jsonl",
        description=repr(SAMPLER),
    )
    path = folder / "table.md"
    path.write_text(table(records))
    return path


def table(records: list[dict[str, Any]]) -> str:
    """Medians over the data sets of the change in per cent, bootstrap 95 % intervals, and the
    paper's.
    """
    rng, rows = np.random.default_rng(0), []
    for (constraint, measure), paper in PAPER.items():
        ours, without = (
            np.array([record[name][measure] for record in records])
            for name in (constraint, "none")
        )
        change = 100 * (ours / without - 1)
        resampled = np.median(
            change[rng.integers(len(change), size=(2000, len(change)))], axis=1
        )
        lower, upper = np.quantile(resampled, [0.025, 0.975], axis=0)
        cells = [
            f"{m:+.0f} ({a:+.0f} to {b:+.0f}); {p:+d}"
            for m, a, b, p in zip(
                np.median(change, axis=0), lower, upper, paper, strict=True
            )
        ]
        rows.append([f"{constraint}, {measure}", *cells])
    heading = [f"change in per cent over {len(records)} data sets", "β_Y", "Δ", "σ"]
    lines = ["| " + " | ".join(row) + " |" for row in [heading, ["---"] * 4, *rows]]
    divergent = pd.Series(
        {
            name: sum(record[name]["divergences"] > 0 for record in records)
            for name in ("none", "prevalence", "expertise")
        }
    )
    note = (
        "Median, bootstrap 95 % interval; the paper's figure. Data sets with divergences: "
        + ", ".join(f"{n} {k}" for n, k in divergent.items())
        + "."
    )
    return "\n".join([*lines, "", note, ""])


def _parameters(values) -> list[np.ndarray]:
    """β_Y with its intercept, Δ_0 and the first Δ, and σ, each (draw, number)."""

    def flat(name: str) -> np.ndarray:
        array = values[name].to_numpy()
        return array.reshape(array.shape[0] * array.shape[1], -1)

    risk = np.concatenate([flat("risk_intercept"), flat("risk_coefficient")], axis=1)
    return [
        risk,
        np.concatenate(
            [flat("policy_intercept"), flat("policy_coefficient")[:, :1]], axis=1
        ),
        flat("unobserved_width"),
    ]


if __name__ == "__main__":
    print(run(Path("results/domain_constraints")))
