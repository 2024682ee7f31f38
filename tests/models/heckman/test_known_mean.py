"""The check that a known mean is in the unit of the outcome."""

import numpy as np
import pandas as pd
import pytest

import causalstats as cs


def _check(mean):
    data = cs.Heckman().simulate(1, people=400, features=2).data
    checks = cs.Heckman(mean=mean).data_checks(data)
    (check,) = (each for each in checks if each.name == "known mean in reach")
    return check


def test_a_mean_in_thousands_of_the_unit_fails():
    check = _check(-2000.0)
    assert check.passed is False
    assert check.assumption == "mean"
    assert _check(cs.Known(-2000.0, sd=2000.0)).passed


@pytest.mark.parametrize("seen", [0.5, 0.1, 0.02])
def test_the_mean_is_in_reach_where_the_outcome_alone_decides(seen):
    rng = np.random.default_rng(1)
    outcome = rng.normal(7, 3, 5000)
    decided = outcome > np.quantile(outcome, 1 - seen)
    frame = pd.DataFrame({"x": rng.normal(size=5000), "seen": decided})
    frame["outcome"] = np.where(decided, outcome, np.nan)
    data = cs.Decisions.from_frame(
        frame, outcome="outcome", decision="seen", features=["x"], kind="continuous"
    )
    checks = cs.Heckman(mean=7.0).data_checks(data)
    assert next(each for each in checks if each.name == "known mean in reach").passed
