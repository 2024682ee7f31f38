"""Priors of coefficients and intercepts, by the name that users write.

A new prior is a file beside these, and a line in `COEFFICIENT_PRIORS`.
"""

from collections.abc import Mapping
from typing import Literal

from causalstats.models.selective_labels.priors.attenuated import ATTENUATED
from causalstats.models.selective_labels.priors.coefficient_prior import (
    CoefficientPrior,
)
from causalstats.models.selective_labels.priors.correlated import CORRELATED
from causalstats.models.selective_labels.priors.independent_normal import PAPER

CoefficientPriorName = Literal["attenuated", "correlated", "paper"]
COEFFICIENT_PRIORS: Mapping[CoefficientPriorName, CoefficientPrior] = {
    "attenuated": ATTENUATED,
    "correlated": CORRELATED,
    "paper": PAPER,
}

__all__ = ["COEFFICIENT_PRIORS", "CoefficientPrior", "CoefficientPriorName"]
