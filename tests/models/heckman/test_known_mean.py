"""The check that a known mean is one that the outcomes seen allow."""

import numpy as np
import pandas as pd
import pytest

import causalstats as cs
from causalstats.numerics.selection.reachable_mean import reachable_means


def _checked(data, mean, **fields):
    checks = cs.Heckman(mean=mean, **fields).data_checks(data)
    (check,) = (each for each in checks if each.name == "known mean in reach")
    return check


def _check(mean):
    return _checked(cs.Heckman().simulate(1, people=400, features=2).data, mean)


def _people(seed, kappa, people=300):
    """Return people of three groups, whose outcomes have the means 2, 3 and 4."""
    rng = np.random.default_rng(seed)
    x, v, e = rng.normal(size=(3, people))
    group = rng.integers(0, 3, people)
    outcome = 2 + group + x + kappa * v + np.sqrt(1 - kappa**2) * e
    seen = 0.3 + 0.5 * x + v > 0
    frame = pd.DataFrame({"x": x, "seen": seen, "group": np.array(list("abc"))[group]})
    return cs.Decisions.from_frame(
        frame.assign(outcome=np.where(seen, outcome, np.nan)),
        outcome="outcome",
        decision="seen",
        features=["x", "group"],
        kind="continuous",
    )


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
    assert _checked(data, 7.0).passed


def test_means_of_groups_are_compared_group_by_group():
    data = _people(1, 0.6)
    right = {"a": 2.0, "b": 3.0, "c": 4.0}
    assert _checked(data, cs.KnownByGroup("group", right)).passed
    check = _checked(data, cs.KnownByGroup("group", {**right, "c": 400.0}))
    assert check.passed is False
    assert "those with c" in check.finding


@pytest.mark.parametrize("kappa", [0.0, 0.95])
def test_right_means_are_in_reach(kappa):
    right = cs.KnownByGroup("group", {"a": 2.0, "b": 3.0, "c": 4.0})
    checks = [_checked(_people(seed, kappa), right) for seed in range(4)]
    assert all(check.passed for check in checks)


@pytest.mark.parametrize(("share", "away"), [(0.5, 1.3236), (0.1, 4.2673)])
def test_reach_without_features_is_that_of_a_truncated_normal(share, away):
    """λ / √(1 - λ (λ + a)), a the quantile of the share that is seen (Heckman 1979, eqs. 14-16)."""
    from scipy.stats import norm

    one = np.ones((1, 1))
    selection = (np.ones((4000, 1)), np.array([norm.ppf(share)]), np.zeros((1, 1)))
    outcome = np.tile([-1.0, 1.0], 2000)
    found = reachable_means(
        outcome,
        np.ones((4000, 1)),
        selection,
        np.array([-1.0, 1.0]),
        one,
        np.zeros((1, 1, 1)),
    )
    assert found.means[0, 0] == pytest.approx(away, rel=1e-3)
    assert found.means[-1, 0] == pytest.approx(-away, rel=1e-3)
