"""Posterior predictive checks of errors: no alarm about treatments, time linear in rows."""

import time

import numpy as np
import pandas as pd
import pytest

import causalstats as cs
from causalstats.numerics.panel import ar1_errors as serial


def _grid(units, times):
    return pd.DataFrame(
        {
            "unit": np.repeat(np.arange(units), times),
            "time": np.tile(np.arange(times), units),
        }
    )


def _persistent(rng, units, times, rho):
    values = rng.normal(size=(units, times))
    values[:, 0] /= np.sqrt(1 - rho**2)
    for at in range(1, times):
        values[:, at] += rho * values[:, at - 1]
    return values.ravel()


def _failed(frame, **fields):
    panel = cs.Panel.from_frame(
        frame, unit="unit", time="time", outcome="y", treatment="d"
    )
    fit = cs.fit(cs.PanelDML(errors="iid", **fields), panel, seed=1, progress=False)
    return {
        check.name for check in fit.check() if check.name.startswith("predicts")
    } & {check.name for check in fit.check() if check.passed is False}


@pytest.mark.parametrize(
    ("seed", "share"), [(0, 0.5), (1, 0.1), (2, 0.03)], ids=["half", "a tenth", "rare"]
)
def test_a_treatment_of_0_and_1_is_not_taken_for_outliers(seed, share):
    rng, frame = np.random.default_rng(seed), _grid(100, 8)
    frame["d"] = (rng.random(len(frame)) < share) * 1.0
    frame["y"] = frame["d"] + rng.normal(size=len(frame))
    assert _failed(frame) == set()


@pytest.mark.parametrize(("seed", "rho"), [(3, 0.9), (4, 0.7)])
def test_a_lasting_treatment_with_independent_errors_is_no_serial_correlation(
    seed, rho
):
    """The interval of independent errors covers here: only the product of both persists or not."""
    rng, frame = np.random.default_rng(seed), _grid(100, 8)
    frame["d"] = _persistent(rng, 100, 8, rho)
    frame["y"] = frame["d"] + rng.normal(size=len(frame))
    assert _failed(frame) == set()


def test_lasting_treatment_and_errors_are_serial_correlation():
    rng, frame = np.random.default_rng(5), _grid(100, 10)
    frame["d"] = _persistent(rng, 100, 10, 0.8)
    frame["y"] = frame["d"] + _persistent(rng, 100, 10, 0.8)
    assert _failed(frame) == {"predicts the serial correlation"}


def test_errors_that_last_within_few_long_units_are_no_shocks_of_periods():
    """Against independent errors, means of neighbouring periods are too much alike."""
    for seed in range(3):
        rng, frame = np.random.default_rng(seed), _grid(3, 200)
        short = _grid(40, 6).assign(unit=lambda each: each["unit"] + 3)
        frame = pd.concat([frame, short], ignore_index=True)
        last = [_persistent(rng, *shape, 0.9) for shape in ((3, 200), (40, 6))]
        frame["d"] = rng.normal(size=len(frame))
        frame["y"] = frame["d"] + np.concatenate(last)
        panel = cs.Panel.from_frame(
            frame, unit="unit", time="time", outcome="y", treatment="d"
        )
        fit = cs.fit(cs.PanelDML(), panel, seed=1, progress=False)
        checks = {check.name: check for check in fit.effect("effect").doubts}
        assert "predicts the mean over time" not in checks


def test_outliers_of_the_outcome_are_found_and_logarithms_help():
    rng, frame = np.random.default_rng(6), _grid(100, 8)
    frame["d"] = rng.normal(size=len(frame))
    logarithm = frame["d"] + rng.normal(size=len(frame))
    assert _failed(frame.assign(y=np.exp(logarithm))) == {"predicts the tails"}
    assert _failed(frame.assign(y=logarithm)) == set()


def test_an_outcome_of_0_and_1_has_no_tails_to_predict():
    rng, frame = np.random.default_rng(7), _grid(100, 8)
    frame["d"] = rng.normal(size=len(frame))
    frame["y"] = (rng.random(len(frame)) < 0.03) * 1.0
    assert "predicts the tails" not in _failed(frame)


@pytest.mark.parametrize("rho", [-0.4, 0.0, 0.6, 0.99])
def test_persistent_errors_follow_their_recursion(rho):
    """x_t = ρ^g x_(t-1) + new, row by row, in units of 1, 2 and 300 rows with gaps."""
    rng, starts = np.random.default_rng(8), np.array([0, 1, 3])
    gap = rng.integers(1, 4, 303).astype(float)
    gap[starts] = np.nan
    new = rng.standard_normal(303)
    errors = serial.ar1_errors(new, gap, starts, rho)
    expected = np.empty(303)
    for row in range(303):
        if row in starts:
            expected[row] = new[row] / np.sqrt(1 - rho**2)
            continue
        link = rho ** gap[row]
        spread = np.sqrt((1 - link**2) / (1 - rho**2))
        expected[row] = link * expected[row - 1] + spread * new[row]
    np.testing.assert_allclose(errors, expected, rtol=1e-9, atol=1e-12)


def test_one_long_unit_takes_no_longer_than_many_short_ones():
    new = np.random.default_rng(9).standard_normal(40_000)
    seconds = []
    for starts in (np.arange(0, 40_000, 20), np.array([0])):
        gap = np.ones(40_000)
        gap[starts] = np.nan
        started = time.process_time()
        for _ in range(5):
            serial.ar1_errors(new, gap, starts, 0.7)
        seconds.append(time.process_time() - started)
    assert seconds[1] < 12 * seconds[0]
