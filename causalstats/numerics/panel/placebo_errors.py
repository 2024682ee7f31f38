"""Errors of a few treated clusters, drawn from those of the clusters that are never treated.

With few treated clusters the error of the effect, (V'V)⁻¹ Σ_g V_g'e_g, is theirs alone: it does not
average out, and no sandwich can see it (Conley & Taber 2011). If errors of all clusters are draws
from one distribution, whichever it is, then the errors of clusters without treatment show it.
Placebo errors give each cluster the residuals of another one, drawn by Pólya's urn from those that
are never treated: the posterior predictive draws of a Dirichlet process without a base, the
Bayesian bootstrap's. With one treated cluster that is randomisation inference: the effect beside
those of a treatment given, on paper, to each cluster in turn (MacKinnon & Webb 2020).
"""

import numpy as np

_MOST_DONORS = 500


def placebo_errors(
    regressors: np.ndarray,
    residuals: np.ndarray,
    cell: np.ndarray,
    donors: np.ndarray,
    draws: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """Return draws of the coefficients' errors, shape (draws, k).

    Parameters
    ----------
    regressors : array, shape (n, k)
        Residuals after everything else is partialled out.
    residuals : array, shape (n,)
    cell : int array, shape (n, 2)
        The cluster and the period of each row, counted from 0.
    donors : int array, shape (m,)
        Clusters whose errors are drawn from.
    draws : int
    rng : Generator

    Examples
    --------
    The treated cluster 0 has a regressor of 1 in one period, where the others' errors are 1 to 3:

    >>> cell = np.array([[0, 0], [1, 0], [2, 0], [3, 0]])
    >>> v, e = np.array([[1.0], [0.0], [0.0], [0.0]]), np.array([9.0, 1.0, 2.0, 3.0])
    >>> rng = np.random.default_rng(1)
    >>> np.unique(placebo_errors(v, e, cell, np.array([1, 2, 3]), 100, rng))
    array([1., 2., 3.])
    """
    count, periods = cell.max(axis=0) + 1
    if len(donors) > _MOST_DONORS:
        donors = np.sort(rng.choice(donors, _MOST_DONORS, replace=False))
    position = cell[:, 0] * periods + cell[:, 1]
    size = np.bincount(position, minlength=count * periods)
    sums = np.bincount(position, residuals, minlength=count * periods)
    means = (sums / np.maximum(size, 1)).reshape(count, periods)[donors]
    seen = size.reshape(count, periods)[donors] > 0
    bread = np.linalg.inv(regressors.T @ regressors)
    totals = np.zeros((draws, regressors.shape[1]))
    urns = _polya_urn(len(donors), count, draws, rng)
    for k, column in enumerate(regressors.T):
        weights = np.bincount(position, column, minlength=count * periods)
        weights = weights.reshape(count, periods)
        # A donor that was not seen in some periods stands for these by its errors in the others.
        known = (weights**2) @ seen.T
        total = (weights**2).sum(axis=1, keepdims=True)
        missing = np.sqrt(total / np.maximum(known, 1e-300))
        errors = (weights @ means.T) * np.where(known > 0, missing, 0.0)
        totals[:, k] = errors[np.arange(count), urns].sum(axis=1)
    return np.asarray(totals @ bread)


def _polya_urn(
    colours: int, balls: int, draws: int, rng: np.random.Generator
) -> np.ndarray:
    """Return balls drawn with replacement and one more of the same colour, int (draws, balls).

    Given weights from Dirichlet(1, ..., 1) over colours balls are independent.

    Parameters
    ----------
    colours, balls, draws : int
    rng : Generator
    """
    weights = np.cumsum(rng.dirichlet(np.ones(colours), draws), axis=1)
    uniform = rng.random((draws, balls))
    picked = [np.searchsorted(*pair) for pair in zip(weights, uniform, strict=True)]
    return np.minimum(np.array(picked), colours - 1)
