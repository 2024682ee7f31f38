"""Fixed-effects logit: the conditional logit given a unit's number of ones (Chamberlain 1980).

P(y_i | Σ_t y_it = s) = exp(Σ_t y_it x_it'β) / e_s(exp(x_i1'β), ..., exp(x_iT'β))

Unit effects, the incidental parameters that bias an ordinary logit, are not in it. e_s is the
elementary symmetric polynomial. Of hundreds of periods it is beyond the range of
floating point, above it or below. With p_t = 1 / (1 + exp(q - x_it'β)) it is

  e_s = Pr(Σ_t B_t = s) exp(s q) / Π_t (1 - p_t),    B_t ~ Bernoulli(p_t) independent,

whatever q is, and the probability is not small where Σ_t p_t is near s. It has a recursion over
periods.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from causalstats.core.assumption import Assumption
from causalstats.errors import ModelError
from causalstats.models.panel_glm.assumptions import BOUNDED, LATER
from causalstats.models.shared.covariate_form import LINEAR_COVARIATES

_STEPS, _STEPS_OF_GRAPH = 12, 2
_LONGEST = 4.0  # step of a level
_LEAST = 1e-300


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
        ones = outcome.sum(axis=1).astype(int)
        about = predictor - _level(np, predictor, ones[:, None], seen[:, :, None])
        probability = _sigmoid(np, about) * seen[:, :, None]
        last = _sums(probability, int(ones.max()))[-1]
        with np.errstate(divide="ignore"):
            log_sum = np.log(last[np.arange(len(ones)), ones])
        others = (np.logaddexp(0, about) * seen[:, :, None]).sum(axis=1)
        return np.einsum("nt,ntm->nm", outcome, about) - others - log_sum

    def node(self, predictor: Any, outcome: np.ndarray, seen: np.ndarray) -> Any:
        import pytensor.tensor as pt

        units, times = outcome.shape
        ones = outcome.sum(axis=1).astype(int)
        about = predictor - _level(pt, predictor, ones, seen, _STEPS_OF_GRAPH)
        probability = _sigmoid(pt, about) * seen
        first = np.zeros((units, int(ones.max()) + 1))
        first[:, 0] = 1
        sums = pt.as_tensor_variable(first)
        for t in range(times):
            p = probability[:, t : t + 1]
            longer = sums[:, 1:] * (1 - p) + sums[:, :-1] * p
            sums = pt.concatenate([sums[:, :1] * (1 - p), longer], axis=1)
        chosen = np.zeros(first.shape)
        chosen[np.arange(units), ones] = 1
        log_sum = pt.log((sums * chosen).sum(axis=1))
        others = (pt.softplus(about) * seen).sum(axis=1)
        return (outcome * about).sum(axis=1) - others - log_sum

    def replicate(
        self,
        predictor: np.ndarray,
        outcome: np.ndarray,
        seen: np.ndarray,
        rng: np.random.Generator,
    ) -> np.ndarray:
        left = outcome.sum(axis=1).astype(int)
        level = _level(np, predictor, left, seen)
        probability = _sigmoid(np, predictor - level) * seen
        sums = _sums(probability[:, :, None], int(left.max()))[:, :, :, 0]
        units = np.arange(len(left))
        drawn = np.zeros(outcome.shape)
        for t in reversed(range(outcome.shape[1])):
            before = sums[t, units, np.maximum(left - 1, 0)]
            after = np.maximum(sums[t + 1, units, left], _LEAST)
            chance = np.where(left > 0, probability[:, t] * before / after, 0.0)
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
                LATER,
                BOUNDED,
                LINEAR_COVARIATES,
                "predicts the products of adjacent outcomes",
            ),
            fields=("family",),
        )


def _sigmoid(xp: Any, values: Any) -> Any:
    return (1 + xp.tanh(values / 2)) / 2


def _level(
    xp: Any,
    predictor: Any,
    ones: np.ndarray,
    seen: np.ndarray,
    steps: int = _STEPS,
) -> Any:
    """Return q of each unit at which Σ_t p_t is about its number of ones, by Newton's method.

    From where it would be if the predictors were normal: E p is then about that of a logistic
    distribution of √(1 + π v / 8) times the scale, v their variance.

    Parameters
    ----------
    xp : module
        NumPy, or `pytensor.tensor`.
    predictor : array, shape (N, T, ...)
    ones : int array, shape (N, ...)
    seen : array, shape (N, T, ...)
    steps : int
    """
    count = seen.sum(axis=1)
    odds = (ones + 0.5) / (count - ones + 0.5)
    middle = (predictor * seen).sum(axis=1) / count
    variance = ((predictor - middle[:, None]) ** 2 * seen).sum(axis=1) / count
    level = middle - np.log(odds) * xp.sqrt(1 + np.pi / 8 * variance)
    for _ in range(steps):
        p = _sigmoid(xp, predictor - level[:, None]) * seen
        slope = (p * (1 - p)).sum(axis=1) + _LEAST
        step = (p.sum(axis=1) - ones) / slope
        level = level + _LONGEST * xp.tanh(step / _LONGEST)
    return level[:, None]


def _sums(probability: np.ndarray, degree: int) -> np.ndarray:
    """Return the chances of 0 to `degree` ones in the first t periods, (T + 1, N, degree + 1, n).

    Parameters
    ----------
    probability : array, shape (N, T, n)
    degree : int
    """
    units, times, points = probability.shape
    values = np.zeros((times + 1, units, degree + 1, points))
    values[0, :, 0] = 1
    for t in range(times):
        p = probability[:, None, t]
        values[t + 1] = values[t] * (1 - p)
        values[t + 1, :, 1:] += values[t, :, :-1] * p
    return values


LOGIT = Logit()
