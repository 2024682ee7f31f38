"""Priors of coefficients and intercepts, by the name that users write.

A new prior is a file beside these, and a line in `COEFFICIENT_PRIORS`.
"""

from causalstats.models.selective_labels.priors.attenuated import ATTENUATED
from causalstats.models.selective_labels.priors.coefficient_prior import (
    CoefficientPrior,
)
from causalstats.models.selective_labels.priors.paper import PAPER

COEFFICIENT_PRIORS: dict[str, CoefficientPrior] = {
    prior.name: prior for prior in (ATTENUATED, PAPER)
}

__all__ = ["COEFFICIENT_PRIORS", "CoefficientPrior"]
