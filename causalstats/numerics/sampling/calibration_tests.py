"""Tests of draws, a likelihood and posterior ranks: Stein, Bartlett and normal scores.

Draws of a density p have E[∇ log p] = 0 and E[1 + (u_j - E u_j) ∂_j log p] = 0 (Stein's identity):
the first sees draws that are shifted, the second draws that are too wide or too narrow. Data of a
likelihood have E[s] = 0 and E[ss' + H] = 0 (Bartlett's identities), with its score s and Hessian H
at the parameters that the data were drawn at: the first sees parameters that the likelihood puts
elsewhere than the simulator, the second a likelihood that counts data too often or too seldom.

References
----------
Bartlett (1953), Approximate confidence intervals, Biometrika 40. Gorham & Mackey (2015), Measuring
sample quality with Stein's method, NeurIPS 28. Modrák et al. (2025), Simulation-based calibration
checking for Bayesian computation: the choice of test quantities shapes sensitivity, Bayesian
Analysis 20.
"""

from __future__ import annotations

import numpy as np
from scipy import stats

POWER = 0.9


def stein_z(
    points: np.ndarray, gradients: np.ndarray, ess_share: float = 1.0
) -> tuple[np.ndarray, np.ndarray, float]:
    """Return z-statistics of Stein's identities: shifts, spreads, and that of all spreads.

    Parameters
    ----------
    points : array, shape (chain, draw, d)
        Unconstrained draws.
    gradients : array, shape (chain, draw, d)
        Of the log density there.
    ess_share : float
        The effective sample size of independent draws by their number, of resampled ones.

    Returns
    -------
    shifts, spreads : arrays, shape (d,)
    total : float

    Examples
    --------
    >>> draws = np.random.default_rng(1).standard_normal((4, 500, 1))
    >>> shifts, spreads, total = stein_z(draws, -draws)
    >>> bool(abs(total) < 3)
    True
    >>> bool(stein_z(0.9 * draws, -0.9 * draws)[2] > 5)
    True
    """
    centred = points - points.mean(axis=(0, 1))
    terms = 1 + centred * gradients
    shifts = np.array([_z(column, ess_share) for column in _columns(gradients)])
    spreads = np.array([_z(column, ess_share) for column in _columns(terms)])
    return shifts, spreads, _z(terms.sum(axis=-1), ess_share)


def _columns(values: np.ndarray) -> np.ndarray:
    return np.moveaxis(values, -1, 0)


def _z(values: np.ndarray, ess_share: float) -> float:
    """Return the mean by its Monte Carlo standard error, of draws (chain, draw)."""
    import arviz_stats

    ess = (
        float(arviz_stats.ess(values, method="mean"))
        if values.shape[1] > 3
        else values.size
    )
    ess = min(ess, values.size) * ess_share
    return float(values.mean() / (values.std() / np.sqrt(ess)))


def bartlett_p_values(
    scores: np.ndarray, curvatures: np.ndarray
) -> tuple[np.ndarray, float]:
    """Return p-values of Bartlett's identities: of each mean score, and of the information.

    Parameters
    ----------
    scores : array, shape (data sets, d)
        In directions in which they have about variance 1.
    curvatures : array, shape (data sets, d)
        Second derivatives of the log likelihood in the same directions.

    Examples
    --------
    >>> scores = np.random.default_rng(1).standard_normal((400, 5))
    >>> of_mean, of_information = bartlett_p_values(scores, np.full((400, 5), -1.0))
    >>> bool(of_information > 0.01)
    True
    """
    of_mean = stats.ttest_1samp(scores, 0.0, axis=0).pvalue
    excess = information_excess(scores, curvatures)
    return of_mean, float(stats.ttest_1samp(excess, 0.0).pvalue)


def information_excess(scores: np.ndarray, curvatures: np.ndarray) -> np.ndarray:
    """Return by how much squared scores exceed what the curvature says, by data set, as a share.

    The mean is e where the likelihood counts data 1 + e times. Directions are weighted by
    w_j = -E[H_jj] / Var(s_j² + H_jj), the weights of least variance if they are not correlated;
    those of each half of the data sets are taken from the other half, so that a direction in which
    a few scores are large has no other weight where it has a large mean.

    Parameters
    ----------
    scores, curvatures : arrays, shape (data sets, d)

    Returns
    -------
    array, shape (data sets,)

    Examples
    --------
    >>> scores = np.random.default_rng(1).standard_normal((4000, 5))
    >>> excess = information_excess(1.1 * scores, np.full((4000, 5), -1.1))
    >>> bool(abs(excess.mean() - 0.1) < 0.05)
    True
    """
    terms = scores**2 + curvatures
    excess = np.empty(len(terms))
    for half in (0, 1):
        size = np.maximum(-curvatures[1 - half :: 2].mean(axis=0), 0.0)
        variance = terms[1 - half :: 2].var(axis=0)
        weights = size / np.maximum(variance, np.finfo(float).tiny)
        total = (weights * size).sum()
        excess[half::2] = terms[half::2] @ weights / (total if total > 0 else 1.0)
    return excess


