"""The distributions of answers about a composition where Θ ~ Wishart(ν, B): of correlations, variances and coefficients, all entries at once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import special, stats

from causalstats.numerics.compositions.correlation_posterior import CorrelationMargin, margin

_NODES, _WEIGHTS = special.roots_hermitenorm(15)
_WEIGHTS = _WEIGHTS / _WEIGHTS.sum()


def pair_labels(parts: tuple[str, ...]) -> list[str]:
    """`one ~ other` of each two parts, in the order of `pairs`."""
    return [
        before + other
        for place, before in enumerate(f"{part} ~ " for part in parts)
        for other in parts[place + 1 :]
    ]


def pairs(size: int) -> tuple[np.ndarray, np.ndarray]:
    """Positions of the two parts of each pair."""
    return np.triu_indices(size, 1)


@dataclass(frozen=True, eq=False)
class Correlations:
    """MarginalDistributions of r of every pair where Θ ~ Wishart(ν, B), or of their excess over a baseline r⁰ taken as known: tanh(atanh r - atanh r⁰).

    The baseline moves with r, by the less the more parts there are.
    """

    labels: list[str]
    rho: np.ndarray
    degrees: float
    baseline: np.ndarray | float = 0.0

    @property
    def margin(self) -> CorrelationMargin:
        return margin(self.degrees)

    @cached_property
    def _moments(self) -> tuple[np.ndarray, np.ndarray]:
        if np.ndim(self.baseline) == 0:
            return self.margin.mean(self.rho), self.margin.sd(self.rho)
        values = np.array([self.quantile(prob) for prob in special.ndtr(_NODES)])
        mean = _WEIGHTS @ values
        return mean, np.sqrt(_WEIGHTS @ (values - mean) ** 2)

    def mean(self) -> np.ndarray:
        """E of each."""
        return self._moments[0]

    def sd(self) -> np.ndarray:
        """Standard deviation of each."""
        return self._moments[1]

    def quantile(self, prob: float) -> np.ndarray:
        """Of each."""
        found = self.margin.quantile(self.rho, prob)
        return (
            np.tanh(np.arctanh(found) - np.arctanh(self.baseline))
            if np.ndim(self.baseline)
            else found
        )

    def cdf(self, value: float) -> np.ndarray:
        """P(each ≤ value)."""
        if value == 0 and np.ndim(self.baseline) == 0:
            return self.margin.negative(self.rho)
        return self.margin.cdf(self.rho, np.tanh(np.arctanh(value) + np.arctanh(self.baseline)))


@dataclass(frozen=True, eq=False)
class Variances:
    """MarginalDistributions of v_i = 1 / Θ_ii: Θ_ii / B_ii ~ χ²(ν)."""

    labels: list[str]
    scale: np.ndarray
    degrees: float

    def mean(self) -> np.ndarray:
        """E v = 1 / (B (ν-2)); infinite for ν ≤ 2."""
        return (
            1 / self.scale / max(self.degrees - 2, 0.0)
            if self.degrees > 2
            else np.full_like(self.scale, np.inf)
        )

    def sd(self) -> np.ndarray:
        """E v √(2 / (ν-4)); infinite for ν ≤ 4."""
        return (
            self.mean() * np.sqrt(2 / (self.degrees - 4))
            if self.degrees > 4
            else np.full_like(self.scale, np.inf)
        )

    def quantile(self, prob: float) -> np.ndarray:
        """Of each."""
        return 1 / (self.scale * stats.chi2.isf(prob, self.degrees))

    def cdf(self, value: float) -> np.ndarray:
        """P(v ≤ value)."""
        return (
            stats.chi2.sf(1 / (self.scale * value), self.degrees)
            if value > 0
            else np.zeros_like(self.scale)
        )


@dataclass(frozen=True, eq=False)
class Coefficients:
    """MarginalDistributions of b_ij = -Θ_ij / Θ_ii: -B_ij / B_ii + t_ν √((B_jj - B_ij²/B_ii) / (ν B_ii)), i on j."""

    labels: list[str]
    location: np.ndarray
    scale: np.ndarray
    degrees: float

    def mean(self) -> np.ndarray:
        """E b."""
        return self.location

    def sd(self) -> np.ndarray:
        """Infinite for ν ≤ 2."""
        return (
            self.scale * np.sqrt(self.degrees / (self.degrees - 2))
            if self.degrees > 2
            else np.full_like(self.scale, np.inf)
        )

    def quantile(self, prob: float) -> np.ndarray:
        """Of each."""
        return self.location + self.scale * stats.t.ppf(prob, self.degrees)

    def cdf(self, value: float) -> np.ndarray:
        """P(b ≤ value)."""
        return special.stdtr(self.degrees, (value - self.location) / self.scale)
