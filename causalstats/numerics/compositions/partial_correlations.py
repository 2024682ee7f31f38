"""Partial correlations, partial variances and R² from the precision matrix of log-ratios; closure.

The precision matrix Θ = Γ⁺ is the pseudo-inverse of the covariance matrix Γ of centred log-ratios
(see `log_ratios`); it is the graph of a Gaussian graphical model (covariance selection).

References
----------
Erb (2020), Partial correlations in compositional data analysis, Applied Computing and Geosciences
6:100026.
"""

import numpy as np

from causalstats.numerics.compositions.log_ratios import variation_matrix

_BISECTIONS = 60  # halve an interval of 2 to below rounding


def partial_correlations(theta: np.ndarray) -> np.ndarray:
    """Return the partial correlations r_ij = -Θ_ij / √(Θ_ii Θ_jj) of two parts given all others.

    Parameters
    ----------
    theta : array, shape (..., D, D)

    Returns
    -------
    array, shape (..., D, D)
        1 on the diagonal.

    References
    ----------
    Erb (2020), equation 12.

    Examples
    --------
    Independent parts of equal variance have 1 / (D - 1): closure alone correlates them.

    >>> from causalstats.numerics.compositions.log_ratios import basis_laplacian
    >>> partial_correlations(basis_laplacian(np.ones(3)))
    array([[1. , 0.5, 0.5],
           [0.5, 1. , 0.5],
           [0.5, 0.5, 1. ]])
    """
    scale = 1 / np.sqrt(_diagonal(theta))
    return _with_diagonal(-theta * scale[..., :, None] * scale[..., None, :], 1.0)


def partial_variances(theta: np.ndarray) -> np.ndarray:
    """Return v_i = 1 / Θ_ii, the variance of log x_i about its best log-contrast in the others.

    Parameters
    ----------
    theta : array, shape (..., D, D)

    Returns
    -------
    array, shape (..., D)

    Examples
    --------
    >>> from causalstats.numerics.compositions.log_ratios import basis_laplacian
    >>> partial_variances(basis_laplacian(np.ones(3)))
    array([1.5, 1.5, 1.5])
    """
    return 1 / _diagonal(theta)


def regression_coefficients(theta: np.ndarray) -> np.ndarray:
    """Return the coefficients b_ik = -Θ_ik / Θ_ii of log x_i on the other log x_k.

    Each row sums to 1, so that the residual does not depend on the scale of a composition.

    Parameters
    ----------
    theta : array, shape (..., D, D)

    Returns
    -------
    array, shape (..., D, D)
        0 on the diagonal.

    Examples
    --------
    >>> from causalstats.numerics.compositions.log_ratios import basis_laplacian
    >>> regression_coefficients(basis_laplacian(np.ones(3)))
    array([[0. , 0.5, 0.5],
           [0.5, 0. , 0.5],
           [0.5, 0.5, 0. ]])
    """
    return _with_diagonal(-theta / _diagonal(theta)[..., :, None], 0.0)


def r_squared(gamma: np.ndarray, theta: np.ndarray) -> np.ndarray:
    """Return the multiple R² of the log-ratio of each part to the mean of the others.

    1 - ((D-1)/D)² v_i / Γ_ii, which prefers no reference part.

    Parameters
    ----------
    gamma, theta : array, shape (..., D, D)
        Γ and Θ = Γ⁺.

    Returns
    -------
    array, shape (..., D)

    Examples
    --------
    Nothing explains one of several independent parts of equal variance.

    >>> from causalstats.numerics.compositions.log_ratios import centre, precision_from_covariance
    >>> gamma = centre(np.eye(4))
    >>> bool(np.allclose(r_squared(gamma, precision_from_covariance(gamma)), 0))
    True
    """
    size = gamma.shape[-1]
    return 1 - ((size - 1) / size) ** 2 * partial_variances(theta) / _diagonal(gamma)


def r_squared_by_reference(gamma: np.ndarray, theta: np.ndarray) -> np.ndarray:
    """Return the multiple R² of log(x_i / x_r), 1 - v_i / T_ir.

    Parameters
    ----------
    gamma, theta : array, shape (..., D, D)
        Γ and Θ = Γ⁺.

    Returns
    -------
    array, shape (..., D, D)
        Part i in the rows, reference r in the columns; NaN on the diagonal.

    Examples
    --------
    >>> from causalstats.numerics.compositions.log_ratios import centre, precision_from_covariance
    >>> gamma = centre(np.eye(3))
    >>> r_squared_by_reference(gamma, precision_from_covariance(gamma)).round(4)
    array([[ nan, 0.25, 0.25],
           [0.25,  nan, 0.25],
           [0.25, 0.25,  nan]])
    """
    return 1 - partial_variances(theta)[..., :, None] / _with_diagonal(
        variation_matrix(gamma), np.nan
    )


def closure_baseline(partial_variances: np.ndarray) -> np.ndarray:
    """Return the partial correlations that closure alone makes of independent parts.

    Independent parts have r_ij² = o_i o_j with odds o = q / (1-q), Σ q = 1, and partial variances
    v_i with q_i (1-q_i) ∝ 1/v_i; r = 1/(D-1) where all are equal. With b_i = min v / v_i and
    t = 2 (1 - q of the part of least variance), the shares q sum to 1 where, over the other parts,

        (2-t) Σ_i b_i / (1 + √(1 - b_i t (2-t))) = 1

    which increases as t falls and is solved by bisection; t → 0, the part of least variance being
    the whole of the size, where Σ b_i < 1 leaves no root.

    Parameters
    ----------
    partial_variances : array, shape (..., D)
        v.

    Returns
    -------
    array, shape (..., D, D)
        Never negative; 1 on the diagonal.

    Examples
    --------
    >>> closure_baseline(np.ones(4)).round(4)[0]
    array([1.    , 0.3333, 0.3333, 0.3333])
    """
    v = np.asarray(partial_variances, float)
    least = v.min(axis=-1, keepdims=True)
    first = np.arange(v.shape[-1]) == v.argmin(axis=-1)[..., None]
    b = np.where(first, 0.0, least / v)
    low = np.zeros_like(least)
    high = np.full_like(least, 2.0)
    for _ in range(_BISECTIONS):
        t = (low + high) / 2
        divisor = 1 + np.sqrt(1 - b * t * (2 - t))
        above = (2 - t) * (b / divisor).sum(axis=-1, keepdims=True) > 1
        low = np.where(above, t, low)
        high = np.where(above, high, t)
    others = b * t * (2 - t) / (2 * divisor)
    odds = np.where(first, (2 - t) / t, others / (1 - others))
    return _with_diagonal(np.sqrt(_pair_products(odds)), 1.0)


def _with_diagonal(matrix: np.ndarray, value: float) -> np.ndarray:
    """Return the matrix itself, changed in place."""
    index = np.arange(matrix.shape[-1])
    matrix[..., index, index] = value
    return matrix


def _diagonal(matrix: np.ndarray) -> np.ndarray:
    return np.diagonal(matrix, axis1=-2, axis2=-1)


def _pair_products(vector: np.ndarray) -> np.ndarray:
    return vector[..., :, None] * vector[..., None, :]
