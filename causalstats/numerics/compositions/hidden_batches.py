"""Whether rows fall into two groups that nobody named: batches, sites, units that changed.

Along a direction the rows are sorted and cut where the likelihood of two normal groups of one
variance, each row in its own group, is largest (classification likelihood; Symons 1981). The
directions are the columns and the principal components, also of standardised columns. The
reference is the same statistic of normal rows with the observed covariance.
"""

import numpy as np

_COMPONENTS = 2
_REPLICATIONS = 199
_MOST_ROWS, _MOST_COLUMNS = 500, 60
_SMALLEST = 0.1  # of the rows: fewer are outliers, and no group


def two_groups(
    rows: np.ndarray, design: np.ndarray, rng: np.random.Generator
) -> tuple[float, np.ndarray]:
    """Return the p-value of no groups, and the size of the smaller group and its column.

    Parameters
    ----------
    rows : array, shape (n, k)
        Centred log-ratios about what the design explains.
    design : array, shape (n, q)
        With the intercept; replications have it taken out as well.

    Returns
    -------
    p : float
    group : bool array, shape (n,)
        The rows of the smaller group, of those that were looked at.
    """
    kept = np.sort(rng.permutation(len(rows))[:_MOST_ROWS])
    widest = np.argsort(-rows.var(axis=0))[:_MOST_COLUMNS]
    rows, basis = rows[np.ix_(kept, widest)], np.linalg.qr(design[kept])[0]
    rows = rows - basis @ (basis.T @ rows)
    values, vectors = np.linalg.eigh(rows.T @ rows / len(rows))
    root = vectors * np.sqrt(values.clip(0))
    directions = _directions(rows)
    gains, cuts = split_gains(directions)
    reference = np.empty(_REPLICATIONS)
    for k in range(_REPLICATIONS):
        normal = rng.standard_normal((len(rows), len(root))) @ root.T
        normal -= basis @ (basis.T @ normal)
        reference[k] = split_gains(_directions(normal))[0].max()
    p = (1 + (reference >= gains.max()).sum()) / (1 + _REPLICATIONS)
    best = int(gains.argmax())
    order = np.argsort(directions[:, best], kind="stable")
    group = np.zeros(len(rows), bool)
    group[order[: cuts[best]]] = True
    return float(p), group if group.sum() * 2 <= len(group) else ~group


def split_gains(columns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the best gain of the classification likelihood of each column, and its cut.

    -n/2 log(W / T) + Σ_g n_g log(n_g / n), with W and T the sums of squares within and in all.
    """
    n = len(columns)
    ordered = np.sort(columns - columns.mean(axis=0), axis=0)
    least = max(4, int(np.ceil(_SMALLEST * n)))
    sizes = np.arange(least, n - least + 1)
    if len(sizes) == 0:
        return np.zeros(columns.shape[1]), np.zeros(columns.shape[1], int)
    below = np.cumsum(ordered, axis=0)[sizes - 1]
    total = (ordered**2).sum(axis=0)
    share = sizes[:, None] / n
    between = below**2 / (n * share * (1 - share))
    within = np.maximum(1 - between / np.maximum(total, 1e-300), 1e-12)
    gains = n * (-np.log(within) / 2 + share * np.log(share) + (1 - share) * np.log(1 - share))
    return gains.max(axis=0), sizes[gains.argmax(axis=0)]


def _directions(rows: np.ndarray) -> np.ndarray:
    """Return the columns, and scores of their leading principal components, raw and scaled."""
    scaled = rows / np.maximum(rows.std(axis=0), 1e-300)
    found = [rows]
    for each in (rows, scaled):
        vectors = np.linalg.eigh(each.T @ each)[1]
        found.append(each @ vectors[:, : -_COMPONENTS - 1 : -1])
    return np.hstack(found)
