"""The posterior of the shrunk prior for many points at once, by NumPy: of few parts, so that nothing need be compiled to draw from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
import xarray as xr
from scipy import special

from causalstats.data import Composition
from causalstats.numerics.compositions.inverse_wishart import log_evidences
from causalstats.numerics.regression.row_correlation import all_about_covariates
from causalstats.numerics.sampling.importance_sampling import importance_sample

_MOST = 8  # parts: of more, a Student t around the mode misses too much
_FREEDOM, _WIDER = 8.0, 1.5  # of that t: the posterior of α and of τ has heavy tails
_FAR = (
    20.0,
    25.0,
)  # log odds of α, and logarithms of the ratio of two variances, that neither prior nor data come near: beyond, numbers are inaccurate

Drawn = tuple[xr.Dataset, np.ndarray, float, float]


def importance_draws(
    model: Any, data: Composition
) -> Callable[[int, int, np.random.Generator], Drawn] | None:
    """A function of chains, draws and a generator: draws, log densities, the shape of the weights' tail and what the weights are worth.

    None of other priors, of many parts, and where log-ratios are hidden.
    """
    if model.prior != "shrunk" or len(data.parts) > _MOST or data.counts or data.bounds is not None:
        return None
    values = model.inputs(data)

    def draw(chains: int, draws: int, rng: np.random.Generator) -> Drawn:
        sampled = ("weight" not in values) + _row_correlation_is_sampled(values)
        start = np.zeros(len(data.parts) + 2 + sampled)
        start[0] = values["log_variance"]
        found = importance_sample(
            partial(log_density, values=values),
            start,
            chains * draws,
            rng,
            degrees_of_freedom=_FREEDOM,
            covariance_factor=_WIDER,
        )
        return (
            _labelled(_named(found.points, values), data.parts, chains, draws),
            found.logp.reshape(chains, draws),
            found.pareto_k,
            found.ess,
        )

    return draw


def log_density(points: np.ndarray, values: Mapping[str, np.ndarray]) -> np.ndarray:
    """Return the log density of the graph's free variables up to a constant, (n, d) -> (n,).

    A point holds the typical logarithm of a variance, the inverse softplus of their spread τ, the
    deviations and, unless they are given, the log odds of α and of the correlation φ of rows.
    """
    typical, free, deviation, odds, dependence = _split(points, values)
    with np.errstate(all="ignore"):
        spread = np.logaddexp(0, free)
        prior = -(
            ((typical - values["log_variance"]) / 2) ** 2 + (deviation**2).sum(axis=1) + spread**2
        ) / 2 - np.logaddexp(0, -free)
        prior -= np.logaddexp(0, odds) + np.logaddexp(0, -odds)
        if _row_correlation_is_sampled(values):
            prior -= np.logaddexp(0, dependence) + np.logaddexp(0, -dependence)
        logarithms = typical[:, None] + spread[:, None] * deviation
        near = (
            np.isfinite(prior)
            & (np.ptp(logarithms, axis=1) < _FAR[1])
            & (abs(logarithms).max(axis=1) < 10 * _FAR[1])
            & (abs(odds) < _FAR[0])
            & (dependence < _FAR[0])
        )
    value = np.full(len(points), -np.inf)
    m = float(values["rows_free"])
    scatter, determinants = _scatters(dependence[near], values)
    value[near] = prior[near] + log_evidences(
        scatter, m, np.exp(logarithms[near]), m * np.exp(odds[near])
    )
    value[near] -= (logarithms.shape[1] - 1) / 2 * determinants
    return value


def _row_correlation_is_sampled(values: Mapping[str, np.ndarray]) -> bool:
    return "known_log_ratios" in values and "given_row_correlation" not in values


def _scatters(
    dependence: np.ndarray, values: Mapping[str, np.ndarray]
) -> tuple[np.ndarray, np.ndarray | float]:
    """Return S and log |R| + log |W'R⁻¹W| for each of these log odds of φ."""
    if "scatter" in values:
        return values["scatter"], 0.0
    return all_about_covariates(
        values["known_log_ratios"], values["covariate_basis"], special.expit(dependence), values
    )


def _split(points: np.ndarray, values: Mapping[str, np.ndarray]) -> tuple[np.ndarray, ...]:
    """Return typical logarithm, spread before softplus, deviations, log odds of α and of φ."""
    dependence = np.zeros(len(points))
    if "given_row_correlation" in values:
        dependence += special.logit(float(values["given_row_correlation"]))
    elif _row_correlation_is_sampled(values):
        points, dependence = points[:, :-1], points[:, -1]
    given = "weight" in values
    odds = np.full(len(points), special.logit(float(values["weight"]))) if given else points[:, -1]
    deviation = points[:, 2 : None if given else -1]
    return points[:, 0], points[:, 1], deviation, odds, dependence


def _named(points: np.ndarray, values: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The variables of the graph."""
    typical, free, deviation, odds, dependence = _split(points, values)
    spread = np.logaddexp(0, free)
    omega = np.exp(typical[:, None] + spread[:, None] * deviation)
    named = {
        "log_typical_variance": typical,
        "variance_spread": spread,
        "variance_deviation": deviation,
    }
    named |= {"shrinkage": special.expit(odds), "basis_variance": omega}
    if "known_log_ratios" in values:
        named["row_correlation"] = special.expit(dependence)
        named["scatter"] = _scatters(dependence, values)[0]
    return named


def _labelled(
    named: Mapping[str, np.ndarray], parts: tuple[str, ...], chains: int, draws: int
) -> xr.Dataset:
    coords = {"chain": np.arange(chains), "draw": np.arange(draws), "part": list(parts)}
    if "scatter" in named:
        coords["other_part"] = list(parts)
    variables = {
        name: (
            ("chain", "draw", "part", "other_part")[: 1 + value.ndim],
            value.reshape(chains, draws, *value.shape[1:]),
        )
        for name, value in named.items()
    }
    return xr.Dataset(variables, coords)
