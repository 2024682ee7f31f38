"""Residuals of outcome and treatments after partialling out the covariates, and what they show.

By the theorem of Frisch, Waugh and Lovell the effect is the slope of the outcome's residuals on
those of the treatments. Double machine learning itself, with learners, is in
`double_machine_learning`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from causalstats.core.prediction import Prediction
from causalstats.data import Panel
from causalstats.models.panel_dml.covariances import residual_covariance
from causalstats.models.panel_dml.priors import slope_in_data_units
from causalstats.models.panel_dml.row_blocks import blocks
from causalstats.models.panel_dml.sufficient_statistics import (
    SufficientStatistics,
    coefficients,
    posterior_mean_scales,
    scales_of,
)
from causalstats.numerics.panel.within_transformation import demeaned, detrended
from causalstats.numerics.regression import canonical_regression

if TYPE_CHECKING:
    from causalstats.models.panel_dml.model import PanelDML

_REPLICATIONS = 200
_ROWS_FOR_PREDICTIONS = 50_000
_ALLOWED = "the cluster-robust interval allows for it"
_BOOTSTRAP_GROUPS = 500  # of clusters that are drawn together, where there are more
_RANK_TOLERANCE = 1e-10  # of the largest eigenvalue


def partialled_out(
    combination: np.ndarray,
    statistics: SufficientStatistics,
    data: Panel,
    most: int | None = None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return linear combinations of the rows, with columns without a prior partialled out.

    Parameters
    ----------
    combination : array, shape (p + q, m)
        Coefficients of φ, and of treatments and outcome in standard units.
    statistics : SufficientStatistics
    data : Panel
    most : int or None
        Only the units that make up the first so many rows.

    Returns
    -------
    rows : array, shape (n, m)
    unpenalised : array, shape (n, r)
        The columns without a prior, orthonormal.
    unit : int array, shape (n,)
    """
    width, equations = len(statistics.basis.spectrum), len(statistics.units)
    intercept = statistics.kept_share is not None
    count = statistics.columns.width + intercept - width - equations
    within, across = np.zeros((count, count)), np.zeros((count, combination.shape[1]))
    parts, seen = [], 0
    for block in blocks(data, statistics.columns, statistics.kept_share, most):
        split = np.split(block.transformed(), [width, -equations], axis=1)
        phi, unpenalised, targets = split
        rows = (
            phi @ combination[:width] + targets / statistics.units @ combination[width:]
        )
        parts.append((rows, unpenalised))
        within = within + unpenalised.T @ unpenalised
        across = across + unpenalised.T @ rows
        seen = block.rows.stop
        if most is not None:
            break
    values, vectors = np.linalg.eigh(within)
    kept = values > _RANK_TOLERANCE * max(values.max(initial=0.0), 1e-300)
    root = vectors[:, kept] / np.sqrt(values[kept])
    slopes = root @ (root.T @ across)
    residuals = np.vstack([rows - unpenalised @ slopes for rows, unpenalised in parts])
    orthonormal = np.vstack([unpenalised @ root for _, unpenalised in parts])
    return residuals, orthonormal, data.unit[:seen]


def with_effects(
    model: PanelDML, draws: xr.Dataset, data: Panel, theta: np.ndarray
) -> xr.Dataset:
    """Return the draws with other effects, and what follows from them.

    The effects of the likelihood, in standard units, stay beside them as `working_effect`.

    Parameters
    ----------
    model : PanelDML
    draws : Dataset
    data : Panel
    theta : array, shape (draws, k)
        In standard units.
    """
    units = model.statistics(data).units
    theta = theta.reshape(draws["standard_effect"].shape)
    working = draws.get("working_effect", draws["standard_effect"])
    replaced = draws.assign(
        working_effect=working.copy(),
        standard_effect=draws["standard_effect"].copy(data=theta),
        effect=draws["effect"].copy(data=slope_in_data_units(theta, units)),
    )
    if "between_effect" in replaced:
        replaced["contextual_effect"] = replaced["between_effect"] - replaced["effect"]
    return replaced


def bootstrap_slopes(
    model: PanelDML, draws: xr.Dataset, data: Panel, rng: np.random.Generator
) -> np.ndarray:
    """Return slopes of residuals on residuals, (draws, k), with clusters weighted at random.

    Weights are Dirichlet(1, ..., 1) (Rubin 1981). More than 500 clusters are drawn in 500 groups
    of neighbours.

    Parameters
    ----------
    model : PanelDML
    draws : Dataset
        Scales are at their posterior means.
    data : Panel
    rng : Generator
    """
    statistics = model.statistics(data)
    scales = posterior_mean_scales(statistics, draws)
    groups = _group_products(statistics, data)
    width, equations = len(statistics.basis.spectrum), len(statistics.units)
    unpenalised = np.arange(width, groups.shape[1] - equations)
    scale = np.append(np.ones(width), 1 / statistics.units)
    theta = np.empty((draws.sizes["chain"] * draws.sizes["draw"], equations - 1))
    for k in range(len(theta)):
        weights = len(groups) * rng.dirichlet(np.ones(len(groups)))
        gram = np.tensordot(weights, groups, 1)
        gram = (
            canonical_regression.without(gram, unpenalised)[0] * scale[:, None] * scale
        )
        combination = np.vstack(
            [-coefficients(statistics, scales, gram), np.eye(equations)]
        )
        residual = combination.T @ gram @ combination
        theta[k] = np.linalg.solve(residual[:-1, :-1], residual[:-1, -1])
    return theta


