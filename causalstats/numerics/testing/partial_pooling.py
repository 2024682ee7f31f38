"""Partial pooling of the same entries in k groups: adaptive shrinkage towards a common value.

Estimates z_g of an entry in groups g = 1..k have standard errors s_g, and

    z_g ~ Normal(c + d_g, s_g²),  c flat,  d ~ Σ_m π_m Normal(0, diag(a_m))

where a component m lets no group differ (a = 0), one group alone, or all of them alike, by the
variances of a grid. The shares π are learned over all entries by E-M, with a penalty that favours
no difference; c is integrated out, so that only differences between groups speak. Given m and c the
groups are independent:

    c ~ Normal(Σ w_g z_g / Σ w_g, 1 / Σ w_g),  w_g = 1 / (s_g² + a_g)
    d_g | c ~ Normal(a_g w_g (z_g - c), a_g s_g² w_g)

With one component a = scale² for all groups: scale 0 gives the weighted mean of the groups, and a
large one the groups apart. With two groups it is adaptive shrinkage (ash) of their differences.

References
----------
Stephens (2017), False discovery rates: a new deal, Biostatistics 18: the mixture, its penalty, the
local false sign rate, and its mean over the selected. Urbut, Wang, Carbonetto & Stephens (2019),
Flexible statistical methods for estimating and testing effects in genomic studies with multiple
conditions, Nature Genetics 51: mixtures over which groups differ.
"""

from typing import NamedTuple

import numpy as np
from scipy import special

_NULL_COUNT = 10.0  # entries without a difference that count besides those seen
_GRID_STEP = 2.0  # of variances
_LARGEST_GRID = 24
_STEPS = 2000
_CLOSE = 1e-6  # change of the shares


class Pooled(NamedTuple):
    """The posterior of k groups of each of E entries: a mixture of normal distributions.

    Attributes
    ----------
    estimates, errors : array, shape (k, E)
        z and s.
    variances : array, shape (M, k)
        a of each component.
    shares : array, shape (M,)
        π.
    chances : array, shape (M, E)
        Of the components, given the estimates of each entry.
    """

    estimates: np.ndarray
    errors: np.ndarray
    variances: np.ndarray
    shares: np.ndarray
    chances: np.ndarray


def pool(
    estimates: np.ndarray, errors: np.ndarray, scale: float | None = None
) -> Pooled:
    """Return the posterior of the groups.

    Parameters
    ----------
    estimates, errors : array, shape (k, E)
        z and s of k groups.
    scale : float or None
        Standard deviation of a group about the common value. None: a mixture, learned.

    Returns
    -------
    Pooled

    Examples
    --------
    >>> z, s = np.array([[0.0], [1.0]]), np.full((2, 1), 0.5)
    >>> means(pool(z, s, scale=0.0)).round(6).T
    array([[0.5, 0.5]])
    """
    if scale is not None:
        variances = np.full((1, len(estimates)), scale**2)
        chances = np.ones((1, estimates.shape[1]))
        return Pooled(estimates, errors, variances, np.ones(1), chances)
    variances = _components(estimates, errors)
    logs = _log_likelihoods(estimates, errors, variances)
    likelihood = np.exp(logs - logs.max(axis=0))
    prior = np.zeros(len(variances))
    prior[0] = _NULL_COUNT
    shares = np.full(len(variances), 1 / len(variances))
    for _ in range(_STEPS):
        chances = shares[:, None] * likelihood
        chances /= chances.sum(axis=0)
        new = chances.sum(axis=1) + prior
        new /= new.sum()
        close = np.abs(new - shares).max() < _CLOSE
        shares = new
        if close:
            break
    chances = shares[:, None] * likelihood
    return Pooled(estimates, errors, variances, shares, chances / chances.sum(axis=0))


def _components(estimates: np.ndarray, errors: np.ndarray) -> np.ndarray:
    """Return the variances (M, k) of each component, the first of them 0."""
    groups = len(estimates)
    least = (errors.min() / 5) ** 2
    differences = np.ptp(estimates, axis=0)
    most = max(4 * (differences**2).max(), 4 * least)
    count = int(min(np.ceil(np.log(most / least) / np.log(_GRID_STEP)), _LARGEST_GRID))
    grid = np.geomspace(least, most, count + 1)
    patterns = [np.ones(groups)]
    if groups > 2:  # of two groups, one differs from the other whichever of them it is
        patterns += list(np.eye(groups))
    return np.array(
        [np.zeros(groups), *(size * each for each in patterns for size in grid)]
    )


