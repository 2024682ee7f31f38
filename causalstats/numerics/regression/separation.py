"""Complete separation: directions in which coefficients are infinite, so no posterior is proper.

With a flat prior, the coefficients b of a part on the columns w of a design have no proper
posterior where some b ≠ 0 changes nothing of what was seen, w_i'b = 0 in every row where the part
was seen, and lowers what was below the limit or not counted, w_i'b ≤ 0 in every row where it was
not: the complete or quasi-complete separation of logistic regression (Albert & Anderson 1984).
Firth's penalised likelihood would give an answer where this refuses: the prior does that here.
"""

import numpy as np
from scipy import optimize

_SMALLEST = 1e-7


def separating_direction(
    design: np.ndarray, seen: np.ndarray, below: np.ndarray
) -> np.ndarray | None:
    """Return a direction in which coefficients are infinite, or None where there is none.

    Parameters
    ----------
    design : array, shape (n, q)
        A matrix of full column rank.
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
    >>> seen = np.array([True, True, False])
    >>> separating_direction(groups, seen, ~seen)
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
            solution = optimize.linprog(
                -sign * goal,
                A_ub=inside[below],
                b_ub=np.zeros(below.sum()),
                bounds=(-1, 1),
            )
            if solution.status != 0:
                continue
            if np.abs(solution.x).max() > _SMALLEST and -solution.fun > _SMALLEST:
                return _tidy(kernel @ solution.x)
    return None


def _tidy(direction: np.ndarray) -> np.ndarray:
    scaled = direction / np.abs(direction).max()
    return np.where(np.abs(scaled) < _SMALLEST, 0.0, scaled)
