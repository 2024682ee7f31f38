"""Checks of decisions: room for the cases found, and features recorded too late."""

import numpy as np
import pandas as pd
import pytest

import causalstats as cs


def _people(seed, people=600, weighted=False):
    """Return people, of whom those at risk are tested more often, and who is a case."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=people)
    case = rng.random(people) < 1 / (1 + np.exp(2 - x))
    tested = rng.random(people) < 1 / (1 + np.exp(-x - 2 * case))
    frame = pd.DataFrame({"x": x, "tested": tested * 1})
    frame["group"] = np.where(x + rng.normal(size=people) > 0, "a", "b")
    frame["case"] = np.where(tested, case * 1.0, np.nan)
    frame["weight"] = rng.uniform(0.5, 2, people) if weighted else 1.0
    return frame, case


def _check(frame, **fields):
    data = cs.Decisions.from_frame(
        frame,
        outcome="case",
        decision="tested",
        features=["x", "group"],
        weights="weight",
    )
    checks = cs.SelectiveLabels(**fields).data_checks(data)
    (check,) = (each for each in checks if each.name == "room for the cases found")
    return check


def test_a_prevalence_below_the_cases_found_fails():
    frame, _ = _people(1)
    found = frame["case"].eq(1).mean()
    check = _check(frame, prevalence=0.6 * found)
    assert check.passed is False
    assert check.assumption == "prevalence"
    uncertain = _check(frame, prevalence=cs.Known(0.6 * found, sd=found))
    assert uncertain.passed


def test_a_prevalence_below_the_cases_of_one_group_fails():
    frame, case = _people(2)
    in_a = frame["group"] == "a"
    right = {"a": case[in_a].mean(), "b": case[~in_a].mean()}
    assert _check(frame, prevalence=cs.KnownByGroup("group", right)).passed
    found = frame.loc[~in_a, "case"].eq(1).mean()
    wrong = cs.KnownByGroup("group", {**right, "b": 0.2 * found})
    check = _check(frame, prevalence=wrong)
    assert check.passed is False
    assert check.finding.split(" have ")[0].endswith("those with b")


@pytest.mark.parametrize("weighted", [False, True])
def test_right_prevalences_pass_even_where_everybody_is_tested(weighted):
    passed = []
    for seed in range(40):
        frame, case = _people(seed, people=300, weighted=weighted)
        everybody = frame.assign(tested=1, case=case * 1.0)
        risk = 1 / (1 + np.exp(2 - frame["x"]))
        declared = np.average(risk, weights=frame["weight"])
        passed.append(_check(everybody, prevalence=declared).passed)
    assert sum(passed) >= 39


def test_false_positives_of_a_test_take_no_room():
    frame, case = _people(3)
    rng = np.random.default_rng(3)
    positive = rng.random(len(frame)) < np.where(case, 0.9, 0.2)
    frame["case"] = np.where(frame["tested"] == 1, positive * 1.0, np.nan)
    declared = float(case.mean())
    errors = {"sensitivity": 0.9, "specificity": 0.8}
    assert _check(frame, prevalence=declared, **errors).passed
    assert not _check(frame, prevalence=0.5 * declared).passed


def test_no_case_found_is_no_dependence_of_neighbours():
    frame, _ = _people(4)
    frame["case"] = frame["case"].where(frame["case"].isna(), 0.0)
    data = cs.Decisions.from_frame(
        frame, outcome="case", decision="tested", features=["x"]
    )
    checks = cs.SelectiveLabels(excluded=["x"]).data_checks(data)
    neighbours = "rows independent of their neighbours"
    assert all(each.passed for each in checks if each.name == neighbours)


def test_features_recorded_after_the_decision_are_a_caution():
    frame, _ = _people(5)
    frame["swab"] = frame["tested"]
    frame["diagnosis"] = frame["case"].fillna(0.0)
    cautions = _copies(frame, ["x", "swab", "diagnosis"])
    assert cautions == {
        "no covariate repeats the decision": "swab",
        "no covariate repeats the outcome": "diagnosis",
    }
    assert not _copies(frame, ["x", "group"])


def _copies(frame, features):
    """Return the feature that each caution of copies names."""
    data = cs.Decisions.from_frame(
        frame, outcome="case", decision="tested", features=features
    )
    checks = cs.SelectiveLabels().data_checks(data)
    copies = [check for check in checks if check.name.startswith("no covariate")]
    return {check.name: check.finding.split()[0] for check in copies}
