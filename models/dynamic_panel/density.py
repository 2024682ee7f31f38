"""The posterior of the standard deviations, with every coefficient integrated out, by NumPy.

Coefficients are normal given the standard deviations of errors and unit effects; their moments and
the likelihood come from one weighted sum of cross-products (`numerics.panel.dynamic_regression`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from causalstats.models.dynamic_panel.design import Design, design_of
from causalstats.models.shared.distributions import HalfNormal
from causalstats.numerics.panel.dynamic_regression import (
    coefficients_given,
    log_marginal,
    weighted_gram,
)
from causalstats.numerics.sampling.importance_sampling import (
    ImportanceSample,
    importance_sample,
)

if TYPE_CHECKING:
    from causalstats.data import Panel
    from causalstats.models.dynamic_panel.model import DynamicPanel

_MOST_PARAMETERS = 20  # of more, a Student t around the mode misses too much
_NUMBERS_AT_ONCE = 4_000_000  # of matrices over points
# A standard deviation that may be 0 has a long left tail, which a wide proposal covers.
_DEGREES_OF_FREEDOM = 5.0
_COVARIANCE_FACTOR = 1.4
_FIRST_GUESS = (-0.5, 0.5)  # the logarithm of √(σ_t² (1 + r²)), and r
# r is moved as s log(1 + exp(x / s)): itself, where it is well above s, and a short tail where it
# may be 0.
_RATIO_BEND = 0.08

Drawn = tuple[xr.Dataset, np.ndarray, float, float]


@dataclass(frozen=True, eq=False)
class Scales:
    """Standard deviations in standard units, for n points.

    Parameters
    ----------
    error : array, shape (n, P)
        σ_t of each period.
    unit : array, shape (n,)
        σ_u.
    """

    error: np.ndarray
    unit: np.ndarray


def priors_of(model: DynamicPanel) -> tuple[HalfNormal, HalfNormal]:
    """Return the priors of σ_t and of σ_u, in standard units."""
    return HalfNormal(model.error_scale), HalfNormal(model.unit_scale, "softplus")


def error_count(model: DynamicPanel, design: Design) -> int:
    """Return how many standard deviations of errors there are: one, or one a period."""
    return len(design.periods) if model.variances == "by_period" else 1


def importance_draws(
    model: DynamicPanel, data: Panel
) -> Callable[[int, int, np.random.Generator], Drawn] | None:
    """Return a function of chains, draws and a generator; None where periods are many."""
    design = design_of(model, data)
    count = error_count(model, design)
    if count + 1 > _MOST_PARAMETERS:
        return None

    def draw(chains: int, draws: int, rng: np.random.Generator) -> Drawn:
        sample = sample_scales(model, design, chains * draws, rng)
        order = rng.permutation(chains * draws)
        error, unit = constrained(model, sample.points[order])
        shape = (chains, draws)
        variables = {
            "standard_error_sd": (
                ("chain", "draw", "error_sd_period"),
                error.reshape(*shape, count),
            ),
            "standard_unit_sd": (("chain", "draw"), unit.reshape(shape)),
        }
        coords = {
            "chain": np.arange(chains),
            "draw": np.arange(draws),
            "error_sd_period": period_labels(model, design),
        }
        logp = sample.logp[order].reshape(shape)
        return xr.Dataset(variables, coords), logp, sample.pareto_k, sample.ess

    return draw


def sample_scales(
    model: DynamicPanel, design: Design, size: int, rng: np.random.Generator
) -> ImportanceSample:
    """Return unconstrained points of the posterior of the standard deviations.

    Parameters
    ----------
    model : DynamicPanel
    design : Design
    size : int
    rng : Generator
    """
    return importance_sample(
        lambda points: log_density(points, model, design),
        np.append(
            np.full(error_count(model, design), _FIRST_GUESS[0]), _FIRST_GUESS[1]
        ),
        size,
        rng,
        degrees_of_freedom=_DEGREES_OF_FREEDOM,
        covariance_factor=_COVARIANCE_FACTOR,
    )


def period_labels(model: DynamicPanel, design: Design) -> list[str]:
    """Return the labels of the standard deviations of errors."""
    if model.variances == "constant":
        return ["every period"]
    return [str(period) for period in design.periods]


def constrained(
    model: DynamicPanel, points: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return σ_t (n, P or 1) and σ_u (n,) of unconstrained points (n, d).

    Points are log √(σ_t² (1 + r²)) and, bent, the ratio r of σ_u to the geometric mean of σ_t:
    the data say more of the sum of both variances than of either.
    """
    ratio = _RATIO_BEND * np.logaddexp(0, points[:, -1] / _RATIO_BEND)
    log_error = points[:, :-1] - np.log1p(ratio**2)[:, None] / 2
    return np.exp(log_error), ratio * np.exp(log_error.mean(axis=1))


def log_density(points: np.ndarray, model: DynamicPanel, design: Design) -> np.ndarray:
    """Return log posterior densities (n,) of unconstrained points (n, d), but for a constant.

    Parameters
    ----------
    points : array, shape (n, d)
    model : DynamicPanel
    design : Design
    """
    with np.errstate(all="ignore"):
        error, unit = constrained(model, points)
        log_error = np.log(error)
        log_slope = log_error.mean(axis=1) + log_error.sum(axis=1)
        log_slope = log_slope - np.logaddexp(0, -points[:, -1] / _RATIO_BEND)
        prior = -((error / model.error_scale) ** 2).sum(axis=1) / 2
        prior = prior - (unit / model.unit_scale) ** 2 / 2
        total = prior + log_slope + log_likelihood(Scales(error, unit), design)
    return np.where(np.isfinite(total), total, -np.inf)


def log_likelihood(scales: Scales, design: Design) -> np.ndarray:
    """Return the log likelihood (n,), coefficients integrated out, but for a constant."""
    parts = [
        log_marginal(gram, log_determinant, design.precision)
        for gram, log_determinant in _grams(scales, design)
    ]
    return np.concatenate(parts)


def coefficient_moments(
    scales: Scales, design: Design
) -> tuple[np.ndarray, np.ndarray]:
    """Return mean (n, k) and covariance (n, k, k) of the coefficients given the scales."""
    parts = [
        coefficients_given(gram, design.precision) for gram, _ in _grams(scales, design)
    ]
    means = np.concatenate([mean for mean, _ in parts]) + design.prior_mean
    return means, np.concatenate([covariance for _, covariance in parts])


def _grams(scales: Scales, design: Design) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    width = len(design.labels) + 1
    step = max(1, _NUMBERS_AT_ONCE // width**2)
    periods = len(design.periods)
    for start in range(0, len(scales.unit), step):
        error = scales.error[start : start + step]
        variance = np.broadcast_to(error**2, (len(error), periods))
        unit = scales.unit[start : start + step]
        yield weighted_gram(design.histories, variance, unit**2)


def scales_of(draws: xr.Dataset) -> Scales:
    """Return the draws of the standard deviations, chains one after the other."""
    count = draws.sizes["chain"] * draws.sizes["draw"]
    return Scales(
        draws["standard_error_sd"].to_numpy().reshape(count, -1),
        draws["standard_unit_sd"].to_numpy().reshape(count),
    )


def draw_normal(
    means: np.ndarray, covariances: Sequence[Any] | np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Return a draw of each of n normal distributions, (n, k).

    Parameters
    ----------
    means : array, shape (n, k)
    covariances : array, shape (n, k, k)
    rng : Generator
    """
    root = np.linalg.cholesky(covariances)
    noise = rng.standard_normal(means.shape)
    return means + np.einsum("nij,nj->ni", root, noise)
