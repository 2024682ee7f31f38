"""Many linear and fractional programs at once match each solved by itself."""

import numpy as np
from scipy.optimize import linprog

from causalstats.numerics.discrete.linear_programs import consistent, minima


def test_minima_match_programs_solved_one_by_one():
    rng = np.random.default_rng(10)
    matrix = np.concatenate([np.ones((1, 30)), rng.integers(0, 2, (8, 30))])
    right = rng.dirichlet(np.ones(30), size=60) @ matrix.T
    right[::7] += rng.normal(size=(9, 9))  # mostly impossible
    matrix, right, distance = consistent(matrix, right)
    for costs in (rng.normal(size=(1, 30)), rng.normal(size=(60, 30))):
        each = [
            linprog(costs[row % len(costs)], A_eq=matrix, b_eq=right[row])
            for row in range(60)
        ]
        expected = [
            solution.fun if solution.status == 0 else np.nan for solution in each
        ]
        np.testing.assert_allclose(minima(matrix, right, costs), expected, atol=1e-8)
    assert 0 < np.isnan(expected).sum() < 20 and distance.shape == (60,)


def test_fractional_minima_match_programs_solved_one_by_one():
    """By the program of Charnes & Cooper (1962): w = t q with A w = t b and d'w = 1."""
    rng = np.random.default_rng(12)
    matrix = np.concatenate([np.ones((1, 30)), rng.integers(0, 2, (8, 30))])
    right = rng.dirichlet(np.full(30, 0.3), size=60) @ matrix.T
    right[::7] += rng.normal(size=(9, 9))  # mostly impossible
    matrix, right, _ = consistent(matrix, right)
    for draws in (1, 60):
        per = rng.random((draws, 30)) * (rng.random((draws, 30)) < 0.5)
        per[-1] *= draws == 1  # in one program, nothing
        costs = per * rng.random((draws, 30))
        for sign in (1, -1):
            expected = []
            for row in range(60):
                equations = np.block(
                    [[matrix, -right[row][:, None]], [per[row % draws], 0]]
                )
                solution = linprog(
                    sign * np.append(costs[row % draws], 0),
                    A_eq=equations,
                    b_eq=[*[0] * len(matrix), 1],
                )
                expected.append(solution.fun if solution.status == 0 else np.nan)
            np.testing.assert_allclose(
                minima(matrix, right, sign * costs, per), expected, atol=1e-7
            )
            assert 0 < np.isnan(expected).sum() < 20
