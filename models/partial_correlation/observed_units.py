"""What was observed of each row of a composition, or of each subject where rows depend.

The coefficients B of intercept and covariates, which the posterior integrates out, are drawn given
Θ, so that rows are independent given all parameters:

    log p(rows of one subject) = n/2 log |Λ| - tr(A E Θ E'A') / 2 - (n p log 2π + p log |R|) / 2

with the residuals E = C - W B, and AA' = R⁻¹ the correlation of the n rows. Rows of
errors="student" have the density of a multivariate t distribution.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import xarray as xr

from causalstats.core.observed_units import ObservedUnits
from causalstats.data import Composition
from causalstats.errors import ModelError
from causalstats.models.partial_correlation import student_rows
from causalstats.models.partial_correlation.observation import observation_of
from causalstats.models.partial_correlation.row_dependence import row_dependence_of
from causalstats.numerics.compositions import log_ratios
from causalstats.numerics.regression.row_correlation import coefficients

if TYPE_CHECKING:
    from causalstats.models.partial_correlation.model import PartialCorrelation


def observed_units(
    model: PartialCorrelation,
    draws: xr.Dataset,
    data: Composition,
    rng: np.random.Generator,
) -> ObservedUnits:
    """Return the Aitchison distance of each row from its expectation by least squares.

    Parameters
    ----------
    model : PartialCorrelation
    draws : Dataset
        With `precision`, as exact posteriors and recovered ones have it.
    data : Composition
    rng : Generator

    Raises
    ------
    ModelError
        If log-ratios are sampled row by row, rows are one series in time, or Θ is not drawn.
    """
    if not observation_of(data).exact:
        raise ModelError(
            "Each row of counts, or of values within bounds, has log-ratios of its own, which are "
            "sampled and not kept. Its likelihood given Θ is an integral over them without a "
            "closed form, and weights by the likelihood given the log-ratios would rest on single "
            "draws: leaving a row out frees its own log-ratios. Compare models by their checks."
        )
    if "precision" not in draws:
        raise ModelError("These draws have no `precision`, which rows depend on.")
    subject = _subjects(data)
    if subject.max() == 0:
        raise ModelError(
            "These rows are one series in time: none of them can be left out alone. Name "
            "the `subject` of each where there are several."
        )
    dependent = data.dependence is not None
    table = data.source.iloc[np.unique(subject, return_index=True)[1]]
    return ObservedUnits(
        name="distance",
        dim="subject" if dependent else "row",
        labels=np.arange(subject.max() + 1),
        observed=_distances(data.residuals, subject),
        meaning="Aitchison distance of each row from its expectation by least squares"
        + (" (root mean square over the rows of a subject)." if dependent else "."),
        log_likelihood=lambda: _log_likelihood(draws, data, subject, rng),
        replicate=lambda: _replicate(draws, data, subject, rng),
        table=pd.DataFrame(table).reset_index(drop=True),
    )


def _subjects(data: Composition) -> np.ndarray:
    """Return the number of the piece that each row belongs to."""
    if data.dependence is None:
        return np.arange(len(data))
    return np.unique(data.dependence.subject, return_inverse=True)[1]


def _distances(residuals: np.ndarray, subject: np.ndarray) -> np.ndarray:
    squares = np.bincount(subject, (residuals**2).sum(axis=1))
    return np.sqrt(squares / np.bincount(subject))


def _log_likelihood(
    draws: xr.Dataset,
    data: Composition,
    subject: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    """Return the log likelihood (draws, subject), with coefficients drawn given Θ.

    Parameters
    ----------
    draws : Dataset
    data : Composition
    subject : int array, shape (n,)
    rng : Generator
    """
    theta = draws["precision"].to_numpy()
    theta = theta.reshape(-1, *theta.shape[-2:])
    size = len(data.parts)
    rank = size - 1
    log_determinant = np.linalg.slogdet(theta + 1 / size)[1]
    rows = row_dependence_of(data)
    correlations = np.broadcast_to(rows.correlations(draws), len(theta))
    ratios = log_ratios.clr(data.values)
    count = np.bincount(subject)
    values = np.empty((len(theta), len(count)))
    estimate, spread = coefficients(ratios, data.matrix, 0.0, {})
    roots = log_ratios.covariance_root(theta)
    weights = student_rows.weights_of(draws)
    degrees = student_rows.degrees_of(draws)
    for k, correlation in enumerate(correlations):
        if not rows.independent:
            estimate, spread = coefficients(
                ratios, data.matrix, correlation, rows.links
            )
        if weights is not None:
            weight = np.sqrt(weights[k])[:, None]
            estimate, spread = coefficients(
                weight * ratios, weight * data.matrix, 0.0, {}
            )
        noise = rng.standard_normal((len(estimate), rank))
        drawn = estimate + np.linalg.cholesky(spread) @ noise @ roots[k].T
        residuals = ratios - data.matrix @ drawn
        white, log_volume = rows.whiten(residuals, float(correlation), subject)
        squares = np.einsum("ij,jk,ik->i", white, theta[k], white)
        if degrees is not None:
            values[k] = student_rows.log_density(
                squares, log_determinant[k], degrees[k], rank
            )
            continue
        values[k] = count * (log_determinant[k] - rank * np.log(2 * np.pi)) / 2
        values[k] -= (np.bincount(subject, squares) + rank * log_volume) / 2
    return values


def _replicate(
    draws: xr.Dataset,
    data: Composition,
    subject: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    """Return replicated distances (draws, subject), which coefficients do not change.

    Parameters
    ----------
    draws : Dataset
    data : Composition
    subject : int array, shape (n,)
    rng : Generator
    """
    theta = draws["precision"].to_numpy()
    roots = log_ratios.covariance_root(theta.reshape(-1, *theta.shape[-2:]))
    rows = row_dependence_of(data)
    correlations = np.broadcast_to(rows.correlations(draws), len(roots))
    basis = np.linalg.qr(data.matrix)[0]
    replicated = []
    degrees = student_rows.degrees_of(draws)
    for k, (root, correlation) in enumerate(zip(roots, correlations, strict=True)):
        noise = rng.standard_normal((len(data), root.shape[1]))
        if degrees is not None:
            weights = student_rows.draw_weights(degrees[k], len(data), rng)
            noise /= np.sqrt(weights)[:, None]
        errors = rows.correlate(noise, float(correlation), rng) @ root.T
        residuals = errors - basis @ (basis.T @ errors)
        replicated.append(_distances(residuals, subject))
    return np.array(replicated)
