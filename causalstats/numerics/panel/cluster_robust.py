"""Cluster-robust variance of least squares with few clusters: CR2, and its degrees of freedom.

V is n by k, e the residuals, H the matrix that gave them, e = (I - H) y. The bias-reduced variance
of a coefficient (Bell & McCaffrey 2002) is Σ_g (c_g'e_g)², c_g = (I - H_gg)^-½ V_g (V'V)⁻¹. Were
the errors independent with one variance, the sums c_g'e_g would have covariance B, and the
variance would be distributed about as χ² with (tr B)² / tr(B²) degrees of freedom, far fewer
than there are clusters where few of them have most of V (Imbens & Kolesár 2016; Pustejovsky &
Tipton 2018; Carter, Schnepel & Steigerwald 2017).

A cluster that alone decides a coefficient has (I - H_gg) singular: its residuals say nothing of
its errors. `seen` is the share of the variance that the other clusters show, tr B (V'V), 1 but
for such clusters.
"""

from dataclasses import dataclass

import numpy as np

_SINGULAR = 1e-6  # of 1 - leverage
_FEW_COLUMNS = 10  # for which all clusters are worked on at once


@dataclass(frozen=True, eq=False)
class ClusterRobust:
    """CR2 covariance (k, k), degrees of freedom (k,), and the share of variance seen (k,)."""

    covariance: np.ndarray
    degrees: np.ndarray
    seen: np.ndarray


def cluster_robust(
    regressors: np.ndarray, residuals: np.ndarray, others: np.ndarray, cluster: np.ndarray
) -> ClusterRobust:
    """Return the CR2 covariance of the coefficients of `regressors`.

    Parameters
    ----------
    regressors : array, shape (n, k)
        What is left of them when everything else is held.
    residuals : array, shape (n,)
    others : array, shape (n, m)
        Columns U with UU' the hat matrix of everything else; none where it is too long to count.
    cluster : int array, shape (n,)
        Which cluster each row belongs to.

    Returns
    -------
    ClusterRobust
        With `covariance` divided by `seen`, as if unseen clusters were like the others.
    """
    bread = np.linalg.inv(regressors.T @ regressors)
    root = np.linalg.cholesky(bread)
    hat = np.hstack([others, regressors @ root])
    size = root.shape[0]
    order = np.argsort(cluster, kind="stable")
    starts = np.flatnonzero(np.diff(cluster[order], prepend=-1))
    stops = np.append(starts[1:], len(order))
    scores = np.empty((len(starts), size))
    norms = np.empty((len(starts), size))
    shares = np.empty((len(starts), hat.shape[1], size))
    if hat.shape[1] <= _FEW_COLUMNS:
        ordered = hat[order]
        products = np.add.reduceat(ordered[:, :, None] * ordered[:, None, :], starts)
        leverage, vectors = np.linalg.eigh(products)
        scaled = _inverse_root(leverage)[:, None, :] * vectors
        weights = np.einsum("gjm,glm->gjl", scaled, vectors[:, -size:]) @ root.T
        sums = np.add.reduceat(ordered * residuals[order, None], starts)
        scores = np.einsum("gmj,gm->gj", weights, sums)
        shares = products @ weights
        norms = np.einsum("gmj,gmj->gj", weights, shares)
    else:
        for g, (start, stop) in enumerate(zip(starts, stops, strict=True)):
            rows = order[start:stop]
            own = _adjusted(hat[rows], size) @ root.T
            scores[g] = own.T @ residuals[rows]
            norms[g] = (own**2).sum(axis=0)
            shares[g] = hat[rows].T @ own
    degrees, seen = np.empty(size), np.empty(size)
    for j in range(size):
        trace, of_square = _traces(norms[:, j], shares[:, :, j])
        seen[j] = min(max(trace, 0.0) / bread[j, j], 1.0)
        degrees[j] = trace**2 / of_square if of_square > 0 else 0.0
    scores = scores / np.sqrt(np.maximum(seen, _SINGULAR))
    return ClusterRobust(scores.T @ scores, degrees, seen)


def _adjusted(hat: np.ndarray, last: int) -> np.ndarray:
    """(I - UU')^-½ times the last columns of U, by the smaller of UU' and U'U."""
    if len(hat) < hat.shape[1]:
        leverage, vectors = np.linalg.eigh(hat @ hat.T)
        return vectors @ (_inverse_root(leverage)[:, None] * (vectors.T @ hat[:, -last:]))
    leverage, vectors = np.linalg.eigh(hat.T @ hat)
    return hat @ (vectors @ (_inverse_root(leverage)[:, None] * vectors[-last:].T))


def _inverse_root(leverage: np.ndarray) -> np.ndarray:
    """(1 - λ)^-½, and 0 where λ is 1: the generalised inverse."""
    left = np.maximum(1 - leverage, _SINGULAR)
    return np.where(1 - leverage > _SINGULAR, 1 / np.sqrt(left), 0.0)


def _traces(norms: np.ndarray, shares: np.ndarray) -> tuple[float, float]:
    """tr B and tr B² of B = diag(norms) - PP', P (G, m), without making B."""
    lengths = (shares**2).sum(axis=1)
    inner = shares.T @ shares
    of_square = (norms**2).sum() - 2 * (norms * lengths).sum() + (inner**2).sum()
    return float(norms.sum() - lengths.sum()), float(of_square)
