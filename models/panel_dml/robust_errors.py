"""Standard errors of `PanelDML` where errors within units, or clusters of them, may depend on each other in any way.

Two estimates of the variance of θ are averaged. The cluster-robust one, CR2, holds whatever the
errors of each cluster are like, and has few degrees of freedom ν where few clusters decide
(`numerics.cluster_robust`). The other takes the autocovariances of the errors to be the same in all
units (`numerics.common_autocovariance`). As a prior of the variance, scaled inverse χ² with κ
degrees of freedom about the second (Smyth 2004, the moderated t), gives

    variance = (ν CR2 + κ common) / (ν + κ),   θ by Student's t with ν + κ degrees of freedom.

With many clusters that is CR2. Where one cluster alone decides, CR2 says nothing of its errors,
and the second variance stands with κ degrees of freedom.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from scipy import stats

from causalstats.data import Panel
from causalstats.errors import ModelError
from causalstats.models.panel_dml.parameters import factors, grams_and_volumes
from causalstats.models.panel_dml.residuals import combined, slopes_without_nuisance, with_effects
from causalstats.models.panel_dml.sufficient_statistics import Prepared, coefficients, scales_of
from causalstats.numerics.panel.cluster_robust import cluster_robust
from causalstats.numerics.panel.common_autocovariance import common_autocovariance

PRIOR_DEGREES = 3.0  # κ, chosen by coverage: benchmarks/panel_errors.py
_LEAST = 0.1  # of the variance under independent errors, below which an estimate is an accident
_FEWEST = {"cluster": 2, "bootstrap": 10}
_MOST_CLUSTERS, _MOST_NUMBERS = 2_000, 20_000_000  # for which leverages count nuisance columns


@dataclass(frozen=True, eq=False)
class Sandwich:
    """The variance of θ in standard units, beside that of independent errors.

    `covariance` and `independent` are (k, k); `degrees` (k,) those of Student's t; `robust` (k,)
    those that the clusters themselves give, without the prior.
    """

    covariance: np.ndarray
    independent: np.ndarray
    degrees: np.ndarray
    robust: np.ndarray


@dataclass(frozen=True, eq=False)
class Residuals:
    """Rows without nuisance functions: regressors (n, k), slopes (k,), residuals (n,).

    `others` (n, m) has UU' as the hat matrix of nuisance columns, or no columns where they are
    too many; `free` are the rows left by all columns, `rows` those left by units alone.
    """

    regressors: np.ndarray
    slopes: np.ndarray
    residuals: np.ndarray
    others: np.ndarray
    unit: np.ndarray
    free: float
    rows: float


def sandwich(found: Residuals, data: Panel) -> Sandwich:
    """Return the moderated cluster-robust variance of least squares on these rows."""
    v, e = found.regressors, found.residuals
    bread = np.linalg.inv(v.T @ v)
    independent = (e @ e) / found.free * bread
    exact = cluster_robust(v, e, found.others, data.cluster[found.unit])
    uncounted = 1.0 if found.others.shape[1] else found.rows / (found.free + v.shape[1])
    robust = uncounted * exact.covariance
    period = np.searchsorted(data.periods, data.time[: len(found.unit)])
    middle = common_autocovariance(v, e, found.unit, period, data.cluster)
    common = found.rows / found.free * bread @ middle @ bread
    least = _LEAST * np.diag(independent)
    first = np.maximum(np.diag(robust), 0.0)
    second = np.maximum(np.diag(common), least)
    nu, seen = exact.degrees, exact.seen
    known = seen * (nu * first + PRIOR_DEGREES * second) / (nu + PRIOR_DEGREES)
    guessed = (1 - seen) * second
    variances = np.maximum(known + guessed, least)
    degrees = (known + guessed) ** 2 / (
        known**2 / (nu + PRIOR_DEGREES) + guessed**2 / PRIOR_DEGREES
    )
    root = np.sqrt(variances)
    correlation = _correlation(robust + common)
    return Sandwich(root[:, None] * correlation * root, independent, degrees, seen * nu)


def _correlation(covariance: np.ndarray) -> np.ndarray:
    """The nearest correlations that are positive definite."""
    scale = np.sqrt(np.maximum(np.diag(covariance), 1e-300))
    values, vectors = np.linalg.eigh(covariance / scale / scale[:, None])
    fixed = vectors * np.maximum(values, 1e-6) @ vectors.T
    scale = np.sqrt(np.diag(fixed))
    return fixed / scale / scale[:, None]


def residuals(model: Any, draws: xr.Dataset, data: Panel) -> Residuals:
    """Return what is left of treatments and outcome at the posterior mean of the scales."""
    scales = {name: values.mean(axis=0) for name, values in scales_of(draws, "").items()}
    return residuals_at(model, data, scales)


def residuals_at(model: Any, data: Panel, scales: dict[str, np.ndarray]) -> Residuals:
    """Return them at one value of each scale."""
    form = model.prepared(data)
    inner = coefficients(form, scales)
    root, trace = _hat(form, scales)
    clusters, numbers = len(data.clusters), len(data) * (len(root) + len(data.periods))
    counted = clusters <= _MOST_CLUSTERS and numbers <= _MOST_NUMBERS
    turn = np.vstack([-inner, np.eye(len(form.units))])
    if counted:
        turn = np.hstack([turn, np.vstack([root, np.zeros((len(form.units), len(root)))])])
    rows, flat, unit = combined(turn, form, data)
    v, y = rows[:, : len(form.units) - 1], rows[:, len(form.units) - 1]
    theta = np.linalg.solve(v.T @ v, v.T @ y)
    free = max(form.rows - trace - v.shape[1], 1.0)
    others = np.hstack([rows[:, len(form.units) :], flat]) if counted else np.empty((len(v), 0))
    whole = len(data) - (len(data.units) if model.inside else 0)
    return Residuals(v, theta, y - v @ theta, others, unit, free, whole)


def _hat(form: Prepared, scales: dict[str, np.ndarray]) -> tuple[np.ndarray, float]:
    """R (p, p) with φRR'φ' the hat matrix of the outcome's nuisance functions; its trace."""
    size = len(form.basis.spectrum)
    gram = grams_and_volumes(np, form.given, scales)[0][-1][:size, :size]
    own = factors(np, form.given, scales, len(form.units))[-1]
    prior = np.maximum((own**2).sum(axis=0), 1e-12)
    inverse = np.linalg.inv(gram + np.diag(scales["standard_error_sd"][-1] ** 2 / prior))
    return np.linalg.cholesky((inverse + inverse.T) / 2), float((gram * inverse).sum())


