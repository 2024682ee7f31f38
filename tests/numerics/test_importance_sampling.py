"""Adaptive importance sampling against normal densities, easy and hard to find."""

import numpy as np
import pytest

from causalstats.numerics.sampling.importance_sampling import importance_sample


def normal_density(size, narrowest, rng):
    """Return a log density of standard deviations of 1 down to `narrowest`, mean and covariance.

    Parameters
    ----------
    size : int
        The number of variables.
    narrowest : float
        The least standard deviation along an axis.
    rng : Generator
    """
    axes = np.linalg.qr(rng.standard_normal((size, size)))[0]
    covariance = (axes * np.geomspace(1, narrowest, size) ** 2) @ axes.T
    precision = np.linalg.inv(covariance)
    mean = rng.normal(0, 5, size)

    def log_density(points):
        deviations = points - mean
        return -np.einsum("ni,ij,nj->n", deviations, precision, deviations) / 2

    return log_density, mean, covariance


@pytest.mark.parametrize("narrowest", [1.0, 1e-2, 1e-4])
@pytest.mark.parametrize("size", [2, 12])
def test_normal_densities_of_unequal_scales_are_found(size, narrowest):
    rng = np.random.default_rng([size, round(1 / narrowest)])
    log_density, mean, covariance = normal_density(size, narrowest, rng)
    sample = importance_sample(log_density, np.zeros(size), 4000, rng)
    assert sample.pareto_k < 0.7
    root = np.linalg.cholesky(covariance)
    standard = np.linalg.solve(root, (sample.points - mean).T).T
    error = 5 / np.sqrt(sample.ess)
    np.testing.assert_allclose(standard.mean(axis=0), 0, atol=error)
    # A product of two standard normals has variance 1, a square 2.
    np.testing.assert_allclose(np.cov(standard.T), np.eye(size), atol=2 * error)


def test_a_density_of_many_spikes_is_not_trusted():
    """Weights rest on single draws in every round, whose covariance has no inverse."""
    sample = importance_sample(
        lambda points: (300 * np.cos(1e5 * points) - points**2).sum(axis=1),
        np.full(6, 0.3),
        400,
        np.random.default_rng(1),
    )
    assert sample.pareto_k > 0.7


def test_zero_density_almost_everywhere_is_not_trusted():
    sample = importance_sample(
        lambda points: np.where((np.abs(points) < 1e-9).all(axis=1), 0.0, -np.inf),
        np.zeros(3),
        400,
        np.random.default_rng(1),
    )
    assert sample.pareto_k > 0.7
