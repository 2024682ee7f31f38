"""Dependence between rows of a composition: none, within subjects, or in time (AR(1))."""

from __future__ import annotations

from causalstats.data import Composition
from causalstats.models.partial_correlation.row_dependence.base import RowDependence
from causalstats.models.partial_correlation.row_dependence.correlated import (
    CorrelatedRows,
)
from causalstats.models.partial_correlation.row_dependence.independent import (
    IndependentRows,
)

__all__ = ["RowDependence", "row_dependence_of"]


def row_dependence_of(data: Composition) -> RowDependence:
    """Return the dependence between the rows of these data."""
    return (
        IndependentRows()
        if data.dependence is None
        else CorrelatedRows(data.dependence)
    )
