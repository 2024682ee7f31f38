"""Effects of several treatments: brute-force integration, one treatment, no instruments' say."""

import numpy as np
import pytest
from scipy import stats
from scipy.special import logsumexp

from causalstats.numerics.instruments import effect_posterior as one
from causalstats.numerics.instruments.moments import instrument_moments
from causalstats.numerics.instruments.several_treatments import (
    bounded,
    draw_errors,
    effects_posterior,
    k_class_effects,
    k_class_errors,
    least_statistic,
    liml_kappa,
    log_density,
)

EFFECTS = np.array([1.0, -0.5])


def rows(seed, size=400, instruments=3, strength=0.4, confounding=0.5):
    rng = np.random.default_rng(seed)
    z, v = rng.standard_normal((size, instruments)), rng.standard_normal((size, 2))
    slopes = strength * rng.standard_normal((instruments, 2))
    treatment = z @ slopes + v
    u = confounding * v.sum(axis=1) + rng.standard_normal(size)
    return treatment @ EFFECTS + u, treatment, z


def moments_of(outcome, treatment, z):
    return instrument_moments(outcome, treatment, z, np.empty((len(z), 0)))


def density(moments, effects, log_variance, robust=False):
    return log_density(
        moments,
        np.atleast_2d(np.asarray(effects, float)),
        np.atleast_1d(np.asarray(log_variance, float)),
        first_stage_scale=0.3,
        robust=robust,
    )


def test_the_density_is_that_of_the_errors_integrated_by_simulation():
    """Var(u) by quadrature; ψ and Ψ by importance sampling."""
    moments = moments_of(*rows(1, size=25))
    n, k, q = moments.degrees + 2, moments.instruments, 2
    total, explained = moments.products, moments.explained
    rng = np.random.default_rng(1)
    log_values = np.linspace(-6, 8, 4001)

    def brute(effects, log_variance):
        s2 = np.exp(log_variance)
        c = np.append(1.0, -np.asarray(effects))
        values = np.exp(log_values)
        logs = (1 + q / 2 - 1 - n / 2) * log_values - c @ total @ c / 2 / values
        error = logsumexp(logs)
        # Proposals about the regression of T on u, with heavier tails
        left = total - s2 / (1 + s2) * explained
        cross = left[1:] @ c
        slope = cross / (c @ left @ c)
        residual = left[1:, 1:] - np.outer(cross, cross) / (c @ left @ c)
        size = 20_000
        proposal = stats.invwishart(df=n - 6, scale=residual)
        spread = 1.5 * residual / n / (c @ left @ c)
        normal = stats.multivariate_t(slope, spread, df=5)
        psi = normal.rvs(size, random_state=rng)
        covariance = proposal.rvs(size, random_state=rng)
        # Columns of T - uψ' are [y T] times these
        d = -psi[:, None, :] * c[:, None]
        d = d + np.vstack([np.zeros(q), np.eye(q)])
        whole = np.einsum("nai,ab,nbj->nij", d, total, d)
        inside = np.einsum("nai,ab,nbj->nij", d, explained, d)
        form = whole - s2 / (1 + s2) * inside
        trace = np.einsum("nij,nji->n", np.linalg.inv(covariance), form)
        likelihood = -n / 2 * np.linalg.slogdet(covariance)[1] - trace / 2
        weights = likelihood - normal.logpdf(psi)
        weights = weights - proposal.logpdf(covariance.transpose(1, 2, 0))
        rest = logsumexp(weights) - np.log(size) - k * q / 2 * np.log1p(s2)
        relative = np.exp(weights - weights.max())
        deviation = relative.std() / relative.mean() / np.sqrt(size)
        first_stage = log_variance / 2 - np.log1p(s2 / (0.3**2 * moments.degrees))
        return error + rest + first_stage, deviation

    points = [([1.0, -0.5], 0.0), ([0.5, 0.3], 1.0), ([2.0, -1.0], 2.5)]
    closed = np.array([density(moments, b, s)[0, 0] for b, s in points])
    values, deviations = np.array([brute(b, s) for b, s in points]).T
    assert (deviations < 0.02).all()
    differences = (closed - closed[0]) - (values - values[0])
    error = np.sqrt(deviations**2 + deviations[0] ** 2)
    assert (abs(differences) <= 4 * error).all(), (differences, error)


