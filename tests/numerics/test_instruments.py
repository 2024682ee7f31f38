"""Instrumental variables in closed form: brute-force integration, LIML, Anderson-Rubin sets."""

import numpy as np
import pytest
from scipy import integrate, stats

from causalstats.numerics.instruments import several_treatments
from causalstats.numerics.instruments.anderson_rubin import (
    anderson_rubin_set,
    critical_value,
    overidentification,
)
from causalstats.numerics.instruments.effect_posterior import (
    effect_posterior,
    flat_first_stage_posterior,
    log_density,
    no_confounding_bayes_factor,
    residuals,
)
from causalstats.numerics.instruments.k_class import (
    first_stage_f,
    k_class,
    liml_kappa,
)
from causalstats.numerics.instruments.moments import instrument_moments

NONE = np.empty(0)


def columns(seed, rows=60, instruments=2, covariates=1, effect=0.5, strength=0.4):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((rows, covariates))
    z = rng.standard_normal((rows, instruments)) + x @ np.ones((covariates, 1))
    v = rng.standard_normal(rows)
    treatment = strength * z.sum(axis=1) + x.sum(axis=1) + v
    outcome = effect * treatment + x.sum(axis=1) + 0.6 * v + rng.standard_normal(rows)
    return outcome, treatment, z, x


def density(moments, effect, log_variance, confounding="uniform", effect_sd=3.0):
    return log_density(
        moments,
        np.asarray(effect, float),
        np.asarray(log_variance, float),
        NONE,
        confounding=confounding,
        effect_sd=effect_sd,
        first_stage_scale=0.3,
        robust=False,
    )


@pytest.mark.parametrize("confounding", ["uniform", "any"])
def test_the_closed_form_is_the_integral_over_first_stage_and_covariance(confounding):
    """The integrals over Π, the regression of v on u and two variances, done by quadrature.

    Given φ, the regression of v on u, and both variances, Π integrates to a normal density of the
    rotated rows. What remains is three-dimensional; the two variances separate.
    """
    outcome, treatment, z, x = columns(1, rows=25)
    moments = instrument_moments(outcome, treatment, z, x)
    n = moments.degrees + 1  # rows less covariates and constant
    k = moments.instruments
    total, explained = moments.products, moments.explained
    uniform = confounding == "uniform"

    def brute(effect, log_variance):
        s2 = np.exp(log_variance)
        c = np.array([1.0, -effect])
        size = c @ total @ c

        def over_error_variance(log_value):
            value = np.exp(log_value)
            prior = value**-0.5 if uniform else 1.0
            return value * prior * value ** (-n / 2) * np.exp(-size / 2 / value)

        def over_slope_and_residual(slope, log_value):
            value = np.exp(log_value)
            # T - φu, within the span of the instruments and outside
            d = np.array([-slope, 1.0 + slope * effect])
            inside = d @ explained @ d
            outside = d @ total @ d - inside
            prior = 1.0 if uniform else 1 / value
            quadratic = inside / (1 + s2) + outside
            return (
                value
                * prior
                * value ** (-n / 2)
                * (1 + s2) ** (-k / 2)
                * np.exp(-quadratic / 2 / value)
            )

        mode = np.log(size / n)
        error, _ = integrate.quad(over_error_variance, mode - 6, mode + 6)
        scale = np.log(total[1, 1] / n)
        rest, _ = integrate.dblquad(
            over_slope_and_residual,
            scale - 6,
            scale + 5,
            -12,
            12,
            epsabs=0,
            epsrel=1e-9,
        )
        first_stage = np.sqrt(s2) / (1 + s2 / (0.3**2 * moments.degrees))
        prior = 1.0 if uniform else np.exp(-((effect / 3) ** 2) / 2)
        return np.log(error * rest * first_stage * prior)

    points = [(-0.5, 0.0), (0.4, 0.0), (0.4, 3.0), (1.5, 2.0)]
    closed = np.array(
        [density(moments, [b], [s], confounding)[0, 0] for b, s in points]
    )
    by_quadrature = np.array([brute(b, s) for b, s in points])
    np.testing.assert_allclose(
        closed - closed[0], by_quadrature - by_quadrature[0], atol=1e-5
    )


@pytest.mark.parametrize("log_variance", np.log([0.1, 1.0, 100.0]))
def test_under_a_flat_prior_the_mode_is_liml(log_variance):
    moments = instrument_moments(*columns(2, instruments=4))
    liml = k_class(moments, liml_kappa(moments)).estimate
    grid = liml + np.linspace(-1e-3, 1e-3, 2001)
    values = density(moments, grid, [log_variance], "any", effect_sd=1e9)[:, 0]
    assert grid[values.argmax()] == pytest.approx(liml, abs=2e-6)


