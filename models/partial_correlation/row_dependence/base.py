"""Interface of the dependence between rows: none, within a subject, or over time (AR(1))."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
import xarray as xr

from causalstats.data import Composition
from causalstats.models.partial_correlation.graph_context import GraphContext
from causalstats.models.partial_correlation.hyperpriors import Hyperprior
from causalstats.models.partial_correlation.observation.base import Observation


class RowDependence(Protocol):
    """The correlation R of the rows, the same in every log-ratio."""

    @property
    def independent(self) -> bool:
        """Whether R is the identity."""

    @property
    def links(self) -> Mapping[str, np.ndarray]:
        """Which rows are correlated, as `numerics.regression.row_correlation` takes it."""

    def hyperpriors(self, row_correlation: float | None) -> dict[str, Hyperprior]:
        """Return the prior of the parameter of R; `row_correlation` is its value where given."""

    def inputs(
        self, data: Composition, observation: Observation
    ) -> dict[str, np.ndarray]:
        """Return the numbers of rows and covariates that the graph takes, by name."""

    def scatter(self, context: GraphContext, observation: Observation) -> Any:
        """Return S (D, D), the cross-products of the log-ratios about the covariates."""

    def cross_products(
        self, data: Composition, correlations: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray | float]:
        """Return S, (D, D) or (count, D, D), and log |R| + log |W'R⁻¹W| at each φ (count,)."""

    def independent_rows(
        self, rows: np.ndarray, design: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray] | None:
        """Return rows (n, k) that are independent, and their design; None of a series in time."""

    def correlations(self, draws: xr.Dataset) -> np.ndarray:
        """Return the row correlation φ of each draw, (draws,); (1,) where rows are independent."""

    def whiten(
        self, residuals: np.ndarray, correlation: float, subject: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return independent rows A E, A'A = R(φ)⁻¹, and log |R| of each subject.

        Parameters
        ----------
        residuals : array, shape (n, D)
            E.
        correlation : float
            φ.
        subject : int array, shape (n,)
        """

    def correlate(
        self, noise: np.ndarray, correlation: float, rng: np.random.Generator
    ) -> np.ndarray:
        """Return rows of correlation R(φ) from independent ones.

        Parameters
        ----------
        noise : array, shape (n, p)
            Independent rows.
        correlation : float
            φ.
        rng : Generator
        """
