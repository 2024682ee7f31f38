"""Numeric variable: linear regression with normal errors and Zellner's g-prior.

y = a + Z b + e, e ~ Normal(0, σ²), with the prior of `gaussian_regression`: a flat,
b ~ Normal(0, σ² P⁻¹), whose precision weighs `concentration` observations.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from causalstats.models.causal_diagram.regression.conditionals.base import (
    Conditional,
    Draws,
    LabelledArrays,
)
from causalstats.numerics.regression import gaussian_regression

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True, eq=False)
class LinearRegression(Conditional):
    """Its posterior is normal-inverse-gamma, in closed form."""

    @property
    def coefficients_name(self) -> str:
        return f"coefficients of {self.table.name}"

    @property
    def error_sd_name(self) -> str:
        return f"error sd of {self.table.name}"

    @property
    def parameters(self) -> tuple[str, ...]:
        return (self.coefficients_name, self.error_sd_name)

    @property
    def is_conjugate(self) -> bool:
        return True

    @property
    def outcome(self) -> np.ndarray:
        """The numbers that are explained, shape (rows,)."""
        return self.data.column(self.table.variable)

    def inputs(self) -> dict[str, np.ndarray]:
        name = self.table.name
        spectrum = self.terms.spectrum
        precision, determined = gaussian_regression.prior_precision(
            self.design, self.data.counts, spectrum, self.model.concentration
        )
        return {
            f"prior precision of {name}": precision,
            f"determined of {name}": np.array(determined),
            f"columns of {name}": self.design,
            f"spectrum of {name}": spectrum,
            f"outcome of {name}": self.outcome,
        }

    def draw(self, size: tuple[int, int], rng: np.random.Generator) -> LabelledArrays:
        coefficients, error_sd = gaussian_regression.draw(
            self.design,
            self.outcome,
            self.data.counts,
            self.terms.spectrum,
            self.model.concentration,
            size,
            rng,
        )
        dims = ("chain", "draw")
        return {
            self.coefficients_name: ((*dims, f"term_{self.number}"), coefficients),
            self.error_sd_name: (dims, error_sd),
        }

    def add_to_graph(self, values: Mapping[str, Any]) -> None:
        """In units of the standard deviation of the outcome, about the means of the columns."""
        import pymc as pm
        import pytensor.tensor as pt

        name = self.table.name
        size = self.design.shape[1]
        term = f"term_{self.number}"
        column = f"column_{self.number}"
        counts = values["counts"]
        weight = self.model.concentration
        total = self.data.counts.sum()
        outcome_mean = self.data.counts @ self.outcome / total
        column_means = self.data.counts @ self.design / total
        scale = (
            np.sqrt(self.data.counts @ (self.outcome - outcome_mean) ** 2 / total)
            or 1.0
        )
        variance = pm.InverseGamma(
            f"standard variance of {name}", weight / 2, weight / 2
        )
        coords = {term: np.arange(size + 1), column: np.arange(size)}
        pm.modelcontext(None).add_coords(coords)
        slopes = pm.Flat(f"standard slopes of {name}", dims=column)
        squares = slopes @ values[f"prior precision of {name}"] @ slopes
        # The power of the variance in the normal prior, less that of the coefficients which the
        # data determine.
        power = size - values[f"determined of {name}"]
        prior = squares / variance + power * pt.log(variance)
        pm.Potential(f"prior of {name}", -prior / 2)
        intercept = pm.Flat(f"standard intercept of {name}")
        mean = intercept + (values[f"columns of {name}"] - column_means) @ slopes
        residual = (values[f"outcome of {name}"] - outcome_mean) / scale - mean
        deviance = counts * (residual**2 / variance + pt.log(variance))
        pm.Potential(f"likelihood of {name}", -deviance.sum() / 2)
        first = outcome_mean + scale * (intercept - slopes @ column_means)
        coefficients = pt.concatenate([pt.atleast_1d(first), scale * slopes])
        pm.Deterministic(self.coefficients_name, coefficients, dims=term)
        pm.Deterministic(self.error_sd_name, scale * pt.sqrt(variance))

    def mean(self, draws: Draws, causes: Mapping[str, np.ndarray]) -> np.ndarray:
        return self.linear_predictor(draws[self.coefficients_name][..., None], causes)

    def log_density(
        self, mean: np.ndarray, draws: Draws, values: np.ndarray
    ) -> np.ndarray:
        sd = draws[self.error_sd_name][:, None]
        error = (values - mean[..., 0]) / sd
        return -(error**2 + np.log(2 * np.pi)) / 2 - np.log(sd)

    def log_prior(self, draws: xr.Dataset) -> xr.DataArray:
        """As `add_to_graph` adds it, in units of the standard deviation of the outcome."""
        inputs = self.inputs()
        name = self.table.name
        counts = self.data.counts
        centred = self.outcome - counts @ self.outcome / counts.sum()
        scale = np.sqrt(counts @ centred**2 / counts.sum()) or 1.0
        variance = (draws[self.error_sd_name] / scale) ** 2
        slopes = draws[self.coefficients_name].to_numpy()[..., 1:] / scale
        precision = inputs[f"prior precision of {name}"]
        squares = np.einsum("cdi,ij,cdj->cd", slopes, precision, slopes)
        power = slopes.shape[-1] - float(inputs[f"determined of {name}"])
        half_weight = self.model.concentration / 2
        of_variance = -(half_weight + 1) * np.log(variance) - half_weight / variance
        return of_variance - (squares / variance + power * np.log(variance)) / 2

    def sample(
        self,
        mean: np.ndarray,
        draws: Draws,
        people: int,
        rng: np.random.Generator,
    ) -> np.ndarray:
        shape = (len(mean), people if mean.shape[1] == 1 else mean.shape[1])
        error_sd = draws[self.error_sd_name][:, None]
        return mean[..., 0] + error_sd * rng.standard_normal(shape)
