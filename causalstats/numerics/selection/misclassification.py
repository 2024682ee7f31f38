"""Misclassification by an imperfect test: its sensitivity, specificity, and share of positives.

    P(T=1, R=1) = a P(T=1, Y=1) + (1 - b) P(T=1, Y=0)
    P(T=1, R=0) = (1 - a) P(T=1, Y=1) + b P(T=1, Y=0)

with the sensitivity a = P(R=1 | Y=1) and the specificity b = P(R=0 | Y=0) of the result R that is
seen in place of the outcome Y (Rogan & Gladen 1978).
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from causalstats.numerics.selection.array_library import uncompiled

SIGNS = {"reported_negative": -1.0, "reported_positive": 1.0}


def share_positive(risk: Any, sensitivity: Any, specificity: Any) -> Any:
    """Return P(R=1), the share of positive results at a risk P(Y=1); shapes broadcast.

    Parameters
    ----------
    risk : array
        P(Y=1).
    sensitivity, specificity : array

    Examples
    --------
    >>> round(share_positive(0.02, sensitivity=0.9, specificity=0.98), 4)
    0.0376
    """
    return sensitivity * risk + (1 - specificity) * (1 - risk)


def risk_given_result(
    risk: Any, positive: bool, sensitivity: Any, specificity: Any
) -> Any:
    """Return the predictive value P(Y=1 | R), by Bayes' rule; shapes broadcast.

    Parameters
    ----------
    risk : array
        P(Y=1).
    positive : bool
        Whether the result R is positive.
    sensitivity, specificity : array

    Examples
    --------
    >>> round(risk_given_result(0.02, True, sensitivity=0.9, specificity=0.98), 3)
    0.479
    """
    if positive:
        case = sensitivity
        healthy = 1 - specificity
    else:
        case = 1 - sensitivity
        healthy = specificity
    return case * risk / (case * risk + healthy * (1 - risk))


def log_reported(
    positive: Any, negative: Any, event: str, sensitivity: Any, specificity: Any
) -> Any:
    """Return log P(T=1, R), of log P(T=1, Y=1) and log P(T=1, Y=0); shapes broadcast.

    Parameters
    ----------
    positive, negative : arrays
    event : str
        "reported_negative" or "reported_positive".
    sensitivity, specificity : array

    Examples
    --------
    >>> logs = np.log([0.02, 0.48])
    >>> round(float(np.exp(log_reported(*logs, "reported_positive", 0.9, 0.98))), 4)
    0.0276
    """
    case = 1 - sensitivity if event == "reported_negative" else sensitivity
    healthy = specificity if event == "reported_negative" else 1 - specificity
    top = np.maximum(positive, negative)
    parts = case * np.exp(positive - top) + healthy * np.exp(negative - top)
    return top + np.log(parts)


def reported(
    positive: Callable[..., Any],
    negative: Callable[..., Any],
    sign: float,
    xp: Any,
    compiled: Callable[..., Any] | None,
) -> Callable[..., Any]:
    """Return log P(T=1, R) and its derivatives as one function.

    Parameters
    ----------
    positive, negative : functions
        log P(T=1, Y=1) and log P(T=1, Y=0) with their derivatives in m, t, σ and α.
    sign : float
        1 for a positive result, -1 for a negative one.
    xp : module
        numpy or jax.numpy.
    compiled : function or None
        Numba's decorator.

    Returns
    -------
    function of (m, t, σ, α, prepared, sensitivity, specificity)
        Gives log P(T=1, R) and its derivatives in m, t, σ, α, sensitivity and specificity.
    """
    decorate = compiled or uncompiled
    opposite = (1 - sign) / 2

    @decorate
    def log_p(m, t, scale, response, prepared, sensitivity, specificity):
        case, case_m, case_t, case_scale, case_response = positive(
            m, t, scale, response, prepared
        )
        healthy, healthy_m, healthy_t, healthy_scale, healthy_response = negative(
            m, t, scale, response, prepared
        )
        given_case = opposite + sign * sensitivity  # P(R | Y = 1)
        given_healthy = 1 - opposite - sign * specificity  # P(R | Y = 0)
        top = xp.maximum(case, healthy)
        parts = given_case * xp.exp(case - top) + given_healthy * xp.exp(healthy - top)
        log_total = top + xp.log(parts)
        by_case = xp.exp(case - log_total)
        by_healthy = xp.exp(healthy - log_total)
        u = given_case * by_case
        v = given_healthy * by_healthy
        return (
            log_total,
            u * case_m + v * healthy_m,
            u * case_t + v * healthy_t,
            u * case_scale + v * healthy_scale,
            u * case_response + v * healthy_response,
            sign * by_case,
            -sign * by_healthy,
        )

    return log_p
