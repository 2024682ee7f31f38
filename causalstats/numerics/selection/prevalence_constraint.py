"""The prevalence constraint: the intercept at which the mean risk is a known prevalence.

    Σ_i w_i E h(c + x_i'β + σζ) = π

has one solution c. It is found by Halley's method on the log-odds scale, and differentiated by the
implicit function theorem. Also the attenuation of coefficients by the unobservable, on which the
starting value rests.
"""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np

from causalstats.numerics.selection.array_library import uncompiled
from causalstats.numerics.selection.selective_labels_likelihood import (
    event_probabilities,
)
from causalstats.numerics.selection.unobservable import Unobservable

TOLERANCE = 1e-10
MAX_STEPS = 60
# Beside σ: the tails of the probit and of the Student t are not straight on the log-odds scale.
LONGEST_STEP = 4.0
# Compiled by Numba, many people start from the root for as many bins of x'β, each at its mean. One
# step over everybody follows, since the error of a Halley step is of the order of its cube.
BINNED_FROM = 20_000
BINS = 1024
BINNED_TOLERANCE = 1e-5
# By JAX, where a step over everybody is cheaper than binning them, they start from the root for one
# of 16 people: it is off by .01, and two steps follow.
ONE_ROW_OF = 16


def steps(
    unobservable: Unobservable, xp: Any, compiled: Callable[..., Any] = uncompiled
) -> SimpleNamespace:
    """Return the starting value and the step of Halley's method as functions.

    `start` is the probit approximation of the intercept at ζ = 0. `halley` is the step for
    logit P = logit(prevalence), from P and its first two derivatives: on the log-odds scale P is
    nearly linear in the intercept, so that two or three steps give all digits, from anywhere.

    Parameters
    ----------
    unobservable : Unobservable
    xp : module
        numpy or jax.numpy.
    compiled : function
        Numba's decorator, or one that changes nothing.

    Returns
    -------
    SimpleNamespace
        `start(prevalence, mean, variance, scale)`, of the mean and variance of x'β, and
        `halley(prevalence, scale, p, first, second)`.
    """
    variance_of_unobservable = unobservable.variance
    probit_variance = unobservable.link_function.probit_variance
    unit = unobservable.link_function.log_odds

    @compiled
    def start(prevalence, mean, variance, scale):
        spread = variance + scale * scale * variance_of_unobservable
        probits = xp.sqrt(1 + probit_variance * spread)
        return xp.log(prevalence / (1 - prevalence)) * unit * probits - mean

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


def attenuation(unobservable: Unobservable, scale: Any, xp: Any) -> Any:
    """Return s(σ) = √(1 + c σ² Var ζ), by which integrating ζ out divides coefficients.

    The attenuation is exact for the probit and a normal ζ, where c = 1, and close otherwise
    (Neuhaus, Kalbfleisch & Hauck 1991).

    Parameters
    ----------
    unobservable : Unobservable
    scale : float, array or variable of a graph
        σ.
    xp : module
        With a function `sqrt` of `scale`.

    Examples
    --------
    >>> attenuation(Unobservable("normal", "probit", closed=False), np.array([0.0, 1.0]), np)
    array([1.        , 1.41421356])
    """
    probit_variance = unobservable.link_function.probit_variance
    return xp.sqrt(1 + probit_variance * unobservable.variance * scale**2)


def solve(
    prevalence: float,
    index: np.ndarray,
    scale: float,
    weights: np.ndarray,
    unobservable: Unobservable,
) -> tuple[Any, ...]:
    """Return c with Σ_i w_i E h(c + index_i + σζ) = prevalence, and its derivatives.

    Parameters
    ----------
    prevalence : float
        Between 0 and 1.
    index : array (N,)
        x_i'β without the intercept.
    scale : float
        σ > 0.
    weights : array (N,)
        People in the mean, summing to 1.
    unobservable : Unobservable
        The family of ζ and the link h.

    Returns
    -------
    c, ∂c/∂prevalence : float
    ∂c/∂index : array (N,)
    ∂c/∂scale : float

    Examples
    --------
    The prevalence of one person with x'β = 0 and next to no unobservable is her risk:

    >>> one = np.ones(1)
    >>> c, *derivatives = solve(0.2, 0 * one, 1e-6, one, Unobservable())
    >>> round(float(c), 4), round(float(np.log(0.2 / 0.8)), 4)
    (-1.3863, -1.3863)
    """
    method = steps(unobservable, np)
    functions = event_probabilities(unobservable, np)
    prepared = functions.prepare(scale)
    centre = index @ weights
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


def mean_risk(
    unobservable: Unobservable,
    xp: Any,
    intercept: Any,
    index: Any,
    scale: Any,
    weights: Any,
) -> tuple[Any, ...]:
    """Return Σ_i w_i E h(c + index_i + σζ), and its derivatives in c, index and σ.

    Parameters
    ----------
    unobservable : Unobservable
    xp : module
        numpy or jax.numpy.
    intercept : scalar
        c.
    index : array (N,)
        x_i'β without the intercept.
    scale : scalar
        σ > 0.
    weights : array (N,)
        Summing to 1.
    """
    functions = event_probabilities(unobservable, xp)
    terms = functions.mean(intercept + index, scale, functions.prepare(scale))
    p, slope, _, in_scale = terms
    return p @ weights, slope @ weights, weights * slope, in_scale @ weights
