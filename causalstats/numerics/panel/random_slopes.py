"""Slopes of units that are draws from one normal distribution, beside other columns, exactly, from sums of squares and products.

y_i = Φ_i λ + θ v_i + (θ_i - θ) d_i + ε, ε ~ Normal(0, s² I), θ_i ~ Normal(θ, s²g²), λ_k ~ Normal(0, s²/r_k), flat in θ and log s, g half-Cauchy(1). Given g a
unit's errors have the covariance s² (I + g² d_i d_i'), so that with X = (Φ, v)

    W = (X, y)'(X, y) - Σ_i w_i (X_i, y_i)'d_i d_i'(X_i, y_i),   w_i = g² / (1 + g² d_i'd_i)

has all that (λ, θ) and s² need, which are conjugate, and g is drawn from a grid of its own posterior.
"""

import numpy as np

_GRID, _ROUNDS = 400, 5
_AT_ONCE = 2_000_000  # numbers


def slopes_of_units(
    gram: np.ndarray,
    cross: np.ndarray,
    squares: np.ndarray,
    variances: np.ndarray,
    degrees: float,
    count: int,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """`count` draws of θ, of the spread s g and of g (count,), and of every unit's slope (count, N).

    `gram` (p + 2, p + 2) are the cross-products of (Φ, v, y), `cross` (N, p + 2) those of each unit's with d_i, `squares` (N,) d_i'd_i, `degrees` the free
    rows of all, and `variances` (p,) those of λ: r is what they are of the mean of s², which is found in some rounds.
    """
    grid = np.tan(np.pi / 2 * (np.arange(_GRID) + 0.5) / _GRID)  # equally likely a priori
    size, width = len(variances) + 1, len(gram)
    weights, whole = (
        grid[:, None] ** 2 / (1 + grid[:, None] ** 2 * squares),
        np.zeros((_GRID, width * width)),
    )
    step = max(1, _AT_ONCE // width**2)
    for start in range(0, len(squares), step):
        part = cross[start : start + step]
        whole += weights[:, start : start + step] @ (part[:, :, None] * part[:, None, :]).reshape(
            len(part), -1
        )
    whole = gram - whole.reshape(_GRID, width, width)
    aim, volume, noise = (
        whole[:, :size, size],
        np.log1p(grid[:, None] ** 2 * squares).sum(axis=1),
        gram[size, size] / degrees,
    )
    for _ in range(_ROUNDS):
        inner = whole[:, :size, :size] + np.diag(np.append(noise / variances, 0.0))
        middle = np.linalg.solve(inner, aim[:, :, None])[:, :, 0]
        rest = whole[:, size, size] - (middle * aim).sum(axis=1)
        log_density = -(volume + np.linalg.slogdet(inner)[1] + (degrees - 1) * np.log(rest)) / 2
        density = np.exp(log_density - log_density.max())
        density /= density.sum()
        noise = density @ rest / (degrees - 3)
    at = rng.choice(_GRID, count, p=density)
    s = np.sqrt(rest[at] / rng.chisquare(degrees - 1, count))
    roots = np.linalg.cholesky(np.linalg.inv(inner))[at]
    coefficients = (
        middle[at] + s[:, None] * (roots @ rng.standard_normal((count, size, 1)))[:, :, 0]
    )
    precision = squares + 1 / grid[at, None] ** 2
    own = (cross[:, size] - coefficients @ cross[:, :size].T) / precision
    slopes = (
        coefficients[:, -1:]
        + own
        + s[:, None] / np.sqrt(precision) * rng.standard_normal(own.shape)
    )
    return coefficients[:, -1], s * grid[at], grid[at], slopes
