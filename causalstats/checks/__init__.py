"""What could be wrong with an answer, one kind a file; each returns `Check`s with a remedy in words."""

from causalstats.checks.conflict import conflict
from causalstats.checks.learned import contraction, learned
from causalstats.checks.predictive import predictive
from causalstats.checks.sampling import answer_sampling, sampling
from causalstats.checks.withheld import withheld

__all__ = [
    "answer_sampling",
    "conflict",
    "contraction",
    "learned",
    "predictive",
    "sampling",
    "withheld",
]
