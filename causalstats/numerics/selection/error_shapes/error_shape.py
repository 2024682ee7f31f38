"""Interface of the distribution of an outcome's standardised error, and its Normal selection."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

Parameters = Mapping[str, Any]


class ErrorShape:
    """A distribution with mean 0 and variance 1, beside a Normal error of the selection equation.

    Functions take `xp`, `numpy_functions()` or `pytensor_functions()`, and the values of the
    parameters by name. `score` is an increasing function of the error that is distributed as the
    error of the selection equation; elliptical dependence is a correlation of the two.

    Attributes
    ----------
    parameters : tuple of str
        Names of the parameters of the shape.
    has_normal_score : bool
        Whether `score` is Normal, which copulas other than the elliptical need.
    """

    parameters: tuple[str, ...] = ()
    has_normal_score = True

    def log_density(self, xp: Any, error: Any, given: Parameters) -> Any:
        """Return the log density of the standardised error.

        Parameters
        ----------
        xp : namespace
        error : array
            The error divided by its standard deviation.
        given : mapping of str to array
            Values of the parameters, broadcast against `error`.
        """
        raise NotImplementedError

    def score(self, xp: Any, error: Any, given: Parameters) -> Any:
        """Return the score of an error.

        Parameters
        ----------
        xp : namespace
        error : array
            The error divided by its standard deviation.
        given : mapping of str to array
            Values of the parameters, broadcast against `error`.
        """
        raise NotImplementedError

    def from_score(self, score: np.ndarray, given: Parameters) -> np.ndarray:
        """Return the error of a score, the inverse of `score`, over NumPy arrays."""
        raise NotImplementedError

    def draw(
        self, rng: np.random.Generator, size: tuple[int, ...], given: Parameters
    ) -> np.ndarray:
        """Return draws of the error.

        Parameters
        ----------
        rng : Generator
        size : tuple of int
            Shape of the draws.
        given : mapping of str to array
            Values of the parameters, broadcast against `size`.
        """
        return self.from_score(rng.standard_normal(size), given)

    def log_cdf(self, xp: Any, index: Any, given: Parameters) -> Any:
        """Return log P(v ≤ index) of the error of the selection equation.

        Parameters
        ----------
        xp : namespace
        index : array
            x'γ of the selection equation.
        given : mapping of str to array
            Values of the parameters, broadcast against `index`.
        """
        return xp.log_ndtr(index)

    def log_selected(
        self, xp: Any, score: Any, index: Any, kappa: Any, given: Parameters
    ) -> Any:
        """Return log P(v > -index) given the score, under elliptical dependence.

        Parameters
        ----------
        xp : namespace
        score, index : arrays
        kappa : array
            The correlation of the scores.
        given : mapping
            Values of the parameters.
        """
        return xp.log_ndtr((index + kappa * score) / xp.sqrt(1 - kappa**2))

    def elliptical_moments(
        self, index: np.ndarray, kappa: np.ndarray, given: Parameters
    ) -> tuple[np.ndarray, np.ndarray] | None:
        """Return E[e | v > -index] and E[e² | v > -index] under elliptical dependence.

        None where they have no closed form.

        Parameters
        ----------
        index : array (draws, N)
        kappa : array (draws, 1)
        given : mapping of arrays (draws, 1)
        """
        return None
