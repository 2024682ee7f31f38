"""By how much does a dearer pack of cigarettes lower sales?

46 American states in every year from 1963 to 1992 (Baltagi & Levin 1992): states differ for good in
what they smoke and tax, and years move all at once, so that both have effects of their own. Beside
the whole panel stands one in which every second state was seen only until 1980, where two-way
effects by unit and time means go wrong unless the means of the years' dummies are among them.
"""

from pathlib import Path

import numpy as np
import pandas as pd

import causalstats as cs
from causalstats.case_studies import fit_saved

DATA = Path(__file__).with_name("cigar.csv")
COVARIATES = ["neighbours_price", "income"]


def frame(attrition: bool = False) -> pd.DataFrame:
    """Logarithms of packs sold a head, and of the price, the lowest price in a neighbouring state
    and income a head in dollars of 1983.
    """
    table = pd.read_csv(DATA)
    if attrition:
        table = table[(table["state"] % 2 == 1) | (table["year"] <= 80)]
    logs = {
        "sales": table["sales"],
        "price": table["price"] / table["cpi"],
        "neighbours_price": table["pimin"] / table["cpi"],
        "income": table["ndi"] / table["cpi"],
    }
    return table[["state", "year"]].assign(
        **{name: np.log(column) for name, column in logs.items()}
    )


def data(attrition: bool = False) -> cs.Panel:
    """The panel, whole or with states that leave."""
    return cs.Panel.from_frame(
        frame(attrition),
        unit="state",
        time="year",
        outcome="sales",
        treatment="price",
        covariates=COVARIATES,
        labels={
            "sales": "packs sold a head",
            "price": "the price of a pack",
            "neighbours_price": "the lowest price in a neighbouring state",
            "income": "income a head",
        },
        units={
            "sales": "log packs",
            "price": "log US dollars of 1983",
            "neighbours_price": "log US dollars of 1983",
            "income": "log US dollars of 1983",
        },
    )


def model() -> cs.PanelDML:
    """Years have effects of their own; errors of a state last."""
    return cs.PanelDML(heterogeneity="mundlak", time_effects=True, errors="cluster")


def run(folder: Path, fast: bool = False) -> Path:
    """Fit, check, save, report.

    The path of the report. `fast` takes fewer draws and leaves sensitivity out.
    """
    fit = fit_saved(model(), data(), folder, seed=1992, fast=fast)
    return fit.report(
        folder / "report.html",
        title="Price and sales of cigarettes in 46 states",
        question="By how many per cent do sales of cigarettes fall when the price rises by one "
        "per cent?",
        source="46 states of the United States, 1963 to 1992; `cigar.csv` beside this study.",
        references=[
            "Baltagi & Levin (1992), Cigarette taxation: raising revenues and reducing "
            "consumption, Structural Change and Economic Dynamics 3."
        ],
        sensitivity={}
        if fast
        else {"time_effects": [False], "heterogeneity": ["pooled"]},
    )


if __name__ == "__main__":
    print(run(Path("results/cigarette_demand")))
