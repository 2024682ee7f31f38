"""What each cluster of a dynamic panel says of persistence and effects: its score and its share.

With v the direction of all parameters in which a slope varies, Σ e_j / √Σ_jj, the share of a unit
is v'X_i'Ω⁻¹X_i v, of its columns X_i and the covariance Ω of its errors and its unit effect
(`models.shared.leverage`). Units in whose levels everything is large have large shares.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from causalstats.models.dynamic_panel.density import Scales
from causalstats.models.dynamic_panel.design import design_of, unit_columns
from causalstats.models.shared.leverage import Shares, shares_of
from causalstats.numerics.panel.dynamic_regression import unit_scores

if TYPE_CHECKING:
    from causalstats.data import Panel
    from causalstats.models.dynamic_panel.model import DynamicPanel


@dataclass(frozen=True, eq=False)
class Clusters:
    """The clusters that have a likelihood, at the mean of the parameters.

    Parameters
    ----------
    scores : array, shape (G, k)
        Of all parameters: coefficients, standard deviations of errors and of unit effects.
    shares : Shares
        Of the slopes, which are the first coefficients.
    covariance : array, shape (k, k)
        Of the posterior of all parameters.
    """

    scores: np.ndarray
    shares: Shares
    covariance: np.ndarray


def clusters_of(
    model: DynamicPanel,
    data: Panel,
    scales: Scales,
    means: np.ndarray,
    covariances: np.ndarray,
    leads: int = 0,
) -> Clusters:
    """Return what clusters say, from the moments of coefficients at draws of the scales.

    Parameters
    ----------
    model : DynamicPanel
    data : Panel
    scales : Scales
        n draws.
    means, covariances : array, shape (n, k) and (n, k, k)
        Of the coefficients given the scales.
    leads : 0 or 1
        Whether the treatment of the next period is a column too.
    """
    every = np.column_stack([means, scales.error, scales.unit])
    covariance = np.atleast_2d(np.cov(every.T))
    width = means.shape[1]
    covariance[:width, :width] += covariances.mean(axis=0)
    slopes = design_of(model, data, leads).slopes
    directions = covariance[:, :slopes] / np.sqrt(np.diagonal(covariance)[:slopes])
    centre = Scales(scales.error.mean(axis=0), scales.unit.mean(axis=0))
    by_unit = _by_unit(model, data, centre, means.mean(axis=0), directions, leads)
    sums = np.zeros((len(data.clusters), by_unit.shape[1]))
    np.add.at(sums, data.cluster, by_unit)
    sums = sums[np.abs(sums).sum(axis=1) > 0]
    scores, information = sums[:, :-slopes], sums[:, -slopes:]
    scores = scores - scores.mean(axis=0)
    return Clusters(scores, shares_of(information, scores @ directions), covariance)


def _by_unit(
    model: DynamicPanel,
    data: Panel,
    scales: Scales,
    coefficients: np.ndarray,
    directions: np.ndarray,
    leads: int,
) -> np.ndarray:
    """Return scores and shares of each unit of the panel, (N, k + scales + q); 0 where unused.

    Parameters
    ----------
    model : DynamicPanel
    data : Panel
    scales : Scales
        Of one point: arrays of shape (P,) and ().
    coefficients : array, shape (k,)
    directions : array, shape (k + scales, q)
    leads : 0 or 1
    """
    periods = len(design_of(model, data, leads).periods)
    error = np.broadcast_to(scales.error, (periods,))
    width, slopes = len(coefficients), directions.shape[1]
    found = np.zeros((len(data.units), len(directions) + slopes))
    for block in unit_columns(model, data, leads):
        columns = block.columns[:, :, :-1]
        residuals = block.columns[:, :, -1] - columns @ coefficients
        sd = error[block.periods]
        of_coefficients, of_errors, of_units = unit_scores(
            residuals, columns, sd, float(scales.unit)
        )
        weight = block.weights[:, None]
        found[block.unit, :width] = weight * of_coefficients
        if model.variances == "constant":
            found[block.unit, width] = block.weights * of_errors.sum(axis=1)
        else:
            position = width + block.periods
            found[block.unit[:, None], position] = weight * of_errors
        found[block.unit, len(directions) - 1] = block.weights * of_units[:, 0]
        inverse = np.linalg.inv(np.diag(sd**2) + float(scales.unit) ** 2)
        moved = columns @ directions[:width]
        shares = np.einsum("ntq,ts,nsq->nq", moved, inverse, moved)
        found[block.unit, -slopes:] = weight * shares
    return found
