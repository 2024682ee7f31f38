"""The closed-form posterior of a correlation against quadrature, its construction from chi-squares,
Wishart draws, and the t-test.
"""

import numpy as np
import pytest
from scipy import integrate, stats

from causalstats.numerics.compositions.correlation_posterior import log_density, margin

RHO = np.array([-0.98, -0.6, 0.01, 0.3, 0.9])


@pytest.mark.parametrize(
    ("degrees", "error"), [(2.0, 3e-6), (3.5, 1e-7), (20.0, 1e-10), (1300.0, 1e-10)]
)
def test_probabilities_by_quadrature(degrees, error):
    posterior = margin(degrees)
    start = -(8 / np.sqrt(degrees) + 32 / (degrees - 1))
    for rho in RHO:
        for score in (-2.5, 0.3):
            u = score / np.sqrt(degrees)
            expected = integrate.quad(
                lambda v, rho=rho: np.exp(log_density(v, rho, degrees)),
                start,
                u,
                epsabs=1e-13,
                limit=400,
            )[0]
            assert posterior.cdf(rho, np.tanh(np.arctanh(rho) + u)) == pytest.approx(
                expected, abs=error
            )
    for prob in (0.001, 0.025, 0.5, 0.9):
        np.testing.assert_allclose(
            posterior.cdf(RHO, posterior.quantile(RHO, prob)), prob, atol=error
        )
    np.testing.assert_allclose(
        posterior.cdf(RHO, 0.0), posterior.negative(RHO), atol=error
    )


def test_the_margin_of_wishart_draws():
    """The partial correlation of a pair under a Wishart posterior of a 4 x 4 precision."""
    rng = np.random.default_rng(1)
    root = rng.standard_normal((4, 4))
    scale = root @ root.T
    draws = 40_000
    precision = stats.wishart(9, scale).rvs(draws, random_state=rng)
    r = -precision[:, 0, 1] / np.sqrt(precision[:, 0, 0] * precision[:, 1, 1])
    posterior = margin(9.0)
    rho = -scale[0, 1] / np.sqrt(scale[0, 0] * scale[1, 1])
    assert stats.kstest(posterior.cdf(rho, r), "uniform").pvalue > 1e-4
    assert (
        stats.kstest(
            posterior.cdf(rho, posterior.draw(np.full(draws, rho), rng)), "uniform"
        ).pvalue
        > 1e-4
    )
    assert posterior.mean(rho) == pytest.approx(
        r.mean(), abs=5 * r.std() / np.sqrt(draws)
    )
    assert posterior.sd(rho) == pytest.approx(r.std(), rel=0.02)


def test_the_matching_prior_is_the_t_test_and_covers():
    """With ν one less than the degrees of freedom of a sample correlation, P(r < 0) is the t-test's
    p-value, and 95 % intervals cover 95 %.
    """
    rng, rows = np.random.default_rng(2), 12
    x, y = rng.standard_normal((2, rows))
    test = stats.pearsonr(x, y, alternative="greater")
    assert margin(rows - 2.0).negative(test.statistic) == pytest.approx(
        test.pvalue, rel=1e-10
    )
    for degrees in (11.0, 38.0):
        for truth in (0.0, 0.3, 0.7):
            seen = margin(degrees).draw(np.full(100_000, truth), rng)
            lower, upper = (
                margin(degrees - 1).quantile(seen, prob) for prob in (0.025, 0.975)
            )
            assert np.mean((lower < truth) & (truth < upper)) == pytest.approx(
                0.95, abs=0.004
            )


def test_density_of_r_integrates_to_one():
    total = integrate.quad(
        lambda r: np.exp(margin(6.0).log_density(0.7, r)), -1, 1, limit=200
    )[0]
    assert total == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize("degrees", [1.0, np.nan])
def test_too_few_degrees_of_freedom(degrees):
    with pytest.raises(ValueError, match="more than 1 degree"):
        margin(degrees)
