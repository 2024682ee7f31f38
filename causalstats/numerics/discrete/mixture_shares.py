"""Shares of known distributions in a mixture by maximum likelihood: the nearest distribution, in Kullback-Leibler divergence, that any shares give."""

from __future__ import annotations

import numpy as np

_MOST_STEPS = 2000
_GAIN = 1e-7  # of the log likelihood in a step, by the total count
_TOGETHER = 20  # steps between two looks at the likelihood


def fitted_cells(matrix: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Return the probabilities A q of cells, q >= 0 the shares that maximise Σ n log(A q).

    The EM algorithm for known components: q_r becomes q_r Σ_c n_c A_cr / (A q)_c / n.

    Parameters
    ----------
    matrix : array, shape (cells, components)
        Each component has probability 1 in each block of cells, and all have as many blocks.
    counts : array, shape (..., cells)

    Returns
    -------
    array, shape (..., cells)
    """
    columns = np.unique(matrix, axis=1)
    flat = counts.reshape(-1, counts.shape[-1])
    total = flat.sum(axis=1, keepdims=True)
    weights = flat / np.where(total > 0, total, 1.0)
    shares = np.full((len(flat), columns.shape[1]), 1 / columns.shape[1])
    last, open_ = np.full(len(flat), -np.inf), np.arange(len(flat))
    for _ in range(0, _MOST_STEPS, _TOGETHER):
        shares[open_] = _improved(shares[open_], columns, weights[open_])
        fit, seen = shares[open_] @ columns.T, weights[open_]
        now = (seen * np.log(np.where(seen > 0, fit, 1.0))).sum(axis=1)
        gained = now - last[open_] >= _GAIN
        last[open_] = now
        open_ = open_[gained]
        if not len(open_):
            break
    return (shares @ columns.T).reshape(counts.shape)


def _improved(shares: np.ndarray, columns: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the shares after some steps."""
    for _ in range(_TOGETHER):
        fit = shares @ columns.T
        ratio = np.divide(weights, fit, out=np.zeros_like(fit), where=weights > 0)
        shares = shares * (ratio @ columns)
        shares /= np.maximum(shares.sum(axis=1, keepdims=True), 1e-300)
    return shares
