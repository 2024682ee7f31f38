"""Data of a Heckman model with a known truth: the paper's design, or a draw from the prior."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import xarray as xr

from causalstats.core.knowledge import Known, KnownByGroup
from causalstats.core.simulation import Simulation
from causalstats.data import Decisions
from causalstats.models.heckman.correlation_priors import correlation_prior_of
from causalstats.models.heckman.shape_priors import draw_shape, errors_of

if TYPE_CHECKING:
    from causalstats.models.heckman.model import Heckman


def simulate(
    model: Heckman, seed: int, people: int, features: int, design: str
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
    frame = pd.DataFrame(x, columns=names)
    inputs = list(names)
    if isinstance(model.mean, KnownByGroup):
        levels = list(model.mean.values)
        group = pd.Categorical(rng.choice(levels, people), levels)
        frame[model.mean.feature] = group
        inputs.append(model.mean.feature)
        indicators = group.codes[:, None] == np.arange(1, len(levels))
        x = np.column_stack([x, indicators])
        names += [f"{model.mean.feature}[{level}]" for level in levels[1:]]
    parameters = DESIGNS[design](model, rng, x, names)
    kappa = parameters["correlation"]
    index = parameters["selection_intercept"] + x @ parameters["selection_coefficient"]
    if errors_of(model).is_normal:
        u = rng.standard_normal(people)
        v = kappa * u + np.sqrt(1 - kappa**2) * rng.standard_normal(people)
        decision = index + v > 0
    else:
        shape = {
            name: np.array([[value]]) for name, value in draw_shape(model, rng).items()
        }
        parameters |= {name: float(value[0, 0]) for name, value in shape.items()}
        u, decision = (
            values[0]
            for values in errors_of(model).draw(
                rng, index[None], np.array([[kappa]]), shape
            )
        )
    mean = parameters["outcome_intercept"] + x @ parameters["outcome_coefficient"]
    outcome = mean + parameters["outcome_sd"] * u
    frame = frame.assign(
        seen=decision.astype(int), outcome=np.where(decision, outcome, np.nan)
    )
    data = Decisions.from_frame(
        frame,
        outcome="outcome",
        decision="seen",
        features=inputs,
        standardise=False,
        kind="continuous",
    )
    realised = {
        "mean": float(outcome.mean()),
        "unseen_mean": float(outcome[~decision].mean()),
    }
    return Simulation(data=data, truth=_as_draws(parameters, names), realised=realised)


def _paper(
    model: Heckman, rng: np.random.Generator, x: np.ndarray, names: list[str]
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
    model: Heckman, rng: np.random.Generator, x: np.ndarray, names: list[str]
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
    solved: dict[str, Any] = {}
    if isinstance(model.mean, KnownByGroup):
        solved = _solved_by_group(model.mean, rng, x, scale * beta)
        beta = solved["outcome_coefficient"] / scale
    sigma = abs(rng.normal(0, model.outcome_sd_prior_scale))
    kappa = correlation_prior_of(model).draw(rng)
    sampled = rng.standard_normal(len(names))
    expert = np.isin(names, model.expertise)
    spread = np.sqrt(1 - kappa**2)
    by_outcome = beta * kappa / sigma
    delta = model.expertise_sd * sampled
    gamma = np.where(
        expert, by_outcome + spread * delta, model.selection_prior_scale * sampled
    )
    gamma[np.isin(names, model.excluded_from_decision)] = 0.0
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
    if solved:
        return parameters | solved
    intercept = location + scale * rng.normal(0, model.outcome_prior_scale)
    return parameters | {"outcome_intercept": intercept}


def _solved_by_group(
    mean: KnownByGroup, rng: np.random.Generator, x: np.ndarray, beta: np.ndarray
) -> dict[str, Any]:
    """Return drawn means of groups, and the intercept and coefficients that give them.

    Parameters
    ----------
    mean : KnownByGroup
    rng : Generator
    x : array (people, D)
        The last columns are indicators of the groups but the first.
    beta : array (D,)
        Coefficients, whose last entries are replaced.
    """
    known = list(mean.values.values())
    means = np.array([rng.normal(each.value, each.sd) for each in known])
    levels = len(known) - 1
    indicators = x[:, x.shape[1] - levels :]
    codes = indicators @ np.arange(1, levels + 1)
    beta = beta.copy()
    beta[len(beta) - levels :] = 0.0
    index = x @ beta
    averages = [index[codes == group].mean() for group in range(len(known))]
    intercepts = means - averages
    beta[len(beta) - levels :] = intercepts[1:] - intercepts[0]
    solved = {"outcome_coefficient": beta, "outcome_intercept": intercepts[0]}
    uncertain = [
        value for value, each in zip(means, known, strict=True) if not each.exact
    ]
    return solved | ({"population_mean": np.array(uncertain)} if uncertain else {})


DESIGNS = {"paper": _paper, "prior": _prior}


def _as_draws(parameters: dict[str, Any], names: list[str]) -> xr.Dataset:
    """Return the parameters as one draw of one chain."""
    variables = {}
    for name, value in parameters.items():
        dim = "mean_group" if name == "population_mean" else "feature"
        dims = ("chain", "draw", *[dim] * np.ndim(value))
        variables[name] = (dims, np.asarray(value, float)[None, None])
    return xr.Dataset(variables, coords={"feature": names})
