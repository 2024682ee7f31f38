"""Fixed-effects Poisson: counts are multinomial given their sum, in shares p_it ∝ exp(x_it'β).

Only the mean has to be right for the estimate (Wooldridge 1999): counts may be overdispersed
(negative binomial), of any correlation within units, and need not be whole: the likelihood of rates
is then divided by their dispersion, so that no unit such as per 1,000 changes the answer. There is
no offset: the logarithm of an exposure, as a covariate, has a coefficient that is learned and not
1. Rates, counts over exposures, are what an exposure of 1 has.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from causalstats.core.assumption import Assumption
from causalstats.errors import ModelError
from causalstats.models.panel_glm.assumptions import BOUNDED, LATER
from causalstats.models.shared.covariate_form import LINEAR_COVARIATES

_UNSEEN = -1e30  # a predictor of weight 0


@dataclass(frozen=True)
class Poisson:
    """Poisson regression with unit effects (Hausman, Hall & Griliches 1984)."""

    ratio: str = "mean of the outcome"
    average_unavailable: str = ""

    def refuse(self, outcome: np.ndarray) -> None:
        if outcome.min() < 0:
            raise ModelError(
                f"Expected counts for family='poisson', got {outcome.min():g}. Outcomes that can "
                "be negative are for `cs.PanelDML`."
            )

    def informative(self, outcome: np.ndarray, seen: np.ndarray) -> np.ndarray:
        return (outcome.sum(axis=1) > 0) & (seen.sum(axis=1) > 1)

    def by_unit(
        self, predictor: np.ndarray, outcome: np.ndarray, seen: np.ndarray
    ) -> np.ndarray:
        masked = np.where(seen[:, :, None] > 0, predictor, _UNSEEN)
        largest = masked.max(axis=1, keepdims=True)
        total = np.exp(masked - largest).sum(axis=1)
        explained = np.einsum("nt,ntm->nm", outcome, predictor)
        sums = outcome.sum(axis=1)[:, None]
        return explained - sums * (np.log(total) + largest[:, 0])

    def node(self, predictor: Any, outcome: np.ndarray, seen: np.ndarray) -> Any:
        import pytensor.tensor as pt

        masked = pt.switch(seen > 0, predictor, _UNSEEN)
        explained = (outcome * predictor).sum(axis=1)
        return explained - outcome.sum(axis=1) * pt.logsumexp(masked, axis=1)

    def replicate(
        self,
        predictor: np.ndarray,
        outcome: np.ndarray,
        seen: np.ndarray,
        rng: np.random.Generator,
    ) -> np.ndarray:
        masked = np.where(seen > 0, predictor, _UNSEEN)
        weight = np.exp(masked - masked.max(axis=1, keepdims=True))
        shares = weight / weight.sum(axis=1, keepdims=True)
        sums = np.round(outcome.sum(axis=1)).astype(int)
        return rng.multinomial(sums, shares).astype(float)

    def draw(self, predictor: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        return rng.poisson(np.exp(np.minimum(predictor, 15.0))).astype(float)

    def assumption(self, robust: bool) -> Assumption:
        spread = (
            "Counts may vary more or less than Poisson ones, and last within units."
        )
        if not robust:
            spread = "Given units, counts are Poisson and independent."
        return Assumption(
            name="multiplicative mean",
            statement="Treatment and covariates multiply the mean of the outcome, by the same "
            f"factor at every level of the unit. {spread}",
            if_wrong="The ratio is an average over units that changes with their levels; where "
            "effects add, take `cs.PanelDML`.",
            formula="E(Y_it | unit) = exp(a_i + x_it'β), a_i anything",
            checks=(
                "ratio the same at every level",
                LATER,
                BOUNDED,
                LINEAR_COVARIATES,
            ),
            fields=("family",),
        )


POISSON = Poisson()
