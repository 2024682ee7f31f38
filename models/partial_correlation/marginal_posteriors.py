"""Closed-form marginal posteriors where Θ ~ Wishart(ν, B), for all entries of an answer at once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from scipy import special, stats

from causalstats.numerics.compositions.correlation_posterior import (
    CorrelationMargin,
    margin,
)
from causalstats.numerics.compositions.pair_names import pair_name

_NODES, _WEIGHTS = special.roots_hermitenorm(15)
_WEIGHTS = _WEIGHTS / _WEIGHTS.sum()
_RAREST = 1.01e-11  # the smallest probability that a quantile is computed for


def pair_labels(parts: tuple[str, ...]) -> list[str]:
    """Return "one ~ other" for each two parts, in the order of `pairs`.

    Examples
    --------
    >>> pair_labels(("a", "b", "c"))
    ['a ~ b', 'a ~ c', 'b ~ c']
    """
    return list(_pair_labels(tuple(parts)))


@lru_cache(maxsize=8)
def _pair_labels(parts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(
        pair_name(one, other)
        for index, one in enumerate(parts)
        for other in parts[index + 1 :]
    )


def pairs(size: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the positions of the two parts of each pair: the upper triangle, row by row."""
    return np.triu_indices(size, 1)


def with_unit_diagonal(entries: np.ndarray, size: int) -> np.ndarray:
    """Return the symmetric matrix (D, D) with `entries` above the diagonal, row by row."""
    one, other = pairs(size)
    matrix = np.eye(size)
    matrix[one, other] = entries
    matrix[other, one] = entries
    return matrix


@dataclass(frozen=True, eq=False)
class Correlations:
    """Marginal posteriors of the partial correlation r of every pair.

    Or of its excess over a baseline r⁰ that is taken as known, tanh(atanh r - atanh r⁰); the
    baseline depends on r, by the less the more parts there are.

    Parameters
    ----------
    labels : list of str
    rho : array, shape (pairs,)
        -B_ij / √(B_ii B_jj).
    degrees : float
        ν.
    baseline : array, shape (pairs,), or 0
        r⁰.

    Examples
    --------
    >>> correlations = Correlations(["a ~ b"], np.array([0.5]), degrees=20.0)
    >>> correlations.mean().round(3), correlations.quantile(0.975).round(3)
    (array([0.49]), array([0.772]))
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
        """Return the posterior mean of each."""
        return self._moments[0]

    def sd(self) -> np.ndarray:
        """Return the posterior standard deviation of each."""
        return self._moments[1]

    def quantile(self, prob: float) -> np.ndarray:
        """Return the value that each stays below with this probability."""
        quantile = self.margin.quantile(self.rho, np.clip(prob, _RAREST, 1 - _RAREST))
        if np.ndim(self.baseline) == 0:
            return quantile
        return np.tanh(np.arctanh(quantile) - np.arctanh(self.baseline))

    def cdf(self, value: float) -> np.ndarray:
        """Return P(each ≤ value)."""
        if abs(value) >= 1:
            return np.full(np.shape(self.rho), float(value > 0))
        if value == 0 and np.ndim(self.baseline) == 0:
            return self.margin.negative(self.rho)
        return self.margin.cdf(
            self.rho, np.tanh(np.arctanh(value) + np.arctanh(self.baseline))
        )


@dataclass(frozen=True, eq=False)
class Variances:
    """Marginal posteriors of the partial variances v_i = 1 / Θ_ii, with Θ_ii / B_ii ~ χ²(ν).

    Parameters
    ----------
    labels : list of str
    scale : array, shape (D,)
        B_ii.
    degrees : float
        ν.

    Examples
    --------
    >>> Variances(["a"], np.array([0.1]), degrees=12.0).mean()
    array([1.])
    """

    labels: list[str]
    scale: np.ndarray
    degrees: float

    def mean(self) -> np.ndarray:
        """Return E v = 1 / (B (ν-2)); infinite for ν ≤ 2."""
        if self.degrees <= 2:
            return np.full_like(self.scale, np.inf)
        return 1 / self.scale / (self.degrees - 2)

    def sd(self) -> np.ndarray:
        """Return E v √(2 / (ν-4)); infinite for ν ≤ 4."""
        if self.degrees <= 4:
            return np.full_like(self.scale, np.inf)
        return self.mean() * np.sqrt(2 / (self.degrees - 4))

    def quantile(self, prob: float) -> np.ndarray:
        """Return the value that each stays below with this probability."""
        return 1 / (self.scale * stats.chi2.isf(prob, self.degrees))

    def cdf(self, value: float) -> np.ndarray:
        """Return P(v ≤ value)."""
        if value <= 0:
            return np.zeros_like(self.scale)
        return stats.chi2.sf(1 / (self.scale * value), self.degrees)


@dataclass(frozen=True, eq=False)
class Coefficients:
    """Marginal posteriors of coefficients: Student t with ν degrees of freedom.

    The coefficient of part i on part j, b_ij = -Θ_ij / Θ_ii, is
    -B_ij / B_ii + t_ν √((B_jj - B_ij²/B_ii) / (ν B_ii)).

    Parameters
    ----------
    labels : list of str
    location, scale : array, shape (coefficients,)
    degrees : float
        ν.

    Examples
    --------
    >>> Coefficients(["a on b"], np.array([1.0]), np.array([0.5]), 10.0).quantile(0.5)
    array([1.])
    """

    labels: list[str]
    location: np.ndarray
    scale: np.ndarray
    degrees: float

    def mean(self) -> np.ndarray:
        """Return the posterior mean of each."""
        return self.location

    def sd(self) -> np.ndarray:
        """Return the posterior standard deviation of each; infinite for ν ≤ 2."""
        if self.degrees <= 2:
            return np.full_like(self.scale, np.inf)
        return self.scale * np.sqrt(self.degrees / (self.degrees - 2))

    def quantile(self, prob: float) -> np.ndarray:
        """Return the value that each stays below with this probability."""
        return self.location + self.scale * stats.t.ppf(prob, self.degrees)

    def cdf(self, value: float) -> np.ndarray:
        """Return P(each ≤ value)."""
        return special.stdtr(self.degrees, (value - self.location) / self.scale)
