"""Covariances of errors and of coefficients from the parameters of `PanelDML`.

Every function takes `xp`, which is NumPy or `pytensor.tensor`, so that the graph and its density by
NumPy are one formula.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from causalstats.models.panel_dml.bases import BASES
from causalstats.models.panel_dml.shrinkage import SHRINKAGE

# Standard deviations of columns are multiplied by what each of these parameters makes of them.
COLUMN_SCALES = {
    **{
        name: scale
        for prior in SHRINKAGE.values()
        for name, scale in prior.column_scales.items()
    },
    **{
        name: scale
        for basis in BASES.values()
        for name, scale in basis.column_scales.items()
    },
}


def residual_covariance(xp: Any, effect: Any, links: Any, error_sd: Any) -> Any:
    """Return the covariance Σ of treatments and outcome about their nuisance functions.

    D_j = Σ_m links_jm D_m + s_j z_j over m < j, and Y = θ'D + s_e z. With B the matrix of these
    equations, lower triangular with ones, Σ = B⁻¹ diag(s²) B⁻ᵀ.

    Parameters
    ----------
    xp : module
        `numpy` or `pytensor.tensor`.
    effect : array or node, shape (..., k)
        θ, in standard units.
    links : array or node, shape (..., k(k-1)/2), or None
        Slopes of each treatment on those before it.
    error_sd : array or node, shape (..., k+1)

    Returns
    -------
    array or node, shape (..., k+1, k+1)
    """
    equations = _length(xp, error_sd)
    inverse: list[list[Any]] = []
    for j in range(equations):
        slopes = _slopes(effect, links, j, equations)
        row = [sum(slopes[m] * inverse[m][i] for m in range(i, j)) for i in range(j)]
        inverse.append([*row, 1.0])
    rows = [
        [
            sum(
                inverse[i][m] * inverse[j][m] * error_sd[..., m] ** 2
                for m in range(min(i, j) + 1)
            )
            for j in range(equations)
        ]
        for i in range(equations)
    ]
    return xp.stack([xp.stack(row, -1) for row in rows], -2)


def error_precisions(xp: Any, effect: Any, links: Any, error_sd: Any) -> Any:
    """Return Ω_j = B_j'B_j / s_j² for row j of B, which make up the precision Σ⁻¹ = Σ_j Ω_j.

    Parameters
    ----------
    xp : module
        `numpy` or `pytensor.tensor`.
    effect : array or node, shape (k,)
    links : array or node, shape (k(k-1)/2,), or None
    error_sd : array or node, shape (q,), q = k + 1

    Returns
    -------
    array or node, shape (q, q, q)
    """
    equations = _length(xp, error_sd)
    one, zero = effect[0] * 0 + 1, effect[0] * 0
    precisions = []
    for j in range(equations):
        slopes = _slopes(effect, links, j, equations)
        zeros = [zero] * (equations - 1 - j)
        row = xp.stack([*(-slope for slope in slopes), one, *zeros]) / error_sd[j]
        precisions.append(row[:, None] * row)
    return xp.stack(precisions)


def structural_rows(effect: np.ndarray, links: np.ndarray | None) -> np.ndarray:
    """Return B (q, q), whose rows make independent errors of the residuals of each equation.

    Parameters
    ----------
    effect : array, shape (k,)
    links : array, shape (k(k-1)/2,), or None

    Examples
    --------
    >>> structural_rows(np.array([2.0]), None)
    array([[ 1.,  0.],
           [-2.,  1.]])
    """
    equations = len(effect) + 1
    rows = np.eye(equations)
    for j in range(1, equations):
        rows[j, :j] = [-slope for slope in _slopes(effect, links, j, equations)]
    return rows


def association_root(xp: Any, association: Any, count: int) -> Any:
    """Return the Cholesky factor of the correlation of a column's coefficients over equations.

    2 association - 1 are canonical partial correlations, of equation i and j < i given those
    before j (Lewandowski, Kurowicka & Joe 2009).

    Parameters
    ----------
    xp : module
        `numpy` or `pytensor.tensor`.
    association : array or node, shape (..., q(q-1)/2), or None
        Shares between 0 and 1; None for independent coefficients.
    count : int
        Equations q.

    Returns
    -------
    array or node, shape (..., q, q)
    """
    if association is None:
        return xp.eye(count)
    zero = association[..., 0] * 0
    rows = []
    for i in range(count):
        unexplained, row = zero + 1, []
        for j in range(i):
            partial = 2 * association[..., i * (i - 1) // 2 + j] - 1
            row.append(partial * xp.sqrt(unexplained))
            unexplained = unexplained * (1 - partial**2)
        zeros = [zero] * (count - i - 1)
        rows.append(xp.stack([*row, xp.sqrt(unexplained), *zeros], -1))
    return xp.stack(rows, -2)


def coefficient_covariance(
    xp: Any, coefficient_sd: Any, association: Any, count: int
) -> Any:
    """Return the prior covariance T of a column's coefficients over equations, but for κ.

    Parameters
    ----------
    xp : module
        `numpy` or `pytensor.tensor`.
    coefficient_sd : array or node, shape (..., q)
        τ, one scale an equation.
    association : array or node, shape (..., q(q-1)/2), or None
    count : int
        Equations q.

    Returns
    -------
    array or node, shape (..., q, q)
    """
    root = coefficient_sd[..., :, None] * association_root(xp, association, count)
    return (root[..., :, None, :] * root[..., None, :, :]).sum(-1)


def coefficient_factors(
    xp: Any, given: Mapping[str, Any], scales: Mapping[str, Any], count: int
) -> Any:
    """Return F (q, q, p), column k's coefficients having the prior covariance F_k F_k'.

    Parameters
    ----------
    xp : module
        `numpy` or `pytensor.tensor`.
    given : mapping
        `spectrum` (p,), `terms` (p, T), and `frequencies` (p,) where there are sines.
    scales : mapping
        Parameters in standard units, by name.
    count : int
        Equations q.
    """
    sd = scales["standard_coefficient_sd"][:, None] * xp.sqrt(given["spectrum"])
    for name, column_scale in COLUMN_SCALES.items():
        if name in scales:
            sd = sd * column_scale(xp, given, scales[name])
    root = association_root(xp, scales.get("standard_association"), count)
    return sd[:, None, :] * root[:, :, None]


def _slopes(effect: Any, links: Any, j: int, equations: int) -> list[Any]:
    """Slopes of equation j on the equations before it: the outcome's are the effects."""
    if j == equations - 1:
        return [effect[..., m] for m in range(j)]
    return [links[..., j * (j - 1) // 2 + m] for m in range(j)]


def _length(xp: Any, values: Any) -> int:
    """The last axis, whose length is known before the graph runs."""
    shape = values.shape if xp is np else values.type.shape
    return int(shape[-1])
