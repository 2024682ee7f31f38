"""Several regressions on the same columns, with normal priors of their coefficients, in as many independent pieces as there are columns.

Y (n, q) = Φ A + E, rows of E ~ Normal(0, Σ), row k of A ~ Normal(0, κ_k T) independently, K = diag(κ). With K^½ Φ'Φ K^½ = U Λ U' and
c = Λ^-½ U' K^½ Φ'Y, R = Y'Y - c'c,

    c_i ~ Normal(0, Σ + λ_i T),   R ~ Wishart(n - r, Σ)

independently: the likelihood with A integrated out costs O(r) whatever n is, and needs the cross-products of [Φ, Y] only, which add up over rows.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

_NOTHING = 1e-11  # of the largest eigenvalue, or of that of columns with mean square 1


@dataclass(frozen=True, eq=False)
class Canonical:
    """λ (r,), c (r, q), R (q, q), the degrees of freedom n - r of R, and the columns' part: A = K^½ U a, `loadings` K^½ U (p, r)."""

    eigenvalues: np.ndarray
    pieces: np.ndarray
    residual: np.ndarray
    degrees: float
    loadings: np.ndarray


def canonical(gram: np.ndarray, aims: int, spectrum: np.ndarray, rows: float) -> Canonical:
    """From the cross-products (p + q, p + q) of [Φ, Y], q = `aims`, over `rows` rows that are free.

    Columns had mean squares of about 1 before anything was taken out of them: what is far below is rounding.
    """
    size = len(gram) - aims
    root = np.sqrt(spectrum)
    eigenvalues, vectors = np.linalg.eigh(root[:, None] * gram[:size, :size] * root)
    kept = (
        eigenvalues > _NOTHING * max(eigenvalues[-1], rows * spectrum.max())
        if size
        else np.zeros(0, bool)
    )
    kept[: max(0, size - int(rows))] = False
    eigenvalues, loadings = eigenvalues[kept], root[:, None] * vectors[:, kept]
    pieces = (loadings.T @ gram[:size, size:]) / np.sqrt(eigenvalues)[:, None]
    residual = gram[size:, size:] - pieces.T @ pieces
    return Canonical(
        eigenvalues, pieces, (residual + residual.T) / 2, rows - len(eigenvalues), loadings
    )


def without(gram: np.ndarray, columns: np.ndarray) -> tuple[np.ndarray, int, float]:
    """Cross-products of what is left of the other columns when these have been regressed out; how many those were, not counting repetitions; log |T'T|."""
    others = np.setdiff1d(np.arange(len(gram)), columns)
    values, vectors = np.linalg.eigh(gram[np.ix_(columns, columns)])
    kept = values > _NOTHING * max(values[-1], 1e-300) if len(columns) else np.zeros(0, bool)
    half = vectors[:, kept] / np.sqrt(values[kept])
    across = half.T @ gram[np.ix_(columns, others)]
    return (
        gram[np.ix_(others, others)] - across.T @ across,
        int(kept.sum()),
        float(np.log(values[kept]).sum()),
    )


def log_likelihood(
    eigenvalues: np.ndarray,
    pieces: np.ndarray,
    weights: np.ndarray,
    covariance: np.ndarray,
    prior: np.ndarray,
) -> float:
    """-½ Σ_i (w_i log|V_i| + c_i'V_i⁻¹c_i), V_i = Σ + λ_i T, for Σ and T (q, q).

    R enters as q more pieces, the columns of a root of it, with λ = 0 and w = (n - r) / q each: see `with_residual`.
    """
    return float(with_derivatives(np, eigenvalues, pieces, weights, covariance, prior)[0])


def with_derivatives(
    xp: Any, eigenvalues: Any, pieces: Any, weights: Any, covariance: Any, prior: Any
) -> tuple[Any, Any, Any]:
    """The same and its derivatives in Σ and T, by NumPy or jax.numpy: Σ_i G_i and Σ_i λ_i G_i, G_i = ½ (V_i⁻¹c_i c_i'V_i⁻¹ - w_i V_i⁻¹)."""
    total = covariance + eigenvalues[:, None, None] * prior
    inverse = xp.linalg.inv(total)
    solved = (inverse @ pieces[:, :, None])[:, :, 0]
    value = -((weights * xp.linalg.slogdet(total)[1]).sum() + (solved * pieces).sum()) / 2
    slopes = (solved[:, :, None] * solved[:, None, :] - weights[:, None, None] * inverse) / 2
    return value, slopes.sum(axis=0), (eigenvalues[:, None, None] * slopes).sum(axis=0)


def with_residual(form: Canonical) -> dict[str, np.ndarray]:
    """`eigenvalues`, `pieces` and `weights` of the pieces and of R together."""
    size = form.pieces.shape[1]
    values, vectors = np.linalg.eigh(form.residual)
    root = np.sqrt(np.maximum(values, 0.0))[:, None] * vectors.T
    return {
        "eigenvalues": np.concatenate([form.eigenvalues, np.zeros(size)]),
        "pieces": np.vstack([form.pieces, root]),
        "weights": np.concatenate(
            [np.ones(len(form.eigenvalues)), np.full(size, form.degrees / size)]
        ),
    }
