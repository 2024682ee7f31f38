"""Prior correlation of a column's coefficients in the treatment and the outcome equations."""

from collections.abc import Mapping
from typing import Literal

from causalstats.models.panel_dml.coefficients.base import CoefficientPrior
from causalstats.models.panel_dml.coefficients.correlated import Correlated
from causalstats.models.panel_dml.coefficients.independent import Independent

CoefficientsName = Literal["correlated", "independent"]
COEFFICIENTS: Mapping[CoefficientsName, CoefficientPrior] = {
    "correlated": Correlated(),
    "independent": Independent(),
}

__all__ = ["COEFFICIENTS", "CoefficientPrior", "CoefficientsName"]