def test_instruments_orthogonal_to_both_give_the_prior_about_least_squares():
    rng = np.random.default_rng(3)
    rows = 80
    raw = rng.standard_normal((rows, 3))
    raw -= raw.mean(axis=0)
    treatment, noise, z = np.linalg.qr(raw)[0].T
    outcome = 0.7 * treatment + 2 * noise
    moments = instrument_moments(outcome, treatment, z[:, None], np.empty((rows, 0)))
    posterior = effect_posterior(moments, robust=False)
    assert moments.residual_ratio == pytest.approx(2.0)
    assert posterior.quantile(0.5) == pytest.approx(0.7, abs=1e-6)
    for prob in (0.9, 0.975):
        expected = 0.7 + 2 * stats.t.ppf(prob, 2) / np.sqrt(2)
        assert posterior.quantile(prob) == pytest.approx(expected, rel=1e-3)
    # Its 95 % interval is where |ρ| <= .95
    bound = 0.95 / np.sqrt(1 - 0.95**2)
    assert posterior.quantile(0.975) == pytest.approx(0.7 + 2 * bound, rel=1e-3)


def test_the_anderson_rubin_set_is_where_the_f_test_does_not_reject():
    moments = instrument_moments(*columns(4, instruments=3))
    limits = anderson_rubin_set(moments)
    assert limits.shape == "interval"
    k, left = 3, moments.degrees + 1 - 3

    def p(effect):
        share = residuals(moments, np.array([effect]), NONE, robust=False).fit[0]
        return stats.f.sf(share / (1 - share) * left / k, k, left)

    assert p(limits.lower) == pytest.approx(0.05, abs=1e-9)
    assert p(limits.upper) == pytest.approx(0.05, abs=1e-9)
    assert p((limits.lower + limits.upper) / 2) > 0.05


def test_the_anderson_rubin_set_is_bounded_where_the_instruments_are_significant():
    shapes = set()
    for seed in range(40):
        moments = instrument_moments(*columns(seed, strength=0.15, instruments=1))
        limits = anderson_rubin_set(moments)
        significant = first_stage_f(moments) > stats.f.ppf(0.95, 1, moments.degrees)
        assert (limits.shape == "interval") == significant
        shapes.add(limits.shape)
        if limits.shape == "two rays":
            assert limits.lower < limits.upper
    assert shapes == {"interval", "two rays", "whole line"}


def test_an_invalid_instrument_leaves_the_anderson_rubin_set_empty():
    outcome, treatment, z, x = columns(6, rows=400)
    invalid = instrument_moments(outcome + 3 * z[:, 0], treatment, z, x)
    assert anderson_rubin_set(invalid).shape == "empty"
    assert anderson_rubin_set(invalid, robust=True).shape == "empty"
    assert overidentification(invalid, robust=True) < 1e-6


def test_robust_and_plain_sets_agree_with_equal_variances():
    moments = instrument_moments(*columns(7, rows=5000))
    plain, robust = (anderson_rubin_set(moments, robust=each) for each in (False, True))
    np.testing.assert_allclose(
        [plain.lower, plain.upper], [robust.lower, robust.upper], atol=0.01
    )
    assert critical_value(moments, 0.95, robust=False) == pytest.approx(
        critical_value(moments, 0.95, robust=True), rel=0.01
    )


@pytest.mark.parametrize("robust", [False, True])
def test_the_posterior_is_equivariant(robust):
    """T → aT, y → by + dT, Z → ZB, W → WM + constant, rows permuted."""
    rng = np.random.default_rng(8)
    outcome, treatment, z, x = columns(8, covariates=2)
    first = effect_posterior(
        instrument_moments(outcome, treatment, z, x), robust=robust
    )
    order = rng.permutation(len(outcome))
    mixed, turned = rng.standard_normal((2, 2, 2))
    moments = instrument_moments(
        (5 * outcome + 2 * treatment)[order],
        -3 * treatment[order],
        z[order] @ mixed,
        x[order] @ turned + 7,
    )
    second = effect_posterior(moments, robust=robust)
    for prob in (0.025, 0.5, 0.975):
        moved = (5 * first.quantile(prob) + 2) / -3
        assert second.quantile(1 - prob) == pytest.approx(moved, rel=1e-3, abs=1e-3)


def test_the_plain_overidentification_test_is_that_of_liml():
    moments = instrument_moments(*columns(16, instruments=3))
    left = moments.degrees + 1 - 3
    statistic = (liml_kappa(moments) - 1) * left / 2
    assert overidentification(moments, robust=False) == pytest.approx(
        stats.f.sf(statistic, 2, left)
    )


