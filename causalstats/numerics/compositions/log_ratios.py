"""Log-ratios of compositions: alr, clr, ilr, variation matrix, and their precision.

Every statement about a composition follows from one matrix, Γ or Θ.

With x a composition of D parts, Γ the covariance of its centred (centered) log-ratios (clr)
log(x_i / g(x)), g the geometric mean, and G = I - 11'/D:

    Γ 1 = 0,  Θ = Γ⁺ (pseudo-inverse),  ΓΘ = ΘΓ = G,  Θ 1 = 0

Θ is the same whichever reference part (additive log-ratios, alr) or orthonormal basis
(isometric log-ratio transform, ilr) is used to compute it, and is the Laplacian of a signed graph
whose edges are partial correlations. Natural logarithms, denominators n - 1.

References
----------
Aitchison (1986), The Statistical Analysis of Compositional Data: the variation matrix T and Γ.
Erb (2020), Partial correlations in compositional data analysis, Applied Computing and Geosciences
6:100026: Θ.
"""

import numpy as np

_LARGEST_CONDITION = 1e10  # in the norm of the largest row sum


def clr(parts: np.ndarray) -> np.ndarray:
    """Return the centred log-ratios log(x / g(x)), g the geometric mean.

    Parameters
    ----------
    parts : array, shape (..., D)
        Positive; the scale of a row changes nothing.

    Returns
    -------
    array, shape (..., D)
        Each row sums to 0.

    Examples
    --------
    >>> clr(np.array([[1.0, 2.0, 4.0]])).round(4)
    array([[-0.6931,  0.    ,  0.6931]])
    """
    logs = np.log(parts)
    return logs - logs.mean(axis=-1, keepdims=True)


def ilr_basis(size: int) -> np.ndarray:
    """Return an orthonormal basis V of the vectors that sum to 0: V'V = I, VV' = G.

    `clr(x) @ V` are isometric log-ratios (ilr) of x.

    Parameters
    ----------
    size : int
        D.

    Returns
    -------
    array, shape (D, D - 1)

    Examples
    --------
    >>> ilr_basis(3).round(4)
    array([[ 0.7071,  0.4082],
           [-0.7071,  0.4082],
           [ 0.    , -0.8165]])
    """
    rows, columns = np.arange(size)[:, None], np.arange(1, size)
    basis = np.where(rows < columns, 1.0, np.where(rows == columns, -columns, 0.0))
    return basis / np.sqrt(columns * (columns + 1.0))


def variation_matrix(gamma: np.ndarray) -> np.ndarray:
    """Return Aitchison's variation matrix, T_ij = var log(x_i / x_j) = Γ_ii + Γ_jj - 2 Γ_ij.

    Parameters
    ----------
    gamma : array, shape (..., D, D)
        Covariance of centred log-ratios, or of logarithms.

    Returns
    -------
    array, shape (..., D, D)

    Examples
    --------
    >>> variation_matrix(np.diag([1.0, 2.0, 3.0]))
    array([[0., 3., 4.],
           [3., 0., 5.],
           [4., 5., 0.]])
    """
    variances = _diagonal(gamma)
    return _pair_sums(variances) - 2 * gamma


def centre(matrix: np.ndarray) -> np.ndarray:
    """Return G M G: the covariance of centred log-ratios from that of logarithms.

    Γ = G Ω G for the covariance Ω of logarithms, and Γ = G (-T/2) G for the variation matrix T.

    Parameters
    ----------
    matrix : array, shape (..., D, D)

    Returns
    -------
    array, shape (..., D, D)
        Rows and columns sum to 0.

    Examples
    --------
    >>> centre(np.diag([3.0, 3.0, 3.0]))
    array([[ 2., -1., -1.],
           [-1.,  2., -1.],
           [-1., -1.,  2.]])
    """
    rows = matrix - matrix.mean(axis=-2, keepdims=True)
    return rows - rows.mean(axis=-1, keepdims=True)


def precision_from_covariance(gamma: np.ndarray) -> np.ndarray:
    """Return the precision matrix Θ = Γ⁺, of the covariance Γ of centred log-ratios.

    Γ⁺ = (Γ + s 11'/D)⁻¹ - 11'/(s D) for any s > 0, here the mean non-zero eigenvalue, which leaves
    the condition number as it is.

    Parameters
    ----------
    gamma : array, shape (..., D, D)
        Rows sum to 0.

    Returns
    -------
    array, shape (..., D, D)

    Raises
    ------
    LinAlgError
        If Γ has a direction of no variance besides 1: two parts are proportional, or rows are
        fewer than parts.

    Examples
    --------
    >>> precision_from_covariance(centre(np.diag([1.0, 1.0, 1.0]))).round(4)
    array([[ 0.6667, -0.3333, -0.3333],
           [-0.3333,  0.6667, -0.3333],
           [-0.3333, -0.3333,  0.6667]])
    """
    try:
        theta = covariance_from_precision(gamma)
        condition = _row_sum_norm(gamma) * _row_sum_norm(theta)
    except np.linalg.LinAlgError:
        condition = np.array(np.inf)
    if not (condition < _LARGEST_CONDITION).all():
        raise np.linalg.LinAlgError(
            f"Expected a condition number of at most {_LARGEST_CONDITION:.0e} among the "
            "log-ratios: they are linearly dependent."
        )
    return theta


