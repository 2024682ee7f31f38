"""Clustered (cluster-robust) standard errors with few clusters: CR2, Bell-McCaffrey.

V is n by k, e the residuals, H the matrix that gave them, e = (I - H) y. The bias-reduced variance
of a coefficient (Bell & McCaffrey 2002) is Σ_g (c_g'e_g)², c_g = (I - H_gg)^-½ V_g (V'V)⁻¹. Were
the errors independent with one variance, the sums c_g'e_g would have covariance B, and the
variance would be distributed about as χ² with (tr B)² / tr(B²) degrees of freedom, far fewer
than there are clusters where few of them have most of V (Imbens & Kolesár 2016; Pustejovsky &
Tipton 2018; Carter, Schnepel & Steigerwald 2017).

A cluster that alone determines a coefficient has (I - H_gg) singular: its residuals hold no
information about its errors. `identified_share` is the share of the variance that the other
clusters show, tr B (V'V), 1 but for such clusters.
"""

from dataclasses import dataclass

import numpy as np

_SINGULAR = 1e-6  # of 1 - leverage
_MOST_COLUMNS_AT_ONCE = 10  # for which all clusters are worked on at once


@dataclass(frozen=True, eq=False)
class ClusterRobust:
    """The cluster-robust variance of coefficients.

    Parameters
    ----------
    covariance : array, shape (k, k)
        CR2.
    degrees : array, shape (k,)
        Bell-McCaffrey degrees of freedom.
    identified_share : array, shape (k,)
        The share of the variance that clusters show which do not alone decide a coefficient.
    """

    covariance: np.ndarray
    degrees: np.ndarray
    identified_share: np.ndarray


def cluster_robust(
    regressors: np.ndarray,
    residuals: np.ndarray,
    others: np.ndarray,
    cluster: np.ndarray,
) -> ClusterRobust:
    """Return the CR2 covariance of the coefficients of `regressors`.

    Parameters
    ----------
    regressors : array, shape (n, k)
        Residuals after everything else is partialled out.
    residuals : array, shape (n,)
    others : array, shape (n, m)
        Columns U with UU' the hat matrix of everything else; none where it is too long to count.
    cluster : int array, shape (n,)
        The cluster of each row.

    Returns
    -------
    ClusterRobust
        With `covariance` divided by `identified_share`, as if unseen clusters were like the others.

    Examples
    --------
    Twenty clusters of equal size and one regressor that is alike in all of them have 19 degrees
    of freedom:

    >>> rng = np.random.default_rng(1)
    >>> cluster = np.repeat(np.arange(20), 5)
    >>> regressors, others = np.ones((100, 1)), np.empty((100, 0))
    >>> result = cluster_robust(regressors, rng.normal(size=100), others, cluster)
    >>> result.degrees.round(6), result.covariance.shape
    (array([19.]), (1, 1))
    """
    bread = np.linalg.inv(regressors.T @ regressors)
    root = np.linalg.cholesky(bread)
    hat = np.hstack([others, regressors @ root])
    size = len(root)
    order = np.argsort(cluster, kind="stable")
    starts = np.flatnonzero(np.diff(cluster[order], prepend=-1))
    by_cluster = _cluster_by_cluster
    if hat.shape[1] <= _MOST_COLUMNS_AT_ONCE:
        by_cluster = _all_clusters_at_once
    scores, norms, shares = by_cluster(hat[order], residuals[order], starts, root)
    degrees = np.empty(size)
    identified_share = np.empty(size)
    for j in range(size):
        trace, trace_of_square = traces_of_quadratic_form(norms[:, j], shares[:, :, j])
        identified_share[j] = min(max(trace, 0.0) / bread[j, j], 1.0)
        degrees[j] = trace**2 / trace_of_square if trace_of_square > 0 else 0.0
    scores = scores / np.sqrt(np.maximum(identified_share, _SINGULAR))
    return ClusterRobust(scores.T @ scores, degrees, identified_share)


def _all_clusters_at_once(
    hat: np.ndarray, residuals: np.ndarray, starts: np.ndarray, root: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Scores c_g'e_g (G, k), norms c_g'c_g (G, k) and shares U_g'c_g (G, m, k) of clusters.

    Parameters
    ----------
    hat : array, shape (n, m)
        U, rows sorted by cluster.
    residuals : array, shape (n,)
    starts : int array, shape (G,)
        First row of each cluster.
    root : array, shape (k, k)
        The Cholesky factor of (V'V)⁻¹.
    """
    products = np.add.reduceat(hat[:, :, None] * hat[:, None, :], starts)
    leverage, vectors = np.linalg.eigh(products)
    scaled = _inverse_root(leverage)[:, None, :] * vectors
    last = vectors[:, -len(root) :]
    weights = np.einsum("gjm,glm->gjl", scaled, last) @ root.T
    sums = np.add.reduceat(hat * residuals[:, None], starts)
    scores = np.einsum("gmj,gm->gj", weights, sums)
    shares = products @ weights
    norms = np.einsum("gmj,gmj->gj", weights, shares)
    return scores, norms, shares


def _cluster_by_cluster(
    hat: np.ndarray, residuals: np.ndarray, starts: np.ndarray, root: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The same as `_all_clusters_at_once`, in less memory.

    Parameters
    ----------
    hat, residuals, starts, root : array
    """
    size = len(root)
    stops = np.append(starts[1:], len(hat))
    scores = np.empty((len(starts), size))
    norms = np.empty((len(starts), size))
    shares = np.empty((len(starts), hat.shape[1], size))
    for g, (start, stop) in enumerate(zip(starts, stops, strict=True)):
        rows = slice(start, stop)
        weights = adjusted_columns(hat[rows], size) @ root.T
        scores[g] = weights.T @ residuals[rows]
        norms[g] = (weights**2).sum(axis=0)
        shares[g] = hat[rows].T @ weights
    return scores, norms, shares


def adjusted_columns(hat: np.ndarray, last: int) -> np.ndarray:
    """Return (I - UU')^-½ times the last columns of U, by the smaller of UU' and U'U."""
    if len(hat) < hat.shape[1]:
        leverage, vectors = np.linalg.eigh(hat @ hat.T)
        return vectors @ (
            _inverse_root(leverage)[:, None] * (vectors.T @ hat[:, -last:])
        )
    leverage, vectors = np.linalg.eigh(hat.T @ hat)
    return hat @ (vectors @ (_inverse_root(leverage)[:, None] * vectors[-last:].T))


def _inverse_root(leverage: np.ndarray) -> np.ndarray:
    """(1 - λ)^-½, and 0 where λ is 1: the generalised inverse."""
    remaining = np.maximum(1 - leverage, _SINGULAR)
    return np.where(1 - leverage > _SINGULAR, 1 / np.sqrt(remaining), 0.0)


def traces_of_quadratic_form(
    norms: np.ndarray, shares: np.ndarray
) -> tuple[float, float]:
    """Return tr B and tr B² of B = diag(norms) - PP', P (G, m), without making B."""
    lengths = (shares**2).sum(axis=1)
    inner = shares.T @ shares
    square = (norms**2).sum() - 2 * (norms * lengths).sum() + (inner**2).sum()
    return float(norms.sum() - lengths.sum()), float(square)
