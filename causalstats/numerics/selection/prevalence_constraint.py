"""The intercept at which a risk model with an unobservable has a given prevalence."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np

from causalstats.numerics.selection.unobservable import VARIANCE, Unobservable, law

TOLERANCE = 1e-10
MAX_STEPS = 60
LONGEST_STEP = 4.0  # beside σ; the tails of the probit and of the Student t are not straight on the log-odds scale
_LOGISTIC_AS_PROBIT = 0.346  # (16 √3 / 15π)²: the logistic function is close to Φ(u √0.346)


def steps(
    of: Unobservable, xp: Any, compiled: Callable = lambda function: function
) -> SimpleNamespace:
    """`start` and `halley` over the array library `xp`, each passed through `compiled`.

    `start` is the probit approximation of the intercept at ζ = 0, for an index x'β of this mean and variance. `halley` is the step of
    Halley's method for logit P = logit(prevalence), from P and its first two derivatives: on the log-odds scale
    P is nearly linear in the intercept, so that two or three steps give all digits, from anywhere.
    """

    of_unobservable = VARIANCE[of.family]
    as_probit, unit = _as_probit(of), logits_as_probits(of)

    @compiled
    def start(prevalence, mean, variance, scale):
        spread = variance + scale * scale * of_unobservable
        return xp.log(prevalence / (1 - prevalence)) * unit * xp.sqrt(1 + as_probit * spread) - mean

    @compiled
    def halley(prevalence, scale, p, first, second):
        odds = p * (1 - p)
        gap = xp.log(p / prevalence) + xp.log((1 - prevalence) / (1 - p))
        slope = first / odds
        curvature = second / odds - slope * slope * (1 - 2 * p)
        step = -2 * gap * slope / (2 * slope * slope - gap * curvature)
        longest = LONGEST_STEP + scale
        return xp.minimum(xp.maximum(step, -longest), longest)

    return SimpleNamespace(start=start, halley=halley)


def stretch(of: Unobservable, scale: Any, xp: Any) -> Any:
    """√(1 + c σ² Var ζ), by which integrating the unobservable out divides coefficients, nearly: exactly for the probit and a normal, c = 1."""
    return xp.sqrt(1 + _as_probit(of) * VARIANCE[of.family] * scale**2)


def logits_as_probits(of: Unobservable) -> float:
    """Return what a width in log-odds is on the scale of the link."""
    return 1.0 if of.link == "logit" else _LOGISTIC_AS_PROBIT**0.5


def _as_probit(of: Unobservable) -> float:
    return _LOGISTIC_AS_PROBIT if of.link == "logit" else 1.0


def solve(
    prevalence: float, index: np.ndarray, scale: float, weights: np.ndarray, of: Unobservable
) -> tuple:
    """c with Σ_i w_i E h(c + index_i + σζ) = prevalence, and its derivatives by the implicit function theorem.

    Parameters
    ----------
    prevalence : float
        Between 0 and 1.
    index : array (N,)
        x_i'β without the intercept.
    scale : float
        σ > 0.
    weights : array (N,)
        Of the people in the mean, summing to 1.
    of : Unobservable
        The family of ζ and the link h.

    Returns
    -------
    c, ∂c/∂prevalence : float
    ∂c/∂index : array (N,)
    ∂c/∂scale : float
    """
    method, functions = steps(of, np), law(of, np)
    prepared, centre = functions.prepare(scale), index @ weights
    c = method.start(prevalence, centre, (index - centre) ** 2 @ weights, scale)
    with np.errstate(over="ignore", divide="ignore"):
        for _ in range(MAX_STEPS):
            terms = functions.mean(c + index, scale, prepared)
            p, slope, curvature, in_scale = (term @ weights for term in terms)
            step = method.halley(prevalence, scale, p, slope, curvature)
            c += step
            if abs(step) < TOLERANCE:
                break
    return c, 1 / slope, -weights * terms[1] / slope, -in_scale / slope


def mean(of: Unobservable, xp: Any, intercept: Any, index: Any, scale: Any, weights: Any) -> tuple:
    """Σ_i w_i E h(c + index_i + σζ), and its derivatives in c, index and σ."""
    functions = law(of, xp)
    p, slope, _, widening = functions.mean(intercept + index, scale, functions.prepare(scale))
    return p @ weights, slope @ weights, weights * slope, widening @ weights
