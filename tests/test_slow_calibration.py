"""Every variant of every model against draws from its own prior: `pytest -m slow`. Some minutes each."""

import json
from pathlib import Path

import pytest

import causalstats as cs

RESULTS = Path(__file__).parent / "reference" / "calibration"
PREVALENCE, PEOPLE = cs.Known(0.3, sd=0.05), {"people": 500, "features": 3}
MODELS = {
    "selective labels": (cs.SelectiveLabels(prevalence=PREVALENCE, expertise=["x2"]), PEOPLE),
    "nothing known": (cs.SelectiveLabels(), PEOPLE),
    "normal, soft expertise": (
        cs.SelectiveLabels(
            prevalence=PREVALENCE, expertise=["x2"], expertise_sd=0.5, unobservable="normal"
        ),
        PEOPLE,
    ),
    "deciders": (cs.SelectiveLabels(prevalence=PREVALENCE, deciders="leniency"), PEOPLE),
    "imperfect test": (
        cs.SelectiveLabels(
            prevalence=PREVALENCE,
            sensitivity=cs.Known(0.9, sd=0.03),
            specificity=cs.Known(0.95, sd=0.02),
        ),
        PEOPLE,
    ),
    "by group": (
        cs.SelectiveLabels(
            prevalence=cs.KnownByGroup(
                "region", {"a": PREVALENCE, "b": cs.Known(0.5, sd=0.1), "c": 0.2}
            )
        ),
        PEOPLE,
    ),
    "shrunk composition": (cs.PartialCorrelation(basis_variance=1.0), {"rows": 25, "parts": 4}),
    "few rows of a composition": (
        cs.PartialCorrelation(basis_variance=1.0),
        {"rows": 6, "parts": 8},
    ),
    "invariant composition": (
        cs.PartialCorrelation(prior="invariant", shrinkage=0.3, basis_variance=1.0),
        {"rows": 25, "parts": 4},
    ),
    "values within bounds": (
        cs.PartialCorrelation(basis_variance=1.0),
        {"rows": 25, "parts": 4, "resolution": 1.0},
    ),
    "sparse composition": (
        cs.PartialCorrelation(prior="sparse", basis_variance=1.0),
        {"rows": 25, "parts": 4},
    ),
    "counts": (cs.PartialCorrelation(basis_variance=1.0), {"rows": 25, "parts": 4, "depth": 300}),
    "rows of subjects": (
        cs.PartialCorrelation(basis_variance=1.0),
        {"rows": 25, "parts": 4, "repeated": "subject"},
    ),
    "rows in time": (
        cs.PartialCorrelation(basis_variance=1.0),
        {"rows": 25, "parts": 4, "repeated": "time"},
    ),
    "panel": (
        cs.PanelDML(scale=(1.0, 1.0), functions=6, errors="independent"),
        {"units": 30, "times": 4},
    ),
    "panel with a scale a covariate": (
        cs.PanelDML(scale=(1.0, 1.0), functions=4, errors="independent", shrinkage="covariate"),
        {"units": 30, "times": 4, "covariates": 2},
    ),
    "panel of gaussian processes": (
        cs.PanelDML(scale=(1.0, 1.0), functions=8, errors="independent", basis="hsgp"),
        {"units": 30, "times": 4},
    ),
    "panel of waves": (
        cs.PanelDML(scale=(1.0, 1.0), functions=8, errors="independent", basis="fourier"),
        {"units": 30, "times": 4, "covariates": 2},
    ),
    "panel with errors that fade": (
        cs.PanelDML(scale=(1.0, 1.0), functions=4, errors="autoregressive"),
        {"units": 30, "times": 6},
    ),
    "pooled panel": (
        cs.PanelDML(scale=(1.0, 1.0), functions=6, errors="independent", heterogeneity="pooled"),
        {"units": 30, "times": 2},
    ),
    "front-door": (
        cs.CausalDiagram("smoking -> tar -> cancer; smoking <-> cancer"),
        {"people": 200},
    ),
    "back-door": (
        cs.CausalDiagram(
            cs.Diagram.parse("z -> x -> y; z -> y").with_levels({"z": 3, "x": 3}), treatment="x"
        ),
        {"people": 100},
    ),
    "napkin": (
        cs.CausalDiagram("w -> z -> x -> y; w <-> x; w <-> y", treatment="x", concentration=0.5),
        {"people": 200},
    ),
    "mechanisms of the front-door": (
        cs.CausalDiagram("smoking -> tar -> cancer; smoking <-> cancer", route="structural"),
        {"people": 200},
    ),
    "heckman": (cs.Heckman(outcome_scale=(0.0, 1.0), excluded=["x1"], expertise=["x2"]), PEOPLE),
}
EXACT = ("front-door", "back-door", "napkin")  # some milliseconds each
BY_ITS_GRAPH = {"invariant composition": cs.Nuts(chains=2, draws=400, tune=250)}


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_calibration(name):
    """The table of each run is kept in `reference/calibration`, with the sampler, the number of data sets and the machine's seconds."""
    model, simulate = MODELS[name]
    fits = 400 if name in EXACT else 200
    found = cs.calibrate(
        model, fits=fits, seed=1, simulate=simulate, sampler=BY_ITS_GRAPH.get(name), progress=False
    )
    seconds = found.fits["seconds"].dropna()
    kept = {
        "model": repr(model),
        "sampler": repr(found.sampler),
        "simulate": simulate,
        "data sets": len(found.ranks),
        "refused": int(found.fits["refused"].notna().sum()) if "refused" in found.fits else 0,
        "median seconds": round(float(seconds.median()), 2),
        "checks": {
            check.name: {"passed": check.passed, "finding": check.finding}
            for check in found.check()
        },
        "table": found.table().round(4).to_dict("index"),
    }
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name.replace(', ', '_').replace(' ', '_')}.json").write_text(
        json.dumps(kept, indent=1) + "\n"
    )
    assert all(check.passed is not False for check in found.check()), found
