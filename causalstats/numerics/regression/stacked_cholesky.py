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
        return np.stack([_factor_or_nan(matrix) for matrix in matrices])


def _factor_or_nan(matrix: np.ndarray) -> np.ndarray:
    try:
        return np.linalg.cholesky(matrix)
    except np.linalg.LinAlgError:
        return np.full(matrix.shape, np.nan)
