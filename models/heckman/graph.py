"""Heckman's selection model as a PyMC graph, and the numbers that it takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from causalstats.core.knowledge import Known, KnownByGroup
from causalstats.data import Decisions
from causalstats.errors import ModelError
from causalstats.models.heckman.correlation_priors import correlation_prior_of
from causalstats.models.heckman.means import (
    group_means,
    solved_columns,
    uncertain_levels,
)
from causalstats.models.heckman.priors import outcome_units, policy_sd, sampled_columns

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
        values["average_features"] = group_means(model, data)[0].average
        values["known_mean"] = (model.mean.value - location) / scale
        if not model.mean.exact:
            values["known_mean_sd"] = model.mean.sd / scale
    if isinstance(model.mean, KnownByGroup):
        means = group_means(model, data)
        values["average_features"] = [mean.average for mean in means]
        values["known_mean"] = [(mean.known.value - location) / scale for mean in means]
        values["known_mean_sd"] = [
            mean.known.sd / scale for mean in means if not mean.known.exact
        ]
    values |= correlation_prior_of(model).inputs()
    return {name: np.asarray(value, float) for name, value in values.items()}


def build(model: Any, data: Decisions) -> pm.Model:
    """Return the PyMC graph on these data.

    The expertise constraint enters the selection equation: γ = βκ/σ + √(1-κ²) Δ.
    """
    import pymc as pm
    import pytensor.tensor as pt

    columns = sampled_columns(model, data)
    coords: dict[str, Any] = {"feature": list(data.features)}
    if isinstance(model.mean, KnownByGroup):
        coords["mean_group"] = uncertain_levels(model, data)
    with pm.Model(coords=coords) as graph:
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
        if isinstance(model.mean, KnownByGroup):
            intercept, beta = _solved_by_group(model, data, given, beta)
        else:
            intercept = _outcome_intercept(model, given, beta)
        kappa = correlation_prior_of(model).add(given)
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


def _solved_by_group(
    model: Any, data: Decisions, given: dict[str, Any], beta: Any
) -> tuple[Any, Any]:
    """Return β_0 and β with the coefficients of levels solved from the means of their groups.

    Parameters
    ----------
    model : Heckman
    data : Decisions
    given : dict
        The data of the graph.
    beta : vector (D,)
        0 for the levels.
    """
    import pymc as pm

    means = [given["known_mean"][k] for k in range(len(group_means(model, data)))]
    uncertain = [
        position
        for position, mean in enumerate(group_means(model, data))
        if not mean.known.exact
    ]
    if uncertain:
        known = given["known_mean"][np.array(uncertain)]
        drawn = pm.Normal(
            "standard_mean", known, given["known_mean_sd"], dims="mean_group"
        )
        location = given["outcome_units"][0]
        scale = given["outcome_units"][1]
        pm.Deterministic("population_mean", location + scale * drawn, dims="mean_group")
        for order, position in enumerate(uncertain):
            means[position] = drawn[order]
    by_features = given["average_features"] @ beta
    intercept = means[0] - by_features[0]
    for position, column in enumerate(solved_columns(model, data), 1):
        beta = beta[column].set(means[position] - by_features[position] - intercept)
    return intercept, beta


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