def normal_score(rank: int, count: int, rng: np.random.Generator) -> float:
    """Return a rank as a standard normal number, which it is where ranks are uniform.

    Parameters
    ----------
    rank : int
        How many of the draws are below the true value.
    count : int
        How many draws there are.
    rng : Generator
        Places the true value between two draws.
    """
    return float(stats.norm.ppf((rank + rng.random()) / (count + 1)))


def is_covered(
    truth: float, draws: np.ndarray, prob: float, rng: np.random.Generator
) -> bool:
    """Return whether the truth is among the middle draws, with this probability if it is one more.

    Quantiles of a hundred draws cover 93 % and not 95 %. So the truth gets a place between two
    draws, as in `normal_score`, and is covered where that is in the middle of all places.

    Parameters
    ----------
    truth : float
    draws : array
    prob : float
    rng : Generator
        Places the true value between two draws, and among those that are equal to it.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> is_covered(0.5, np.linspace(0, 1, 99), 0.95, rng)
    True
    >>> is_covered(1.5, np.linspace(0, 1, 99), 0.95, rng)
    False
    """
    below = int((draws < truth).sum())
    equal = int((draws == truth).sum())
    place = (below + rng.integers(equal + 1) + rng.random()) / (draws.size + 1)
    return bool(abs(place - 0.5) <= prob / 2)


def normal_p_values(scores: np.ndarray) -> tuple[float, float]:
    """Return two-sided p-values of mean 0 and of variance 1 of normal scores.

    Parameters
    ----------
    scores : array, shape (n,)

    Examples
    --------
    >>> scores = stats.norm.ppf((np.arange(99) + 0.5) / 99)
    >>> [round(p, 2) for p in normal_p_values(1.5 * scores)]
    [1.0, 0.0]
    """
    count = len(scores)
    shift = 2 * stats.norm.sf(abs(scores.mean()) * np.sqrt(count))
    below = stats.chi2.cdf((scores**2).sum(), count)
    return float(shift), float(2 * min(below, 1 - below))


def outlyingness_rank(truth: np.ndarray, draws: np.ndarray) -> tuple[int, int]:
    """Return the rank of the true values' Mahalanobis distance among those of draws, and their
    number.

    The centre and the covariance are those of draws and truth together, so that the truth is
    exchangeable with the draws where these are of the posterior.

    Parameters
    ----------
    truth : array, shape (d,)
    draws : array, shape (n, d)

    Examples
    --------
    >>> draws = np.random.default_rng(1).standard_normal((99, 2))
    >>> outlyingness_rank(np.array([9.0, 9.0]), draws)
    (99, 99)
    """
    together = np.vstack([draws, truth])
    centred = (together - together.mean(axis=0)) / together.std(axis=0)
    axes, sizes, _ = np.linalg.svd(centred, full_matrices=False)
    kept = sizes > 1e-6 * sizes[0]
    distance = (axes[:, kept] ** 2).sum(axis=1)
    return int((distance[:-1] < distance[-1]).sum()), len(draws)


def detectable_shift(count: float, tests: int, level: float) -> float:
    """Return the shift, in standard deviations, that a test of means finds in 9 of 10 runs.

    Parameters
    ----------
    count : float
        Independent numbers.
    tests : int
        As many are corrected for.
    level : float

    Examples
    --------
    >>> round(detectable_shift(1000, 1, 0.05), 3)
    0.103
    """
    quantiles = stats.norm.isf(level / 2 / tests) + stats.norm.ppf(POWER)
    return float(quantiles / np.sqrt(count))


def detectable_spread(count: float, tests: int, level: float) -> float:
    """Return the relative error of a standard deviation that is found in 9 of 10 runs.

    Parameters
    ----------
    count : float
        Independent numbers.
    tests : int
        As many are corrected for.
    level : float

    Examples
    --------
    >>> round(detectable_spread(500, 1, 0.05), 3)
    0.103
    """
    return detectable_shift(2 * count, tests, level)
