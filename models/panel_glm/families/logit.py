"""Fixed-effects logit: the conditional logit given a unit's number of ones (Chamberlain 1980).

P(y_i | Σ_t y_it = s) = exp(Σ_t y_it x_it'β) / e_s(exp(x_i1'β), ..., exp(x_iT'β))

e_s is the elementary symmetric polynomial, by its recursion over periods.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from causalstats.core.assumption import Assumption
from causalstats.errors import ModelError
from causalstats.models.shared.covariate_form import LINEAR_COVARIATES


@dataclass(frozen=True)
class Logit:
    """Logistic regression with unit effects."""

    ratio: str = "odds of the outcome"
    average_unavailable: str = (
        "the conditional likelihood takes unit effects out, and without them odds are no "
        "probabilities. The mean change of the probability is that of the linear probability "
        "model, `cs.PanelDML`."
    )

    def refuse(self, outcome: np.ndarray) -> None:
        if not np.isin(outcome, (0.0, 1.0)).all():
            raise ModelError(
                "Expected an outcome of 0 and 1 for family='logit', got "
                f"{outcome[~np.isin(outcome, (0.0, 1.0))][0]:g}. Counts are for "
                "family='poisson'."
            )

    def informative(self, outcome: np.ndarray, seen: np.ndarray) -> np.ndarray:
        ones = outcome.sum(axis=1)
        return (ones > 0) & (ones < seen.sum(axis=1))

    def by_unit(
        self, predictor: np.ndarray, outcome: np.ndarray, seen: np.ndarray
    ) -> np.ndarray:
        centred = predictor - predictor.max(axis=1, keepdims=True)
        ones = outcome.sum(axis=1).astype(int)
        weight = np.exp(centred) * seen[:, :, None]
        last = _symmetric(weight, int(ones.max()))[-1]
        explained = np.einsum("nt,ntm->nm", outcome, centred)
        return explained - np.log(last[np.arange(len(ones)), ones])

    def node(self, predictor: Any, outcome: np.ndarray, seen: np.ndarray) -> Any:
        import pytensor.tensor as pt

        units, times = outcome.shape
        ones = outcome.sum(axis=1).astype(int)
        centred = predictor - predictor.max(axis=1, keepdims=True)
        weight = pt.exp(centred) * seen
        first = np.zeros((units, int(ones.max()) + 1))
        first[:, 0] = 1
        symmetric = pt.as_tensor_variable(first)
        for t in range(times):
            longer = symmetric[:, 1:] + symmetric[:, :-1] * weight[:, t : t + 1]
            symmetric = pt.concatenate([symmetric[:, :1], longer], axis=1)
        chosen = np.zeros(first.shape)
        chosen[np.arange(units), ones] = 1
        return (outcome * centred).sum(axis=1) - pt.log(
            (symmetric * chosen).sum(axis=1)
        )

    def replicate(
        self,
        predictor: np.ndarray,
        outcome: np.ndarray,
        seen: np.ndarray,
        rng: np.random.Generator,
    ) -> np.ndarray:
        left = outcome.sum(axis=1).astype(int)
        centred = predictor - predictor.max(axis=1, keepdims=True)
        weight = np.exp(centred) * seen
        symmetric = _symmetric(weight[:, :, None], int(left.max()))[:, :, :, 0]
        units = np.arange(len(left))
        drawn = np.zeros(outcome.shape)
        for t in reversed(range(outcome.shape[1])):
            before = symmetric[t, units, np.maximum(left - 1, 0)]
            after = symmetric[t + 1, units, left]
            chance = np.where(left > 0, weight[:, t] * before / after, 0.0)
            drawn[:, t] = rng.random(len(left)) < chance
            left = left - drawn[:, t].astype(int)
        return drawn

    def draw(self, predictor: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        chance = 1 / (1 + np.exp(-predictor))
        return (rng.random(predictor.shape) < chance).astype(float)

    def assumption(self, robust: bool) -> Assumption:
        return Assumption(
            name="logit, independent given the unit",
            statement="Treatment and covariates multiply the odds of the outcome, by the same "
            "factor in every unit, and given the unit outcomes of different periods are "
            "independent.",
            if_wrong="Where the outcome depends on its own past, or odds change by another factor "
            "at other levels, the ratio is biased.",
            formula="P(Y_it = 1 | unit) = 1 / (1 + exp(-a_i - x_it'β)), a_i anything",
            checks=(
                "ratio the same at every level",
                LINEAR_COVARIATES,
                "predicts the products of adjacent outcomes",
            ),
            fields=("family",),
        )


def _symmetric(weight: np.ndarray, degree: int) -> np.ndarray:
    """Return elementary symmetric polynomials of the first t weights, (T + 1, N, degree + 1, n).

    Parameters
    ----------
    weight : array, shape (N, T, n)
    degree : int
    """
    units, times, points = weight.shape
    values = np.zeros((times + 1, units, degree + 1, points))
    values[0, :, 0] = 1
    for t in range(times):
        values[t + 1] = values[t]
        values[t + 1, :, 1:] += values[t, :, :-1] * weight[:, None, t]
    return values


LOGIT = Logit()
