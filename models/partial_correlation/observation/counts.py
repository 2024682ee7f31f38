"""Counts: the multinomial logistic-normal model.

Counts y_i of a row are Multinomial with the probabilities softmax(V z_i), V an orthonormal basis
of the log-ratios (isometric log-ratio coordinates z_i). A zero is a count like any other, of a
part that is rare and not absent: no zero replacement and no zero inflation. Counts are
overdispersed: log-ratios vary between rows beyond the multinomial.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import xarray as xr

from causalstats.core.check import Check
from causalstats.data import Composition
from causalstats.models.partial_correlation.graph_context import GraphContext
from causalstats.models.partial_correlation.observation.measurement_checks import (
    absent_parts,
    counted_often,
    rarely_counted,
)
from causalstats.numerics.compositions.log_ratios import ilr_basis

COORDINATES = "log_ratio_coordinates"


@dataclass(frozen=True)
class Counts:
    """Counts of the parts, multinomial given the composition."""

    exact = False
    latent: ClassVar[tuple[str, ...]] = (COORDINATES,)
    detection = "counted"
    values_known = True

    def well_observed(self, data: Composition) -> np.ndarray:
        """Return the positions of parts that are counted often in nearly every row."""
        return counted_often(data)

    def data_check(self, data: Composition) -> Check:
        """Return whether parts are absent from rows; where none is, whether any is rarely seen."""
        absences = absent_parts(data)
        if absences is not None and absences.passed is False:
            return absences
        return rarely_counted(data)

    def inputs(self, data: Composition) -> dict[str, np.ndarray]:
        return {"counts": data.values, "totals": data.values.sum(axis=1)}

    def log_ratios(self, context: GraphContext) -> Any:
        """Add coordinates z_i that start from those of the counts + 1/2."""
        import pymc as pm
        import pytensor.tensor as pt

        counts = context.inputs["counts"]
        totals = context.inputs["totals"]
        basis = ilr_basis(len(context.parts))
        start = np.log(counts.get_value() + 0.5) @ basis
        coordinates = pm.Flat(COORDINATES, shape=start.shape, initval=start)
        ratios = coordinates @ basis.T
        largest = ratios.max(axis=1)
        log_sums = largest + pt.log(pt.exp(ratios - largest[:, None]).sum(axis=1))
        pm.Potential(
            "counts_given_log_ratios",
            (counts * ratios).sum() - (totals * log_sums).sum(),
        )
        return ratios

    def drawn_log_ratios(self, draws: xr.Dataset, data: Composition) -> np.ndarray:
        coordinates = draws[COORDINATES].to_numpy()
        flat = coordinates.reshape(-1, *coordinates.shape[-2:])
        return flat @ ilr_basis(len(data.parts)).T

    def detected(self, data: Composition) -> tuple[np.ndarray, np.ndarray]:
        return data.values > 0, data.values == 0
