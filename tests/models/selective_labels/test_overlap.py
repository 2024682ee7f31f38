"""The caution that those decided for and those not are apart in a feature."""

import numpy as np
import pandas as pd
import pytest

import causalstats as cs

NAME = "overlap of those decided for and not"


def _frame(seed, people=600):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=people)
    tested = rng.random(people) < 1 / (1 + np.exp(-x))
    case = rng.random(people) < 1 / (1 + np.exp(1 - x))
    frame = pd.DataFrame({"x": x, "tested": tested * 1})
    return frame.assign(case=np.where(tested, case * 1.0, np.nan)), rng


def _cautions(frame, features, kind="binary"):
    data = cs.Decisions.from_frame(
        frame, outcome="case", decision="tested", features=features, kind=kind
    )
    model = cs.SelectiveLabels() if kind == "binary" else cs.Heckman()
    return [check for check in model.data_checks(data) if check.name == NAME]


@pytest.mark.parametrize("filled", [0.0, 5.0])
@pytest.mark.parametrize("kind", ["binary", "continuous"])
def test_a_value_filled_in_for_the_untested_is_a_caution(filled, kind):
    frame, rng = _frame(1)
    value = np.where(frame["tested"] == 1, rng.normal(5, 1, len(frame)), filled)
    (check,) = _cautions(frame.assign(value=value), ["x", "value"], kind)
    assert check.caution
    assert check.value == pytest.approx(1)
    assert check.finding.startswith("value is")


def test_a_region_without_any_test_is_a_caution():
    frame, rng = _frame(2)
    region = rng.choice(["north", "south"], len(frame), p=[0.3, 0.7])
    frame["tested"] = frame["tested"].where(region == "south", 0)
    frame["case"] = frame["case"].where(region == "south")
    (check,) = _cautions(frame.assign(region=region), ["x", "region"])
    untested = region[frame["tested"] == 0]
    assert check.value == pytest.approx(np.mean(untested == "north"))
    assert check.finding.startswith("region is 'north'")


def test_a_symptom_that_most_untested_lack_is_none():
    frame, rng = _frame(3)
    fever = np.where(frame["tested"] == 1, rng.poisson(2, len(frame)), 0)
    assert not _cautions(frame.assign(fever=fever), ["x", "fever"])


def test_few_people_who_are_decided_for_are_not_apart_by_chance():
    rng = np.random.default_rng(4)
    stood = []
    for _ in range(40):
        frame = pd.DataFrame(rng.normal(size=(300, 5)), columns=list("abcde"))
        frame["tested"] = (np.arange(300) < 25) * 1
        frame["case"] = np.where(frame["tested"] == 1, rng.random(300) < 0.5, np.nan)
        data = cs.Decisions.from_frame(
            frame, outcome="case", decision="tested", features=list("abcde")
        )
        stood += [bool(_apart_in(data))]
    assert sum(stood) <= 3  # at 1 %, more in fewer than 1 of 1,000


def _apart_in(data):
    from causalstats.models.shared.overlap_of_decisions import overlap_of_decisions

    return overlap_of_decisions(data)
