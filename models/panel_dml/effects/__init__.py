"""Constant, moderated and unit-specific effects, one file a form."""

from collections.abc import Mapping
from typing import Literal

from causalstats.models.panel_dml.effects.base import EffectForm
from causalstats.models.panel_dml.effects.constant_effect import CommonEffect
from causalstats.models.panel_dml.effects.effect_modification import ModeratedEffect
from causalstats.models.panel_dml.effects.unit_specific_effects import UnitEffects

EffectsName = Literal["common", "unit"]
EFFECTS: Mapping[EffectsName, EffectForm] = {
    "common": CommonEffect(),
    "unit": UnitEffects(),
}
MODERATED = ModeratedEffect()

__all__ = ["EFFECTS", "MODERATED", "EffectForm", "EffectsName"]
