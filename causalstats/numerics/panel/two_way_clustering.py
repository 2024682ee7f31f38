"""Two-way clustering: errors may depend on each other within firms, and within years.

The variance is that of clusters of the first kind, plus that of the second, less that of their
intersections, which both count (Cameron, Gelbach & Miller 2011, Thompson 2011). The sum can be
smaller than one of its parts, or negative, in small samples: then the largest part is taken
(MacKinnon, Nielsen & Webb 2024). Both parts are CR2, each with degrees of freedom of its own, and
Student's t has the smaller of them.
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


def known_degrees(
    clustered: ClusterRobust,
    regressors: np.ndarray,
    residuals: np.ndarray,
    cluster: np.ndarray,
) -> np.ndarray:
    """Return degrees of freedom (k,) of clusters whose rows share shocks; at least 1.

    Bell and McCaffrey's are those of independent errors, whose scores have variances of Σ_i v_i² in
    a cluster. With a correlation ρ of errors they are (1 - ρ) Σ v_i² + ρ (Σ v_i)², and differ more
    between clusters (Imbens & Kolesár 2016): the degrees are multiplied by the ratio of
    (Σ m)² / Σ m² of the latter to that of the former. ρ is that of the residuals.

    Parameters
    ----------
    clustered : ClusterRobust
    regressors : array, shape (n, k)
    residuals : array, shape (n,)
    cluster : int array, shape (n,)

    Examples
    --------
    Two of four clusters have regressors that add up, and errors that are shared:

    >>> v = np.array([[1.0], [1.0], [1.0], [1.0], [1.0], [-1.0], [1.0], [-1.0]])
    >>> e, cluster = np.repeat([1.0, -1.0, 2.0, -2.0], 2), np.repeat(np.arange(4), 2)
    >>> clustered = ClusterRobust(np.eye(1), np.array([4.0]), np.array([1.0]))
    >>> known_degrees(clustered, v, e, cluster)
    array([2.])
    """
    size = np.bincount(cluster)
    squares = np.bincount(cluster, residuals**2)
    shared = np.bincount(cluster, residuals) ** 2 - squares
    pairs = float((size * (size - 1)).sum())
    correlation = 0.0
    if pairs > 0 and squares.sum() > 0:
        ratio = (shared.sum() / pairs) / (squares.sum() / size.sum())
        correlation = float(np.clip(ratio, 0.0, 1.0))
    degrees = clustered.identified_share * clustered.degrees
    for k, column in enumerate(regressors.T):
        alone = np.bincount(cluster, column**2)
        together = np.bincount(cluster, column) ** 2
        mixed = (1 - correlation) * alone + correlation * together
        degrees[k] *= min(_effective(mixed) / max(_effective(alone), 1e-300), 1.0)
    return np.asarray(np.maximum(degrees, 1.0))


def _effective(sizes: np.ndarray) -> float:
    """(Σ m)² / Σ m²: the number of clusters, if they were equal."""
    return float(sizes.sum() ** 2 / max((sizes**2).sum(), 1e-300))
