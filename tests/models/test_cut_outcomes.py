"""Outcomes that stop at a limit, and rows that are missing beyond one."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import causalstats as cs
from causalstats.models.shared.cut_outcomes import (
    counts_not_cut_off,
    counts_stop,
    ends_evenly,
    rows_not_cut_off,
)


def panel(outcome, unit):
    """Read outcomes (n,) of units, one a period, with a treatment that is in no check here."""
    frame = pd.DataFrame({"unit": unit, "y": outcome})
    frame["time"] = frame.groupby("unit").cumcount()
    return frame.assign(d=frame.index % 2.0)


def read(frame):
    roles = {"unit": "unit", "time": "time", "outcome": "y", "treatment": "d"}
    return cs.Panel.from_frame(frame, **roles)


def test_expected_rows_beyond_the_largest_count_are_those_of_poisson():
    """The expected share at y + 1 is that at y times μ / (y + 1)."""
    mean, limit = 3.0, 5
    counts = np.repeat(
        np.arange(6), (1e6 * stats.poisson.pmf(np.arange(6), mean)).astype(int)
    )
    end = counts_stop(counts.astype(float), np.full(len(counts), mean))
    assert (end.value, end.above) == (limit, True)
    assert end.expected == pytest.approx(1e6 * stats.poisson.pmf(6, mean), rel=1e-3)


def test_counts_without_zeros_stop_at_one():
    counts = np.repeat(
        np.arange(1, 9), (1e4 * stats.poisson.pmf(np.arange(1, 9), 1)).astype(int)
    )
    end = counts_stop(counts.astype(float), np.full(len(counts), 1.0))
    assert (end.value, end.above) == (1, False)
    assert end.expected == pytest.approx(1e4 * stats.poisson.pmf(0, 1), rel=1e-3)


def test_counts_in_tens_are_passed_over():
    counts = 10.0 * np.minimum(np.random.default_rng(1).poisson(3.0, 500), 5)
    assert counts_stop(counts, np.full(500, 30.0)) is None


@pytest.mark.parametrize(("low", "even"), [(-np.inf, False), (-1.5, True), (0.5, True)])
def test_a_normal_tail_that_is_cut_ends_evenly(low, even):
    """Quantiles of a normal distribution, whole or cut at `low`."""
    start = stats.norm.cdf(low)
    shares = start + (1 - start) * (np.arange(1000) + 0.5) / 1000
    assert ends_evenly(stats.norm.ppf(shares)) is even


def test_rows_left_out_below_a_limit_are_found_and_rows_missing_at_random_are_not():
    found, alarms = [], []
    for seed in range(6):
        rng = np.random.default_rng(seed)
        unit = np.repeat(np.arange(100), 8)
        outcome = rng.normal(size=100)[unit] + rng.normal(size=800)
        frame = panel(outcome, unit)
        found.append(rows_not_cut_off(read(frame[outcome > np.quantile(outcome, 0.1)])))
        alarms.append(rows_not_cut_off(read(frame[rng.random(800) > 0.1])))
    assert sum(map(bool, found)) >= 5
    assert not any(alarms)


def test_a_panel_of_top_coded_counts_fails_and_counts_as_they_are_pass():
    rng = np.random.default_rng(1)
    unit = np.repeat(np.arange(100), 8)
    counts = rng.poisson(4.0 * np.exp(0.5 * rng.normal(size=100))[unit]).astype(float)
    assert counts_not_cut_off(read(panel(counts, unit))) == ()
    (check,) = counts_not_cut_off(read(panel(np.minimum(counts, 6), unit)))
    assert check.passed is False
    assert "no count is above 6" in check.finding
