"""Copies are told from ties that columns of few values have by chance, whatever their law."""

import numpy as np
import pytest

from causalstats.numerics.testing.repeated_patterns import copies_p, times_seen

LEVEL = 0.001


def even(rng, rows):
    return rng.integers(2, size=(rows, 8))


def rare(rng, rows):
    return (rng.random((rows, 12)) < rng.beta(0.5, 2, 12)).astype(int)


def lasting(rng, rows):
    """Series of 0 and 1 of units that differ: most are 0, or 1, at all times."""
    own = 2 * rng.standard_normal((rows, 1))
    return (rng.random((rows, 6)) < 1 / (1 + np.exp(-own))).astype(int)


def counts(rng, rows):
    return rng.poisson(np.exp(0.8 * rng.standard_normal((rows, 1))), size=(rows, 3))


def rounded(rng, rows):
    return np.round(5 * rng.standard_normal((rows, 2))).astype(int)


def heavy(rng, rows):
    return rng.zipf(2.0, (rows, 1)) % 1000


LAWS = [even, rare, lasting, counts, rounded, heavy]


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("rows", [60, 400])
def test_independent_rows_of_any_law_pass(law, rows):
    rng = np.random.default_rng([rows, LAWS.index(law)])
    p_values = np.array([copies_p(times_seen(law(rng, rows))) for _ in range(400)])
    assert (p_values < LEVEL).sum() <= 3
    assert (p_values < 0.05).mean() < 0.07


@pytest.mark.parametrize(
    ("columns", "rows", "share", "least", "most"),
    [
        (16, 300, 0.5, 0.95, 1.0),
        (16, 300, 0.2, 0.6, 1.0),
        (8, 300, 1.0, 0.95, 1.0),  # every combination an even number of times
        (8, 300, 0.5, 0.0, 0.1),  # nothing shows these
    ],
)
def test_copies_are_seen_as_far_as_ties_are_few(columns, rows, share, least, most):
    found = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        table = rng.integers(2, size=(rows, columns))
        copied = table[rng.choice(rows, int(share * rows), replace=False)]
        found += copies_p(times_seen(np.vstack([table, copied]))) < LEVEL
    assert least <= found / 40 <= most


def test_rows_three_times_are_seen_as_well():
    rng = np.random.default_rng(1)
    table = rng.integers(2, size=(200, 16))
    assert copies_p(times_seen(np.vstack([table, table[:80], table[:80]]))) < LEVEL


def test_combinations_are_counted():
    table = np.array([[0, 1], [1, 0], [0, 1], [0, 1], [5, 5]])
    assert sorted(times_seen(table)) == [1, 1, 3]
