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
from causalstats.models.event_study.pooling import column_scales
from causalstats.numerics.panel.serial_correlation import polynomials
from causalstats.numerics.sampling.importance_sampling import importance_sample

_MOST_PARAMETERS = 20  # of more, a Student t around the mode misses too much
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
            "group": list(groups),
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
    for rows in _chunks(count, inputs):
        part = {name: value[rows] for name, value in scales.items()}
        by_order = log_likelihood_by_order(part, inputs)
        parts.append(logsumexp(by_order, axis=0) - np.log(len(by_order)))
    return np.concatenate(parts)


def log_likelihood_by_order(scales: Values, inputs: Values) -> np.ndarray:
    """Return the log likelihood (orders, n) by order of the walk; one row without pooling."""
    system, volume = normal_equations(scales, inputs)
    values = []
    for factor in effect_factors(scales, inputs):
        joint = with_prior(system, scales, inputs, factor)
        root = np.diagonal(_cholesky(joint), axis1=1, axis2=2)
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


def effect_factors(scales: Values, inputs: Values) -> list[np.ndarray | None]:
    """Return σ Λ diag(s) (n, m, q) for each order of the walk; None where effects are flat."""
    if "loadings" not in inputs:
        return [None]
    by_kind = np.hstack(column_scales(np, scales))
    by_column = by_kind[:, inputs["kind"]] * scales["standard_error_sd"]
    return [each * by_column[:, None, :] for each in inputs["loadings"]]


def with_prior(
    system: np.ndarray, scales: Values, inputs: Values, factor: np.ndarray | None
) -> np.ndarray:
    """Return [[B, b], [b', c]], (n, k, k).

    The logarithm of the prior's determinant is kept by scaling coefficients by their prior.

    Parameters
    ----------
    system : array, shape (n, k, k)
    scales, inputs : mapping
    factor : array, shape (n, m, q), or None
    """
    spectrum = inputs["spectrum"]
    width = len(spectrum)
    penalised = spectrum > 0
    scaling = np.ones((len(system), width))
    if penalised.any():
        sd = scales["covariate_sd"] * scales["standard_error_sd"]
        scaling[:, penalised] = sd * np.sqrt(spectrum[penalised])
    effects = np.eye(system.shape[1] - width - 1)[None] if factor is None else factor
    outer = system[:, :width, :width] * scaling[:, :, None] * scaling[:, None, :]
    outer = outer + np.diag(penalised.astype(float))
    side = scaling[:, :, None] * (system[:, :width, width:-1] @ effects)
    inner = effects.swapaxes(1, 2) @ system[:, width:-1, width:-1] @ effects
    if factor is not None:
        inner = inner + np.eye(inner.shape[1])
    right = np.concatenate(
        [
            scaling * system[:, :width, -1],
            (effects.swapaxes(1, 2) @ system[:, width:-1, -1:])[:, :, 0],
        ],
        axis=1,
    )
    top = np.concatenate([outer, side], axis=2)
    bottom = np.concatenate([side.swapaxes(1, 2), inner], axis=2)
    precision = np.concatenate([top, bottom], axis=1)
    corner = system[:, -1:, -1:]
    with_side = np.concatenate([precision, right[:, :, None]], axis=2)
    last = np.concatenate([right[:, None, :], corner], axis=2)
    return np.concatenate([with_side, last], axis=1)


def draw_effects(
    scales: Values, inputs: Values, rng: np.random.Generator
) -> np.ndarray:
    """Return a draw of the effects θ (n, m), in standard units, for each point of the scales.

    Parameters
    ----------
    scales, inputs : mapping
    rng : Generator
    """
    parts = []
    width = len(inputs["spectrum"])
    for rows in _chunks(len(scales["standard_error_sd"]), inputs):
        part = {name: value[rows] for name, value in scales.items()}
        system, _ = normal_equations(part, inputs)
        factors = effect_factors(part, inputs)
        factor = factors[0]
        if "loadings" in inputs:
            by_order = log_likelihood_by_order(part, inputs)
            odds = np.exp(by_order[1] - logsumexp(by_order, axis=0))
            second = rng.random(len(odds)) < odds
            choices = np.stack([each for each in factors if each is not None])
            factor = choices[second.astype(int), np.arange(len(odds))]
        root = _cholesky(with_prior(system, part, inputs, factor))
        noise = rng.standard_normal((len(root), root.shape[1] - 1))
        lower, mean = root[:, :-1, :-1], root[:, -1, :-1]
        solved = np.linalg.solve(lower.swapaxes(1, 2), (mean + noise)[:, :, None])
        effects = solved[:, width:]
        parts.append((effects if factor is None else factor @ effects)[:, :, 0])
    return np.concatenate(parts)


def _chunks(count: int, inputs: Values) -> list[slice]:
    size = inputs["grams"].shape[-1] + (
        inputs["loadings"].shape[-1] if "loadings" in inputs else 0
    )
    step = max(1, int(_NUMBERS_AT_ONCE / size**2))
    return [slice(start, start + step) for start in range(0, count, step)]


def _cholesky(matrices: np.ndarray) -> np.ndarray:
    """Return Cholesky factors, NaN of matrices that are not positive definite."""
    try:
        return np.linalg.cholesky(matrices)
    except np.linalg.LinAlgError:
        factors = np.full(matrices.shape, np.nan)
        for k, matrix in enumerate(matrices):
            if np.isfinite(matrix).all() and np.linalg.eigvalsh(matrix)[0] > 0:
                factors[k] = np.linalg.cholesky(matrix)
        return factors


def scales_of(draws: xr.Dataset, parameters: Sequence[Parameter]) -> dict[str, Any]:
    """Return the draws of the parameters as arrays (n, 1), or (n, groups)."""
    count = draws.sizes["chain"] * draws.sizes["draw"]
    return {
        parameter.name: draws[parameter.name].to_numpy().reshape(count, -1)
        for parameter in parameters
    }
