"""By how much does cholestyramine lower cholesterol, when many of those assigned to it did not take
it?

Assignment was by lot; taking the drug was not, and whatever made a man take it may bear on his
cholesterol. So the effect of the drug is not identified: the trial has bounds of it (Balke & Pearl
1997), and the honest answer is both ends with what is not known of each.
"""

from pathlib import Path

import pandas as pd

import causalstats as cs
from causalstats.case_studies import fit_saved

MEN = {  # assigned, took the drug, cholesterol fell by 28 points: how many
    ("placebo", "no", "no"): 158,
    ("placebo", "no", "yes"): 14,
    ("placebo", "yes", "no"): 0,
    ("placebo", "yes", "yes"): 0,
    ("drug", "no", "no"): 52,
    ("drug", "no", "yes"): 12,
    ("drug", "yes", "no"): 23,
    ("drug", "yes", "yes"): 78,
}


def data() -> cs.Observations:
    """A cell for each assignment, treatment and result, with its count."""
    frame = pd.DataFrame(
        [(*who, count) for who, count in MEN.items()],
        columns=["assigned", "taken", "lowered", "men"],
    )
    ordered = {
        "assigned": ["placebo", "drug"],
        "taken": ["no", "yes"],
        "lowered": ["no", "yes"],
    }
    return cs.Observations.from_frame(
        frame.assign(
            **{
                name: pd.Categorical(frame[name], levels)
                for name, levels in ordered.items()
            }
        ),
        counts="men",
        labels={
            "assigned": "assignment",
            "taken": "taking the drug",
            "lowered": "a fall of cholesterol by 28 points",
        },
    )


def model() -> cs.CausalDiagram:
    """The lot acts through the drug alone; drug and result share causes that nobody saw."""
    return cs.CausalDiagram(
        "assigned -> taken -> lowered; taken <-> lowered", treatment="taken"
    )


def run(folder: Path, fast: bool = False) -> Path:
    """Fit, check, save, report; the path of the report. `fast` leaves sensitivity out."""
    fit = fit_saved(model(), data(), folder, seed=1997, fast=fast)
    return fit.report(
        folder / "report.html",
        title="Cholestyramine, of which many took less than they were assigned",
        question="How many more men would have their cholesterol lowered by 28 points if all took "
        "the drug, and not none?",
        source="337 men of the Lipid Research Clinics Coronary Primary Prevention Trial, as "
        "counted by Balke & Pearl.",
        references=[
            "Balke & Pearl (1997), Bounds on treatment effects from studies with imperfect "
            "compliance, Journal of the American Statistical Association 92."
        ],
        sensitivity={}
        if fast
        else {
            "concentration": [0.1, 0.5],
            "monotone": [[cs.Monotone("taken", "lowered")]],
        },
    )


if __name__ == "__main__":
    print(run(Path("results/cholesterol_trial")))
