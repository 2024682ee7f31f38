"""Proposals for importance sampling: split Student t, multivariate Student t, mixture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from scipy import stats

from causalstats.numerics.sampling.pareto_smoothing import ImportanceWeights


class Proposal(Protocol):
    """A distribution that points are drawn from."""

    def draw(self, size: int, rng: np.random.Generator) -> np.ndarray:
        """Return points, shape (size, d)."""

    def log_density(self, points: np.ndarray) -> np.ndarray:
        """Return the normalised log densities, shape (n,), of points (n, d)."""


@dataclass(frozen=True, eq=False)
class SplitStudentT:
    """Independent Student t along each of some axes, of different widths up and down an axis.

    Parameters
    ----------
    mode : array, shape (d,)
    axes : array, shape (d, d)
        In its columns.
    widths : array, shape (2, d)
        Up and down each axis.
    degrees_of_freedom : float or array, shape (d,)
        Of each axis.

    References
    ----------
    Geweke (1989), Bayesian inference in econometric models using Monte Carlo integration,
    Econometrica 57(6).

    Examples
    --------
    >>> proposal = SplitStudentT(np.zeros(1), np.eye(1), np.array([[3.0], [1.0]]), 20.0)
    >>> points = proposal.draw(10_000, np.random.default_rng(1))
    >>> round(float((points > 0).mean()), 2)
    0.75
    >>> proposal.log_density(np.zeros((1, 1))).round(3)
    array([-1.625])
    """

    mode: np.ndarray
    axes: np.ndarray
    widths: np.ndarray
    degrees_of_freedom: float | np.ndarray

    def draw(self, size: int, rng: np.random.Generator) -> np.ndarray:
        distance = np.abs(
            rng.standard_t(self.degrees_of_freedom, (size, len(self.mode)))
        )
        up, down = self.widths
        upward = rng.random(distance.shape) < up / self.widths.sum(axis=0)
        return self.mode + (distance * np.where(upward, up, -down)) @ self.axes.T

    def log_density(self, points: np.ndarray) -> np.ndarray:
        along = np.linalg.solve(self.axes, (points - self.mode).T).T
        up, down = self.widths
        standard = along / np.where(along > 0, up, down)
        each = stats.t.logpdf(standard, self.degrees_of_freedom) - np.log(
            (up + down) / 2
        )
        return each.sum(axis=1) - np.linalg.slogdet(self.axes)[1]


@dataclass(frozen=True, eq=False)
class MultivariateStudentT:
    """A multivariate Student t, by SciPy.

    Examples
    --------
    >>> proposal = adapted_student_t(
    ...     np.array([[-1.0], [1.0]]),
    ...     ImportanceWeights(np.array([0.5, 0.5]), 0.0),
    ...     degrees_of_freedom=8.0,
    ...     covariance_factor=1.0,
    ... )
    >>> proposal.draw(3, np.random.default_rng(1)).shape
    (3, 1)
    """

    distribution: Any

    @staticmethod
    def of(
        centre: np.ndarray, shape: np.ndarray, degrees_of_freedom: float
    ) -> MultivariateStudentT:
        """Return the one with this location and shape matrix.

        Parameters
        ----------
        centre : array, shape (d,)
        shape : array, shape (d, d)
        degrees_of_freedom : float

        Examples
        --------
        >>> proposal = MultivariateStudentT.of(np.zeros(1), np.eye(1), 5.0)
        >>> proposal.log_density(np.zeros((1, 1))).round(3)
        array([-0.969])
        """
        return MultivariateStudentT(
            stats.multivariate_t(centre, shape, df=degrees_of_freedom)
        )

    def draw(self, size: int, rng: np.random.Generator) -> np.ndarray:
        return self.distribution.rvs(size=size, random_state=rng).reshape(size, -1)

    def log_density(self, points: np.ndarray) -> np.ndarray:
        return self.distribution.logpdf(points).reshape(len(points))


def adapted_student_t(
    points: np.ndarray,
    weights: ImportanceWeights,
    *,
    degrees_of_freedom: float,
    covariance_factor: float,
) -> MultivariateStudentT:
    """Return a Student t with the moments of weighted points.

    Parameters
    ----------
    points : array, shape (n, d)
    weights : ImportanceWeights
    degrees_of_freedom : float
    covariance_factor : float
        How many times as wide as the weighted covariance it is.
    """
    centre, covariance = weights.moments(points)
    return MultivariateStudentT.of(
        centre, covariance_factor * covariance, degrees_of_freedom
    )


def mixture_log_density(
    points: np.ndarray, proposals: Sequence[Proposal], sizes: Sequence[int]
) -> np.ndarray:
    """Return the log density of the mixture that points of several proposals are drawn from.

    Parameters
    ----------
    points : array, shape (n, d)
    proposals : sequence of Proposal
    sizes : sequence of int
        How many points each proposal has drawn.

    Returns
    -------
    array, shape (n,)
        Up to a constant: the weights of the mixture are the sizes.
    """
    pairs = zip(sizes, proposals, strict=True)
    with np.errstate(divide="ignore"):
        parts = [
            np.log(size) + proposal.log_density(points) for size, proposal in pairs
        ]
        return np.logaddexp.reduce(parts)
