"""Probabilities of what is seen of a person, without derivatives: over NumPy, after sampling.

They are those of `selective_labels_likelihood`, whose derivatives NumPy would compute for nobody:
alone they take a fifth of the time.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from causalstats.numerics.selection.unobservable import Unobservable, quadrature_rule

# Signs of the linear predictors of outcome and decision; 0: any outcome
EVENTS = {
    "untested": (0, -1),
    "negative": (-1, 1),
    "positive": (1, 1),
    "missed": (1, -1),
}
LEAST_PROBABILITY = 1e-300


def mean_risk(unobservable: Unobservable, risk: Any, scale: Any) -> Any:
    """Return P(Y=1), for arguments whose shapes broadcast.

    Parameters
    ----------
    unobservable : Unobservable
    risk, scale : arrays
        m, the linear predictor at ζ = 0, and σ > 0.

    Examples
    --------
    >>> mean_risk(Unobservable(), np.zeros(2), np.array([1e-6, 5.0])).round(3)
    array([0.5, 0.5])
    """
    if unobservable.closed:
        growth = np.expm1(scale)
        return np.log1p(growth / (1 + np.exp(scale / 2 - risk))) / scale
    inverse = unobservable.link_function.inverse
    nodes, weights = quadrature_rule(unobservable.family)
    total: Any = 0.0
    for node, weight in zip(nodes, weights, strict=True):
        total = total + weight * inverse(risk + scale * node)
    return total


def log_probability(
    unobservable: Unobservable,
    event: str,
    risk: Any,
    testing: Any,
    scale: Any,
    response: Any,
) -> Any:
    """Return the log-probability of an event, for arguments whose shapes broadcast.

    Parameters
    ----------
    unobservable : Unobservable
    event : str
        "untested" for T=0, "negative" for T=1 and Y=0, "positive" for T=1 and Y=1, "missed" for
        T=0 and Y=1.
    risk, testing : arrays
        m and t, the linear predictors at ζ = 0.
    scale, response : arrays
        σ > 0 and α.

    Examples
    --------
    What can happen to a person has probabilities of sum 1:

    >>> events = ("untested", "negative", "positive")
    >>> logs = [log_probability(Unobservable(), event, -1.0, 0.5, 2.0, 1.0) for event in events]
    >>> round(float(np.exp(logs).sum()), 12)
    1.0
    """
    if unobservable.closed:
        lower_risk = risk - scale / 2
        lower_testing = testing - scale / 2
        return _CLOSED[event](lower_risk, lower_testing, scale, np.expm1(scale))
    of_outcome, of_decision = EVENTS[event]
    inverse = unobservable.link_function.inverse
    nodes, weights = quadrature_rule(unobservable.family)
    total: Any = 0.0
    for node, weight in zip(nodes, weights, strict=True):
        z = scale * node
        chance = weight * inverse(of_decision * (testing + response * z))
        if of_outcome:
            chance = chance * inverse(of_outcome * (risk + z))
        total = total + chance
    return np.log(np.maximum(total, LEAST_PROBABILITY))


def _untested(_: Any, b: Any, scale: Any, growth: Any) -> Any:
    return np.log(np.log1p(growth / (1 + np.exp(b) * (1 + growth))) / scale)


def _negative(a: Any, b: Any, scale: Any, growth: Any) -> Any:
    return b - a + np.log(_by_difference(a, b, growth) / scale)


def _missed(a: Any, b: Any, scale: Any, growth: Any) -> Any:
    # ∫ h(m+z) h(-t-z) dz is the integral of P(T=1, Y=0) with the linear predictors exchanged.
    return _negative(b, a, scale, growth)


def _positive(a: Any, b: Any, scale: Any, growth: Any) -> Any:
    lesser, greater, growth, scale = np.broadcast_arrays(
        np.minimum(a, b), np.maximum(a, b), growth, scale
    )
    value = np.log1p(growth / (1 + np.exp(-lesser)))
    value = np.asarray(value - _by_difference(lesser, greater, growth))
    small = np.asarray(greater + scale < 0)
    if small.any():  # where the difference would cancel
        value[small] = _rare(lesser[small], greater[small], growth[small])
    return np.log(value / scale)


def _by_difference(a: Any, b: Any, growth: Any) -> Any:
    """Return ∫ s(-a-z) s(b+z) dz / e^{b-a}, as the product that does not cancel.

    It is log(1 + x) / |e^{b-a} - 1| with x = |e^{b-a} - 1| q, as in `uniform_unobservable`.
    """
    d = b - a
    behind = d < 0
    above = 1 + growth
    # s(a) s(-b-σ) (e^σ - 1) for d < 0, and s(a+σ) s(-b) (1 - e^-σ) for others
    e_risk = np.exp(-a)
    e_testing = np.exp(b)
    q = np.where(
        behind,
        growth / ((1 + e_risk) * (1 + e_testing * above)),
        growth / ((above + e_risk) * (1 + e_testing)),
    )
    x = np.abs(np.expm1(d)) * q
    ratio = np.log1p(x) / np.where(x > 0, x, 1.0)
    return q * np.where(x > 0, ratio, 1.0)


def _rare(lesser: Any, greater: Any, growth: Any) -> Any:
    """Return ∫ s(a+z) s(b+z) dz where both stay below 0, as `uniform_unobservable` has it."""
    start = np.exp(greater)
    shrink = np.exp(lesser - greater)
    value: Any = 0.0
    for node, weight in zip(_NODES, _WEIGHTS, strict=True):
        v = start * (1 + growth * (node + 1) / 2)
        value = value + weight / 2 * v / ((1 + v) * (1 + v * shrink))
    return value * shrink * start * growth


_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(10)
_CLOSED = {
    "untested": _untested,
    "negative": _negative,
    "positive": _positive,
    "missed": _missed,
}