@pytest.mark.parametrize("robust", [False, True])
def test_one_treatment_in_this_form_has_the_density_of_one_treatment(robust):
    outcome, treatment, z = rows(2)
    moments = moments_of(outcome, treatment[:, 0], z)
    effects = np.linspace(-1, 2, 7)
    several = density(moments, effects[:, None], [0.0, 2.0], robust)
    single = one.log_density(
        moments,
        effects,
        np.array([0.0, 2.0]),
        np.empty(0),
        confounding="uniform",
        effect_sd=1.0,
        first_stage_scale=0.3,
        robust=robust,
    )
    np.testing.assert_allclose(
        several - several[0, 0], single - single[0, 0], atol=1e-8
    )


def test_instruments_that_say_nothing_give_the_prior_about_least_squares():
    """Multivariate t with 2 degrees of freedom: each marginal is a t distribution."""
    rng = np.random.default_rng(3)
    raw = rng.standard_normal((80, 5))
    basis = np.linalg.qr(raw - raw.mean(axis=0))[0]
    treatment, noise, z = basis[:, :2], basis[:, 2], basis[:, 3:]
    moments = moments_of(treatment @ EFFECTS + 2 * noise, treatment, z)
    draws, _ = effects_posterior(moments, robust=False).draw(40_000, rng)
    for position in (0, 1):
        for prob in (0.1, 0.5, 0.9, 0.975):
            point = EFFECTS[position] + 2 * stats.t.ppf(prob, 2) / np.sqrt(2)
            below = (draws[:, position] <= point).mean()
            assert abs(below - prob) < 4.5 * np.sqrt(prob * (1 - prob) / 40_000) + 0.002


def test_strong_instruments_give_normal_posteriors_about_two_stage_least_squares():
    moments = moments_of(*rows(4, size=5000, strength=2.0))
    draws, _ = effects_posterior(moments).draw(8000, np.random.default_rng(1))
    estimates, errors = (
        k_class_effects(moments, 1.0),
        k_class_errors(moments, 1.0, robust=True),
    )
    assert (abs(np.median(draws, axis=0) - estimates) < 0.15 * errors).all()
    np.testing.assert_allclose(draws.std(axis=0), errors, rtol=0.06)
    assert bounded(moments, robust=True)


def test_estimates_are_those_of_linearmodels():
    linearmodels = pytest.importorskip("linearmodels.iv")
    outcome, treatment, z = rows(5)
    moments = moments_of(outcome, treatment, z)
    held = np.ones((len(outcome), 1))
    theirs = linearmodels.IV2SLS(outcome, held, treatment, z).fit(
        cov_type="robust", debiased=False
    )
    np.testing.assert_allclose(k_class_effects(moments, 1.0), theirs.params.iloc[1:])
    np.testing.assert_allclose(
        k_class_errors(moments, 1.0, robust=True), theirs.std_errors.iloc[1:]
    )
    liml = linearmodels.IVLIML(outcome, held, treatment, z).fit()
    kappa = liml_kappa(moments)
    np.testing.assert_allclose(k_class_effects(moments, kappa), liml.params.iloc[1:])
    statistic, place = least_statistic(moments, robust=False)
    left = len(outcome) - 1 - 3
    assert statistic == pytest.approx((kappa - 1) * left, rel=1e-4)
    np.testing.assert_allclose(place, liml.params.iloc[1:], atol=1e-3)


def test_confounding_and_strength_are_drawn():
    moments = moments_of(*rows(6, size=20_000, strength=1.0))
    rng = np.random.default_rng(1)
    draws, log_variance = effects_posterior(moments, robust=False).draw(4000, rng)
    errors = draw_errors(moments, draws, log_variance, rng)
    truth = 0.5 / np.sqrt(1.5)
    away = abs(errors.correlation.mean(axis=0) - truth)
    assert (away < 4 * errors.correlation.std(axis=0)).all()
    assert (errors.correlation.std(axis=0) < 0.1).all()
    outside = (moments.products - moments.explained)[1:, 1:] / moments.degrees
    ratios = np.linalg.solve(outside, moments.explained[1:, 1:])
    least = np.linalg.eigvals(ratios).real.min() / 3
    assert errors.first_stage_f.mean() == pytest.approx(least, rel=0.05)


def test_one_treatment_that_no_instrument_moves_is_unbounded():
    rng = np.random.default_rng(7)
    z, v = rng.standard_normal((500, 3)), rng.standard_normal((500, 2))
    treatment = np.column_stack([z.sum(axis=1), np.zeros(500)]) + v
    moments = moments_of(treatment @ EFFECTS + rng.standard_normal(500), treatment, z)
    for robust in (False, True):
        assert not bounded(moments, robust=robust)
