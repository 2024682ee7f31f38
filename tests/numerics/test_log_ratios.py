"""Laws of the log-ratio algebra, and the glass cups of Baxter et al.

(2005) as computed with Erb's estimator.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from causalstats.numerics.compositions import log_ratios as lr
from causalstats.numerics.compositions.partial_correlations import (
    closure_baseline,
    partial_correlations,
    partial_variances,
    r_squared,
    r_squared_by_reference,
    regression_coefficients,
)

CUPS = Path(__file__).resolve().parents[3] / "shared" / "data" / "cups.csv"


@pytest.fixture(scope="module")
def gamma():
    rng = np.random.default_rng(1)
    logs = rng.standard_normal((40, 6)) @ rng.standard_normal((6, 6))
    return np.cov(lr.clr(np.exp(logs)), rowvar=False)


def test_the_pseudo_inverse_by_every_other_way(gamma):
    theta, size = lr.precision_from_covariance(gamma), len(gamma)
    centring = np.eye(size) - 1 / size
    np.testing.assert_allclose(gamma @ theta, centring, atol=1e-10)
    np.testing.assert_allclose(lr.covariance_from_precision(theta), gamma, atol=1e-10)
    np.testing.assert_allclose(theta.sum(axis=0), 0, atol=1e-10)
    basis = lr.ilr_basis(size)
    np.testing.assert_allclose(basis.T @ basis, np.eye(size - 1), atol=1e-14)
    np.testing.assert_allclose(basis @ basis.T, centring, atol=1e-14)
    np.testing.assert_allclose(
        basis @ np.linalg.inv(basis.T @ gamma @ basis) @ basis.T,
        theta,
        rtol=1e-9,
        atol=1e-10,
    )
    # Fiedler & Bapat: straight from the log-ratio variances.
    bordered = np.block(
        [
            [-lr.variation_matrix(gamma) / 2, np.ones((size, 1))],
            [np.ones((1, size)), np.zeros((1, 1))],
        ]
    )
    np.testing.assert_allclose(
        np.linalg.inv(bordered)[:size, :size], theta, rtol=1e-9, atol=1e-10
    )
    np.testing.assert_allclose(
        lr.centre(-lr.variation_matrix(gamma) / 2), gamma, atol=1e-12
    )
    contrast = np.hstack([np.eye(size - 1), -np.ones((size - 1, 1))])
    np.testing.assert_allclose(
        contrast.T @ np.linalg.inv(contrast @ gamma @ contrast.T) @ contrast,
        theta,
        rtol=1e-9,
        atol=1e-10,
    )


def test_partial_correlation_is_that_of_residuals_whatever_the_reference():
    rng = np.random.default_rng(2)
    logs = rng.standard_normal((60, 5)) @ rng.standard_normal((5, 5))
    theta = lr.precision_from_covariance(np.cov(lr.clr(np.exp(logs)), rowvar=False))
    r, b, v = (
        partial_correlations(theta),
        regression_coefficients(theta),
        partial_variances(theta),
    )
    np.testing.assert_allclose(b.sum(axis=1), 1)
    for reference in (2, 3, 4):
        others = [k for k in (2, 3, 4) if k != reference]
        ratios = logs - logs[:, [reference]]
        design = np.column_stack([np.ones(60), ratios[:, others]])
        residuals = (
            ratios[:, :2]
            - design @ np.linalg.lstsq(design, ratios[:, :2], rcond=None)[0]
        )
        assert np.corrcoef(residuals.T)[0, 1] == pytest.approx(r[0, 1], abs=1e-10)
    design = np.column_stack([np.ones(60), (logs - logs[:, [4]])[:, 1:4]])
    coefficients, rss, *_ = np.linalg.lstsq(design, logs[:, 0] - logs[:, 4], rcond=None)
    np.testing.assert_allclose(coefficients[1:], b[0, 1:4], atol=1e-10)
    assert rss[0] / 59 == pytest.approx(v[0])


def test_three_parts_by_hand(gamma):
    logs = np.random.default_rng(3).standard_normal((30, 3))
    theta = lr.precision_from_covariance(np.cov(lr.clr(np.exp(logs)), rowvar=False))
    by_hand = np.corrcoef(logs[:, 0] - logs[:, 2], logs[:, 1] - logs[:, 2])[0, 1]
    assert partial_correlations(theta)[0, 1] == pytest.approx(by_hand, abs=1e-12)


def test_a_subcomposition_is_a_schur_complement():
    logs = np.random.default_rng(4).standard_normal((50, 6)).cumsum(axis=1)
    theta, keep = (
        lr.precision_from_covariance(np.cov(lr.clr(np.exp(logs)), rowvar=False)),
        np.array([4, 0, 3]),
    )
    alone = lr.precision_from_covariance(
        np.cov(lr.clr(np.exp(logs[:, keep])), rowvar=False)
    )
    np.testing.assert_allclose(
        lr.subcomposition(theta, keep), alone, rtol=1e-9, atol=1e-10
    )


def test_independent_parts_have_the_baseline():
    variances = np.exp(
        np.random.default_rng(7).standard_normal((200, 4)) * [[2.0, 1.0, 1.0, 0.3]]
    )
    theta = lr.basis_laplacian(variances)
    np.testing.assert_allclose(
        lr.precision_from_covariance(lr.centre(np.eye(4) * variances[:, None])),
        theta,
        rtol=1e-6,
        atol=1e-6,
    )
    q = (1 / variances) / (1 / variances).sum(axis=1, keepdims=True)
    expected = np.sqrt(
        q[:, :, None] * q[:, None] / ((1 - q[:, :, None]) * (1 - q[:, None]))
    )
    expected[:, np.arange(4), np.arange(4)] = 1
    np.testing.assert_allclose(partial_correlations(theta), expected, rtol=1e-10)
    np.testing.assert_allclose(
        closure_baseline(partial_variances(theta)), expected, rtol=1e-7
    )
    np.testing.assert_allclose(closure_baseline(np.ones(11))[0, 1:], 0.1)
    assert closure_baseline(np.ones((2, 5, 3))).shape == (2, 5, 3, 3)


def test_the_baseline_has_a_limit_where_no_independent_parts_have_these_variances():
    nearly, beyond = (
        closure_baseline(np.array([1.0, 3.0, 2.0 * (1 + shift), 6.0 * (1 + shift)]))
        for shift in (-1e-9, 1e-9)
    )
    np.testing.assert_allclose(nearly, beyond, atol=1e-4)
    np.testing.assert_allclose(
        closure_baseline(np.array([1.0, 4.0, 5.0, 6.0]))[0, 1:] ** 2,
        [1 / 4, 1 / 5, 1 / 6],
    )


def test_multiple_r_squared_by_regression():
    logs = np.random.default_rng(5).standard_normal((40, 4)).cumsum(axis=1)
    gamma = np.cov(lr.clr(np.exp(logs)), rowvar=False)
    theta = lr.precision_from_covariance(gamma)

    def share(outcome, design):
        design = np.column_stack([np.ones(len(design)), design])
        residual = outcome - design @ np.linalg.lstsq(design, outcome, rcond=None)[0]
        return 1 - residual.var() / outcome.var()

    pivot, others = logs[:, 0] - logs[:, 1:].mean(axis=1), logs[:, 1:3] - logs[:, [3]]
    assert r_squared(gamma, theta)[0] == pytest.approx(share(pivot, others), abs=1e-12)
    assert r_squared_by_reference(gamma, theta)[0, 3] == pytest.approx(
        share(logs[:, 0] - logs[:, 3], others), abs=1e-12
    )


def test_symmetric_balances_by_their_definition(gamma):
    values, vectors = np.linalg.eigh(np.eye(2) - 1 / len(gamma))
    root = vectors / np.sqrt(values) @ vectors.T
    pair = root @ gamma[np.ix_([1, 4], [1, 4])] @ root
    assert lr.symmetric_balances(gamma)[1, 4] == pytest.approx(
        pair[0, 1] / np.sqrt(pair[0, 0] * pair[1, 1])
    )


def test_proportional_parts_are_refused():
    logs = np.random.default_rng(6).standard_normal((30, 4))
    logs[:, 3] = logs[:, 0] + 0.5
    with pytest.raises(np.linalg.LinAlgError, match="linearly dependent"):
        lr.precision_from_covariance(np.cov(lr.clr(np.exp(logs)), rowvar=False))


@pytest.mark.skipif(not CUPS.exists(), reason="the cups are not at hand")
def test_the_glass_cups():
    parts = pd.read_csv(CUPS, index_col="cup")
    names = list(parts)
    gamma = np.cov(lr.clr(parts.to_numpy()), rowvar=False)
    theta = lr.precision_from_covariance(gamma)
    r = pd.DataFrame(partial_correlations(theta), names, names)
    assert np.trace(gamma) == pytest.approx(0.2360977, abs=5e-8)
    published = {
        ("Al", "Fe"): 0.727,
        ("Si", "Al"): 0.722,
        ("Si", "Fe"): -0.663,
        ("Ca", "Na"): 0.597,
        ("Si", "Na"): 0.253,
        ("K", "P"): 0.413,
    }
    for (one, other), value in published.items():
        assert r.loc[one, other] == pytest.approx(value, abs=5e-4)
    variances = [
        0.00203,
        0.00088,
        0.00347,
        0.00813,
        0.00278,
        0.00178,
        0.00841,
        0.00831,
        0.01025,
        0.05062,
        0.05160,
    ]
    np.testing.assert_allclose(partial_variances(theta), variances, atol=5e-6)
    np.testing.assert_allclose(
        r_squared(gamma, theta)[:4], [0.907, 0.876, 0.795, 0.557], atol=5e-4
    )
    assert parts["Si"].corr(parts["Na"]) == pytest.approx(-0.924, abs=5e-4)
    assert lr.proportionality(gamma)[0, 1] == pytest.approx(
        0.645, abs=5e-4
    ) and lr.symmetric_balances(gamma)[0, 1] == pytest.approx(0.798, abs=5e-4)
    logs = np.log(parts.to_numpy() / parts.to_numpy().sum(axis=1, keepdims=True))
    covariance, intensity, of_variances = lr.shrunk_covariance(logs)
    assert (intensity, of_variances) == pytest.approx(
        (0.05912293, 0.08146712), abs=5e-9
    )
    shrunk = partial_correlations(lr.precision_from_covariance(lr.centre(covariance)))
    np.testing.assert_allclose(
        shrunk[[0, 1, 0, 4], [1, 2, 2, 5]], [0.624, 0.588, -0.543, 0.573], atol=1e-3
    )
    rescaled = parts.to_numpy() * np.random.default_rng(0).uniform(1, 100, (47, 1))
    np.testing.assert_allclose(
        lr.precision_from_covariance(np.cov(lr.clr(rescaled), rowvar=False)),
        theta,
        rtol=1e-8,
        atol=1e-7,
    )
