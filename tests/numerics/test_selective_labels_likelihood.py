"""Every family and link against quadrature, its derivatives, and the laws that join them."""

from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import check_grad
from scipy.special import expit, ndtr

from causalstats.numerics.selection.links import LINKS
from causalstats.numerics.selection.selective_labels_likelihood import (
    event_probabilities,
    log_likelihood,
    probability,
)
from causalstats.numerics.selection.unobservable import Unobservable, quadrature_rule
from causalstats.numerics.selection.unobservables import FAMILIES

GENERAL = [Unobservable(family, link, False) for family in FAMILIES for link in LINKS]
DENSITY = {
    "uniform": lambda z: 1.0,
    "normal": lambda z: np.exp(-z * z / 2) / np.sqrt(2 * np.pi),
    "logistic": lambda z: 1 / np.cosh(z / 2) ** 2 / 4,
    "student": lambda z: 3 / 8 / (1 + z * z / 4) ** 2.5,
}
PIECES = {
    "uniform": [-0.5, 0, 0.5],
    "normal": [-12, -6, -3, 0, 3, 6, 12],
    "logistic": [-60, -20, -8, -3, 0, 3, 8, 20, 60],
}
LINK = {"logit": expit, "probit": ndtr}
SIGNS = {"negative": (-1, 1), "positive": (1, 1), "missed": (1, -1)}
POINTS = [(-3.0, 0.0, 1.0), (-1.0, 1.0, 2.0), (2.0, -2.0, 0.5), (-6.0, -1.0, 1.0)]


@pytest.mark.parametrize("unobservable", GENERAL, ids=str)
@pytest.mark.parametrize(
    ("scale", "tolerance"), [(0.3, 1e-7), (2.0, 1e-7), (4.0, 1e-5)]
)
def test_against_quadrature(unobservable, scale, tolerance):
    functions, h = event_probabilities(unobservable, np), LINK[unobservable.link]
    pieces = PIECES.get(
        unobservable.family, [-np.inf, -50, -10, -3, 0, 3, 10, 50, np.inf]
    )
    for m, t, response in POINTS:
        for event, (outcome, decision) in SIGNS.items():

            def integrand(
                z, m=m, t=t, response=response, outcome=outcome, decision=decision
            ):
                return (
                    DENSITY[unobservable.family](z)
                    * h(outcome * (m + scale * z))
                    * h(decision * (t + response * scale * z))
                )

            expected = sum(
                quad(integrand, *ends, epsabs=1e-11)[0] for ends in pairwise(pieces)
            )
            assert (
                abs(
                    np.exp(
                        getattr(functions, event)(
                            np.float64(m), np.float64(t), scale, response, 0.0
                        )[0]
                    )
                    - expected
                )
                < tolerance
            )


@pytest.mark.parametrize("unobservable", [Unobservable(), *GENERAL], ids=str)
@pytest.mark.parametrize("event", ["untested", *SIGNS])
def test_derivatives(unobservable, event):
    functions = event_probabilities(unobservable, np)
    response = 1.0 if unobservable.closed else 0.7

    def value(point):
        return getattr(functions, event)(
            *point[:3],
            point[3] if not unobservable.closed else 1.0,
            functions.prepare(point[2]),
        )

    for point in ([-1.0, 0.5, 1.5, response], [0.3, -2.0, 0.4, response]):
        assert (
            check_grad(
                lambda p: value(p)[0], lambda p: np.array(value(p)[1:]), np.array(point)
            )
            < 1e-6
        )


def test_the_closed_form_is_the_uniform_of_the_general_one():
    rng = np.random.default_rng(0)
    m, t, scale = rng.normal(-1, 3, 500), rng.normal(0, 3, 500), rng.gamma(2, 1.5, 500)
    for seen in ("untested", "negative", "positive"):
        closed, general = (
            log_likelihood(
                Unobservable("uniform", "logit", closed), seen, m, t, scale, 1.0
            )
            for closed in (True, False)
        )
        np.testing.assert_allclose(closed, general, rtol=1e-11)


@pytest.mark.parametrize("unobservable", [Unobservable(), *GENERAL], ids=str)
def test_probabilities_agree_with_each_other(unobservable):
    rng = np.random.default_rng(0)
    m, t, scale, response = (
        rng.normal(-1, 2, 300),
        rng.normal(0, 2, 300),
        rng.gamma(2, 1, 300),
        1.0 if unobservable.closed else 1.4,
    )
    total = sum(
        np.exp(log_likelihood(unobservable, seen, m, t, scale, response))
        for seen in ("untested", "negative", "positive")
    )
    np.testing.assert_allclose(total, 1, rtol=1e-12)
    untested = probability(unobservable, "untested", m, t, scale, response)
    parts = [
        probability(unobservable, f"{who}_positive", m, t, scale, response)
        for who in ("untested", "tested")
    ]
    np.testing.assert_allclose(
        untested * parts[0] + (1 - untested) * parts[1],
        probability(unobservable, "positive", m, t, scale, response),
        rtol=1e-11,
    )


