"""Weights of draws that were proposed by another distribution: smoothed, judged, and resampled by."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Importance:
    """Weights (n,) that sum to 1, and the shape k of their tail: draws whose k is below 0.7 can be trusted (Vehtari, Simpson, Gelman, Yao & Gabry 2024)."""

    weights: np.ndarray
    pareto_k: float

    @property
    def ess(self) -> float:
        """How many independent draws they are worth."""
        return float(1 / (self.weights**2).sum())

    def moments(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean (d,) and covariance (d, d) that these weights give to points (n, d)."""
        mean = self.weights @ points
        left = points - mean
        return mean, (self.weights[:, None] * left).T @ left

    def resample(self, size: int, rng: np.random.Generator) -> np.ndarray:
        """Places (size,) of draws that count alike, in order, so that copies of a draw stand together and effective sample sizes count them."""
        places = (
            rng.random() + np.arange(size)
        ) / size  # systematic: the least noise that resampling can add
        return np.minimum(np.searchsorted(np.cumsum(self.weights), places), len(self.weights) - 1)


def importance(log_ratio: np.ndarray) -> Importance:
    """Pareto-smoothed weights of the log ratios (n,) of a density to the one that proposed, up to a constant."""
    from arviz_stats.base import array_stats

    smoothed, k = array_stats.psislw(log_ratio.max() - log_ratio)  # which takes the negative
    weights = np.exp(smoothed - smoothed.max())
    return Importance(weights / weights.sum(), float(k))
