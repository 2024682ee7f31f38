"""The likelihood of selective labels, with the unobservable integrated out.

With ζ of mean 0 from the family, σ its scale, m the risk and t the testing at ζ = 0 on the scale of
the link h, and α the response of testing to risk:

    P(Y=1)       = E h(m + σζ)
    P(T=0)       = E h(-t - ασζ)
    P(T=1, Y=0)  = E h(-m - σζ) h(t + ασζ)
    P(T=1, Y=1)  = E h( m + σζ) h(t + ασζ)
    P(T=0, Y=1)  = E h( m + σζ) h(-t - ασζ)

(Balachandar, Garg & Pierson 2024, eq. 1, with their Z = σζ and, for the uniform, their
Z = σ(ζ + 1/2).) Outcomes of the untested are missing not at random wherever ασ is not 0. The
expectation is that of the bivariate probit with sample selection (Van de Ven & Van Praag 1981) for
the probit link and a Normal unobservable. It is exact where there is a closed form (uniform, logit,
α = 1: `uniform_unobservable`) and otherwise a sum over fixed nodes, a mixture of as many points:
probabilities sum to one in either case. Results of an imperfect test are in `misclassification`.
"""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np

from causalstats.numerics.selection import misclassification, uniform_unobservable
from causalstats.numerics.selection.array_library import uncompiled
from causalstats.numerics.selection.event_values import (
    EVENTS,
    LEAST_PROBABILITY,
    log_probability,
    mean_risk,
)
from causalstats.numerics.selection.unobservable import Unobservable, quadrature_rule


def event_probabilities(
    unobservable: Unobservable, xp: Any, compiled: Callable[..., Any] | None = None
) -> SimpleNamespace:
    """Return the probabilities of events as functions over arrays or, compiled, over scalars.

    Parameters
    ----------
    unobservable : Unobservable
    xp : module
        numpy or jax.numpy.
    compiled : function, optional
        Numba's decorator, for functions of scalars.

    Returns
    -------
    SimpleNamespace of functions
        `prepare(σ)` gives what the others take as `prepared`. `mean(m, σ, prepared)` gives P(Y=1),
        its first two derivatives in m and that in σ. `untested`, `negative`, `positive` and
        `missed` (T=0, Y=1), of (m, t, σ, α, prepared), give the logarithm of the probability and
        its derivatives in m, t, σ and α. `reported_negative` and `reported_positive`, of
        (..., sensitivity, specificity), add the derivatives in these two.
    """
    integrate = _closed_form if unobservable.closed else _by_quadrature
    functions = integrate(unobservable, xp, compiled)
    for result, sign in misclassification.SIGNS.items():
        function = misclassification.reported(
            functions.positive, functions.negative, sign, xp, compiled
        )
        setattr(functions, result, function)
    return functions


def _closed_form(
    unobservable: Unobservable, xp: Any, compiled: Callable[..., Any] | None
) -> SimpleNamespace:
    formulas = uniform_unobservable.formulas(xp, compiled)
    decorate = compiled or uncompiled
    lower_mean = formulas.mean

    @decorate
    def prepare(scale):
        return xp.expm1(scale)

    @decorate
    def mean(m, scale, growth):
        return lower_mean(m - scale / 2, scale, growth)

    def centred(formula):
        @decorate
        def log_p(m, t, scale, response, growth):
            value, in_a, in_b, in_scale = formula(
                m - scale / 2, t - scale / 2, scale, growth
            )
            return value, in_a, in_b, in_scale - (in_a + in_b) / 2, 0.0 * m

        return log_p

    negative = centred(formulas.negative)

    @decorate
    def missed(m, t, scale, response, growth):
        # ∫ h(m+z) h(-t-z) dz is the integral of P(T=1, Y=0) with the linear predictors exchanged.
        value, in_t, in_m, in_scale, in_response = negative(
            t, m, scale, response, growth
        )
        return value, in_m, in_t, in_scale, in_response

    return SimpleNamespace(
        prepare=prepare,
        mean=mean,
        untested=centred(formulas.untested),
        negative=negative,
        positive=centred(formulas.positive),
        missed=missed,
    )


