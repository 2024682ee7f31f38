"""Score tests of whether a parameter is the same for everybody: C(α) tests of its products.

With log-likelihood l_i(θ, ν) of row i, a parameter θ + δ g_i that depends on a column g has the
score Σ g_i ∂l_i/∂θ at δ = 0. Its residuals r_i from a regression on the scores of every parameter,
θ among them, sum to a statistic that does not depend, to first order, on where these are estimated,
so that a posterior mean will do (Neyman 1959); z = Σ r_i / √(Σ r_i²) is standard normal. At a
maximum of the likelihood z² is n R² of the regression of 1 on all scores (the test of constancy by
the outer product of gradients).

References
----------
Neyman (1959), Optimal asymptotic tests of composite statistical hypotheses. Nyblom (1989), Testing
for the constancy of parameters over time, Journal of the American Statistical Association 84(405).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_REPLICATIONS = 9_999
_LEAST_SHARE = 1e-6  # of the squares of a score, that the others leave
_LARGEST_LEVERAGE = 0.2  # of one row, in a statistic


@dataclass(frozen=True)
class LargestProduct:
    """The largest score of the products of a parameter with some columns.

    Parameters
    ----------
    p : float
        Of the largest |z| of as many, whose joint distribution is that of Gaussian multipliers.
    z : float
    column : int
        Position of the column.
    """

    p: float
    z: float
    column: int


def largest_product(
    score: np.ndarray,
    columns: np.ndarray,
    others: np.ndarray,
    rng: np.random.Generator,
) -> LargestProduct | None:
    """Return the largest score of the products, or None where the data cannot tell any.

    Parameters
    ----------
    score : array, shape (n,)
        ∂l_i/∂θ.
    columns : array, shape (n, k)
    others : array, shape (n, p)
        Scores of every parameter of the model, θ among them.
    rng : Generator

    Examples
    --------
    A mean that differs between two groups, of which the model knows one:

    >>> rng = np.random.default_rng(1)
    >>> group = np.repeat([[0.0], [1.0]], 100, axis=0)
    >>> error = rng.standard_normal(200) + group[:, 0]
    >>> score = error - error.mean()
    >>> largest = largest_product(score, group, score[:, None], rng)
    >>> largest.p < 1e-3, round(largest.z, 1)
    (True, 6.8)
    """
    products = columns * score[:, None]
    basis, sizes, _ = np.linalg.svd(others, full_matrices=False)
    basis = basis[:, sizes > 1e-9 * max(sizes.max(initial=0.0), 1e-300)]
    left = products - basis @ (basis.T @ products)
    squares = (left**2).sum(axis=0)
    varies = squares > _LEAST_SHARE * np.maximum((products**2).sum(axis=0), 1e-300)
    spread = (left**2).max(axis=0, initial=0.0) < _LARGEST_LEVERAGE * squares
    kept = np.flatnonzero(varies & spread)
    if not len(kept):
        return None
    left = left[:, kept] / np.sqrt(squares[kept])
    z = left.sum(axis=0)
    worst = int(np.abs(z).argmax())
    values, vectors = np.linalg.eigh(left.T @ left)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    drawn = np.abs(rng.standard_normal((_REPLICATIONS, len(kept))) @ root.T).max(axis=1)
    as_large = int((drawn >= abs(z[worst])).sum())
    return LargestProduct(
        p=(1 + as_large) / (1 + _REPLICATIONS),
        z=float(z[worst]),
        column=int(kept[worst]),
    )
