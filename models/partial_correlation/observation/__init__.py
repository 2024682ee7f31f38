"""Observation models of a composition: exact amounts, counts, or values within bounds (zeros)."""

from __future__ import annotations

from causalstats.data import Composition
from causalstats.models.partial_correlation.observation.amounts import Amounts
from causalstats.models.partial_correlation.observation.base import Observation
from causalstats.models.partial_correlation.observation.counts import Counts
from causalstats.models.partial_correlation.observation.intervals import Intervals

__all__ = ["Observation", "observation_of"]


def observation_of(data: Composition) -> Observation:
    """Return the observation model of the rows of these data."""
    if data.counts:
        return Counts()
    return Amounts() if data.bounds is None else Intervals()
