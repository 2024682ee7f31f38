"""Did higher minimum wages lower the employment of teenagers?

500 American counties in every year from 2003 to 2007 (Callaway & Sant'Anna 2021): some states
raised their minimum wage above the federal one in 2004, 2006 or 2007, others in none of these
years. Counties differ for good, and years move all of them; the answer is of how teen employment
changed in counties that had a raise, against those that had none yet.
"""

from pathlib import Path

import pandas as pd

import causalstats as cs
from causalstats.case_studies import fit_saved

DATA = Path(__file__).with_name("mpdta.csv")


def frame() -> pd.DataFrame:
    """Log teen employment, log population and whether there is a raise, by county and year.

    The state is the first part of the county's code (FIPS).
    """
    table = pd.read_csv(DATA)
    raised = (table["first.treat"] > 0) & (table["year"] >= table["first.treat"])
    return table[["countyreal", "year", "lemp", "lpop"]].assign(
        raised=raised.astype(float), state=(table["countyreal"] // 1000).astype(str)
    )


def data(population: bool = False, by_state: bool = False) -> cs.Panel:
    """The panel, with log population as a covariate, or states as clusters, if asked for."""
    return cs.Panel.from_frame(
        frame(),
        unit="countyreal",
        time="year",
        outcome="lemp",
        treatment="raised",
        covariates=["lpop"] if population else [],
        cluster="state" if by_state else None,
        labels={
            "countyreal": "the county",
            "lemp": "teen employment",
            "raised": "a raise of the minimum wage",
        },
        units={"lemp": "log teenagers"},
    )


def model() -> cs.EventStudy:
    """Effects of cohorts whose course over event times is pooled; AR(1) errors of a county."""
    return cs.EventStudy()


def model_by_state() -> cs.EventStudy:
    """Effects by least squares, with errors that counties of a state may share."""
    return cs.EventStudy(pooling="none", errors="cluster")


def run(folder: Path, fast: bool = False) -> Path:
    """Fit, check, save, report.

    The path of the report. `fast` takes fewer draws and leaves sensitivity out.
    """
    fit = fit_saved(model(), data(), folder, seed=2021, fast=fast)
    sensitivity = {"pooling": ["none", "full"], "trend_violation": [0.0, 0.5, 1.0]}
    return fit.report(
        folder / "report.html",
        title="Minimum wages and teen employment in 500 counties",
        question="By how much did a raise of the minimum wage change the employment of teenagers?",
        source="500 counties in the years 2003 to 2007; `mpdta` of the R package did, beside this "
        "study.",
        references=[
            "Callaway & Sant'Anna (2021), Difference-in-differences with multiple time periods, "
            "Journal of Econometrics 225.",
            "Rambachan & Roth (2023), A more credible approach to parallel trends, Review of "
            "Economic Studies 90.",
        ],
        sensitivity=None if fast else sensitivity,
    )


if __name__ == "__main__":
    print(run(Path("results/minimum_wage")))
