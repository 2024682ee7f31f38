"""The PyMC graph of `PanelDML`: a few scales, the effects, and everything else integrated out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pymc as pm

COEFFICIENT_SD = 2.0  # scale of the half-normal prior of τ, in standard deviations of what is explained


def build(inputs: Mapping[str, np.ndarray], treatments: Sequence[str], effect_sd: float) -> pm.Model:
    """Effects within units and, of data that have them, between units, which share no parameter."""
    import pymc as pm

    with pm.Model(coords={"treatment": list(treatments), "equation": [*treatments, "outcome"]}) as graph:
        given = {name: pm.Data(name, value) for name, value in inputs.items()}
        within = _equations(given, "", len(treatments), effect_sd)
        if "between_pieces" in inputs:
            between = _equations(given, "between_", len(treatments), effect_sd)
            pm.Deterministic("contextual_effect", between - within, dims="treatment")
    return graph


def _equations(given: Mapping[str, Any], prefix: str, count: int, effect_sd: float) -> Any:
    """D = Φγ + v, Y = Φδ + θ'(D - Φγ) + e with γ, δ integrated out, in standard units; θ in the data's."""
    import pymc as pm
    import pytensor.tensor as pt

    from causalstats.numerics.canonical_regression_ops import pieces_given_scales

    theta = pm.Normal(f"{prefix}standard_effect", 0, effect_sd, shape=count)
    links = pm.Normal(f"{prefix}standard_link", 0, effect_sd, shape=count * (count - 1) // 2) if count > 1 else None
    sd = pm.HalfNormal(f"{prefix}standard_error_sd", 1, shape=count + 1)
    softplus = pm.distributions.transforms.log_exp_m1  # log τ makes divergences where there is nothing to explain
    tau = pm.HalfNormal(f"{prefix}standard_coefficient_sd", COEFFICIENT_SD, shape=count + 1, default_transform=softplus)
    covariance = residual_covariance(pt, theta, links, sd)
    eigenvalues, pieces, weights = (given[f"{prefix}{name}"] for name in ("eigenvalues", "pieces", "weights"))
    value = pieces_given_scales(eigenvalues, pieces, weights, covariance, tau**2)
    pm.Potential(f"{prefix}pieces_given_scales", value)
    units = given[f"{prefix}units"]
    pm.Deterministic(f"{prefix}error_sd", sd * units, dims="equation")
    pm.Deterministic(f"{prefix}coefficient_sd", tau * units, dims="equation")
    return pm.Deterministic(f"{prefix}effect", theta * units[-1] / units[:-1], dims="treatment")


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
