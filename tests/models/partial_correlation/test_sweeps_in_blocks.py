"""Sweeps over many parts draw blocks of them together."""

import numpy as np
import pytest

from causalstats.numerics.compositions import (
    correlation_columns,
    horseshoe_gibbs,
    log_ratios,
    row_gibbs,
    row_weights,
    symmetric_matrices,
)
from causalstats.numerics.compositions.correlation_entries import NO_MIXTURE


@pytest.mark.parametrize("size", [3, 21, 66])
def test_columns_in_blocks_keep_the_inverse_and_both_triangles(size):
    rng = np.random.default_rng(size)
    state = horseshoe_gibbs.initial_state(np.ones(size), rng)
    rows = rng.standard_normal((3 * size, size)) + 0.5 * rng.standard_normal(
        (3 * size, 1)
    )
    for _ in range(3):
        correlation_columns.update_columns(
            state, rows.T @ rows, 3.0 * size, NO_MIXTURE, rng
        )
    inverse = np.linalg.inv(state.correlations)
    np.testing.assert_allclose(np.tril(state.inverse), np.tril(inverse), atol=1e-5)
    np.testing.assert_array_equal(state.correlations, state.correlations.T)
    np.testing.assert_array_equal(state.local_variances, state.local_variances.T)
    assert np.abs(state.correlations - np.eye(size)).max() > 0.05


@pytest.mark.parametrize("nearness", [1e-2, 1e-5, 1e-8])
def test_columns_keep_the_inverse_of_nearly_singular_correlations(nearness):
    """Products in single precision leave errors that are small beside √(R⁻¹_jj R⁻¹_kk)."""
    size, rng = 40, np.random.default_rng(4)
    state = horseshoe_gibbs.initial_state(np.ones(size), rng)
    state.correlations[0, 1] = state.correlations[1, 0] = 1 - nearness
    state.local_variances[:2, :2] = 1e6
    symmetric_matrices.put_inverse(state.inverse, state.correlations)
    scatter = 3 * size * np.linalg.inv(state.correlations)
    correlation_columns.update_columns(state, scatter, 3.0 * size, NO_MIXTURE, rng)
    inverse = np.linalg.inv(state.correlations)
    assert inverse[0, 0] > 0.2 / nearness
    scale = np.sqrt(np.diag(inverse))
    errors = np.tril(state.inverse - inverse) / (scale[:, None] * scale)
    assert np.abs(errors).max() < 1e-5


@pytest.mark.parametrize("size", [1, 5, 64, 130])
def test_the_inverse_of_a_symmetric_matrix_is_that_of_numpy(size):
    rng = np.random.default_rng(size)
    root = rng.standard_normal((size, size + 10))
    matrix = root @ root.T
    inverse = np.empty_like(matrix)
    lower = np.tril(matrix)  # of which it is read
    assert symmetric_matrices.put_inverse(inverse, lower)
    np.testing.assert_allclose(inverse, np.linalg.inv(matrix), rtol=1e-8, atol=1e-10)
    matrix[-1, -1] = -1.0
    assert not symmetric_matrices.put_inverse(lower, matrix)


def test_rows_in_blocks_of_parts_follow_the_gibbs_sampler_of_a_normal_distribution():
    """With no bounds, the mean of w after a sweep is -(D + L)⁻¹ U w, of Θ = L + D + U.

    Its covariance is (D + L)⁻¹ D (D + L)⁻ᵀ.
    """
    rng = np.random.default_rng(1)
    size, count = 70, 4000
    root = rng.standard_normal((size, 2 * size))
    theta = log_ratios.precision_from_covariance(
        log_ratios.centre(root @ root.T / size)
    )
    start = rng.standard_normal(size)
    free = np.full((count, size), np.inf)
    empty = np.zeros((0, 0))
    ones = np.ones((count, 1))
    links = row_gibbs.links_of(count, {})
    rows = row_gibbs.rows_of_one_type(
        False, empty, -free, free, ones, links, empty, empty
    )
    tails = row_weights.normal_tails(count)
    logs = np.tile(start, (count, 1))
    covariance = horseshoe_gibbs.initial_state(np.ones(size), rng)
    state = row_gibbs.RowState(
        covariance, logs, np.zeros((1, size)), np.zeros(1), tails
    )
    row_gibbs._update_logs(rows, theta, state, rng)
    lower = np.tril(theta)
    mean = -np.linalg.solve(lower, np.triu(theta, 1) @ start)
    spread = np.linalg.solve(lower, np.diag(np.sqrt(np.diag(theta))))
    standard = np.linalg.solve(spread, (logs - mean).T)
    assert np.abs(standard.mean(axis=1)).max() * np.sqrt(count) < 4.5
    squares = standard @ standard.T / count - np.eye(size)
    assert np.abs(squares).max() * np.sqrt(count) < 6.5
