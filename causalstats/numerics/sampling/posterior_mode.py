"""Laplace approximation: the mode of a log density and the curvature there, from gradients."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Protocol

import numpy as np

Density = Callable[[np.ndarray], tuple[float, np.ndarray]]
Advance = Callable[[float, str], None]


class Each(Protocol):
    """`map`, or that of a pool of threads."""

    def __call__(
        self, function: Callable[[np.ndarray], Any], points: Iterable[np.ndarray], /
    ) -> Iterator[Any]: ...


_DIFFERENCE_STEP = 1e-2  # between two gradients, in posterior standard deviations
_MOST_NEWTON_STEPS = 8
_LARGEST_NEWTON_STEP = 3.0  # posterior standard deviations
_CONVERGED = 0.1  # posterior standard deviations
_REACHES = (1.0, 3.0, 6.0)  # posterior standard deviations at which widths are measured
_LARGEST_WIDTH = 2.5


def mode_and_axes(
    density: Density, start: np.ndarray, advance: Advance
) -> tuple[np.ndarray, np.ndarray]:
    """Return the mode, and axes whose squares sum to the inverse curvature there.

    L-BFGS-B comes near the mode; Newton steps, with curvature from differences of gradients, end
    there. The axes are a Cholesky factor from the last variable to the first, so that the first
    moves alone along its axis. A model puts its scale first, whose tail is not that of a normal
    distribution: the tail then lies along an axis, where `axis_widths` measures it.

    Parameters
    ----------
    density : function of a point
        Returns the log density and its gradient.
    start : array, shape (d,)
    advance : function of a share and a note
        Called with shares up to 0.3.

    Returns
    -------
    mode : array, shape (d,)
    axes : array, shape (d, d)
        In the columns, of one standard deviation each.

    Examples
    --------
    >>> precision = np.array([[1.0, 0.0], [0.0, 4.0]])
    >>> def density(x):
    ...     return -(x - 1) @ precision @ (x - 1) / 2, -precision @ (x - 1)
    >>> mode, axes = mode_and_axes(density, np.zeros(2), lambda share, note: None)
    >>> mode.round(3), (axes @ axes.T).round(3)
    (array([1., 1.]), array([[1.  , 0.  ],
           [0.  , 0.25]]))
    """
    advance(0.0, "looking for the mode")

    loss = _negative(density)
    mode, scale = _near_the_mode(loss, start, advance)
    for _ in range(_MOST_NEWTON_STEPS):
        curvature = _curvature(loss, mode, scale, advance)
        covariance = np.linalg.inv(_positive_definite(curvature))
        scale = np.sqrt(np.diagonal(covariance))
        newton = covariance @ loss(mode)[1]
        length = np.abs(newton / scale).max()
        mode = mode - newton * min(1.0, _LARGEST_NEWTON_STEP / max(length, 1e-12))
        if length < _CONVERGED:
            break
    return mode, _axes(covariance)


def mode_and_axes_by_whitening(
    density: Density,
    start: np.ndarray,
    advance: Advance,
    *,
    near: float = _CONVERGED,
    each: Each = map,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the mode and axes, where `mode_and_axes` would end far from the mode.

    That is where log densities are so large that L-BFGS-B sees no progress any more. Here it is run
    again in coordinates along the axes of the latest curvature, until the mode stays.

    Parameters
    ----------
    density : function of a point
        Returns the log density and its gradient.
    start : array, shape (d,)
    advance : function of a share and a note
        Called with shares up to 0.3.
    near : float
        The mode stays where it moves by less, in posterior standard deviations.
    each : function
        Calls the density at several points.

    Examples
    --------
    >>> scales = np.array([1.0, 1e-4])
    >>> def density(x):
    ...     return -1e6 - (((x - 1) / scales) ** 2).sum() / 2, (1 - x) / scales**2
    >>> mode, axes = mode_and_axes_by_whitening(density, np.zeros(2), lambda *_: None)
    >>> mode.round(6), np.abs(np.diag(axes) / scales).round(3)
    (array([1., 1.]), array([1., 1.]))
    """
    advance(0.0, "looking for the mode")

    mode, scale = _near_the_mode(_negative(density), start, advance)
    for _ in range(_MOST_NEWTON_STEPS):
        axes = axes_at(density, mode, scale, advance, each)
        before = mode
        mode = climbed(density, before, axes)
        scale = np.sqrt((axes**2).sum(axis=1))
        if np.abs(np.linalg.solve(axes, mode - before)).max() < near:
            break
    return mode, axes


def axes_at(
    density: Density,
    point: np.ndarray,
    scale: np.ndarray,
    advance: Advance,
    each: Each = map,
) -> np.ndarray:
    """Return axes whose squares sum to the inverse curvature at a point, as `mode_and_axes` does.

    Parameters
    ----------
    density : function of a point
        Returns the log density and its gradient.
    point, scale : arrays, shape (d,)
        Scale: rough posterior standard deviations.
    advance : function of a share and a note
    each : function
        Calls the density at several points.
    """

    curvature = _curvature(_negative(density), point, scale, advance, each)
    return _axes(np.linalg.inv(_positive_definite(curvature)))


