"""Zeros below a limit of detection that was given too low are named."""

import numpy as np
import pandas as pd
import pytest

import causalstats as cs
from causalstats.models.partial_correlation.data_checks import data_checks
from causalstats.models.partial_correlation.observation.limits_reached import (
    LIMITS_REACHED,
    ONE_LIMIT,
    gap_p,
    values_reach_limits,
)

PARTS = [f"p{k}" for k in range(6)]


def failed(seed, given, *, limit=0.5, by_row=None):
    """A part of which values below `limit` are 0, read with the limit `given`."""
    rng = np.random.default_rng(seed)
    values = np.exp(np.array([0.3, 1, 1, 2, 2, 3]) + rng.normal(0, 0.8, (80, 6)))
    limits = limit if by_row is None else np.where(rng.random(80) < 0.5, *by_row)
    values[:, 0] = np.where(values[:, 0] < limits, 0, values[:, 0])
    frame = pd.DataFrame(values, columns=PARTS).assign(limit=limits)
    data = cs.Composition.from_frame(
        frame, parts=PARTS, zeros="interval", limits={"p0": given}
    )
    return [check for check in data_checks(data) if check.name == LIMITS_REACHED]


@pytest.mark.parametrize("share", [0.5, 0.1, 0.001])
def test_a_limit_that_is_given_too_low_is_named(share):
    [check] = failed(1, 0.5 * share)
    assert check.passed is False
    assert "'p0'" in check.finding
    assert "unit" in check.remedy


@pytest.mark.parametrize("seed", range(4))
def test_a_right_limit_raises_no_doubt(seed):
    assert failed(seed, 0.5) == []
    assert failed(seed, "limit", by_row=(0.3, 1.5)) == []


def test_gaps_above_right_limits_are_as_probable_as_said():
    rng = np.random.default_rng(1)
    values = np.exp(rng.normal(0.3, 0.8, (1000, 80)))
    p = [gap_p(row[row >= 0.5], 0.5, int((row < 0.5).sum())) for row in values]
    for level in (0.5, 0.1, 0.01):
        band = 3 * np.sqrt(level * (1 - level) / 1000)
        assert abs(np.mean(np.array(p) < level) - level) < band + 0.01


def test_the_probability_of_a_gap_is_that_of_normal_order_statistics():
    # Half lie below a limit at the median of a standard normal logarithm, whose upper twentieth
    # lies above 1.645: none of 20 seen lies within .1 with probability [2 (1 - Φ(.1))]^20.
    logs = np.concatenate([[0.1], np.full(13, 0.5), np.full(6, 1.6448536)])
    assert gap_p(np.exp(logs), 1.0, 20) == pytest.approx(0.1901108, abs=1e-6)


def laboratories(seed, second, *, limits=(0.3, 1.2), mean=0.0, named=False, given=None):
    """Two laboratories with `limits`, and `mean` more in the second, read with the first limit."""
    rng = np.random.default_rng(seed)
    values = np.exp(np.array([0.3, 1, 1, 2, 2, 3]) + rng.normal(0, 0.8, (80, 6)))
    values[:, 0] *= np.exp(mean * second)
    own = np.where(second, limits[1], limits[0])
    values[:, 0] = np.where(values[:, 0] < own, 0, values[:, 0])
    frame = pd.DataFrame(values, columns=PARTS).assign(limit=own, second=1 * second)
    data = cs.Composition.from_frame(
        frame,
        parts=PARTS,
        zeros="interval",
        limits={"p0": limits[0] if given is None else given},
        covariates="second" if named else None,
    )
    return {check.name: check for check in values_reach_limits(data)}


@pytest.mark.parametrize("named", [False, True])
def test_one_limit_for_two_laboratories_is_named(named):
    """Rows of the second stand below those of the first, or a covariate names them."""
    seen = places = 0
    for seed in range(10):
        second = np.arange(80) >= 40
        if named:
            second = np.random.default_rng(seed).permutation(second)
        found = laboratories(seed, second, named=named)
        check = found.get(LIMITS_REACHED)
        seen += check is not None
        words = "rows of high second" if named else "of the frame"
        if check is None:
            assert found[ONE_LIMIT].caution
        elif words in check.finding:
            assert "limits={'p0': 'column'}" in check.remedy
            places += 1
        assert laboratories(seed, second, named=named, given="limit") == {}
    assert places >= 4  # in others all rows together have the gap
    assert seen >= 7  # P(6 or fewer of 10 at a power of .9) is .013


def test_groups_of_rows_with_one_limit_and_different_means_raise_no_alarm():
    alarms = 0
    for seed in range(20):
        second = np.random.default_rng(seed).random(80) < 0.5
        found = laboratories(seed, second, limits=(0.5, 0.5), mean=1.0, named=True)
        alarms += LIMITS_REACHED in found
    assert alarms <= 2  # P(3 or more of 20 at 1 %) is .001


def test_laboratories_that_nothing_tells_apart_are_a_caution():
    second = np.random.default_rng(1).random(80) < 0.5
    check = laboratories(1, second)[ONE_LIMIT]
    assert check.passed is None and check.caution and "'column'" in check.remedy
