"""The evidence and the posterior of the inverse-Wishart prior, by definition, by Monte Carlo, and
without regard to basis or order.
"""

import numpy as np
import pytest
from scipy import special, stats

from causalstats.numerics.compositions import inverse_wishart as iw
from causalstats.numerics.compositions import log_ratios as lr
from causalstats.numerics.compositions.correlation_posterior import margin
from causalstats.numerics.compositions.partial_correlations import partial_correlations


def study(rows, parts, seed=1):
    rng = np.random.default_rng(seed)
    ratios = lr.clr(
        np.exp(rng.standard_normal((rows, parts)) @ rng.standard_normal((parts, parts)))
    )
    return ratios - ratios.mean(axis=0), np.exp(rng.standard_normal(parts))


@pytest.mark.parametrize("rows", [4, 30])
def test_posterior_and_evidence_by_their_definitions(rows):
    residuals, variances = study(rows, 6)
    basis, p, degrees, free = lr.ilr_basis(6), 5, 9.5, rows - 1
    psi = (degrees - p - 1) * basis.T @ np.diag(variances) @ basis
    after = psi + basis.T @ residuals.T @ residuals @ basis
    np.testing.assert_allclose(
        iw.posterior_scale(residuals, variances, degrees),
        basis @ np.linalg.inv(after) @ basis.T,
        rtol=1e-8,
        atol=1e-12,
    )
    expected = (
        special.multigammaln((degrees + free) / 2, p)
        - special.multigammaln(degrees / 2, p)
        - free * p / 2 * np.log(np.pi)
    )
    expected += (
        degrees / 2 * np.linalg.slogdet(psi)[1]
        - (degrees + free) / 2 * np.linalg.slogdet(after)[1]
    )
    assert iw.log_evidence(residuals, free, variances, degrees) == pytest.approx(
        expected, rel=1e-10
    )


def test_the_evidence_of_one_row_is_a_multivariate_t():
    _, variances = study(1, 4)
    row, basis, degrees = lr.clr(np.array([[1.0, 2.0, 5.0, 0.3]])), lr.ilr_basis(4), 7.0
    psi = (degrees - 4) * basis.T @ np.diag(variances) @ basis
    expected = stats.multivariate_t.logpdf(
        row @ basis, shape=psi / (degrees - 2), df=degrees - 2
    )
    assert iw.log_evidence(row, 1, variances, degrees) == pytest.approx(
        float(expected), rel=1e-10
    )


def test_no_order_of_the_parts_changes_anything():
    residuals, variances = study(20, 6)
    order = np.random.default_rng(3).permutation(6)
    there = iw.posterior_scale(residuals[:, order], variances[order], 9.0)
    np.testing.assert_allclose(
        there,
        iw.posterior_scale(residuals, variances, 9.0)[np.ix_(order, order)],
        rtol=1e-9,
        atol=1e-12,
    )
    here, moved = (
        iw.log_evidence(residuals[:, k], 19, variances[k], 9.0)
        for k in (np.arange(6), order)
    )
    assert moved == pytest.approx(here, rel=1e-12)


def test_draws_have_the_closed_form_margins():
    residuals, variances = study(12, 5)
    scale, degrees = iw.posterior_scale(residuals, variances, 8.0), 8.0 + 11
    scatter = iw.scatter_of(residuals.T @ residuals, variances, 8.0 - 5)
    np.testing.assert_allclose(
        lr.precision_from_covariance(scatter), scale, rtol=1e-9, atol=1e-12
    )
    draws = iw.draw_precisions(scatter, degrees, 20_000, np.random.default_rng(4))
    one_each = iw.draw_precisions(
        np.broadcast_to(scatter, (20_000, 5, 5)),
        np.full(20_000, degrees),
        20_000,
        np.random.default_rng(4),
    )
    np.testing.assert_allclose(
        one_each, draws, rtol=1e-10, atol=1e-10 * abs(draws).max()
    )
    np.testing.assert_allclose(draws.sum(axis=2), 0, atol=1e-8 * abs(draws).max())
    error = draws.std(axis=0) / np.sqrt(len(draws))
    assert (abs(draws.mean(axis=0) - degrees * scale) < 5 * error).all()
    rho = partial_correlations(scale)
    r = -draws[:, 0, 3] / np.sqrt(draws[:, 0, 0] * draws[:, 3, 3])
    assert stats.kstest(margin(degrees).cdf(rho[0, 3], r), "uniform").pvalue > 1e-4
    assert (
        stats.kstest(draws[:, 2, 2] / scale[2, 2], stats.chi2(degrees).cdf).pvalue
        > 1e-4
    )


@pytest.mark.parametrize("rows", [5, 40])
def test_the_isotropic_prior_of_most_evidence(rows):
    residuals = lr.clr(
        np.exp(
            np.random.default_rng(5).standard_normal((rows, 6))
            * [1.0, 1.3, 0.6, 1.0, 0.8, 1.5]
        )
    )
    residuals -= residuals.mean(axis=0)
    eigenvalues = np.linalg.svd(residuals, compute_uv=False) ** 2
    share, variance = iw.isotropic(eigenvalues, rows - 1, 6)

    def evidence(share, variance):
        return iw.log_evidence(
            residuals,
            rows - 1,
            np.full(6, variance),
            (rows - 1) * share / (1 - share) + 6,
        )

    best = evidence(share, variance)
    for change in (0.97, 1.03):
        assert best > evidence(share * change, variance) and best > evidence(
            share, variance * change
        )


def test_parts_that_vary_alike_and_apart_leave_nothing_to_the_data():
    """The evidence of many such data sets only grows with the weight of the prior, up to where that
    is looked for.
    """
    rng, most = np.random.default_rng(6), 0
    for _ in range(60):
        rows, size = int(rng.integers(5, 60)), int(rng.integers(3, 9))
        eigenvalues = (
            np.linalg.svd(lr.centre(rng.normal(size=(rows, size))), compute_uv=False)[
                : size - 1
            ]
            ** 2
        )
        with np.errstate(all="raise", under="ignore"):
            share, variance = iw.isotropic(eigenvalues, rows - 1, size)
        if share > 0.9999:
            most += 1
            assert share < 1 and variance == pytest.approx(
                eigenvalues.sum() / (rows - 1) / (size - 1), rel=1e-3
            )
    assert 10 < most < 60