def climbed(density: Density, start: np.ndarray, axes: np.ndarray) -> np.ndarray:
    """Return the mode, by L-BFGS-B in coordinates along some axes.

    Parameters
    ----------
    density : function of a point
        Returns the log density and its gradient.
    start : array, shape (d,)
    axes : array, shape (d, d)
        In the columns, of about one standard deviation each.
    """
    from scipy.optimize import minimize

    height, _ = density(start)

    def loss(along: np.ndarray) -> tuple[float, np.ndarray]:
        value, gradient = density(start + axes @ along)
        return float(height) - float(value), -(axes.T @ np.asarray(gradient, float))

    # Gradients are in standard deviations, and the loss is about 0 at the start.
    options = {"maxiter": 100, "gtol": _CONVERGED / 10, "ftol": 1e-12}
    nothing = np.zeros(len(start))
    optimum = minimize(loss, nothing, jac=True, method="L-BFGS-B", options=options)
    return start + axes @ optimum.x


def _negative(density: Density) -> Density:
    def loss(x: np.ndarray) -> tuple[float, np.ndarray]:
        value, gradient = density(x)
        return -float(value), -np.asarray(gradient, float)

    return loss


def _axes(covariance: np.ndarray) -> np.ndarray:
    return np.linalg.cholesky(covariance[::-1, ::-1])[::-1, ::-1]


def _near_the_mode(
    loss: Density, start: np.ndarray, advance: Advance
) -> tuple[np.ndarray, np.ndarray]:
    """Return a point near the mode, and rough standard deviations, by L-BFGS-B.

    Parameters
    ----------
    loss : function of a point
        Returns the negative log density and its gradient.
    start : array, shape (d,)
    advance : function of a share and a note
    """
    from scipy.optimize import minimize

    steps = itertools.count()

    def show(_: np.ndarray) -> None:
        advance(0.15 * (1 - 0.97 ** next(steps)), "looking for the mode")

    options = {"maxiter": 500, "maxcor": 30}
    optimum = minimize(
        loss, start, jac=True, method="L-BFGS-B", callback=show, options=options
    )
    variance = np.diagonal(optimum.hess_inv.todense())
    return optimum.x, np.sqrt(np.maximum(variance, 1e-16))


def _curvature(
    loss: Density,
    mode: np.ndarray,
    scale: np.ndarray,
    advance: Advance,
    each: Each = map,
) -> np.ndarray:
    """Return the second derivatives at a point, by central differences of gradients.

    Parameters
    ----------
    loss : function of a point
    mode, scale : arrays, shape (d,)
        The point, and standard deviations.
    advance : function of a share and a note
    each : function
        Calls the loss at several points.
    """
    size = len(mode)
    steps = scale * _DIFFERENCE_STEP
    points = np.concatenate([mode + np.diag(steps), mode - np.diag(steps)])
    slopes = []
    for slope in each(lambda point: loss(point)[1], points):
        slopes.append(slope)
        share = len(slopes) / len(points)
        advance(0.15 + 0.15 * share, "measuring the curvature")
    up, down = np.reshape(slopes, (2, size, size))
    curvature = (up - down) / (2 * steps[:, None])
    return np.asarray((curvature + curvature.T) / 2)


def axis_widths(
    logp: Callable[[np.ndarray], float],
    mode: np.ndarray,
    axes: np.ndarray,
    each: Each = map,
) -> np.ndarray:
    """Return how much wider than its curvature a density is, up and down each axis.

    Parameters
    ----------
    logp : function of a point
    mode : array, shape (d,)
    axes : array, shape (d, d)
        In the columns, of one standard deviation each.
    each : function
        Calls the density at several points.

    Returns
    -------
    array, shape (2, d)
        Up and down each axis; 1 for a normal distribution. From 0.4 to 2.5.

    References
    ----------
    Geweke (1989), Bayesian inference in econometric models using Monte Carlo integration,
    Econometrica 57(6).

    Examples
    --------
    >>> axis_widths(lambda x: -(x[0] ** 2) / 2, np.zeros(1), np.eye(1))
    array([[1.],
           [1.]])
    """
    top = logp(mode)
    reaches = np.array(_REACHES)
    steps = np.multiply.outer([1, -1], np.multiply.outer(reaches, axes.T))
    heights = list(each(logp, (mode + steps).reshape(-1, len(mode))))
    drops = top - np.reshape(heights, (2, len(reaches), len(mode)))
    each_width = reaches[:, None] / np.sqrt(2 * np.maximum(drops, 1e-3))
    widths = each_width.max(axis=1)
    return np.asarray(np.clip(widths, 1 / _LARGEST_WIDTH, _LARGEST_WIDTH))


def _positive_definite(curvature: np.ndarray) -> np.ndarray:
    """Return the curvature with negative eigenvalues turned, where the mode was not found."""
    values, vectors = np.linalg.eigh(curvature)
    floor = np.abs(values).max() * 1e-10
    if values.min() > floor:
        return curvature
    return (vectors * np.maximum(np.abs(values), floor)) @ vectors.T
