"""Estimands: questions that a model answers as functions of posterior draws and data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from causalstats.core.check import Check
from causalstats.core.effect import Kind, MarginalDistributions

if TYPE_CHECKING:
    import numpy as np
    import xarray as xr


@dataclass(frozen=True, kw_only=True)
class Estimand:
    """A question a model answers: a function of posterior draws and data, and what its answer is called.

    `compute(draws, data)` takes the posterior as a Dataset and returns draws with dims (chain, draw, ...).
    """

    compute: Callable[[xr.Dataset, Any], xr.DataArray]
    description: str
    unit: str
    contrast: str = "none"
    kind: Kind = "associational"
    assumptions: tuple[str, ...] = ()
    at: Callable[[xr.Dataset, Any], xr.DataArray] | None = (
        None  # the same of other people, or of a subcomposition: of what `data.at(...)` gives
    )
    per_person: bool = False
    of_population: bool = False  # over everybody of the reference population, where there is one
    averages_people: bool = (
        False  # a mean or total over people, which groups of them have of their own
    )
    marginals: Callable[[Any], MarginalDistributions] | None = (
        None  # of the data, where the posterior is exact
    )
    # The same of `data.at(...)`, given the data and those; where the posterior is exact.
    marginals_at: Callable[[Any, Any], MarginalDistributions] | None = None
    companion: str = ""  # another answer, by name, without which this one misleads
    # Another answer, by name: the same entries less what they would be if there were nothing.
    over_null: str = ""
    savage_dickey: Callable[[xr.Dataset, Any], np.ndarray | None] | None = (
        None  # of each entry the Bayes factor of 0; None where there is none in closed form
    )
    approximate: bool = False  # whether the margins leave something out, and are for want of draws
    # Of the data: description and contrast in the levels that these have.
    in_words: Callable[[Any], tuple[str, str]] | None = None
    # Checks of this question alone, such as positivity of the people it asks about.
    checks: Callable[[xr.Dataset, Any], tuple[Check, ...]] | None = None
    unavailable_reason: Callable[[Any], str] | None = (
        None  # of the data: why these cannot answer it, or nothing
    )


def answerable(model: Any, data: Any) -> dict[str, Estimand]:
    """Those of the model's estimands that these data can answer."""
    return {
        name: estimand
        for name, estimand in model.estimands().items()
        if estimand.unavailable_reason is None or not estimand.unavailable_reason(data)
    }
