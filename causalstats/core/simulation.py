"""Data drawn from a model, with their true parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True, kw_only=True)
class Simulation:
    """Data drawn from a model. `truth` has the variables of a posterior, one chain of one draw; `realised` what the people drawn came to."""

    data: Any
    truth: xr.Dataset
    realised: Mapping[str, float]