def _log_likelihoods(
    estimates: np.ndarray, errors: np.ndarray, variances: np.ndarray
) -> np.ndarray:
    """Return the log density of the differences between groups, (M, E), c integrated out."""
    weights = 1 / (errors**2 + variances[:, :, None])
    total = weights.sum(axis=1)
    centre = (weights * estimates).sum(axis=1) / total
    squares = (weights * (estimates - centre[:, None]) ** 2).sum(axis=1)
    return (np.log(weights).sum(axis=1) - np.log(total) - squares) / 2


def _conditional_means(pooled: Pooled) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return E(c) (M, E), w (M, k, E) and a (M, k, 1) of each component."""
    prior = pooled.variances[:, :, None]
    weights = 1 / (pooled.errors**2 + prior)
    centre = (weights * pooled.estimates).sum(axis=1) / weights.sum(axis=1)
    return centre, weights, prior


def means(pooled: Pooled) -> np.ndarray:
    """Return the posterior mean of each group and entry, (k, E)."""
    centre, weights, prior = _conditional_means(pooled)
    here = centre[:, None]
    each = here + prior * weights * (pooled.estimates - here)
    return (pooled.chances[:, None] * each).sum(axis=0)


def difference_signs(
    pooled: Pooled, one: int, other: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return P(one > other) and P(one < other) of each entry; the rest is no difference at all.

    Parameters
    ----------
    pooled : Pooled
    one, other : int
        Positions of the groups.
    """
    centre, weights, prior = _conditional_means(pooled)
    drawn_in = prior * weights
    away = drawn_in * (pooled.estimates - centre[:, None])
    mean = away[:, one] - away[:, other]
    # θ_g = c (1 - a_g w_g) + a_g w_g z_g + noise, with c in both groups
    loading = drawn_in[:, other] - drawn_in[:, one]
    variance = loading**2 / weights.sum(axis=1)
    noise = drawn_in * pooled.errors**2
    variance = variance + noise[:, one] + noise[:, other]
    differs = variance > 0
    score = mean / np.sqrt(np.where(differs, variance, 1.0))
    above = np.where(differs, special.ndtr(score), 0.0)
    below = np.where(differs, special.ndtr(-score), 0.0)
    return (pooled.chances * above).sum(axis=0), (pooled.chances * below).sum(axis=0)


def draw(pooled: Pooled, count: int, rng: np.random.Generator) -> np.ndarray:
    """Return posterior draws of all groups, (count, k, E).

    Parameters
    ----------
    pooled : Pooled
    count : int
    rng : Generator
    """
    groups, entries = pooled.estimates.shape
    centre, weights, prior = _conditional_means(pooled)
    below = pooled.chances.cumsum(axis=0)
    which = (rng.random((count, 1, entries)) > below).sum(axis=1)
    which = np.minimum(which, len(below) - 1)
    column = np.arange(entries)
    spread = 1 / np.sqrt(weights.sum(axis=1))
    common = centre[which, column]
    common = common + spread[which, column] * rng.standard_normal((count, entries))
    values = np.empty((count, groups, entries))
    for group in range(groups):
        drawn_in = (prior[:, group] * weights[:, group])[which, column]
        deviation = drawn_in * (pooled.estimates[group] - common)
        noise = np.sqrt(drawn_in) * pooled.errors[group]
        deviation += noise * rng.standard_normal((count, entries))
        values[:, group] = common + deviation
    return values


def false_sign_rates(error: np.ndarray) -> np.ndarray:
    """Return twice the mean local false sign rate of all entries as sure as each one, or surer.

    The mean itself (Stephens's s-value) is too small by up to a half where few groups differ, since
    the shares of the mixture are learned from the same entries: among 66 to 300 entries of 2 to 4
    groups, selected at .05, the rate of false signs was .01 to .07 by the mean and .00 to .04 by
    twice the mean.

    Parameters
    ----------
    error : array, shape (E,)
        Posterior probabilities that the sign is wrong, or that there is no difference.

    Examples
    --------
    >>> false_sign_rates(np.array([0.3, 0.0, 0.1])).round(3)
    array([0.267, 0.   , 0.1  ])
    """
    order = np.argsort(error, kind="stable")
    rates = np.empty(len(error))
    rates[order] = np.cumsum(error[order]) / np.arange(1, len(error) + 1)
    return np.minimum(2 * rates, 1.0)