@pytest.mark.parametrize(
    "unobservable", [Unobservable(), Unobservable("student", "probit", False)], ids=str
)
def test_reports_of_a_test(unobservable):
    """A perfect test reports the outcome; the probabilities of results sum to that of a test."""
    functions, rng = event_probabilities(unobservable, np), np.random.default_rng(0)
    m, t, scale = rng.normal(-1, 2, 50), rng.normal(0, 2, 50), rng.gamma(2, 1, 50)
    for seen in ("negative", "positive"):
        perfect = log_likelihood(
            unobservable, f"reported_{seen}", m, t, scale, 1.0, 1.0, 1.0
        )
        np.testing.assert_allclose(
            perfect, log_likelihood(unobservable, seen, m, t, scale, 1.0), rtol=1e-12
        )

        def value(point, seen=seen):
            return getattr(functions, f"reported_{seen}")(
                *point[:4], functions.prepare(point[2]), *point[4:]
            )

        for point in (
            [-1.0, 0.5, 1.5, 1.0, 0.9, 0.95],
            [0.3, -2.0, 0.4, 1.0, 0.6, 0.7],
        ):
            free = (
                [0, 1, 2, 4, 5] if unobservable.closed else range(6)
            )  # the closed form is that of α = 1
            for k in free:
                step = np.eye(6)[k] * 1e-6
                slope = (
                    value(np.array(point) + step)[0] - value(np.array(point) - step)[0]
                ) / 2e-6
                assert value(np.array(point))[k + 1] == pytest.approx(
                    slope, rel=1e-6, abs=1e-8
                )
    reported = sum(
        np.exp(
            log_likelihood(unobservable, f"reported_{seen}", m, t, scale, 1.0, 0.8, 0.9)
        )
        for seen in ("negative", "positive")
    )
    np.testing.assert_allclose(
        reported,
        1 - probability(unobservable, "untested", m, t, scale, 1.0),
        rtol=1e-11,
    )
    cases = np.exp(log_likelihood(unobservable, "positive", m, t, scale, 1.0))
    others = np.exp(log_likelihood(unobservable, "negative", m, t, scale, 1.0))
    np.testing.assert_allclose(
        np.exp(
            log_likelihood(
                unobservable, "reported_positive", m, t, scale, 1.0, 0.8, 0.9
            )
        ),
        0.8 * cases + 0.1 * others,
        rtol=1e-12,
    )


@pytest.mark.parametrize("family", FAMILIES)
def test_draws_have_the_moments_of_the_nodes(family):
    z, weights = quadrature_rule(family)
    draws = FAMILIES[family].draw(np.random.default_rng(1), 200_000)
    for power in (1, 2, 4):
        sampled = np.tanh(draws) ** power
        assert abs(
            sampled.mean() - np.tanh(z) ** power @ weights
        ) < 5 * sampled.std() / np.sqrt(draws.size)


@pytest.mark.parametrize("unobservable", [Unobservable(), *GENERAL], ids=str)
def test_probabilities_without_derivatives_are_those_with_them(unobservable):
    functions, rng = event_probabilities(unobservable, np), np.random.default_rng(3)
    risk, testing = rng.normal(-1, 5, (2, 4, 2000))
    testing[:, :100] = risk[:, :100]
    scale = np.array([[1e-6], [0.5], [3.0], [12.0]])
    response = 1.0 if unobservable.closed else 0.7
    with np.errstate(over="ignore", divide="ignore"):
        prepared = functions.prepare(scale)
        mean = functions.mean(risk, scale, prepared)[0]
        np.testing.assert_allclose(
            probability(unobservable, "positive", risk, None, scale, response),
            mean,
            rtol=1e-12,
        )
        for event in ("untested", "negative", "positive", "missed"):
            expected = getattr(functions, event)(
                risk, testing, scale, response, prepared
            )[0]
            np.testing.assert_allclose(
                log_likelihood(unobservable, event, risk, testing, scale, response),
                expected,
                rtol=1e-11,
                atol=1e-11,
            )
        for event in ("reported_negative", "reported_positive"):
            arguments = (risk, testing, scale, response)
            expected = getattr(functions, event)(*arguments, prepared, 0.9, 0.95)[0]
            np.testing.assert_allclose(
                log_likelihood(unobservable, event, *arguments, 0.9, 0.95),
                expected,
                rtol=1e-11,
                atol=1e-11,
            )
