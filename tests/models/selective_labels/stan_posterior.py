"""The posterior of selective labels that Stan drew, and the quantities of a fit beside it."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pandas as pd
import xarray as xr

import causalstats as cs

REFERENCE = Path(__file__).parents[2] / "reference" / "selective_labels"
_RECORD = json.loads((REFERENCE / "reference.json").read_text())
_NAMES = {
    "b0": "risk_intercept",
    "d0": "policy_intercept",
    "sigma": "unobserved_scale",
    "pi": "prevalence",
    "untested": "untested_prevalence",
}
_COEFFICIENTS = {"b": "risk_coefficient", "d": "policy_coefficient"}


def decisions() -> cs.Decisions:
    """Return the data that Stan had."""
    frame = pd.read_csv(REFERENCE / "data.csv", float_precision="round_trip")
    return cs.Decisions.from_frame(
        frame,
        outcome="outcome",
        decision="tested",
        features=["x1", "x2", "x3"],
        standardise=False,
    )


def model_of(case: str) -> cs.SelectiveLabels:
    """Return the model with the prevalence "absent", of a "beta" prior, or "exact"."""
    prevalence = {
        "absent": None,
        "beta": cs.Known(_RECORD["m"], sd=_RECORD["s"]),
        "exact": cs.Known(_RECORD["m"]),
    }[case]
    return cs.SelectiveLabels(
        prevalence=prevalence,
        expertise=_RECORD["data"]["expertise"],
        coefficient_prior="paper",
    )


def quantities(
    fit: cs.Fit, case: str
) -> Iterator[tuple[str, Mapping[str, float], xr.DataArray]]:
    """Yield the name, Stan's moments and our draws of everything that is not known exactly."""
    posterior = fit.draws["posterior"]
    for name, moments in _RECORD["cases"][case]["quantities"].items():
        if moments["mcse_mean"] == 0 or name == "log_sigma":
            continue
        ours = _NAMES.get(name)
        if ours is None:
            coefficients = posterior[_COEFFICIENTS[name[0]]]
            draws = coefficients.isel(feature=int(name[2]) - 1)
        elif ours in fit.model.estimands():
            draws = fit.effect(ours).draws
        else:
            draws = posterior[ours]
        yield name, moments, draws
