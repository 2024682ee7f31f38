"""Coefficients of a dynamic panel, which the graph integrates out, and their robust spread.

By default draws have the spread of the likelihood, in which errors are normal and have the same
variance in all units in a period. With errors="cluster" they are stretched about their mean so that
their covariance is the sandwich Σ J Σ of the posterior covariance Σ of all parameters and the
products J of clusters' scores (the open-faced sandwich of Shaby 2014; Müller 2013), so that heavy
tails, variances that differ between units, and shocks that units of a cluster share are allowed
for. It is moderated where a few clusters say most, such as those of large units
(`models.shared.leverage`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from causalstats.models.dynamic_panel.clusters import clusters_of
from causalstats.models.dynamic_panel.density import (
    Scales,
    coefficient_moments,
    draw_normal,
    period_labels,
    scales_of,
)
from causalstats.models.dynamic_panel.design import design_of
from causalstats.models.shared.leverage import moderated

if TYPE_CHECKING:
    from causalstats.data import Panel
    from causalstats.models.dynamic_panel.model import DynamicPanel

_PRIOR_DEGREES = 3.0  # of a dispersion that all clusters have in common


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
    said = clusters_of(model, data, scales, means, covariances, leads)
    width = design_of(model, data, leads).slopes
    robust = moderated(said.scores, said.shares, said.covariance, _PRIOR_DEGREES)
    within = said.covariance[:width, :width]
    inverse = np.linalg.inv(np.linalg.cholesky(within))
    return np.linalg.cholesky(robust[:width, :width]) @ inverse
