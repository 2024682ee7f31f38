"""Heckman's sample selection model (type II Tobit): outcome and decision jointly Normal.

The likelihood, that of full-information maximum likelihood, in two parametrisations.

Outcome and selection:

    Y = x'β + u,  T = 1[x'γ + v > 0],  (u, v) ~ Normal(0, [[σ², κσ], [κσ, 1]])

Risk and response:

    Y = r = x'β + Z,  P(T=1 | r) = Φ(α r + x'Δ),  Z ~ Normal(0, σ²)

They are one family: γ = (αβ + Δ) / √(1 + α²σ²) and κ = ασ / √(1 + α²σ²) (Balachandar, Garg &
Pierson 2024, proposition 3.1, whose ρ is the covariance κσ); Δ_d = 0 is γ_d = β_d κ/σ. A feature
with β_d = 0 and γ_d ≠ 0 is an exclusion restriction.
"""

import numpy as np
from scipy.special import log_ndtr

from causalstats.numerics.selection.inverse_mills_ratio import inverse_mills_ratio


def response_parameters(
    beta: np.ndarray, gamma: np.ndarray, sigma: np.ndarray, kappa: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return α and Δ of the second parametrisation.

    Parameters
    ----------
    beta, gamma : arrays (..., D)
        Coefficients of the outcome and of the selection equation.
    sigma, kappa : arrays (...)
        Standard deviation of u, and correlation of u and v.

    Returns
    -------
    alpha : array (...)
    delta : array (..., D)

    Examples
    --------
    >>> alpha, delta = response_parameters(
    ...     np.array([1.0]), np.array([0.5]), np.array(2.0), np.array(0.6)
    ... )
    >>> alpha.round(3), delta.round(3)
    (np.float64(0.375), array([0.25]))
    """
    spread = np.sqrt(1 - kappa**2)
    alpha = kappa / (sigma * spread)
    return alpha, gamma / spread[..., None] - alpha[..., None] * beta


def selection_parameters(
    beta: np.ndarray, delta: np.ndarray, sigma: np.ndarray, alpha: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return γ and κ of the first parametrisation, the inverse of `response_parameters`.

    Parameters
    ----------
    beta, delta : arrays (..., D)
    sigma, alpha : arrays (...)

    Returns
    -------
    gamma : array (..., D)
    kappa : array (...)
    """
    spread = 1 / np.sqrt(1 + (alpha * sigma) ** 2)
    return spread[..., None] * (alpha[..., None] * beta + delta), alpha * sigma * spread


def log_likelihood(
    outcome: np.ndarray,
    decided: np.ndarray,
    mean: np.ndarray,
    index: np.ndarray,
    sigma: np.ndarray,
    kappa: np.ndarray,
) -> np.ndarray:
    """Return log p(T, Y where T = 1) of every person.

    T=1: log Normal(y; x'β, σ) + log Φ((x'γ + κ e) / √(1 - κ²)) with e = (y - x'β)/σ;
    T=0: log Φ(-x'γ).

    Parameters
    ----------
    outcome : array (N,)
        Whatever stands where `decided` is False is not used.
    decided : bool array (N,)
    mean, index : arrays (..., N)
        x'β and x'γ, with their intercepts.
    sigma, kappa : arrays (..., 1)

    Returns
    -------
    array (..., N)
    """
    error = np.where(decided, (outcome - mean) / sigma, 0.0)
    seen = (
        -(error**2) / 2
        - np.log(sigma)
        - np.log(2 * np.pi) / 2
        + log_ndtr((index + kappa * error) / np.sqrt(1 - kappa**2))
    )
    return np.where(decided, seen, log_ndtr(-index))


def expected_outcome(
    mean: np.ndarray, index: np.ndarray, covariance: np.ndarray, decided: bool
) -> np.ndarray:
    """Return E[Y | T, x], the mean corrected by the inverse Mills ratio.

    x'β + κσ φ(x'γ)/Φ(x'γ) where decided for, x'β - κσ φ(x'γ)/Φ(-x'γ) where not.

    Parameters
    ----------
    mean, index : arrays
        x'β and x'γ.
    covariance : array
        κσ.
    decided : bool
        T.

    Examples
    --------
    >>> expected_outcome(np.zeros(1), np.zeros(1), np.ones(1), decided=True).round(3)
    array([0.798])
    """
    sign = 1.0 if decided else -1.0
    return mean + sign * covariance * inverse_mills_ratio(sign * index)
