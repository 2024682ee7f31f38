"""Several regressions on the same columns whose coefficients have any independent normal priors, and whose errors any cross-products of their own.

Y (n, q) = Φ A + E, E B' = Z, column j of Z ~ Normal(0, s_j² R_j), A_ka ~ Normal(0, d_ak). With G_j the cross-products of [Φ, Y] in the metric R_j⁻¹ and
Ω_j = B_j'B_j / s_j², B_j the row j of B, the likelihood with A integrated out is, but for Π |s_j² R_j|^-½,

    -½ (log |I + D^½ P D^½| + c - b'(P + D⁻¹)⁻¹ b),   P = Σ_j Ω_j ⊗ G_j^ΦΦ,  b = Σ_j vec(G_j^ΦY Ω_j),  c = Σ_j tr(Ω_j G_j^YY)

It needs no rows, and (pq)³ operations: `canonical_regression` needs pq² where priors differ by a factor between regressions and all R_j are one.
"""

from typing import Any

import numpy as np


def with_derivatives(xp: Any, grams: Any, precisions: Any, roots: Any) -> tuple[Any, Any, Any, Any]:
    """The log likelihood and its derivatives in G (q, p+q, p+q), Ω (q, q, q) and √d (q, p), by NumPy or jax.numpy."""
    aims, size = roots.shape
    scaled, weight = _posterior(xp, grams, precisions, roots)
    covariance = xp.linalg.inv(scaled)
    solved = covariance @ weight
    value = -(xp.linalg.slogdet(scaled)[1] + (precisions * grams[:, size:, size:]).sum() - weight @ solved) / 2
    of_roots = ((solved**2 + xp.diagonal(covariance) - 1) / roots.ravel()).reshape(aims, size)
    mean = (roots.ravel() * solved).reshape(aims, size)
    unit = xp.eye(aims)
    # Second moments of (-A_.a, unit vector a), which [Φ, Y] turns into what is left of Y_a.
    inner = (roots.ravel()[:, None] * covariance * roots.ravel()).reshape(aims, size, aims, size) + mean[:, :, None, None] * mean
    upper = xp.concatenate([inner, -mean[:, :, None, None] * unit], 3)
    lower = xp.concatenate([-unit[:, :, None, None] * mean, unit[:, :, None, None] * unit], 3)
    moments = xp.concatenate([upper, lower], 1)
    of_grams = -xp.einsum("jab,akbl->jkl", precisions, moments) / 2
    return value, of_grams, -xp.einsum("jkl,akbl->jab", grams, moments) / 2, of_roots


def _posterior(xp: Any, grams: Any, precisions: Any, roots: Any) -> tuple[Any, Any]:
    """I + D^½ P D^½ and D^½ b."""
    aims, size = roots.shape
    root = roots.ravel()
    whole = xp.einsum("jab,jkl->akbl", precisions, grams[:, :size, :size]).reshape(aims * size, aims * size)
    weight = xp.einsum("jab,jkb->ak", precisions, grams[:, :size, size:]).ravel()
    return xp.eye(aims * size) + root[:, None] * whole * root, root * weight


def coefficients(grams: np.ndarray, precisions: np.ndarray, roots: np.ndarray) -> np.ndarray:
    """The posterior mean of A, (p, q)."""
    scaled, weight = _posterior(np, grams, precisions, roots)
    return (roots.ravel() * np.linalg.solve(scaled, weight)).reshape(roots.shape).T
