"""Priors of coefficients and intercepts, one a file, in the table that users' names refer to."""

from causalstats.models.selective_labels.coefficient_priors.attenuated import ATTENUATED
from causalstats.models.selective_labels.coefficient_priors.coefficient_prior import (
    CoefficientPrior,
)
from causalstats.models.selective_labels.coefficient_priors.paper import PAPER

COEFFICIENT_PRIORS: dict[str, CoefficientPrior] = {
    prior.name: prior for prior in (ATTENUATED, PAPER)
}

__all__ = ["COEFFICIENT_PRIORS", "CoefficientPrior"]
