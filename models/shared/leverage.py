"""Leverage: how much of what the data say of an effect each cluster says.

With v the direction of the parameters in which an effect varies, Σ e_j / √Σ_jj, and H_g the
information of cluster g, the shares h_g = v'H_g v sum to 1 in large samples. The score of a cluster
with a large share is drawn to 0, because the estimate follows it: (v's_g)² has expectation
h_g (1 - h_g), and the sandwich of unadjusted scores is too small (Bell & McCaffrey 2002). Where
clusters have unequal shares, it is known no better than from (Σ h)² / Σ h² clusters of equal size,
and where few have large scores z_g = v's_g, as overdispersed counts of large units do, no better
than from 3 (Σ z²)² / Σ z⁴: as many as there are of equal size, if scores are normal.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import stats

_STEP = 0.1  # posterior standard deviations
_MOST = 0.95  # a share, beyond which a cluster's score says nothing

Values = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True, eq=False)
class Shares:
    """What clusters say of each effect.

    Parameters
    ----------
    information : array, shape (G, q)
        The share h of each cluster.
    scores : array, shape (G, q)
        z, over √(1 - h).
    """

    information: np.ndarray
    scores: np.ndarray

    @property
    def effective(self) -> float:
        """How many clusters of equal size say as much of the effect of which least is known."""
        by_share = _equal_number(self.information)
        by_score = 3 * _equal_number(self.scores**2)
        return max(float(np.minimum(by_share, by_score).min()), 1.0)


def _equal_number(values: np.ndarray) -> np.ndarray:
    """Return (Σ x)² / Σ x² of each column (q,) of values (G, q) of 0 or more."""
    squares = np.maximum((values**2).sum(axis=0), 1e-300)
    return np.asarray(values.sum(axis=0) ** 2 / squares)


def shares_of_clusters(
    values: Values, centre: np.ndarray, covariance: np.ndarray, count: int
) -> Shares:
    """Return what clusters say of each effect, by differences of their log likelihoods.

    Parameters
    ----------
    values : function of points (n, k) to log likelihoods of clusters (G, n)
    centre : array, shape (k,)
    covariance : array, shape (k, k)
        Of the posterior.
    count : int
        The number of effects, which are the first parameters.
    """
    sds = np.sqrt(np.diagonal(covariance)[:count])
    steps = _STEP * (covariance[:, :count] / sds).T
    points = np.vstack([centre, centre + steps, centre - steps])
    middle, up, down = np.split(values(points), [1, 1 + count], axis=1)
    return shares_of((2 * middle - up - down) / _STEP**2, (up - down) / (2 * _STEP))


def shares_of(information: np.ndarray, scores: np.ndarray) -> Shares:
    """Return what clusters say, from v'H v and v's of each, (G, q) both."""
    information = np.clip(information, 0.0, 1.0)
    return Shares(information, scores / np.sqrt(1 - np.minimum(information, _MOST)))


def moderated(
    scores: np.ndarray, shares: Shares, covariance: np.ndarray, prior_degrees: float
) -> np.ndarray:
    """Return the robust covariance of all parameters (k, k), stretched to Student's t.

    V = (ν S + κ φ Σ) / (ν + κ): the sandwich S of scores over √(1 - h), from ν clusters, and the
    posterior covariance Σ times the dispersion φ that clusters have on average, which counts as κ
    degrees of freedom. Its square root is longer by the ratio of the .975 quantiles of Student's t
    with ν + κ degrees of freedom and of the normal distribution.

    Parameters
    ----------
    scores : array, shape (G, k)
        Of the clusters.
    shares : Shares
    covariance : array, shape (k, k)
    prior_degrees : float
        κ.
    """
    largest = np.minimum(shares.information.max(axis=1), _MOST)
    adjusted = scores / np.sqrt(1 - largest)[:, None]
    count = len(scores)
    correction = count / max(count - 1, 1)
    sandwich = correction * covariance @ (adjusted.T @ adjusted) @ covariance
    # A cluster's dispersion is z² / h; weights √h are between those of clusters and of rows, and
    # a cluster that the estimate follows shows nothing of it.
    weights = np.sqrt(shares.information) * (1 - shares.information)
    each = shares.scores**2 / np.maximum(shares.information, 1e-12)
    dispersion = (weights * each).sum() / max(weights.sum(), 1e-300)
    degrees = shares.effective + prior_degrees
    common = dispersion * covariance
    mixed = (shares.effective * sandwich + prior_degrees * common) / degrees
    stretch = stats.t.ppf(0.975, degrees) / stats.norm.ppf(0.975)
    return np.asarray(stretch**2 * mixed)
