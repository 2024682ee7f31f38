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
from causalstats.models.heckman.shape_priors import add_shape, errors_of, shape_inputs
from causalstats.numerics.selection.array_library import pytensor_functions
from causalstats.numerics.selection.joint_errors import JointErrors

if TYPE_CHECKING:
    import pymc as pm

    from causalstats.models.heckman.model import Heckman


def inputs(model: Heckman, data: Decisions) -> dict[str, np.ndarray]:
    """Return every number that the graph takes, by name, in units of the outcome's scale.

    Raises
    ------
    ModelError
        If the outcome is 0/1, all outcomes that were seen are equal, or nobody's is missing.
    """
    if data.binary:
        raise ModelError(
            "`Heckman` is for an outcome that is a number; for 0/1 use `SelectiveLabels`, or read "
            "it with `kind='continuous'`."
        )
    if data.decision.all():
        raise ModelError(
            f"The outcome of everybody was seen ({data.arguments['decision']!r} is 1 in every "
            "row): nobody was selected, and least squares, e.g. `statsmodels.api.OLS`, answers the "
            "question."
        )
    location, scale = outcome_units(model, data)
    values: dict[str, Any] = {
        "features_seen": data.matrix[data.decision],
        "features_unseen": data.matrix[~data.decision],
        "outcome": (data.outcome[data.decision] - location) / scale,
        "decisions_unseen": np.zeros(int((~data.decision).sum())),
        "policy_sd": policy_sd(model, data),
        "affects_decision": ~data.feature_mask(model.excluded_from_decision),
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
    values |= correlation_prior_of(model).inputs() | shape_inputs(model)
    return {name: np.asarray(value, float) for name, value in values.items()}


def build(model: Heckman, data: Decisions) -> pm.Model:
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
        gamma = given["affects_decision"] * pt.switch(sd < 0, sampled, expert)
        selection_middle = pm.Normal(
            "selection_middle", middle @ gamma, selection_prior_scale
        )
        index = pm.Deterministic(
            "selection_intercept", selection_middle - middle @ gamma
        )
        shape = add_shape(model, given)
        _add_likelihood(
            errors_of(model), given, intercept, beta, sigma, kappa, index, gamma, shape
        )
        pm.Deterministic("outcome_coefficient", scale * beta, dims="feature")
        pm.Deterministic("outcome_intercept", location + scale * intercept)
        pm.Deterministic("outcome_sd", scale * sigma)
        pm.Deterministic("selection_coefficient", gamma, dims="feature")
        if not errors_of(model).is_normal:
            return graph
        # Where expertise is known, Δ itself, and not a difference that is 0 up to rounding.
        policy = pt.switch(
            sd < 0, (gamma - beta * kappa / sigma) / spread, sd * sampled
        )
        pm.Deterministic("policy_coefficient", policy, dims="feature")
    return graph


def _outcome_intercept(model: Heckman, given: dict[str, Any], beta: Any) -> Any:
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
    model: Heckman, data: Decisions, given: dict[str, Any], beta: Any
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
    joint: JointErrors,
    given: dict[str, Any],
    intercept: Any,
    beta: Any,
    sigma: Any,
    kappa: Any,
    index: Any,
    gamma: Any,
    shape: dict[str, Any],
) -> None:
    """Add the outcomes that were seen, and the decisions of the others, as observed variables.

    See `joint_errors`. Each is one variable with a log density for all its people;
    `Heckman.observed_units` has that of each person.

    Parameters
    ----------
    joint : JointErrors
    given : dict
        The data of the graph.
    intercept, beta, sigma : variables
        Parameters of the outcome, in units of its scale.
    kappa : variable
        The correlation.
    index, gamma : variables
        Intercept and coefficients of the selection equation.
    shape : dict of variables
        Parameters of the shape of the errors.
    """
    from causalstats.numerics.custom_distribution import CustomDistribution

    names = tuple(shape)
    scalars = ",()" * len(names)
    seen_features = given["features_seen"]
    CustomDistribution(
        "seen",
        intercept + seen_features @ beta,
        sigma,
        index + seen_features @ gamma,
        kappa,
        *shape.values(),
        log_density=_seen_log_density,
        draw=_draw_seen,
        constants=(joint, names),
        signature=f"(n),(),(n),(){scalars}->(n)",
        observed=given["outcome"],
    )
    CustomDistribution(
        "unseen",
        index + given["features_unseen"] @ gamma,
        *shape.values(),
        log_density=_unseen_log_density,
        draw=_draw_decisions,
        constants=(joint, names),
        signature=f"(n){scalars}->(n)",
        observed=given["decisions_unseen"],
    )


