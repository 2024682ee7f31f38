"""The check that no outcomes are missing beyond the least and the largest that are seen."""

import numpy as np
import pandas as pd
import pytest

import causalstats as cs
from causalstats.models.heckman.extremes import extremes_check


def _check(observed, seed=0):
    replicated = np.random.default_rng(seed).normal(size=(200, len(observed)))
    return extremes_check(observed, replicated, "joint normality")


def test_a_right_model_fails_at_its_rate():
    rng = np.random.default_rng(1)
    failed = [not _check(rng.normal(size=300), seed).passed for seed in range(300)]
    assert sum(failed) <= 10  # at 1 %, more in fewer than 1 of 1,000


@pytest.mark.parametrize("side", [-1, 1])
def test_outcomes_without_their_lowest_or_highest_twentieth_fail(side):
    drawn = side * np.random.default_rng(2).normal(size=400)
    left = drawn[drawn * side > -1.64]
    check = _check(left)
    assert check.passed is False
    assert check.assumption == "joint normality"
    expected = len(left) * 0.0505
    assert abs(np.log(2 / check.value) - expected) < 2


def test_rounding_hides_nothing():
    rng = np.random.default_rng(3)
    failed = [
        not _check(np.round(rng.normal(size=300)), seed).passed for seed in range(50)
    ]
    assert sum(failed) <= 4


@pytest.mark.parametrize(("steps", "told"), [(4, True), (40, False)])
def test_a_scale_of_few_steps_is_told_not_to_be_a_normal_number(steps, told):
    rng = np.random.default_rng(4)
    seen = rng.random(300) < 0.6
    y = np.where(seen, rng.integers(0, steps, 300), np.nan)
    frame = pd.DataFrame({"x": rng.normal(size=300), "seen": seen, "y": y})
    data = cs.Decisions.from_frame(
        frame, outcome="y", decision="seen", features=["x"], kind="continuous"
    )
    checks = {check.name: check for check in cs.Heckman().data_checks(data)}
    assert ("outcome of many values" in checks) == told
    if told:
        assert checks["outcome of many values"].stands_on("unseen_mean")
