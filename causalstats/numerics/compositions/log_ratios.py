"""The algebra of log-ratios: everything that is said about a composition follows from one matrix with zero row sums.

With x a composition of D parts, Γ the covariance of its centred log-ratios log(x_i / g(x)), g the geometric mean, and G = I - 11'/D:

    Γ 1 = 0,  Θ = Γ⁺ (pseudo-inverse),  ΓΘ = ΘΓ = G,  Θ 1 = 0

Θ is the same whichever reference part or basis of log-ratios is used to compute it, and is the Laplacian of a signed graph whose edges are partial
correlations (Erb 2020, Applied Computing and Geosciences 6:100026; Aitchison 1986 for T and Γ). Natural logarithms, denominators n - 1.
"""

import numpy as np

_WORST_CONDITION = 1e10  # in the norm of the largest row sum
_BISECTIONS = 60


def clr(parts: np.ndarray) -> np.ndarray:
    """Centred log-ratios log(x / g(x)) of rows of positive parts, (n, D)."""
    logs = np.log(parts)
    return logs - logs.mean(axis=-1, keepdims=True)


def helmert(size: int) -> np.ndarray:
    """An orthonormal basis V (D, D-1) of the vectors that sum to zero: V'V = I, VV' = G."""
    rows, columns = np.arange(size)[:, None], np.arange(1, size)
    basis = np.where(rows < columns, 1.0, np.where(rows == columns, -columns, 0.0))
    return basis / np.sqrt(columns * (columns + 1.0))


def variation(gamma: np.ndarray) -> np.ndarray:
    """T_ij = var log(x_i / x_j) = Γ_ii + Γ_jj - 2 Γ_ij."""
    variances = _diagonal(gamma)
    return variances[..., :, None] + variances[..., None, :] - 2 * gamma


def centre(matrix: np.ndarray) -> np.ndarray:
    """G M G: the covariance of centred log-ratios from that of logarithms, Γ = G Ω G, or Γ = G (-T/2) G."""
    rows = matrix - matrix.mean(axis=-2, keepdims=True)
    return rows - rows.mean(axis=-1, keepdims=True)


def pseudo_inverse(gamma: np.ndarray) -> np.ndarray:
    """Θ = Γ⁺ = (Γ + s 11'/D)⁻¹ - 11'/(s D) for any s > 0, here the mean non-zero eigenvalue, which leaves the condition number as it is.

    Raises
    ------
    LinAlgError
        If Γ has a direction of no variance besides 1: two parts proportional, or fewer rows than parts.
    """
    try:
        found = covariance(gamma)
        condition = np.abs(gamma).sum(axis=-1).max(axis=-1) * np.abs(found).sum(axis=-1).max(
            axis=-1
        )
    except np.linalg.LinAlgError:
        condition = np.array(np.inf)
    if not (condition < _WORST_CONDITION).all():
        raise np.linalg.LinAlgError(
            f"Expected a condition number of at most {_WORST_CONDITION:.0e} among the log-ratios: they are linearly dependent."
        )
    return found


def covariance(theta: np.ndarray) -> np.ndarray:
    """Γ = Θ⁺ of a Θ that is given, however ill its condition: the same formula, which is its own inverse."""
    size = theta.shape[-1]
    s = np.trace(theta, axis1=-2, axis2=-1)[..., None, None] / (size - 1)
    inverse = np.linalg.inv(theta + s / size) - 1 / (s * size)
    return centre((inverse + inverse.swapaxes(-1, -2)) / 2)


def root(theta: np.ndarray) -> np.ndarray:
    """R (..., D, D-1) with RR' = Γ = Θ⁺."""
    basis = helmert(theta.shape[-1])
    return basis @ np.linalg.cholesky(np.linalg.inv(basis.T @ theta @ basis))


def partial_correlations(theta: np.ndarray) -> np.ndarray:
    """r_ij = -Θ_ij / √(Θ_ii Θ_jj), of parts i and j given all the others; 1 on the diagonal."""
    scale = 1 / np.sqrt(_diagonal(theta))
    return _with_diagonal(-theta * scale[..., :, None] * scale[..., None, :], 1.0)


def partial_variances(theta: np.ndarray) -> np.ndarray:
    """v_i = 1 / Θ_ii: of part i's logarithm about its best log-contrast in the others."""
    return 1 / _diagonal(theta)


def regression_coefficients(theta: np.ndarray) -> np.ndarray:
    """b_ik = -Θ_ik / Θ_ii of log x_i on the other log x_k; each row sums to 1, so that the residual is free of scale. 0 on the diagonal."""
    return _with_diagonal(-theta / _diagonal(theta)[..., :, None], 0.0)


def r_squared(gamma: np.ndarray, theta: np.ndarray) -> np.ndarray:
    """1 - ((D-1)/D)² v_i / Γ_ii: the multiple R² of the log-ratio of part i to the mean of the others, which prefers no reference."""
    size = gamma.shape[-1]
    return 1 - ((size - 1) / size) ** 2 * partial_variances(theta) / _diagonal(gamma)


def r_squared_by_reference(gamma: np.ndarray, theta: np.ndarray) -> np.ndarray:
    """1 - v_i / T_ir: the multiple R² of log(x_i / x_r), for part i (row) and reference r (column); NaN on the diagonal."""
    return 1 - partial_variances(theta)[..., :, None] / _with_diagonal(variation(gamma), np.nan)


def subcomposition(theta: np.ndarray, keep: np.ndarray) -> np.ndarray:
    """Θ of the parts at the positions `keep` alone: the Schur complement Θ_kk - Θ_ko Θ_oo⁻¹ Θ_ok over the others o."""
    others = np.setdiff1d(np.arange(theta.shape[-1]), keep)
    inside, across, outside = (
        theta[..., one[:, None], other]
        for one, other in ((keep, keep), (others, keep), (others, others))
    )
    return inside - across.swapaxes(-1, -2) @ np.linalg.solve(outside, across)


