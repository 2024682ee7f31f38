"""Designs of the people whom to test next: the cases that are found, and how the headline narrows.

The model is right. Each plan is carried out with the outcomes that the untested have in truth, and
the posterior given these outcomes is that of the draws with weights Π P(Y_i | T_i=0, x_i).
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pandas as pd

import causalstats as cs
from designs import Answered, Design
from designs.score_accuracy import Setting, data_of

_BUDGET = 40
_PLANS = {"riskiest": "riskiest", "most informative": "most_informative"}


def _make(
    setting: Setting, seed: int
) -> tuple[cs.SelectiveLabels, cs.Decisions, np.ndarray]:
    """Return the model, the data, and the outcome of everybody, by row."""
    model, data, frame = data_of(setting, seed)
    return model, data, frame["outcome"].to_numpy()


def _asked(fit: cs.Fit, truth: np.ndarray) -> Answered:
    """Return the cases that two plans find, and the variance of the headline after them."""
    answer = fit.next_tests(_BUDGET)
    headline = fit.effect("untested_prevalence").draws
    risk = fit.effect("untested_risk").draws
    rows, figures = {}, {}
    for plan, column in _PLANS.items():
        expected = answer.plans.loc[plan]
        chosen = answer.people.index[answer.people[column]]
        outcome = truth[chosen]
        rows[f"found, {plan}"] = {
            "mean": expected["found"],
            "lower": expected["lower"],
            "upper": expected["upper"],
            "truth": float(outcome.sum()),
            "doubted": bool(answer.doubts),
        }
        chances = risk.sel(person=chosen).to_numpy().reshape(-1, len(chosen))
        variance, ess = _variance_given(headline.to_numpy().ravel(), chances, outcome)
        figures |= {
            f"variance now, {plan}": float(expected["sd_now"] ** 2),
            f"variance expected, {plan}": float(expected["sd_expected"] ** 2),
            f"variance given the outcomes, {plan}": variance,
            f"effective draws, {plan}": ess,
        }
    numbers = pd.DataFrame.from_dict(rows, orient="index")
    return Answered(numbers=numbers, doubts=answer.doubts, figures=figures)


def _variance_given(
    headline: np.ndarray, chances: np.ndarray, outcome: np.ndarray
) -> tuple[float, float]:
    """Return the posterior variance of the headline given outcomes, and the effective draws.

    Parameters
    ----------
    headline : array (draws,)
    chances : array (draws, k)
        P(Y=1 | T=0, x) of those who are tested.
    outcome : bool array (k,)
    """
    log_weights = np.log(np.where(outcome, chances, 1 - chances)).sum(axis=1)
    weights = np.exp(log_weights - log_weights.max())
    weights /= weights.sum()
    mean = weights @ headline
    return float(weights @ (headline - mean) ** 2), float(1 / (weights @ weights))


def _design(name: str, **settings: Any) -> Design:
    return Design(
        name=name,
        family="next_tests",
        make=partial(_make, Setting(**settings)),
        ask=_asked,
    )


DESIGNS = [
    _design("hidden cause"),
    _design("nothing hidden", width=0.0),
    _design(
        "prevalence known to ± .08",
        sd=0.08,
    ),
    _design("rare outcome", people=600, intercept=-2.6, testing=1.5, sd=0.01),
]
