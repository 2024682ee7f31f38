"""Expected value of sample information: by how much outcomes yet unseen would narrow an answer.

A posterior draw of the parameters gives an answer h and chances p_i of outcomes Y_i. One outcome
takes Cov(h, p_i)² / (p̄_i (1 - p̄_i)) from the variance of h, exactly in expectation, since Y_i is
0 or 1. Several take the variance that a regression of h on a statistic of simulated outcomes
explains (Strong, Oakley, Brennan & Breeze 2015); the statistic is Σ a_i Y_i with
a_i = Cov(h, p_i) / (p̄_i (1 - p̄_i)). Outcomes hold at least the information of their statistic, so
that the expected narrowing is not overstated.

References
----------
Strong, Oakley, Brennan & Breeze (2015), Estimating the expected value of sample information using
the probabilistic sensitivity analysis sample, Medical Decision Making 35.
"""

from __future__ import annotations

import numpy as np

_LEAST_VARIANCE = 1e-12
_DEGREE = 3  # of the polynomial in the statistic


def variance_taken_by_one(covariance: np.ndarray, chance: np.ndarray) -> np.ndarray:
    """Return by how much one outcome lowers the variance of the answer, in expectation.

    Parameters
    ----------
    covariance : array, shape (n,)
        Of the answer and the chance of each outcome, over draws.
    chance : array, shape (n,)
        Mean chance of each outcome.

    Examples
    --------
    >>> variance_taken_by_one(np.array([0.1]), np.array([0.5])).round(3)
    array([0.04])
    """
    return covariance**2 / np.maximum(chance * (1 - chance), _LEAST_VARIANCE)


def expected_variance(
    answer: np.ndarray,
    chances: np.ndarray,
    rng: np.random.Generator,
) -> float:
    """Return the expected posterior variance of an answer once some outcomes are seen.

    Parameters
    ----------
    answer : array, shape (draws,)
    chances : array, shape (draws, k)
        Of the outcomes that would be seen.
    rng : Generator
        Draws the outcomes.

    Examples
    --------
    A share with a Beta(1, 1) distribution: after 8 outcomes its expected variance is 1/12 · 2/10.

    >>> rng = np.random.default_rng(1)
    >>> share = rng.random(20_000)
    >>> seen = np.broadcast_to(share[:, None], (20_000, 8))
    >>> round(expected_variance(share, seen, rng) * 60, 1)
    1.0
    """
    centred = answer - answer.mean()
    mean = chances.mean(axis=0)
    covariance = centred @ (chances - mean) / len(answer)
    coefficient = covariance / np.maximum(mean * (1 - mean), _LEAST_VARIANCE)
    outcomes = rng.random(chances.shape) < chances
    statistic = outcomes @ coefficient
    spread = statistic.std()
    if spread == 0:
        return float(answer.var())
    scaled = (statistic - statistic.mean()) / spread
    powers = np.vander(scaled, _DEGREE + 1)
    fitted = powers @ np.linalg.lstsq(powers, centred, rcond=None)[0]
    residual = centred - fitted
    degrees = max(len(answer) - _DEGREE - 1, 1)
    return min(float(residual @ residual) / degrees, float(answer.var()))
