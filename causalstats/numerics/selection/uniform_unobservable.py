"""Selective labels with a uniform unobservable, integrated out in closed form.

With Z ~ Uniform(0, σ), lower logits a = x'β_Y and b = a + x'Δ, and s the logistic function, the
three things that can be seen of a person have the probabilities

    P(T=0)       = 1/σ ∫ s(-b-z) dz
    P(T=1, Y=0)  = 1/σ ∫ s(-a-z) s(b+z) dz
    P(T=1, Y=1)  = 1/σ ∫ s(a+z) s(b+z) dz            z from 0 to σ

(Balachandar, Garg & Pierson 2024, their α = 1). Partial fractions give softplus differences over
1 - e^{-d}, d = b - a, which are 0/0 at d = 0 and cancel near it. The forms below are the same
numbers without that division: products of positive terms times φ(x) = log(1+x)/x, which is smooth
through 0, so they hold to a few ulp for every d and for σ → 0.

Each function is written once over an array library (`formulas`): NumPy after sampling, scalars in
compiled Numba loops and JAX in the graph. They return a logarithm and its partial derivatives,
which reuse its exponentials.
"""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np

from causalstats.numerics.selection.array_library import select, uncompiled

_SERIES_BELOW = 1e-2
_NODES, _WEIGHTS = (
    tuple(float(v) for v in rule) for rule in np.polynomial.legendre.leggauss(10)
)


