"""Posterior of random slopes (a hierarchical model): slopes of units from one normal distribution.

For the rows of unit i, with columns Φ_i, v_i and d_i,

    y_i = Φ_i λ + θ v_i + (θ_i - θ) d_i + ε,   ε ~ Normal(0, s² I)
    θ_i ~ Normal(θ, s² g²),   λ_k ~ Normal(0, s² / r_k),   flat in θ and log s,   g half-Cauchy(1)

Given g a unit's errors have the covariance s² (I + g² d_i d_i'), so that with X = (Φ, v)

    W = (X, y)'(X, y) - Σ_i w_i (X_i, y_i)'d_i d_i'(X_i, y_i),   w_i = g² / (1 + g² d_i'd_i)

has all that (λ, θ) and s² need, which are conjugate. g is drawn from a grid of its own posterior.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_GRID_POINTS = 400
_ROUNDS = 5  # in which the mean of s² is found, which the prior of λ is relative to
_NUMBERS_AT_ONCE = 2_000_000


@dataclass(frozen=True, eq=False)
class RandomSlopes:
    """Draws of slopes that differ by unit.

    Parameters
    ----------
    mean : array, shape (draws,)
        θ.
    spread : array, shape (draws,)
        Standard deviation of the slopes, s g.
    ratio : array, shape (draws,)
        g, the spread over the standard deviation of the errors.
    by_unit : array, shape (draws, N)
        θ + b_i.
    """

    mean: np.ndarray
    spread: np.ndarray
    ratio: np.ndarray
    by_unit: np.ndarray


def draw_random_slopes(
    gram: np.ndarray,
    cross: np.ndarray,
    squares: np.ndarray,
    variances: np.ndarray,
    degrees: float,
    count: int,
    rng: np.random.Generator,
) -> RandomSlopes:
    """Return posterior draws of the mean, the spread, and every unit's slope.

    Parameters
    ----------
    gram : array, shape (p + 2, p + 2)
        Cross-products of (Φ, v, y).
    cross : array, shape (N, p + 2)
        Cross-products of each unit's rows of (Φ, v, y) with d_i.
    squares : array, shape (N,)
        d_i'd_i.
    variances : array, shape (p,)
        Prior variances of λ; 1/r is their ratio to the mean of s².
    degrees : float
        Free rows.
    count : int
        How many draws.
    rng : Generator

    Returns
    -------
    RandomSlopes

    Examples
    --------
    200 units of five rows, whose slopes have mean 1 and standard deviation 0.5:

    >>> rng = np.random.default_rng(1)
    >>> phi, d = rng.normal(size=(2, 200, 5))
    >>> slopes = 1 + 0.5 * rng.normal(size=200)
    >>> y = slopes[:, None] * d + rng.normal(size=(200, 5))
    >>> columns = np.stack([phi, d, y], axis=2)
    >>> gram = np.einsum("nti,ntj->ij", columns, columns)
    >>> cross = np.einsum("nti,nt->ni", columns, d)
    >>> squares = (d**2).sum(axis=1)
    >>> draws = draw_random_slopes(gram, cross, squares, np.ones(1), 1000, 500, rng)
    >>> draws.mean.mean().round(1).item(), draws.spread.mean().round(1).item()
    (1.1, 0.5)
    """
    # Equally likely points of a half-Cauchy distribution.
    grid = np.tan(np.pi / 2 * (np.arange(_GRID_POINTS) + 0.5) / _GRID_POINTS)
    size = len(variances) + 1
    weighted = _weighted_grams(gram, cross, squares, grid)
    target = weighted[:, :size, size]
    log_volume = np.log1p(grid[:, None] ** 2 * squares).sum(axis=1)
    noise = gram[size, size] / degrees
    for _ in range(_ROUNDS):
        inner = weighted[:, :size, :size] + np.diag(np.append(noise / variances, 0.0))
        centre = np.linalg.solve(inner, target[:, :, None])[:, :, 0]
        rest = weighted[:, size, size] - (centre * target).sum(axis=1)
        log_determinant = np.linalg.slogdet(inner)[1]
        log_density = -(log_volume + log_determinant + (degrees - 1) * np.log(rest)) / 2
        density = np.exp(log_density - log_density.max())
        density /= density.sum()
        noise = density @ rest / (degrees - 3)
    point = rng.choice(_GRID_POINTS, count, p=density)
    error_sd = np.sqrt(rest[point] / rng.chisquare(degrees - 1, count))
    roots = np.linalg.cholesky(np.linalg.inv(inner))[point]
    standard = (roots @ rng.standard_normal((count, size, 1)))[:, :, 0]
    coefficients = centre[point] + error_sd[:, None] * standard
    precision = squares + 1 / grid[point, None] ** 2
    deviation = (cross[:, size] - coefficients @ cross[:, :size].T) / precision
    noise_sd = error_sd[:, None] / np.sqrt(precision)
    slopes = coefficients[:, -1:] + deviation
    slopes = slopes + noise_sd * rng.standard_normal(deviation.shape)
    return RandomSlopes(
        mean=coefficients[:, -1],
        spread=error_sd * grid[point],
        ratio=grid[point],
        by_unit=slopes,
    )


def _weighted_grams(
    gram: np.ndarray, cross: np.ndarray, squares: np.ndarray, grid: np.ndarray
) -> np.ndarray:
    """Cross-products (points, p + 2, p + 2) with units' rows weighted by (I + g² d_i d_i')⁻¹.

    Parameters
    ----------
    gram, cross, squares : array
        As in `draw_random_slopes`.
    grid : array, shape (points,)
        g.
    """
    width = len(gram)
    weights = grid[:, None] ** 2 / (1 + grid[:, None] ** 2 * squares)
    explained = np.zeros((len(grid), width * width))
    step = max(1, _NUMBERS_AT_ONCE // width**2)
    for start in range(0, len(squares), step):
        part = cross[start : start + step]
        outer = (part[:, :, None] * part[:, None, :]).reshape(len(part), -1)
        explained += weights[:, start : start + step] @ outer
    return gram - explained.reshape(len(grid), width, width)
