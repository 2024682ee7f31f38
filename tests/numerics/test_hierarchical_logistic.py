"""Hierarchical logistic regression against a dense computation, and against its own draws."""

import numpy as np
import pytest
from scipy import optimize
from scipy.special import logsumexp

from causalstats.numerics.regression.hierarchical_logistic import (
    GroupedRows,
    LaplaceMixture,
    draw_coefficients,
    draw_effects,
    effects_shift,
    integrate_scales,
    level_probabilities,
    mean_shift,
    mode_of_scales,
    posterior_mode,
)
from causalstats.numerics.regression.product_screening import (
    CandidateProducts,
    score_p_values,
)

LOG_SCALES = np.log([0.7, 0.6])


def grouped_rows(equations, rows=24, columns=4, seed=1):
    rng = np.random.default_rng(seed)
    design = np.column_stack([np.ones(rows), rng.normal(size=(rows, columns - 1))])
    return GroupedRows(
        design=design,
        counts=rng.integers(1, 6, (rows, equations + 1)).astype(float),
        sds=np.full(columns, 2.5),
        blocks=np.array([-1, -1, 0, 0]),
        scales=np.array([1.0, 0.5]),
        cells=np.repeat(np.arange(rows // 2), 2),
    )


def dense(rows, log_scales):
    """Return mode, covariance and evidence of coefficients and effects without shortcuts.

    Coefficients come first, equations outermost; then the effects of rows.
    """
    size, columns = len(rows.design), rows.design.shape[1]
    equations = rows.equations
    same_cell = rows.cells[:, None] == rows.cells[None]
    effects = np.kron(same_cell + np.eye(size), rows.level_covariance)
    precision_of_effects = np.linalg.inv(rows.cell_variance(log_scales) * effects)
    sds = rows.column_sds(log_scales)
    precision = np.kron(rows.level_precision, np.diag(sds**-2))
    design = np.zeros((size, equations, equations, columns))
    for equation in range(equations):
        design[:, equation, equation] = rows.design
    design = design.reshape(size * equations, -1)
    design = np.hstack([design, np.eye(size * equations)])
    zeros = np.zeros((len(precision), len(precision_of_effects)))
    prior = np.block([[precision, zeros], [zeros.T, precision_of_effects]])

    def loss(point):
        predictors = (design @ point).reshape(size, equations)
        logits = np.column_stack([np.zeros(size), predictors])
        likelihood = (rows.counts * logits).sum()
        likelihood -= rows.totals @ logsumexp(logits, axis=1)
        return -likelihood + point @ prior @ point / 2

    mode = optimize.minimize(
        loss, np.zeros(design.shape[1]), method="BFGS", options={"gtol": 1e-7}
    )
    shares = level_probabilities((design @ mode.x).reshape(size, equations))[:, 1:]
    curvature = np.zeros((size * equations, size * equations))
    for row in range(size):
        part = np.diag(shares[row]) - np.outer(shares[row], shares[row])
        at = slice(row * equations, (row + 1) * equations)
        curvature[at, at] = rows.totals[row] * part
    hessian = design.T @ curvature @ design + prior
    evidence = -mode.fun + np.linalg.slogdet(prior)[1] / 2
    evidence -= np.linalg.slogdet(hessian)[1] / 2
    return mode.x, np.linalg.inv(hessian), evidence + rows.log_scale_prior(log_scales)


@pytest.mark.parametrize("equations", [1, 2])
def test_mode_covariance_and_evidence_are_those_of_a_dense_computation(equations):
    rows = grouped_rows(equations)
    mode = posterior_mode(rows, LOG_SCALES)
    point, covariance, evidence = dense(rows, LOG_SCALES)
    count = equations * rows.design.shape[1]
    assert mode.coefficients.T.ravel() == pytest.approx(point[:count], abs=1e-4)
    precision = mode.cholesky @ mode.cholesky.T
    assert np.linalg.inv(precision) == pytest.approx(
        covariance[:count, :count], abs=1e-4
    )
    assert mode.log_evidence == pytest.approx(evidence, abs=1e-5)


@pytest.mark.parametrize("equations", [1, 2])
def test_draws_of_coefficients_and_effects_have_the_dense_covariance(equations):
    rows = grouped_rows(equations)
    mode = posterior_mode(rows, LOG_SCALES)
    size = 20_000
    rng = np.random.default_rng(1)
    coefficients, _ = draw_coefficients(LaplaceMixture([mode], np.ones(1)), size, rng)
    arms = np.tile([0, 1], len(rows.design) // 2)
    effects = draw_effects(mode, coefficients, arms, 3, rng)
    of_rows = effects[:, rows.cells, arms].reshape(size, -1)
    drawn = np.hstack([coefficients.transpose(0, 2, 1).reshape(size, -1), of_rows])
    point, covariance, _ = dense(rows, LOG_SCALES)
    sds = np.sqrt(np.diag(covariance))
    z = (drawn.mean(axis=0) - point) / (sds / np.sqrt(size))
    assert np.abs(z).max() < 4.5
    error = (np.cov(drawn.T) - covariance) / np.outer(sds, sds)
    assert np.abs(error).max() < 4.5 * np.sqrt(2 / size)


def test_effects_of_an_arm_without_rows_are_correlated_with_the_others_by_a_half():
    """A priori, since the counts here are hardly any: an effect is shared plus one of the arm."""
    rows = grouped_rows(1)
    rows = GroupedRows(
        rows.design,
        rows.counts * 1e-9,
        rows.sds,
        rows.blocks,
        rows.scales,
        rows.cells,
    )
    mode = posterior_mode(rows, LOG_SCALES)
    rng = np.random.default_rng(1)
    coefficients, _ = draw_coefficients(LaplaceMixture([mode], np.ones(1)), 4000, rng)
    arms = np.tile([0, 1], len(rows.design) // 2)
    effects = draw_effects(mode, coefficients, arms, 3, rng)[..., 0]
    assert effects.std() == pytest.approx(0.6, abs=0.02)
    correlation = np.corrcoef(effects[..., 0].ravel(), effects[..., 2].ravel())[0, 1]
    assert correlation == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize(("events", "total"), [(3, 40), (1, 20), (10, 15)])
def test_mean_shift_brings_the_mode_to_the_mean_of_the_posterior(events, total):
    """One intercept, whose posterior is integrated on a grid."""
    rows = GroupedRows(
        np.ones((1, 1)),
        np.array([[total - events, float(events)]]),
        np.full(1, 2.5),
        np.full(1, -1),
        np.empty(0),
    )
    grid = np.linspace(-15, 10, 20_001)
    log_density = events * grid - total * np.logaddexp(0, grid) - (grid / 2.5) ** 2 / 2
    density = np.exp(log_density - log_density.max())
    mean = (density @ grid) / density.sum()
    sd = np.sqrt((density @ (grid - mean) ** 2) / density.sum())
    mode = posterior_mode(rows, np.empty(0))
    before = abs(mode.coefficients[0, 0] - mean) / sd
    after = (
        abs(mode.coefficients[0, 0] + mean_shift(mode).coefficients[0, 0] - mean) / sd
    )
    assert before > 0.08
    assert after < before / 2.5


@pytest.mark.parametrize("equations", [1, 2])
def test_mean_shift_with_random_effects_is_that_of_a_dense_computation(equations):
    """Third derivatives by differences of the curvature along each predictor."""
    rows = grouped_rows(equations)
    mode = posterior_mode(rows, LOG_SCALES)
    shift = mean_shift(mode)
    _, covariance, _ = dense(rows, LOG_SCALES)
    size, columns = rows.design.shape
    design = np.zeros((size, equations, equations, columns))
    for equation in range(equations):
        design[:, equation, equation] = rows.design
    design = design.reshape(size * equations, -1)
    design = np.hstack([design, np.eye(size * equations)])
    spread = design @ covariance @ design.T
    step = 1e-4
    third = np.zeros((size, equations))
    for row in range(size):
        at = slice(row * equations, (row + 1) * equations)
        for equation in range(equations):
            curvatures = []
            for sign in (-1, 1):
                moved = mode.predictors[row].copy()
                moved[equation] += sign * step
                shares = level_probabilities(moved)[1:]
                part = np.diag(shares) - np.outer(shares, shares)
                curvatures.append(rows.totals[row] * part)
            slope = (curvatures[1] - curvatures[0]) / (2 * step)
            third[row, equation] = -(slope * spread[at, at]).sum()
    expected = covariance @ design.T @ third.ravel() / 2
    count = equations * columns
    assert shift.coefficients.T.ravel() == pytest.approx(expected[:count], abs=1e-4)
    arms = np.tile([0, 1], size // 2)
    effects = effects_shift(mode, shift, arms, 2)[rows.cells, arms]
    assert effects.ravel() == pytest.approx(expected[count:], abs=1e-4)


def test_weights_of_the_scales_sum_to_one_and_the_best_has_most_evidence():
    rows = grouped_rows(1)
    mixture = integrate_scales(mode_of_scales(rows))
    assert mixture.weights.sum() == pytest.approx(1.0)
    assert len(mixture.modes) == 5
    evidence = [mode.log_evidence for mode in mixture.modes]
    assert evidence[0] == max(evidence)


def test_score_tests_have_their_level_and_find_a_product():
    rng = np.random.default_rng(1)
    signs = rng.choice([-0.5, 0.5], (400, 6))
    design = np.column_stack([np.ones(400), signs])
    products = np.column_stack(
        [4 * signs[:, 0] * signs[:, k] * signs[:, 5] for k in range(1, 5)]
    )
    candidates = CandidateProducts(products, np.arange(4))
    p_values = []
    for logit in [np.zeros(400)] * 60 + [2 * products[:, 2]]:
        event = rng.random(400) < 1 / (1 + np.exp(-logit))
        rows = GroupedRows(
            design,
            np.column_stack([~event, event]).astype(float),
            np.full(7, 2.5),
            np.full(7, -1),
            np.empty(0),
        )
        mode = posterior_mode(rows, np.empty(0))
        p_values.append(score_p_values(mode, candidates, np.arange(400)))
    small = (np.array(p_values[:-1]) < 0.05).mean()
    assert 0.01 < small < 0.11  # 240 tests, nearly independent
    assert p_values[-1].argmin() == 2
    assert p_values[-1][2] < 1e-6


def test_score_of_several_columns_does_not_depend_on_their_rotation():
    rng = np.random.default_rng(2)
    columns = rng.normal(size=(200, 3))
    rotation = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    event = rng.random(200) < 0.4
    rows = GroupedRows(
        np.ones((200, 1)),
        np.column_stack([~event, event]).astype(float),
        np.full(1, 2.5),
        np.full(1, -1),
        np.empty(0),
    )
    mode = posterior_mode(rows, np.empty(0))
    one, other = (
        score_p_values(mode, CandidateProducts(each, np.array([0])), np.arange(200))
        for each in (columns, columns @ rotation)
    )
    assert one == pytest.approx(other)
