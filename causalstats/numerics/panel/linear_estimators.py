"""Least squares with clustered (cluster-robust) standard errors: pooled, within, differences."""

from dataclasses import dataclass

import numpy as np
from scipy import stats

from causalstats.numerics.panel.within_transformation import demeaned

_RANK_TOLERANCE = 1e-10  # of the largest singular value


@dataclass(frozen=True, eq=False)
class Estimate:
    """Coefficients with their cluster-robust covariance.

    Parameters
    ----------
    coefficients : array, shape (k,)
    covariance : array, shape (k, k)
    degrees : int
        Clusters less 1: the degrees of freedom of Student's t.

    Examples
    --------
    >>> estimate = Estimate(np.array([1.0]), np.array([[0.25]]), 9)
    >>> estimate.quantile(0.975).round(2)
    array([2.13])
    """

    coefficients: np.ndarray
    covariance: np.ndarray
    degrees: int

    def mean(self) -> np.ndarray:
        """Return the coefficients (k,)."""
        return self.coefficients

    def quantile(self, prob: float) -> np.ndarray:
        """Return quantiles (k,) of Student's t about the coefficients: ends of intervals."""
        se = np.sqrt(np.maximum(np.diag(self.covariance), 0.0))
        return self.coefficients + stats.t.ppf(prob, self.degrees) * se


def clustered(
    outcome: np.ndarray,
    treatment: np.ndarray,
    others: np.ndarray,
    cluster: np.ndarray,
    weights: np.ndarray | None = None,
) -> Estimate:
    """Return least squares with the cluster-robust sandwich CR1 (Liang & Zeger 1986).

    Other columns are partialled out of treatment and outcome (Frisch-Waugh-Lovell). With D and e
    the residuals of treatment and outcome in G clusters, n rows and K columns in all::

        (D'D)⁻¹ Σ_g D_g'e_g e_g'D_g (D'D)⁻¹ · G/(G-1) · (n-1)/(n-K)

    Parameters
    ----------
    outcome : array, shape (n,)
    treatment : array, shape (n, k)
    others : array, shape (n, m)
        May be collinear.
    cluster : array, shape (n,)
    weights : array, shape (n,), or None
        Weights of rows.

    Returns
    -------
    Estimate

    See Also
    --------
    causalstats.numerics.panel.cluster_robust : CR2, for few clusters.

    Examples
    --------
    >>> x = np.arange(6.0)[:, None]
    >>> y = 2 * x[:, 0] + np.array([0, 1, -1, 0, 1, -1])
    >>> estimate = clustered(y, x, np.ones((6, 1)), np.repeat([0, 1, 2], 2))
    >>> estimate.coefficients.round(3), np.sqrt(estimate.covariance[0]).round(3)
    (array([1.886]), array([0.06]))
    """
    if weights is not None:
        root = np.sqrt(weights)
        outcome = outcome * root
        treatment = treatment * root[:, None]
        others = others * root[:, None]
    basis = orthonormal(others)
    d = treatment - basis @ (basis.T @ treatment)
    y = outcome - basis @ (basis.T @ outcome)
    inverse = np.linalg.pinv(d.T @ d)
    coefficients = inverse @ (d.T @ y)
    scores = d * (y - d @ coefficients)[:, None]
    clusters, position = np.unique(cluster, return_inverse=True)
    sums = np.column_stack([np.bincount(position, column) for column in scores.T])
    rows, count = len(y), len(clusters)
    columns = basis.shape[1] + d.shape[1]
    correction = count / max(count - 1, 1) * (rows - 1) / max(rows - columns, 1)
    covariance = correction * inverse @ (sums.T @ sums) @ inverse
    return Estimate(coefficients, covariance, max(count - 1, 1))


def orthonormal(columns: np.ndarray) -> np.ndarray:
    """Return an orthonormal basis of columns (n, m), which may be collinear."""
    if columns.shape[1] == 0:
        return columns
    basis, sizes, _ = np.linalg.svd(columns, full_matrices=False)
    return basis[:, sizes > _RANK_TOLERANCE * max(sizes.max(initial=0.0), 1e-300)]


def differences(columns: np.ndarray, unit: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return first differences, from each row of a unit to its next, and the unit of each change.

    Examples
    --------
    >>> differences(np.array([[1.0], [3.0], [5.0]]), np.array([0, 0, 1]))
    (array([[2.]]), array([0]))
    """
    same_unit = np.diff(unit) == 0
    return np.diff(columns, axis=0)[same_unit], unit[1:][same_unit]


def within(
    outcome: np.ndarray,
    treatment: np.ndarray,
    others: np.ndarray,
    unit: np.ndarray,
    weights: np.ndarray | None = None,
    cluster: np.ndarray | None = None,
) -> Estimate:
    """Return the within estimator (fixed effects), `clustered` by unit unless otherwise said.

    Neither rows nor clusters of units seen once are counted: nothing of them is left.

    Parameters
    ----------
    outcome : array, shape (n,)
    treatment : array, shape (n, k)
    others : array, shape (n, m)
    unit : int array, shape (n,)
        Sorted.
    weights : array, shape (n,), or None
    cluster : array, shape (n,), or None

    Returns
    -------
    Estimate

    Examples
    --------
    Units differ by 10, and the slope within them is 2:

    >>> unit = np.repeat([0, 1, 2], 3)
    >>> d = np.tile([0.0, 1.0, 2.0], 3)[:, None]
    >>> estimate = within(2 * d[:, 0] + 10 * unit, d, np.empty((9, 0)), unit)
    >>> estimate.coefficients.round(6), estimate.degrees
    (array([2.]), 2)
    """
    starts = np.flatnonzero(np.diff(unit, prepend=-1))
    sizes = np.diff(starts, append=len(unit))
    repeated = np.repeat(sizes > 1, sizes)
    columns = demeaned(np.column_stack([outcome, treatment, others]), starts, weights)[
        repeated
    ]
    last = 1 + treatment.shape[1]
    return clustered(
        columns[:, 0],
        columns[:, 1:last],
        columns[:, last:],
        (unit if cluster is None else cluster)[repeated],
        None if weights is None else weights[repeated],
    )
