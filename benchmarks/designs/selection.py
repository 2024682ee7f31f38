"""Designs of selective labels and of Heckman's model.

The models are right, and their answers known.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit
from scipy.stats import norm

import causalstats as cs
from designs import Design


def features_and_effects(
    rng: np.random.Generator,
    people: int,
    features: int,
    *,
    dense: bool = False,
    indicators: bool = False,
    correlation: float = 0.0,
    expertise: int = 0,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return features, their coefficients of risk, and their effects on testing beside risk.

    Parameters
    ----------
    rng : Generator
    people, features : int
    dense : bool
        Whether all features matter, or the first alone.
    indicators : bool
        Whether features are 0/1.
    correlation : float
        Correlation of any two features.
    expertise : int
        How many of the last features have no effect on testing beside risk.

    Returns
    -------
    x : array (people, features)
    risk_coefficient, policy : arrays (features,)
    """
    x = rng.standard_normal((people, features))
    x = np.sqrt(1 - correlation) * x + np.sqrt(correlation) * rng.standard_normal(
        (people, 1)
    )
    if indicators:
        x = (x > 0).astype(float)
    risk_coefficient = np.zeros(features)
    policy = np.zeros(features)
    risk_coefficient[0] = 1.0
    if dense:
        risk_coefficient = 1.3 * rng.standard_normal(features) / np.sqrt(features)
        policy = 0.7 * rng.standard_normal(features) / np.sqrt(features)
    policy[features - expertise :] = 0.0
    return x, risk_coefficient, policy


def labels(
    seed: int,
    *,
    people: int = 700,
    features: int = 4,
    width: float = 3.0,
    intercept: float = -1.0,
    dense: bool = False,
    indicators: bool = False,
    correlation: float = 0.0,
    expertise: int = 0,
    normal: bool = False,
    low: bool = False,
    sd: float = 0.01,
    counted: bool = True,
    **fields: Any,
) -> tuple[cs.SelectiveLabels, cs.Decisions, float]:
    """Return the model, the data, and the risk of those not decided for.

    Parameters
    ----------
    seed, people, features : int
    width : float
        Range of the unobservable, in log-odds.
    intercept : float
        Of risk, in log-odds.
    dense, indicators, correlation, expertise
        As in `features_and_effects`.
    normal : bool
        Whether the unobservable is Normal, with the variance of a uniform of that width.
    low : bool
        Whether people are decided for because their risk is low.
    sd : float
        Standard deviation of the prevalence that is declared.
    counted : bool
        Whether prevalence and risk are shares of these people who have the outcome, or their mean
        risks given the features, which the model is about.
    **fields
        Fields of the model.
    """
    rng = np.random.default_rng(seed)
    x, risk_coefficient, policy = features_and_effects(
        rng,
        people,
        features,
        dense=dense,
        indicators=indicators,
        correlation=correlation,
        expertise=expertise,
    )
    hidden = width * (
        rng.standard_normal(people) / np.sqrt(12)
        if normal
        else rng.random(people) - 0.5
    )
    index = x @ risk_coefficient + hidden
    outcome = rng.random(people) < expit(intercept + index)
    decided = rng.random(people) < expit((-index if low else index) + x @ policy)
    names = [f"x{k + 1}" for k in range(features)]
    frame = pd.DataFrame(x, columns=names).assign(
        decided=decided, y=np.where(decided, outcome, np.nan)
    )
    data = cs.Decisions.from_frame(
        frame, outcome="y", decision="decided", features=names
    )
    share, risk = float(outcome.mean()), float(outcome[~decided].mean())
    if not counted:
        share, risk = _mean_risks(
            x @ risk_coefficient,
            x @ policy,
            _quantiles(width, normal),
            decided,
            intercept,
            low,
        )
    declared = float(np.clip(share + rng.normal(0, sd), 0.002, 0.998))
    known: dict[str, Any] = {"prevalence": cs.Known(declared, sd=sd)} | fields
    model = cs.SelectiveLabels(
        **known,
        expertise=names[features - expertise :],
        unobservable="normal" if normal else "uniform",
        decided_for="low" if low else "high",
    )
    return model, data, risk


def _quantiles(width: float, normal: bool) -> np.ndarray:
    """Return values of the unobservable of equal probability."""
    levels = (np.arange(400) + 0.5) / 400
    return width * (norm.ppf(levels) / np.sqrt(12) if normal else levels - 0.5)


