"""Joint distributions of the errors of outcome and selection, against brute-force integration."""

import numpy as np
import pytest
from scipy import integrate, stats

from causalstats.numerics.selection.array_library import numpy_functions
from causalstats.numerics.selection.copulas import COPULAS
from causalstats.numerics.selection.error_shapes import ERROR_SHAPES
from causalstats.numerics.selection.joint_errors import joint_errors
from causalstats.numerics.selection.student_cdf import log_student_cdf

XP = numpy_functions()
VALUES = {
    "degrees_of_freedom": np.array([[5.0]]),
    "skewness": np.array([[0.4]]),
    "tail_weight": np.array([[1.3]]),
}
PAIRS = [
    (errors, copula)
    for errors, shape in ERROR_SHAPES.items()
    for copula, dependence in COPULAS.items()
    if shape.has_normal_score or not dependence.needs_normal_scores
]
ERRORS = np.linspace(-60, 120, 400_001)
STEP = ERRORS[1] - ERRORS[0]


def values_of(joint):
    return {name: VALUES[name] for name in joint.shape.parameters}


@pytest.mark.parametrize("nu", [2.0, 2.5, 5.0, 13.0, 60.0])
def test_student_distribution_function_is_scipys_in_both_tails(nu):
    x = np.array([-1e5, -1e3, -30.0, -3.0, -0.1, 0.0, 0.1, 3.0, 30.0])
    np.testing.assert_allclose(
        log_student_cdf(XP, x, nu), stats.t.logcdf(x, nu), rtol=1e-7, atol=1e-12
    )


@pytest.mark.parametrize("errors", ERROR_SHAPES)
def test_errors_have_mean_0_and_variance_1_and_scores_come_back(errors):
    joint = joint_errors(errors, "elliptical")
    given = values_of(joint)
    density = np.exp(joint.shape.log_density(XP, ERRORS[None], given))[0]
    moments = [(density * ERRORS**k).sum() * STEP for k in range(3)]
    # The Student's variance has a tail of 2e-5 beyond 60 standard deviations.
    assert moments == pytest.approx([1, 0, 1], abs=1e-4)
    some = np.array([[-2.0, 0.3, 4.0]])
    score = joint.shape.score(XP, some, given)
    np.testing.assert_allclose(joint.shape.from_score(score, given), some, rtol=1e-9)


@pytest.mark.parametrize(("errors", "copula"), PAIRS)
@pytest.mark.parametrize("kappa", [-0.6, 0.0, 0.9])
def test_the_outcome_integrated_out_leaves_the_probability_of_selection(
    errors, copula, kappa
):
    joint = joint_errors(errors, copula)
    given = values_of(joint)
    for index in (-2.0, 0.5):
        density = np.exp(joint.log_seen(XP, ERRORS[None], index, kappa, given))
        selected = joint.selection_probability(np.array([[index]]), given)
        assert density.sum() * STEP == pytest.approx(selected.item(), abs=1e-6)


@pytest.mark.parametrize(("errors", "copula"), PAIRS)
@pytest.mark.parametrize("kappa", [-0.6, 0.9])
def test_kappa_is_the_correlation_with_the_same_excess_on_one_side_of_the_medians(
    errors, copula, kappa
):
    joint = joint_errors(errors, copula)
    given = values_of(joint)
    median = joint.shape.from_score(np.zeros((1, 1)), given).item()

    def density(error):
        return np.exp(joint.log_seen(XP, np.array([[error]]), 0.0, kappa, given)).item()

    same_side, _ = integrate.quad(density, median, np.inf)
    expected = 2 / np.pi * np.arcsin(kappa)
    assert 4 * same_side - 1 == pytest.approx(expected, abs=1e-6)


def test_jointly_normal_errors_have_the_correlation_of_a_bivariate_normal():
    joint = joint_errors("normal", "elliptical")
    density = np.exp(joint.log_seen(XP, ERRORS, 0.4, 0.7, {}))
    above = density[ERRORS > 1].sum() * STEP
    bivariate = stats.multivariate_normal(cov=[[1, -0.7], [-0.7, 1]])
    # u > 1 and v > -0.4: of (-u, v), below -1 and above -0.4
    expected = stats.norm.cdf(-1) - bivariate.cdf([-1, -0.4])
    assert above == pytest.approx(expected, abs=1e-4)


def test_student_errors_are_a_bivariate_student_t():
    """The density of Marchenko & Genton (2012), equation 4, by integrating the bivariate t."""
    nu, kappa, index, error = 5.0, -0.4, 0.3, 1.2
    joint = joint_errors("student", "elliptical")
    given = {"degrees_of_freedom": np.array([[nu]])}
    scaled = error * np.sqrt(nu / (nu - 2))
    bivariate = stats.multivariate_t([0, 0], [[1, kappa], [kappa, 1]], df=nu)
    expected, _ = integrate.quad(
        lambda v: bivariate.pdf([scaled, v]), -index, np.inf, epsabs=1e-12
    )
    got = np.exp(joint.log_seen(XP, np.array([[error]]), index, kappa, given)).item()
    assert got == pytest.approx(expected * np.sqrt(nu / (nu - 2)), rel=1e-7)


@pytest.mark.parametrize(("errors", "copula"), PAIRS)
@pytest.mark.parametrize("selected", [True, False])
def test_moments_given_selection_are_those_of_the_density(errors, copula, selected):
    joint = joint_errors(errors, copula)
    given = values_of(joint)
    index = np.array([[-1.2, 0.2, 1.7]])
    kappa = np.array([[0.7]])
    first, second = joint.moments(index, kappa, given, selected)
    seen = np.exp(joint.log_seen(XP, ERRORS[:, None], index, kappa, given))
    density = np.exp(joint.shape.log_density(XP, ERRORS[:, None], given))
    mass = seen if selected else density - seen
    total = mass.sum(axis=0)
    expected = (mass * ERRORS[:, None]).sum(axis=0) / total
    square = (mass * ERRORS[:, None] ** 2).sum(axis=0) / total
    np.testing.assert_allclose(first[0], expected, atol=2e-4)
    np.testing.assert_allclose(second[0], square, rtol=1e-3)


@pytest.mark.parametrize(("errors", "copula"), PAIRS)
def test_draws_have_the_moments(errors, copula):
    joint = joint_errors(errors, copula)
    given = values_of(joint)
    rng = np.random.default_rng(5)
    index = np.full((1, 40_000), -0.3)
    kappa = np.array([[-0.6]])
    error, decision = joint.draw(rng, index, kappa, given)
    seen = joint.draw_seen(rng, index[:, :10_000], kappa, given)[0]
    expected = joint.moments(index[:, :2], kappa, given, selected=True)[0][0, 0]
    for sample in (error[decision], seen):
        assert abs(sample.mean() - expected) < 4 * sample.std() / np.sqrt(len(sample))
    share = joint.selection_probability(index[:, :1], given).item()
    assert abs(decision.mean() - share) < 4 * np.sqrt(share * (1 - share) / 40_000)
