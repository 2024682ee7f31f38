"""Bivariate Student t errors of outcome and selection, with common degrees of freedom.

The selection-t model of Marchenko & Genton (2012), A Heckman selection-t model, Journal of the
American Statistical Association 107(497), with u = σ √((ν-2)/ν) t, so that σ is its standard
deviation.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import stdtr

from causalstats.numerics.selection.array_library import numpy_functions
from causalstats.numerics.selection.error_shapes.error_shape import (
    ErrorShape,
    Parameters,
)
from causalstats.numerics.selection.student_cdf import (
    log_student_cdf,
    log_student_density,
)


class Student(ErrorShape):
    """A Student t error with more than 2 degrees of freedom; its score is t itself."""

    parameters: tuple[str, ...] = ("degrees_of_freedom",)
    has_normal_score = False

    def log_density(self, xp: Any, error: Any, given: Parameters) -> Any:
        nu = given["degrees_of_freedom"]
        score = self.score(xp, error, given)
        return log_student_density(xp, score, nu) + xp.log(nu / (nu - 2)) / 2

    def score(self, xp: Any, error: Any, given: Parameters) -> Any:
        nu = given["degrees_of_freedom"]
        return error * xp.sqrt(nu / (nu - 2))

    def from_score(self, score: np.ndarray, given: Parameters) -> np.ndarray:
        nu = given["degrees_of_freedom"]
        return score * np.sqrt((nu - 2) / nu)

    def draw(
        self, rng: np.random.Generator, size: tuple[int, ...], given: Parameters
    ) -> np.ndarray:
        score = rng.standard_t(given["degrees_of_freedom"], size)
        return self.from_score(score, given)

    def log_cdf(self, xp: Any, index: Any, given: Parameters) -> Any:
        return log_student_cdf(xp, index, given["degrees_of_freedom"])

    def log_selected(
        self, xp: Any, score: Any, index: Any, kappa: Any, given: Parameters
    ) -> Any:
        # Given the score, v is a t with ν + 1 degrees of freedom and a scale that grows with it.
        nu = given["degrees_of_freedom"]
        scale = xp.sqrt((nu + score**2) / (nu + 1) * (1 - kappa**2))
        return log_student_cdf(xp, (index + kappa * score) / scale, nu + 1)

    def elliptical_moments(
        self, index: np.ndarray, kappa: np.ndarray, given: Parameters
    ) -> tuple[np.ndarray, np.ndarray]:
        nu = given["degrees_of_freedom"]
        log_selected = self.log_cdf(numpy_functions(), index, given)
        density = np.exp(
            log_student_density(numpy_functions(), index, nu) - log_selected
        )
        mean = density * (nu + index**2) / (nu - 1)
        # (1 + v²/ν) f_ν(v) is proportional to a t density with ν - 2 degrees of freedom.
        lighter = stdtr(nu - 2, index * np.sqrt((nu - 2) / nu)) * np.exp(-log_selected)
        square = nu * ((nu - 1) / (nu - 2) * lighter - 1)
        second = kappa**2 * square + (1 - kappa**2) * (nu + square) / (nu - 1)
        return self.from_score(kappa * mean, given), second * (nu - 2) / nu