def _by_quadrature(
    unobservable: Unobservable, xp: Any, compiled: Callable[..., Any] | None
) -> SimpleNamespace:
    decorate = compiled or uncompiled
    link = unobservable.link_function.derivatives(xp, compiled)
    expectation = _expectation(unobservable.family, xp, compiled)

    @decorate
    def prepare(scale):
        return 0.0 * scale

    @decorate
    def risk(z, m, t, scale, response):
        value, slope, curvature = link(m + scale * z)
        return value, slope, curvature, z * slope, 0.0 * value

    expected_risk = expectation(risk)

    @decorate
    def mean(m, scale, _):
        p, first, second, in_scale, _ = expected_risk(m, m, scale, scale)
        return p, first, second, in_scale

    def logarithm(outcome, decision):
        @decorate
        def parts(z, m, t, scale, response):
            tested, in_t, _ = link(decision * (t + response * scale * z))
            if outcome == 0:
                positive = 1.0 + 0.0 * tested
                in_m = 0.0 * tested
            else:
                positive, in_m, _ = link(outcome * (m + scale * z))
            by_m = outcome * in_m * tested
            by_t = decision * positive * in_t
            return (
                positive * tested,
                by_m,
                by_t,
                z * (by_m + response * by_t),
                scale * z * by_t,
            )

        expected = expectation(parts)

        @decorate
        def log_p(m, t, scale, response, _):
            p, in_m, in_t, in_scale, in_response = expected(m, t, scale, response)
            p = xp.maximum(p, LEAST_PROBABILITY)
            return xp.log(p), in_m / p, in_t / p, in_scale / p, in_response / p

        return log_p

    events = {event: logarithm(*signs) for event, signs in EVENTS.items()}
    return SimpleNamespace(prepare=prepare, mean=mean, **events)


def _expectation(
    family: str, xp: Any, compiled: Callable[..., Any] | None
) -> Callable[..., Any]:
    """Return the map of a five-valued function of (ζ, m, t, σ, α) to its expectations over ζ.

    Parameters
    ----------
    family : str
    xp : module
        Over whose arrays all nodes are evaluated at once.
    compiled : function or None
        Numba's decorator, for a loop over the nodes.
    """
    nodes, weights = quadrature_rule(family)
    if compiled is None:

        def over_arrays(parts):
            def total(*arguments):
                values = parts(
                    nodes, *(xp.asarray(argument)[..., None] for argument in arguments)
                )
                return [
                    value @ xp.asarray(weights, dtype=value.dtype) for value in values
                ]

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
    unobservable: Unobservable,
    event: str,
    risk: np.ndarray,
    testing: Any,
    scale: np.ndarray,
    response: np.ndarray,
) -> np.ndarray:
    """Return the probability of an event, for arguments whose shapes broadcast.

    Parameters
    ----------
    unobservable : Unobservable
    event : str
        "positive" for P(Y=1), "untested" for P(T=0), "untested_positive" for P(Y=1 | T=0) or
        "tested_positive" for P(Y=1 | T=1).
    risk, testing : array
        m and t, the linear predictors at ζ = 0; P(Y=1) needs no t.
    scale, response : array
        σ > 0 and α.

    Returns
    -------
    array

    Examples
    --------
    The untested have less risk than the tested with the same features, where testing rises with
    risk:

    >>> arguments = np.array([[-2.0], [0.5], [2.0], [1.0]])
    >>> tested, untested = (
    ...     float(probability(Unobservable(), event, *arguments)[0])
    ...     for event in ("tested_positive", "untested_positive")
    ... )
    >>> round(tested, 3), round(untested, 3)
    (0.146, 0.111)
    """
    with np.errstate(over="ignore", divide="ignore"):
        if event == "positive":
            return mean_risk(unobservable, risk, scale)

        def log_p(name: str) -> np.ndarray:
            return log_probability(unobservable, name, risk, testing, scale, response)

        if event == "tested_positive":
            return 1 / (1 + np.exp(log_p("negative") - log_p("positive")))
        if event == "untested":
            return np.exp(log_p("untested"))
        return np.exp(log_p("missed") - log_p("untested"))


def log_likelihood(
    unobservable: Unobservable,
    event: str,
    risk: np.ndarray,
    testing: np.ndarray,
    scale: np.ndarray,
    response: np.ndarray,
    *test: Any,
) -> np.ndarray:
    """Return the log-probability of what was seen, for arguments whose shapes broadcast.

    Parameters
    ----------
    unobservable : Unobservable
    event : str
        A name of `event_probabilities`.
    risk, testing : array
        m and t, the linear predictors at ζ = 0.
    scale, response : array
        σ > 0 and α.
    *test : arrays
        Sensitivity and specificity, where the event is a result of an imperfect test.

    Returns
    -------
    array
    """
    given = (risk, testing, scale, response)
    with np.errstate(over="ignore", divide="ignore"):
        if event in misclassification.SIGNS:
            positive = log_probability(unobservable, "positive", *given)
            negative = log_probability(unobservable, "negative", *given)
            return misclassification.log_reported(positive, negative, event, *test)
        return log_probability(unobservable, event, *given)
