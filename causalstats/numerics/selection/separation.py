"""Coefficients without an end: directions in which a covariate explains that nothing was seen.

With a flat prior, the coefficients b of a part on the columns w of a design have no proper
posterior where some b ≠ 0 changes nothing of what was seen, w_i'b = 0 in every row where the part
was seen, and lowers what was below the limit or not counted, w_i'b ≤ 0 in every row where it was
not: what separation is in logistic regression (Albert & Anderson 1984).
"""

import numpy as np
from scipy import optimize

_SOME = 1e-7


def without_end(design: np.ndarray, seen: np.ndarray, below: np.ndarray) -> np.ndarray | None:
    """Return a direction in which coefficients have no end, or None where there is none.

    Parameters
    ----------
    design : array, shape (n, q)
        Of full column rank.
    seen : bool array, shape (n,)
        Rows in which the part was seen.
    below : bool array, shape (n,)
        Rows in which it is only known to be small; the rest say nothing.

    Returns
    -------
    array, shape (q,), or None

    Examples
    --------
    >>> groups = np.array([[1.0, 0.0], [1.0, 0.0], [1.0, 1.0]])
    >>> without_end(groups, np.array([True, True, False]), np.array([False, False, True]))
    array([ 0., -1.])
    """
    columns = design.shape[1]
    if np.linalg.matrix_rank(design[seen]) == columns:
        return None
    kernel = np.linalg.svd(design[seen])[2][np.linalg.matrix_rank(design[seen]) :].T
    inside = design @ kernel
    if not below.any():
        return _tidy(kernel[:, 0])
    for goal in (-inside[below].sum(axis=0), np.eye(kernel.shape[1])[0]):
        for sign in (1.0, -1.0):
            found = optimize.linprog(
                -sign * goal,
                A_ub=inside[below],
                b_ub=np.zeros(below.sum()),
                bounds=(-1, 1),
            )
            if found.status == 0 and np.abs(found.x).max() > _SOME and -found.fun > _SOME:
                return _tidy(kernel @ found.x)
    return None


def _tidy(direction: np.ndarray) -> np.ndarray:
    scaled = direction / np.abs(direction).max()
    return np.where(np.abs(scaled) < _SOME, 0.0, scaled)
