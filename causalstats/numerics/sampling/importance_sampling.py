"""Adaptive importance sampling of a density of few variables, with a Student t as proposal.

1. The mode of the log density, and the inverse curvature there, are the first location and scale:
   by BFGS, and by Newton's method where draws from what BFGS found have hardly any weight.
2. Some rounds of draws, each weighted, move location and scale to the weighted moments
   (Cappé, Douc, Guillin, Marin & Robert 2008). A round whose weights rest on few draws moves the
   scale part of the way: the moments of few draws are singular.
3. More draws than are wanted are weighted by Pareto-smoothed weights, and resampled.
4. Where these weights are poor, further draws come from a Student t that is twice as wide, and all
   are weighted by the mixture (a defensive mixture, Hesterberg 1995): a tail that is longer on one
   side no longer has a few large weights.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from causalstats.numerics.sampling.importance_proposals import (
    MultivariateStudentT,
    mixture_log_density,
)
from causalstats.numerics.sampling.pareto_smoothing import (
    ImportanceWeights,
    pareto_smoothed_weights,
)

LogDensity = Callable[[np.ndarray], np.ndarray]

_ADAPTATION_SIZES = (
    1000,
    2000,
    4000,
    4000,
)  # draws of the rounds that adapt the proposal
# Effective sample size, by the draws of a round, that ends adaptation
_ADAPTED_ESS_SHARE = 0.3
# Effective draws of a round, by the number of variables, whose moments are taken as they are
_DRAWS_OF_A_COVARIANCE = 4
_PROPOSALS_OF_A_DRAW = 2
_MOST_PROPOSALS_OF_A_DRAW = 16  # where the weights are poor
_WIDER = 4.0  # times the covariance, of further proposals
_WANTED_ESS_SHARE = 0.5  # effective sample size of all proposals, by the draws wanted
_LARGEST_PARETO_K = 0.7
_DIFFERENCE_STEP = 1e-4
_LOWEST_LOG_DENSITY = -1e100  # where the search for the mode has left the support
_CURVATURE_STEP = 1e-3
_NEWTON_STEPS = 30
_NEWTON_LENGTHS = 0.5 ** np.arange(12)  # shares of a step that are tried
_SMALLEST_GAIN = 1e-3  # of log density, that a further step is worth
# Curvature along an axis, that is, scales of 10 to one millionth
_CURVATURES = (1e-2, 1e12)


@dataclass(frozen=True, eq=False)
class ImportanceSample:
    """Draws of equal weight, after importance resampling.

    Attributes
    ----------
    points : array, shape (n, d)
    logp : array, shape (n,)
        Log densities of the points, up to a constant.
    pareto_k, ess : float
        The check of the importance weights, and their effective sample size.
    """

    points: np.ndarray
    logp: np.ndarray
    pareto_k: float
    ess: float


def importance_sample(
    logp: LogDensity,
    start: np.ndarray,
    size: int,
    rng: np.random.Generator,
    *,
    degrees_of_freedom: float = 8.0,
    covariance_factor: float = 1.2,
) -> ImportanceSample:
    """Return draws from a density by adaptive, Pareto-smoothed importance sampling.

    Parameters
    ----------
    logp : function of points (n, d) to (n,)
        The log density, up to a constant.
    start : array, shape (d,)
        Where the search for the mode starts.
    size : int
        The number of draws.
    rng : Generator
    degrees_of_freedom : float
        Those of the Student t proposal. Its tails must be heavier than those of the density, else
        the weights are unbounded.
    covariance_factor : float
        How many times as wide as the adapted covariance the proposal is.

    Returns
    -------
    ImportanceSample

    Raises
    ------
    numpy.linalg.LinAlgError
        If no mode with a positive definite curvature is reached.

    References
    ----------
    Cappé, Douc, Guillin, Marin & Robert (2008), Adaptive importance sampling in general mixture
    classes, Statistics and Computing 18. Vehtari, Simpson, Gelman, Yao & Gabry (2024), Pareto
    smoothed importance sampling, Journal of Machine Learning Research 25. Hesterberg (1995),
    Weighted average importance sampling and defensive mixture distributions, Technometrics 37.

    Examples
    --------
    >>> sample = importance_sample(
    ...     lambda x: -(x[:, 0] ** 2) / 2, np.ones(1), 500, np.random.default_rng(1)
    ... )
    >>> sample.points.shape, bool(sample.pareto_k < 0.7)
    ((500, 1), True)
    >>> bool(abs(sample.points.mean()) < 4.5 / sample.ess**0.5)
    True
    """
    tails = (degrees_of_freedom, covariance_factor)
    centre, covariance = _mode(logp, start)
    enough = _DRAWS_OF_A_COVARIANCE * len(start)
    for number, count in enumerate(_ADAPTATION_SIZES):
        points, values, log_ratio = _propose(
            logp, centre, covariance, count, rng, tails
        )
        weights = pareto_smoothed_weights(log_ratio)
        if number == 0 and weights.ess < enough:
            best = points[np.argmax(np.where(np.isfinite(values), values, -np.inf))]
            centre, covariance = _mode_by_newton(logp, best)
            continue
        ridge = 1e-10 * np.diag(np.diagonal(covariance))
        share = min(1.0, weights.ess / enough)
        centre, moved = weights.moments(points)
        covariance = share * moved + (1 - share) * covariance + ridge
        if weights.ess > _ADAPTED_ESS_SHARE * count:
            break
    step = _PROPOSALS_OF_A_DRAW * size
    points, values, log_ratio = _propose(logp, centre, covariance, step, rng, tails)
    weights = pareto_smoothed_weights(log_ratio)
    both = [
        MultivariateStudentT.of(centre, factor * covariance, degrees_of_freedom)
        for factor in (covariance_factor, _WIDER * covariance_factor)
    ]
    while (
        not _trusted(weights, size) and len(points) < _MOST_PROPOSALS_OF_A_DRAW * size
    ):
        more = both[1].draw(step, rng)
        points = np.concatenate([points, more])
        values = np.concatenate([values, logp(more)])
        finite = np.where(np.isfinite(values), values, -np.inf)
        sizes = [step, len(points) - step]
        weights = pareto_smoothed_weights(
            finite - mixture_log_density(points, both, sizes)
        )
    rows = weights.resample(size, rng)
    return ImportanceSample(points[rows], values[rows], weights.pareto_k, weights.ess)


def _trusted(weights: ImportanceWeights, size: int) -> bool:
    return (
        weights.ess > _WANTED_ESS_SHARE * size and weights.pareto_k < _LARGEST_PARETO_K
    )


def _mode(logp: LogDensity, start: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the mode, and the inverse curvature that BFGS has built on its way there.

    Where BFGS breaks down, both are those of Newton's method.
    """
    from scipy.optimize import minimize

    identity = np.eye(len(start))
    steps = _DIFFERENCE_STEP * np.vstack([identity, -identity])

    def loss(x: np.ndarray) -> tuple[float, np.ndarray]:
        values = logp(np.vstack([x, x + steps]))
        up, down = np.split(np.maximum(values[1:], _LOWEST_LOG_DENSITY), 2)
        gradient = (down - up) / (2 * _DIFFERENCE_STEP)
        return -max(float(values[0]), _LOWEST_LOG_DENSITY), gradient

    with np.errstate(all="ignore"):  # of steps that leave the support
        optimum = minimize(loss, start, jac=True, method="BFGS", options={"gtol": 1e-2})
    if np.isfinite(optimum.x).all() and _has_cholesky_factor(optimum.hess_inv):
        return optimum.x, optimum.hess_inv
    return _mode_by_newton(logp, start)


