"""Families of outcomes: the likelihood of a unit's outcomes given their sum."""

from collections.abc import Mapping
from typing import Literal

from causalstats.models.panel_glm.families.base import OutcomeFamily
from causalstats.models.panel_glm.families.logit import LOGIT
from causalstats.models.panel_glm.families.poisson import POISSON

FamilyName = Literal["poisson", "logit"]

FAMILIES: Mapping[FamilyName, OutcomeFamily] = {"poisson": POISSON, "logit": LOGIT}

__all__ = ["FAMILIES", "FamilyName", "OutcomeFamily"]
