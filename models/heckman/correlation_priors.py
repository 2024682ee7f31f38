"""Priors of the correlation κ between outcome and decision: of either sign, or positive."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from causalstats.core.assumption import Assumption


@dataclass(frozen=True)
class CorrelationPrior:
    """κ ~ Uniform(lower, 1), and what the model then assumes.

    Parameters
    ----------
    lower : float
        The least correlation.
    assumptions : tuple of Assumption
    """

    lower: float
    assumptions: tuple[Assumption, ...] = ()

    @property
    def sd(self) -> float:
        """Prior standard deviation of κ."""
        return (1 - self.lower) / np.sqrt(12)


CORRELATION_PRIORS = {
    "any": CorrelationPrior(lower=-1),
    "positive": CorrelationPrior(
        lower=0,
        assumptions=(
            Assumption(
                name="positive selection",
                statement="At the same features, those decided for have the higher outcomes.",
                if_wrong="If they have the lower ones, the model cannot say so.",
                formula="κ > 0",
                fields=("selection",),
            ),
        ),
    ),
}
