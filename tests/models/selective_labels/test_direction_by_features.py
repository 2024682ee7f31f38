"""Features that move risk and decisions against the direction that a model states."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

import causalstats as cs
from causalstats.models.selective_labels.direction_by_features import (
    features_against_the_direction,
    risk_and_decision,
)


def people(seed, direction, count=2000):
    """Return people with three features, decided for by their risk in a direction, and the risk.

    Parameters
    ----------
    seed : int
    direction : float
        The coefficient of the risk in the decision.
    count : int
    """
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((count, 3))
    risk = x @ np.array([0.8, -0.6, 0.4]) - 1 + rng.uniform(-1.5, 1.5, count)
    outcome = rng.random(count) < expit(risk)
    chosen = rng.random(count) < expit(direction * risk + 0.3)
    seen = np.where(chosen, outcome, np.nan)
    frame = pd.DataFrame(x, columns=["a", "b", "c"]).assign(chosen=chosen, y=seen)
    data = cs.Decisions.from_frame(
        frame, outcome="y", decision="chosen", features=["a", "b", "c"]
    )
    return data, float(outcome.mean())


def named(model, data):
    return [check.name for check in features_against_the_direction(model, data)]


@pytest.mark.parametrize("direction", [1, -1])
def test_the_direction_that_features_contradict_is_a_caution_and_the_other_is_not(
    direction,
):
    data, _ = people(1, direction)
    stated = {1: "high", -1: "low"}
    assert named(cs.SelectiveLabels(decided_for=stated[direction]), data) == []
    wrong = cs.SelectiveLabels(decided_for=stated[-direction])
    (check,) = features_against_the_direction(wrong, data)
    assert check.caution and check.passed is None and check in wrong.data_checks(data)
    assert f"decided_for={stated[direction]!r}" in check.remedy


def test_turning_the_outcome_round_turns_the_correlation_round():
    """The correlation of linear predictors is -1 where the decision is by the risk turned round."""
    data, _ = people(2, 1, count=20_000)
    correlation, z = risk_and_decision(data)
    assert correlation == pytest.approx(1.0, abs=0.02) and z > 10
    opposite, _ = people(2, -1, count=20_000)
    assert risk_and_decision(opposite)[0] == pytest.approx(-1.0, abs=0.02)


def test_a_prevalence_on_the_side_of_the_direction_decides():
    data, prevalence = people(3, -1)
    low = cs.SelectiveLabels(prevalence=cs.Known(0.02, sd=0.005))
    assert named(low, data) == []
    near = cs.SelectiveLabels(prevalence=cs.Known(prevalence, sd=0.1))
    assert named(near, data) == ["features go with the direction of the decision"]


def test_there_is_no_direction_where_nothing_is_hidden_or_features_say_nothing():
    data, _ = people(4, -1)
    assert named(cs.SelectiveLabels(unobserved_scale=0), data) == []
    rng = np.random.default_rng(5)
    frame = pd.DataFrame({"a": rng.normal(size=500), "chosen": rng.random(500) < 0.5})
    frame["y"] = np.where(frame["chosen"], rng.random(500) < 0.3, np.nan)
    unrelated = cs.Decisions.from_frame(
        frame, outcome="y", decision="chosen", features=["a"]
    )
    assert named(cs.SelectiveLabels(), unrelated) == []