def formulas(xp: Any, compiled: Callable[..., Any] | None = None) -> SimpleNamespace:
    """Return the closed forms as functions over arrays or, compiled, over scalars.

    Parameters
    ----------
    xp : module
        numpy or jax.numpy.
    compiled : function, optional
        Numba's decorator, for functions of scalars.

    Returns
    -------
    SimpleNamespace of functions
        Their arguments are the lower logits `a` (risk) and `b` (testing), the width `scale` = σ > 0
        and `growth` = e^σ - 1, of shapes that broadcast. `mean` gives P(Y=1), its first two
        derivatives in a, and its derivative in σ with the middle a + σ/2 held; `untested`,
        `negative` and `positive` give (log P, ∂/∂a, ∂/∂b, ∂/∂σ).
    """
    where = select(xp, compiled)
    compiled = compiled or uncompiled

    @compiled
    def ratio(x):  # φ(x) and φ'(x) for x ≥ 0
        small = x < _SERIES_BELOW
        near = where(small, x, 0.0)
        away = where(small, 1.0, x)
        value = xp.log1p(away) / away
        slope = (1 / (1 + away) - value) / away
        series = 1 - near * (
            1 / 2
            - near
            * (
                1 / 3
                - near
                * (1 / 4 - near * (1 / 5 - near * (1 / 6 - near * (1 / 7 - near / 8))))
            )
        )
        derived = -1 / 2 + near * (
            2 / 3
            - near
            * (3 / 4 - near * (4 / 5 - near * (5 / 6 - near * (6 / 7 - near * 7 / 8))))
        )
        return where(small, series, value), where(small, derived, slope)

    @compiled
    def rise(
        e, growth
    ):  # s(u+σ) - s(u) for e = exp(u), as the product that does not cancel
        return growth / (1 + growth) / ((1 + 1 / (e * (1 + growth))) * (1 + e))

    @compiled
    def mean(a, scale, growth):
        e = xp.exp(a)
        low = 1 / (1 + 1 / e)
        high = 1 / (1 + 1 / (e * (1 + growth)))
        p = xp.log1p(growth * low) / scale
        difference = rise(e, growth)
        return (
            p,
            difference / scale,
            difference * (1 - low - high) / scale,
            ((low + high) / 2 - p) / scale,
        )

    @compiled
    def untested(a, b, scale, growth):
        e = xp.exp(b)
        never = 1 / (1 + e * (1 + growth))  # s(-b-σ)
        total = xp.log1p(growth * never)
        return (
            xp.log(total / scale),
            0.0 * a,
            -rise(e, growth) / total,
            never / total - 1 / scale,
        )

    @compiled
    def negative(a, b, scale, growth):
        # q = [s(a+σ) - s(a)] / [1 + (e^d - 1) s(u)] with u = a for d ≥ 0 and a+σ for d < 0, so
        # that x = |e^d - 1| q ≥ 0
        d = b - a
        ea = xp.exp(a)
        eb = xp.exp(b)
        ed = xp.exp(d)
        sa = 1 / (1 + 1 / ea)
        not_a = 1 / (1 + ea)
        sa_up = 1 / (1 + 1 / (ea * (1 + growth)))
        not_a_up = 1 / (1 + ea * (1 + growth))
        sb = 1 / (1 + 1 / eb)
        not_b = 1 / (1 + eb)
        sb_up = 1 / (1 + 1 / (eb * (1 + growth)))
        not_b_up = 1 / (1 + eb * (1 + growth))
        behind = d < 0
        q = where(behind, sa * not_b_up * growth, sa_up * not_b * growth / (1 + growth))
        phi, slope = ratio(xp.abs(xp.expm1(d)) * q)
        weight = q * slope / phi
        log_p = d + xp.log(q * phi / scale)
        in_a = where(
            behind,
            weight * (ed * sa + not_a) - sa,
            -weight * (ed * sa_up + not_a_up) - sa_up,
        )
        in_b = where(
            behind,
            not_b_up - weight * (ed * not_b_up + sb_up),
            not_b + weight * (ed * not_b + sb),
        )
        in_scale = not_a_up * sb_up / (ed * q * phi) - 1 / scale
        return log_p, in_a, in_b, in_scale

    @compiled
    def common(lesser, greater, scale, growth):
        # the difference of softplus differences; it loses at most a digit where greater + σ > 0
        total = xp.log1p(growth / (1 + xp.exp(-lesser)))
        log_p, in_lesser, in_greater, _ = negative(lesser, greater, scale, growth)
        part = xp.exp(log_p - (greater - lesser)) * scale
        value = total - part
        return (
            value,
            rise(xp.exp(lesser), growth) - part * (1 + in_lesser),
            part * (1 - in_greater),
        )

    @compiled
    def rare(lesser, greater, growth):
        # Gauss-Legendre in v = e^{m+z} ≤ 1: a rational integrand whose nearest pole is at -1, with
        # an error below 6^{-2n}
        start = xp.exp(greater)
        shrink = xp.exp(lesser - greater)
        value = 0.0 * start
        in_lesser = 0.0 * start
        in_greater = 0.0 * start
        for k in range(10):
            v = start * (1 + growth * (_NODES[k] + 1) / 2)
            both = 1 / ((1 + v) * (1 + v * shrink))
            term = _WEIGHTS[k] / 2 * v * both
            value = value + term
            in_lesser = in_lesser + term * both * (1 + v)
            in_greater = in_greater + term * both * (1 + v * shrink)
        width = shrink * start * growth
        return value * width, in_lesser * width, in_greater * width

    @compiled
    def positive(a, b, scale, growth):
        lesser = xp.minimum(a, b)
        greater = xp.maximum(a, b)
        small = greater + scale < 0
        closed = common(lesser, greater, scale, growth)
        # Each branch is kept finite where it is not taken.
        series = rare(lesser, xp.minimum(greater, -scale), growth)
        value = where(small, series[0], closed[0])
        in_lesser = where(small, series[1], closed[1]) / value
        in_greater = where(small, series[2], closed[2]) / value
        top = 1 / ((1 + xp.exp(-a) / (1 + growth)) * (1 + xp.exp(-b) / (1 + growth)))
        swapped = b < a
        return (
            xp.log(value / scale),
            where(swapped, in_greater, in_lesser),
            where(swapped, in_lesser, in_greater),
            top / value - 1 / scale,
        )

    return SimpleNamespace(
        mean=mean, untested=untested, negative=negative, positive=positive
    )
