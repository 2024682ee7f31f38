"""Savage-Dickey Bayes factors: the density of each partial correlation at 0, posterior by prior.

Given the hyperparameters Θ is Wishart, and the density of r at 0 is closed. It is averaged over
draws of the hyperparameters from their posterior, and from their prior.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr
from scipy import special

from causalstats.data import Composition
from causalstats.models.partial_correlation.marginal_posteriors import pairs
from causalstats.models.partial_correlation.observation import observation_of
from causalstats.models.partial_correlation.priors.base import ShrinkagePrior
from causalstats.models.partial_correlation.row_dependence import row_dependence_of
from causalstats.numerics.compositions import inverse_wishart, log_ratios
from causalstats.numerics.compositions.correlation_posterior import log_density_at_zero
from causalstats.numerics.compositions.partial_correlations import partial_correlations

if TYPE_CHECKING:
    from causalstats.models.partial_correlation.model import PartialCorrelation

_DRAWS = (100, 4000)  # the fewest and the most of the hyperparameters
_LARGEST_NUMBER = 1e7  # of densities, draws times pairs


def bayes_factors(
    model: PartialCorrelation, draws: xr.Dataset, data: Composition
) -> np.ndarray | None:
    """Return p(r = 0 | data) / p(r = 0) of each pair; None where log-ratios are not known.

    Parameters
    ----------
    model : PartialCorrelation
        With a shrinkage prior.
    draws : Dataset
        Posterior draws.
    data : Composition

    Returns
    -------
    array, shape (D (D-1) / 2,)
    """
    prior = model.covariance_prior
    known = observation_of(data).exact and row_dependence_of(data).independent
    known &= model.errors == "normal"
    if not (known and isinstance(prior, ShrinkagePrior)):
        return None
    size = len(data.parts)
    degrees = data.degrees
    count = int(np.clip(_LARGEST_NUMBER / len(pairs(size)[0]), *_DRAWS))
    omega, weights = prior.shrinkage_draws(model, draws, data)
    chosen = np.linspace(0, len(weights) - 1, min(count, len(weights))).astype(int)
    strength = degrees * weights[chosen] / (1 - weights[chosen])
    scatter = inverse_wishart.scatter_of(data.scatter, omega[chosen], strength)
    posterior_density = _log_density_at_zero(scatter, strength + size + degrees)
    rng = np.random.default_rng(0)
    prior_omega, prior_weights = prior.shrinkage_prior_draws(model, data, count, rng)
    prior_strength = degrees * prior_weights / (1 - prior_weights)
    prior_scatter = inverse_wishart.scatter_of(
        np.zeros((size, size)), prior_omega, prior_strength
    )
    prior_density = _log_density_at_zero(prior_scatter, prior_strength + size)
    # A priori all pairs are alike.
    mean = special.logsumexp(prior_density) - np.log(len(prior_density))
    return np.exp(posterior_density - mean)


def _log_density_at_zero(scatter: np.ndarray, degrees: np.ndarray) -> np.ndarray:
    """Return the log of the mean density of each pair's r at 0, over Wishart distributions of Θ.

    Parameters
    ----------
    scatter : array, shape (count, D, D)
        B⁻¹.
    degrees : array, shape (count,)
        ν.

    Returns
    -------
    array, shape (D (D-1) / 2,)
    """
    upper = pairs(scatter.shape[-1])
    total = np.full(len(upper[0]), -np.inf)
    for inverse, freedom in zip(scatter, degrees, strict=True):
        rho = partial_correlations(log_ratios.precision_from_covariance(inverse))[upper]
        total = np.logaddexp(total, log_density_at_zero(rho, freedom))
    return total - np.log(len(scatter))
