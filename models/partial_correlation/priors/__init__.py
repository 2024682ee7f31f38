"""Priors of the covariance of the log-ratios, by the name that users write.

A new prior is a file beside these, and a line in `PRIORS`. Where users name none, the first is
taken that suits the data and has the fields that they give.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from causalstats.core.argument_validation import Choice
from causalstats.models.partial_correlation.priors.base import CovariancePrior
from causalstats.models.partial_correlation.priors.horseshoe import Horseshoe
from causalstats.models.partial_correlation.priors.inverse_wishart_shrinkage import (
    Shrunk,
)
from causalstats.models.partial_correlation.priors.permutation_invariant import (
    Invariant,
)
from causalstats.models.partial_correlation.priors.probability_matching import Matching
from causalstats.models.partial_correlation.priors.spike_and_slab import SpikeAndSlab

PRIORS: Mapping[str, CovariancePrior] = {
    "matching": Matching(),
    "horseshoe": Horseshoe(),
    "shrunk": Shrunk(),
    "sparse": SpikeAndSlab(),
    "invariant": Invariant(),
}
PriorName = Annotated[str, Choice(tuple(PRIORS))]
