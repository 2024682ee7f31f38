"""Direct effects of a learned size: brute-force integration, no direct effects, invariance."""

import numpy as np
import pytest
from scipy import stats
from scipy.special import logsumexp

import causalstats.numerics.instruments.learned_direct_effects as learned
from causalstats.numerics.instruments.effect_posterior import effect_posterior
from causalstats.numerics.instruments.learned_direct_effects import (
    Coordinates,
    draw_given,
    learned_direct_posterior,
    rotated_design,
    slope_given,
)
from causalstats.numerics.instruments.moments import instrument_moments


def rows(seed, size=400, instruments=6, direct=0.0, strength=0.3, effect=0.5):
    rng = np.random.default_rng(seed)
    mixed = np.eye(instruments) + 0.3
    z = rng.standard_normal((size, instruments)) @ mixed
    v, e = rng.standard_normal((2, size))
    treatment = z @ rng.normal(0, strength, instruments) + v
    own = rng.normal(0, 1, instruments) * direct / z.std(axis=0)
    return effect * treatment + z @ own + 0.6 * v + e, treatment, z


def moments_of(outcome, treatment, z):
    return instrument_moments(outcome, treatment, z, np.empty((len(z), 0)))


def test_the_density_is_that_of_the_rows_integrated_by_quadrature():
    """The joint normal density of all rows, θ and σ² integrated numerically."""
    outcome, treatment, z = rows(1, size=14, instruments=3, direct=0.3)
    moments = moments_of(outcome, treatment, z)
    design = rotated_design(moments)
    y, t, *columns = (
        each - each.mean() for each in (outcome, treatment, *np.transpose(z))
    )
    # Coordinates of the rows without their mean
    basis = np.linalg.svd(np.eye(14) - 1 / 14)[0][:, :13]
    y, t = basis.T @ y, basis.T @ t
    centred = basis.T @ np.column_stack(columns)
    span = np.linalg.qr(centred)[0]
    unit = centred / np.sqrt((centred**2).sum(axis=0) / 13)
    data = np.concatenate([t, y])
    identity = np.eye(13)

    def log_density(theta, log_variance, angle, log_s2, log_tau2, log_c):
        variance = np.exp(log_variance)
        omega = variance / np.exp(2 * log_c)
        slope = np.tan(angle) * np.sqrt(variance / omega)
        effect = theta - slope
        first_stage = np.exp(log_s2) * omega * np.cos(angle) ** 2 * span @ span.T
        treated = omega * identity + first_stage
        shared = effect * treated + slope * omega * identity
        spread = (
            effect**2 * treated
            + (2 * effect * slope + slope**2) * omega * identity
            + variance * (identity + np.exp(log_tau2) * unit @ unit.T)
        )
        covariance = np.block([[treated, shared], [shared.T, spread]])
        prior = np.log(omega) / 2 - np.log(variance)
        jacobian = np.log(omega) + np.log(variance)  # dΩ by d log c, dσ² by d log σ²
        return stats.multivariate_normal.logpdf(data, cov=covariance) + prior + jacobian

    points = [
        (0.2, 0.5, -1.5, 0.0),
        (1.0, 2.0, -3.0, 0.1),
        (-0.6, 1.0, 0.5, -0.2),
        (0.4, 3.0, -6.0, 0.2),
    ]
    closed, brute = [], []
    for point in points:
        names = ("angle", "log_first_stage", "log_direct", "log_ratio")
        at = Coordinates(**dict(zip(names, map(np.asarray, point), strict=True)))
        known = slope_given(design, at)
        closed.append(float(known.log_likelihood))
        middle = np.log(known.total / 2 / 11)
        width = 8 * np.sqrt(known.total / 22 / known.curvature)
        logs = np.array(
            [
                [log_density(theta, log_variance, *point) for theta in thetas]
                for thetas in [known.centre + width * np.linspace(-1, 1, 41)]
                for log_variance in middle + np.linspace(-2.5, 3.5, 41)
            ]
        )
        brute.append(logsumexp(logs) + np.log(width))
    closed, brute = np.array(closed), np.array(brute)
    np.testing.assert_allclose(closed - closed[0], brute - brute[0], atol=1e-4)


def test_without_direct_effects_it_is_the_posterior_under_exclusion(monkeypatch):
    monkeypatch.setattr(learned, "LOG_DIRECT_RANGE", (-40.0, -30.0))
    moments = moments_of(*rows(2))
    exclusion = effect_posterior(moments, robust=False)
    design = rotated_design(moments)
    rng = np.random.default_rng(1)
    draws = draw_given(design, learned_direct_posterior(design).draw(40_000, rng), rng)
    for prob in (0.025, 0.25, 0.5, 0.75, 0.975):
        below = (draws.effect <= exclusion.quantile(prob)).mean()
        assert abs(below - prob) < 4.5 * np.sqrt(prob * (1 - prob) / 40_000)


def test_units_and_signs_do_not_matter():
    outcome, treatment, z = rows(3, direct=0.3)
    scales = np.array([2.0, -1.0, 0.1, 5.0, 1.0, 3.0])
    first = draws_of(outcome, treatment, z)
    second = draws_of(4 * outcome, -2 * treatment, z * scales)
    for prob in (0.1, 0.5, 0.9):
        expected = -2 * np.quantile(first.effect, 1 - prob)
        spread = 2 * first.effect.std()
        found = np.quantile(second.effect, prob)
        assert found == pytest.approx(expected, abs=0.1 * spread)
    own = 4 * first.direct_effect.mean(axis=0) / scales
    spread = 4 * first.direct_effect.std(axis=0) / abs(scales)
    assert (abs(second.direct_effect.mean(axis=0) - own) < 0.1 * spread).all()


def draws_of(outcome, treatment, z, size=20_000):
    design = rotated_design(moments_of(outcome, treatment, z))
    rng = np.random.default_rng(1)
    return draw_given(design, learned_direct_posterior(design).draw(size, rng), rng)


def test_direct_effects_that_are_there_are_learned():
    """Medians of τ over data sets, for direct effects of .3 and of none."""
    medians = {
        size: [
            np.median(
                draws_of(
                    *rows(seed, instruments=10, direct=size), 2000
                ).direct_effect_sd
            )
            for seed in range(6)
        ]
        for size in (0.0, 0.3)
    }
    assert 0.2 < np.median(medians[0.3]) < 0.4
    assert np.median(medians[0.0]) < 0.06
