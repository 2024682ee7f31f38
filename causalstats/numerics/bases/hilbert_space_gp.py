"""Hilbert-space approximation of a Gaussian process of one number (HSGP).

f(x) = Σ_j a_j √(1/L) sin(ω_j (x + L)), ω_j = πj / 2L, on [-L, L], with a_j ~ Normal(0, τ² S(ω_j)),
S the spectral density of the Matérn-5/2 kernel of variance 1 and length-scale ℓ:

    S(ω) = 400√5 / (3 ℓ⁵) (5/ℓ² + ω²)⁻³

The columns do not depend on the length-scale, only their prior variances do. Solin & Särkkä (2020),
Statistics and Computing 30:419-446; Riutort-Mayol et al. (2023), same journal, 33:17, for how many
columns a length-scale needs.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

_BOUNDARY = 1.5  # L in half ranges of the sample


@dataclass(frozen=True, eq=False)
class Hilbert:
    """Columns of a number: itself, standardised, and sines of it.

    Parameters
    ----------
    middle, scale : float
        Mean and standard deviation of the sample.
    centre : float
        Middle of its range.
    edge : float
        L, in standard deviations.
    frequencies : array, shape (r,)
        0 and ω.
    spectrum : array, shape (r,)
        Relative prior variances κ, which are 1: S is not in them.
    """

    middle: float
    centre: float
    scale: float
    edge: float
    frequencies: np.ndarray
    spectrum: np.ndarray

    def columns(self, values: np.ndarray) -> np.ndarray:
        """Return the columns (n, r); beyond the sample's range sines are those of its end."""
        half = self.edge / _BOUNDARY
        inside = np.clip((values - self.centre) / self.scale, -half, half)
        sines = np.sin(self.frequencies[1:] * (inside[:, None] + self.edge)) / np.sqrt(
            self.edge
        )
        return np.hstack([((values - self.middle) / self.scale)[:, None], sines])


def hilbert(values: np.ndarray, size: int) -> Hilbert:
    """Return a straight line and `size` - 1 sines of values (n,), in their standard deviations.

    Examples
    --------
    >>> x = np.linspace(-1, 1, 50)
    >>> basis = hilbert(x, 4)
    >>> basis.columns(x).shape, basis.frequencies.round(2).tolist()
    ((50, 4), [0.0, 0.62, 1.23, 1.85])
    """
    middle, scale = values.mean(), values.std()
    lowest, highest = values.min(), values.max()
    edge = _BOUNDARY * (highest - lowest) / 2 / scale
    frequencies = np.concatenate([[0.0], np.pi * np.arange(1, size) / (2 * edge)])
    return Hilbert(
        middle, (lowest + highest) / 2, scale, edge, frequencies, np.ones(size)
    )


def spectral_density(frequencies: Any, length_scale: Any) -> Any:
    """Return S(ω) of the Matérn-5/2 kernel, of numbers or nodes of a graph.

    Examples
    --------
    >>> round(float(spectral_density(0.0, 1.0)), 3)
    2.385
    """
    return (
        400
        * 5**0.5
        / 3
        / length_scale**5
        * (5 / length_scale**2 + frequencies**2) ** -3
    )
