"""Assumptions of a model, what turns an association into an effect, and models with one assumption relaxed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from causalstats.core.knowledge import Known


@dataclass(frozen=True, kw_only=True)
class Assumption:
    """What must hold for the answer to mean what it says, and what happens where it does not."""

    name: str
    statement: str
    if_wrong: str
    formula: str = ""


@dataclass(frozen=True, kw_only=True)
class Adjustment:
    """What an association would need to be an effect, and how far these data and this model go towards it."""

    needed: str
    here: str


@dataclass(frozen=True, kw_only=True)
class Relaxation:
    """A model without one piece of outside knowledge (itself, where it does not use it), and the estimand in which the two can disagree."""

    name: str
    model: Any
    estimand: str
    known: Known | Mapping[str, Known]  # for each label, where they differ
    labels: tuple[str, ...] = ()  # of the estimand's entries that were known; all if empty
    suspect: str = ""  # the assumption that alone identifies the estimand where this is lifted
    remedy: str = (
        "The data, under the other assumptions, say otherwise: check the source, or give up one of "
        "the assumptions."
    )
