"""Data of a Heckman model with a known truth: the paper's design, or a draw from the prior."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from causalstats.core.knowledge import Known
from causalstats.core.simulation import Simulation
from causalstats.data import Decisions
from causalstats.models.heckman.correlation_priors import CORRELATION_PRIORS


def simulate(
    model: Any, seed: int, people: int, features: int, design: str
) -> Simulation:
    """Return data with features x1, x2, ... ~ Normal(0, 1), and their truth.

    Parameters
    ----------
    model : Heckman
    seed : int
    people, features : int
    design : str
        A name in `DESIGNS`.
    """
    rng = np.random.default_rng(seed)
    names = [f"x{k + 1}" for k in range(features)]
    x = rng.standard_normal((people, features))
    parameters = DESIGNS[design](model, rng, x, names)
    kappa = parameters["correlation"]
    u = rng.standard_normal(people)
    v = kappa * u + np.sqrt(1 - kappa**2) * rng.standard_normal(people)
    mean = parameters["outcome_intercept"] + x @ parameters["outcome_coefficient"]
    outcome = mean + parameters["outcome_sd"] * u
    index = parameters["selection_intercept"] + x @ parameters["selection_coefficient"]
    decision = index + v > 0
    frame = pd.DataFrame(x, columns=names).assign(
        seen=decision.astype(int), outcome=np.where(decision, outcome, np.nan)
    )
    data = Decisions.from_frame(
        frame,
        outcome="outcome",
        decision="seen",
        features=names,
        standardise=False,
        kind="continuous",
    )
    realised = {
        "mean": float(outcome.mean()),
        "unseen_mean": float(outcome[~decision].mean()),
    }
    return Simulation(data=data, truth=_as_draws(parameters, names), realised=realised)


def _paper(
    model: Any, rng: np.random.Generator, x: np.ndarray, names: list[str]
) -> dict[str, Any]:
    """Return parameters of the synthetic design of the paper.

    Parameters
    ----------
    model : Heckman
    rng : Generator
    x : array (people, features)
    names : list of str
    """
    features = len(names)
    sigma, covariance, intercept, selection_intercept = rng.normal(
        [2.0, 1.0, -2.0, 2.0], 0.1
    )
    beta = rng.standard_normal(features)
    free = np.arange(features) == 0
    kappa = covariance / sigma
    by_outcome = beta * kappa / sigma
    gamma = np.where(free, rng.standard_normal(features), by_outcome)
    policy = (gamma - by_outcome) / np.sqrt(1 - kappa**2)
    return {
        "outcome_coefficient": beta,
        "outcome_intercept": intercept,
        "outcome_sd": sigma,
        "correlation": kappa,
        "selection_coefficient": gamma,
        "policy_coefficient": np.where(free, policy, 0.0),
        "selection_intercept": selection_intercept,
    }


def _prior(
    model: Any, rng: np.random.Generator, x: np.ndarray, names: list[str]
) -> dict[str, Any]:
    """Return parameters drawn from the model's own prior; arguments as in `_paper`.

    Parameters
    ----------
    model : Heckman
    rng : Generator
    x : array (people, features)
    names : list of str
    """
    location, scale = model.outcome_scale or (0.0, 1.0)
    drawn = rng.normal(0, model.outcome_prior_scale, len(names))
    beta = np.where(np.isin(names, model.excluded), 0, drawn)
    sigma = abs(rng.normal(0, model.outcome_sd_prior_scale))
    kappa = rng.uniform(CORRELATION_PRIORS[model.selection].lower, 1)
    sampled = rng.standard_normal(len(names))
    expert = np.isin(names, model.expertise)
    spread = np.sqrt(1 - kappa**2)
    by_outcome = beta * kappa / sigma
    delta = model.expertise_sd * sampled
    gamma = np.where(
        expert, by_outcome + spread * delta, model.selection_prior_scale * sampled
    )
    gamma[np.isin(names, model.undecisive)] = 0.0
    parameters = {
        "outcome_coefficient": scale * beta,
        "outcome_sd": scale * sigma,
        "correlation": kappa,
        "selection_coefficient": gamma,
        "policy_coefficient": np.where(expert, delta, (gamma - by_outcome) / spread),
        "selection_intercept": rng.normal(0, model.selection_prior_scale),
    }
    if isinstance(model.mean, Known):
        mean = rng.normal(model.mean.value, model.mean.sd)
        intercept = mean - (x @ parameters["outcome_coefficient"]).mean()
        return parameters | {"population_mean": mean, "outcome_intercept": intercept}
    intercept = location + scale * rng.normal(0, model.outcome_prior_scale)
    return parameters | {"outcome_intercept": intercept}


DESIGNS = {"paper": _paper, "prior": _prior}


def _as_draws(parameters: dict[str, Any], names: list[str]) -> xr.Dataset:
    """Return the parameters as one draw of one chain."""
    variables = {}
    for name, value in parameters.items():
        dims = ("chain", "draw", *["feature"] * np.ndim(value))
        variables[name] = (dims, np.asarray(value, float)[None, None])
    return xr.Dataset(variables, coords={"feature": names})
