"""Independent rows: cross-products of the residuals of least squares on the covariates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from causalstats.data import Composition
from causalstats.models.partial_correlation.graph_context import GraphContext
from causalstats.models.partial_correlation.hyperpriors import Hyperprior
from causalstats.models.partial_correlation.observation.base import Observation


@dataclass(frozen=True)
class IndependentRows:
    """R = I."""

    independent = True

    @property
    def links(self) -> Mapping[str, np.ndarray]:
        return {}

    def hyperpriors(self, row_correlation: float | None) -> dict[str, Hyperprior]:
        return {}

    def inputs(
        self, data: Composition, observation: Observation
    ) -> dict[str, np.ndarray]:
        if observation.exact:
            return {"scatter": data.scatter}
        basis = np.linalg.qr(data.matrix)[0]
        return {"covariate_basis": basis, **observation.inputs(data)}

    def scatter(self, context: GraphContext, observation: Observation) -> Any:
        import pymc as pm

        if observation.exact:
            return context.inputs["scatter"]
        ratios = observation.log_ratios(context)
        fitted = context.inputs["covariate_basis"].T @ ratios
        scatter = ratios.T @ ratios - fitted.T @ fitted
        return pm.Deterministic("scatter", scatter, dims=("part", "other_part"))

    def cross_products(
        self, data: Composition, correlations: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray | float]:
        return data.scatter, 0.0

    def independent_rows(
        self, rows: np.ndarray, design: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        return rows, design

    def correlations(self, draws: xr.Dataset) -> np.ndarray:
        return np.zeros(1)

    def whiten(
        self, residuals: np.ndarray, correlation: float, subject: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        return residuals, np.zeros(subject.max() + 1)

    def correlate(
        self, noise: np.ndarray, correlation: float, rng: np.random.Generator
    ) -> np.ndarray:
        return noise
