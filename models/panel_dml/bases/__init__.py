"""Basis functions of the nuisance functions, one file a family."""

from collections.abc import Mapping
from typing import Literal

from causalstats.models.panel_dml.bases.base import BasisFamily
from causalstats.models.panel_dml.bases.fourier import RandomFourierFeatures
from causalstats.models.panel_dml.bases.hsgp import HilbertSpaceGP
from causalstats.models.panel_dml.bases.splines import Splines

BasisName = Literal["splines", "hsgp", "fourier"]
BASES: Mapping[BasisName, BasisFamily] = {
    "splines": Splines(),
    "hsgp": HilbertSpaceGP(),
    "fourier": RandomFourierFeatures(),
}

__all__ = ["BASES", "BasisFamily", "BasisName"]
