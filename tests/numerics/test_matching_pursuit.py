"""Forward selection corrects a choice that was made when little else was known."""

import numpy as np

from causalstats.numerics.regression.matching_pursuit import (
    gains_beside,
    matching_pursuit,
)


def test_a_column_that_stands_in_for_two_is_exchanged():
    rng = np.random.default_rng(1)
    one, other, noise = rng.standard_normal((3, 400))
    both = one + other + 0.3 * noise
    columns = np.column_stack([one, other, both])
    target = one + other
    first = matching_pursuit(columns, target, 400, 0.05, 1)
    assert first.tolist() == [2]
    assert sorted(matching_pursuit(columns, target, 400, 0.05, 2).tolist()) == [0, 1]


def test_gains_are_falls_of_the_residual_sum_of_squares():
    rng = np.random.default_rng(2)
    columns, others = rng.standard_normal((2, 50, 3))
    target = rng.standard_normal(50)

    def left(design):
        return np.linalg.lstsq(design, target)[1][0]

    falls = [
        left(others) - left(np.column_stack([others, column])) for column in columns.T
    ]
    np.testing.assert_allclose(gains_beside(columns, target, others), falls)
    assert np.all(gains_beside(others, target, others) == 0)
