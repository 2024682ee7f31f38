"""Heckman's selection model as a PyMC graph, and the numbers that it takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from causalstats.core.knowledge import Known
from causalstats.data import Decisions
from causalstats.errors import ModelError
from causalstats.models.heckman.correlation_priors import CORRELATION_PRIORS
from causalstats.models.heckman.priors import included, outcome_units, policy_sd

if TYPE_CHECKING:
    import pymc as pm


def inputs(model: Any, data: Decisions) -> dict[str, np.ndarray]:
    """Return every number that the graph takes, by name, in units of the outcome's scale.

    Raises
    ------
    ModelError
        If the outcome is 0/1, or all outcomes that were seen are equal.
    """
    if data.binary:
        raise ModelError(
            "`Heckman` is for an outcome that is a number; for 0/1 use `SelectiveLabels`, or read "
            "it with `kind='continuous'`."
        )
    location, scale = outcome_units(model, data)
    people = data.population
    values: dict[str, Any] = {
        "features_seen": data.matrix[data.decision],
        "features_unseen": data.matrix[~data.decision],
        "outcome": (data.outcome[data.decision] - location) / scale,
        "policy_sd": policy_sd(model, data),
        "decisive": ~data.feature_mask(model.undecisive),
        "outcome_units": [location, scale],
        "middle": data.matrix.mean(axis=0),
        "prior_scales": [
            model.outcome_prior_scale,
            model.outcome_sd_prior_scale,
            model.selection_prior_scale,
        ],
    }
    if isinstance(model.mean, Known):
        values["average_features"] = (
            people.weights @ people.matrix / people.weights.sum()
        )
        values["known_mean"] = (model.mean.value - location) / scale
        if not model.mean.exact:
            values["known_mean_sd"] = model.mean.sd / scale
    return {name: np.asarray(value, float) for name, value in values.items()}


def build(model: Any, data: Decisions) -> pm.Model:
    """Return the PyMC graph on these data.

    The expertise constraint enters the selection equation: γ = βκ/σ + √(1-κ²) Δ.
    """
    import pymc as pm
    import pytensor.tensor as pt

    columns = included(model, data)
    with pm.Model(coords={"feature": list(data.features)}) as graph:
        given = {
            name: pm.Data(name, value) for name, value in inputs(model, data).items()
        }
        location = given["outcome_units"][0]
        scale = given["outcome_units"][1]
        middle = given["middle"]
        outcome_prior_scale, sd_prior_scale, selection_prior_scale = (
            given["prior_scales"][k] for k in range(3)
        )
        coefficients = pm.Normal(
            "standard_coefficient", 0, outcome_prior_scale, shape=len(columns)
        )
        beta = pt.zeros(len(data.features))[columns].set(coefficients)
        sigma = pm.HalfNormal("standard_sd", sd_prior_scale)
        intercept = _outcome_intercept(model, given, beta)
        kappa = pm.Uniform("correlation", CORRELATION_PRIORS[model.selection].lower, 1)
        spread = pt.sqrt(1 - kappa**2)
        sd = given["policy_sd"]
        sampled = pm.Normal(
            "sampled_selection",
            0,
            pt.switch(sd < 0, selection_prior_scale, 1.0),
            dims="feature",
        )
        expert = beta * kappa / sigma + spread * sd * sampled
        gamma = given["decisive"] * pt.switch(sd < 0, sampled, expert)
        selection_middle = pm.Normal(
            "selection_middle", middle @ gamma, selection_prior_scale
        )
        index = pm.Deterministic(
            "selection_intercept", selection_middle - middle @ gamma
        )
        _add_likelihood(given, intercept, beta, sigma, kappa, spread, index, gamma)
        pm.Deterministic("outcome_coefficient", scale * beta, dims="feature")
        pm.Deterministic("outcome_intercept", location + scale * intercept)
        pm.Deterministic("outcome_sd", scale * sigma)
        pm.Deterministic("selection_coefficient", gamma, dims="feature")
        # Where expertise is known, Δ itself, and not a difference that is 0 up to rounding.
        policy = pt.switch(
            sd < 0, (gamma - beta * kappa / sigma) / spread, sd * sampled
        )
        pm.Deterministic("policy_coefficient", policy, dims="feature")
    return graph


def _outcome_intercept(model: Any, given: dict[str, Any], beta: Any) -> Any:
    """Return β_0: sampled, or solved from the known mean of the population."""
    import pymc as pm

    if not isinstance(model.mean, Known):
        # Intercepts are sampled at the mean of the features, where they owe nothing to the
        # slopes; their priors stay at x = 0.
        at_mean = given["middle"] @ beta
        return pm.Normal("standard_middle", at_mean, given["prior_scales"][0]) - at_mean
    mean = given["known_mean"]
    if not model.mean.exact:
        mean = pm.Normal("standard_mean", mean, given["known_mean_sd"])
        location = given["outcome_units"][0]
        scale = given["outcome_units"][1]
        pm.Deterministic("population_mean", location + scale * mean)
    return mean - given["average_features"] @ beta


def _add_likelihood(
    given: dict[str, Any],
    intercept: Any,
    beta: Any,
    sigma: Any,
    kappa: Any,
    spread: Any,
    index: Any,
    gamma: Any,
) -> None:
    """Add the log-likelihood to the graph; see `heckman_likelihood.log_likelihood`.

    Parameters
    ----------
    given : dict
        The data of the graph.
    intercept, beta, sigma : variables
        Parameters of the outcome, in units of its scale.
    kappa, spread : variables
        The correlation and √(1-κ²).
    index, gamma : variables
        Intercept and coefficients of the selection equation.
    """
    import pymc as pm
    import pytensor.tensor as pt
    from pymc.distributions.dist_math import normal_lcdf

    outcome, seen, unseen = (
        given[k] for k in ("outcome", "features_seen", "features_unseen")
    )
    error = (outcome - intercept - seen @ beta) / sigma
    density = -(error**2 + np.log(2 * np.pi)).sum() / 2 - outcome.shape[0] * pt.log(
        sigma
    )
    pm.Potential("outcomes", density)
    chosen = normal_lcdf(0, 1, (index + seen @ gamma + kappa * error) / spread)
    pm.Potential("seen", chosen.sum())
    pm.Potential("unseen", normal_lcdf(0, 1, -index - unseen @ gamma).sum())
