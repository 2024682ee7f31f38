"""A Gaussian process of one number as a few columns whose form does not depend on its length-scale.

f(x) = Σ_j a_j √(1/L) sin(ω_j (x + L)), ω_j = πj / 2L, on [-L, L], with a_j ~ Normal(0, τ² S(ω_j)), S the spectral density of the Matérn-5/2 kernel of variance
1 and length-scale ℓ: S(ω) = 400√5 / (3 ℓ⁵) (5/ℓ² + ω²)⁻³. Solin & Särkkä (2020), Statistics and Computing 30:419-446; Riutort-Mayol et al. (2023), same
journal, 33:17, for how many columns a length-scale needs.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

_BEYOND = 1.5  # L in half ranges of the sample


@dataclass(frozen=True, eq=False)
class Hilbert:
    """Columns of a number: itself, standardised, and sines of it; `frequencies` (r,) are 0 and ω; κ (r,) are 1, and S is not in them."""

    middle: float
    centre: float
    scale: float
    edge: float
    frequencies: np.ndarray
    spectrum: np.ndarray

    def columns(self, values: np.ndarray) -> np.ndarray:
        """(n, r); outside the sample's range the sines are those of its nearest end."""
        half = self.edge / _BEYOND
        inside = np.clip((values - self.centre) / self.scale, -half, half)
        sines = np.sin(self.frequencies[1:] * (inside[:, None] + self.edge)) / np.sqrt(self.edge)
        return np.hstack([((values - self.middle) / self.scale)[:, None], sines])


def hilbert(values: np.ndarray, size: int) -> Hilbert:
    """A straight line and `size` - 1 sines; in standard deviations of the sample."""
    middle, scale = values.mean(), values.std()
    lowest, highest = values.min(), values.max()
    edge = _BEYOND * (highest - lowest) / 2 / scale
    frequencies = np.concatenate([[0.0], np.pi * np.arange(1, size) / (2 * edge)])
    return Hilbert(middle, (lowest + highest) / 2, scale, edge, frequencies, np.ones(size))


def spectral_density(frequencies: Any, length_scale: Any) -> Any:
    """S(ω) of Matérn-5/2, of numbers or nodes of a graph."""
    return 400 * 5**0.5 / 3 / length_scale**5 * (5 / length_scale**2 + frequencies**2) ** -3
