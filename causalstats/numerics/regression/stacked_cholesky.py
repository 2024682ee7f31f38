"""Cholesky factors of a stack of matrices, some of which may not be positive definite."""

from __future__ import annotations

import numpy as np


def cholesky_or_nan(matrices: np.ndarray) -> np.ndarray:
    """Return Cholesky factors (n, k, k), NaN of matrices that are not positive definite.

    Examples
    --------
    >>> cholesky_or_nan(np.array([[[4.0]], [[-1.0]]])).ravel()
    array([ 2., nan])
    """
    try:
        return np.linalg.cholesky(matrices)
    except np.linalg.LinAlgError:
        factors = np.full(matrices.shape, np.nan)
        for k, matrix in enumerate(matrices):
            if np.isfinite(matrix).all() and np.linalg.eigvalsh(matrix)[0] > 0:
                factors[k] = np.linalg.cholesky(matrix)
        return factors
