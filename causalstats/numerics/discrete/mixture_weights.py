"""Weights of known distributions in a mixture, by maximum likelihood with the EM algorithm.

The fitted mixture is the one nearest to the data in Kullback-Leibler divergence.
"""

from __future__ import annotations

import numpy as np

_MOST_STEPS = 2000
# Change of the log likelihood between two looks at it, by the total count
_SMALLEST_GAIN = 1e-7
_STEPS_BETWEEN_LOOKS = 20


def fitted_cells(matrix: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Return the probabilities A q of cells, with the shares q >= 0 that maximise Σ n log(A q).

    An EM step for known components takes q_r to q_r Σ_c n_c A_cr / (A q)_c / n.

    Parameters
    ----------
    matrix : array, shape (cells, components)
        Each component has probability 1 in each block of cells, and all have as many blocks.
    counts : array, shape (..., cells)

    Returns
    -------
    array, shape (..., cells)

    Examples
    --------
    >>> matrix = np.array([[1.0, 0.5], [0.0, 0.5]])
    >>> fitted_cells(matrix, np.array([70.0, 30.0])).round(3)
    array([0.7, 0.3])
    >>> fitted_cells(matrix, np.array([30.0, 70.0])).round(3)
    array([0.5, 0.5])
    """
    columns = np.unique(matrix, axis=1)
    flat = counts.reshape(-1, counts.shape[-1])
    total = flat.sum(axis=1, keepdims=True)
    frequencies = flat / np.where(total > 0, total, 1.0)
    shares = np.full((len(flat), columns.shape[1]), 1 / columns.shape[1])
    likelihood = np.full(len(flat), -np.inf)
    running = np.arange(len(flat))
    for _ in range(0, _MOST_STEPS, _STEPS_BETWEEN_LOOKS):
        shares[running] = _em_steps(shares[running], columns, frequencies[running])
        fit = shares[running] @ columns.T
        seen = frequencies[running]
        now = (seen * np.log(np.where(seen > 0, fit, 1.0))).sum(axis=1)
        gained = now - likelihood[running] >= _SMALLEST_GAIN
        likelihood[running] = now
        running = running[gained]
        if not len(running):
            break
    return (shares @ columns.T).reshape(counts.shape)


def _em_steps(
    shares: np.ndarray, columns: np.ndarray, frequencies: np.ndarray
) -> np.ndarray:
    """Return the shares after some steps of the EM algorithm.

    Parameters
    ----------
    shares : array, shape (n, components)
    columns : array, shape (cells, components)
    frequencies : array, shape (n, cells)
    """
    for _ in range(_STEPS_BETWEEN_LOOKS):
        fit = shares @ columns.T
        ratio = np.divide(
            frequencies, fit, out=np.zeros_like(fit), where=frequencies > 0
        )
        shares = shares * (ratio @ columns)
        shares /= np.maximum(shares.sum(axis=1, keepdims=True), 1e-300)
    return shares
