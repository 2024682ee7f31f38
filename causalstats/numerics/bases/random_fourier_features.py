"""A function of many numbers at once, with whatever they do together, as random waves.

f(x) = √(1/m) Σ_r a_r √2 cos(w_r'x) + b_r √2 sin(w_r'x), a, b ~ Normal(0, τ²/2): as m grows, the Gaussian process whose kernel is the mean of
exp(-|x - x'|² / 2ℓ²J) over ℓ, log-uniform from ½ to 4 (Rahimi & Recht 2007). The length-scale is so averaged over in the prior, and the columns are fixed.
"""

from dataclasses import dataclass

import numpy as np
from scipy.stats import norm, qmc

_LENGTH_SCALES = (0.5, 4.0)  # of numbers with variance 1, times √J


@dataclass(frozen=True, eq=False)
class Fourier:
    """Waves w (J, m) of J standardised numbers."""

    middle: np.ndarray
    scale: np.ndarray
    waves: np.ndarray

    @property
    def spectrum(self) -> np.ndarray:
        """κ (2m,), which sum to half of 1 for the cosines and for the sines: columns have a mean square of about 1."""
        count = self.waves.shape[1]
        return np.full(2 * count, 1 / (2 * count))

    def columns(self, values: np.ndarray) -> np.ndarray:
        """(n, 2m) of values (n, J)."""
        phase = (values - self.middle) / self.scale @ self.waves
        return np.sqrt(2) * np.hstack([np.cos(phase), np.sin(phase)])


def fourier(values: np.ndarray, size: int) -> Fourier:
    """`size` columns, an even number; the same waves whenever J and `size` are."""
    dimensions, count = values.shape[1], size // 2
    with np.errstate(divide="ignore"):
        points = qmc.Sobol(dimensions + 1, rng=0).random_base2(
            int(np.ceil(np.log2(max(count, 2))))
        )[:count]
    low, high = np.log(_LENGTH_SCALES)
    length = np.exp(low + (high - low) * points[:, 0]) * np.sqrt(dimensions)
    return Fourier(
        values.mean(axis=0), values.std(axis=0), (norm.ppf(points[:, 1:]) / length[:, None]).T
    )
