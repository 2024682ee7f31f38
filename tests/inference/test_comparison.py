"""Rows of a comparison: each number lies within its own interval."""

import numpy as np
import pytest

from causalstats.inference.comparison import baseline_row

TAILS = (0.025, 0.975)


def test_a_baseline_without_moments_is_told_by_its_median():
    """Two of 200 bootstrap draws at -1e4, as of two steps whose correction is nearly collinear."""
    draws = np.random.default_rng(1).normal(size=200)
    draws[:2] = -1e4
    number, lower, upper = baseline_row(draws, TAILS)
    assert lower <= number <= upper
    assert number == np.median(draws)


def test_a_baseline_with_moments_is_told_by_its_mean():
    draws = np.random.default_rng(2).exponential(size=200)
    assert baseline_row(draws, TAILS)[0] == pytest.approx(draws.mean())
