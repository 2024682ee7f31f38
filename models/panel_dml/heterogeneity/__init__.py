"""Unit heterogeneity: fixed effects (within), Mundlak, random effects or pooled; one file each."""

from collections.abc import Mapping
from typing import Literal

from causalstats.models.panel_dml.heterogeneity.base import UnitHeterogeneity
from causalstats.models.panel_dml.heterogeneity.mundlak import Mundlak
from causalstats.models.panel_dml.heterogeneity.pooled import Pooled
from causalstats.models.panel_dml.heterogeneity.random_effects import RandomEffects
from causalstats.models.panel_dml.heterogeneity.within import Within

HeterogeneityName = Literal["within", "mundlak", "random", "pooled"]
HETEROGENEITY: Mapping[HeterogeneityName, UnitHeterogeneity] = {
    "within": Within(),
    "mundlak": Mundlak(),
    "random": RandomEffects(),
    "pooled": Pooled(),
}

__all__ = ["HETEROGENEITY", "HeterogeneityName", "UnitHeterogeneity"]
