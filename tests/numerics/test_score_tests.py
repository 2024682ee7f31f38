"""Score tests of terms left out: level with estimated parameters, and terms that they name."""

import numpy as np
import pytest
from scipy.special import expit

from causalstats.numerics.bases.omitted_terms import Feature, omitted_terms
from causalstats.numerics.selection.selection_normality import normality_test
from causalstats.numerics.testing.score_tests import (
    Equation,
    binary_equation,
    largest_score,
)


def logistic_posterior(x, outcome, rng, draws=200):
    """Draws of the chances from the normal approximation of a logistic posterior.

    Parameters
    ----------
    x : array, shape (N, K)
    outcome : bool array, shape (N,)
    rng : Generator
    draws : int

    Returns
    -------
    array, shape (draws, N)
    """
    design = np.column_stack([np.ones(len(x)), x])
    beta = np.zeros(design.shape[1])
    for _ in range(15):
        chance = expit(design @ beta)
        information = (design.T * (chance * (1 - chance))) @ design + 0.1 * np.eye(
            len(beta)
        )
        score = design.T @ (outcome - chance) - 0.1 * beta
        beta = beta + np.linalg.solve(information, score)
    root = np.linalg.cholesky(np.linalg.inv(information))
    sampled = beta + rng.standard_normal((draws, len(beta))) @ root.T
    return expit(sampled @ design.T)


def p_value_and_term(seed, index, people=400, features=3):
    """The test of a logistic regression on Normal features, where `index` gives the log-odds.

    Parameters
    ----------
    seed : int
    index : callable
        Features (N, K) -> log-odds (N,).
    people, features : int
        N and K.

    Returns
    -------
    p : float
    term : str
        The term with the largest score.
    """
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((people, features))
    outcome = rng.random(people) < expit(index(x))
    chances = logistic_posterior(x, outcome, rng)
    named = [Feature(f"x{k}", x[:, [k]], (f"x{k}",)) for k in range(features)]
    terms, columns = omitted_terms(named, chances.mean(axis=0)[:, None])
    equation = binary_equation("outcome", np.arange(people), outcome, chances)
    score = largest_score([equation], columns, x, rng)
    return score.p, terms[score.term]


@pytest.mark.parametrize(
    ("intercept", "people"), [(0.0, 400), (-3.0, 600)], ids=["common", "rare"]
)
def test_p_values_are_uniform_where_the_regression_is_right(intercept, people):
    p = np.array(
        [
            p_value_and_term(seed, lambda x: intercept + x[:, 0], people)[0]
            for seed in range(60)
        ]
    )
    for level in (0.1, 0.5):
        error = np.sqrt(level * (1 - level) / len(p))
        assert abs((p <= level).mean() - level) < 3.5 * error


@pytest.mark.parametrize(
    ("index", "kind", "features"),
    [
        (lambda x: 1.2 * x[:, 1] ** 2 - 1, {"curve"}, ("x1",)),
        (lambda x: 3.0 * (x[:, 2] > 0.8) - 1, {"step", "curve"}, ("x2",)),
        (lambda x: 1.5 * x[:, 0] * x[:, 2], {"product"}, ("x0", "x2")),
    ],
    ids=["square", "step", "product"],
)
def test_the_term_that_is_left_out_is_named(index, kind, features):
    p, term = p_value_and_term(1, index, people=800)
    assert p <= 0.002
    assert term.kind in kind
    assert term.features == features


def test_too_few_rows_give_no_test():
    p = binary_equation(
        "outcome", np.arange(20), np.ones(20, bool), np.full((9, 20), 0.5)
    )
    x = np.linspace(-1, 1, 20)[:, None]
    assert largest_score([p], x**2, x, np.random.default_rng(1)) is None


def test_a_curve_is_found_in_whatever_unit_the_outcome_is_measured():
    rng = np.random.default_rng(3)
    x = rng.normal(size=(400, 1))
    y = x[:, 0] + 0.5 * x[:, 0] ** 2 + rng.normal(size=400)
    line = np.column_stack([np.ones(400), x])
    fitted = line @ np.linalg.lstsq(line, y, rcond=None)[0]
    found = {}
    for unit in (1.0, 1e9, 1e-9):

        def replicate(rng, count, unit=unit):
            return unit * (fitted + rng.normal(size=(count, 400)))

        equation = Equation(
            name="outcome",
            rows=np.arange(400),
            observed=unit * y,
            fitted=np.tile(unit * fitted, (10, 1)),
            variance=np.full(400, unit**2),
            slope=np.ones(400),
            replicate=replicate,
        )
        score = largest_score([equation], x**2, x, np.random.default_rng(1))
        assert score is not None and score.p < 0.01
        found[unit] = score.z
    assert np.ptp(list(found.values())) < 1e-6


@pytest.mark.parametrize("unit", [1e9, 1e-9])
def test_normality_of_errors_does_not_depend_on_the_unit_of_the_outcome(unit):
    rng = np.random.default_rng(1)
    x, z, v, e = rng.normal(size=(4, 600))
    seen = 0.5 * x + z + v > 0
    design = np.column_stack([np.ones(600), x])
    selection = np.column_stack([design, z])
    y = (2 + x + 0.6 * v + 0.8 * e)[seen]

    def test(outcome):
        given = (design, selection, seen, np.linspace(-1, 1, 11), 3.0)
        return normality_test(outcome, *given, np.random.default_rng(2))

    assert test(unit * y).p == test(y).p
    np.testing.assert_allclose(test(unit * y).observed, test(y).observed, rtol=1e-6)
