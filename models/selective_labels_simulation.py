"""Selective-labels data with a known truth: the design of the paper, or a draw from a model's own prior."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import xarray as xr

from causalstats.data import Decisions
from causalstats.model import Known, Simulation
from causalstats.numerics.intercept import solve
from causalstats.numerics.unobservable import inverse_link, standard_draws

if TYPE_CHECKING:
    from causalstats.models.selective_labels import SelectiveLabels

COEFFICIENT_SD = 3.0  # of the priors, as in the paper
SCALE_SD = 3.0
RESPONSE_SD = 3.0
LEAST_SCALE = 1e-9  # σ = 0 is its limit, which the formulas have reached here to all digits


def simulate(model: SelectiveLabels, seed: int, people: int, features: int, design: str) -> Simulation:
    """Features x1, x2, ... ~ Normal(0, 1); parameters by the design; decisions and outcomes by the model."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((people, features))
    names = [f"x{k + 1}" for k in range(features)]
    draw = {"paper": _paper, "prior": _prior}[design]
    parameters = draw(model, rng, x, names)
    middle = parameters["risk_middle"] + x @ parameters["risk_coefficient"] + parameters["unobserved_width"] * standard_draws(model.law, rng, people)
    testing = parameters["testing_response"] * middle + parameters["policy_intercept"] + x @ parameters["policy_coefficient"]
    outcome, decision = (rng.random(people) < inverse_link(model.law, logit) for logit in (middle, testing))
    frame = pd.DataFrame(x, columns=names).assign(tested=decision.astype(int), outcome=np.where(decision, outcome, np.nan))
    data = Decisions.from_frame(frame, outcome="outcome", decision="tested", features=names, standardise=False)
    derived = {
        "risk_intercept": parameters["risk_middle"] - parameters["unobserved_width"] * model.law.lower_end,
        "middle_intercept": parameters["risk_middle"],
        "unobserved_scale": parameters["unobserved_width"],
        "response": parameters["testing_response"],
    }
    truth = xr.Dataset({name: _labelled(value, names) for name, value in (parameters | derived).items()})
    realised = {"prevalence": float(outcome.mean()), "untested_prevalence": float(outcome[~decision].mean())}
    return Simulation(data=data, truth=truth, realised=realised)


def _paper(model: SelectiveLabels, rng: np.random.Generator, x: np.ndarray, names: list[str]) -> dict[str, Any]:
    features = x.shape[1]
    scale, intercept, policy_intercept = rng.normal([2.0, -2.0, 2.0], 0.1)
    return {
        "unobserved_width": scale,
        "risk_coefficient": rng.standard_normal(features),
        "risk_middle": intercept + scale * model.law.lower_end,
        "policy_intercept": policy_intercept,
        "policy_coefficient": np.where(np.arange(features) == 0, rng.standard_normal(features), 0.0),
        "testing_response": model.response.value if isinstance(model.response, Known) else abs(rng.normal(1, 0.1)),
    }


def _prior(model: SelectiveLabels, rng: np.random.Generator, x: np.ndarray, names: list[str]) -> dict[str, Any]:
    known = model.unobserved_scale
    scale = max(known.value, LEAST_SCALE) if isinstance(known, Known) else abs(rng.normal(0, SCALE_SD))
    response = model.response.value if isinstance(model.response, Known) else abs(rng.normal(0, RESPONSE_SD))
    risk = rng.normal(0, COEFFICIENT_SD, x.shape[1])
    parameters = {"unobserved_width": scale, "risk_coefficient": risk, "testing_response": response}
    if isinstance(model.prevalence, Known):
        prevalence = model.prevalence.value if model.prevalence.exact else rng.beta(*model.prevalence.as_beta())
        parameters["population_prevalence"] = prevalence
        weights = np.full(len(x), 1 / len(x))
        middle = float(solve(prevalence, x @ risk, scale, weights, model.law)[0])
    else:
        middle = rng.normal(scale * model.law.lower_end, COEFFICIENT_SD)
    sd = np.where(np.isin(names, model.expertise), model.expertise_sd, COEFFICIENT_SD)
    return parameters | {"risk_middle": middle, "policy_intercept": rng.normal(0, COEFFICIENT_SD), "policy_coefficient": rng.normal(0, sd)}


def _labelled(value: Any, names: list[str]) -> xr.DataArray:
    array = np.asarray(value, float)[None, None]
    return xr.DataArray(array, dims=("chain", "draw", *(["feature"] if array.ndim == 3 else [])), coords={"feature": names} if array.ndim == 3 else {})
