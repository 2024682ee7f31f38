"""How many tumours that nobody sent to central review have unfavourable histology?

Two studies of Wilms' tumour read every tumour twice: at the hospital, and by a central pathologist,
whose reading is taken as the truth (Breslow & Chatterjee 1999). Suppose that hospitals had sent
only some for central review, and mostly those that looked unfavourable to them. The hospital's own
reading is what the decision-maker saw; here it is hidden, and so are the central readings of the
tumours that were not sent.
"""

from pathlib import Path

import numpy as np
import pandas as pd

import causalstats as cs
from causalstats.case_studies import fit_saved

DATA = Path(__file__).with_name("nwtco.csv")


def frame(seed: int) -> pd.DataFrame:
    """Every tumour, sent to review with log-odds -0.7 + 2.5 (read as unfavourable at the hospital)
    + 0.6 (stage III or IV).
    """
    table = pd.read_csv(DATA)
    log_odds = -0.7 + 2.5 * (table["instit"] == 2) + 0.6 * (table["stage"] >= 3)
    sent = np.random.default_rng(seed).random(len(table)) < 1 / (1 + np.exp(-log_odds))
    return pd.DataFrame(
        {
            "unfavourable": (table["histol"] == 2).astype(int),
            "sent": sent.astype(int),
            "years": table["age"] / 12,
            "stage": table["stage"].map({1: "I", 2: "II", 3: "III", 4: "IV"}),
            "study": table["study"].astype(str),
        }
    )


def data(seed: int) -> cs.Decisions:
    """The central reading of the tumours that were sent; the others' are withheld."""
    return cs.Decisions.from_frame(
        frame(seed),
        outcome="unfavourable",
        decision="sent",
        formula="poly(years, 2) + stage + study",
        observed="decided",
        labels={
            "unfavourable": "unfavourable histology",
            "sent": "sent to central review",
            "years": "age",
            "stage": "stage of the tumour",
            "study": "the study",
        },
        units={"years": "years"},
    )


def model() -> cs.SelectiveLabels:
    """The prevalence is what earlier reviews found.

    Hospitals look at age and at the study only as far as they say something of histology.
    """
    return cs.SelectiveLabels(
        prevalence=cs.Known(0.114, sd=0.01), expertise=["years", "study"]
    )


def run(folder: Path, fast: bool = False) -> Path:
    """Fit, check, save, report.

    The path of the report. `fast` takes fewer draws and leaves sensitivity out.
    """
    fit = fit_saved(model(), data(1999), folder, seed=1999, fast=fast)
    return fit.report(
        folder / "report.html",
        title="Unfavourable histology among the tumours that were not reviewed",
        question="What share of the tumours that were not sent to central review has unfavourable "
        "histology?",
        source="Two studies of Wilms' tumour, 4,028 children; `nwtco.csv` beside this study.",
        references=[
            "Breslow & Chatterjee (1999), Design and analysis of two-phase studies with binary "
            "outcome applied to Wilms tumour prognosis, Applied Statistics 48."
        ],
        sensitivity={}
        if fast
        else {"prevalence": [0.09, 0.14], "response": [0.5, 2.0]},
    )


if __name__ == "__main__":
    print(run(Path("results/central_review")))
