"""Fixed-effects Poisson regression: the conditional likelihood of counts given unit totals.

With y_it ~ Poisson(exp(a_i + x_it'β)) the counts of a unit are multinomial given their sum, in the
shares p_it = exp(x_it'β) / Σ_s exp(x_is'β), whatever a_i is (Hausman, Hall & Griliches 1984). There
is no bias from the incidental parameters problem. With a cluster-robust covariance only the mean
has to be right, so that counts may be overdispersed (Wooldridge 1999).
`statsmodels.ConditionalPoisson` leaves out units whose count does not change, which do hold
information; this one keeps them.
"""

import numpy as np

from causalstats.numerics.panel.linear_estimators import Estimate

_ITERATIONS = 50
_TOLERANCE = 1e-10
_LARGEST_STEP = 2.0  # of a linear predictor, in one iteration


def conditional_poisson(
    counts: np.ndarray, columns: np.ndarray, starts: np.ndarray, cluster: np.ndarray
) -> Estimate:
    """Return the coefficients with their cluster-robust covariance; NaN without a maximum.

    Parameters
    ----------
    counts : array, shape (n,)
        Not negative; rows sorted by unit.
    columns : array, shape (n, k)
    starts : int array, shape (N,)
        First row of each unit.
    cluster : int array, shape (n,)
        The cluster of each row.

    Examples
    --------
    Treated rows have twice the count of others in every unit:

    >>> counts, columns = np.array([2.0, 4.0, 10.0, 20.0]), np.array([[0.0], [1.0], [0.0], [1.0]])
    >>> estimate = conditional_poisson(counts, columns, np.array([0, 2]), np.array([0, 0, 1, 1]))
    >>> np.exp(estimate.coefficients).round(6)
    array([2.])
    """
    sizes = np.diff(starts, append=len(counts))
    scale = np.maximum(columns.std(axis=0), 1e-300)
    x = (columns - columns.mean(axis=0)) / scale
    totals = np.add.reduceat(counts, starts)
    beta = np.zeros(x.shape[1])
    bread = np.full((len(beta), len(beta)), np.nan)
    for _ in range(_ITERATIONS):
        mean, centred = _fitted(x, beta, totals, starts, sizes)
        information = (centred * mean[:, None]).T @ centred
        bread = np.linalg.pinv(information, rcond=1e-10, hermitian=True)
        step = bread @ (x.T @ (counts - mean))
        step = step * min(1.0, _LARGEST_STEP / max(np.abs(x @ step).max(), 1e-300))
        beta = beta + step
        if np.abs(step).max() < _TOLERANCE:
            break
    else:
        beta = np.full_like(beta, np.nan)
    mean, centred = _fitted(x, np.nan_to_num(beta), totals, starts, sizes)
    codes = np.unique(cluster, return_inverse=True)[1]
    rows = centred * (counts - mean)[:, None]
    scores = np.column_stack([np.bincount(codes, column) for column in rows.T])
    clusters = len(scores)
    covariance = clusters / max(clusters - 1, 1) * bread @ scores.T @ scores @ bread
    return Estimate(
        beta / scale, covariance / scale[:, None] / scale, max(clusters - 1, 1)
    )


def _fitted(
    x: np.ndarray,
    beta: np.ndarray,
    totals: np.ndarray,
    starts: np.ndarray,
    sizes: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Return expected counts (n,), and columns about their means within units (n, k).

    Parameters
    ----------
    x : array, shape (n, k)
    beta : array, shape (k,)
    totals : array, shape (N,)
        Sums of counts.
    starts, sizes : int array, shape (N,)
    """
    predictor = x @ beta
    largest = np.maximum.reduceat(predictor, starts)
    weight = np.exp(predictor - np.repeat(largest, sizes))
    share = weight / np.repeat(np.add.reduceat(weight, starts), sizes)
    means = np.add.reduceat(share[:, None] * x, starts)
    return np.repeat(totals, sizes) * share, x - np.repeat(means, sizes, axis=0)
