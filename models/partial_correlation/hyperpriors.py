"""Prior distributions of scalar parameters, each with its graph node, its draws and its spread.

A prior of the covariance lists its hyperpriors once, by name, in a table. The PyMC graph, the
density in NumPy, the simulator and `PartialCorrelation.priors` all read that table. Numbers such
as a scale enter the graph as `pm.Data`, so that one compiled program serves other numbers too.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from causalstats.numerics.softplus_transform import softplus_transform

Size = int | tuple[int, ...] | None


class Hyperprior(Protocol):
    """The prior distribution of a scalar parameter."""

    @property
    def sd(self) -> float:
        """The standard deviation; NaN where there is none, or the value is given."""

    def inputs(self, name: str) -> dict[str, float]:
        """Return the numbers that the graph takes as data, by name."""

    def variable(self, name: str, inputs: Mapping[str, Any]) -> Any:
        """Return the random variable in the PyMC graph whose context is open."""

    def draw(self, rng: np.random.Generator, size: Size = None) -> Any:
        """Return draws from the prior."""


@dataclass(frozen=True)
class Normal:
    """Normal(mean, sd²)."""

    mean: float
    sd: float

    def inputs(self, name: str) -> dict[str, float]:
        return {f"{name}_mean": self.mean, f"{name}_sd": self.sd}

    def variable(self, name: str, inputs: Mapping[str, Any]) -> Any:
        import pymc as pm

        return pm.Normal(name, inputs[f"{name}_mean"], inputs[f"{name}_sd"])

    def draw(self, rng: np.random.Generator, size: Size = None) -> Any:
        return rng.normal(self.mean, self.sd, size)

    def squares(self, value: np.ndarray) -> np.ndarray:
        """Return ((x - mean) / sd)², minus twice the log density up to a constant."""
        return ((value - self.mean) / self.sd) ** 2


@dataclass(frozen=True)
class HalfNormal:
    """|Normal(0, scale²)|, sampled as x = log(1 + e^u): on the scale of log x chains diverge."""

    scale: float

    @property
    def sd(self) -> float:
        return self.scale * math.sqrt(1 - 2 / math.pi)

    def inputs(self, name: str) -> dict[str, float]:
        return {f"{name}_scale": self.scale}

    def variable(self, name: str, inputs: Mapping[str, Any]) -> Any:
        import pymc as pm

        return pm.HalfNormal(
            name, inputs[f"{name}_scale"], default_transform=softplus_transform()
        )

    def draw(self, rng: np.random.Generator, size: Size = None) -> Any:
        return abs(self.scale * rng.standard_normal(size))

    def squares(self, value: np.ndarray) -> np.ndarray:
        """Return (x / scale)², minus twice the log density up to a constant."""
        return (value / self.scale) ** 2

    @staticmethod
    def constrained(free: np.ndarray) -> np.ndarray:
        """Return x = log(1 + e^u) of the unconstrained u."""
        return np.logaddexp(0, free)

    @staticmethod
    def log_jacobian(free: np.ndarray) -> np.ndarray:
        """Return log dx/du of x = log(1 + e^u)."""
        return -np.logaddexp(0, -free)


@dataclass(frozen=True)
class HalfCauchy:
    """|Cauchy(0, scale)|, which has no standard deviation."""

    scale: float
    sd: float = math.nan

    def inputs(self, name: str) -> dict[str, float]:
        return {f"{name}_scale": self.scale}

    def variable(self, name: str, inputs: Mapping[str, Any]) -> Any:
        import pymc as pm

        return pm.HalfCauchy(name, inputs[f"{name}_scale"])

    def draw(self, rng: np.random.Generator, size: Size = None) -> Any:
        return abs(self.scale * rng.standard_cauchy(size))


@dataclass(frozen=True)
class HalfCauchyAbove:
    """|Cauchy(0, scale)|, cut to values of at least `least`."""

    scale: float
    least: float
    sd: float = math.nan

    def inputs(self, name: str) -> dict[str, float]:
        return {f"{name}_scale": self.scale, f"{name}_least": self.least}

    def variable(self, name: str, inputs: Mapping[str, Any]) -> Any:
        import pymc as pm

        whole = pm.HalfCauchy.dist(inputs[f"{name}_scale"])
        return pm.Truncated(name, whole, lower=inputs[f"{name}_least"])

    def draw(self, rng: np.random.Generator, size: Size = None) -> Any:
        start = math.atan(self.least / self.scale)
        angle = rng.uniform(start, math.pi / 2, size)
        return self.scale * np.tan(angle)


@dataclass(frozen=True)
class Uniform:
    """Uniform(0, 1), sampled on the scale of the log odds."""

    sd: float = math.sqrt(1 / 12)

    def inputs(self, name: str) -> dict[str, float]:
        return {}

    def variable(self, name: str, inputs: Mapping[str, Any]) -> Any:
        import pymc as pm

        return pm.Uniform(name, 0, 1)

    def draw(self, rng: np.random.Generator, size: Size = None) -> Any:
        return rng.uniform(size=size)


@dataclass(frozen=True)
class Gamma:
    """Gamma(shape, rate)."""

    shape: float
    rate: float

    @property
    def sd(self) -> float:
        return math.sqrt(self.shape) / self.rate

    def inputs(self, name: str) -> dict[str, float]:
        return {f"{name}_shape": self.shape, f"{name}_rate": self.rate}

    def variable(self, name: str, inputs: Mapping[str, Any]) -> Any:
        import pymc as pm

        return pm.Gamma(name, inputs[f"{name}_shape"], inputs[f"{name}_rate"])

    def draw(self, rng: np.random.Generator, size: Size = None) -> Any:
        return rng.gamma(self.shape, 1 / self.rate, size)


@dataclass(frozen=True)
class Beta:
    """Beta(one, other)."""

    one: float
    other: float

    @property
    def sd(self) -> float:
        total = self.one + self.other
        return math.sqrt(self.one * self.other / (total + 1)) / total

    def inputs(self, name: str) -> dict[str, float]:
        return {f"{name}_one": self.one, f"{name}_other": self.other}

    def variable(self, name: str, inputs: Mapping[str, Any]) -> Any:
        import pymc as pm

        return pm.Beta(name, inputs[f"{name}_one"], inputs[f"{name}_other"])

    def draw(self, rng: np.random.Generator, size: Size = None) -> Any:
        return rng.beta(self.one, self.other, size)


@dataclass(frozen=True)
class Given:
    """A parameter whose value the user gave."""

    value: float
    sd: float = math.nan

    def inputs(self, name: str) -> dict[str, float]:
        return {f"{name}_value": self.value}

    def variable(self, name: str, inputs: Mapping[str, Any]) -> Any:
        import pymc as pm

        return pm.Deterministic(name, inputs[f"{name}_value"] + 0.0)

    def draw(self, rng: np.random.Generator, size: Size = None) -> Any:
        return self.value if size is None else np.full(size, self.value)


def uniform_unless_given(value: float | None) -> Uniform | Given:
    """Return the prior of a share: Uniform(0, 1), or the value that the user gave."""
    return Uniform() if value is None else Given(value)
