"""Instrumental variables as a PyMC graph: first stage, confounding and variances integrated out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from causalstats.data import Instrumented
from causalstats.models.instrument.posterior import effect_prior_sd, moments_of
from causalstats.numerics.instruments.effect_posterior import LOG_VARIANCE_RANGE

if TYPE_CHECKING:
    import pymc as pm
    import xarray as xr

    from causalstats.models.instrument.model import Instrument

_LARGEST_RATIO = 1 - 1e-9
_SMALLEST = 1e-300
_PRIOR_SEED = 1


def inputs(model: Instrument, data: Instrumented) -> dict[str, np.ndarray]:
    """Return the cross-products and prior scales that the graph takes, by name."""
    moments = moments_of(model, data)
    values: dict[str, Any] = {
        "products": moments.products,
        "projections": moments.projections,
        "degrees": moments.degrees,
        "grid": [moments.least_squares, moments.residual_ratio],
        "first_stage_scale": model.first_stage_prior_scale,
    }
    if model.errors == "robust":
        values["score_products"] = moments.score_products
    if model.confounding == "any":
        values["effect_prior_sd"] = effect_prior_sd(model, moments)
    if model.direct_effects:
        values["direct_value"] = [
            known.value for known in model.direct_effects.values()
        ]
        values["direct_sd"] = [known.sd for known in model.direct_effects.values()]
    return {name: np.asarray(value, float) for name, value in values.items()}


def build(model: Instrument, data: Instrumented) -> pm.Model:
    """Return the PyMC graph on these data; see `effect_posterior` for the density."""
    import pymc as pm
    import pytensor.tensor as pt

    names = list(model.direct_effects)
    coords = {"direct_instrument": names} if names else {}
    with pm.Model(coords=coords) as graph:
        given = {
            name: pm.Data(name, value) for name, value in inputs(model, data).items()
        }
        angle = pm.Uniform("angle", -np.pi / 2, np.pi / 2)
        log_variance = pm.Uniform("log_first_stage_variance", *LOG_VARIANCE_RANGE)
        effect = given["grid"][0] + given["grid"][1] * pt.tan(angle)
        pm.Deterministic("effect", effect)
        contrast = [pt.ones(()), -effect]
        fixed = [pt.ones(()), pt.zeros(())]
        if model.direct_effects:
            standard = pm.Normal("standard_direct_effect", shape=len(names))
            direct = given["direct_value"] + given["direct_sd"] * standard
            pm.Deterministic("direct_effect", direct, dims="direct_instrument")
            others = [-direct[position] for position in range(len(names))]
            contrast += others
            fixed += others
        density = _log_density(
            model, given, pt.stack(contrast), pt.stack(fixed), log_variance
        )
        pm.Potential("posterior", density - 2 * pt.log(pt.cos(angle)))
    return graph


def _log_density(
    model: Instrument,
    given: dict[str, Any],
    contrast: Any,
    fixed: Any,
    log_variance: Any,
) -> Any:
    """Return log p(β, log s² | data) as an expression.

    Parameters
    ----------
    model : Instrument
    given : mapping of name to variable
    contrast, fixed : vectors (m,)
        u = X contrast are the residuals; X fixed is the outcome less direct effects.
    log_variance : variable
        log s².
    """
    import pytensor.tensor as pt

    products, projections = given["products"], given["projections"]
    degrees = given["degrees"]
    variance = pt.exp(log_variance)
    kappa = variance / (1 + variance)
    size = contrast @ products @ contrast
    scores = projections @ contrast
    if model.errors == "robust":
        spread = (
            given["score_products"]
            * contrast[:, None, None, None]
            * contrast[None, :, None, None]
        ).sum(axis=(0, 1))
        statistic = (scores * pt.linalg.solve(spread, scores, b_ndim=1)).sum()
        fit = pt.minimum(statistic / degrees, _LARGEST_RATIO)
    else:
        fit = (scores**2).sum() / size
    ratio = pt.maximum(1 - kappa * fit, _SMALLEST)
    instruments = projections.shape[0]
    first_stage = (
        log_variance / 2
        - pt.log1p(variance / (given["first_stage_scale"] ** 2 * degrees))
        - instruments / 2 * pt.log1p(variance)
    )
    log_determinant = _log_determinant(products, projections, fixed, kappa)
    if model.confounding == "uniform":
        likelihood = (degrees - 3) / 2 * pt.log(ratio) - 1.5 * pt.log(size)
        return first_stage - (degrees - 2) / 2 * log_determinant + likelihood
    prior = -((contrast[1] / given["effect_prior_sd"]) ** 2) / 2
    likelihood = (degrees - 1) / 2 * pt.log(ratio) + prior
    return first_stage - degrees / 2 * log_determinant + likelihood


def _log_determinant(products: Any, projections: Any, fixed: Any, kappa: Any) -> Any:
    """Return log |G - κC| of the outcome less direct effects, and the treatment.

    Parameters
    ----------
    products, projections : matrices (m, m) and (k, m)
    fixed : vector (m,)
    kappa : variable
    """
    import pytensor.tensor as pt

    explained = projections.T @ projections
    left = products - kappa * explained
    outcome = fixed @ left @ fixed
    cross = (left @ fixed)[1]
    treatment = left[1, 1]
    return pt.log(treatment) + pt.log(outcome - cross**2 / treatment)


def graph_draws(model: Instrument, draws: xr.Dataset, data: Instrumented) -> xr.Dataset:
    """Return draws with the free variables of the graph that the closed form draws as effects.

    A direct effect that is known exactly moves nothing: its standard form has its prior.

    Parameters
    ----------
    model : Instrument
    draws : Dataset
    data : Instrumented
    """
    given = inputs(model, data)
    centre, ratio = given["grid"]
    values = {"angle": np.arctan((draws["effect"] - centre) / ratio)}
    if model.direct_effects:
        direct = draws["direct_effect"].transpose("chain", "draw", ...)
        sd = given["direct_sd"]
        prior = np.random.default_rng(_PRIOR_SEED).standard_normal(direct.shape)
        moved = (direct.to_numpy() - given["direct_value"]) / np.where(sd > 0, sd, 1)
        standard = np.where(sd > 0, moved, prior)
        values["standard_direct_effect"] = direct.copy(data=standard)
    return draws.assign(values)