def _seen_log_density(
    joint: JointErrors,
    names: tuple[str, ...],
    outcome: Any,
    mean: Any,
    sigma: Any,
    index: Any,
    kappa: Any,
    *shape: Any,
) -> Any:
    """Return Σ log p(T=1, Y) of the people whose outcome was seen.

    Parameters
    ----------
    joint : JointErrors
    names : tuple of str
        Parameters of the shape.
    outcome, mean : vectors (n,)
        In units of the outcome's scale.
    sigma : scalar
    index : vector (n,)
        x'γ.
    kappa : scalar
        The correlation.
    *shape : scalars
        Values of the parameters of the shape.
    """
    import pytensor.tensor as pt

    xp = pytensor_functions()
    given = dict(zip(names, shape, strict=True))
    error = (outcome - mean) / sigma
    density = joint.shape.log_density(xp, error, given).sum()
    density = density - outcome.shape[0] * pt.log(sigma)
    selected = joint.copula.log_selected(xp, joint.shape, error, index, kappa, given)
    return density + selected.sum()


def _unseen_log_density(
    joint: JointErrors, names: tuple[str, ...], decision: Any, index: Any, *shape: Any
) -> Any:
    """Return Σ log P(T=0) of the people whose outcome was not seen; other decisions have none.

    Parameters
    ----------
    joint : JointErrors
    names : tuple of str
        Parameters of the shape.
    decision, index : vectors (n,)
    *shape : scalars
        Values of the parameters of the shape.
    """
    import pytensor.tensor as pt

    given = dict(zip(names, shape, strict=True))
    density = joint.log_unseen(pytensor_functions(), index, given).sum()
    return pt.switch(pt.all(pt.eq(decision, 0)), density, -np.inf)


def _draw_seen(
    joint: JointErrors,
    names: tuple[str, ...],
    mean: np.ndarray,
    sigma: np.ndarray,
    index: np.ndarray,
    kappa: np.ndarray,
    *shape: np.ndarray,
    rng: np.random.Generator,
    size: Any = None,
) -> np.ndarray:
    """Return outcomes in units of the outcome's scale, NaN where the decision is 0.

    Parameters
    ----------
    joint : JointErrors
    names : tuple of str
        Parameters of the shape.
    mean, index : arrays (..., n)
    sigma, kappa, *shape : arrays (...)
    rng : Generator
    size : tuple of int, optional
        The shape before people.
    """
    people = np.shape(mean) if size is None else (*size, np.shape(mean)[-1])
    given = _of_draws(names, shape)
    index = np.broadcast_to(index, people)
    error, selected = joint.draw(rng, index, np.asarray(kappa)[..., None], given)
    outcome = mean + np.asarray(sigma)[..., None] * error
    return np.where(selected, outcome, np.nan)


def _draw_decisions(
    joint: JointErrors,
    names: tuple[str, ...],
    index: np.ndarray,
    *shape: np.ndarray,
    rng: np.random.Generator,
    size: Any = None,
) -> np.ndarray:
    """Return decisions 0 or 1.

    Parameters
    ----------
    joint : JointErrors
    names : tuple of str
        Parameters of the shape.
    index : array (..., n)
    *shape : arrays (...)
    rng : Generator
    size : tuple of int, optional
        The shape before people.
    """
    people = np.shape(index) if size is None else (*size, np.shape(index)[-1])
    given = _of_draws(names, shape)
    probability = joint.selection_probability(np.broadcast_to(index, people), given)
    return (rng.random(people) < probability).astype(float)


def _of_draws(
    names: tuple[str, ...], shape: tuple[np.ndarray, ...]
) -> dict[str, np.ndarray]:
    """Return the parameters of the shape by name, with an axis for people."""
    return {
        name: np.asarray(value)[..., None]
        for name, value in zip(names, shape, strict=True)
    }
