"""Draws of a density of few variables that is computed for many points at once: independent, around its mode, weighed by what they miss."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from causalstats.numerics.sampling.pareto_smoothing import Importance, importance

_LEARNING = (1000, 2000, 4000, 4000)  # points from which its place and shape are learned
_LEARNED = 0.3  # of which they are worth when enough is learned
_SPARE, _MOST_SPARE = (
    2,
    16,
)  # points weighed for each draw, the second where they are worth too little or the tail of their weights is in doubt
_ENOUGH, _DOUBTFUL = (
    0.5,
    0.7,
)  # draws that they must be worth, by those that are wanted, and shape k of the tail
_STEP = 1e-4
_LOWEST = -1e100  # log density, for a search that has gone too far


@dataclass(frozen=True, eq=False)
class Weighed:
    """`points` (n, d), resampled so that they count alike, with their log densities; the shape k of the weights' tail, and what the weights were worth."""

    points: np.ndarray
    logp: np.ndarray
    pareto_k: float
    ess: float


def weighed_draws(
    logp: Callable[[np.ndarray], np.ndarray],
    start: np.ndarray,
    size: int,
    rng: np.random.Generator,
    *,
    freedom: float = 8.0,
    wider: float = 1.2,
) -> Weighed:
    """From a Student t whose place and shape are those of the mode first, and then of earlier weighed points (Cappé et al. 2008), by Pareto-smoothed weights.

    `logp` takes points (n, d) to (n,), up to a constant. The t has so many degrees of `freedom`, and a covariance so many times `wider` than was learned: its
    tails must be heavier than those of `logp` for weights to stay bounded.
    """
    tails = (freedom, wider)
    centre, covariance = _mode(logp, start)
    for count in _LEARNING:
        points, _, ratios = _proposed(logp, centre, covariance, count, rng, tails)
        taught = importance(ratios)
        smallest = 1e-10 * np.diag(np.diagonal(covariance))
        centre, covariance = taught.moments(points)
        covariance = covariance + smallest
        if taught.ess > _LEARNED * count:
            break
    found: tuple[np.ndarray, ...] = _proposed(logp, centre, covariance, _SPARE * size, rng, tails)
    while (
        not _trusted(weighed := importance(found[2]), size) and len(found[0]) < _MOST_SPARE * size
    ):
        more = _proposed(logp, centre, covariance, _SPARE * size, rng, tails)
        found = tuple(np.concatenate(pair) for pair in zip(found, more, strict=True))
    points, values, _ = found
    chosen = weighed.resample(size, rng)
    return Weighed(points[chosen], values[chosen], weighed.pareto_k, weighed.ess)


def _trusted(weighed: Importance, size: int) -> bool:
    return weighed.ess > _ENOUGH * size and weighed.pareto_k < _DOUBTFUL


def _mode(
    logp: Callable[[np.ndarray], np.ndarray], start: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The mode, by differences, and the inverse curvature that the way there has shown."""
    from scipy.optimize import minimize

    steps = _STEP * np.vstack([np.eye(len(start)), -np.eye(len(start))])

    def loss(x: np.ndarray) -> tuple[float, np.ndarray]:
        values = logp(np.vstack([x, x + steps]))
        up, down = np.split(np.maximum(values[1:], _LOWEST), 2)
        return -max(float(values[0]), _LOWEST), (down - up) / (2 * _STEP)

    found = minimize(loss, start, jac=True, method="BFGS", options={"gtol": 1e-2})
    return found.x, found.hess_inv


def _proposed(
    logp: Callable[[np.ndarray], np.ndarray],
    centre: np.ndarray,
    covariance: np.ndarray,
    count: int,
    rng: np.random.Generator,
    tails: tuple[float, float],
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Points, their log densities, and the log ratios of these to that which proposed them."""
    (freedom, wider), size = tails, len(centre)
    root = np.linalg.cholesky(wider * covariance)
    normal = rng.standard_normal((count, size))
    stretched = normal * np.sqrt(freedom / rng.chisquare(freedom, (count, 1)))
    points = centre + stretched @ root.T
    values = logp(points)
    proposed = -(freedom + size) / 2 * np.log1p((stretched**2).sum(axis=1) / freedom)
    return points, values, np.where(np.isfinite(values), values, -np.inf) - proposed