def linearly_dependent(gamma: np.ndarray) -> bool:
    """Return whether Γ (D, D) has no precision: some log-ratio is a combination of others.

    Examples
    --------
    >>> linearly_dependent(centre(np.diag([1.0, 1.0, 1.0])))
    False
    >>> one_direction = np.array([1.0, -2.0, 1.0])
    >>> linearly_dependent(np.outer(one_direction, one_direction))
    True
    """
    try:
        precision_from_covariance(gamma)
    except np.linalg.LinAlgError:
        return True
    return False


def covariance_from_precision(theta: np.ndarray) -> np.ndarray:
    """Return Γ = Θ⁺, whatever the condition of Θ, by the formula of `precision_from_covariance`.

    Parameters
    ----------
    theta : array, shape (..., D, D)
        Rows sum to 0.

    Returns
    -------
    array, shape (..., D, D)

    Examples
    --------
    >>> gamma = centre(np.diag([1.0, 2.0, 3.0]))
    >>> bool(np.allclose(covariance_from_precision(precision_from_covariance(gamma)), gamma))
    True
    """
    size = theta.shape[-1]
    s = np.trace(theta, axis1=-2, axis2=-1)[..., None, None] / (size - 1)
    inverse = np.linalg.inv(theta + s / size) - 1 / (s * size)
    return centre((inverse + inverse.swapaxes(-1, -2)) / 2)


def covariance_root(theta: np.ndarray) -> np.ndarray:
    """Return a root R of the covariance, RR' = Γ = Θ⁺.

    Parameters
    ----------
    theta : array, shape (..., D, D)

    Returns
    -------
    array, shape (..., D, D - 1)

    Examples
    --------
    >>> theta = basis_laplacian(np.ones(3))
    >>> root = covariance_root(theta)
    >>> bool(np.allclose(root @ root.T, covariance_from_precision(theta)))
    True
    """
    basis = ilr_basis(theta.shape[-1])
    return basis @ np.linalg.cholesky(np.linalg.inv(basis.T @ theta @ basis))


def subcomposition(theta: np.ndarray, keep: np.ndarray) -> np.ndarray:
    """Return Θ of some of the parts: the Schur complement Θ_kk - Θ_ko Θ_oo⁻¹ Θ_ok.

    Parameters
    ----------
    theta : array, shape (..., D, D)
    keep : int array, shape (k,)
        Positions of the parts; o are the others.

    Returns
    -------
    array, shape (..., k, k)

    Examples
    --------
    Parts that are independent among four are so among three.

    >>> three = subcomposition(basis_laplacian(np.ones(4)), np.array([0, 1, 2]))
    >>> bool(np.allclose(three, basis_laplacian(np.ones(3))))
    True
    """
    others = np.setdiff1d(np.arange(theta.shape[-1]), keep)
    inside = theta[..., keep[:, None], keep]
    across = theta[..., others[:, None], keep]
    outside = theta[..., others[:, None], others]
    return inside - across.swapaxes(-1, -2) @ np.linalg.solve(outside, across)


def basis_laplacian(variances: np.ndarray) -> np.ndarray:
    """Return Θ of independent parts: diag κ - κκ'/Σκ with κ = 1/ω.

    Parameters
    ----------
    variances : array, shape (..., D)
        ω, of the logarithms of the parts before closure.

    Returns
    -------
    array, shape (..., D, D)

    Examples
    --------
    >>> basis_laplacian(np.array([1.0, 1.0, 2.0])).round(2)
    array([[ 0.6, -0.4, -0.2],
           [-0.4,  0.6, -0.2],
           [-0.2, -0.2,  0.4]])
    """
    precision = 1 / np.asarray(variances)
    total = precision.sum(axis=-1)[..., None, None]
    product = _pair_products(precision) / total
    return np.eye(precision.shape[-1]) * precision[..., None] - product


def proportionality(gamma: np.ndarray) -> np.ndarray:
    """Return the proportionality ρ_p = 1 - T_ij / (Γ_ii + Γ_jj) of two parts.

    Parameters
    ----------
    gamma : array, shape (..., D, D)

    Returns
    -------
    array, shape (..., D, D)

    References
    ----------
    Erb & Notredame (2016), How should we measure proportionality on relative gene expression
    data?, Theory in Biosciences 135:21-36.

    Examples
    --------
    >>> proportionality(centre(np.eye(3)))[0]
    array([ 1. , -0.5, -0.5])
    """
    variances = _diagonal(gamma)
    return 1 - variation_matrix(gamma) / _pair_sums(variances)


