"""Persons, and units of panels, that were recorded twice under another number.

Of counts and of zeros and ones, copies of half of the units halved the width of no interval as it
should be, and no check said a word: rows of few values agree by chance.
"""

import numpy as np
import pandas as pd
import pytest

import causalstats as cs
from causalstats.models.shared.copies_of_units import no_unit_twice

NAME = "no row twice"
MODELS = {
    "numbers": cs.PanelDML(),
    "counts": cs.PanelGLM(),
    "zeros and ones": cs.PanelGLM(family="logit"),
}


def study(kind, seed, units=300, times=8):
    """Units with a lasting part, treated or not in each period."""
    rng = np.random.default_rng(seed)
    own = rng.standard_normal((units, 1))
    d = (rng.random((units, times)) < 1 / (1 + np.exp(-own))).astype(float)
    index = own + 0.5 * d
    outcomes = {
        "numbers": index + rng.standard_normal(d.shape),
        "counts": rng.poisson(np.exp(0.5 + 0.7 * index)),
        "zeros and ones": rng.random(d.shape) < 1 / (1 + np.exp(-index)),
    }
    return pd.DataFrame(
        {
            "unit": np.repeat(np.arange(units), times),
            "time": np.tile(np.arange(times), units),
            "d": d.ravel(),
            "y": outcomes[kind].ravel().astype(float),
        }
    )


def recorded_twice(frame, share):
    last = share * (frame["unit"].max() + 1)
    again = frame[frame["unit"] < last]
    return pd.concat([frame, again.assign(unit=again["unit"] + 10_000)])


def read(frame):
    return cs.Panel.from_frame(
        frame, unit="unit", time="time", outcome="y", treatment="d"
    )


@pytest.mark.parametrize("kind", MODELS)
def test_units_under_two_numbers_are_seen(kind):
    found = [
        no_unit_twice(read(recorded_twice(study(kind, seed), 0.4)), "units")
        for seed in range(5)
    ]
    assert all(found)
    (check,) = found[0]
    assert check.passed is (False if kind == "numbers" else None)
    assert "of 420 units" in check.finding


@pytest.mark.parametrize("kind", MODELS)
def test_units_that_agree_by_chance_pass(kind):
    few = sum(bool(no_unit_twice(read(study(kind, s)), "")) for s in range(40))
    short = (study(kind, s, times=3) for s in range(40))
    assert few + sum(bool(no_unit_twice(read(each), "")) for each in short) == 0


@pytest.mark.parametrize("kind", MODELS)
def test_the_check_stands_on_the_answers_of_each_family(kind):
    data = read(recorded_twice(study(kind, 1), 1.0))
    found = [each for each in MODELS[kind].data_checks(data) if each.name == NAME]
    assert len(found) == 1 and found[0].passed is not True
    right = MODELS[kind].data_checks(read(study(kind, 1)))
    assert NAME not in {each.name for each in right}


def people(seed, columns):
    rng = np.random.default_rng(seed)
    x = (rng.random((600, columns)) < 0.5).astype(float)
    risk = x.sum(axis=1) / np.sqrt(columns) - 1
    tested, ill = rng.random((2, 600)) < 1 / (1 + np.exp(-risk))
    names = [f"x{k}" for k in range(columns)]
    frame = pd.DataFrame(x, columns=names).assign(
        tested=tested, ill=np.where(tested, ill, np.nan)
    )
    return frame, names


def checks_of(frame, names):
    frame = frame.assign(number=np.arange(len(frame)))
    data = cs.Decisions.from_frame(
        frame, outcome="ill", decision="tested", features=names, keep=["number"]
    )
    checks = cs.SelectiveLabels().data_checks(data)
    return [each for each in checks if each.name == NAME]


def test_people_with_features_of_0_and_1_under_two_numbers_are_a_caution():
    """Their number is kept in the table, and tells nobody from a copy."""
    frame, names = people(1, 14)
    assert not checks_of(frame, names)
    (check,) = checks_of(pd.concat([frame, frame[:240]], ignore_index=True), names)
    assert check.passed is None and check.caution
    assert "pairs more often than independent ones" in check.finding


def test_a_diagram_over_few_columns_ties_by_chance_and_passes():
    frame, names = people(2, 4)
    whole = frame[[*names, "tested"]].astype(int)
    model = cs.CausalDiagram("x0 -> tested", outcome="tested", treatment="x0")
    checks = model.data_checks(cs.Observations.from_frame(whole[["x0", "tested"]]))
    assert NAME not in {each.name for each in checks}
