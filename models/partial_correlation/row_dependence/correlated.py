"""Correlated rows: of one subject, equally by φ, or in time, by φ^gap (an AR(1) process).

The covariance and the coefficients of covariates are integrated out given φ, whose prior is
Uniform(0, 1) unless its value is given.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from causalstats.data import Composition
from causalstats.data.row_dependence import Dependence
from causalstats.models.partial_correlation.graph_context import GraphContext
from causalstats.models.partial_correlation.hyperpriors import (
    Hyperprior,
    uniform_unless_given,
)
from causalstats.models.partial_correlation.observation.base import Observation
from causalstats.numerics.regression.row_correlation import (
    all_about_covariates,
    correlated,
)

CORRELATION = "row_correlation"


@dataclass(frozen=True, eq=False)
class CorrelatedRows:
    """R(φ) of rows that the data link to each other."""

    dependence: Dependence

    independent = False

    @property
    def links(self) -> Mapping[str, np.ndarray]:
        return self.dependence.links

    def hyperpriors(self, row_correlation: float | None) -> dict[str, Hyperprior]:
        return {CORRELATION: uniform_unless_given(row_correlation)}

    def inputs(
        self, data: Composition, observation: Observation
    ) -> dict[str, np.ndarray]:
        basis = np.linalg.qr(data.matrix)[0]
        return {**self.links, "covariate_basis": basis, **observation.inputs(data)}

    def scatter(self, context: GraphContext, observation: Observation) -> Any:
        import pymc as pm

        from causalstats.numerics.regression.row_correlation_ops import about_covariates

        ratios = observation.log_ratios(context)
        scatter, determinants = about_covariates(
            ratios,
            context.inputs["covariate_basis"],
            context.variable(CORRELATION),
            {name: context.inputs[name] for name in self.links},
        )
        rank = ratios.shape[1] - 1
        pm.Potential("rows_depend", -rank / 2 * determinants)
        return pm.Deterministic("scatter", scatter, dims=("part", "other_part"))

    def cross_products(
        self, data: Composition, correlations: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray | float]:
        basis = np.linalg.qr(data.matrix)[0]
        return all_about_covariates(data.residuals, basis, correlations, self.links)

    def independent_rows(
        self, rows: np.ndarray, design: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray] | None:
        """Return the means of the subjects."""
        if "member" not in self.links:
            return None
        subject = self.dependence.subject
        first = np.unique(subject, return_index=True)[1]
        means = np.array(
            [rows[subject == each].mean(axis=0) for each in subject[first]]
        )
        return means, np.ones((len(means), 1))

    def correlations(self, draws: xr.Dataset) -> np.ndarray:
        return draws[CORRELATION].to_numpy().ravel()

    def whiten(
        self, residuals: np.ndarray, correlation: float, subject: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        if "member" in self.links:
            return _whitened_equal(residuals, correlation, subject)
        power = correlation ** self.links["gap"]
        rho = np.where(self.links["linked"] > 0, power, 0.0)
        before = np.vstack([residuals[:1], residuals[:-1]])
        remainder = 1 - rho**2
        innovations = (residuals - rho[:, None] * before) / np.sqrt(remainder)[:, None]
        return innovations, np.bincount(subject, np.log(remainder))

    def correlate(
        self, noise: np.ndarray, correlation: float, rng: np.random.Generator
    ) -> np.ndarray:
        return correlated(noise, np.asarray(correlation), self.links, rng)


def _whitened_equal(
    residuals: np.ndarray, correlation: float, subject: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return independent rows of subjects whose rows are equally correlated, and log |R|.

    R = (1-φ) I + φ 11' has the root-inverse that divides deviations from the subject's mean by
    √(1-φ), and the mean by √(1-φ+nφ).

    Parameters
    ----------
    residuals : array, shape (n, D)
    correlation : float
        φ.
    subject : int array, shape (n,)
    """
    size = np.bincount(subject)
    sums = np.zeros((len(size), residuals.shape[1]))
    np.add.at(sums, subject, residuals)
    means = (sums / size[:, None])[subject]
    alone = 1 - correlation
    joint = alone + size * correlation
    scaled = (residuals - means) / np.sqrt(alone) + means / np.sqrt(joint)[
        subject, None
    ]
    return scaled, (size - 1) * np.log(alone) + np.log(joint)