def _mean_risks(
    by_risk: np.ndarray,
    by_policy: np.ndarray,
    hidden: np.ndarray,
    decided: np.ndarray,
    intercept: float,
    low: bool,
) -> tuple[float, float]:
    """Return the mean of P(Y=1 | x) of everybody, and that of P(Y=1 | T=0, x) of the undecided.

    Parameters
    ----------
    by_risk, by_policy : array (people,)
        Linear predictors of risk, and of the decision beside risk.
    hidden : array (points,)
        Values of the unobservable of equal probability.
    decided : bool array (people,)
    intercept : float
    low : bool
    """
    index = by_risk[:, None] + hidden
    chance = expit(intercept + index)
    undecided = (
        expit(index - by_policy[:, None]) if low else expit(-index - by_policy[:, None])
    )
    untested = (chance * undecided).sum(axis=1) / undecided.sum(axis=1)
    return float(chance.mean()), float(untested[~decided].mean())


def numbers(
    seed: int,
    *,
    people: int = 1000,
    correlation: float = 0.5,
    features: int = 3,
    effect_of_last: float = 0.0,
    known_mean: bool = False,
    rare: float = 0.3,
    **fields: Any,
) -> tuple[cs.Heckman, cs.Decisions, float]:
    """Return the model, the data, and the expected mean of the outcomes that were not seen.

    Parameters
    ----------
    seed, people, features : int
    correlation : float
        Of the errors of outcome and selection.
    effect_of_last : float
        Coefficient of the last feature in the outcome; 0 makes it an exclusion.
    known_mean : bool
        Whether the model is told the mean of the population.
    rare : float
        Intercept of selection, in probits.
    **fields
        Fields of the model.
    """
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((people, features))
    v = rng.standard_normal(people)
    u = correlation * v + np.sqrt(1 - correlation**2) * rng.standard_normal(people)
    beta = np.append(0.5 * (-1.0) ** np.arange(features - 1), effect_of_last)
    gamma = np.append(np.full(features - 1, 0.8 / np.sqrt(features)), -0.8)
    y = 1 + x @ beta + u
    seen = rare + x @ gamma + v > 0
    names = [f"x{k + 1}" for k in range(features)]
    frame = pd.DataFrame(x, columns=names).assign(
        seen=seen, y=np.where(seen, y, np.nan)
    )
    data = cs.Decisions.from_frame(
        frame, outcome="y", decision="seen", features=names, kind="continuous"
    )
    if known_mean:
        fields = fields | {"mean": cs.Known(float((1 + x @ beta).mean()), sd=0.05)}
    return (
        cs.Heckman(**fields),
        data,
        float((1 + x @ beta + correlation * v)[~seen].mean()),
    )


def _design(
    name: str,
    draw: Callable[..., Any],
    estimand: str,
    known_failure: str = "",
    **settings: Any,
) -> Design:
    return Design(
        name=name,
        family="selection",
        make=partial(draw, **settings),
        estimand=estimand,
        known_failure=known_failure,
    )


_risk = partial(_design, draw=labels, estimand="untested_prevalence")
_mean = partial(_design, draw=numbers, estimand="unseen_mean")

DESIGNS = [
    _risk("4 features"),
    _risk("30 features, one matters", features=30),
    _risk("100 features, one matters", features=100),
    _risk(
        "15 correlated features, all matter",
        people=1500,
        features=15,
        correlation=0.5,
        dense=True,
    ),
    _risk("30 indicators", features=30, indicators=True),
    _risk("rare outcome", people=1500, features=8, intercept=-3.5, sd=0.004),
    _risk("nothing hidden", width=0.0),
    _risk(
        "nothing hidden, 20 features",
        features=20,
        width=0.0,
        known_failure="no unobservable is the edge of its prior, and 700 people do not rule a "
        "narrow one out: the risk of the untested comes out low by half of its standard deviation",
    ),
    _risk("wide unobservable", people=1500, features=8, width=5.0),
    _risk(
        "expertise on 10 of 15 features",
        people=1500,
        features=15,
        expertise=10,
        dense=True,
    ),
    _risk("Normal unobservable", people=1000, normal=True),
    _risk("decided for because the risk is low", people=1000, low=True),
    _risk(
        "no prevalence known",
        people=1000,
        known_failure="the shape of the unobservable alone identifies it, and its prior decides: "
        "the check 'identified by the shape of the unobservable alone' says so",
        prevalence=None,
    ),
    _mean("Heckman with an exclusion", excluded=["x3"]),
    _mean("Heckman with an exclusion, 20 features", features=20, excluded=["x20"]),
    _mean("Heckman without an exclusion", people=1500, effect_of_last=0.5),
    _mean("Heckman without selection", correlation=0.0, excluded=["x3"]),
    _mean("Heckman, few seen", people=1500, rare=-1.2, excluded=["x3"]),
    _mean("Heckman with a known mean", effect_of_last=0.5, known_mean=True),
    _mean("Heckman, small", people=250, excluded=["x3"]),
]
