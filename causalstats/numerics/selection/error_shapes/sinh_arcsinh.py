"""Errors that may be skewed and have heavy tails: the sinh-arcsinh distribution, standardised.

X = sinh(w (asinh(Z) + ε)) with Z Normal(0, 1): ε is skewness, w the weight of the tails, ε = 0 and
w = 1 the Normal distribution (Jones & Pewsey 2009, Sinh-arcsinh distributions, Biometrika 96(4),
whose δ is 1/w and whose ε is wε). The Normal score of an error has a closed form, which skew-normal
and Student t distributions lack.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from causalstats.numerics.selection.error_shapes.error_shape import (
    ErrorShape,
    Parameters,
)
from causalstats.numerics.selection.unobservables.family import sinh_trapezoid

_NODES, _WEIGHTS = sinh_trapezoid(lambda z: np.exp(-(z**2) / 2), 2.8)
_ARCSINH_NODES = np.arcsinh(_NODES)


class SinhArcsinh(ErrorShape):
    """A sinh-arcsinh error."""

    parameters: tuple[str, ...] = ("skewness", "tail_weight")

    def log_density(self, xp: Any, error: Any, given: Parameters) -> Any:
        mean, sd = _moments(xp, given)
        raw = mean + sd * error
        angle = xp.arcsinh(raw) / given["tail_weight"] - given["skewness"]
        slope = xp.log(xp.cosh(angle)) - xp.log1p(raw**2) / 2
        normal = -(xp.sinh(angle) ** 2 + np.log(2 * np.pi)) / 2
        return normal + slope + xp.log(sd) - xp.log(given["tail_weight"])

    def score(self, xp: Any, error: Any, given: Parameters) -> Any:
        mean, sd = _moments(xp, given)
        angle = xp.arcsinh(mean + sd * error) / given["tail_weight"]
        return xp.sinh(angle - given["skewness"])

    def from_score(self, score: np.ndarray, given: Parameters) -> np.ndarray:
        mean, sd = _moments(np, given)
        angle = np.arcsinh(score) + given["skewness"]
        return (np.sinh(given["tail_weight"] * angle) - mean) / sd


def _moments(xp: Any, given: Parameters) -> tuple[Any, Any]:
    """Return mean and standard deviation of X before it is standardised."""
    skewness = given["skewness"][..., None]
    tail_weight = given["tail_weight"][..., None]
    raw = xp.sinh(tail_weight * (_ARCSINH_NODES + skewness))
    mean = (raw * _WEIGHTS).sum(axis=-1)
    variance = ((raw - mean[..., None]) ** 2 * _WEIGHTS).sum(axis=-1)
    return mean, xp.sqrt(variance)