def test_direct_effects_of_their_true_size_are_no_overidentification():
    outcome, treatment, z, x = columns(17, rows=2000)
    moved = outcome + z @ [0.0, 0.4]
    moments = instrument_moments(moved, treatment, z, x, direct=(1,))
    for robust in (False, True):
        assert overidentification(moments, robust=robust) < 1e-6
        known = {"direct_mean": np.array([0.4]), "direct_sd": np.array([0.05])}
        assert overidentification(moments, robust=robust, **known) > 0.01
        limits = anderson_rubin_set(moments, robust=robust, **known)
        assert limits.lower < 0.5 < limits.upper


def test_weights_of_two_are_rows_twice():
    outcome, treatment, z, x = columns(9)
    twice = np.repeat(np.arange(len(outcome)), 2)
    whole = instrument_moments(outcome[twice], treatment[twice], z[twice], x[twice])
    weighted = instrument_moments(
        outcome, treatment, z, x, weights=np.full(len(outcome), 2.0)
    )
    np.testing.assert_allclose(whole.products, weighted.products)
    np.testing.assert_allclose(whole.explained, weighted.explained)


def test_clusters_of_one_row_are_the_robust_form_and_copies_count_once():
    outcome, treatment, z, x = columns(10, rows=200)
    plain = instrument_moments(outcome, treatment, z, x)
    single = instrument_moments(outcome, treatment, z, x, cluster=np.arange(200))
    np.testing.assert_allclose(single.score_products * 199 / 200, plain.score_products)
    twice = np.repeat(np.arange(200), 2)
    copies = instrument_moments(
        outcome[twice], treatment[twice], z[twice], x[twice], cluster=twice
    )
    assert k_class(copies, 1.0).se == pytest.approx(k_class(single, 1.0).se)


def test_a_direct_effect_of_no_size_changes_nothing_and_a_large_one_gives_the_prior():
    outcome, treatment, z, x = columns(11, rows=300, strength=1.0)
    plain = effect_posterior(instrument_moments(outcome, treatment, z, x))
    moments = instrument_moments(outcome, treatment, z, x, direct=(0, 1))
    points, masses = np.polynomial.hermite_e.hermegauss(7)
    pairs = [(a, b) for a in range(7) for b in range(7)]

    def with_sd(sd):
        return effect_posterior(
            moments,
            direct_nodes=[sd * points[list(pair)] for pair in pairs],
            direct_log_weights=np.log([masses[a] * masses[b] for a, b in pairs]),
        )

    none = with_sd(1e-9)
    for prob in (0.025, 0.5, 0.975):
        assert none.quantile(prob) == pytest.approx(plain.quantile(prob), abs=1e-6)
    widths = [
        posterior.quantile(0.975) - posterior.quantile(0.025)
        for posterior in (none, with_sd(0.2), with_sd(1.0))
    ]
    assert widths[0] < widths[1] < widths[2]


def test_the_bayes_factor_prefers_what_made_the_data():
    rng = np.random.default_rng(12)
    factors = {}
    for rho in (0.0, 0.8):
        z, v, e = rng.standard_normal((3, 2000))
        treatment = z + v
        outcome = rho * v + np.sqrt(1 - rho**2) * e
        factors[rho] = no_confounding_bayes_factor(
            instrument_moments(outcome, treatment, z[:, None], np.empty((2000, 0)))
        )
    assert factors[0.0] > 3 and factors[0.8] < 1e-6


def test_vague_priors_of_many_instruments_lead_to_least_squares_and_ours_do_not():
    """20 instruments of expected F 2, ρ = .9: the pull towards least squares, over data sets."""
    pulls = {"flat": [], "ours": []}
    for seed in range(12):
        rng = np.random.default_rng(seed)
        z = rng.standard_normal((500, 20))
        v = rng.standard_normal(500)
        treatment = z @ np.full(20, np.sqrt(1 / 500)) + v
        outcome = 0.9 * v + np.sqrt(0.19) * rng.standard_normal(500)
        moments = instrument_moments(outcome, treatment, z, np.empty((500, 0)))
        for name, posterior in (
            ("flat", flat_first_stage_posterior(moments, 10.0)),
            ("ours", effect_posterior(moments)),
        ):
            pulls[name].append(posterior.quantile(0.5) / moments.least_squares)
    assert np.median(pulls["flat"]) > 0.35 and np.median(pulls["ours"]) < 0.3


