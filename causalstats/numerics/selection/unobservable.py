"""What can be seen of a person, with the unobservable integrated out: any of four families, two links, any response to risk.

With ζ of mean 0 from the family, σ its scale, m the risk and t the testing at ζ = 0 on the scale of the link h, and α the response of testing to risk:

    P(Y=1)       = E h(m + σζ)
    P(T=0)       = E h(-t - ασζ)
    P(T=1, Y=0)  = E h(-m - σζ) h(t + ασζ)
    P(T=1, Y=1)  = E h( m + σζ) h(t + ασζ)
    P(T=0, Y=1)  = E h( m + σζ) h(-t - ασζ)

A test of sensitivity a and specificity b reports a positive with P(T=1, R=1) = a P(T=1, Y=1) + (1 - b) P(T=1, Y=0).

(Balachandar, Garg & Pierson 2024, eq. 1, with their Z = σζ and, for the uniform, their Z = σ(ζ + 1/2).) The expectation is exact where there is a closed form
(uniform, logit, α = 1: `uniform_unobservable`) and a sum over fixed nodes otherwise: a mixture of as many points, so the probabilities sum to one in any case.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np
from scipy import special, stats

from causalstats.numerics.selection import uniform_unobservable
from causalstats.numerics.selection.uniform_unobservable import as_is, choose

FAMILIES = {
    "uniform": "uniform on (-1/2, 1/2)",
    "normal": "standard normal",
    "logistic": "standard logistic",
    "student": "Student t with 4 degrees of freedom",
}
LINKS = ("logit", "probit")
VARIANCE = {"uniform": 1 / 12, "normal": 1.0, "logistic": np.pi**2 / 3, "student": 2.0}
_NODES = 64
_LEGENDRE = 32  # the error falls as ρ^-64, ρ = y + √(1 + y²), y = 2π / (σ max(1, α)): below 1e-11 where σ max(1, α) < 15
_EVENTS = {
    "untested": (0, -1),
    "negative": (-1, 1),
    "positive": (1, 1),
    "missed": (1, -1),
}  # signs of the logits of outcome and decision; 0: any outcome


@dataclass(frozen=True)
class Unobservable:
    """Family and link; `closed` says to use the closed form, which is that of a uniform, the logit, and α = 1."""

    family: str = "uniform"
    link: str = "logit"
    closed: bool = True

    @property
    def lower_end(self) -> float:
        """How far below ζ = 0 the intercept of the paper stands, in units of σ: its uniform Z starts at 0."""
        return 0.5 if self.family == "uniform" else 0.0


@cache
def rule(family: str) -> tuple[np.ndarray, np.ndarray]:
    """Nodes ζ and weights, of sum 1.

    Gauss-Legendre for the uniform. For the others the trapezoidal rule, after ζ = sinh(u) for heavy tails: the integrand is analytic and vanishes at
    both ends, so the error falls exponentially in the number of nodes.
    """
    if family == "uniform":
        z, w = np.polynomial.legendre.leggauss(_LEGENDRE)
        return z / 2, w / 2
    if family == "normal":
        z = np.linspace(-6, 6, _NODES)
        w = stats.norm.pdf(z)
    else:
        density, reach = {"logistic": (stats.logistic.pdf, 3.8), "student": (stats.t(4).pdf, 5.5)}[
            family
        ]
        u = np.linspace(-reach, reach, _NODES)
        z = np.sinh(u)
        w = density(z) * np.cosh(u)
    return z, w / w.sum()


def law(of: Unobservable, xp: Any, compiled: Callable | None = None) -> SimpleNamespace:
    """The functions of one unobservable over the array library `xp`; with `compiled`, Numba's, over its scalars.

    `mean(m, σ, prepared)` gives P(Y=1), its first two derivatives in m and that in σ. `untested`, `negative`, `positive` and `missed` (T=0, Y=1), of
    (m, t, σ, α, prepared), give the logarithm of the probability and its derivatives in m, t, σ and α. `prepared` is `prepare(σ)`.
    `reported_negative` and `reported_positive`, of (..., sensitivity, specificity), add the derivatives in these.
    """
    functions = _closed(xp, compiled) if of.closed else _quadrature(of, xp, compiled)
    for sign, result in ((-1.0, "reported_negative"), (1.0, "reported_positive")):
        setattr(
            functions,
            result,
            _reported(functions.positive, functions.negative, sign, xp, compiled or as_is),
        )
    return functions


def _reported(
    positive: Callable, negative: Callable, sign: float, xp: Any, jit: Callable
) -> Callable:
    """The logarithm of P(T=1, R) and its derivatives in m, t, σ, α, sensitivity and specificity, for the report R of this sign."""
    opposite = (1 - sign) / 2

    @jit
    def log_p(m, t, scale, response, prepared, sensitivity, specificity):
        case, case_m, case_t, case_scale, case_response = positive(m, t, scale, response, prepared)
        healthy, healthy_m, healthy_t, healthy_scale, healthy_response = negative(
            m, t, scale, response, prepared
        )
        of_case, of_healthy = (
            opposite + sign * sensitivity,
            1 - opposite - sign * specificity,
        )  # P(R | Y = 1), P(R | Y = 0)
        top = xp.maximum(case, healthy)
        parts = of_case * xp.exp(case - top) + of_healthy * xp.exp(healthy - top)
        log_total = top + xp.log(parts)
        by_case, by_healthy = xp.exp(case - log_total), xp.exp(healthy - log_total)
        u, v = of_case * by_case, of_healthy * by_healthy
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


def _closed(xp: Any, compiled: Callable | None) -> SimpleNamespace:
    formulas = uniform_unobservable.formulas(xp, compiled)
    jit = compiled or as_is
    lower_mean = formulas.mean

    @jit
    def prepare(scale):
        return xp.expm1(scale)

    @jit
    def mean(m, scale, growth):
        return lower_mean(m - scale / 2, scale, growth)

    def centred(formula):
        @jit
        def log_p(m, t, scale, response, growth):
            value, in_a, in_b, in_scale = formula(m - scale / 2, t - scale / 2, scale, growth)
            return value, in_a, in_b, in_scale - (in_a + in_b) / 2, 0.0 * m

        return log_p

    negative = centred(formulas.negative)

    @jit
    def missed(
        m, t, scale, response, growth
    ):  # ∫ h(m+z) h(-t-z) dz is the integral of P(T=1, Y=0) with the two logits exchanged
        value, in_t, in_m, in_scale, in_response = negative(t, m, scale, response, growth)
        return value, in_m, in_t, in_scale, in_response

    return SimpleNamespace(
        prepare=prepare,
        mean=mean,
        untested=centred(formulas.untested),
        negative=negative,
        positive=centred(formulas.positive),
        missed=missed,
    )


def _quadrature(of: Unobservable, xp: Any, compiled: Callable | None) -> SimpleNamespace:
    jit = compiled or as_is
    link, total = _link(of.link, xp, compiled), _expectation(of.family, xp, compiled)

    @jit
    def prepare(scale):
        return 0.0 * scale

    @jit
    def risk(z, m, t, scale, response):
        value, slope, curvature = link(m + scale * z)
        return value, slope, curvature, z * slope, 0.0 * value

    over_risk = total(risk)

    @jit
    def mean(m, scale, _):
        p, first, second, in_scale, _ = over_risk(m, m, scale, scale)
        return p, first, second, in_scale

    def logarithm(outcome, decision):
        @jit
        def parts(z, m, t, scale, response):
            tested, in_t, _ = link(decision * (t + response * scale * z))
            if outcome == 0:
                positive, in_m = 1.0 + 0.0 * tested, 0.0 * tested
            else:
                positive, in_m, _ = link(outcome * (m + scale * z))
            by_m, by_t = outcome * in_m * tested, decision * positive * in_t
            return positive * tested, by_m, by_t, z * (by_m + response * by_t), scale * z * by_t

        over = total(parts)

        @jit
        def log_p(m, t, scale, response, _):
            p, in_m, in_t, in_scale, in_response = over(m, t, scale, response)
            p = xp.maximum(p, 1e-300)
            return xp.log(p), in_m / p, in_t / p, in_scale / p, in_response / p

        return log_p

    return SimpleNamespace(
        prepare=prepare, mean=mean, **{event: logarithm(*signs) for event, signs in _EVENTS.items()}
    )


def _link(name: str, xp: Any, compiled: Callable | None) -> Callable:
    """h, h' and h'' of the inverse link; both links are symmetric, h(-x) = 1 - h(x)."""
    jit = compiled or as_is
    where = (
        xp.where if compiled is None else compiled(choose)
    )  # Numba's `where` makes an array of a scalar
    if name == "logit":

        @jit
        def logistic(x):
            small = xp.exp(-abs(x))
            up = where(x >= 0, 1 / (1 + small), small / (1 + small))
            slope = small / ((1 + small) * (1 + small))
            return up, slope, slope * (1 - 2 * up)

        return logistic
    erfc = _erfc(xp, compiled)

    @jit
    def normal(x):
        slope = xp.exp(-x * x / 2) * 0.3989422804014327
        return 0.5 * erfc(-x * 0.7071067811865476), slope, -x * slope

    return normal