def _group_products(statistics: SufficientStatistics, data: Panel) -> np.ndarray:
    """Cross-products (groups, m, m) of clusters, or of neighbouring ones."""
    repeated = data.cluster
    if statistics.model.within_units:
        repeated = data.cluster[data.sizes > 1]
    clusters = np.unique(repeated)
    count = len(clusters)
    position = np.searchsorted(clusters, data.cluster).clip(max=count - 1)
    group = position * min(_BOOTSTRAP_GROUPS, count) // count
    width = statistics.columns.width + (statistics.kept_share is not None)
    products = np.zeros((group.max() + 1, width, width))
    for block in blocks(data, statistics.columns, statistics.kept_share):
        columns, row_group = block.transformed(), group[data.unit[block.rows]]
        edges = np.flatnonzero(np.diff(row_group)) + 1
        for rows in np.split(np.arange(len(row_group)), edges):
            products[row_group[rows[0]]] += columns[rows].T @ columns[rows]
    return products


def predictions(
    model: PanelDML, draws: xr.Dataset, data: Panel, rng: np.random.Generator
) -> tuple[Prediction, ...]:
    """Return posterior predictive checks of the outcome's errors.

    The serial correlation is that of the scores v_it e_it of each treatment, since independent
    errors mislead about the effect only where treatment and outcome both persist (Moulton 1986;
    Bertrand, Duflo & Mullainathan 2004): v is held at what was observed, e is replicated. Tails
    are those of an outcome with more than two values.

    Parameters
    ----------
    model : PanelDML
    draws : Dataset
    data : Panel
    rng : Generator

    Returns
    -------
    tuple of Prediction
        Serial correlation by treatment, tails, and means over time.
    """
    statistics = model.statistics(data)
    every, scales = (
        scales_of(statistics, draws),
        posterior_mean_scales(statistics, draws),
    )
    covariance = residual_covariance(
        np,
        every["standard_effect"],
        every.get("standard_link"),
        every["standard_error_sd"],
    ).mean(axis=0)
    combination = np.vstack(
        [-coefficients(statistics, scales), np.eye(len(statistics.units))]
    )
    rows, _, unit = partialled_out(combination, statistics, data, _ROWS_FOR_PREDICTIONS)
    theta = scales["standard_effect"]
    treatment = rows[:, : len(data.treatments)]
    error = rows[:, -1] - rows[:, :-1] @ theta
    contrast = np.append(-theta, 1.0)
    sd = np.sqrt(contrast @ covariance @ contrast)
    starts = np.flatnonzero(np.diff(unit, prepend=-1))
    weights = data.weights[: len(unit)]
    periods, period = np.unique(data.time[: len(unit)], return_inverse=True)
    neighbours = np.diff(unit) == 0

    def means_over_time(error: np.ndarray) -> np.ndarray:
        return np.asarray(np.bincount(period, error) / np.bincount(period))

    def summaries(error: np.ndarray) -> list[np.ndarray]:
        scores = treatment * error[:, None]
        products = (scores[1:] * scores[:-1])[neighbours].sum(axis=0)
        tails = np.array([(error**4).mean() / (error**2).mean() ** 2])
        return [products / (scores**2).sum(axis=0), tails, means_over_time(error)]

    root = np.sqrt(weights)
    # Errors that last make means of neighbouring periods alike: each cluster keeps its own
    flips = rng.spawn(1)[0]
    cluster = np.asarray(data.cluster)[data.unit[: len(unit)]]
    gap = model.error_model.correlations(model, data)[1]
    gap = None if gap is None else gap[: len(unit)]
    correlation = float(scales.get("serial_correlation", np.zeros(1))[-1])
    centred_from = starts if model.within_units else np.zeros(1, int)

    def about_units(values: np.ndarray) -> np.ndarray:
        if model.unit_trends:
            return detrended(values, data.time[: len(unit)], starts, weights)
        return demeaned(values, centred_from, weights)

    def replicate() -> list[np.ndarray]:
        noise = rng.standard_normal(len(error))
        noise = model.error_model.dependent(noise, gap, starts, correlation)
        unweighted = (sd * noise / root)[:, None]
        drawn = summaries(root * about_units(unweighted)[:, 0])
        if model.error_model.robust:
            signs = flips.choice([-1.0, 1.0], size=int(cluster.max()) + 1)
            drawn[-1] = means_over_time(error * signs[cluster])
        return drawn

    observed = summaries(error)
    replicated = [replicate() for _ in range(_REPLICATIONS)]
    groups = (
        data.treatments,
        (data.arguments["outcome"],),
        data.times_as_written(periods),
    )
    sizes = (
        np.full(len(data.treatments), len(rows)),
        np.full(1, len(rows)),
        np.bincount(period),
    )
    remedies = {
        "serial correlation": "Errors of a unit depend on each other, and the "
        "interval is too short: say `errors='cluster'`.",
        "tails": "A few rows of the outcome lie far out: look at them, and take its logarithm "
        "where it is positive and skewed.",
        "mean over time": "Something moved all units at once: say `time_effects=True`.",
    }
    two_valued = len(np.unique(data.outcome[: len(unit)])) == 2
    unneeded = {"tails": two_valued, "mean over time": model.absorbs_time(data)}
    robust_to = ("serial correlation", "tails") if model.error_model.robust else ()
    return tuple(
        Prediction(
            name=name,
            groups=groups[k],
            observed=observed[k],
            size=sizes[k],
            replicated=np.array([each[k] for each in replicated]),
            remedy=remedy,
            allowed=_ALLOWED if name in robust_to else "",
        )
        for k, (name, remedy) in enumerate(remedies.items())
        if not unneeded.get(name, False)
    )
