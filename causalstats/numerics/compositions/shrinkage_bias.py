"""Shrinkage bias: by how many posterior standard deviations a prior understates strong links.

A link is a partial correlation other than 0; the prior shrinks towards independent parts.

With α the weight of the prior, the posterior mean of a covariance is α times the covariance of
independent parts plus 1 - α times that of the data. Let z = atanh r - atanh r⁰, where r⁰ is the
partial correlation that closure makes of independent parts. On this scale, the prior shrinks a link
by about α / (1 - α) z. Where rows are many, the estimate without a prior is used as well. Only
pairs with a significant link are examined: noise among pairs without a link is rightly shrunk.
"""

import numpy as np
from scipy import stats

from causalstats.numerics.compositions import log_ratios
from causalstats.numerics.compositions.partial_correlations import (
    closure_baseline,
    partial_correlations,
    partial_variances,
)

# Pairs without a link that the posterior calls sure, in a data set
_EXPECTED_FALSE_LINKS = 0.2
_FAMILY_LEVEL = 0.02  # of the t-tests of all pairs together
_ROWS_PER_PART = 2  # from which the estimate without a prior is used
_DRAWS_USED = 200  # for a mean and a standard deviation


def link_shrinkage(
    precision: np.ndarray,
    weight: float,
    scatter: np.ndarray | None = None,
    degrees: float = 0,
) -> np.ndarray:
    """Return by how many posterior standard deviations each sure link is shrunk.

    Parameters
    ----------
    precision : array, shape (n, D, D)
        Draws of Θ.
    weight : float
        α in (0, 1).
    scatter : array, shape (D, D), optional
        S of independent rows whose log-ratios are known.
    degrees : float
        Degrees of freedom of S.

    Returns
    -------
    array, shape (D (D-1) / 2,)
        In the order of the upper triangle; 0 where no link is sure.
    """
    size = precision.shape[-1]
    step = max(1, len(precision) // _DRAWS_USED)
    beyond = beyond_closure(precision[::step].astype(float))
    mean = beyond.mean(axis=0)
    sd = beyond.std(axis=0)
    score = np.abs(mean) / sd
    false = 2 * stats.norm.sf(score) * len(score)
    shift = np.where(false < _EXPECTED_FALSE_LINKS, weight / (1 - weight) * score, 0.0)
    if scatter is None or degrees < _ROWS_PER_PART * size:
        return shift
    unshrunk = beyond_closure(log_ratios.precision_from_covariance(scatter))
    freedom = degrees - size + 2
    p = (
        2
        * stats.t.sf(np.sqrt(freedom) * np.abs(np.sinh(unshrunk)), freedom)
        * len(score)
    )
    further = (np.abs(unshrunk) - np.abs(mean)) / sd
    return np.maximum(shift, np.where(p < _FAMILY_LEVEL, further, 0.0))


def beyond_closure(precision: np.ndarray) -> np.ndarray:
    """Return atanh r - atanh r⁰ of each pair, (..., D, D) -> (..., D (D-1) / 2)."""
    upper = (..., *np.triu_indices(precision.shape[-1], 1))
    r = partial_correlations(precision)[upper]
    variances = partial_variances(precision)
    return np.arctanh(r) - np.arctanh(closure_baseline(variances)[upper])
