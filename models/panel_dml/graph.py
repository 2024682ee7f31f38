"""The PyMC graph of `PanelDML`: a few scales, the effects, and everything else integrated out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from causalstats.models.panel_dml.parameters import (
    association_shapes,
    coefficient_covariance,
    factors,
    grams_and_volumes,
    precisions,
    residual_covariance,
)

if TYPE_CHECKING:
    import pymc as pm

COEFFICIENT_SD = (
    2.0  # scale of the half-normal prior of τ, in standard deviations of what is explained
)
LENGTH_SCALE = (0.0, 0.6)  # mean and sd of log ℓ, in standard deviations of the covariate


def build(
    inputs: Mapping[str, np.ndarray],
    effects: Sequence[str],
    terms: Sequence[str],
    effect_sd: float,
    correlated: bool,
) -> pm.Model:
    """Effects within units and, of data that have them, between units, which share no parameter."""
    import pymc as pm

    equations = [*effects, "outcome"]
    with pm.Model(
        coords={
            "treatment": list(effects),
            "equation": equations,
            "term": list(terms),
            "pair": pairs(equations),
        }
    ) as graph:
        given = {name: pm.Data(name, value) for name, value in inputs.items()}
        within = _equations(given, "", len(effects), effect_sd, correlated)
        if "between_units" in inputs:
            between = _equations(given, "between_", len(effects), effect_sd, correlated)
            pm.Deterministic("contextual_effect", between - within, dims="treatment")
    return graph


def pairs(equations: Sequence[str]) -> list[str]:
    """Names of every two equations, in the order of their correlations."""
    return [f"{equations[j]} and {equations[i]}" for i in range(len(equations)) for j in range(i)]


def _equations(
    given: Mapping[str, Any], prefix: str, count: int, effect_sd: float, correlated: bool
) -> Any:
    """D = Φγ + v, Y = Φδ + θ'(D - Φγ) + e with γ, δ integrated out, in standard units; θ in the data's."""
    import pymc as pm
    import pytensor.tensor as pt

    from causalstats.numerics.regression.canonical_regression_ops import pieces_given_scales

    own = {
        name.removeprefix(prefix): value for name, value in given.items() if name.startswith(prefix)
    }
    theta = pm.Normal(f"{prefix}standard_effect", 0, effect_sd, shape=count)
    links = (
        pm.Normal(f"{prefix}standard_link", 0, effect_sd, shape=count * (count - 1) // 2)
        if count > 1
        else None
    )
    sd = pm.HalfNormal(f"{prefix}standard_error_sd", 1, shape=count + 1)
    tau = pm.HalfNormal(
        f"{prefix}standard_coefficient_sd",
        COEFFICIENT_SD,
        shape=count + 1,
        default_transform=_softplus(),
    )
    association = None
    if correlated:
        shapes = association_shapes(count + 1)
        association = pm.Beta(f"{prefix}standard_association", shapes, shapes)
        correlation = coefficient_covariance(pt, pt.ones(count + 1), association, count + 1)
        pm.Deterministic(
            f"{prefix}coefficient_correlation",
            correlation[np.tril_indices(count + 1, -1)],
            dims="pair",
        )
    if "gram" in own:
        _cross_products(own, prefix, theta, links, sd, tau, association)
    else:
        covariance = (
            residual_covariance(pt, theta, links, sd),
            coefficient_covariance(pt, tau, association, count + 1),
        )
        pm.Potential(
            f"{prefix}pieces_given_scales",
            pieces_given_scales(own["eigenvalues"], own["pieces"], own["weights"], *covariance),
        )
    units = own["units"]
    pm.Deterministic(f"{prefix}error_sd", sd * units, dims="equation")
    pm.Deterministic(f"{prefix}coefficient_sd", tau * units, dims="equation")
    return pm.Deterministic(f"{prefix}effect", theta * units[-1] / units[:-1], dims="treatment")


def _softplus() -> Any:
    """The logarithm of τ makes divergences where there is nothing to explain."""
    import pymc as pm

    return pm.distributions.transforms.log_exp_m1


def _cross_products(
    own: Mapping[str, Any], prefix: str, theta: Any, links: Any, sd: Any, tau: Any, association: Any
) -> None:
    """The likelihood where they have several, or errors last."""
    import pymc as pm
    import pytensor.tensor as pt

    from causalstats.numerics.panel.serial_correlation import HIGHEST
    from causalstats.numerics.regression.gram_regression_ops import gram_given_scales

    scales, dims = {"standard_error_sd": sd, "standard_coefficient_sd": tau}, ("equation", "term")
    scales |= {} if association is None else {"standard_association": association}
    if "own_scales" in own:
        scales["covariate_scale"] = pm.HalfNormal(
            f"{prefix}covariate_scale", 1, dims=dims, default_transform=_softplus()
        )
    if "frequencies" in own:
        scales["length_scale"] = pm.LogNormal(f"{prefix}length_scale", *LENGTH_SCALE, dims=dims)
    if "lowest" in own:
        scales["serial_correlation"] = pm.Uniform(
            f"{prefix}serial_correlation", own["lowest"], HIGHEST, dims="equation"
        )
    grams, volumes = grams_and_volumes(pt, own, scales)
    value = gram_given_scales(
        grams, precisions(pt, theta, links, sd), factors(pt, own, scales, sd.type.shape[0])
    )
    pm.Potential(
        f"{prefix}gram_given_scales", value - (own["rows"] * pt.log(sd) + volumes / 2).sum()
    )
