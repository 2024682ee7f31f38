"""The caution on shrinkage speaks of links that are sure and drawn in, and not of noise."""

import numpy as np
import pandas as pd
import pytest

import causalstats as cs
from causalstats.models.partial_correlation.answer_checks import answer_checks
from causalstats.numerics.compositions import log_ratios
from causalstats.numerics.compositions.shrinkage_bias import (
    beyond_closure,
    link_shrinkage,
)

pytestmark = pytest.mark.usefixtures("without_hidden_groups")

MODEL = cs.PartialCorrelation(prior="invariant")
CAUTION = "shrinkage of strong links"


def composed(seed, rows, parts, link=0.0):
    precision = np.eye(parts)
    precision[0, 1] = precision[1, 0] = -link
    root = np.linalg.cholesky(np.linalg.inv(precision))
    logs = np.random.default_rng(seed).standard_normal((rows, parts)) @ root.T / 2
    names = [f"p{k}" for k in range(parts)]
    return cs.Composition.from_frame(
        pd.DataFrame(np.exp(logs), columns=names), parts=names
    )


def cautioned(data):
    fit = cs.fit(MODEL, data, seed=1, sampler=cs.Exact(draws=200), progress=False)
    doubts = fit.effect("partial_correlation").doubts
    return next((check for check in doubts if check.name == CAUTION), None)


def test_what_independent_parts_have_beyond_closure_is_zero():
    variances = np.array([1.0, 0.3, 2.0, 0.7])
    theta = log_ratios.precision_from_covariance(log_ratios.centre(np.diag(variances)))
    np.testing.assert_allclose(beyond_closure(theta), 0, atol=1e-10)


def test_a_sure_link_is_drawn_in_by_more_the_heavier_the_prior():
    data = composed(1, 200, 6, 0.6)
    theta = MODEL.exact_posterior(data)(1, 200, np.random.default_rng(0))[
        "precision"
    ].to_numpy()[0]
    shifts = [link_shrinkage(theta, weight).max() for weight in (0.05, 0.2, 0.5)]
    assert shifts == sorted(shifts) and shifts[0] > 0
    assert int(link_shrinkage(theta, 0.2).argmax()) == 0


def test_the_caution_names_the_link_that_is_drawn_in():
    check = cautioned(composed(2, 60, 20, 0.8))
    assert "p0 ~ p1" in check.finding and check.value > 1


@pytest.mark.slow
@pytest.mark.parametrize(("rows", "parts"), [(60, 8), (22, 5), (40, 20)])
def test_data_without_a_link_hardly_ever_have_a_link_named_as_drawn_in(rows, parts):
    """At most 5 % nominal; the bound is the .999 quantile of 60 such data sets."""
    found = [cautioned(composed(seed, rows, parts)) for seed in range(60)]
    named = [check is not None and " ~ " in check.finding for check in found]
    assert np.mean(named) <= 0.15


def under_the_horseshoe(data):
    sampler = cs.Gibbs(chains=2, draws=200, tune=200, thin=5)
    model = cs.PartialCorrelation(prior="horseshoe")
    fit = cs.fit(model, data, seed=1, sampler=sampler, progress=False)
    doubts = fit.effect("partial_correlation").doubts
    return next((check for check in doubts if check.name == CAUTION), None)


def test_a_link_that_the_horseshoe_draws_in_is_named_by_its_estimate_without_a_prior():
    """At few parts 95 % intervals of the horseshoe cover strong links in .80 to .90, unsaid."""
    matching = cs.PartialCorrelation(prior="matching")
    horseshoe = cs.PartialCorrelation(prior="horseshoe")
    weaker = composed(2, 60, 12, 0.2)
    draw = matching.exact_posterior(weaker)
    draws = draw(1, 100, np.random.default_rng(0)).assign(basis_correlation=0.0)

    def found(data):
        checks = answer_checks(horseshoe, "partial_correlation", draws, data)
        return [check for check in checks if check.name == CAUTION]

    (check,) = found(composed(2, 60, 12, 0.7))
    assert "p0 ~ p1" in check.finding and check.assumption == "sparsity"
    assert check.value > 0.7
    assert not found(weaker)
    (check,) = found(composed(2, 24, 12, 0.7))  # too few rows to show it
    assert check.finding.startswith("24 rows of 12 parts are fewer than 4 a part")


@pytest.mark.slow
def test_the_horseshoe_hardly_ever_draws_in_a_link_of_data_without_any():
    found = [under_the_horseshoe(composed(seed, 60, 8)) for seed in range(40)]
    assert np.mean([check is not None for check in found]) <= 0.2
    found = [under_the_horseshoe(composed(seed, 60, 8, 0.6)) for seed in range(40)]
    assert np.mean([check is not None for check in found]) >= 0.6


def test_where_the_prior_outweighs_the_data_the_answer_says_so():
    """Of 60 rows of 30 parts a third had none of their strong links shown, and no word of it."""
    for seed in range(3):
        check = cautioned(composed(seed, 60, 30))
        assert check is not None and check.passed is None
    assert cautioned(composed(1, 400, 12)) is None


def banded(seed, rows, parts, link):
    """Rows of amounts that are each linked with the next."""
    precision = np.eye(parts) - link * (np.eye(parts, k=1) + np.eye(parts, k=-1))
    root = np.linalg.cholesky(np.linalg.inv(precision))
    logs = np.random.default_rng(seed).standard_normal((rows, parts)) @ root.T / 2
    names = [f"p{k}" for k in range(parts)]
    return cs.Composition.from_frame(
        pd.DataFrame(np.exp(logs), columns=names), parts=names
    )


def test_where_rows_are_few_for_the_parts_the_answer_says_so_whatever_the_weight():
    """Of links of 60 rows of 30 linked parts .29 were missed, without a word."""
    check = cautioned(banded(1, 60, 30, 0.48))
    assert check is not None and check.caution
