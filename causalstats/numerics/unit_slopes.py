"""Slopes of units that are draws from one normal distribution, exactly, from three sums a unit.

e_i = θ_i v_i + ε, ε ~ Normal(0, s² I), θ_i ~ Normal(θ, s²g²), flat in θ and log s, g half-Cauchy(1): with u_i = 1 / (g² + 1/v_i'v_i) a unit's slope b_i
about θ has variance s²/u_i, so that given g, θ and s² are conjugate, and g is drawn from a grid of its own posterior.
"""

import numpy as np

_GRID = 400


def slopes_of_units(
    squares: np.ndarray, products: np.ndarray, left: float, degrees: float, count: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """`count` draws of θ and of the spread s g (count,), and of every unit's slope (count, N).

    `squares` (N,) are v_i'v_i, `products` v_i'e_i, `left` is Σ e_i'e_i and `degrees` the free rows of all.
    """
    seen = squares > 0
    own, weight = np.where(seen, products / np.where(seen, squares, 1), 0.0), np.where(seen, squares, 0.0)
    within = left - (weight * own**2).sum()
    grid = np.tan(np.pi / 2 * (np.arange(_GRID) + 0.5) / _GRID)  # equally likely a priori
    u = weight / (1 + grid[:, None] ** 2 * weight)
    total = u.sum(axis=1)
    middle = (u * own).sum(axis=1) / total
    rest = within + (u * (own - middle[:, None]) ** 2).sum(axis=1)
    log_density = -np.log1p(grid[:, None] ** 2 * weight).sum(axis=1) / 2 - np.log(total) / 2 - (degrees - 1) / 2 * np.log(rest)
    density = np.exp(log_density - log_density.max())
    at = rng.choice(_GRID, count, p=density / density.sum())
    s2 = rest[at] / rng.chisquare(degrees - 1, count)
    theta = middle[at] + np.sqrt(s2 / total[at]) * rng.standard_normal(count)
    precision = weight + 1 / grid[at, None] ** 2
    mean = (weight * own + theta[:, None] / grid[at, None] ** 2) / precision
    return theta, np.sqrt(s2) * grid[at], mean + np.sqrt(s2[:, None] / precision) * rng.standard_normal(mean.shape)
