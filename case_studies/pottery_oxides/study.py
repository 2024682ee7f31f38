"""Which oxides go together in Romano-British pottery, within the region of its kiln?

Nine oxides of 45 pots from kilns in Gloucester, Wales and the New Forest (Tubb, Parker & Nickless
1980). Percentages of a whole cannot all rise together, and pots of different clays differ in every
oxide at once: what is asked for is neither.
"""

from pathlib import Path

import pandas as pd

import causalstats as cs
from causalstats.case_studies import fit_saved

DATA = Path(__file__).with_name("pottery.csv")


def data(covariates: str | None = "region") -> cs.Composition:
    """Nine oxides; what the region explains of every log-ratio is taken out."""
    frame = pd.read_csv(DATA)
    oxides = [str(name) for name in frame if name != "region"]
    return cs.Composition.from_frame(
        frame,
        parts=oxides,
        covariates=covariates,
        units=dict.fromkeys(oxides, "% of weight"),
    )


def run(folder: Path, fast: bool = False) -> Path:
    """Fit, check, save, report; the path of the report. `fast` leaves sensitivity out."""
    fit = fit_saved(cs.PartialCorrelation(), data(), folder, seed=1980, fast=fast)
    fit.effect("excess").decide(rope=0.1).to_csv(folder / "edges.csv")
    return fit.report(
        folder / "report.html",
        title="Oxides that go together in Romano-British pottery",
        question="Which two oxides vary together, or against each other, given the seven others "
        "and the region of the kiln?",
        source="45 pots from kilns in Gloucester, Wales and the New Forest; `pottery.csv` beside "
        "this study.",
        references=[
            "Tubb, Parker & Nickless (1980), The analysis of Romano-British pottery by atomic "
            "absorption spectrophotometry, Archaeometry 22."
        ],
        answers=[
            "partial_correlation",
            "excess",
            "closure_baseline",
            "regression_coefficient",
            "partial_variance",
        ],
        sensitivity={} if fast else [{"prior": ["horseshoe", "shrunk", "invariant"]}],
    )


if __name__ == "__main__":
    print(run(Path("results/pottery_oxides")))
