"""Shrinkage priors of nuisance coefficients: one global scale, or global-local; one file each."""

from collections.abc import Mapping
from typing import Literal

from causalstats.models.panel_dml.shrinkage.base import Shrinkage
from causalstats.models.panel_dml.shrinkage.global_local import GlobalLocal
from causalstats.models.panel_dml.shrinkage.global_scale import GlobalScale

ShrinkageName = Literal["global", "global-local"]
SHRINKAGE: Mapping[ShrinkageName, Shrinkage] = {
    "global": GlobalScale(),
    "global-local": GlobalLocal(),
}

__all__ = ["SHRINKAGE", "Shrinkage", "ShrinkageName"]
