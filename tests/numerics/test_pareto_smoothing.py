"""Pareto-smoothed importance weights, where the tail of the ratios can be fitted and where not."""

import numpy as np
import pytest

from causalstats.numerics.sampling.pareto_smoothing import pareto_smoothed_weights


def test_equal_ratios_have_equal_weights():
    weights = pareto_smoothed_weights(np.full(200, -3.0))
    assert weights.pareto_k == 0.0
    assert weights.ess == pytest.approx(200)


def test_copies_of_the_largest_ratio_are_not_trusted():
    ratios = np.concatenate([np.zeros(600), np.full(200, 5.0)])
    weights = pareto_smoothed_weights(ratios)
    assert weights.pareto_k == np.inf
    raw = np.exp(ratios)
    np.testing.assert_allclose(weights.weights, raw / raw.sum())
