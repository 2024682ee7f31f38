"""Selective-labels data with a known truth: the design of the paper, or a draw from a model's own prior."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from causalstats.core.knowledge import Known, KnownByGroup
from causalstats.core.simulation import Simulation
from causalstats.data import Decisions
from causalstats.models.selective_labels.graph import LEAST_SCALE, known_groups
from causalstats.models.selective_labels.priors import (
    FREE,
    FREEDOM,
    direction,
    feature_units,
    policy_sd,
    widths,
)
from causalstats.numerics.selection.prevalence_constraint import solve, stretch
from causalstats.numerics.selection.unobservable import inverse_link, standard_draws

_DECIDERS = 20  # of simulated data, where deciders differ


def simulate(
    model: Any, seed: int, people: int, features: int, design: str, labels: bool
) -> Simulation:
    """Features x1, x2, ... ~ Normal(0, 1), and the groups of a known prevalence; parameters by the design; decisions and outcomes by the model."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        rng.standard_normal((people, features)), columns=[f"x{k + 1}" for k in range(features)]
    )
    if isinstance(model.prevalence, KnownByGroup):
        levels = list(model.prevalence.values)
        frame[model.prevalence.feature] = pd.Categorical(rng.choice(levels, people), levels)
    named = list(frame)
    if model.deciders != "alike":
        frame["decider"] = rng.choice([f"decider {j + 1:02d}" for j in range(_DECIDERS)], people)
    # Read once for its coding, then with what was drawn from it.
    arguments: dict[str, Any] = {
        "outcome": "outcome",
        "decision": "tested",
        "features": named,
        "standardise": False,
    }
    arguments |= {} if model.deciders == "alike" else {"decider": "decider"}
    coded = Decisions.from_frame(
        frame.assign(
            tested=np.arange(people) % 2, outcome=np.where(np.arange(people) % 2, 0, np.nan)
        ),
        **arguments,
    )
    parameters = {"paper": _paper, "prior": _prior}[design](model, rng, coded)
    if model.deciders != "alike":
        parameters |= _deciders(model, rng, parameters, len(coded.deciders))
    position = np.zeros(people, int) if model.deciders == "alike" else coded.people().decider
    response = np.asarray(
        parameters.get("decider_response", [parameters["testing_response"]] * _DECIDERS)
    )[position]
    leniency = np.asarray(parameters.get("leniency", np.zeros(_DECIDERS)))[position]
    risk = parameters["risk_middle"] + coded.matrix @ parameters["risk_coefficient"]
    risk = risk + parameters["unobserved_width"] * standard_draws(model.law, rng, people)
    testing = (
        response * risk
        + parameters["policy_intercept"]
        + coded.matrix @ parameters["policy_coefficient"]
        + leniency
    )
    outcome, decision = (
        rng.random(people) < inverse_link(model.law, logit) for logit in (risk, testing)
    )
    result = outcome
    if model.imperfect:
        for name in ("sensitivity", "specificity"):
            parameters[f"test_{name}"] = _proportion(rng, getattr(model, name))
        result = rng.random(people) < np.where(
            outcome, parameters["test_sensitivity"], 1 - parameters["test_specificity"]
        )
    shown = np.where(decision, result, result if labels else np.nan)
    observed: Any = "decided" if labels else "error"
    data = Decisions.from_frame(
        frame.assign(tested=decision.astype(int), outcome=shown), **arguments, observed=observed
    )
    derived = {
        "risk_intercept": parameters["risk_middle"]
        - parameters["unobserved_width"] * model.law.lower_end,
        "middle_intercept": parameters["risk_middle"],
        "unobserved_scale": parameters["unobserved_width"],
        "response": abs(parameters["testing_response"]),
    }
    dims = {
        "risk_coefficient": ("feature", data.features),
        "policy_coefficient": ("feature", data.features),
        "leniency": ("decider", data.deciders),
        "decider_response": ("decider", data.deciders),
        "population_prevalence": (
            "prevalence_group",
            [level for level, value in known_groups(model.prevalence).items() if not value.exact],
        ),
    }
    truth = xr.Dataset(
        {
            name: _labelled(value, *dims.get(name, ("", ())))
            for name, value in (parameters | derived).items()
        }
    )
    realised = {
        "prevalence": float(outcome.mean()),
        "untested_prevalence": float(outcome[~decision].mean()),
    }
    return Simulation(data=data, truth=truth, realised=realised)


