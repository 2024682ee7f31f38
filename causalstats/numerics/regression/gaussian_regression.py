"""Bayesian linear regression in closed form, with Zellner's g-prior."""

from __future__ import annotations

import numpy as np
from scipy import linalg

# Share of the prior's observations, for directions that the sample says nothing of
_RIDGE = 1e-3


def prior_precision(
    columns: np.ndarray, counts: np.ndarray, spectrum: np.ndarray, weight: float
) -> tuple[np.ndarray, float]:
    """Return the prior precision of the coefficients, in units of 1 / σ².

    P = c Z'Z / n + 0.001 c diag(1/κ), with Z about its means: as much as c observations like those
    of the sample say (Zellner's g-prior), which shrinks all coefficients by one factor,
    1 / (1 + c/n). A prior with independent coefficients shrinks a confounder's more than the
    treatment's where the two go together, and gives its effect to the treatment
    (regularisation-induced confounding; Hahn, Carvalho, Puelz & He 2018). The small second term
    makes it proper where columns depend on each other.

    Parameters
    ----------
    columns : array, shape (n, p)
        Z, not centred.
    counts : array, shape (n,)
        How often each row was seen.
    spectrum : array, shape (p,)
        Relative prior variances κ.
    weight : float
        c, observations that the prior is worth.

    Returns
    -------
    precision : array, shape (p, p)
        P.
    determined : float
        How many coefficients the data determine: the trace of (Z'Z + P)⁻¹ Z'Z.

    Examples
    --------
    >>> columns = np.array([[0.0], [1.0], [2.0], [3.0]])
    >>> precision, determined = prior_precision(columns, np.ones(4), np.ones(1), 1.0)
    >>> precision.round(3), round(determined, 3)
    (array([[1.251]]), 0.8)
    """
    total = counts.sum()
    z = columns - counts @ columns / total
    gram = (z * counts[:, None]).T @ z
    precision = weight / total * gram + _RIDGE * weight * np.diag(1 / spectrum)
    determined = (
        float(np.trace(np.linalg.solve(gram + precision, gram))) if len(gram) else 0.0
    )
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
    """Return posterior draws of coefficients and of the standard deviation of the errors.

    y = a + Z b + e, e ~ Normal(0, σ²), with y and Z about their means and y in units of its
    standard deviation: a flat, b ~ Normal(0, σ² P⁻¹) with P of `prior_precision`, and p(σ²) in
    proportion to σ^(-c - 2 + q) exp(-c / 2σ²), where q of the coefficients are determined by the
    data. The prior is worth c observations, and its limit c = 0 has the intervals of least squares.
    Then with A = Z'Z + P, b̂ = A⁻¹ Z'y::

        σ² ~ (y'y - b̂'A b̂ + c) / χ²(n - 1 - q + c)
        b ~ Normal(b̂, σ² A⁻¹),  a ~ Normal(0, σ² / n)

    Parameters
    ----------
    columns : array, shape (n, p)
    outcome : array, shape (n,)
    counts : array, shape (n,)
        How often each row was seen.
    spectrum : array, shape (p,)
        Relative prior variances of the coefficients.
    weight : float
        c.
    size : tuple of int
        Shape of the draws.
    rng : Generator

    Returns
    -------
    coefficients : array, shape (*size, 1 + p)
        Intercept and slopes.
    sd : array, shape (*size,)

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> x = rng.normal(size=(200, 1))
    >>> y = 1 + 2 * x[:, 0] + rng.normal(size=200)
    >>> coefficients, sd = draw(x, y, np.ones(200), np.ones(1), 1.0, (1000,), rng)
    >>> coefficients.mean(axis=0).round(1)
    array([0.9, 2. ])
    """
    total = counts.sum()
    centre, mean = counts @ columns / total, float(counts @ outcome / total)
    z, y = columns - centre, outcome - mean
    scale = float(np.sqrt(counts @ y**2 / total)) or 1.0
    y = y / scale
    weighted = (z * counts[:, None]).T
    prior, determined = prior_precision(columns, counts, spectrum, weight)
    precision = weighted @ z + prior
    estimate = np.empty(0)
    width = z.shape[1]
    if width:
        root = linalg.cholesky(precision, lower=True)
        estimate = linalg.cho_solve((root, True), weighted @ y)
    residual = counts @ y**2 - estimate @ precision @ estimate + weight
    sd = np.sqrt(residual / rng.chisquare(total - 1 - determined + weight, size))
    noise = rng.standard_normal((*size, width))
    if width:
        flat = noise.reshape(-1, width).T
        flat = linalg.solve_triangular(root, flat, lower=True, trans="T")
        noise = flat.T.reshape(noise.shape)
    slopes = estimate + sd[..., None] * noise
    intercept = sd * rng.standard_normal(size) / np.sqrt(total) - slopes @ centre
    coefficients = [mean + scale * intercept[..., None], scale * slopes]
    return np.concatenate(coefficients, axis=-1), scale * sd