def _erfc(xp: Any, compiled: Callable | None) -> Callable:
    if compiled is not None:
        return math.erfc
    if xp is np:
        return special.erfc
    from jax.scipy.special import erfc

    return erfc


def _expectation(family: str, xp: Any, compiled: Callable | None) -> Callable:
    """Turns a function of (ζ, m, t, σ, α) with five values into their expectations, over scalars in a loop or over arrays at once."""
    nodes, weights = rule(family)
    if compiled is None:

        def over_arrays(parts):
            def total(*arguments):
                values = parts(nodes, *(xp.asarray(argument)[..., None] for argument in arguments))
                return [value @ xp.asarray(weights, dtype=value.dtype) for value in values]

            return total

        return over_arrays

    def over_scalars(parts):
        @compiled
        def total(m, t, scale, response):
            a, b, c, d, e = 0.0, 0.0, 0.0, 0.0, 0.0
            for k in range(nodes.size):
                v = parts(nodes[k], m, t, scale, response)
                a += weights[k] * v[0]
                b += weights[k] * v[1]
                c += weights[k] * v[2]
                d += weights[k] * v[3]
                e += weights[k] * v[4]
            return a, b, c, d, e

        return total

    return over_scalars


def probability(
    of: Unobservable,
    what: str,
    risk: np.ndarray,
    testing: Any,
    scale: np.ndarray,
    response: np.ndarray,
) -> np.ndarray:
    """A probability after sampling, of arguments whose shapes broadcast: `risk` and `testing` are m and t; P(Y=1) needs no t.

    `what` is `positive` P(Y=1), `untested` P(T=0), `untested_positive` P(Y=1 | T=0) or `tested_positive` P(Y=1 | T=1).
    """
    functions = _arrays(of)
    with np.errstate(over="ignore", divide="ignore"):
        prepared = functions.prepare(scale)
        if what == "positive":
            return functions.mean(risk, scale, prepared)[0]
        if what == "tested_positive":
            negative, positive = (
                getattr(functions, seen)(risk, testing, scale, response, prepared)[0]
                for seen in ("negative", "positive")
            )
            return 1 / (1 + np.exp(negative - positive))
        untested = functions.untested(risk, testing, scale, response, prepared)[0]
        if what == "untested":
            return np.exp(untested)
        return np.exp(functions.missed(risk, testing, scale, response, prepared)[0] - untested)


@cache
def _arrays(of: Unobservable) -> SimpleNamespace:
    return law(of, np)


def log_likelihood(
    of: Unobservable,
    seen: str,
    risk: np.ndarray,
    testing: np.ndarray,
    scale: np.ndarray,
    response: np.ndarray,
    *test: Any,
) -> np.ndarray:
    """log P of what was seen, a name of `law`, of arguments as in `probability`; `test` is sensitivity and specificity, where it is a report."""
    functions = _arrays(of)
    with np.errstate(over="ignore", divide="ignore"):
        return getattr(functions, seen)(
            risk, testing, scale, response, functions.prepare(scale), *test
        )[0]


def standard_draws(of: Unobservable, rng: np.random.Generator, size: int) -> np.ndarray:
    """ζ for that many people."""
    draw = {
        "uniform": lambda: rng.uniform(-0.5, 0.5, size),
        "normal": lambda: rng.standard_normal(size),
        "logistic": lambda: rng.logistic(size=size),
        "student": lambda: rng.standard_t(4, size),
    }
    return draw[of.family]()


def inverse_link(of: Unobservable, x: np.ndarray) -> np.ndarray:
    """h(x)."""
    return special.expit(x) if of.link == "logit" else special.ndtr(x)