def test_draws_have_the_quantiles_of_the_grid():
    moments = instrument_moments(*columns(13, rows=200))
    posterior = effect_posterior(moments)
    draws = posterior.draw(40_000, np.random.default_rng(1))
    for prob in (0.025, 0.5, 0.975):
        below = (draws["effect"] <= posterior.quantile(prob)).mean()
        assert abs(below - prob) < 4.5 * np.sqrt(prob * (1 - prob) / 40_000)
    assert posterior.cdf(posterior.quantile(0.3)) == pytest.approx(0.3, abs=1e-6)
    assert (abs(draws["correlation"]) < 1).all()


def test_the_first_stage_f_is_that_of_least_squares():
    import statsmodels.api as sm

    outcome, treatment, z, x = columns(14)
    moments = instrument_moments(outcome, treatment, z, x)
    full = sm.OLS(treatment, sm.add_constant(np.column_stack([x, z]))).fit()
    test = full.f_test(np.eye(4)[2:])
    assert first_stage_f(moments) == pytest.approx(float(test.fvalue))


def test_k_class_estimates_are_those_of_linearmodels():
    linearmodels = pytest.importorskip("linearmodels.iv")
    outcome, treatment, z, x = columns(15, instruments=3)
    moments = instrument_moments(outcome, treatment, z, x)
    held = np.column_stack([np.ones(len(x)), x])
    theirs = linearmodels.IV2SLS(outcome, held, treatment, z).fit(
        cov_type="robust", debiased=False
    )
    ours = k_class(moments, 1.0)
    assert ours.estimate == pytest.approx(theirs.params.iloc[-1])
    assert ours.se == pytest.approx(theirs.std_errors.iloc[-1])
    liml = linearmodels.IVLIML(outcome, held, treatment, z).fit()
    assert k_class(moments, liml_kappa(moments)).estimate == pytest.approx(
        liml.params.iloc[-1]
    )
    fuller = linearmodels.IVLIML(outcome, held, treatment, z, fuller=1).fit()
    left = moments.degrees + 1 - 3
    assert k_class(moments, liml_kappa(moments) - 1 / left).estimate == pytest.approx(
        fuller.params.iloc[-1]
    )


def test_draws_of_a_strength_that_many_instruments_determine_have_its_spread():
    rng = np.random.default_rng(1)
    z, (v, e) = rng.standard_normal((2000, 100)), rng.standard_normal((2, 2000))
    treatment = z.sum(axis=1) / 10 + v
    moments = instrument_moments(treatment + e + v, treatment, z, np.empty((2000, 0)))
    posterior = effect_posterior(moments, robust=False)
    drawn = posterior.draw(20_000, rng)["log_first_stage_variance"]
    fine = np.linspace(drawn.min() - 1, drawn.max() + 1, 2000)
    angle = np.linspace(-np.pi / 2, np.pi / 2, 4001)[1:-1]
    effect = moments.least_squares + moments.residual_ratio * np.tan(angle)
    logs = log_density(
        moments,
        effect,
        fine,
        NONE,
        confounding="uniform",
        effect_sd=np.inf,
        first_stage_scale=0.3,
        robust=False,
    )
    density = np.exp(logs - logs.max() - 2 * np.log(np.cos(angle))[:, None])
    weight = density.sum(axis=0) / density.sum()
    mean = fine @ weight
    sd = np.sqrt((fine - mean) ** 2 @ weight)
    assert abs(drawn.mean() - mean) < 4 * sd / np.sqrt(len(drawn))
    assert abs(drawn.std() / sd - 1) < 4 / np.sqrt(2 * len(drawn))


def test_effects_of_two_treatments_do_not_depend_on_the_grid_of_strengths(monkeypatch):
    rng = np.random.default_rng(2)
    z, v = rng.standard_normal((1000, 40)), rng.standard_normal((1000, 2))
    treatments = z[:, :20].sum(axis=1)[:, None] / 6 + z[:, 20:22] + v
    outcome = treatments @ [1, -1] + v.sum(axis=1) + rng.standard_normal(1000)
    moments = instrument_moments(outcome, treatments, z, np.empty((1000, 0)))
    some = several_treatments.effects_posterior(moments, robust=False)
    monkeypatch.setattr(several_treatments, "_LOG_VARIANCE_NODES", 400)
    many = several_treatments.effects_posterior(moments, robust=False)
    (effects, strength), (others, expected) = (
        posterior.draw(10_000, np.random.default_rng(3)) for posterior in (some, many)
    )
    error = 5 / np.sqrt(len(strength))
    assert abs(strength.mean() - expected.mean()) < error * expected.std()
    assert abs(strength.std() / expected.std() - 1) < error
    assert np.all(abs(effects.std(axis=0) / others.std(axis=0) - 1) < error)
