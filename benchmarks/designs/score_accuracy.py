"""Designs of a score's accuracy under selective verification.

The model is right, and the score a function of the features and the group, which are features. The
truth of a superpopulation is that of 400,000 people, and that of a study of the people themselves.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit

import causalstats as cs
from causalstats.numerics.selection import score_accuracy as accuracy
from designs import Answered, Design

_NAMES = ["x1", "x2", "x3"]
_SLOPES = np.array([0.8, -0.6, 0.4])
_TRUTH_SEED = 1983
_TRUTH_BLOCKS = 8
_BLOCK = 50_000


@dataclass(frozen=True, kw_only=True)
class Setting:
    """A world of people with a score, in two groups.

    Parameters
    ----------
    people : int
    width : float
        Range of the unobservable, in log-odds.
    intercept : float
        Of risk, in log-odds.
    testing : float
        Intercept of testing beside risk.
    of_group : float
        Effect of the group on risk.
    shared : float
        The share of the log-odds of risk that the score has.
    threshold : float
        From which the score is positive.
    as_test : bool
        Whether the score is a test of 0 and 1, and a feature itself.
    low : bool
        Whether people are decided for because their risk is low.
    sd : float
        Standard deviation of the prevalence that is declared; 0 declares none.
    rates : (sensitivity, specificity)
        Of the test by which outcomes are seen.
    fields : mapping of str to value
        Other fields of the model.
    """

    people: int = 500
    width: float = 3.0
    intercept: float = -1.0
    testing: float = 0.3
    of_group: float = 0.6
    shared: float = 1.0
    threshold: float = 0.4
    as_test: bool = False
    low: bool = False
    sd: float = 0.02
    rates: tuple[float, float] = (1.0, 1.0)
    fields: tuple[tuple[str, Any], ...] = ()


def people_of(setting: Setting, people: int, rng: np.random.Generator) -> pd.DataFrame:
    """Return people with their score, group, outcome, and whether they are tested.

    Parameters
    ----------
    setting : Setting
    people : int
    rng : Generator
    """
    x = rng.standard_normal((people, 3))
    member = rng.random(people) < 0.4
    linear = x @ _SLOPES
    score = expit(setting.shared * linear + setting.intercept)
    if setting.as_test:
        test = rng.random(people) < expit(linear)
        score = test.astype(float)
        linear = linear + 1.0 * test
    risk = setting.intercept + linear + setting.of_group * member
    risk += setting.width * (rng.random(people) - 0.5)
    index = -risk if setting.low else risk
    tested = rng.random(people) < expit(index + setting.testing + 0.6 * x[:, 0])
    outcome = rng.random(people) < expit(risk)
    sensitivity, specificity = setting.rates
    result = rng.random(people) < np.where(outcome, sensitivity, 1 - specificity)
    return pd.DataFrame(x, columns=_NAMES).assign(
        score=score,
        member=member.astype(float),
        group=np.where(member, "a", "b"),
        tested=tested,
        outcome=outcome,
        y=np.where(tested, result, np.nan),
    )


def _asked_groups(frame: pd.DataFrame) -> Mapping[str, np.ndarray]:
    return {
        "everybody": np.ones(len(frame), bool),
        "untested": ~frame["tested"].to_numpy(),
        "a": (frame["group"] == "a").to_numpy(),
        "b": (frame["group"] == "b").to_numpy(),
    }


def _measures(frame: pd.DataFrame, setting: Setting) -> dict[str, dict[str, float]]:
    """Return every measure of the score in every group of a frame of known outcomes."""
    names = {
        "sensitivity": accuracy.sensitivity,
        "specificity": accuracy.specificity,
        "positive_predictive_value": accuracy.positive_predictive_value,
        "negative_predictive_value": accuracy.negative_predictive_value,
        "share_positive": accuracy.share_positive,
        "area_under_curve": lambda counts, _: accuracy.area_under_curve(counts),
    }
    if not setting.as_test:
        names |= {
            "brier_score": lambda counts, _: accuracy.brier_score(counts),
            "calibration_in_the_large": lambda counts, _: (
                accuracy.calibration_in_the_large(counts)
            ),
            "net_benefit": accuracy.net_benefit,
        }
    found = {}
    for group, rows in _asked_groups(frame).items():
        counts = accuracy.cases_and_controls(
            accuracy.ScoreValues.from_score(frame["score"].to_numpy()[rows]),
            frame["outcome"].to_numpy(float)[rows],
            np.ones(rows.sum()),
        )
        found[group] = {
            name: float(compute(counts, setting.threshold))
            for name, compute in names.items()
        }
    return found


@cache
def _of_everybody(setting: Setting) -> tuple[dict[str, dict[str, float]], float]:
    """Return the measures of the superpopulation and its prevalence."""
    rng = np.random.default_rng(_TRUTH_SEED)
    blocks = [people_of(setting, _BLOCK, rng) for _ in range(_TRUTH_BLOCKS)]
    frame = pd.concat(blocks, ignore_index=True)
    return _measures(frame, setting), float(frame["outcome"].mean())


def data_of(
    setting: Setting, seed: int
) -> tuple[cs.SelectiveLabels, cs.Decisions, pd.DataFrame]:
    """Return the model, the data and the people with their outcomes."""
    rng = np.random.default_rng(seed)
    frame = people_of(setting, setting.people, rng)
    features = [*_NAMES, "member", *(["score"] if setting.as_test else [])]
    data = cs.Decisions.from_frame(
        frame.drop(columns="outcome"),
        outcome="y",
        decision="tested",
        features=features,
        keep=["group"] if setting.as_test else ["group", "score"],
    )
    fields: dict[str, Any] = dict(setting.fields)
    if setting.sd > 0:
        declared = _of_everybody(setting)[1] + rng.normal(0, setting.sd)
        fields["prevalence"] = cs.Known(max(declared, 0.002), sd=setting.sd)
    model = cs.SelectiveLabels(
        decided_for="low" if setting.low else "high",
        sensitivity=setting.rates[0],
        specificity=setting.rates[1],
        **fields,
    )
    return model, data, frame


def _make(
    setting: Setting, population: str, seed: int
) -> tuple[cs.SelectiveLabels, cs.Decisions, dict[str, dict[str, float]]]:
    """Return the model, the data, and the measures of everybody, the untested and two groups."""
    model, data, frame = data_of(setting, seed)
    if population == "study":
        return model, data, _measures(frame, setting)
    return model, data, _of_everybody(setting)[0]


def _asked(
    setting: Setting, population: str, fit: cs.Fit, truth: dict[str, dict[str, float]]
) -> Answered:
    """Return every measure of everybody, of the untested, and of group a less those of group b."""
    threshold = None if setting.as_test else setting.threshold
    ask = partial(fit.accuracy, "score", threshold=threshold, population=population)
    gaps = {name: value - truth["b"][name] for name, value in truth["a"].items()}
    asked = {
        "everybody": (ask(), truth["everybody"]),
        "untested": (ask(among="untested"), truth["untested"]),
        "a - b": (ask(by="group", against="b"), gaps),
    }
    return Answered.of_answers(asked)


def _design(name: str, population: str = "superpopulation", **settings: Any) -> Design:
    setting = Setting(**settings)
    return Design(
        name=name,
        family="score_accuracy",
        make=partial(_make, setting, population),
        ask=partial(_asked, setting, population),
    )


SETTINGS: dict[str, dict[str, Any]] = {
    "hidden cause": {},
    "nothing hidden": {"width": 0.0},
    "test of 0 and 1, nothing hidden, as known": {
        "width": 0.0,
        "as_test": True,
        "threshold": 1.0,
        "sd": 0.0,
        "fields": (("unobserved_scale", 0.0),),
    },
    "test of 0 and 1, hidden cause": {"as_test": True, "threshold": 1.0},
    "rare outcome, hidden cause": {
        "people": 600,
        "intercept": -2.6,
        "testing": 1.5,
        "threshold": 0.1,
        "sd": 0.01,
    },
    "score of half the slopes, hidden cause": {"shared": 0.5},
    "decided for because the risk is low": {"low": True},
    "imperfect test of the outcome": {"rates": (0.85, 0.95)},
}

DESIGNS = [
    *(_design(name, **settings) for name, settings in SETTINGS.items()),
    _design("hidden cause, of the study", "study"),
    _design("nothing hidden, of the study", "study", width=0.0),
]
