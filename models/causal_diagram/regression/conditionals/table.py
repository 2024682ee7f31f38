"""Categorical variable given categorical ones, with rows enough for a table: Dirichlet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from causalstats.models.causal_diagram.regression.conditionals.base import (
    Conditional,
    Draws,
    LabelledArrays,
    log_probability_of_level,
    sampled_levels,
)
from causalstats.numerics.discrete import dirichlet

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True, eq=False)
class TableOfLabels(Conditional):
    """θ ~ Dirichlet(concentration) in every row; posterior Dirichlet(concentration + counts)."""

    @property
    def parameters(self) -> tuple[str, ...]:
        return (self.table.name,)

    @property
    def is_conjugate(self) -> bool:
        return True

    @property
    def counts(self) -> np.ndarray:
        """Counts of each cell, axes (given..., variable)."""
        return self.data.table(self.table.axes, self.levels)

    def inputs(self) -> dict[str, np.ndarray]:
        return {f"counts of {self.table.name}": self.counts}

    def add_to_graph(self, values: Mapping[str, Any]) -> None:
        import pymc as pm
        import pytensor.tensor as pt

        name = self.table.name
        weights = np.full(self.counts.shape, float(self.model.concentration))
        theta = pm.Dirichlet(name, a=weights, dims=self.table.axes)
        logarithms = values[f"counts of {name}"] * pt.log(theta)
        pm.Potential(f"likelihood of {name}", logarithms.sum())

    def draw(self, size: tuple[int, int], rng: np.random.Generator) -> LabelledArrays:
        theta = dirichlet.draw(self.counts + self.model.concentration, size, rng)
        return {self.table.name: (("chain", "draw", *self.table.axes), theta)}

    def mean(self, draws: Draws, causes: Mapping[str, np.ndarray]) -> np.ndarray:
        theta = draws[self.table.name]
        index = np.broadcast_arrays(
            np.arange(len(theta))[:, None], *(causes[name] for name in self.table.given)
        )
        return theta[tuple(part.astype(int) for part in index)]

    def log_density(
        self, mean: np.ndarray, draws: Draws, values: np.ndarray
    ) -> np.ndarray:
        return log_probability_of_level(mean, values)

    def log_prior(self, draws: xr.Dataset) -> xr.DataArray:
        theta = draws[self.table.name].clip(min=np.finfo(float).tiny)
        density = xr.ufuncs.log(theta) * (self.model.concentration - 1)
        return density.sum(self.table.axes)

    def sample(
        self,
        mean: np.ndarray,
        draws: Draws,
        people: int,
        rng: np.random.Generator,
    ) -> np.ndarray:
        return sampled_levels(mean, people, rng)
