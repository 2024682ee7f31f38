"""Answers of regressions by their events: the mean of a number, or a probability of each level."""

from __future__ import annotations

import xarray as xr

from causalstats.core.display_scale import DIFFERENCE
from causalstats.models.causal_diagram.levels import Levels

UNIT = "mean of the outcome, or probability of a level"


def unit_of(outcome: str, levels: Levels, contrast: str) -> str:
    """Return the unit of an answer about an outcome, or of the difference of two.

    Parameters
    ----------
    outcome : str
    levels : mapping of variable to its levels
        Of labels; numbers have none.
    contrast : str
        "none" or empty for one answer.

    Examples
    --------
    >>> unit_of("ill", {"ill": ["no", "yes"]}, "drug=1 against drug=0")
    'difference of probabilities'
    >>> unit_of("weight", {}, "none")
    'mean of weight'
    """
    compared = contrast not in ("", "none")
    if outcome in levels:
        return DIFFERENCE if compared else "probability"
    return f"difference of means of {outcome}" if compared else f"mean of {outcome}"


def labelled_events(
    table: xr.DataArray,
    outcome: str,
    levels: Levels,
    dim: str,
) -> xr.DataArray:
    """Return the mean of a number, the last of two levels, or all of more along a dimension.

    Parameters
    ----------
    table : DataArray
        With the dim `event`.
    outcome : str
    levels : mapping of variable to its levels
    dim : str
        The name of the dimension of several levels.
    """
    if outcome not in levels or len(levels[outcome]) == 2:
        return table.isel(event=-1)
    labels = [f"{outcome}={level}" for level in levels[outcome]]
    return table.rename(event=dim).assign_coords({dim: labels})