def symmetric_balances(gamma: np.ndarray) -> np.ndarray:
    """Return the correlation of the symmetric balances of each two parts.

    The two axes of centred log-ratios are made orthonormal evenly: with M = (I₂ - J₂/D)^(-1/2) =
    a I₂ + b J₂, it is the correlation of M Γ_{ij,ij} M.

    Parameters
    ----------
    gamma : array, shape (D, D)

    Returns
    -------
    array, shape (D, D)

    References
    ----------
    Kynčlová, Hron & Filzmoser (2017), Correlation between compositional parts based on symmetric
    balances, Mathematical Geosciences 49:777-796.

    Examples
    --------
    >>> symmetric_balances(centre(np.eye(4))).round(4)[0] + 0.0
    array([1., 0., 0., 0.])
    """
    size = len(gamma)
    b = (1 / np.sqrt(1 - 2 / size) - 1) / 2
    variances = np.diagonal(gamma)
    one, other = variances[:, None], variances[None, :]
    shared = b * (1 + b) * (one + other) + (1 + 2 * b * (1 + b)) * gamma
    first = (1 + b) ** 2 * one + 2 * b * (1 + b) * gamma + b**2 * other
    correlations = shared / np.sqrt(first * first.T)
    np.fill_diagonal(correlations, 1.0)
    return correlations


def shrunk_covariance(logs: np.ndarray) -> tuple[np.ndarray, float, float]:
    """Return the shrinkage estimate of a covariance, and both shrinkage intensities.

    Correlations are shrunk towards 0 and variances towards their median. With m_ij =
    mean(x_i x_j) of standardised columns x, the intensity of the correlations is

        λ = Σ_{i≠j} (mean(x_i² x_j²) - m_ij²) / Σ_{i≠j} m_ij² / (n-1)

    clipped to [0, 1]; λ_var likewise for the variances. Given log-proportions, `centre` of the
    estimate is the basis shrinkage of Jin, Notredame & Erb.

    Parameters
    ----------
    logs : array, shape (n, D)

    Returns
    -------
    covariance : array, shape (D, D)
    intensity : float
        λ, of the correlations.
    variance_intensity : float
        λ_var.

    References
    ----------
    Schäfer & Strimmer (2005), A shrinkage approach to large-scale covariance matrix estimation,
    Statistical Applications in Genetics and Molecular Biology 4:32. Opgen-Rhein & Strimmer (2007),
    Accurate ranking of differentially expressed genes, ibid. 6:9. Jin, Notredame & Erb (2022),
    Compositional covariance shrinkage and regularised partial correlations, arXiv 2212.00496.

    Examples
    --------
    >>> logs = np.random.default_rng(1).standard_normal((20, 3))
    >>> covariance, intensity, variance_intensity = shrunk_covariance(logs)
    >>> round(intensity, 3), round(variance_intensity, 3)
    (0.853, 0.487)
    """
    n = len(logs)
    centred = logs - logs.mean(axis=0)
    variances = centred.var(axis=0, ddof=1)
    x = centred / np.sqrt(variances)
    means = x.T @ x / n
    squares = (x**2).T @ x**2 / n
    noise = squares - means**2
    signal = means**2
    np.fill_diagonal(noise, 0.0)
    np.fill_diagonal(signal, 0.0)
    intensity = _intensity(noise.sum(), signal.sum(), n)
    deviations = centred**2
    target = np.median(variances)
    spread = ((deviations.mean(axis=0) - target * (n - 1) / n) ** 2).sum()
    variance_intensity = _intensity(deviations.var(axis=0).sum(), spread, n)
    correlations = (1 - intensity) * np.corrcoef(logs, rowvar=False)
    np.fill_diagonal(correlations, 1.0)
    scale = np.sqrt(variance_intensity * target + (1 - variance_intensity) * variances)
    return correlations * scale[:, None] * scale, intensity, variance_intensity


def _diagonal(matrix: np.ndarray) -> np.ndarray:
    return np.diagonal(matrix, axis1=-2, axis2=-1)


def _pair_sums(vector: np.ndarray) -> np.ndarray:
    return vector[..., :, None] + vector[..., None, :]


def _pair_products(vector: np.ndarray) -> np.ndarray:
    return vector[..., :, None] * vector[..., None, :]


def _row_sum_norm(matrix: np.ndarray) -> np.ndarray:
    return np.abs(matrix).sum(axis=-1).max(axis=-1)


def _intensity(noise: float, signal: float, n: int) -> float:
    return float(np.clip(noise / signal / (n - 1), 0, 1)) if signal > 0 else 1.0
