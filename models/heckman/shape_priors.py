"""Priors of the parameters of the errors' shape: degrees of freedom, skewness, weight of tails."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from causalstats.numerics.selection.joint_errors import JointErrors, joint_errors

if TYPE_CHECKING:
    from causalstats.models.heckman.model import Heckman

LEAST_DEGREES_OF_FREEDOM = 2.0  # fewer have no variance


@dataclass(frozen=True)
class ShapePrior:
    """The prior of one parameter of a shape.

    Parameters
    ----------
    field : str
        The field of `Heckman` that is its scale.
    add : function of a scale
        Adds the parameter to the current PyMC model, and returns it.
    draw : function of (rng, scale)
    sd : function of a scale
        Its prior standard deviation.
    """

    field: str
    add: Callable[[Any], Any]
    draw: Callable[[np.random.Generator, float], float]
    sd: Callable[[float], float]


def _add_degrees_of_freedom(scale: Any) -> Any:
    import pymc as pm

    beyond = pm.Gamma("degrees_beyond_least", alpha=2.0, beta=1 / scale)
    return pm.Deterministic("degrees_of_freedom", LEAST_DEGREES_OF_FREEDOM + beyond)


def _add_skewness(scale: Any) -> Any:
    import pymc as pm

    return pm.Normal("skewness", 0, scale)


def _add_tail_weight(scale: Any) -> Any:
    import pymc as pm
    import pytensor.tensor as pt

    logarithm = pm.Normal("log_tail_weight", 0, scale)
    return pm.Deterministic("tail_weight", pt.exp(logarithm))


SHAPE_PRIORS: Mapping[str, ShapePrior] = {
    "degrees_of_freedom": ShapePrior(
        field="degrees_of_freedom_prior_scale",
        add=_add_degrees_of_freedom,
        draw=lambda rng, scale: LEAST_DEGREES_OF_FREEDOM + rng.gamma(2.0, scale),
        sd=lambda scale: np.sqrt(2) * scale,
    ),
    "skewness": ShapePrior(
        field="skewness_prior_scale",
        add=_add_skewness,
        draw=lambda rng, scale: rng.normal(0, scale),
        sd=lambda scale: scale,
    ),
    "tail_weight": ShapePrior(
        field="tail_weight_prior_scale",
        add=_add_tail_weight,
        draw=lambda rng, scale: np.exp(rng.normal(0, scale)),
        sd=lambda scale: np.exp(scale**2 / 2) * np.sqrt(np.expm1(scale**2)),
    ),
}


def errors_of(model: Heckman) -> JointErrors:
    """Return the joint distribution of the errors of a model."""
    return joint_errors(model.errors, model.copula)


def shape_inputs(model: Heckman) -> dict[str, list[float]]:
    """Return the prior scales that the graph takes; none where the shape has no parameters."""
    names = errors_of(model).shape.parameters
    scales = [getattr(model, SHAPE_PRIORS[name].field) for name in names]
    return {"shape_prior_scales": scales} if names else {}


def add_shape(model: Heckman, given: Mapping[str, Any]) -> dict[str, Any]:
    """Add the parameters of the shape to the current PyMC model, and return them by name."""
    names = errors_of(model).shape.parameters
    return {
        name: SHAPE_PRIORS[name].add(given["shape_prior_scales"][position])
        for position, name in enumerate(names)
    }


def draw_shape(model: Heckman, rng: np.random.Generator) -> dict[str, float]:
    """Return a draw of the parameters of the shape from their priors."""
    names = errors_of(model).shape.parameters
    return {
        name: SHAPE_PRIORS[name].draw(rng, getattr(model, SHAPE_PRIORS[name].field))
        for name in names
    }


def shape_sds(model: Heckman) -> dict[str, float]:
    """Return the prior standard deviations of the parameters of the shape."""
    names = errors_of(model).shape.parameters
    return {
        name: SHAPE_PRIORS[name].sd(getattr(model, SHAPE_PRIORS[name].field))
        for name in names
    }


def unused_shape_fields(model: Heckman) -> dict[str, str]:
    """Return the prior scales of shapes other than the one of the model, with the reason."""
    names = errors_of(model).shape.parameters
    reason = f"errors={model.errors!r} does not use it."
    return {
        prior.field: reason for name, prior in SHAPE_PRIORS.items() if name not in names
    }