def refuse_few_clusters(data: Panel, errors: str) -> None:
    """Refuse what no sandwich can be made of."""
    repeated = len(np.unique(data.cluster[data.sizes > 1]))
    fewest = _FEWEST[errors]
    if repeated < fewest:
        name = data.arguments["cluster"] or data.arguments["unit"]
        other = "ar1" if errors == "cluster" or repeated < 2 else "cluster"
        raise ModelError(
            f"errors={errors!r} compares clusters with each other; expected at least {fewest} of "
            f"{name!r} seen at several times, got {repeated}. Say errors={other!r}, "
            "which does with fewer."
        )


def clustered(model: Any, draws: xr.Dataset, data: Panel) -> xr.Dataset:
    """Return the draws with θ by Student's t with the sandwich's variance and degrees.

    Deviations from the mean are turned and stretched by what the sandwich is to the variance of
    independent errors (Müller 2013, Econometrica 81:1805-1849): what the posterior adds for
    nuisance functions that are not known stays. Each θ then has the quantiles of its t, in the
    order of its draws.
    """
    found = sandwich(residuals(model, draws, data), data)
    theta = scales_of(draws, "")["standard_effect"]
    return told(with_effects(model, draws, data, stretched(theta, found)), found)


def stretched(theta: np.ndarray, found: Sandwich) -> np.ndarray:
    """Draws (n, k) with the sandwich's spread."""
    middle = theta.mean(axis=0)
    turn = np.linalg.cholesky(found.covariance) @ np.linalg.inv(
        np.linalg.cholesky(found.independent)
    )
    deviations = (theta - middle) @ turn.T
    place = (stats.rankdata(deviations, axis=0) - 0.5) / len(theta)
    return middle + deviations.std(axis=0) * stats.t.ppf(place, found.degrees)


def told(draws: xr.Dataset, found: Sandwich) -> xr.Dataset:
    """The draws with the degrees of freedom that the clusters give."""
    return draws.assign(robust_degrees=("treatment", found.robust))


def bootstrapped(
    model: Any, draws: xr.Dataset, data: Panel, rng: np.random.Generator
) -> xr.Dataset:
    """Return the draws with θ by the Bayesian bootstrap of clusters (Rubin 1981).

    Each draw weighs the clusters by Dirichlet(1, ..., 1), takes out what covariates do under these
    weights, at the posterior means of the scales, and has the slope of what is left. With few
    clusters such draws are too close together: they are stretched to the spread of the sandwich,
    by Student's t.
    """
    found = sandwich(residuals(model, draws, data), data)
    theta = slopes_without_nuisance(model, draws, data, rng)
    deviations = theta - theta.mean(axis=0)
    spread = np.sqrt(np.diag(found.covariance)) / np.maximum(deviations.std(axis=0), 1e-300)
    place = rng.random(len(theta))[:, None]
    heavier = np.sqrt(found.degrees / stats.chi2.ppf(place, found.degrees))
    centre = scales_of(draws, "")["standard_effect"].mean(axis=0)
    drawn = centre + spread * heavier * deviations
    return told(with_effects(model, draws, data, drawn), found)
