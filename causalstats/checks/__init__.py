"""Checks of an answer, one kind a file, each with its finding and a remedy in words."""

from causalstats.checks.convergence import answer_sampling, sampling
from causalstats.checks.held_out import withheld
from causalstats.checks.posterior_contraction import contraction, posterior_contraction
from causalstats.checks.posterior_predictive import predictive
from causalstats.checks.prior_data_conflict import conflict

__all__ = [
    "answer_sampling",
    "conflict",
    "contraction",
    "posterior_contraction",
    "predictive",
    "sampling",
    "withheld",
]
