"""Prevalence constraints: unknown, known, by group or as a penalty, by the type that users write.

A new kind is a file beside these, and a line in `PREVALENCES`.
"""

from __future__ import annotations

from types import NoneType
from typing import TYPE_CHECKING

from causalstats.core.knowledge import Known, KnownByGroup, Penalty
from causalstats.models.selective_labels.prevalences.by_group import PrevalenceByGroup
from causalstats.models.selective_labels.prevalences.known import KnownPrevalence
from causalstats.models.selective_labels.prevalences.penalty import PenalisedPrevalence
from causalstats.models.selective_labels.prevalences.prevalence import (
    PARAMETER,
    Prevalence,
)

if TYPE_CHECKING:
    from causalstats.models.selective_labels.model import SelectiveLabels

PREVALENCES: dict[type, type[Prevalence]] = {
    NoneType: Prevalence,
    Known: KnownPrevalence,
    KnownByGroup: PrevalenceByGroup,
    Penalty: PenalisedPrevalence,
}

__all__ = ["PARAMETER", "PREVALENCES", "Prevalence", "prevalence_of"]


def prevalence_of(model: SelectiveLabels) -> Prevalence:
    """Return the prevalence constraint of a model."""
    return PREVALENCES[type(model.prevalence)](model.prevalence)
