"""Multivariate Bayesian regression in canonical form: one independent piece of likelihood a column.

Y (n, q) = Φ A + E, rows of E ~ Normal(0, Σ), row k of A ~ Normal(0, κ_k T) independently,
K = diag(κ). With K^½ Φ'Φ K^½ = U Λ U' and c = Λ^-½ U' K^½ Φ'Y, R = Y'Y - c'c,

    c_i ~ Normal(0, Σ + λ_i T),   R ~ Wishart(n - r, Σ)

independently: the likelihood with A integrated out costs O(r) whatever n is, and needs the
cross-products of [Φ, Y] only, which add up over rows. They are sufficient statistics.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

# As a share of the largest eigenvalue, or of that of columns with mean square 1.
_RANK_TOLERANCE = 1e-11


@dataclass(frozen=True, eq=False)
class Canonical:
    """The likelihood in independent pieces.

    Parameters
    ----------
    eigenvalues : array, shape (r,)
        λ.
    pieces : array, shape (r, q)
        c.
    residual : array, shape (q, q)
        R.
    degrees : float
        Degrees of freedom n - r of R.
    loadings : array, shape (p, r)
        K^½ U: coefficients of the columns from those of the pieces.
    """

    eigenvalues: np.ndarray
    pieces: np.ndarray
    residual: np.ndarray
    degrees: float
    loadings: np.ndarray


def canonical(
    gram: np.ndarray, equations: int, spectrum: np.ndarray, rows: float
) -> Canonical:
    """Return the independent pieces of cross-products.

    Columns had mean squares of about 1 before anything was partialled out of them: what is far
    below is rounding.

    Parameters
    ----------
    gram : array, shape (p + q, p + q)
        Cross-products of [Φ, Y].
    equations : int
        q.
    spectrum : array, shape (p,)
        Relative prior variances κ.
    rows : float
        Free rows.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> columns = rng.normal(size=(50, 4))
    >>> form = canonical(columns.T @ columns, 1, np.ones(3), 50)
    >>> form.eigenvalues.shape, form.pieces.shape, form.degrees
    ((3,), (3, 1), 47)
    """
    size = len(gram) - equations
    root = np.sqrt(spectrum)
    scaled = root[:, None] * gram[:size, :size] * root
    eigenvalues, vectors = np.linalg.eigh(scaled)
    kept = np.zeros(0, bool)
    if size:
        largest = max(eigenvalues[-1], rows * spectrum.max())
        kept = eigenvalues > _RANK_TOLERANCE * largest
    kept[: max(0, size - int(rows))] = False
    eigenvalues = eigenvalues[kept]
    loadings = root[:, None] * vectors[:, kept]
    products = loadings.T @ gram[:size, size:]
    pieces = products / np.sqrt(eigenvalues)[:, None]
    residual = gram[size:, size:] - pieces.T @ pieces
    return Canonical(
        eigenvalues=eigenvalues,
        pieces=pieces,
        residual=(residual + residual.T) / 2,
        degrees=rows - len(eigenvalues),
        loadings=loadings,
    )


def without(gram: np.ndarray, columns: np.ndarray) -> tuple[np.ndarray, int, float]:
    """Return cross-products of the other columns with these partialled out (Frisch-Waugh-Lovell).

    Parameters
    ----------
    gram : array, shape (m, m)
    columns : int array
        Which columns are partialled out.

    Returns
    -------
    gram : array, shape (m - columns, m - columns)
    rank : int
        How many columns were partialled out, not counting repetitions.
    log_volume : float
        log |T'T| of these columns T.

    Examples
    --------
    >>> columns = np.array([[1.0, 0.0], [1.0, 1.0], [1.0, 5.0]])
    >>> gram, rank, _ = without(columns.T @ columns, np.array([0]))
    >>> gram.round(6), rank  # the sum of squares about the mean
    (array([[14.]]), 1)
    """
    others = np.setdiff1d(np.arange(len(gram)), columns)
    inner = gram[np.ix_(columns, columns)]
    between = gram[np.ix_(columns, others)]
    values, vectors = np.linalg.eigh(inner)
    kept = np.zeros(0, bool)
    if len(columns):
        kept = values > _RANK_TOLERANCE * max(values[-1], 1e-300)
    whitening = vectors[:, kept] / np.sqrt(values[kept])
    across = whitening.T @ between
    residual = gram[np.ix_(others, others)] - across.T @ across
    log_volume = np.log(values[kept]).sum()
    return residual, int(kept.sum()), float(log_volume)


def log_likelihood(
    eigenvalues: np.ndarray,
    pieces: np.ndarray,
    weights: np.ndarray,
    covariance: np.ndarray,
    prior: np.ndarray,
) -> float:
    """Return -½ Σ_i (w_i log|V_i| + c_i'V_i⁻¹c_i), V_i = Σ + λ_i T.

    R enters as q more pieces, the columns of a root of it, with λ = 0 and w = (n - r) / q each: see
    `with_residual`.

    Parameters
    ----------
    eigenvalues, weights : array, shape (r,)
        λ and w.
    pieces : array, shape (r, q)
        c.
    covariance, prior : array, shape (q, q)
        Σ and T.
    """
    return float(
        with_derivatives(np, eigenvalues, pieces, weights, covariance, prior)[0]
    )


def with_derivatives(
    xp: Any, eigenvalues: Any, pieces: Any, weights: Any, covariance: Any, prior: Any
) -> tuple[Any, Any, Any]:
    """Return the log likelihood and its derivatives in Σ and T.

    With G_i = ½ (V_i⁻¹c_i c_i'V_i⁻¹ - w_i V_i⁻¹) they are Σ_i G_i and Σ_i λ_i G_i.

    Parameters
    ----------
    xp : module
        `numpy` or `jax.numpy`.
    eigenvalues, pieces, weights, covariance, prior : array
        As in `log_likelihood`.
    """
    total = covariance + eigenvalues[:, None, None] * prior
    inverse = xp.linalg.inv(total)
    solved = (inverse @ pieces[:, :, None])[:, :, 0]
    log_determinants = xp.linalg.slogdet(total)[1]
    value = -((weights * log_determinants).sum() + (solved * pieces).sum()) / 2
    outer = solved[:, :, None] * solved[:, None, :]
    slopes = (outer - weights[:, None, None] * inverse) / 2
    by_prior = eigenvalues[:, None, None] * slopes
    return value, slopes.sum(axis=0), by_prior.sum(axis=0)


def with_residual(form: Canonical) -> dict[str, np.ndarray]:
    """Return `eigenvalues`, `pieces` and `weights` of the pieces and of R together."""
    size = form.pieces.shape[1]
    values, vectors = np.linalg.eigh(form.residual)
    root = np.sqrt(np.maximum(values, 0.0))[:, None] * vectors.T
    ones = np.ones(len(form.eigenvalues))
    return {
        "eigenvalues": np.concatenate([form.eigenvalues, np.zeros(size)]),
        "pieces": np.vstack([form.pieces, root]),
        "weights": np.concatenate([ones, np.full(size, form.degrees / size)]),
    }
