"""Which of two treatments removes kidney stones, the one with more successes in all or the one with
more in small stones and in large ones?

Percutaneous nephrolithotomy was successful in 83 % of 350 patients, open surgery in 78 % of 350.
Surgery removed more of the small stones, and more of the large ones too: it was given to those with
large stones.
The data cannot say which comparison is meant; the diagram does.
"""

from pathlib import Path

import pandas as pd

import causalstats as cs
from causalstats.case_studies import fit_saved

# Successes and patients: Charig, Webb, Payne & Wickham (1986), British Medical Journal 292:879-882.
SUCCESSES = {
    ("small", "surgery"): (81, 87),
    ("small", "nephrolithotomy"): (234, 270),
    ("large", "surgery"): (192, 263),
    ("large", "nephrolithotomy"): (55, 80),
}


def data() -> cs.Observations:
    """A cell for each size of stone, treatment and result, with its count."""
    rows = [
        (*who, result, count)
        for who, (removed, patients) in SUCCESSES.items()
        for result, count in (("failed", patients - removed), ("removed", removed))
    ]
    frame = pd.DataFrame(rows, columns=["size", "treatment", "stone", "patients"])
    ordered = {
        "size": ["small", "large"],
        "treatment": ["nephrolithotomy", "surgery"],
        "stone": ["failed", "removed"],
    }
    return cs.Observations.from_frame(
        frame.assign(
            **{
                name: pd.Categorical(frame[name], levels)
                for name, levels in ordered.items()
            }
        ),
        counts="patients",
        labels={
            "size": "the size of the stone",
            "treatment": "the treatment",
            "treatment=nephrolithotomy": "percutaneous nephrolithotomy",
            "treatment=surgery": "open surgery",
            "stone": "the stone",
        },
    )


def model() -> cs.CausalDiagram:
    """Size decides what the surgeon does, and how it ends."""
    return cs.CausalDiagram(
        "size -> treatment -> stone; size -> stone", treatment="treatment"
    )


def other_diagram() -> cs.Diagram:
    """As if the treatment changed the size, and not the other way round."""
    return cs.Diagram.parse("treatment -> size -> stone; treatment -> stone")


def run(folder: Path, fast: bool = False) -> Path:
    """Fit, check, save, report; the path of the report. It takes seconds, whatever `fast` says."""
    fit = fit_saved(model(), data(), folder, seed=1986, fast=fast)
    return fit.report(
        folder / "report.html",
        title="Kidney stones: surgery against nephrolithotomy",
        question="How much more often would the stone be gone if all these patients had surgery, "
        "and not nephrolithotomy?",
        source="700 patients, counted by the paper below.",
        references=[
            "Charig, Webb, Payne & Wickham (1986), Comparison of treatment of renal calculi by "
            "open surgery, percutaneous nephrolithotomy, and extracorporeal shockwave lithotripsy, "
            "British Medical Journal 292.",
        ],
        sensitivity={"diagram": [other_diagram()], "concentration": [0.5, 10.0]},
    )


if __name__ == "__main__":
    print(run(Path("results/kidney_stones")))
