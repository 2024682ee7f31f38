"""What a family of outcomes decides: conditional likelihood, replications, words."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from causalstats.core.assumption import Assumption


class OutcomeFamily(Protocol):
    """A distribution of outcomes whose unit effects drop out given the sum of a unit's outcomes.

    Arrays are padded to T periods; `seen` (N, T) is 1 where a unit was seen and 0 elsewhere.
    """

    @property
    def ratio(self) -> str:
        """What a treatment multiplies, in words."""

    @property
    def average_unavailable(self) -> str:
        """Why the data cannot say the mean change of the outcome; empty where they can."""

    def refuse(self, outcome: np.ndarray) -> None:
        """Raise `ModelError` on values that the family does not have."""

    def informative(self, outcome: np.ndarray, seen: np.ndarray) -> np.ndarray:
        """Return which units (N,) say something of effects."""

    def by_unit(
        self, predictor: np.ndarray, outcome: np.ndarray, seen: np.ndarray
    ) -> np.ndarray:
        """Return log likelihoods (N, n) of predictors (N, T, n), but for a constant."""

    def node(self, predictor: Any, outcome: np.ndarray, seen: np.ndarray) -> Any:
        """Return the log likelihood of each unit (N,) as an expression of PyTensor."""

    def replicate(
        self,
        predictor: np.ndarray,
        outcome: np.ndarray,
        seen: np.ndarray,
        rng: np.random.Generator,
    ) -> np.ndarray:
        """Return new outcomes (N, T) with the sums of those observed, of predictors (N, T)."""

    def draw(self, predictor: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return outcomes of predictors with unit effects."""

    def assumption(self, robust: bool) -> Assumption:
        """Return the assumption of the distribution, robust to more with clustered errors."""
