"""How much counts say about the log abundance of each part, beside what the model says."""

import numpy as np
from scipy import special

_STEPS = 20  # of iterative proportional fitting


def counting_information(
    counts: np.ndarray, precisions: np.ndarray, exposures: np.ndarray | None = None
) -> np.ndarray:
    """Return the share of the information about each log abundance that its count gives.

    I_ij = λ_ij / (λ_ij + Θ_jj), with the intensity λ_ij at the mode of y log λ - λ - Θ_jj (log λ -
    m_ij)² / 2 about the mean m_ij of the part in all rows, times its exposure: near 1 for large
    counts, near 0 for zeros of a rare part.

    Parameters
    ----------
    counts : array, shape (n, D)
    precisions : array, shape (D,)
        Θ_jj, inverse partial variances.
    exposures : array, shape (n, D), or None
        Known factors of the expected counts; None where all are 1.

    Returns
    -------
    array, shape (n, D)

    Examples
    --------
    >>> counting_information(np.array([[1000, 0], [1000, 1]]), np.array([1.0, 1.0])).round(2)
    array([[1.  , 0.26],
           [1.  , 0.41]])
    """
    with np.errstate(divide="ignore"):
        means = np.log(_expected_counts(counts, exposures))
    # λ / Θ_jj is the u with u + log u = m + y / Θ_jj - log Θ_jj.
    ratio = special.wrightomega(means + counts / precisions - np.log(precisions))
    return ratio / (1 + ratio)


def _expected_counts(counts: np.ndarray, exposures: np.ndarray | None) -> np.ndarray:
    """Return the expected counts of rows that differ in their levels and exposures only, (n, D).

    Parameters
    ----------
    counts : array, shape (n, D)
    exposures : array, shape (n, D), or None
    """
    totals = counts.sum(axis=1, keepdims=True)
    sums = counts.sum(axis=0)
    if exposures is None:
        return totals * (sums / totals.sum())
    levels = totals
    for _ in range(_STEPS):
        shares = sums / (levels * exposures).sum(axis=0)
        levels = totals / (exposures @ shares)[:, None]
    return levels * exposures * shares


def shared_information(information: np.ndarray) -> np.ndarray:
    """Return the effective share of rows that determine each pair of parts, Σ_i I_ia I_ib / n.

    Parameters
    ----------
    information : array, shape (n, D)

    Returns
    -------
    array, shape (D, D)

    Examples
    --------
    >>> shared_information(np.array([[1.0, 0.2], [1.0, 0.4]])).round(2)
    array([[1. , 0.3],
           [0.3, 0.1]])
    """
    return information.T @ information / len(information)
