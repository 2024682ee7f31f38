"""Two-way clustering: errors may depend on each other within firms, and within years.

The variance is that of clusters of the first kind, plus that of the second, less that of their
intersections, which both count (Cameron, Gelbach & Miller 2011, Thompson 2011). The sum can be
smaller than one of its parts, or negative, in small samples: then the largest part is taken
(MacKinnon, Nielsen & Webb 2024). Both parts are CR2, each with its Bell-McCaffrey degrees of
freedom, and Student's t has the smaller of them.
"""

import numpy as np

from causalstats.numerics.panel.cluster_robust import ClusterRobust


def intersection_covariance(
    regressors: np.ndarray,
    residuals: np.ndarray,
    first: np.ndarray,
    second: np.ndarray,
) -> np.ndarray:
    """Return the cluster-robust covariance (k, k) by the intersections of two kinds of clusters.

    (V'V)⁻¹ Σ_gh (V_gh'e_gh)(V_gh'e_gh)' (V'V)⁻¹, times H / (H - 1) of H intersections (CR1).

    Parameters
    ----------
    regressors : array, shape (n, k)
        Residuals after everything else is partialled out.
    residuals : array, shape (n,)
    first, second : int array, shape (n,)
        The clusters of each row.

    Examples
    --------
    Where intersections are single rows it is White's heteroskedasticity-robust variance:

    >>> v, e = np.ones((4, 1)), np.array([1.0, -1.0, 1.0, -1.0])
    >>> intersection_covariance(v, e, np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])).round(3)
    array([[0.333]])
    """
    pairs = first.astype(np.int64) * (int(second.max()) + 1) + second
    codes = np.unique(pairs, return_inverse=True)[1]
    count = int(codes.max()) + 1
    columns = (regressors * residuals[:, None]).T
    scores = np.column_stack([np.bincount(codes, column) for column in columns])
    bread = np.linalg.inv(regressors.T @ regressors)
    return np.asarray(count / max(count - 1, 1) * bread @ scores.T @ scores @ bread)


def two_way_variances(
    first: np.ndarray, second: np.ndarray, both: np.ndarray
) -> np.ndarray:
    """Return the variance of each coefficient under two-way clustering, shape (k,).

    Parameters
    ----------
    first, second, both : array, shape (k,)
        Variances by clusters of the first kind, of the second, and by their intersections.

    Examples
    --------
    >>> two_way_variances(np.array([2.0, 2.0]), np.array([1.0, 1.0]), np.array([0.5, 1.5]))
    array([2.5, 2. ])
    """
    largest = np.maximum(first, second)
    return np.asarray(np.maximum(first + second - both, largest))


def known_degrees(clustered: ClusterRobust) -> np.ndarray:
    """Return degrees of freedom (k,) of the clusters that show their errors; at least 1.

    Examples
    --------
    >>> known_degrees(ClusterRobust(np.eye(2), np.array([9.0, 4.0]), np.array([1.0, 0.1])))
    array([9., 1.])
    """
    return np.asarray(np.maximum(clustered.seen * clustered.degrees, 1.0))
