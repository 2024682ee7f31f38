"""Cluster-robust and bootstrap standard errors of the effect of `PanelDML`.

Two estimates of the variance of θ are averaged. The cluster-robust one, CR2 with Bell-McCaffrey
degrees of freedom, holds whatever the errors of each cluster are like, and has few degrees of
freedom ν where few clusters decide (`numerics.panel.cluster_robust`). The other takes the
autocovariances of the errors to be the same in all units (`numerics.panel.common_autocovariance`).
As a prior of the variance, scaled inverse χ² with κ degrees of freedom about the second (Smyth
2004, the moderated t), gives

    variance = (ν CR2 + κ common) / (ν + κ),   θ by Student's t with ν + κ degrees of freedom.

With many clusters that is CR2. Where clusters hold several units, ν + κ has κ divided by their
number, three at most, since both variances see what units share in as few clusters. Where one
cluster alone determines the coefficient, CR2 does not measure its errors, and the second variance
is used with κ degrees of freedom. With two-way clustering that is the first of three parts
(`numerics.panel.two_way_clustering`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr
from scipy import stats

from causalstats.data import Panel
from causalstats.errors import ModelError
from causalstats.models.panel_dml.covariances import coefficient_factors
from causalstats.models.panel_dml.partialling_out import (
    bootstrap_slopes,
    partialled_out,
    with_effects,
)
from causalstats.models.panel_dml.row_blocks import free_rows
from causalstats.models.panel_dml.sufficient_statistics import (
    SufficientStatistics,
    coefficients,
    posterior_mean_scales,
    scales_of,
)
from causalstats.numerics.panel.cluster_robust import cluster_robust
from causalstats.numerics.panel.common_autocovariance import common_autocovariance
from causalstats.numerics.panel.placebo_errors import placebo_errors
from causalstats.numerics.panel.two_way_clustering import (
    intersection_covariance,
    known_degrees,
    two_way_variances,
)

if TYPE_CHECKING:
    from causalstats.models.panel_dml.model import PanelDML

# Share of the variance under iid errors below which an estimate is an accident
_SMALLEST_SHARE = 0.1
# Clusters of several units show what these share as seldom as the sandwich sees it: with all three
# degrees intervals of 6 states cover .92, with one .94 (`benchmarks/few_clusters.json`).
_LARGEST_DIVISOR = 3.0
_CLUSTERS_FOR_LEVERAGE = 2_000  # at most, for leverages to count nuisance columns
_NUMBERS_FOR_LEVERAGE = 20_000_000  # rows times columns, at most


@dataclass(frozen=True, eq=False)
class Sandwich:
    """The variance of θ in standard units, beside that of iid errors.

    Parameters
    ----------
    covariance, independent : array, shape (k, k)
        Moderated, and under independent errors.
    degrees : array, shape (k,)
        Degrees of freedom of Student's t.
    robust_degrees : array, shape (k,)
        Those that the clusters themselves give, without the prior.
    """

    covariance: np.ndarray
    independent: np.ndarray
    degrees: np.ndarray
    robust_degrees: np.ndarray


@dataclass(frozen=True, eq=False)
class Residuals:
    """Rows with the nuisance functions partialled out.

    Parameters
    ----------
    regressors : array, shape (n, k)
        Residuals of the treatments.
    slopes : array, shape (k,)
        Slopes of the outcome's residuals, by least squares.
    residuals : array, shape (n,)
    others : array, shape (n, m)
        U with UU' the hat matrix of nuisance columns; no columns where they are too many.
    unit : int array, shape (n,)
    free : float
        Rows less all columns.
    rows : float
        Rows less unit effects.
    """

    regressors: np.ndarray
    slopes: np.ndarray
    residuals: np.ndarray
    others: np.ndarray
    unit: np.ndarray
    free: float
    rows: float


def sandwich(residuals: Residuals, data: Panel, prior_degrees: float) -> Sandwich:
    """Return the moderated cluster-robust variance of least squares on these rows.

    Parameters
    ----------
    residuals : Residuals
    data : Panel
        Which cluster each unit belongs to, and with two-way clustering each row.
    prior_degrees : float
        κ, degrees of freedom that the common autocovariance is worth.
    """
    one_way = _one_way_sandwich(residuals, data, prior_degrees)
    if data.second_cluster is None:
        return one_way
    return _two_way_sandwich(one_way, residuals, data)


def _two_way_sandwich(one_way: Sandwich, residuals: Residuals, data: Panel) -> Sandwich:
    """Return the sandwich by clusters of both kinds.

    Parameters
    ----------
    one_way : Sandwich
        By clusters of the first kind.
    residuals : Residuals
    data : Panel
    """
    v, e = residuals.regressors, residuals.residuals
    first = data.cluster[residuals.unit]
    second = second_clusters(data, residuals)
    other = cluster_robust(v, e, residuals.others, second)
    variances = two_way_variances(
        np.diag(one_way.covariance),
        np.maximum(np.diag(other.covariance), 0.0),
        np.diag(intersection_covariance(v, e, first, second)),
    )
    root = np.sqrt(variances)
    correlation = _nearest_correlation(one_way.covariance + other.covariance)
    degrees = known_degrees(other, v, e, second)
    return Sandwich(
        covariance=root[:, None] * correlation * root,
        independent=one_way.independent,
        degrees=np.minimum(one_way.degrees, degrees),
        robust_degrees=np.minimum(one_way.robust_degrees, degrees),
    )


def second_clusters(data: Panel, residuals: Residuals) -> np.ndarray:
    """Return the second cluster of each row of residuals, int (n,)."""
    assert data.second_cluster is not None
    return data.second_cluster[: len(residuals.unit)]


def _one_way_sandwich(
    residuals: Residuals, data: Panel, prior_degrees: float
) -> Sandwich:
    """Return the moderated sandwich by clusters of whole units.

    Parameters
    ----------
    residuals : Residuals
    data : Panel
    prior_degrees : float
    """
    v, e = residuals.regressors, residuals.residuals
    bread = np.linalg.inv(v.T @ v)
    independent = (e @ e) / residuals.free * bread
    exact = cluster_robust(v, e, residuals.others, data.cluster[residuals.unit])
    # Leverages do not count nuisance columns that were too many: a correction as in CR1.
    inflation = residuals.rows / (residuals.free + v.shape[1])
    robust = (
        exact.covariance if residuals.others.shape[1] else inflation * exact.covariance
    )
    period = np.searchsorted(data.periods, data.time[: len(residuals.unit)])
    middle = common_autocovariance(v, e, residuals.unit, period, data.cluster)
    common = residuals.rows / residuals.free * bread @ middle @ bread
    smallest = _SMALLEST_SHARE * np.diag(independent)
    cr2 = np.maximum(np.diag(robust), 0.0)
    prior = np.maximum(np.diag(common), smallest)
    several = np.clip(len(data.units) / len(data.clusters), 1.0, _LARGEST_DIVISOR)
    nu, seen, kappa = exact.degrees, exact.identified_share, prior_degrees / several
    known = seen * (nu * cr2 + kappa * prior) / (nu + kappa)
    assumed = (1 - seen) * prior
    variances = np.maximum(known + assumed, smallest)
    noise = known**2 / (nu + kappa) + assumed**2 / prior_degrees
    degrees = (known + assumed) ** 2 / noise
    root = np.sqrt(variances)
    correlation = _nearest_correlation(robust + common)
    return Sandwich(
        covariance=root[:, None] * correlation * root,
        independent=independent,
        degrees=degrees,
        robust_degrees=seen * nu,
    )


def _nearest_correlation(covariance: np.ndarray) -> np.ndarray:
    """The correlations of a covariance, with eigenvalues of at least 1e-6."""
    scale = np.sqrt(np.maximum(np.diag(covariance), 1e-300))
    values, vectors = np.linalg.eigh(covariance / scale / scale[:, None])
    positive = vectors * np.maximum(values, 1e-6) @ vectors.T
    scale = np.sqrt(np.diag(positive))
    return positive / scale / scale[:, None]


def residuals(model: PanelDML, draws: xr.Dataset, data: Panel) -> Residuals:
    """Return the residuals of treatments and outcome at the posterior mean of the scales.

    Parameters
    ----------
    model : PanelDML
    draws : Dataset
    data : Panel
    """
    return residuals_at(
        model, data, posterior_mean_scales(model.statistics(data), draws)
    )


def residuals_at(
    model: PanelDML, data: Panel, scales: Mapping[str, np.ndarray]
) -> Residuals:
    """Return the residuals of treatments and outcome at one value of each scale.

    Parameters
    ----------
    model : PanelDML
    data : Panel
    scales : mapping
        Parameters in standard units, by name.
    """
    statistics = model.statistics(data)
    equations = len(statistics.units)
    nuisance = coefficients(statistics, scales)
    root, trace = _hat_matrix(statistics, scales)
    numbers = len(data) * (len(root) + len(data.periods))
    counted = (
        len(data.clusters) <= _CLUSTERS_FOR_LEVERAGE
        and numbers <= _NUMBERS_FOR_LEVERAGE
    )
    combination = np.vstack([-nuisance, np.eye(equations)])
    if counted:
        hat = np.vstack([root, np.zeros((equations, len(root)))])
        combination = np.hstack([combination, hat])
    rows, unpenalised, unit = partialled_out(combination, statistics, data)
    v, y = rows[:, : equations - 1], rows[:, equations - 1]
    theta = np.linalg.solve(v.T @ v, v.T @ y)
    others = np.empty((len(v), 0))
    if counted:
        others = np.hstack([rows[:, equations:], unpenalised])
    return Residuals(
        regressors=v,
        slopes=theta,
        residuals=y - v @ theta,
        others=others,
        unit=unit,
        free=max(statistics.rows - trace - v.shape[1], 1.0),
        rows=free_rows(data, model.within_units, model.unit_trends),
    )


def _hat_matrix(
    statistics: SufficientStatistics, scales: Mapping[str, np.ndarray]
) -> tuple[np.ndarray, float]:
    """R (p, p) with φRR'φ' the hat matrix of the outcome's nuisance functions; its trace."""
    size, given = len(statistics.basis.spectrum), statistics.cross_products
    grams = statistics.model.error_model.cross_products(np, given, scales)[0]
    gram = grams[-1][:size, :size]
    factors = coefficient_factors(np, given, scales, len(statistics.units))[-1]
    prior = np.maximum((factors**2).sum(axis=0), 1e-12)
    inverse = np.linalg.inv(
        gram + np.diag(scales["standard_error_sd"][-1] ** 2 / prior)
    )
    return np.linalg.cholesky((inverse + inverse.T) / 2), float((gram * inverse).sum())


