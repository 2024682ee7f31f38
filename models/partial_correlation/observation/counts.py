"""Counts: the multinomial logistic-normal model.

Counts y_i of a row are Multinomial with the probabilities softmax(V z_i), V an orthonormal basis
of the log-ratios (isometric log-ratio coordinates z_i). A zero is a count like any other, of a
part that is rare and not absent: no zero replacement and no zero inflation. Overdispersion is part
of the model: log-ratios vary between rows beyond the multinomial. Exposures e_ij multiply the
expected counts of cells: the probabilities are softmax(V z_i + log e_i). Where parts are declared
absent, they are those of the parts that are present, whose log-ratios have the distribution of some
of the D parts: log-ratios to an absent part are integrated out by being sampled.
"""

from __future__ import annotations

from collections.abc import Mapping
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
        inputs = {"counts": data.values, "totals": data.values.sum(axis=1)}
        if data.exposures is not None:
            inputs["offsets"] = np.log(data.exposures)
        if data.present is not None:
            inputs["present"] = data.present.astype(float)
            inputs["typical_values"] = data.positive_values
        if len(data.undetermined):
            inputs["undetermined"] = data.undetermined
            inputs["least_squares"] = np.linalg.pinv(data.matrix)
        return inputs

    def log_ratios(self, context: GraphContext) -> Any:
        """Add coordinates z_i that start from those of the counts + 1/2, per exposure."""
        import pymc as pm
        import pytensor.tensor as pt

        counts = context.inputs["counts"]
        totals = context.inputs["totals"]
        basis = ilr_basis(len(context.parts))
        offsets = context.inputs.get("offsets")
        present = context.inputs.get("present")
        start = np.log(counts.get_value() + 0.5)
        if present is not None:
            start = np.log(context.inputs["typical_values"].get_value())
        elif offsets is not None:
            start = start - offsets.get_value()
        start = start @ basis
        coordinates = pm.Flat(COORDINATES, shape=start.shape, initval=start)
        ratios = coordinates @ basis.T
        logits = ratios if offsets is None else ratios + offsets
        seen = logits if present is None else pt.switch(present, logits, -np.inf)
        largest = seen.max(axis=1)
        log_sums = largest + pt.log(pt.exp(seen - largest[:, None]).sum(axis=1))
        pm.Potential(
            "counts_given_log_ratios",
            (counts * logits).sum() - (totals * log_sums).sum(),
        )
        if "undetermined" in context.inputs:
            _add_anchor(ratios, context.inputs)
        return ratios

    def drawn_log_ratios(self, draws: xr.Dataset, data: Composition) -> np.ndarray:
        coordinates = draws[COORDINATES].to_numpy()
        flat = coordinates.reshape(-1, *coordinates.shape[-2:])
        return flat @ ilr_basis(len(data.parts)).T

    def detected(self, data: Composition) -> tuple[np.ndarray, np.ndarray]:
        below = data.values == 0
        return data.values > 0, below if data.present is None else below & data.present


def _add_anchor(ratios: Any, inputs: Mapping[str, Any]) -> None:
    """Add Normal(0, 1) densities of comparisons that no row makes, by least squares.

    The posterior is flat along these, and does not depend on where along them: it is made proper,
    and what rows do know is as it was.

    Parameters
    ----------
    ratios : tensor, shape (n, D)
    inputs : mapping
        The `pm.Data` of the graph, by name.
    """
    import pymc as pm

    coefficients = inputs["least_squares"] @ ratios
    along = (inputs["undetermined"] * coefficients).sum(axis=(1, 2))
    pm.Potential("comparisons_not_made", -(along**2).sum() / 2)
