"""By how much does a higher wage lower the employment of a firm, at once and in the long run?

140 British firms in seven to nine years between 1976 and 1984 (Arellano & Bond 1991). Hiring and
dismissal cost something, so that this year's employment depends on that of the two years before;
firms differ for good, and years move all of them.
"""

from pathlib import Path

import numpy as np
import pandas as pd

import causalstats as cs
from causalstats.case_studies import fit_saved

DATA = Path(__file__).with_name("employment_uk.csv")
COLUMNS = {
    "employment": "emp",
    "wage": "wage",
    "capital": "capital",
    "output": "output",
}


def frame() -> pd.DataFrame:
    """Logarithms of employment, real wage, capital and output of the industry, by firm and year."""
    table = pd.read_csv(DATA)
    logs = {name: np.log(table[column]) for name, column in COLUMNS.items()}
    return table[["firm", "year"]].assign(**logs)


def data() -> cs.Panel:
    """The panel: the wage is the treatment; capital and output are covariates."""
    return cs.Panel.from_frame(
        frame(),
        unit="firm",
        time="year",
        outcome="employment",
        treatment="wage",
        covariates=["capital", "output"],
        labels={
            "firm": "the firm",
            "employment": "employment",
            "wage": "the real wage",
            "capital": "the capital stock",
            "output": "the output of the industry",
        },
        units={"employment": "log employees", "wage": "log wage"},
    )


def published() -> cs.Panel:
    """The panel with the columns of Arellano & Bond's table 4 (a1): lags too, three treatments.

    Lags before the first row of a firm are 0; with two lags of the outcome they are in no equation.
    """
    table = frame()
    lags = []
    for name, count in (("wage", 1), ("capital", 2), ("output", 2)):
        for lag in range(1, count + 1):
            lags.append(f"{name}_{lag}")
            shifted = table.groupby("firm")[name].shift(lag)
            table[lags[-1]] = shifted.fillna(0.0)
    return cs.Panel.from_frame(
        table,
        unit="firm",
        time="year",
        outcome="employment",
        treatment=["wage", "capital", "output"],
        covariates=lags,
    )


def model() -> cs.DynamicPanel:
    """Employment depends on that of the two years before."""
    return cs.DynamicPanel(lags=2)


def run(folder: Path, fast: bool = False) -> Path:
    """Fit, check, save, report.

    The path of the report. `fast` takes fewer draws and leaves sensitivity out.
    """
    fit = fit_saved(model(), data(), folder, seed=1991, fast=fast)
    sensitivity = {
        "lags": [1],
        "variances": ["constant"],
        "projection": ["mundlak"],
    }
    return fit.report(
        folder / "report.html",
        title="Wages and employment in 140 British firms",
        question="By how much does a higher real wage lower the employment of a firm, at once and "
        "in the long run?",
        source="140 firms, 1976 to 1984; `employment_uk.csv` beside this study.",
        references=[
            "Arellano & Bond (1991), Some tests of specification for panel data, Review of "
            "Economic Studies 58.",
            "Blundell & Bond (1998), Initial conditions and moment restrictions in dynamic panel "
            "data models, Journal of Econometrics 87.",
        ],
        sensitivity=None if fast else sensitivity,
    )


if __name__ == "__main__":
    print(run(Path("results/labour_demand")))
