"""The hierarchical prior of the variances ω of the parts' logarithms, before closure.

log ω_j ~ Normal(μ, τ²),  μ ~ Normal(log of `basis_variance`, `basis_variance_sd`²),
τ ~ half-Normal(`variance_spread_scale`)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from causalstats.data import Composition
from causalstats.models.partial_correlation.graph_context import GraphContext
from causalstats.models.partial_correlation.hyperpriors import (
    HalfNormal,
    Hyperprior,
    Normal,
)

if TYPE_CHECKING:
    from causalstats.models.partial_correlation.model import PartialCorrelation

FIELDS = ("basis_variance", "basis_variance_sd", "variance_spread_scale")
PARAMETERS = ("log_typical_variance", "variance_spread", "basis_variance")


def variance_hyperpriors(
    model: PartialCorrelation, log_variance: float
) -> dict[str, Hyperprior]:
    """Return the priors of μ and τ; `log_variance` is the prior mean of μ."""
    return {
        "log_typical_variance": Normal(log_variance, model.basis_variance_sd),
        "variance_spread": HalfNormal(model.variance_spread_scale),
    }


def log_variance_of(model: PartialCorrelation, data: Composition) -> float:
    """Return the logarithm of `basis_variance`, or of the mean variance in the data."""
    variance = model.basis_variance or data.covariance.trace() / (len(data.parts) - 1)
    return float(np.log(variance))


def add_basis_variances(context: GraphContext) -> Any:
    """Add μ, τ and ω (D,), non-centred, to the open graph and return ω."""
    import pymc as pm
    import pytensor.tensor as pt

    typical = context.variable("log_typical_variance")
    spread = context.variable("variance_spread")
    deviation = pm.Normal("variance_deviation", 0, 1, dims="part")
    return pm.Deterministic(
        "basis_variance", pt.exp(typical + spread * deviation), dims="part"
    )


def draw_basis_variances(
    hyperpriors: dict[str, Hyperprior], parts: int, rng: np.random.Generator
) -> dict[str, Any]:
    """Return one draw of μ, τ and ω (D,) from the prior, by name.

    Parameters
    ----------
    hyperpriors : dict
        That of `variance_hyperpriors`.
    parts : int
        D.
    rng : Generator
    """
    typical = hyperpriors["log_typical_variance"].draw(rng)
    spread = hyperpriors["variance_spread"].draw(rng)
    return {
        "log_typical_variance": typical,
        "variance_spread": spread,
        "basis_variance": np.exp(typical + spread * rng.standard_normal(parts)),
    }
