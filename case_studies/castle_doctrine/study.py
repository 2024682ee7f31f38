"""Did laws that ease self-defence with a gun raise homicides?

50 American states in every year from 2000 to 2010 (Cheng & Hoekstra 2013; Cunningham 2021, chapter
9): 21 of them passed castle-doctrine laws between 2005 and 2009, which let people use deadly force
without the duty to retreat. States differ for good, and years move all of them; the answer is of
how homicides changed in states with a law, against those that had none yet.
"""

from pathlib import Path

import pandas as pd

import causalstats as cs
from causalstats.case_studies import fit_saved


def frame() -> pd.DataFrame:
    """Log homicides per 100,000, population, and whether there is a law, by state and year."""
    import causaldata

    table = causaldata.castle.load_pandas().data
    return table[["sid", "year", "l_homicide", "popwt"]].assign(
        law=(table["post"] > 0).astype(float)
    )


def data(weighted: bool = True) -> cs.Panel:
    """The panel; each state by its mean population, or alike where not `weighted`."""
    table = frame()
    table["population"] = table.groupby("sid")["popwt"].transform("mean")
    return cs.Panel.from_frame(
        table,
        unit="sid",
        time="year",
        outcome="l_homicide",
        treatment="law",
        weights="population" if weighted else None,
        labels={
            "sid": "the state",
            "l_homicide": "the homicide rate",
            "law": "a castle-doctrine law",
        },
        units={"l_homicide": "log homicides per 100,000"},
    )


def model() -> cs.EventStudy:
    """Effects of cohorts whose course over event times is pooled; AR(1) errors of a state."""
    return cs.EventStudy()


def run(folder: Path, fast: bool = False) -> Path:
    """Fit, check, save, report.

    The path of the report. `fast` takes fewer draws and leaves sensitivity out.
    """
    fit = fit_saved(model(), data(), folder, seed=2013, fast=fast)
    sensitivity = {"pooling": ["none", "full"], "trend_violation": [0.0, 0.5, 1.0]}
    return fit.report(
        folder / "report.html",
        title="Castle-doctrine laws and homicides in 50 states",
        question="By how much did laws that ease self-defence change the homicide rate?",
        source="50 states in the years 2000 to 2010; `castle` of the package causaldata.",
        references=[
            "Cheng & Hoekstra (2013), Does strengthening self-defense law deter crime or escalate "
            "violence?, Journal of Human Resources 48.",
            "Cunningham (2021), Causal inference: the mixtape, chapter 9.",
        ],
        sensitivity=None if fast else sensitivity,
    )


if __name__ == "__main__":
    print(run(Path("results/castle_doctrine")))
