"""From the parameters of `PanelDML` to what its likelihood takes, for numbers and for nodes of a PyMC graph alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from causalstats.numerics.bases.hilbert_space_gp import spectral_density
from causalstats.numerics.panel.serial_correlation import polynomials

ASSOCIATION = 2.0  # of the LKJ prior


def residual_covariance(xp: Any, theta: Any, links: Any, sd: Any) -> Any:
    """Σ (..., q, q) of (D, Y) about Φ, D_j = Σ_m links_jm D_m + s_j z_j over m < j, Y = θ'D + s_e z: Σ = M diag(s²) M', M⁻¹ lower with ones.

    `theta` (..., k), `links` (..., k(k-1)/2) or None, `sd` (..., k+1), of NumPy or of a PyTensor graph.
    """
    count = sd.type.shape[-1] - 1 if xp is not np else sd.shape[-1] - 1
    mix: list[list[Any]] = []
    for j in range(count + 1):
        slopes = (
            [theta[..., m] for m in range(count)]
            if j == count
            else [links[..., j * (j - 1) // 2 + m] for m in range(j)]
        )
        mix.append([*(sum(slopes[m] * mix[m][i] for m in range(i, j)) for i in range(j)), 1.0])
    rows = [
        [
            sum(mix[i][m] * mix[j][m] * sd[..., m] ** 2 for m in range(min(i, j) + 1))
            for j in range(count + 1)
        ]
        for i in range(count + 1)
    ]
    return xp.stack([xp.stack(row, -1) for row in rows], -2)


def precisions(xp: Any, theta: Any, links: Any, sd: Any) -> Any:
    """Ω_j = B_j'B_j / s_j² (q, q, q), B = M⁻¹: of z_j = D_j - Σ_m links_jm D_m, and of Y - θ'D."""
    count = sd.type.shape[-1] - 1 if xp is not np else sd.shape[-1] - 1
    one, none = theta[0] * 0 + 1, theta[0] * 0
    found = []
    for j in range(count + 1):
        slopes = (
            [theta[m] for m in range(count)]
            if j == count
            else [links[j * (j - 1) // 2 + m] for m in range(j)]
        )
        row = xp.stack([*(-slope for slope in slopes), one, *[none] * (count - j)]) / sd[j]
        found.append(row[:, None] * row)
    return xp.stack(found)


def association_root(xp: Any, association: Any, count: int) -> Any:
    """L (..., q, q), the Cholesky factor of the correlation of a column's coefficients over equations, from association (..., q(q-1)/2) in (0, 1), or None.

    2 association - 1 are canonical partial correlations, of equation i and j < i given those before j (Lewandowski, Kurowicka & Joe 2009).
    """
    if association is None:
        return xp.eye(count)
    none = association[..., 0] * 0
    rows = []
    for i in range(count):
        left, row = none + 1, []
        for j in range(i):
            partial = 2 * association[..., i * (i - 1) // 2 + j] - 1
            row.append(partial * xp.sqrt(left))
            left = left * (1 - partial**2)
        rows.append(xp.stack([*row, xp.sqrt(left), *[none] * (count - i - 1)], -1))
    return xp.stack(rows, -2)


def association_shapes(count: int) -> np.ndarray:
    """Both parameters of the Beta prior of each association, which make their correlation matrix LKJ(2)."""
    return np.array([ASSOCIATION + (count - 2 - j) / 2 for i in range(count) for j in range(i)])


def coefficient_covariance(xp: Any, tau: Any, association: Any, count: int) -> Any:
    """T (..., q, q) of a column's coefficients over equations, but for κ: τ (..., q) and correlations."""
    root = tau[..., :, None] * association_root(xp, association, count)
    return (root[..., :, None, :] * root[..., None, :, :]).sum(-1)


def factors(xp: Any, given: Mapping[str, Any], scales: Mapping[str, Any], count: int) -> Any:
    """F (q, q, p) of the coefficients, column k's covariance F_k F_k': their standard deviations times the root of their correlation."""
    return (
        _roots(xp, given, scales)[:, None, :]
        * association_root(xp, scales.get("standard_association"), count)[:, :, None]
    )


def _roots(xp: Any, given: Mapping[str, Any], scales: Mapping[str, Any]) -> Any:
    """Standard deviations (q, p): τ_j √κ_k, times the scale of the covariate and the root of the spectral density where they have one."""
    found = scales["standard_coefficient_sd"][:, None] * xp.sqrt(given["spectrum"])
    if "covariate_scale" in scales:
        found = found * xp.dot(scales["covariate_scale"], given["terms"].T)
    if "length_scale" in scales:
        lengths = xp.dot(scales["length_scale"], given["terms"].T)
        found = found * xp.sqrt(
            xp.where(given["frequencies"] > 0, spectral_density(given["frequencies"], lengths), 1.0)
        )
    return found


def grams_and_volumes(
    xp: Any, given: Mapping[str, Any], scales: Mapping[str, Any]
) -> tuple[Any, Any]:
    """Cross-products G_j (q, p+q, p+q) and the logarithm of the volume of the errors' correlations (q,)."""
    aims = scales["standard_error_sd"].shape[0]
    if "serial_correlation" not in scales:
        return xp.stack([given["gram"][0]] * _static(xp, scales["standard_error_sd"])), given[
            "volume"
        ][0] * xp.ones(aims)
    weights = polynomials(xp, scales["serial_correlation"], given["lowest"])
    # No tensordot: JAX does not take the shapes that PyTensor makes of one.
    return (weights[:, :, None, None] * given["gram"]).sum(axis=1), xp.dot(weights, given["volume"])


def _static(xp: Any, values: Any) -> int:
    return len(values) if xp is np else values.type.shape[0]
