"""Errors of coefficients that groups of few clusters add: laws, and coverage."""

import numpy as np
import pytest
from scipy import stats

from causalstats.numerics.panel.cluster_robust import cluster_robust
from causalstats.numerics.panel.grouped_clusters import (
    ClusteredRows,
    GroupedEstimate,
    grouped_estimate,
)

NO_PRIOR = 1e-9


def two_means(y, sizes):
    """Return the means of two groups of clusters with one row each."""
    group = np.repeat([0, 1], sizes)
    v = (group[:, None] == np.arange(2)).astype(float)
    means = np.array([y[group == each].mean() for each in range(2)])
    count = len(y)
    rows = ClusteredRows(
        regressors=v,
        residuals=y - v @ means,
        others=np.empty((count, 0)),
        unit=np.arange(count),
        period=np.zeros(count, int),
        cluster=np.arange(count),
        group=group,
        groups=2,
    )
    return means, rows


def test_means_of_two_groups_are_those_of_the_behrens_fisher_problem():
    y = np.random.default_rng(1).normal(size=12) * np.repeat([1.0, 3.0], [4, 8])
    means, rows = two_means(y, [4, 8])
    estimate = grouped_estimate(means, rows, np.array([1.0, -1.0]), NO_PRIOR)
    np.testing.assert_allclose(estimate.degrees, [3, 7], rtol=1e-6)
    for each, (part, size) in enumerate(((y[:4], 4), (y[4:], 8))):
        expected = np.zeros((2, 2))
        expected[each, each] = part.var(ddof=1) / size
        np.testing.assert_allclose(estimate.covariances[each], expected, atol=1e-8)
    draws, ratio = estimate.draw(200_000, np.random.default_rng(2))
    standard = (draws[:, 0] - means[0]) / np.sqrt(y[:4].var(ddof=1) / 4)
    for prob in (0.025, 0.1, 0.9, 0.975):
        below = (standard < stats.t.ppf(prob, 3)).mean()
        assert below == pytest.approx(prob, abs=0.003)
    assert ratio.shape == (200_000, 2)


def test_one_group_is_cr2_with_the_degrees_of_bell_and_mccaffrey():
    rng = np.random.default_rng(1)
    cluster = np.repeat(np.arange(9), [3, 8, 4, 6, 2, 7, 5, 4, 6])
    x = rng.normal(size=9)[cluster] + rng.normal(size=45)
    y = rng.normal(size=9)[cluster] + rng.normal(size=45)
    ones = np.full((45, 1), 45**-0.5)
    v, e = ((each - each.mean())[:, None] for each in (x, y))
    slope = np.linalg.lstsq(v, e[:, 0])[0]
    residuals = e[:, 0] - v @ slope
    theirs = cluster_robust(v, residuals, ones, cluster)
    rows = ClusteredRows(
        regressors=v,
        residuals=residuals,
        others=ones,
        unit=np.arange(45),
        period=np.zeros(45, int),
        cluster=cluster,
        group=np.zeros(45, int),
        groups=1,
    )
    ours = grouped_estimate(slope, rows, np.ones(1), NO_PRIOR)
    np.testing.assert_allclose(ours.covariance, theirs.covariance, rtol=1e-6)
    np.testing.assert_allclose(ours.degrees, theirs.degrees, rtol=1e-6)


def test_a_group_of_one_cluster_varies_as_the_others():
    y = np.random.default_rng(3).normal(size=41)
    means, rows = two_means(y, [1, 40])
    estimate = grouped_estimate(means, rows, np.array([1.0, -1.0]), 4.0)
    of_all = estimate.covariances[1][1, 1] * 40
    assert estimate.covariances[0][0, 0] == pytest.approx(of_all, rel=0.1)
    assert estimate.degrees[0] == pytest.approx(1 / (1 / 4 + 1 / 39))


def test_intervals_of_two_clusters_against_twenty_cover():
    rng = np.random.default_rng(4)
    inside = 0
    for _ in range(400):
        means, rows = two_means(rng.normal(size=22), [2, 20])
        estimate = grouped_estimate(means, rows, np.array([1.0, -1.0]), 4.0)
        draws, _ = estimate.draw(500, rng)
        low, high = np.quantile(draws[:, 0] - draws[:, 1], [0.025, 0.975])
        inside += low < 0 < high
    assert 372 <= inside <= 398  # .93 to .995; Student's t with 20 covers about .8


def test_draws_of_many_degrees_are_normal():
    parts = np.array([[[1.0, 0.5], [0.5, 2.0]], [[1.0, 0.0], [0.0, 0.0]]])
    estimate = GroupedEstimate(np.array([1.0, -1.0]), parts, np.full(2, 1e6))
    draws, _ = estimate.draw(200_000, np.random.default_rng(5))
    np.testing.assert_allclose(np.cov(draws.T), parts.sum(axis=0), atol=0.03)
