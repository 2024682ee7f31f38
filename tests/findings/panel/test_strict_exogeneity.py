"""Trends, anticipation, feedback and carry-over are found in panels, and the remedies help."""

import numpy as np
import pandas as pd
import pytest

import causalstats as cs


def _grid(units, times):
    return pd.DataFrame(
        {
            "unit": np.repeat(np.arange(units), times),
            "time": np.tile(np.arange(times), units),
        }
    )


def _read(frame, treatment="d", covariates=()):
    return cs.Panel.from_frame(
        frame,
        unit="unit",
        time="time",
        outcome="y",
        treatment=treatment,
        covariates=list(covariates),
    )


def _checks(frame, treatment="d", **fields):
    model = cs.PanelDML(errors="cluster", **fields)
    return {check.name: check for check in model.data_checks(_read(frame, treatment))}


def _trends(seed, units=120, times=9):
    rng, frame = np.random.default_rng(seed), _grid(units, times)
    trend = 0.3 * rng.normal(size=units)[frame["unit"]] * frame["time"]
    frame["d"] = trend + rng.normal(size=len(frame))
    frame["y"] = frame["d"] + trend + rng.normal(size=len(frame))
    return frame


def _anticipated(seed, units=120, times=8):
    rng, frame = np.random.default_rng(seed), _grid(units, times)
    start = rng.choice([3, 4, 5, 99], units)[frame["unit"]]
    frame["d"] = (frame["time"] >= start) * 1.0
    frame["y"] = (frame["time"] >= start - 2) + rng.normal(size=len(frame))
    return frame


def _known_before(seed, units=100, times=7):
    rng, frame = np.random.default_rng(seed), _grid(units, times)
    d = rng.normal(size=(units, times + 1))
    frame["d"] = d[:, :-1].ravel()
    frame["y"] = frame["d"] + 0.4 * d[:, 1:].ravel() + rng.normal(size=len(frame))
    return frame


def _feedback(seed, units=150, times=6, binary=False):
    rng, frame = np.random.default_rng(seed), _grid(units, times)
    d, y = np.zeros((2, units, times))
    for time in range(times):
        push = 0.7 * (y[:, time - 1] if time else 0.0) + rng.normal(size=units)
        d[:, time] = push > 0.5 if binary else push
        y[:, time] = d[:, time] + rng.normal(size=units)
    return frame.assign(d=d.ravel(), y=y.ravel())


def _carried_over(seed, units=100, times=8):
    rng, frame = np.random.default_rng(seed), _grid(units, times)
    d = rng.normal(size=(units, times + 1))
    frame["d"], frame["d_before"] = d[:, 1:].ravel(), d[:, :-1].ravel()
    frame["y"] = frame["d"] + 0.5 * frame["d_before"] + rng.normal(size=len(frame))
    return frame


@pytest.mark.parametrize(
    ("frame", "fields"),
    [
        (_trends(1), {"time_effects": True}),
        (_trends(2, units=300, times=5), {}),
        (_anticipated(3), {"time_effects": True}),
        (_anticipated(4, units=200), {"time_effects": True}),
        (_known_before(5), {}),
        (_feedback(6), {"time_effects": True}),
        (_feedback(7, units=250, times=5, binary=True), {}),
    ],
    ids=[
        "trends",
        "trends 2",
        "adoption",
        "adoption 2",
        "anticipation",
        "feedback",
        "feedback 2",
    ],
)
def test_treatments_that_are_not_strictly_exogenous_are_found(frame, fields):
    check = _checks(frame, **fields)["strict exogeneity"]
    assert check.passed is False
    assert check.stands_on("effect")
    assert check.assumption == "strict exogeneity"


def test_differences_from_row_to_row_take_out_trends_of_units():
    frame = _trends(8)
    changes = frame.copy()
    changes[["d", "y"]] = frame.groupby("unit")[["d", "y"]].diff()
    changes = changes.dropna()
    assert _checks(frame)["strict exogeneity"].passed is False
    assert _checks(changes)["strict exogeneity"].passed is True
    fit = cs.fit(cs.PanelDML(errors="cluster"), _read(changes), seed=1, progress=False)
    answer = fit.effect("effect").numbers().iloc[0]
    assert abs(answer["mean"] - 1) < 4 * answer["sd"]


@pytest.mark.parametrize("seed", [9, 10])
def test_carry_over_is_found_and_the_treatment_of_the_row_before_takes_it_in(seed):
    frame = _carried_over(seed)
    check = _checks(frame)["no carry-over"]
    assert check.passed is False
    assert "panel.with_lags(lags=1)" in check.remedy
    assert _checks(frame, ["d", "d_before"])["no carry-over"].passed is True
    model = cs.PanelDML(errors="cluster")
    fit = cs.fit(model, _read(frame, ["d", "d_before"]), seed=1, progress=False)
    answers = fit.effect("effect").numbers()
    np.testing.assert_array_less(abs(answers["mean"] - [1, 0.5]), 4 * answers["sd"])


@pytest.mark.parametrize("rows", ["as drawn", "some missing", "permuted"])
def test_a_lasting_treatment_with_lasting_errors_raises_no_alarm(rows):
    rng, frame = np.random.default_rng(11), _grid(120, 8)
    v, e = np.zeros((2, 120, 8))
    for time in range(8):
        v[:, time] = 0.8 * (v[:, time - 1] if time else 0.0) + rng.normal(size=120)
        e[:, time] = 0.8 * (e[:, time - 1] if time else 0.0) + rng.normal(size=120)
    frame["d"] = v.ravel()
    frame["y"] = frame["d"] + e.ravel() + rng.normal(size=120)[frame["unit"]]
    if rows == "some missing":
        frame = frame[rng.random(len(frame)) < 0.7]
    if rows == "permuted":
        frame = frame.sample(frac=1, random_state=1)
    checks = _checks(frame, time_effects=True)
    assert checks["strict exogeneity"].passed is True
    assert checks["no carry-over"].passed is True


def test_two_rows_a_unit_cannot_show_a_failure_of_strict_exogeneity():
    rng, frame = np.random.default_rng(12), _grid(50, 2)
    frame["d"], frame["y"] = rng.normal(size=(2, 100))
    check = _checks(frame)["strict exogeneity"]
    assert check.passed is None
    assert "cannot show" in check.finding


def test_effects_that_grow_are_not_taken_for_anticipation():
    """Rows before adoption are tested by themselves: what happens after says nothing of them."""
    rng, frame = np.random.default_rng(13), _grid(160, 10)
    start = np.array([3, 5, 7, 99])[frame["unit"] % 4]
    frame["d"] = (frame["time"] >= start) * 1.0
    frame["y"] = frame["d"] * (1 + frame["time"] - start) + rng.normal(size=len(frame))
    assert _checks(frame, time_effects=True)["strict exogeneity"].passed is True
