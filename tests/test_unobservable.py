"""Every family and link against quadrature, its derivatives, and the laws that join them."""

import mpmath as mp
import numpy as np
import pytest
from scipy.optimize import check_grad

from causalstats.numerics.unobservable import FAMILIES, LINKS, Unobservable, law, log_likelihood, probability, rule, standard_draws

GENERAL = [Unobservable(family, link, False) for family in FAMILIES for link in LINKS]
DENSITY = {
    "uniform": lambda z: mp.mpf(1),
    "normal": mp.npdf,
    "logistic": lambda z: mp.sech(z / 2) ** 2 / 4,
    "student": lambda z: mp.mpf(3) / 8 / (1 + z * z / 4) ** mp.mpf(2.5),
}
PIECES = {"uniform": [-0.5, 0, 0.5], "normal": [-12, -6, -3, 0, 3, 6, 12], "logistic": [-60, -20, -8, -3, 0, 3, 8, 20, 60]}
LINK = {"logit": lambda x: 1 / (1 + mp.exp(-x)), "probit": mp.ncdf}
SIGNS = {"negative": (-1, 1), "positive": (1, 1), "missed": (1, -1)}
POINTS = [(-3.0, 0.0, 1.0), (-1.0, 1.0, 2.0), (2.0, -2.0, 0.5), (-6.0, -1.0, 1.0)]


@pytest.mark.parametrize("of", GENERAL, ids=str)
@pytest.mark.parametrize(("scale", "tolerance"), [(0.3, 1e-7), (2.0, 1e-7), (4.0, 1e-5)])
def test_against_quadrature(of, scale, tolerance):
    functions, h = law(of, np), LINK[of.link]
    pieces = PIECES.get(of.family, [-mp.inf, -50, -10, -3, 0, 3, 10, 50, mp.inf])
    for m, t, response in POINTS:
        for event, (outcome, decision) in SIGNS.items():

            def integrand(z, m=m, t=t, response=response, outcome=outcome, decision=decision):
                return DENSITY[of.family](z) * h(outcome * (m + scale * z)) * h(decision * (t + response * scale * z))

            expected = float(mp.quad(integrand, pieces))
            assert abs(np.exp(getattr(functions, event)(np.float64(m), np.float64(t), scale, response, 0.0)[0]) - expected) < tolerance


@pytest.mark.parametrize("of", [Unobservable(), *GENERAL], ids=str)
@pytest.mark.parametrize("event", ["untested", *SIGNS])
def test_derivatives(of, event):
    functions = law(of, np)
    response = 1.0 if of.closed else 0.7

    def value(point):
        return getattr(functions, event)(*point[:3], point[3] if not of.closed else 1.0, functions.prepare(point[2]))

    for point in ([-1.0, 0.5, 1.5, response], [0.3, -2.0, 0.4, response]):
        assert check_grad(lambda p: value(p)[0], lambda p: np.array(value(p)[1:]), np.array(point)) < 1e-6


def test_the_closed_form_is_the_uniform_of_the_general_one():
    rng = np.random.default_rng(0)
    m, t, scale = rng.normal(-1, 3, 500), rng.normal(0, 3, 500), rng.gamma(2, 1.5, 500)
    for seen in ("untested", "negative", "positive"):
        closed, general = (log_likelihood(Unobservable("uniform", "logit", closed), seen, m, t, scale, 1.0) for closed in (True, False))
        np.testing.assert_allclose(closed, general, rtol=1e-11)


@pytest.mark.parametrize("of", [Unobservable(), *GENERAL], ids=str)
def test_probabilities_agree_with_each_other(of):
    rng = np.random.default_rng(0)
    m, t, scale, response = rng.normal(-1, 2, 300), rng.normal(0, 2, 300), rng.gamma(2, 1, 300), 1.0 if of.closed else 1.4
    total = sum(np.exp(log_likelihood(of, seen, m, t, scale, response)) for seen in ("untested", "negative", "positive"))
    np.testing.assert_allclose(total, 1, rtol=1e-12)
    untested = probability(of, "untested", m, t, scale, response)
    parts = [probability(of, f"{who}_positive", m, t, scale, response) for who in ("untested", "tested")]
    np.testing.assert_allclose(untested * parts[0] + (1 - untested) * parts[1], probability(of, "positive", m, t, scale, response), rtol=1e-11)


@pytest.mark.parametrize("family", FAMILIES)
def test_draws_have_the_moments_of_the_nodes(family):
    z, weights = rule(family)
    draws = standard_draws(Unobservable(family), np.random.default_rng(1), 200_000)
    for power in (1, 2, 4):
        sampled = np.tanh(draws) ** power
        assert abs(sampled.mean() - np.tanh(z) ** power @ weights) < 5 * sampled.std() / np.sqrt(draws.size)
