"""Priors of the correlation κ between outcome and decision: of either sign, positive, or known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from causalstats.core.assumption import Assumption
from causalstats.core.knowledge import Known, as_known

if TYPE_CHECKING:
    from causalstats.models.heckman.model import Heckman

NAME = "correlation"


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

    def inputs(self) -> dict[str, float]:
        """Return the numbers that the graph takes."""
        return {}

    def add(self, given: Mapping[str, Any]) -> Any:
        """Add κ to the graph."""
        import pymc as pm

        return pm.Uniform(NAME, self.lower, 1)

    def draw(self, rng: np.random.Generator) -> float:
        """Draw κ."""
        return rng.uniform(self.lower, 1)

    def possible(self, values: np.ndarray) -> np.ndarray:
        """Return those of some correlations that the prior allows."""
        return values[self.lower <= values]


@dataclass(frozen=True)
class KnownCorrelation:
    """κ known exactly, or (1 + κ) / 2 with a Beta distribution.

    Parameters
    ----------
    value : Known
    """

    value: Known

    @property
    def assumptions(self) -> tuple[Assumption, ...]:
        return (
            Assumption(
                name="correlation",
                statement="The correlation of what the features leave open of outcome and decision "
                f"is {self.value}.",
                if_wrong="Every unseen outcome moves with it.",
                formula="corr(u, v) = κ",
                checks=("agrees with the data: correlation",),
                fields=("correlation",),
            ),
        )

    @property
    def sd(self) -> float:
        """Prior standard deviation of κ."""
        return self.value.sd

    def inputs(self) -> dict[str, float]:
        """Return the numbers that the graph takes."""
        values = {"known_correlation": self.value.value}
        if not self.value.exact:
            values["known_correlation_sd"] = self.value.sd
        return values

    def add(self, given: Mapping[str, Any]) -> Any:
        """Add κ to the graph."""
        import pymc as pm

        known = given["known_correlation"]
        if self.value.exact:
            return pm.Deterministic(NAME, known)
        sd = given["known_correlation_sd"]
        share = pm.Beta("correlation_share", mu=(1 + known) / 2, sigma=sd / 2)
        return pm.Deterministic(NAME, 2 * share - 1)

    def draw(self, rng: np.random.Generator) -> float:
        """Draw κ."""
        if self.value.exact:
            return self.value.value
        share = Known((1 + self.value.value) / 2, sd=self.value.sd / 2)
        return 2 * float(rng.beta(*share.as_beta())) - 1

    def possible(self, values: np.ndarray) -> np.ndarray:
        """Return correlations within three prior standard deviations, inside (-1, 1)."""
        if self.value.exact:
            return np.array([self.value.value])
        steps = np.linspace(-3, 3, len(values))
        return np.clip(self.value.value + self.value.sd * steps, -1, 1)


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


def correlation_prior_of(model: Heckman) -> CorrelationPrior | KnownCorrelation:
    """Return the prior of κ of a model."""
    if model.correlation is None:
        return CORRELATION_PRIORS[model.selection]
    return KnownCorrelation(as_known(model.correlation))
