"""Bayesian linear regression in closed form."""

from __future__ import annotations

import numpy as np
from scipy import linalg

_RIDGE = 1e-3  # of the prior's observations, that hold directions the sample says nothing of


def prior_precision(
    columns: np.ndarray, counts: np.ndarray, spectrum: np.ndarray, weight: float
) -> tuple[np.ndarray, float]:
    """Return the prior precision of the coefficients, in units of 1 / σ², and how many of them the data determine.

    P = c Z'Z / n + 0.001 c diag(1/κ), with Z about its means: as much as c observations like those
    of the sample say (Zellner's g-prior), which shrinks all coefficients by one factor,
    1 / (1 + c/n). A prior with independent coefficients shrinks a confounder's more than the
    treatment's where the two go together, and gives its effect to the treatment
    (regularisation-induced confounding; Hahn, Carvalho, Puelz & He 2018). The small second term
    makes it proper where columns depend on each other.

    The second number is the trace of (Z'Z + P)⁻¹ Z'Z.
    """
    total = counts.sum()
    z = columns - counts @ columns / total
    gram = (z * counts[:, None]).T @ z
    precision = weight / total * gram + _RIDGE * weight * np.diag(1 / spectrum)
    determined = float(np.trace(np.linalg.solve(gram + precision, gram))) if len(gram) else 0.0
    return precision, determined


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

    y = a + Z b + e, e ~ Normal(0, σ²), with y and Z (n, p) about their means and y in units of its standard deviation: a flat, b ~ Normal(0, σ² P⁻¹)
    with P of `prior_precision`, p(σ²) in proportion to σ^(-c - 2 + q) exp(-c / 2σ²), where q of the coefficients are determined by the data: the weight of
    the prior is c observations, and its limit c = 0 has the intervals of least squares. Then with A = Z'Z + P, b̂ = A⁻¹ Z'y

    σ² ~ (y'y - b̂'A b̂ + c) / χ²(n - 1 - q + c),  b ~ Normal(b̂, σ² A⁻¹),  a ~ Normal(0, σ² / n)
    """
    total = counts.sum()
    centre, middle = counts @ columns / total, float(counts @ outcome / total)
    z, y = columns - centre, outcome - middle
    scale = float(np.sqrt(counts @ y**2 / total)) or 1.0
    y = y / scale
    prior, determined = prior_precision(columns, counts, spectrum, weight)
    precision = (z * counts[:, None]).T @ z + prior
    root = linalg.cholesky(precision, lower=True) if z.shape[1] else np.empty((0, 0))
    found = (
        linalg.cho_solve((root, True), (z * counts[:, None]).T @ y) if z.shape[1] else np.empty(0)
    )
    left = counts @ y**2 - found @ precision @ found + weight
    sd = np.sqrt(left / rng.chisquare(total - 1 - determined + weight, size))
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
