"""Test of rows that are replicates of each other, by the distances to their nearest rows.

Where rows are independent draws of a smooth density in r dimensions, the share (d_1 / d_k)^r of the
distances of a row to its nearest and to its k-th nearest row is about Beta(1, k - 1), whatever the
density (a Poisson process of points, locally). Of replicates, d_1 is that of measurement alone, and
far smaller. The statistic is the mean of log(d_k / d_1) over rows, the largest over k after
standardisation, so that pairs and sets of up to seven replicates show. Its reference is normal rows
with the observed covariance, treated in the same way.
"""

from __future__ import annotations

import numpy as np
from scipy import spatial

_NEIGHBOURS = (2, 4, 8)
_REPLICATIONS = 199
_MOST_ROWS = 400
_MOST_DIMENSIONS = 10
_ROWS_A_DIMENSION = 4  # with fewer, whitened rows are about equally far from each other
_SMALLEST = 1e-9  # distance, of rows of unit variance


def replicates(
    rows: np.ndarray, design: np.ndarray, rng: np.random.Generator
) -> tuple[float, tuple[int, int]]:
    """Return the p-value of no replicates, and the two rows that are most like ones.

    Parameters
    ----------
    rows : array, shape (n, k)
        With n of at least 12.
    design : array, shape (n, q)
        With the intercept; it is partialled out.
    rng : Generator

    Returns
    -------
    p : float
    pair : tuple of int
        Positions.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> rows = rng.standard_normal((40, 4))
    >>> replicates(rows, np.ones((40, 1)), rng)[0] > 0.01
    True
    >>> rows[20:] = rows[:20] + 0.05 * rng.standard_normal((20, 4))
    >>> replicates(rows, np.ones((40, 1)), rng)[0]
    0.005
    """
    kept = np.sort(rng.permutation(len(rows))[:_MOST_ROWS])
    basis = np.linalg.qr(design[kept])[0]
    residuals = rows[kept] - basis @ (basis.T @ rows[kept])
    eigenvalues, vectors = np.linalg.eigh(residuals.T @ residuals / len(residuals))
    root = vectors * np.sqrt(eigenvalues.clip(0))
    observed, nearest = _log_ratios_of_distances(residuals)
    statistics = [observed.mean(axis=0)]
    for _ in range(_REPLICATIONS):
        normal = rng.standard_normal((len(residuals), root.shape[1])) @ root.T
        normal -= basis @ (basis.T @ normal)
        statistics.append(_log_ratios_of_distances(normal)[0].mean(axis=0))
    table = np.array(statistics)
    largest = ((table - table.mean(axis=0)) / table.std(axis=0)).max(axis=1)
    p = float((largest >= largest[0] - 1e-12).mean())
    one = int(observed.sum(axis=1).argmax())
    pair = sorted((int(kept[one]), int(kept[nearest[one]])))
    return p, (pair[0], pair[1])


def _log_ratios_of_distances(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return log(d_k / d_1) of each row, (n, 3), and the position of its nearest row, (n,).

    In the leading principal components, each scaled to one variance.

    Parameters
    ----------
    rows : array, shape (n, k)
        About their means.
    """
    scores, sizes, _ = np.linalg.svd(rows, full_matrices=False)
    most = min(_MOST_DIMENSIONS, max(2, len(rows) // _ROWS_A_DIMENSION))
    scores = scores[:, sizes > 1e-6 * sizes[0]][:, :most] * np.sqrt(len(rows))
    count = min(max(_NEIGHBOURS), len(rows) - 1)
    distances, places = spatial.cKDTree(scores).query(scores, k=count + 1)
    logs = np.log(np.maximum(distances[:, 1:], _SMALLEST))
    nearest = np.where(places[:, 0] == np.arange(len(rows)), places[:, 1], places[:, 0])
    columns = [min(k, count) - 1 for k in _NEIGHBOURS]
    return logs[:, columns] - logs[:, [0]], nearest
