"""Draws of group-time average treatment effects, ATT(g, t), given the scales.

They are the building blocks of difference-in-differences with staggered adoption. Given the scales,
the effects θ of cohorts g at periods t are normal, as are coefficients of periods and covariates
given them (see `density`). Averages of effects are in `aggregations`; the estimator of Callaway &
Sant'Anna is in `baselines`.
"""

from __future__ import annotations

import numpy as np
from scipy.special import logsumexp

from causalstats.models.event_study.density import (
    Values,
    chunks_of_points,
    column_scales,
    log_likelihood_by_order,
    normal_equations,
    with_prior,
)
from causalstats.numerics.regression.stacked_cholesky import cholesky_or_nan


def draw_effects(
    scales: Values, inputs: Values, rng: np.random.Generator
) -> np.ndarray:
    """Return a draw of the effects θ (n, m), in standard units, for each point of the scales.

    Parameters
    ----------
    scales, inputs : mapping
    rng : Generator
    """
    chunks = chunks_of_points(len(scales["standard_error_sd"]), inputs)
    parts = [
        _draw_effects(
            {name: value[rows] for name, value in scales.items()}, inputs, rng
        )
        for rows in chunks
    ]
    return np.concatenate(parts)


def _draw_effects(
    scales: Values, inputs: Values, rng: np.random.Generator
) -> np.ndarray:
    system, _ = normal_equations(scales, inputs)
    deviations = column_scales(scales, inputs)
    by_order = log_likelihood_by_order(scales, inputs)
    weights = np.exp(by_order - logsumexp(by_order, axis=0))
    chosen = (rng.random(len(system)) > weights[0]).astype(int)
    chosen = np.minimum(chosen, len(by_order) - 1)
    noise = rng.standard_normal((len(system), deviations.shape[1] - 1))
    effects = np.empty((len(system), inputs["grams"].shape[-1]))
    for order, transform in enumerate(inputs["transforms"]):
        own = chosen == order
        joint = with_prior(system[own], deviations[own], transform, inputs["kind"] > 0)
        root = cholesky_or_nan(joint)
        lower, right = root[:, :-1, :-1], root[:, -1, :-1] + noise[own]
        solved = np.linalg.solve(lower.swapaxes(1, 2), right[:, :, None])[:, :, 0]
        effects[own] = (solved * deviations[own, :-1]) @ transform[:, :-1].T
    width = int(inputs["width"])
    return effects[:, width:-1]


def draw_covariate_coefficients(
    effects: np.ndarray,
    scales: Values,
    inputs: Values,
    spectrum: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    """Return a draw of the coefficients of periods and covariates δ (n, d), given the effects.

    In standard units, for each point of the scales.

    Parameters
    ----------
    effects : array, shape (n, m)
        θ in standard units.
    scales, inputs : mapping
    spectrum : array, shape (d,)
        Relative prior variances κ of the coefficients; 0 for one without a prior.
    rng : Generator
    """
    sigma = scales["standard_error_sd"]
    variance = spectrum * (sigma * scales.get("covariate_sd", 1.0)) ** 2
    precision = np.divide(
        1.0, variance, out=np.zeros_like(variance), where=variance > 0
    )
    width = len(spectrum)
    parts = []
    for rows in chunks_of_points(len(effects), inputs):
        part = {name: value[rows] for name, value in scales.items()}
        system, _ = normal_equations(part, inputs)
        of_effects = np.einsum("nde,ne->nd", system[:, :width, width:-1], effects[rows])
        right = system[:, :width, -1] - of_effects
        prior = precision[rows, :, None] * np.eye(width)
        root = np.linalg.cholesky(system[:, :width, :width] + prior)
        noise = rng.standard_normal(right.shape)
        half = np.linalg.solve(root, right[:, :, None])[:, :, 0] + noise
        parts.append(np.linalg.solve(root.swapaxes(1, 2), half[:, :, None])[:, :, 0])
    return np.concatenate(parts)


def draw_prior_effects(
    scales: Values, inputs: Values, rng: np.random.Generator
) -> np.ndarray:
    """Return a draw of the effects (m,) from their prior; standard normal where it is flat.

    Parameters
    ----------
    scales, inputs : mapping
        Scales of one point, (1, 1).
    rng : Generator
    """
    transform = inputs["transforms"][rng.integers(len(inputs["transforms"]))]
    deviations = column_scales(scales, inputs)[0]
    values = deviations * rng.standard_normal(len(deviations))
    width = int(inputs["width"])
    return np.asarray(transform @ values)[width:-1]