def refuse_few_clusters(model: PanelDML, data: Panel) -> None:
    """Raise `ModelError` where clusters are too few for a sandwich estimator, or are two-way."""
    if data.second_cluster is not None and not model.error_model.two_way:
        raise ModelError(
            f"errors={model.errors!r} has independent clusters of one kind, and the panel has two: "
            f"{data.arguments['cluster']}. Say errors='cluster'."
        )
    repeated = len(np.unique(data.cluster[data.sizes > 1]))
    fewest = model.error_model.fewest_clusters
    if model.within_units and repeated < fewest:
        name = data.cluster_name or data.arguments["unit"]
        other = "ar1" if repeated < 2 else "cluster"
        raise ModelError(
            f"errors={model.errors!r} compares clusters with each other; expected at least "
            f"{fewest} of {name!r} seen at several times, got {repeated}. Say errors={other!r}, "
            "which does with fewer."
        )


def unchanged_clusters(data: Panel) -> np.ndarray:
    """Return the clusters in no unit of which any treatment changes, int (m,)."""
    constant = data.constant_within_units(data.treatment).all(axis=1)
    changing = np.unique(data.cluster[~constant])
    repeated = np.unique(data.cluster[data.sizes > 1])
    return np.setdiff1d(repeated, changing)


def refuse_few_placebos(model: PanelDML, data: Panel) -> None:
    """Raise `ModelError` where clusters without a change of treatment are too few."""
    if model.errors != "placebo":
        return
    fewest = model.error_model.fewest_clusters
    count = len(unchanged_clusters(data))
    if not model.within_units or count < fewest:
        name = data.cluster_name or data.arguments["unit"]
        raise ModelError(
            "errors='placebo' takes the errors of clusters that change their treatment from those "
            f"that do not, within units; expected at least {fewest} of {name!r} without a change, "
            f"got {count} with heterogeneity={model.heterogeneity!r}. Say errors='cluster'."
        )


