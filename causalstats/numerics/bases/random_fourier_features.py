"""Random Fourier features: a Gaussian process of many numbers at once, products included.

f(x) = √(1/m) Σ_r a_r √2 cos(w_r'x) + b_r √2 sin(w_r'x), a, b ~ Normal(0, τ²/2)

is, as m grows, the Gaussian process whose kernel is the mean of exp(-|x - x'|² / 2ℓ²J) over ℓ,
log-uniform from ½ to 4 (Rahimi & Recht 2007). So the length-scale is averaged over in the prior,
and the columns are fixed.
"""

from dataclasses import dataclass

import numpy as np
from scipy.stats import norm, qmc

_LENGTH_SCALES = (0.5, 4.0)  # of numbers with variance 1, times √J


@dataclass(frozen=True, eq=False)
class Fourier:
    """Cosines and sines of J standardised numbers.

    Parameters
    ----------
    middle, scale : array, shape (J,)
        Means and standard deviations.
    waves : array, shape (J, m)
        Frequencies w.
    """

    middle: np.ndarray
    scale: np.ndarray
    waves: np.ndarray

    @property
    def spectrum(self) -> np.ndarray:
        """Relative prior variances κ (2m,): ½ in sum over cosines, and over sines."""
        count = self.waves.shape[1]
        return np.full(2 * count, 1 / (2 * count))

    def columns(self, values: np.ndarray) -> np.ndarray:
        """Return the columns (n, 2m) of values (n, J), of a mean square of about 1."""
        phase = (values - self.middle) / self.scale @ self.waves
        return np.sqrt(2) * np.hstack([np.cos(phase), np.sin(phase)])


def fourier(values: np.ndarray, size: int) -> Fourier:
    """Return `size` features (an even number) of values (n, J).

    Frequencies are quasi-random: the same whenever J and `size` are.

    Examples
    --------
    >>> x = np.random.default_rng(1).normal(size=(100, 2))
    >>> features = fourier(x, 6)
    >>> features.columns(x).shape, features.spectrum.sum().round(6)
    ((100, 6), np.float64(1.0))
    """
    dimensions, count = values.shape[1], size // 2
    power = int(np.ceil(np.log2(max(count, 2))))
    with np.errstate(divide="ignore"):
        points = qmc.Sobol(dimensions + 1, rng=0).random_base2(power)[:count]
    low, high = np.log(_LENGTH_SCALES)
    length = np.exp(low + (high - low) * points[:, 0]) * np.sqrt(dimensions)
    waves = norm.ppf(points[:, 1:]) / length[:, None]
    return Fourier(values.mean(axis=0), values.std(axis=0), waves.T)
