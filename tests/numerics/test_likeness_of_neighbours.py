"""The permutation test of likeness of neighbours: its size, and its power for batches in order."""

import numpy as np
from scipy import stats

from causalstats.numerics.testing.likeness_of_neighbours import neighbours_alike


def _rows(seed: int, rows: int, shift: float, columns: int = 5) -> np.ndarray:
    rng = np.random.default_rng(seed)
    values = rng.standard_t(4, (rows, columns)) @ rng.normal(size=(columns, columns))
    values[rows // 2 :] += shift * values.std(axis=0) * rng.choice([-1, 1], columns)
    return values - values.mean(axis=0)


def _p_values(count: int, rows: int, shift: float) -> np.ndarray:
    return np.array(
        [
            neighbours_alike(_rows(seed, rows, shift), np.random.default_rng(seed), 199)
            for seed in range(count)
        ]
    )


def test_p_values_of_exchangeable_rows_are_uniform():
    """Whatever their distribution: heavy tails, and columns that are correlated."""
    p = _p_values(80, 16, 0.0)
    assert stats.kstest(p, "uniform").pvalue > 0.001


def test_two_batches_of_fifteen_rows_in_order_are_seen():
    assert (_p_values(20, 30, 1.0) <= 0.01).mean() >= 0.8


def test_the_order_within_batches_is_all_that_counts():
    """Rows in an order of chance have no likeness of neighbours, whatever their batches."""
    seen = []
    for seed in range(20):
        rows = np.random.default_rng(seed).permutation(_rows(seed, 30, 1.0))
        seen.append(neighbours_alike(rows, np.random.default_rng(seed), 199) <= 0.01)
    assert np.mean(seen) <= 0.1


def test_eleven_rows_tell_nothing():
    assert neighbours_alike(_rows(1, 11, 3.0), np.random.default_rng(1)) is None
