"""Baselines of selective labels: the variance of inverse-probability weighting."""

import numpy as np
from scipy.special import expit

from causalstats.numerics.selection.selective_labels_baselines import _logistic


def test_inverse_probability_weights_have_the_sandwich_of_weighted_scores():
    rng = np.random.default_rng(1)
    x = rng.standard_normal(2000)
    weights = 1 + rng.exponential(3, 2000)
    y = (rng.random(2000) < expit(0.3 + 0.5 * x)).astype(float)
    beta, covariance = _logistic(x[:, None], y, weights)
    design = np.column_stack([np.ones(2000), x])
    mean = expit(design @ beta)
    curvature = design.T @ ((weights * mean * (1 - mean))[:, None] * design)
    scores = (weights * (y - mean))[:, None] * design
    inverse = np.linalg.inv(curvature)
    np.testing.assert_allclose(
        covariance, inverse @ (scores.T @ scores) @ inverse, rtol=1e-6
    )
