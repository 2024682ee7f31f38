"""From the parameters of `PanelDML` to what its likelihood takes, for numbers and for nodes of a PyMC graph alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from causalstats.numerics.hilbert_basis import spectral_density
from causalstats.numerics.serial_correlation import polynomials


def residual_covariance(xp: Any, theta: Any, links: Any, sd: Any) -> Any:
    """Σ (..., q, q) of (D, Y) about Φ, D_j = Σ_m links_jm D_m + s_j z_j over m < j, Y = θ'D + s_e z: Σ = M diag(s²) M', M⁻¹ lower with ones.

    `theta` (..., k), `links` (..., k(k-1)/2) or None, `sd` (..., k+1), of NumPy or of a PyTensor graph.
    """
    count = sd.type.shape[-1] - 1 if xp is not np else sd.shape[-1] - 1
    mix: list[list[Any]] = []
    for j in range(count + 1):
        slopes = [theta[..., m] for m in range(count)] if j == count else [links[..., j * (j - 1) // 2 + m] for m in range(j)]
        mix.append([*(sum(slopes[m] * mix[m][i] for m in range(i, j)) for i in range(j)), 1.0])
    rows = [[sum(mix[i][m] * mix[j][m] * sd[..., m] ** 2 for m in range(min(i, j) + 1)) for j in range(count + 1)] for i in range(count + 1)]
    return xp.stack([xp.stack(row, -1) for row in rows], -2)


def precisions(xp: Any, theta: Any, links: Any, sd: Any) -> Any:
    """Ω_j = B_j'B_j / s_j² (q, q, q), B = M⁻¹: of z_j = D_j - Σ_m links_jm D_m, and of Y - θ'D."""
    count = sd.type.shape[-1] - 1 if xp is not np else sd.shape[-1] - 1
    one, none = theta[0] * 0 + 1, theta[0] * 0
    found = []
    for j in range(count + 1):
        slopes = [theta[m] for m in range(count)] if j == count else [links[j * (j - 1) // 2 + m] for m in range(j)]
        row = xp.stack([*(-slope for slope in slopes), one, *[none] * (count - j)]) / sd[j]
        found.append(row[:, None] * row)
    return xp.stack(found)


def roots(xp: Any, given: Mapping[str, Any], scales: Mapping[str, Any]) -> Any:
    """√d (q, p) of the coefficients: τ_j √κ_k, times the scale of the covariate and the root of the spectral density where they have one."""
    found = scales["standard_coefficient_sd"][:, None] * xp.sqrt(given["spectrum"])
    if "covariate_scale" in scales:
        found = found * xp.dot(scales["covariate_scale"], given["terms"].T)
    if "length_scale" in scales:
        lengths = xp.dot(scales["length_scale"], given["terms"].T)
        found = found * xp.sqrt(xp.where(given["frequencies"] > 0, spectral_density(given["frequencies"], lengths), 1.0))
    return found


def grams_and_volumes(xp: Any, given: Mapping[str, Any], scales: Mapping[str, Any]) -> tuple[Any, Any]:
    """Cross-products G_j (q, p+q, p+q) and the logarithm of the volume of the errors' correlations (q,)."""
    aims = scales["standard_error_sd"].shape[0]
    if "serial_correlation" not in scales:
        return xp.stack([given["gram"][0]] * _static(xp, scales["standard_error_sd"])), given["volume"][0] * xp.ones(aims)
    weights = polynomials(xp, scales["serial_correlation"], given["lowest"])
    # No tensordot: JAX does not take the shapes that PyTensor makes of one.
    return (weights[:, :, None, None] * given["gram"]).sum(axis=1), xp.dot(weights, given["volume"])


def _static(xp: Any, values: Any) -> int:
    return len(values) if xp is np else values.type.shape[0]
