"""Centred log-ratios with an inverse-Wishart covariance: everything in closed form, in D x D or n x n matrices, whichever is smaller.

With C the centred log-ratios (n, D) about what covariates explain, m their degrees of freedom, p = D - 1, V an orthonormal basis of the
vectors that sum to zero, and S = C'C:

    Σ ~ IW(ν, (ν - p - 1) V' diag(ω) V)          in the basis V; E Σ is the covariance of independent parts with variances ω
    Θ | C ~ Wishart(ν + m, B),  B = V (Ψ + V'SV)⁻¹ V',  Ψ = (ν - p - 1) V' diag(ω) V

and the evidence is a matrix t. The prior does not depend on V, on a reference, or, with equal ω, on anything but the order of magnitude: by Schur's
lemma the only inverse-Wishart priors that no relabelling of the parts changes have equal ω. Dickey (1967) for the evidence.
"""

import numpy as np
from scipy import special

from causalstats.numerics import log_ratios


def posterior_scale(residuals: np.ndarray, variances: np.ndarray, degrees: float) -> np.ndarray:
    """B of the posterior Θ ~ Wishart(ν + m, B), (D, D), for ν = `degrees` > D and ω = `variances`."""
    rows, size = residuals.shape
    strength = degrees - size
    if rows >= size:
        return log_ratios.pseudo_inverse(log_ratios.centre(np.diag(strength * variances)) + residuals.T @ residuals)
    prior = log_ratios.basis_laplacian(variances) / strength
    across = residuals @ prior
    lower = np.linalg.cholesky(np.eye(rows) + across @ residuals.T)
    half = np.linalg.solve(lower, across)
    return prior - half.T @ half


def log_evidence(residuals: np.ndarray, rows_free: int, variances: np.ndarray, degrees: float) -> float:
    """log p(C | ω, ν) of m = `rows_free` degrees of freedom, as a density of the log-ratios in an orthonormal basis.

    log Γ_p((ν+m)/2) - log Γ_p(ν/2) - (mp/2) log π - (m/2) log|Ψ| - ((ν+m)/2) log|I + Ψ⁻¹ V'SV|
    """
    rows, size = residuals.shape
    p, strength = size - 1, degrees - size
    precision = 1 / variances
    prior_determinant = p * np.log(strength) - np.log(precision).sum() + np.log(precision.sum()) - np.log(size)
    prior = log_ratios.basis_laplacian(variances) / strength
    if rows < size:
        growth = np.linalg.slogdet(np.eye(rows) + residuals @ prior @ residuals.T)[1]
    else:
        whole = log_ratios.centre(np.diag(strength * variances)) + residuals.T @ residuals
        growth = np.linalg.slogdet(whole + 1 / size)[1] - prior_determinant
    gammas = special.multigammaln((degrees + rows_free) / 2, p) - special.multigammaln(degrees / 2, p)
    return float(gammas - rows_free * p / 2 * np.log(np.pi) - rows_free / 2 * prior_determinant - (degrees + rows_free) / 2 * growth)


def draw_precisions(scale: np.ndarray, degrees: float, count: int, rng: np.random.Generator) -> np.ndarray:
    """Draws of Θ ~ Wishart(ν, B) with rows that sum to 0, (count, D, D); ν > D - 2. Bartlett's decomposition in an orthonormal basis."""
    size = len(scale)
    basis, p = log_ratios.helmert(size), size - 1
    root = basis @ np.linalg.cholesky(basis.T @ scale @ basis)
    lower = np.tril(rng.standard_normal((count, p, p)), -1)
    lower[:, np.arange(p), np.arange(p)] = np.sqrt(rng.chisquare(degrees - np.arange(p), (count, p)))
    half = root @ lower
    return half @ half.transpose(0, 2, 1)