def _has_cholesky_factor(matrix: np.ndarray) -> bool:
    try:
        return bool(np.isfinite(np.linalg.cholesky(matrix)).all())
    except np.linalg.LinAlgError:
        return False


def _mode_by_newton(
    logp: LogDensity, start: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the mode, and the inverse curvature there, by damped Newton steps from a point.

    Axes along which the density hardly bends, or bends up, are given a scale of 10.
    """
    centre = start
    highest = float(logp(centre[None])[0])
    for _ in range(_NEWTON_STEPS):
        gradient, covariance = _gradient_and_scale(logp, centre)
        steps = _NEWTON_LENGTHS[:, None] * (covariance @ gradient)
        values = logp(centre + steps)
        values = np.where(np.isfinite(values), values, -np.inf)
        best = int(np.argmax(values))
        gain = float(values[best]) - highest
        if gain > 0:
            centre, highest = centre + steps[best], float(values[best])
        if gain < _SMALLEST_GAIN:
            break
    return centre, _gradient_and_scale(logp, centre)[1]


def _gradient_and_scale(
    logp: LogDensity, centre: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the gradient (d,) and the inverse curvature (d, d) by central differences."""
    size = len(centre)
    unit = _CURVATURE_STEP * np.eye(size)
    rows, columns = np.triu_indices(size)
    sums = unit[rows] + unit[columns]
    differences = unit[rows] - unit[columns]
    offsets = np.vstack([unit, -unit, sums, differences, -differences, -sums])
    values = np.maximum(logp(centre + offsets), _LOWEST_LOG_DENSITY)
    up, down = values[:size], values[size : 2 * size]
    both, first, second, neither = np.split(values[2 * size :], 4)
    curvature = np.empty((size, size))
    bend = (both - first - second + neither) / (4 * _CURVATURE_STEP**2)
    curvature[rows, columns] = curvature[columns, rows] = -bend
    eigenvalues, axes = np.linalg.eigh(curvature)
    scale = (axes / np.clip(np.abs(eigenvalues), *_CURVATURES)) @ axes.T
    return (up - down) / (2 * _CURVATURE_STEP), scale


def _propose(
    logp: LogDensity,
    centre: np.ndarray,
    covariance: np.ndarray,
    count: int,
    rng: np.random.Generator,
    tails: tuple[float, float],
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw from the Student t proposal.

    Parameters
    ----------
    centre, covariance : arrays, shapes (d,) and (d, d)
    count : int
    tails : pair of floats
        Degrees of freedom, and the factor of the covariance.

    Returns
    -------
    points : array, shape (count, d)
    values : array, shape (count,)
        Log densities.
    log_ratio : array, shape (count,)
        Log densities less those of the proposal, up to a constant.
    """
    degrees, factor = tails
    size = len(centre)
    root = np.linalg.cholesky(factor * covariance)
    normal = rng.standard_normal((count, size))
    standard = normal * np.sqrt(degrees / rng.chisquare(degrees, (count, 1)))
    points = centre + standard @ root.T
    values = logp(points)
    proposal = -(degrees + size) / 2 * np.log1p((standard**2).sum(axis=1) / degrees)
    return points, values, np.where(np.isfinite(values), values, -np.inf) - proposal
