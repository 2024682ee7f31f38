"""Joint distribution of the errors of outcome and selection: a shape and a copula.

    u = σ e,  e of a shape with mean 0 and variance 1,  v of the selection equation

P(T=1, Y) = f(e)/σ P(v > -x'γ | e), P(T=0) = P(v ≤ -x'γ): a copula model of sample selection (Smith
2003, Modelling sample selection using Archimedean copulas, Econometrics Journal 6).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.interpolate import CubicSpline

from causalstats.numerics.selection.array_library import numpy_functions
from causalstats.numerics.selection.copulas import COPULAS, Copula, CopulaName
from causalstats.numerics.selection.copulas.elliptical import Elliptical
from causalstats.numerics.selection.error_shapes import (
    ERROR_SHAPES,
    ErrorShape,
    ErrorsName,
    Parameters,
)
from causalstats.numerics.selection.heckman_likelihood import log_likelihood
from causalstats.numerics.selection.truncated_normal import truncated_normal
from causalstats.numerics.selection.unobservables.family import sinh_trapezoid

_SCORES, _SCORE_WEIGHTS = sinh_trapezoid(lambda z: np.exp(-(z**2) / 2), 2.8)
_GRID = (
    48  # indices of each draw at which moments are integrated; splines go between them
)
_NUMBERS_AT_ONCE = 100_000
_MOST_TRIALS = 10_000  # of a person whose selection is all but impossible


@dataclass(frozen=True)
class JointErrors:
    """Errors of outcome and selection, of a shape and with a copula.

    Arrays are (draws, people); those of a draw alone are (draws, 1).

    Parameters
    ----------
    shape : ErrorShape
    copula : Copula

    Examples
    --------
    >>> joint = joint_errors("normal", "elliptical")
    >>> first, _ = joint.moments(np.zeros((1, 1)), np.array([[0.5]]), {}, selected=True)
    >>> first.round(3)
    array([[0.399]])
    """

    shape: ErrorShape
    copula: Copula

    @property
    def is_normal(self) -> bool:
        """Whether the errors are jointly Normal."""
        return self == joint_errors("normal", "elliptical")

    def log_seen(
        self, xp: Any, error: Any, index: Any, kappa: Any, given: Parameters
    ) -> Any:
        """Return log f(e) + log P(T=1 | e).

        Parameters
        ----------
        xp : namespace
            `numpy_functions()` or `pytensor_functions()`.
        error, index : arrays
            e and x'γ.
        kappa : array
        given : mapping
            Values of the parameters of the shape.
        """
        selected = self.copula.log_selected(xp, self.shape, error, index, kappa, given)
        return self.shape.log_density(xp, error, given) + selected

    def log_unseen(self, xp: Any, index: Any, given: Parameters) -> Any:
        """Return log P(T=0).

        Parameters
        ----------
        xp : namespace
            `numpy_functions()` or `pytensor_functions()`.
        index : array
            x'γ.
        given : mapping
            Values of the parameters of the shape.
        """
        return self.shape.log_cdf(xp, -index, given)

    def log_likelihood(
        self,
        outcome: np.ndarray,
        decided: np.ndarray,
        mean: np.ndarray,
        index: np.ndarray,
        sigma: np.ndarray,
        kappa: np.ndarray,
        given: Parameters,
    ) -> np.ndarray:
        """Return log p(T, Y where T = 1) of every person, (draws, N).

        Parameters
        ----------
        outcome : array (N,)
            Whatever stands where `decided` is False is not used.
        decided : bool array (N,)
        mean, index : arrays (draws, N)
        sigma, kappa : arrays (draws, 1)
        given : mapping of arrays (draws, 1)
        """
        if self.is_normal:
            return log_likelihood(outcome, decided, mean, index, sigma, kappa)
        xp = numpy_functions()
        values = np.empty(mean.shape)
        for rows in _blocks(mean.shape):
            part = _part(given, rows)
            error = (outcome[decided] - mean[rows][:, decided]) / sigma[rows]
            values[rows, decided] = -np.log(sigma[rows]) + self.log_seen(
                xp, error, index[rows][:, decided], kappa[rows], part
            )
            values[rows, ~decided] = self.log_unseen(xp, index[rows][:, ~decided], part)
        return values

    def selection_probability(self, index: np.ndarray, given: Parameters) -> np.ndarray:
        """Return P(T=1 | x), (draws, N)."""
        xp = numpy_functions()
        values = np.empty(index.shape)
        for rows in _blocks(index.shape):
            part = _part(given, rows)
            values[rows] = np.exp(self.shape.log_cdf(xp, index[rows], part))
        return values

    def moments(
        self, index: np.ndarray, kappa: np.ndarray, given: Parameters, selected: bool
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return E[e | T, x] and E[e² | T, x].

        Parameters
        ----------
        index : array (draws, N)
        kappa : array (draws, 1)
        given : mapping of arrays (draws, 1)
        selected : bool
            T.

        Returns
        -------
        first, second : arrays (draws, N)
        """
        if isinstance(self.copula, Elliptical):
            sign = 1.0 if selected else -1.0
            closed = self.shape.elliptical_moments(sign * index, sign * kappa, given)
            if closed is not None:
                return closed
        return self._integrated_moments(index, kappa, given, selected)

    def _integrated_moments(
        self, index: np.ndarray, kappa: np.ndarray, given: Parameters, selected: bool
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the moments by quadrature over e on a grid of indices, and splines between them.

        Parameters
        ----------
        index, kappa, given, selected
            As in `moments`.
        """
        grid = np.linspace(index.min(axis=1), index.max(axis=1) + 1e-6, _GRID, axis=1)
        moments = np.empty((2, *index.shape))
        rows_at_once = max(_NUMBERS_AT_ONCE // (_GRID * len(_SCORES)), 1)
        for start in range(0, len(index), rows_at_once):
            rows = slice(start, start + rows_at_once)
            table = self._moments_on_grid(
                grid[rows], kappa[rows], _part(given, rows), selected
            )
            for row, values in enumerate(table, start):
                spline = CubicSpline(grid[row], values)
                moments[:, row] = spline(index[row]).T
        return moments[0], moments[1]

    def _moments_on_grid(
        self, grid: np.ndarray, kappa: np.ndarray, given: Parameters, selected: bool
    ) -> np.ndarray:
        """Return the two moments at every index of a grid, (draws, G, 2).

        Parameters
        ----------
        grid : array (draws, G)
        kappa, given, selected
            As in `moments`.
        """
        by_node = {name: value[:, :, None] for name, value in given.items()}
        error = self.shape.from_score(_SCORES, by_node)
        probability = np.exp(
            self.copula.log_selected(
                numpy_functions(),
                self.shape,
                error,
                grid[:, :, None],
                kappa[:, :, None],
                by_node,
            )
        )
        mass = _SCORE_WEIGHTS * (probability if selected else 1 - probability)
        total = mass.sum(axis=-1)
        first = (mass * error).sum(axis=-1) / total
        second = (mass * error**2).sum(axis=-1) / total
        return np.stack([first, second], axis=-1)

    def draw(
        self,
        rng: np.random.Generator,
        index: np.ndarray,
        kappa: np.ndarray,
        given: Parameters,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return draws of e and of the decision T, of the shape of `index`.

        Parameters
        ----------
        rng : Generator
        index : array (draws, N)
        kappa, given : arrays (draws, 1)
        """
        if self.is_normal:
            selection_error = rng.standard_normal(index.shape)
            own_error = rng.standard_normal(index.shape)
            error = kappa * selection_error + np.sqrt(1 - kappa**2) * own_error
            return error, index + selection_error > 0
        error = self.shape.draw(rng, index.shape, given)
        return error, self._selected(rng, error, index, kappa, given)

    def draw_seen(
        self,
        rng: np.random.Generator,
        index: np.ndarray,
        kappa: np.ndarray,
        given: Parameters,
    ) -> np.ndarray:
        """Return draws of e given T = 1, (draws, N).

        Parameters
        ----------
        rng : Generator
        index : array (draws, N)
            x'γ.
        kappa : array (draws, 1)
        given : mapping of arrays (draws, 1)
        """
        if self.is_normal:
            # Given that a person is seen, v is a Normal above -index; u given v is Normal.
            v = truncated_normal(-index, rng)
            return kappa * v + np.sqrt(1 - kappa**2) * rng.standard_normal(v.shape)
        index, kappa = np.broadcast_arrays(index, kappa)
        rest = np.arange(index.size)
        errors = np.empty(index.size)
        values = {
            name: np.broadcast_to(value, index.shape).ravel()
            for name, value in given.items()
        }
        for _ in range(_MOST_TRIALS):
            part = {name: value[rest] for name, value in values.items()}
            errors[rest] = self.shape.draw(rng, rest.shape, part)
            accepted = self._selected(
                rng, errors[rest], index.ravel()[rest], kappa.ravel()[rest], part
            )
            rest = rest[~accepted]
            if not len(rest):
                break
        return errors.reshape(index.shape)

    def _selected(
        self,
        rng: np.random.Generator,
        error: np.ndarray,
        index: np.ndarray,
        kappa: np.ndarray,
        given: Parameters,
    ) -> np.ndarray:
        """Return draws of T given e; parameters as in `draw`."""
        log_probability = self.copula.log_selected(
            numpy_functions(), self.shape, error, index, kappa, given
        )
        return np.log(rng.random(np.shape(error))) < log_probability


def joint_errors(errors: ErrorsName, copula: CopulaName) -> JointErrors:
    """Return the joint distribution of two names that users write."""
    return JointErrors(ERROR_SHAPES[errors], COPULAS[copula])


def _blocks(shape: tuple[int, ...]) -> Iterator[slice]:
    """Yield slices of draws, small enough for a quadrature of every person."""
    size = max(_NUMBERS_AT_ONCE // max(shape[-1], 1), 1)
    for start in range(0, shape[0], size):
        yield slice(start, start + size)


def _part(given: Parameters, rows: slice) -> Parameters:
    return {name: value[rows] for name, value in given.items()}
