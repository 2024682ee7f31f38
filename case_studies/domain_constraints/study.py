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

MEASURES = {"width": "width of 95 % intervals", "error": "error of the mean"}
FEWEST = 50  # data sets from which medians of errors say something


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
    """Return a page: medians over the data sets, bootstrap 95 % intervals, and the paper's."""
    rng = np.random.default_rng(0)
    rows = []
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
        medians = np.median(change, axis=0)
        cells = [
            f"{median:+.0f} ({low:+.0f} to {high:+.0f})"
            for median, low, high in zip(medians, lower, upper, strict=True)
        ]
        rows.append([f"{MEASURES[measure]}, {constraint} known", *cells])
        rows.append(["in the paper", *(f"{value:+d}" for value in paper)])
    heading = ["change in per cent", "β_Y", "Δ", "σ"]
    lines = ["| " + " | ".join(row) + " |" for row in [heading, ["---"] * 4, *rows]]
    divergent = pd.Series(
        {
            name: sum(record[name]["divergences"] > 0 for record in records)
            for name in ("none", "prevalence", "expertise")
        }
    )
    divergences = ", ".join(f"{name} {count}" for name, count in divergent.items())
    title = f"# {__doc__.splitlines()[0]}"
    about = (
        f"Each of {len(records)} simulated data sets is fitted without constraints, with the "
        "prevalence known, and with the features known on which the tester is an expert. The table "
        "has the change from the fit without constraints: the median over the data sets with its "
        "bootstrap 95 % interval. A negative change is a gain. β_Y are the coefficients of risk, Δ "
        "those of testing beyond risk, σ is the scale of what only the tester sees."
    )
    if len(records) < FEWEST:
        about += (
            f" {len(records)} data sets settle little about errors, as the intervals show; the "
            "study without `--fast` has 200."
        )
    note = f"Data sets with divergent transitions: {divergences}."
    return "\n".join([title, "", about, "", *lines, "", note, ""])


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
