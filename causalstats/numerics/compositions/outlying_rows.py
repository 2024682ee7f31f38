"""Test of the row that lies farthest out, by its Mahalanobis distance.

Of n normal rows of rank p about q coefficients, the squared distance d² = e' S⁻¹ e, S = E'E the
cross-products of the residuals, and the leverage h of the row,

    d² / (1 - h) ~ Beta(p/2, (n - q - p)/2)

(Wilks 1963; Caroni & Prescott 1992): of the row whose distance is least likely, the p-value is
multiplied by the number of rows (Bonferroni).
"""

import numpy as np
from scipy import stats

_SINGULAR = 1e-9  # of the largest eigenvalue: centred log-ratios sum to zero
_ROWS_BEYOND = 5  # degrees of freedom that the distance needs to tell


def farthest_row(rows: np.ndarray, design: np.ndarray) -> tuple[float, int] | None:
    """Return the p-value of no outlying row, and the position of the farthest.

    Parameters
    ----------
    rows : array, shape (n, k)
    design : array, shape (n, q)
        With the intercept; it is partialled out.

    Returns
    -------
    tuple of float and int, or None
        None where the rows are too few for their columns.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> rows = rng.standard_normal((60, 3))
    >>> rows[7] += 6
    >>> p, row = farthest_row(rows, np.ones((60, 1)))
    >>> p < 0.001, row
    (True, 7)
    """
    basis, sizes, _ = np.linalg.svd(design, full_matrices=False)
    basis = basis[:, sizes > _SINGULAR * sizes[0]]
    residuals = rows - basis @ (basis.T @ rows)
    scores, sizes, _ = np.linalg.svd(residuals, full_matrices=False)
    scores = scores[:, sizes > np.sqrt(_SINGULAR) * sizes[0]]
    rank = scores.shape[1]
    freedom = len(rows) - basis.shape[1] - rank
    if freedom < _ROWS_BEYOND:
        return None
    left = np.maximum(1 - (basis**2).sum(axis=1), _SINGULAR)
    distance = ((scores**2).sum(axis=1) / left).clip(max=1.0)
    tails = stats.beta.sf(distance, rank / 2, freedom / 2)
    row = int(tails.argmin())
    return min(1.0, len(rows) * float(tails[row])), row