def _paper(model: Any, rng: np.random.Generator, data: Decisions) -> dict[str, Any]:
    features = len(data.features)
    scale, intercept, policy_intercept = rng.normal([2.0, -2.0, 2.0], 0.1)
    return {
        "unobserved_width": scale,
        "risk_coefficient": rng.standard_normal(features),
        "risk_middle": intercept + scale * model.law.lower_end,
        "policy_intercept": policy_intercept,
        "policy_coefficient": np.where(
            np.arange(features) == 0, rng.standard_normal(features), 0.0
        ),
        "testing_response": direction(model)
        * (model.response.value if isinstance(model.response, Known) else abs(rng.normal(1, 0.1))),
    }


def _prior(model: Any, rng: np.random.Generator, data: Decisions) -> dict[str, Any]:
    known, wide = model.unobserved_scale, widths(model)
    scale = (
        max(known.value, LEAST_SCALE)
        if isinstance(known, Known)
        else abs(rng.normal(0, wide.unobserved))
    )
    response = direction(model) * (
        model.response.value
        if isinstance(model.response, Known)
        else abs(rng.normal(0, wide.response))
    )
    shrunken = model.coefficient_prior == "attenuated"
    units, centre = feature_units(data)
    of_risk = stretch(model.law, scale, np)
    hierarchy = {}
    if shrunken:
        hierarchy = {
            f"{which}_coefficient_sd": abs(rng.normal(0, wide.coefficient))
            for which in ("risk", "testing")
        }
        risk = (
            of_risk * hierarchy["risk_coefficient_sd"] * rng.standard_t(FREEDOM, len(units)) / units
        )
    else:
        risk = rng.normal(0, wide.coefficient, len(units))
    parameters: dict[str, Any] = {"unobserved_width": scale, "testing_response": response}
    groups = known_groups(model.prevalence)
    if groups:
        drawn = [_proportion(rng, value) for value in groups.values()]
        of_groups = isinstance(model.prevalence, KnownByGroup)
        columns = list(data.columns_of(model.prevalence.feature)) if of_groups else []
        codes = (
            data.levels_of(model.prevalence.feature, data.matrix)[1]
            if of_groups
            else np.zeros(len(data), int)
        )
        risk[columns] = 0
        index = data.matrix @ risk
        weights = [data.weights[codes == g] for g in range(len(drawn))]
        middles = [
            float(solve(p, index[codes == g], scale, weights[g] / weights[g].sum(), model.law)[0])
            for g, p in enumerate(drawn)
        ]
        middle, risk[columns] = middles[0], np.subtract(middles[1:], middles[0])
        uncertain = [p for p, value in zip(drawn, groups.values(), strict=True) if not value.exact]
        if uncertain:
            parameters["population_prevalence"] = uncertain if of_groups else uncertain[0]
    elif shrunken:
        middle = of_risk * rng.normal(0, wide.intercept) - centre @ risk
    else:
        middle = rng.normal(scale * model.law.lower_end, wide.intercept)
    parameters |= {"risk_coefficient": risk, "risk_middle": middle}
    sd = policy_sd(model, data)
    policy = rng.normal(0, np.maximum(sd, 0))
    policy_intercept = rng.normal(0, wide.intercept)
    if shrunken:
        of_testing = stretch(model.law, response * scale, np)
        own = hierarchy["testing_coefficient_sd"] * rng.standard_t(FREEDOM, len(units))
        own = of_testing * own / units
        policy = np.where(sd == FREE, own - response * risk, policy)
        testing = response * risk + policy
        policy_intercept = of_testing * policy_intercept - centre @ testing - response * middle
    return (
        parameters
        | hierarchy
        | {
            "policy_intercept": policy_intercept,
            "policy_coefficient": policy,
        }
    )


def _deciders(
    model: Any, rng: np.random.Generator, parameters: dict[str, Any], number: int
) -> dict[str, Any]:
    wide = widths(model)
    spread = abs(rng.normal(0, wide.leniency))
    drawn = {"leniency_sd": spread, "leniency": rng.normal(0, spread, number)}
    if model.deciders == "response":
        steepness = abs(rng.normal(0, wide.decider_response))
        drawn |= {
            "response_sd": steepness,
            "decider_response": parameters["testing_response"]
            * np.exp(rng.normal(0, steepness, number)),
        }
    return drawn


def _proportion(rng: np.random.Generator, known: Known) -> float:
    return known.value if known.exact else float(rng.beta(*known.as_beta()))


def _labelled(value: Any, dim: str, labels: Any) -> xr.DataArray:
    array = np.asarray(value, float)[None, None]
    return (
        xr.DataArray(array, dims=("chain", "draw", dim), coords={dim: list(labels)})
        if array.ndim == 3
        else xr.DataArray(array, dims=("chain", "draw"))
    )
