"""Under prior="invariant" an uncertain weight of the prior is not taken for 1, and closure is not
taken for a strong link.
"""

import numpy as np
import pandas as pd
import pytest
from scipy import special

import causalstats as cs
from causalstats.numerics.compositions import inverse_wishart as iw
from causalstats.numerics.compositions import log_ratios as lr
from causalstats.numerics.compositions.partial_correlations import partial_correlations

pytestmark = pytest.mark.usefixtures("without_hidden_groups")

MODEL = cs.PartialCorrelation(prior="invariant")


def composed(seed, rows, parts, link=0.0, sds=1.0):
    """Return log-normal amounts, and the partial correlations after closure.

    Parameters
    ----------
    seed, rows, parts : int
    link : float
        Partial correlation of the first two amounts; others are 0.
    sds : float, or array (parts,)
        Standard deviations of the log amounts given the others.
    """
    precision = np.eye(parts)
    precision[0, 1] = precision[1, 0] = -link
    covariance = np.linalg.inv(precision) * np.outer(*[np.broadcast_to(sds, parts)] * 2)
    logs = np.random.default_rng(seed).multivariate_normal(
        np.zeros(parts), covariance, rows
    )
    names = [f"p{k}" for k in range(parts)]
    data = cs.Composition.from_frame(
        pd.DataFrame(np.exp(logs), columns=names), parts=names
    )
    theta = lr.precision_from_covariance(lr.centre(covariance))
    return data, partial_correlations(theta)[np.triu_indices(parts, 1)]


def limits(data):
    margins = MODEL.estimands()["partial_correlation"].marginals(data)
    return margins.quantile(0.025), margins.quantile(0.975)


@pytest.mark.parametrize("link", [0.0, 0.3])
@pytest.mark.parametrize(("rows", "parts"), [(30, 5), (15, 4), (12, 8)])
def test_few_rows_never_give_intervals_of_no_width(rows, parts, link):
    # The standard deviation of an unshrunk r is about 1/√n.
    for seed in range(6):
        data, _ = composed(seed, rows, parts, link)
        lower, upper = limits(data)
        assert (upper - lower).min() > 1 / np.sqrt(rows)


@pytest.mark.parametrize(
    ("rows", "parts", "variance"), [(30, 5, None), (20, 6, 1.3), (6, 9, None)]
)
def test_the_weight_is_one_standard_deviation_below_its_posterior_mean(
    rows, parts, variance
):
    # The evidence is integrated over the weight and, unless it is given, the log variance.
    data, _ = composed(rows, rows, parts, 0.4)
    weight, _ = iw.isotropic_cautious(data.eigenvalues, data.degrees, parts, variance)

    def evidence(share, omega):
        degrees = data.degrees * share / (1 - share) + parts
        return iw.log_evidence(
            data.residuals, data.degrees, np.full(parts, omega), degrees
        )

    centre = np.log(np.trace(data.covariance) / (parts - 1))
    logs = centre + np.linspace(-4, 4, 161) if variance is None else np.log([variance])
    shares = (np.arange(120) + 0.5) / 120
    table = np.array(
        [[evidence(share, np.exp(each)) for each in logs] for share in shares]
    )
    posterior = special.softmax(special.logsumexp(table, axis=1))
    mean = shares @ posterior
    expected = mean - np.sqrt(posterior @ (shares - mean) ** 2)
    assert weight == pytest.approx(expected, abs=0.015)


@pytest.mark.parametrize("sds", [1.0, [0.7, 1.0, 1.4]])
@pytest.mark.parametrize("rows", [40, 90])
def test_closure_of_three_independent_parts_is_no_strong_link(rows, sds):
    """Closure alone makes their partial correlations about .5, and all of them positive."""
    for seed in range(3):
        data, truth = composed(seed, rows, 3, sds=sds)
        assert truth.max() > 0.49
        fit = cs.fit(MODEL, data, seed=1, sampler=cs.Exact(draws=500), progress=False)
        doubts = {check.name for check in fit.effect("partial_correlation").doubts}
        assert "shrinkage of strong links" not in doubts


@pytest.mark.parametrize("parts", [8, 20])
def test_a_strong_link_that_the_prior_weakens_is_still_doubted(parts):
    data, _ = composed(parts, 60, parts, link=0.85)
    fit = cs.fit(MODEL, data, seed=1, sampler=cs.Exact(draws=500), progress=False)
    doubts = {check.name for check in fit.effect("partial_correlation").doubts}
    assert "shrinkage of strong links" in doubts


@pytest.mark.slow
@pytest.mark.parametrize("link", [0.0, 0.3])
def test_intervals_cover_with_one_weak_link_and_with_none(link):
    """100 data sets of 30 rows and five parts: of all pairs at most 5 % are missed."""
    missed = []
    for seed in range(100):
        data, truth = composed(seed, 30, 5, link)
        lower, upper = limits(data)
        missed.append(((truth < lower) | (truth > upper)).mean())
    assert np.mean(missed) < 0.05


def test_many_parts_of_unequal_variances_are_told_to_learn_them():
    """40 parts in 80 rows: the weight is .5 and more, and one variance of all parts is refuted."""
    sds = np.exp(np.random.default_rng(5).normal(0, 0.3, 40)) / 2
    data, _ = composed(5, 80, 40, sds=sds)
    fit = cs.fit(MODEL, data, seed=1, sampler=cs.Exact(draws=300), progress=False)
    check = next(
        check for check in fit.check() if check.name.startswith("predicts the spread")
    )
    assert check.passed is False and "prior='shrunk'" in check.remedy


@pytest.mark.slow
def test_the_spread_of_many_parts_is_predicted_where_variances_are_equal_or_learned():
    sds = np.exp(np.random.default_rng(5).normal(0, 0.3, 40)) / 2
    cases = [(MODEL, 0.5), (cs.PartialCorrelation(prior="shrunk"), sds)]
    for model, spread in cases:
        data, _ = composed(5, 80, 40, sds=spread)
        fit = cs.fit(model, data, seed=1, progress=False)
        failed = [check.name for check in fit.check() if check.passed is False]
        assert "predicts the spread of each part" not in failed