def with_placebo_spread(
    model: PanelDML, draws: xr.Dataset, data: Panel, rng: np.random.Generator
) -> xr.Dataset:
    """Return the draws with θ less placebo errors (Conley & Taber 2011).

    Parameters
    ----------
    model : PanelDML
    draws : Dataset
        The posterior under independent errors.
    data : Panel
    rng : Generator
    """
    partialled = residuals(model, draws, data)
    theta = scales_of(model.statistics(data), draws)["standard_effect"]
    cluster = data.cluster[partialled.unit]
    period = np.searchsorted(data.periods, data.time[: len(cluster)])
    errors = placebo_errors(
        partialled.regressors,
        partialled.residuals,
        np.column_stack([cluster, period]),
        unchanged_clusters(data),
        len(theta),
        rng,
    )
    centred = errors - errors.mean(axis=0)
    return with_effects(model, draws, data, theta.mean(axis=0) - centred)


def with_cluster_robust_spread(
    model: PanelDML, draws: xr.Dataset, data: Panel
) -> xr.Dataset:
    """Return the draws with θ by Student's t with the sandwich's variance and degrees.

    Deviations from the mean are multiplied by the ratio of the sandwich to the variance of
    independent errors (Müller 2013, Econometrica 81:1805-1849): what the posterior adds for
    nuisance functions that are not known stays. Each θ then has the quantiles of its t, in the
    order of its draws.

    Parameters
    ----------
    model : PanelDML
    draws : Dataset
        The posterior under independent errors.
    data : Panel
    """
    robust = sandwich(residuals(model, draws, data), data, model.variance_prior_degrees)
    theta = scales_of(model.statistics(data), draws)["standard_effect"]
    drawn = with_effects(model, draws, data, stretched(theta, robust))
    return with_robust_degrees(drawn, robust)


