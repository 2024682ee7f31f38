"""Anchor regression: prediction of the outcome where the instruments come to vary more.

The instruments, or anchors, explain a part of treatment and outcome. Where that part grows γ times
in variance, by shifts of the instruments, cross-products per row of X = [y T] are

    Σ_γ = Ω + γ M'M / n

with Ω the covariance of what instruments leave open, and M the coefficients of X on orthonormal
instruments. The best linear prediction, and its mean square error, are

    b_γ = Σ_TT⁻¹ Σ_Ty,    risk(γ) = Σ_yy - Σ_yT b_γ

which no shift up to this size exceeds (Rothenhäusler et al. 2021). γ = 1 is least squares, γ → ∞ is
2SLS; b_γ is the k-class estimator of κ = 1 - 1/γ, and minimises |Π(y - Tb)|² + α|y - Tb|², Π the
projection on the instruments, for γ = 1 + 1/α.

Nothing is assumed of how instruments affect the outcome: M has no restriction, rows
Normal(0, s²Ω) and s ~ half-Cauchy(.3 √n'), and p(Ω) ∝ |Ω|^(-(m+1)/2) for the m columns of X. With
κ = s²/(1 + s²), s has the density p(s) (1+s²)^(-km/2) |G - κC|^(-n/2), Ω is inverse Wishart with n
degrees of freedom and scale G - κC, and M is Normal(κQ'X, κΩ).

References
----------
Rothenhäusler, Meinshausen, Bühlmann & Peters (2021), Anchor regression: heterogeneous data meet
causality, Journal of the Royal Statistical Society B 83.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from causalstats.numerics.instruments.effect_posterior import LOG_VARIANCE_RANGE
from causalstats.numerics.instruments.moments import InstrumentMoments

_LOG_VARIANCE_NODES = 200


@dataclass(frozen=True, eq=False, kw_only=True)
class AnchorDraws:
    """Draws of the prediction and of its risk, for each shift.

    Attributes
    ----------
    coefficient : array, shape (n, shifts), or (n, shifts, q) of several treatments
        b_γ.
    risk : array, shape (n, shifts)
        The mean square error at b_γ, where the instruments' part has γ times its variance.
    """

    coefficient: np.ndarray
    risk: np.ndarray


def anchor_regression(
    moments: InstrumentMoments,
    shifts: Sequence[float],
    size: int,
    rng: np.random.Generator,
    first_stage_scale: float = 0.3,
) -> AnchorDraws:
    """Return draws of b_γ and of its risk.

    Parameters
    ----------
    moments : InstrumentMoments
    shifts : sequence of float
        γ.
    size : int
    rng : Generator
    first_stage_scale : float
        Scale of the half-Cauchy prior of s, by √n'.

    Returns
    -------
    AnchorDraws

    Examples
    --------
    >>> from causalstats.numerics.instruments.moments import instrument_moments
    >>> rng = np.random.default_rng(1)
    >>> z, v, e = rng.standard_normal((3, 2000))
    >>> t = z + v
    >>> moments = instrument_moments(t + v + e, t, z[:, None], np.empty((2000, 0)))
    >>> anchor_regression(moments, [1, 100], 1000, rng).coefficient.mean(axis=0).round(1)
    array([1.5, 1. ])
    """
    rows = moments.degrees + moments.treatments
    covariance, shifted = _reduced_form(moments, size, rng, first_stage_scale)
    coefficients, risks = [], []
    for shift in shifts:
        total = covariance + shift * shifted / rows
        cross = total[:, 1:, 0]
        coefficient = np.linalg.solve(total[:, 1:, 1:], cross[..., None])[..., 0]
        coefficients.append(coefficient)
        risks.append(total[:, 0, 0] - (coefficient * cross).sum(axis=1))
    by_shift = np.stack(coefficients, axis=1)
    return AnchorDraws(
        coefficient=by_shift[..., 0] if moments.treatments == 1 else by_shift,
        risk=np.stack(risks, axis=1),
    )


def _reduced_form(
    moments: InstrumentMoments,
    size: int,
    rng: np.random.Generator,
    first_stage_scale: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Return draws of Ω and of M'M, both of shape (n, m, m).

    Parameters
    ----------
    moments : InstrumentMoments
    size : int
    rng : Generator
    first_stage_scale : float
    """
    width = 1 + moments.treatments
    rows, k = moments.degrees + moments.treatments, moments.instruments
    log_variance = np.linspace(*LOG_VARIANCE_RANGE, _LOG_VARIANCE_NODES)
    variance = np.exp(log_variance)
    kappa = variance / (1 + variance)
    total = moments.products[:width, :width]
    explained = moments.explained[:width, :width]
    scales = total - kappa[:, None, None] * explained
    logs = (
        log_variance / 2
        - np.log1p(variance / (first_stage_scale**2 * moments.degrees))
        - k * width / 2 * np.log1p(variance)
        - rows / 2 * np.linalg.slogdet(scales)[1]
    )
    probability = np.exp(logs - logs.max())
    chosen = rng.choice(len(kappa), size, p=probability / probability.sum())
    # Bartlett's decomposition of the inverse of a Wishart matrix
    triangle = np.zeros((size, width, width))
    for position in range(width):
        triangle[:, position, position] = np.sqrt(rng.chisquare(rows - position, size))
    for row, column in zip(*np.tril_indices(width, -1), strict=True):
        triangle[:, row, column] = rng.standard_normal(size)
    roots = np.linalg.cholesky(scales)[chosen]
    root = roots @ np.linalg.inv(triangle).transpose(0, 2, 1)
    covariance = root @ root.transpose(0, 2, 1)
    weight = kappa[chosen][:, None, None]
    noise = rng.standard_normal((size, k, width)) @ root.transpose(0, 2, 1)
    means = weight * moments.projections[:, :width] + np.sqrt(weight) * noise
    return covariance, means.transpose(0, 2, 1) @ means
