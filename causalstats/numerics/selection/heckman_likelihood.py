"""The selection model of Heckman: outcome and decision jointly Normal, in either of its two parametrisations.

    Y = x'β + u,  T = 1[x'γ + v > 0],  (u, v) ~ Normal(0, [[σ², κσ], [κσ, 1]])                     outcome and selection
    Y = r = x'β + Z,  P(T=1 | r) = Φ(α r + x'Δ),  Z ~ Normal(0, σ²)                                 risk and response

They are one family: γ = (αβ + Δ) / √(1 + α²σ²) and κ = ασ / √(1 + α²σ²) (Balachandar, Garg & Pierson 2024, proposition 3.1, whose ρ is
the covariance κσ); Δ_d = 0 is γ_d = β_d κ/σ.
"""

import numpy as np
from scipy.special import log_ndtr, ndtr


def response_and_policy(
    beta: np.ndarray, gamma: np.ndarray, sigma: np.ndarray, kappa: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """α and Δ. Coefficients have a last axis that σ and κ lack."""
    spread = np.sqrt(1 - kappa**2)
    alpha = kappa / (sigma * spread)
    return alpha, gamma / spread[..., None] - alpha[..., None] * beta


def selection(
    beta: np.ndarray, delta: np.ndarray, sigma: np.ndarray, alpha: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """γ and κ, the inverse of `response_and_policy`."""
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
    """log p(T, Y where T = 1) of every person, shapes that broadcast to (..., N): `mean` is x'β, `index` x'γ.

    T=1: log Normal(y; x'β, σ) + log Φ((x'γ + κ e) / √(1 - κ²)), e = (y - x'β)/σ; T=0: log Φ(-x'γ).
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
    """E[Y | T, x]: x'β + κσ φ(x'γ)/Φ(x'γ) where decided for, x'β - κσ φ(x'γ)/Φ(-x'γ) where not."""
    sign = 1.0 if decided else -1.0
    return mean + sign * covariance * inverse_mills(sign * index)


def inverse_mills(index: np.ndarray) -> np.ndarray:
    """φ(u)/Φ(u), of every digit in the left tail."""
    return np.exp(-(index**2) / 2 - log_ndtr(index)) / np.sqrt(2 * np.pi)


def chance(index: np.ndarray) -> np.ndarray:
    """P(T=1 | x)."""
    return ndtr(index)
