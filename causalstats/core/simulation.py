"""Data drawn from a model, with their true parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True, kw_only=True)
class Simulation:
    """Data drawn from a model, with the parameters that made them.

    Parameters
    ----------
    data
        Data of the class that the model is for.
    truth : Dataset
        The variables of a posterior, as one chain of one draw.
    realised : mapping of str to float
        Rates and means among the people that were drawn.

    Examples
    --------
    >>> import causalstats as cs
    >>> simulation = cs.PanelDML().simulate(1, units=20, times=4)
    >>> len(simulation.data)
    80
    """

    data: Any
    truth: xr.Dataset
    realised: Mapping[str, float]
