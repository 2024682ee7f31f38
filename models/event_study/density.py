"""The posterior of the scales, with every effect integrated out: NumPy, for many points at once.

Given the scales, coefficients of periods and covariates δ (flat, or Normal(0, τ² σ² κ)), and
effects θ = σ Λ diag(s) η, are normal. With B the precision of (δ, η), b the right-hand side and
c = Y'MY, all over the errors' variances, the likelihood is

    -½ (Σ_g log |R| (1'R⁻¹1) + log |B| - log |prior of δ| + c - b'B⁻¹b) - Σ_g rows_g log σ_g

One Cholesky factor of [[B, b], [b', c]] has all of it; with pooling it is averaged over the two
orders of the walk.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr
from scipy.special import logsumexp

from causalstats.models.event_study.parameters import (
    Parameter,
    group_log_sds,
    split,
)
from causalstats.models.event_study.pooling import scales_of_kinds
from causalstats.numerics.panel.ar1_errors import polynomials
from causalstats.numerics.regression.stacked_cholesky import cholesky_or_nan
from causalstats.numerics.sampling.importance_sampling import importance_sample

_MOST_PARAMETERS = 20  # of more, a Student t around the mode misses too much
# Scales that may be 0 have long left tails, which a wide proposal with heavy tails covers.
_DEGREES_OF_FREEDOM = 5.0
_COVARIANCE_FACTOR = 1.4
_NUMBERS_AT_ONCE = 4_000_000  # of matrices over points

Drawn = tuple[xr.Dataset, np.ndarray, float, float]
Values = Mapping[str, np.ndarray]


def importance_draws(
    parameters: Sequence[Parameter], inputs: Values, groups: Sequence[str]
) -> Callable[[int, int, np.random.Generator], Drawn] | None:
    """Return a function of chains, draws and a generator; None of many parameters.

    Parameters
    ----------
    parameters : sequence of Parameter
    inputs : mapping
        The inputs of the graph.
    groups : sequence of str
        Names of the cohorts, and of the units that never adopt.
    """
    size = sum(parameter.count for parameter in parameters)
    if size > _MOST_PARAMETERS:
        return None

    def draw(chains: int, draws: int, rng: np.random.Generator) -> Drawn:
        sample = importance_sample(
            lambda points: log_density(points, parameters, inputs),
            np.zeros(size),
            chains * draws,
            rng,
            degrees_of_freedom=_DEGREES_OF_FREEDOM,
            covariance_factor=_COVARIANCE_FACTOR,
        )
        order = rng.permutation(chains * draws)
        variables = {
            parameter.name: (
                ("chain", "draw", *parameter.dims),
                parameter.prior.constrain(free).reshape(
                    chains, draws, *([parameter.count] if parameter.dims else [])
                ),
            )
            for parameter, free in split(sample.points[order], parameters)
        }
        coords = {
            "chain": np.arange(chains),
            "draw": np.arange(draws),
            "adoption_group": list(groups),
        }
        logp = sample.logp[order].reshape(chains, draws)
        return xr.Dataset(variables, coords), logp, sample.pareto_k, sample.ess

    return draw


def log_density(
    points: np.ndarray, parameters: Sequence[Parameter], inputs: Values
) -> np.ndarray:
    """Return log posterior densities (n,) of unconstrained points (n, d), but for a constant.

    Parameters
    ----------
    points : array, shape (n, d)
    parameters : sequence of Parameter
    inputs : mapping
        The inputs of the graph.
    """
    with np.errstate(all="ignore"):
        prior = np.zeros(len(points))
        scales: dict[str, np.ndarray] = {}
        for parameter, free in split(points, parameters):
            prior = prior + parameter.prior.log_density(free)
            scales[parameter.name] = parameter.prior.constrain(free)
        total = prior + log_likelihood(scales, inputs)
    return np.where(np.isfinite(total), total, -np.inf)


def log_likelihood(scales: Values, inputs: Values) -> np.ndarray:
    """Return the log likelihood (n,) of scales (n, 1), or (n, groups), by name."""
    count = len(scales["standard_error_sd"])
    parts = []
    for rows in chunks_of_points(count, inputs):
        part = {name: value[rows] for name, value in scales.items()}
        by_order = log_likelihood_by_order(part, inputs)
        parts.append(logsumexp(by_order, axis=0) - np.log(len(by_order)))
    return np.concatenate(parts)


def log_likelihood_by_order(scales: Values, inputs: Values) -> np.ndarray:
    """Return the log likelihood (orders, n) by order of the walk; one row without pooling."""
    system, volume = normal_equations(scales, inputs)
    deviations = column_scales(scales, inputs)
    values = []
    for transform in inputs["transforms"]:
        joint = with_prior(system, deviations, transform, inputs["kind"] > 0)
        root = np.diagonal(cholesky_or_nan(joint), axis1=1, axis2=2)
        determinant = np.log(root[:, :-1]).sum(axis=1)
        values.append(volume - determinant - root[:, -1] ** 2 / 2)
    return np.stack(values)


def normal_equations(scales: Values, inputs: Values) -> tuple[np.ndarray, np.ndarray]:
    """Return the cross-products over the errors' variances (n, k, k), and log volumes (n,).

    Parameters
    ----------
    scales, inputs : mapping
    """
    log_sds = group_log_sds(np, scales)
    grams, volumes = inputs["grams"], inputs["volumes"]
    nodes, groups, size, _ = grams.shape
    weights = np.ones((len(log_sds), 1))
    if nodes > 1:
        rho = scales["serial_correlation"][:, 0]
        weights = polynomials(np, rho, float(inputs["lowest"]))
    by_group = weights[:, :, None] * np.exp(-2 * log_sds)[:, None, :]
    flat = by_group.reshape(len(by_group), -1) @ grams.reshape(nodes * groups, -1)
    volume = -(weights @ volumes.sum(axis=1)) / 2 - log_sds @ inputs["rows"]
    return flat.reshape(-1, size, size), volume


def column_scales(scales: Values, inputs: Values) -> np.ndarray:
    """Return the prior standard deviation of each column, (n, k); 1 without a prior."""
    return np.hstack(scales_of_kinds(np, scales))[:, inputs["kind"]]


def with_prior(
    system: np.ndarray,
    deviations: np.ndarray,
    transform: np.ndarray,
    penalised: np.ndarray,
) -> np.ndarray:
    """Return [[B, b], [b', c]] of columns in units of their priors, (n, k', k').

    Parameters
    ----------
    system : array, shape (n, k, k)
    deviations : array, shape (n, k')
        The columns' prior standard deviations.
    transform : array, shape (k, k')
    penalised : bool array, shape (k',)
        Which columns have a prior.
    """
    count, size, _ = system.shape
    width = transform.shape[1]
    half = (system.reshape(-1, size) @ transform).reshape(count, size, width)
    flat = half.swapaxes(1, 2).reshape(-1, size) @ transform
    joint = flat.reshape(count, width, width)
    joint = joint * deviations[:, :, None] * deviations[:, None, :]
    return joint + np.diag(penalised.astype(float))


def chunks_of_points(count: int, inputs: Values) -> list[slice]:
    """Return slices of so many points that their matrices fit in memory together."""
    size = inputs["transforms"].shape[-1]
    step = max(1, int(_NUMBERS_AT_ONCE / size**2))
    return [slice(start, start + step) for start in range(0, count, step)]


def scales_of(draws: xr.Dataset, parameters: Sequence[Parameter]) -> dict[str, Any]:
    """Return the draws of the parameters as arrays (n, 1), or (n, groups)."""
    count = draws.sizes["chain"] * draws.sizes["draw"]
    return {
        parameter.name: draws[parameter.name].to_numpy().reshape(count, -1)
        for parameter in parameters
    }
