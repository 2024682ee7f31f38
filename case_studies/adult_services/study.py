"""What do clients of sex workers pay for leaving out the condom?

Sex workers in the United States reported their last sessions in 2008 and 2009 (Cunningham & Kendall
2011; Cunningham 2021, chapter 8): up to four each, some only one, and many with gaps. Who goes
without may be who earns less anyway; the effect is that between sessions of the same provider.
"""

from pathlib import Path

import pandas as pd

import causalstats as cs
from causalstats.case_studies import fit_saved

OF_THE_SESSION = [
    "age_cl",
    "llength",
    "reg",
    "appearance_cl",
    "provider_second",
    "asian_cl",
    "black_cl",
    "hispanic_cl",
    "othrace_cl",
    "hot",
    "massage_cl",
]
OF_THE_PROVIDER = [
    "age",
    "bmi",
    "schooling",
    "cohab",
    "married",
    "divorced",
    "separated",
    "hispanic",
    "black",
    "asian",
    "other",
]


def frame() -> pd.DataFrame:
    """A row a session."""
    import causaldata

    return causaldata.adult_services.load_pandas().data


def data(table: pd.DataFrame | None = None) -> cs.Panel:
    """The log hourly price, unprotected sex, and what differs between sessions and providers.

    Sessions that lack something are left out.
    """
    covariates = [*OF_THE_SESSION, *OF_THE_PROVIDER]
    table = frame() if table is None else table
    return cs.Panel.from_frame(
        table,
        unit="id",
        time="session",
        outcome="lnw",
        treatment="unsafe",
        covariates=covariates,
        missing="drop",
        labels={
            "id": "the provider",
            "unsafe": "leaving out the condom",
            "lnw": "the hourly price of a session",
            "age_cl": "age of the client",
            "llength": "length of the session",
            "reg": "a regular client",
            "appearance_cl": "attractiveness of the client",
            "provider_second": "a second provider",
            "asian_cl": "an Asian client",
            "black_cl": "a Black client",
            "hispanic_cl": "a Hispanic client",
            "othrace_cl": "a client of another group",
            "hot": "meeting in a hotel",
            "massage_cl": "a massage",
            "age": "age of the provider",
            "bmi": "body mass index of the provider",
        },
        units={"lnw": "log US dollars", "llength": "log hours"},
    )


def model() -> cs.PanelDML:
    """Prices of one provider may go together beyond what lasts."""
    return cs.PanelDML(heterogeneity="mundlak", errors="cluster")


def run(folder: Path, fast: bool = False) -> Path:
    """Fit, check, save, report.

    The path of the report. `fast` takes fewer draws and leaves sensitivity out.
    """
    fit = fit_saved(model(), data(), folder, seed=2009, fast=fast)
    return fit.report(
        folder / "report.html",
        title="The price of going without a condom",
        question="By how much is the hourly price higher in sessions without a condom, of the same "
        "provider?",
        source="Sessions of sex workers in the United States, 2008 and 2009; `adult_services` of "
        "the package causaldata.",
        references=[
            "Cunningham & Kendall (2011), Prostitution 2.0: the changing face of sex work, Journal "
            "of Urban Economics 69.",
            "Cunningham (2021), Causal inference: the mixtape, chapter 8.",
        ],
        sensitivity={}
        if fast
        else {"heterogeneity": ["random", "pooled"], "basis_size": [1]},
    )


if __name__ == "__main__":
    print(run(Path("results/adult_services")))
