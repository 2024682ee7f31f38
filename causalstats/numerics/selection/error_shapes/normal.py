"""Normal errors."""

from __future__ import annotations

from typing import Any

import numpy as np

from causalstats.numerics.selection.error_shapes.error_shape import (
    ErrorShape,
    Parameters,
)
from causalstats.numerics.selection.inverse_mills_ratio import inverse_mills_ratio


class Normal(ErrorShape):
    """A standard Normal error."""

    def log_density(self, xp: Any, error: Any, given: Parameters) -> Any:
        return -(error**2 + np.log(2 * np.pi)) / 2

    def score(self, xp: Any, error: Any, given: Parameters) -> Any:
        return error

    def from_score(self, score: np.ndarray, given: Parameters) -> np.ndarray:
        return score

    def elliptical_moments(
        self, index: np.ndarray, kappa: np.ndarray, given: Parameters
    ) -> tuple[np.ndarray, np.ndarray]:
        # e = κ v + √(1-κ²) ε, and v is truncated.
        mills = inverse_mills_ratio(index)
        return kappa * mills, 1 - kappa**2 * mills * index
