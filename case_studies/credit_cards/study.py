"""How many of the applicants whom a stricter lender turns down would have repaid?

A vendor of credit cards accepted 10,499 of the applications of one month of 1988, and saw in the
year after who of them defaulted (Greene 1992, 1998). Suppose that a stricter lender had accepted
only some of these, and mostly those with few inquiries and late payments at the credit bureau. The
bureau's file is what the lender saw; here it is hidden, and so is what became of the others: the
problem of reject inference, in people of whom the truth is known.
"""

from pathlib import Path

import numpy as np
import pandas as pd

import causalstats as cs
from causalstats.case_studies import fit_saved

DATA = Path(__file__).with_name("applicants.csv.gz")
FEATURES = [
    "age",
    "under_22",
    "log_income",
    "owner",
    "dependents",
    "bank",
    "major_reports",
]


def frame(seed: int = 1988) -> pd.DataFrame:
    """Every cardholder, accepted again with log-odds 2.5 - 1.2 log(1 + inquiries)
    - 0.8 log(1 + late payments) - 1 (no account at the bureau) - 0.3 log(1 + major reports).
    """
    table = pd.read_csv(DATA)
    table = table[table["accepted"] == 1].reset_index(drop=True)
    log_odds = (
        2.5
        - 1.2 * np.log1p(table["inquiries"])
        - 0.8 * np.log1p(table["late_payments"])
        - (table["accounts"] == 0)
        - 0.3 * np.log1p(table["major_reports"])
    )
    chance = 1 / (1 + np.exp(-log_odds))
    accepted = np.random.default_rng(seed).random(len(table)) < chance
    return pd.DataFrame(
        {
            "repaid": 1 - table["default"].astype(int),
            "accepted": accepted.astype(int),
            "age": table["age_months"] / 12,
            "under_22": (table["age_months"] < 12 * 22) * 1,
            "log_income": np.log(table["income"]),
            "owner": table["owner"],
            "dependents": table["dependents"],
            "bank": table["bank"],
            "major_reports": np.log1p(table["major_reports"]),
        }
    )


def data(seed: int = 1988) -> cs.Decisions:
    """What became of the accepted; that of the others is withheld."""
    return cs.Decisions.from_frame(
        frame(seed),
        outcome="repaid",
        decision="accepted",
        features=FEATURES,
        observed="decided",
        labels={
            "repaid": "a good account",
            "accepted": "accepted",
            "under_22": "being under 22",
            "log_income": "income",
            "owner": "owning the home",
            "bank": "accounts at a bank",
            "major_reports": "major derogatory reports",
        },
        units={"age": "years", "log_income": "log US dollars a year"},
    )


def model() -> cs.SelectiveLabels:
    """People are accepted because they are likely to repay; how many do is known from before."""
    return cs.SelectiveLabels(prevalence=cs.Known(0.905, sd=0.005))


def run(folder: Path, fast: bool = False) -> Path:
    """Fit, check, save, report.

    The path of the report. `fast` takes fewer draws and leaves sensitivity out.
    """
    fit = fit_saved(model(), data(), folder, seed=1988, fast=fast)
    return fit.report(
        folder / "report.html",
        title="Repayment by the applicants whom a stricter lender turns down",
        question="What share of the applicants who were turned down would have repaid?",
        source="10,499 holders of a credit card, 1988; `applicants.csv.gz` beside this study.",
        references=[
            "Greene (1992), A statistical model for credit scoring, working paper EC-92-29, New "
            "York University.",
            "Greene (1998), Sample selection in credit-scoring models, Japan and the World Economy "
            "10.",
        ],
        sensitivity={}
        if fast
        else {"prevalence": [0.895, 0.915], "response": [0.5, 2.0]},
    )


if __name__ == "__main__":
    print(run(Path("results/credit_cards")))
