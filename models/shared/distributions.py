"""Prior distributions, each written once: its PyMC node, its density by NumPy, its draws, its sd.

Half-Normal, half-Cauchy and others of scales, symmetric Beta and the LKJ prior of correlations.

Densities are those of unconstrained values, which samplers move: the logarithm or the inverse
softplus of a positive number, the log odds of a share. Constants are left out of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np

from causalstats.numerics.softplus_transform import softplus_transform

Extent = dict[str, Any]


class Distribution(Protocol):
    """The prior of a parameter."""

    @property
    def sd(self) -> Any:
        """Its standard deviation."""

    def node(self, name: str, extent: Extent) -> Any:
        """Return the random variable of a PyMC graph, of this `shape` or with these `dims`."""

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        """Return a draw of the prior."""


class DensityByNumPy(Protocol):
    """A prior whose density NumPy computes, for importance sampling."""

    def constrain(self, free: np.ndarray) -> np.ndarray:
        """Return the values that unconstrained ones stand for."""

    def log_density(self, free: np.ndarray) -> np.ndarray:
        """Return log densities (n,) of unconstrained values (n, d), but for a constant."""


@dataclass(frozen=True)
class Normal:
    """Normal(0, sd²)."""

    sd: float

    def node(self, name: str, extent: Extent) -> Any:
        import pymc as pm

        return pm.Normal(name, 0, self.sd, **extent)

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        return rng.normal(0, self.sd, shape)

    def constrain(self, free: np.ndarray) -> np.ndarray:
        return free

    def log_density(self, free: np.ndarray) -> np.ndarray:
        return np.asarray(-(free**2).sum(axis=1) / (2 * self.sd**2))


@dataclass(frozen=True)
class HalfNormal:
    """The size of Normal(0, scale²), moved as its logarithm or its inverse softplus.

    The logarithm of a scale that nothing informs makes divergences; its inverse softplus does not.
    """

    scale: float
    transform: Literal["log", "softplus"] = "log"

    @property
    def sd(self) -> float:
        return float(np.sqrt(1 - 2 / np.pi) * self.scale)

    def node(self, name: str, extent: Extent) -> Any:
        import pymc as pm

        if self.transform == "softplus":
            extent = extent | {"default_transform": softplus_transform()}
        return pm.HalfNormal(name, self.scale, **extent)

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        return self.scale * abs(rng.standard_normal(shape))

    def constrain(self, free: np.ndarray) -> np.ndarray:
        return np.exp(free) if self.transform == "log" else np.logaddexp(0, free)

    def log_density(self, free: np.ndarray) -> np.ndarray:
        density = -(self.constrain(free) ** 2) / (2 * self.scale**2)
        log_slope = free if self.transform == "log" else -np.logaddexp(0, -free)
        return np.asarray((density + log_slope).sum(axis=1))


@dataclass(frozen=True, eq=False)
class SymmetricBeta:
    """Beta(a, a), a of `shapes` (d,) for each of d shares."""

    shapes: np.ndarray

    @property
    def sd(self) -> np.ndarray:
        return np.asarray(1 / np.sqrt(4 * (2 * self.shapes + 1)))

    def node(self, name: str, extent: Extent) -> Any:
        import pymc as pm

        return pm.Beta(name, self.shapes, self.shapes)

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        return rng.beta(self.shapes, self.shapes)

    def constrain(self, free: np.ndarray) -> np.ndarray:
        return np.asarray(1 / (1 + np.exp(-free)))

    def log_density(self, free: np.ndarray) -> np.ndarray:
        return np.asarray(
            -(np.logaddexp(0, free) + np.logaddexp(0, -free)) @ self.shapes
        )


@dataclass(frozen=True)
class LogNormal:
    """exp(Normal(log median, log_sd²))."""

    median: float
    log_sd: float

    @property
    def sd(self) -> float:
        variance = np.expm1(self.log_sd**2) * np.exp(self.log_sd**2)
        return float(self.median * np.sqrt(variance))

    def node(self, name: str, extent: Extent) -> Any:
        import pymc as pm

        return pm.LogNormal(name, np.log(self.median), self.log_sd, **extent)

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        return np.exp(rng.normal(np.log(self.median), self.log_sd, shape))


@dataclass(frozen=True)
class Uniform:
    """Uniform from `low`, which may be a node of the graph, to `high`."""

    low: Any
    high: float

    @property
    def sd(self) -> float:
        return float((self.high - self.low) / np.sqrt(12))

    def node(self, name: str, extent: Extent) -> Any:
        import pymc as pm

        return pm.Uniform(name, self.low, self.high, **extent)

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        return rng.uniform(self.low, self.high, shape)

    def constrain(self, free: np.ndarray) -> np.ndarray:
        return np.asarray(self.low + (self.high - self.low) / (1 + np.exp(-free)))

    def log_density(self, free: np.ndarray) -> np.ndarray:
        return -(np.logaddexp(0, free) + np.logaddexp(0, -free)).sum(axis=1)


@dataclass(frozen=True)
class Rayleigh:
    """The length of two independent Normal(0, scale²), which is rarely near 0."""

    scale: float

    @property
    def sd(self) -> float:
        return float(np.sqrt(2 - np.pi / 2) * self.scale)

    def node(self, name: str, extent: Extent) -> Any:
        import pymc as pm

        return pm.Weibull(name, alpha=2, beta=np.sqrt(2) * self.scale, **extent)

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        return rng.rayleigh(self.scale, shape)

    def constrain(self, free: np.ndarray) -> np.ndarray:
        return np.exp(free)

    def log_density(self, free: np.ndarray) -> np.ndarray:
        squares = np.exp(2 * free) / (2 * self.scale**2)
        return np.asarray((2 * free - squares).sum(axis=1))


def lkj_shapes(count: int, eta: float) -> np.ndarray:
    """Return the Beta shapes, (q(q-1)/2,), that make q coefficients' correlations LKJ(η).

    Canonical partial correlations of equation i and j < i, given those before j, are
    2 Beta(a, a) - 1 with a = η + (q - 2 - j) / 2 (Lewandowski, Kurowicka & Joe 2009).
    """
    pairs: Sequence[tuple[int, int]] = [(i, j) for i in range(count) for j in range(i)]
    return np.array([eta + (count - 2 - j) / 2 for _, j in pairs])
