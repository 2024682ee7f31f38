"""Several regressions on the same columns, each with a normal prior of its own of what it does in all of them, and whose errors have any cross-products.

Y (n, q) = Φ A + E, E B' = Z, column j of Z ~ Normal(0, s_j² R_j), row k of A ~ Normal(0, F_k F_k') independently. With G_j the cross-products of [Φ, Y] in the
metric R_j⁻¹, Ω_j = B_j'B_j / s_j², B_j the row j of B, and F the F_k in blocks, the likelihood with A integrated out is, but for Π |s_j² R_j|^-½,

    -½ (log |I + F'PF| + c - b'F (I + F'PF)⁻¹ F'b),   P = Σ_j Ω_j ⊗ G_j^ΦΦ,  b = Σ_j vec(G_j^ΦY Ω_j),  c = Σ_j tr(Ω_j G_j^YY)

It needs no rows, and (pq)³ operations: `canonical_regression` needs pq² where all F_k are in proportion and all R_j are one.
"""

from typing import Any

import numpy as np


def with_derivatives(
    xp: Any, grams: Any, precisions: Any, factors: Any
) -> tuple[Any, Any, Any, Any]:
    """The log likelihood and its derivatives in G (q, p+q, p+q), Ω (q, q, q) and F (q, q, p), by NumPy or jax.numpy."""
    aims, _, size = factors.shape
    half, scaled, weight = _posterior(xp, grams, precisions, factors)
    covariance = xp.linalg.inv(scaled)
    solved = covariance @ weight.ravel()
    value = (
        -(
            xp.linalg.slogdet(scaled)[1]
            + (precisions * grams[:, size:, size:]).sum()
            - weight.ravel() @ solved
        )
        / 2
    )
    # Second moments of F⁻¹ vec A, and of (-A_.a, unit vector a), which [Φ, Y] turns into what is left of Y_a.
    latent = (covariance + solved[:, None] * solved).reshape(aims, size, aims, size)
    inner = xp.einsum("ajk,jkml,bml->akbl", factors, latent, factors)
    solved = solved.reshape(aims, size)
    mean, unit = xp.einsum("ajk,jk->ak", factors, solved), xp.eye(aims)
    upper = xp.concatenate([inner, -mean[:, :, None, None] * unit], 3)
    lower = xp.concatenate([-unit[:, :, None, None] * mean, unit[:, :, None, None] * unit], 3)
    moments = xp.concatenate([upper, lower], 1)
    of_grams = -xp.einsum("jab,akbl->jkl", precisions, moments) / 2
    of_factors = _weight(xp, grams, precisions, size)[:, None] * solved - xp.einsum(
        "jknl,nlmk->jmk", half, latent
    )
    return value, of_grams, -xp.einsum("jkl,akbl->jab", grams, moments) / 2, of_factors


def _weight(xp: Any, grams: Any, precisions: Any, size: int) -> Any:
    """b, (q, p)."""
    return xp.einsum("jab,jkb->ak", precisions, grams[:, :size, size:])


def _posterior(xp: Any, grams: Any, precisions: Any, factors: Any) -> tuple[Any, Any, Any]:
    """PF (q, p, q, p), I + F'PF (qp, qp) and F'b (q, p)."""
    aims, _, size = factors.shape
    half = xp.einsum(
        "jab,jkl,bml->akml", precisions, grams[:, :size, :size], factors, optimize=True
    )
    inner = xp.einsum("ajk,akml->jkml", factors, half).reshape(aims * size, aims * size)
    weight = xp.einsum("ajk,ak->jk", factors, _weight(xp, grams, precisions, size))
    return half, xp.eye(aims * size) + inner, weight


def coefficients(grams: np.ndarray, precisions: np.ndarray, factors: np.ndarray) -> np.ndarray:
    """The posterior mean of A, (p, q)."""
    _, scaled, weight = _posterior(np, grams, precisions, factors)
    return np.einsum(
        "ajk,jk->ka", factors, np.linalg.solve(scaled, weight.ravel()).reshape(weight.shape)
    )
