"""Coefficients of a dynamic panel, which the graph integrates out, and their robust spread.

By default draws have the spread of the likelihood, in which errors are normal and have the same
variance in all units in a period. With errors="cluster" they are stretched about their mean so that
their covariance is the sandwich Σ J Σ of the posterior covariance Σ of all parameters and the
products J of clusters' scores (the open-faced sandwich of Shaby 2014; Müller 2013), so that heavy
tails, variances that differ between units, and shocks that units of a cluster share are allowed
for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from causalstats.models.dynamic_panel.density import (
    Scales,
    coefficient_moments,
    draw_normal,
    period_labels,
    scales_of,
)
from causalstats.models.dynamic_panel.design import Design, design_of, unit_columns
from causalstats.numerics.panel.dynamic_regression import unit_scores

if TYPE_CHECKING:
    from causalstats.data import Panel
    from causalstats.models.dynamic_panel.model import DynamicPanel


def recover_coefficients(
    model: DynamicPanel, draws: xr.Dataset, data: Panel, rng: np.random.Generator
) -> xr.Dataset:
    """Return the draws with those of persistence and effects, in units of the data.

    Parameters
    ----------
    model : DynamicPanel
    draws : Dataset
    data : Panel
    rng : Generator
    """
    design = design_of(model, data)
    scales = scales_of(draws)
    means, covariances = coefficient_moments(scales, design)
    coefficients = draw_normal(means, covariances, rng)
    slopes = coefficients[:, : design.slopes]
    robust = slopes
    if model.errors == "cluster":
        stretch = robust_stretch(model, data, scales, means, covariances)
        centre = slopes.mean(axis=0)
        robust = centre + (slopes - centre) @ stretch.T
    shape = (draws.sizes["chain"], draws.sizes["draw"])
    labels = period_labels(model, design)
    variables = {
        "coefficient": ("column", coefficients),
        "error_sd": ("error_sd_period", design.unit * scales.error),
    }
    named = {
        name: (("chain", "draw", dim), values.reshape(*shape, -1))
        for name, (dim, values) in variables.items()
    }
    unit_sd = design.unit * draws["standard_unit_sd"]
    coords = {"column": list(design.labels), "error_sd_period": labels}
    recovered = draws.assign_coords(coords).assign(named)
    recovered = recovered.assign(unit_effect_sd=unit_sd)
    return with_slopes(model, recovered, data, robust)


def with_slopes(
    model: DynamicPanel, draws: xr.Dataset, data: Panel, slopes: np.ndarray
) -> xr.Dataset:
    """Return the draws with persistence and effects from slopes (n, slopes) in standard units.

    Parameters
    ----------
    model : DynamicPanel
    draws : Dataset
    data : Panel
    slopes : array, shape (n, slopes)
    """
    design = design_of(model, data)
    shape = (draws.sizes["chain"], draws.sizes["draw"])
    count = len(data.treatments)
    persistence = slopes[:, : model.lags]
    effect = slopes[:, model.lags : model.lags + count]
    effect = effect * design.unit / design.treatment_units
    lags = np.arange(1, model.lags + 1)
    coords = {"lag": lags, "treatment": list(data.treatments)}
    return draws.assign_coords(coords).assign(
        persistence=(("chain", "draw", "lag"), persistence.reshape(*shape, -1)),
        effect=(("chain", "draw", "treatment"), effect.reshape(*shape, -1)),
    )


def working_draws(model: DynamicPanel, draws: xr.Dataset, data: Panel) -> xr.Dataset:
    """Return the draws of persistence and effects under the likelihood alone.

    Parameters
    ----------
    model : DynamicPanel
    draws : Dataset
    data : Panel
    """
    design = design_of(model, data)
    count = draws.sizes["chain"] * draws.sizes["draw"]
    coefficients = draws["coefficient"].to_numpy().reshape(count, -1)
    return with_slopes(model, draws, data, coefficients[:, : design.slopes])


def robust_stretch(
    model: DynamicPanel,
    data: Panel,
    scales: Scales,
    means: np.ndarray,
    covariances: np.ndarray,
    leads: int = 0,
) -> np.ndarray:
    """Return the matrix that stretches slopes about their mean, (slopes, slopes).

    Parameters
    ----------
    model : DynamicPanel
    data : Panel
    scales : Scales
    means, covariances : array, shape (n, k) and (n, k, k)
        Of the coefficients given the scales.
    leads : 0 or 1
    """
    design = design_of(model, data, leads)
    centre = Scales(scales.error.mean(axis=0), scales.unit.mean(axis=0))
    scores = _scores(model, data, design, centre, means.mean(axis=0), leads)
    clusters = np.zeros((len(data.clusters), scores.shape[1]))
    np.add.at(clusters, data.cluster, scores)
    clusters = clusters[np.abs(clusters).sum(axis=1) > 0]
    clusters = clusters - clusters.mean(axis=0)
    every = np.column_stack([means, scales.error, scales.unit])
    covariance = np.atleast_2d(np.cov(every.T))
    width = means.shape[1]
    covariance[:width, :width] += covariances.mean(axis=0)
    part = covariance[: design.slopes]
    count = len(clusters)
    correction = count / max(count - 1, 1)
    sandwich = correction * part @ (clusters.T @ clusters) @ part.T
    within = covariance[: design.slopes, : design.slopes]
    return np.linalg.cholesky(sandwich) @ np.linalg.inv(np.linalg.cholesky(within))


def _scores(
    model: DynamicPanel,
    data: Panel,
    design: Design,
    scales: Scales,
    coefficients: np.ndarray,
    leads: int,
) -> np.ndarray:
    """Return the score of each unit of the panel at one point, (N, k + scales); 0 where unused.

    Parameters
    ----------
    model : DynamicPanel
    data : Panel
    design : Design
    scales : Scales
        Of one point: arrays of shape (P,) and ().
    coefficients : array, shape (k,)
    leads : 0 or 1
    """
    constant = model.variances == "constant"
    count = 1 if constant else len(design.periods)
    error = np.broadcast_to(scales.error, (len(design.periods),))
    width = len(coefficients)
    scores = np.zeros((len(data.units), width + count + 1))
    for block in unit_columns(model, data, leads):
        columns = block.columns[:, :, :-1]
        residuals = block.columns[:, :, -1] - columns @ coefficients
        of_coefficients, of_errors, of_units = unit_scores(
            residuals, columns, error[block.periods], float(scales.unit)
        )
        weight = block.weights[:, None]
        scores[block.unit, :width] = weight * of_coefficients
        if constant:
            scores[block.unit, width] = block.weights * of_errors.sum(axis=1)
        else:
            position = width + block.periods
            scores[block.unit[:, None], position] = weight * of_errors
        scores[block.unit, -1:] = weight * of_units
    return scores
