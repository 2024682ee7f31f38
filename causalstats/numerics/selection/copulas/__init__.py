"""Copulas of the errors of outcome and selection, by the name that users write.

A new one is a file beside these, and a line in `COPULAS`.
"""

from collections.abc import Mapping
from typing import Literal

from causalstats.numerics.selection.copulas.copula import Copula
from causalstats.numerics.selection.copulas.elliptical import Elliptical
from causalstats.numerics.selection.copulas.gumbel import Gumbel
from causalstats.numerics.selection.copulas.plackett import Plackett

CopulaName = Literal["elliptical", "plackett", "gumbel", "survival_gumbel"]
COPULAS: Mapping[CopulaName, Copula] = {
    "elliptical": Elliptical(),
    "plackett": Plackett(),
    "gumbel": Gumbel(tail=1),
    "survival_gumbel": Gumbel(tail=-1),
}

__all__ = ["COPULAS", "Copula", "CopulaName"]
