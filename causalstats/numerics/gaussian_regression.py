"""Bayesian linear regression in closed form."""

from __future__ import annotations

import numpy as np
from scipy import linalg


def draw(
    columns: np.ndarray,
    outcome: np.ndarray,
    counts: np.ndarray,
    spectrum: np.ndarray,
    weight: float,
    size: tuple[int, ...],
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """Posterior draws of the intercept and coefficients (*size, 1 + p) and of the standard deviation of the errors (*size,).

    y = a + Z b + e, e ~ Normal(0, σ²), with y and Z (n, p) about their means and y in units of its standard deviation: a flat, b_k ~ Normal(0, σ² κ_k / c),
    σ² ~ InverseGamma(c / 2, c / 2), the normal-inverse-gamma prior that weighs `weight` = c observations. Then with A = Z'Z + c diag(1/κ), b̂ = A⁻¹ Z'y

    σ² ~ (y'y - b̂'A b̂ + c) / χ²(n - 1 + c),  b ~ Normal(b̂, σ² A⁻¹),  a ~ Normal(0, σ² / n)
    """
    total = counts.sum()
    centre, middle = counts @ columns / total, float(counts @ outcome / total)
    z, y = columns - centre, outcome - middle
    scale = float(np.sqrt(counts @ y**2 / total)) or 1.0
    y = y / scale
    precision = (z * counts[:, None]).T @ z + weight * np.diag(1 / spectrum)
    root = linalg.cholesky(precision, lower=True) if z.shape[1] else np.empty((0, 0))
    found = (
        linalg.cho_solve((root, True), (z * counts[:, None]).T @ y) if z.shape[1] else np.empty(0)
    )
    left = counts @ y**2 - found @ precision @ found + weight
    sd = np.sqrt(left / rng.chisquare(total - 1 + weight, size))
    noise = rng.standard_normal((*size, z.shape[1]))
    if z.shape[1]:
        noise = linalg.solve_triangular(
            root, noise.reshape(-1, z.shape[1]).T, lower=True, trans="T"
        ).T.reshape(noise.shape)
    slopes = found + sd[..., None] * noise
    intercept = sd * rng.standard_normal(size) / np.sqrt(total) - slopes @ centre
    return np.concatenate(
        [middle + scale * intercept[..., None], scale * slopes], axis=-1
    ), scale * sd
