"""Exact amounts: the log-ratios of each row are known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import xarray as xr

from causalstats.core.check import Check
from causalstats.data import Composition
from causalstats.models.partial_correlation.graph_context import GraphContext
from causalstats.models.partial_correlation.observation.measurement_checks import (
    measured_finely,
)
from causalstats.numerics.compositions import log_ratios


@dataclass(frozen=True)
class Amounts:
    """Positive parts without error of measurement."""

    exact = True
    latent: ClassVar[tuple[str, ...]] = ()
    detection = "measured"
    values_known = True

    def well_observed(self, data: Composition) -> np.ndarray:
        return np.arange(len(data.parts))

    def data_check(self, data: Composition) -> Check:
        return measured_finely(data, self.well_observed(data))

    def inputs(self, data: Composition) -> dict[str, np.ndarray]:
        return {"known_log_ratios": data.residuals}

    def log_ratios(self, context: GraphContext) -> Any:
        return context.inputs["known_log_ratios"]

    def drawn_log_ratios(self, draws: xr.Dataset, data: Composition) -> np.ndarray:
        return log_ratios.clr(data.values)[None]

    def detected(self, data: Composition) -> None:
        return None
