"""The intercept at which a risk model with a uniform unobservable has a given prevalence."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np

from causalstats.numerics.uniform_unobservable import formulas

TOLERANCE = 1e-10
MAX_STEPS = 60
_LOGISTIC_AS_PROBIT = 0.346  # (16 √3 / 15π)²: the logistic function is close to Φ(u √0.346)


def steps(xp: Any, compiled: Callable = lambda function: function) -> SimpleNamespace:
    """`start` and `halley` over the array library `xp`, each passed through `compiled`.

    `start` is the probit approximation of the centred intercept, for an index x'β of this mean and variance. `halley` is the step of
    Halley's method for logit P = logit(prevalence), from P and its first two derivatives: on the log-odds scale
    P is nearly linear in the intercept, so that two or three steps give all digits, from anywhere.
    """

    @compiled
    def start(prevalence, mean, variance, scale):
        spread = variance + scale * scale / 12
        return xp.log(prevalence / (1 - prevalence)) * xp.sqrt(1 + _LOGISTIC_AS_PROBIT * spread) - mean

    @compiled
    def halley(prevalence, p, first, second):
        odds = p * (1 - p)
        gap = xp.log(p / prevalence) + xp.log((1 - prevalence) / (1 - p))
        slope = first / odds
        curvature = second / odds - slope * slope * (1 - 2 * p)
        return -2 * gap * slope / (2 * slope * slope - gap * curvature)

    return SimpleNamespace(start=start, halley=halley)


def solve(prevalence: float, index: np.ndarray, scale: float, weights: np.ndarray) -> tuple:
    """c with Σ_i w_i P(Y=1 | c + index_i) = prevalence, and its derivatives by the implicit function theorem.

    Parameters
    ----------
    prevalence : float
        Between 0 and 1.
    index : array (N,)
        x_i'β without the intercept.
    scale : float
        σ > 0; the unobservable is centred, uniform on (-σ/2, σ/2).
    weights : array (N,)
        Of the people in the mean, summing to 1.

    Returns
    -------
    c, ∂c/∂prevalence : float
    ∂c/∂index : array (N,)
    ∂c/∂scale : float
    """
    method, mean = steps(np), formulas(np).mean
    growth, centre = np.expm1(scale), index @ weights
    c = method.start(prevalence, centre, (index - centre) ** 2 @ weights, scale)
    with np.errstate(over="ignore", divide="ignore"):
        for _ in range(MAX_STEPS):
            terms = mean(c + index - scale / 2, scale, growth)
            p, slope, curvature, in_scale = (term @ weights for term in terms)
            step = method.halley(prevalence, p, slope, curvature)
            c += step
            if abs(step) < TOLERANCE:
                break
    return c, 1 / slope, -weights * terms[1] / slope, -in_scale / slope