def basis_laplacian(variances: np.ndarray) -> np.ndarray:
    """Θ of independent parts with these variances (..., D) of their logarithms: diag κ - κκ'/κ₊, κ = 1/ω."""
    precision = 1 / np.asarray(variances)
    product = (
        precision[..., :, None] * precision[..., None, :] / precision.sum(axis=-1)[..., None, None]
    )
    return np.eye(precision.shape[-1]) * precision[..., None] - product


def closure_baseline(partial_variances: np.ndarray) -> np.ndarray:
    """The partial correlations (..., D, D) that closure alone makes of independent parts with these partial variances (..., D); never negative.

    Independent parts have r_ij² = o_i o_j with odds o = q / (1-q), Σ q = 1, and partial variances v_i with q_i (1-q_i) ∝ 1/v_i; 1/(D-1) where all are
    equal. With b_i = min v / v_i and t = 2 (1 - q of the part of least variance), the shares sum to 1 where

        (2-t) Σ_i b_i / (1 + √(1 - b_i t (2-t))) = 1      over the other parts; increasing as t falls, so found by bisection,

    and t → 0, the part of least variance being the whole of the size, where Σ b_i < 1 leaves no root.
    """
    v = np.asarray(partial_variances, float)
    least = v.min(axis=-1, keepdims=True)
    first = np.arange(v.shape[-1]) == v.argmin(axis=-1)[..., None]
    b = np.where(first, 0.0, least / v)
    low, high = np.zeros_like(least), np.full_like(least, 2.0)
    for _ in range(_BISECTIONS):
        t = (low + high) / 2
        above = (2 - t) * (b / (1 + np.sqrt(1 - b * t * (2 - t)))).sum(axis=-1, keepdims=True) > 1
        low, high = np.where(above, t, low), np.where(above, high, t)
    others = b * t * (2 - t) / (2 * (1 + np.sqrt(1 - b * t * (2 - t))))
    odds = np.where(first, (2 - t) / t, others / (1 - others))
    return _with_diagonal(np.sqrt(odds[..., :, None] * odds[..., None, :]), 1.0)


def proportionality(gamma: np.ndarray) -> np.ndarray:
    """ρ_p = 1 - T_ij / (Γ_ii + Γ_jj) (Erb & Notredame 2016)."""
    variances = _diagonal(gamma)
    return 1 - variation(gamma) / (variances[..., :, None] + variances[..., None, :])


def symmetric_balances(gamma: np.ndarray) -> np.ndarray:
    """Correlation of the symmetric balances of each two parts (Kynčlová, Hron & Filzmoser 2017): of the two clr axes, made orthonormal evenly.

    With M = (I₂ - J₂/D)^(-1/2) = a I₂ + b J₂, the correlation of M Γ_{ij,ij} M.
    """
    size = len(gamma)
    b = (1 / np.sqrt(1 - 2 / size) - 1) / 2
    variances = np.diagonal(gamma)
    one, other = variances[:, None], variances[None, :]
    shared = b * (1 + b) * (one + other) + (1 + 2 * b * (1 + b)) * gamma
    first = (1 + b) ** 2 * one + 2 * b * (1 + b) * gamma + b**2 * other
    found = shared / np.sqrt(first * first.T)
    np.fill_diagonal(found, 1.0)
    return found


def shrunk_covariance(logs: np.ndarray) -> tuple[np.ndarray, float, float]:
    """Covariance of the columns, correlations shrunk towards 0 and variances towards their median, and both intensities λ and λ_var.

    λ = Σ_{i≠j} (mean(x_i² x_j²) - m_ij²) / Σ_{i≠j} m_ij² / (n-1) for standardised columns x with m_ij = mean(x_i x_j); λ_var likewise for the
    variances; both clipped to [0, 1] (Schäfer & Strimmer 2005; Opgen-Rhein & Strimmer 2007). Of log-proportions, `centre` of it is the basis
    shrinkage of Jin, Notredame & Erb (2022).
    """
    n = len(logs)
    centred = logs - logs.mean(axis=0)
    variances = centred.var(axis=0, ddof=1)
    x = centred / np.sqrt(variances)
    means, squares = x.T @ x / n, (x**2).T @ x**2 / n
    noise, signal = squares - means**2, means**2
    np.fill_diagonal(noise, 0.0)
    np.fill_diagonal(signal, 0.0)
    intensity = _share(noise.sum(), signal.sum(), n)
    of_squares, target = centred**2, np.median(variances)
    spread = ((of_squares.mean(axis=0) - target * (n - 1) / n) ** 2).sum()
    intensity_of_variances = _share(of_squares.var(axis=0).sum(), spread, n)
    correlations = (1 - intensity) * np.corrcoef(logs, rowvar=False)
    np.fill_diagonal(correlations, 1.0)
    scale = np.sqrt(intensity_of_variances * target + (1 - intensity_of_variances) * variances)
    return correlations * scale[:, None] * scale, intensity, intensity_of_variances


def _diagonal(matrix: np.ndarray) -> np.ndarray:
    return np.diagonal(matrix, axis1=-2, axis2=-1)


def _with_diagonal(matrix: np.ndarray, value: float) -> np.ndarray:
    """The matrix itself, changed in place."""
    places = np.arange(matrix.shape[-1])
    matrix[..., places, places] = value
    return matrix


def _share(noise: float, signal: float, n: int) -> float:
    return float(np.clip(noise / signal / (n - 1), 0, 1)) if signal > 0 else 1.0
