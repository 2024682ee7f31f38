"""AR(1) errors within units: serial correlation ρ^g at a gap of g, one ρ for each equation.

ρ is sampled, uniform from -0.5 (0 where gaps are not whole numbers) to 0.99. The likelihood needs
cross-products at any ρ, which polynomials give (`numerics.panel.ar1_errors`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from causalstats.core.assumption import Assumption
from causalstats.errors import ModelError
from causalstats.models.panel_dml.error_models.base import ErrorModel
from causalstats.models.panel_dml.priors import Parameter, Sizes
from causalstats.models.shared.distributions import Uniform
from causalstats.numerics.panel import ar1_errors as serial

if TYPE_CHECKING:
    from causalstats.data import Panel
    from causalstats.models.panel_dml.model import PanelDML

LOWEST = -0.5  # serial correlation, where gaps are whole numbers


class AR1(ErrorModel):
    """Each equation's errors are ρ times the previous error plus an innovation."""

    needs_cross_products = True
    correlations_are_sampled = True
    checked_parameters: tuple[str, ...] = ("serial_correlation",)

    def parameters(self, model: PanelDML, sizes: Sizes) -> tuple[Parameter, ...]:
        if sizes.lowest is None:  # unit means have no serial correlation
            return ()
        correlation = Parameter(
            "serial_correlation",
            Uniform(sizes.lowest, serial.HIGHEST),
            (sizes.equations,),
            dims=("equation",),
        )
        return (correlation,)

    def assumption(self, model: PanelDML) -> Assumption:
        return Assumption(
            name="AR(1) errors",
            statement="The residuals of outcome and treatment are normal, with a serial "
            "correlation of ρ at a gap of one unit of time, ρ² at a gap of two.",
            if_wrong="The interval is too short where errors are correlated otherwise. Say "
            "`errors='cluster'`.",
            formula="e_it = ρ^g e_is + s_e √((1 - ρ^2g) / (1 - ρ²)) z_it, g = t - s",
            checks=("predicts the serial correlation", "predicts the tails"),
            fields=("errors",),
        )

    def correlations(
        self, model: PanelDML, data: Panel
    ) -> tuple[serial.Correlations | None, np.ndarray | None]:
        quasi_demeaned = not model.unit_heterogeneity.allows_serial_correlation
        if quasi_demeaned or np.ptp(data.weights) > 0:
            excluded = (
                f"heterogeneity={model.heterogeneity!r}"
                if quasi_demeaned
                else "weights"
            )
            raise ModelError(
                f"errors='ar1' does not go with {excluded}: expected rows of one weight, and "
                "heterogeneity='within', 'mundlak' or 'pooled'."
            )
        if (data.sizes > 1).sum() == 0:
            raise ModelError(
                "Every unit was seen once: no serial correlation can be seen. Say errors='iid'."
            )
        gap = serial.gaps(data.time, data.starts)
        whole = np.array_equal(gap, np.round(gap), equal_nan=True)
        return serial.Correlations(LOWEST if whole else 0.0), gap

    def cross_products(
        self, xp: Any, given: Mapping[str, Any], scales: Mapping[str, Any]
    ) -> tuple[Any, Any]:
        if "serial_correlation" not in scales:
            return super().cross_products(xp, given, scales)
        values = serial.polynomials(xp, scales["serial_correlation"], given["lowest"])
        # No tensordot: JAX does not take the shapes that PyTensor makes of one.
        grams = (values[:, :, None, None] * given["gram"]).sum(axis=1)
        return grams, xp.dot(values, given["volume"])

    def dependent(
        self,
        noise: np.ndarray,
        gap: np.ndarray | None,
        starts: np.ndarray,
        correlation: float,
    ) -> np.ndarray:
        if gap is None:
            return noise
        return serial.ar1_errors(noise, gap, starts, correlation)