def stretched(theta: np.ndarray, robust: Sandwich) -> np.ndarray:
    """Return draws (n, k) with the sandwich's spread and Student's t."""
    mean = theta.mean(axis=0)
    root = np.linalg.cholesky(robust.covariance)
    ratio = root @ np.linalg.inv(np.linalg.cholesky(robust.independent))
    deviations = (theta - mean) @ ratio.T
    quantile = (stats.rankdata(deviations, axis=0) - 0.5) / len(theta)
    return mean + deviations.std(axis=0) * stats.t.ppf(quantile, robust.degrees)


def with_robust_degrees(draws: xr.Dataset, robust: Sandwich) -> xr.Dataset:
    """Return the draws with the degrees of freedom that the clusters give."""
    return draws.assign(robust_degrees=("treatment", robust.robust_degrees))


def with_bootstrap_spread(
    model: PanelDML, draws: xr.Dataset, data: Panel, rng: np.random.Generator
) -> xr.Dataset:
    """Return the draws with θ by the Bayesian bootstrap of clusters (Rubin 1981).

    Each draw weights the clusters by Dirichlet(1, ..., 1), partials out the covariates under these
    weights, at the posterior means of the scales, and has the slope of residuals on residuals.
    With few clusters such draws are too close together: they are stretched to the spread of the
    sandwich, by Student's t.

    Parameters
    ----------
    model : PanelDML
    draws : Dataset
        The posterior under independent errors.
    data : Panel
    rng : Generator
    """
    robust = sandwich(residuals(model, draws, data), data, model.variance_prior_degrees)
    theta = bootstrap_slopes(model, draws, data, rng)
    deviations = theta - theta.mean(axis=0)
    sd = np.sqrt(np.diag(robust.covariance))
    spread = sd / np.maximum(deviations.std(axis=0), 1e-300)
    quantile = rng.random(len(theta))[:, None]
    tails = np.sqrt(robust.degrees / stats.chi2.ppf(quantile, robust.degrees))
    centre = scales_of(model.statistics(data), draws)["standard_effect"].mean(axis=0)
    drawn = with_effects(model, draws, data, centre + spread * tails * deviations)
    return with_robust_degrees(drawn, robust)
