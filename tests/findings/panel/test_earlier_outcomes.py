"""A lagged outcome among covariates or treatments is recognised, and nothing else is."""

import numpy as np
import pandas as pd
import pytest

import causalstats as cs

pytestmark = pytest.mark.usefixtures("without_trees")

_NAME = "no earlier outcome among covariates"


def _dynamic(seed, units=80, times=10):
    """Return a panel whose outcome depends on its previous value by 0.6; the effect of d is 1."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "unit": np.repeat(np.arange(units), times),
            "time": np.tile(np.arange(times), units),
        }
    )
    d = rng.normal(size=(units, times))
    unit_effects = rng.normal(size=units)
    y = np.zeros((units, times))
    for time in range(times):
        before = y[:, time - 1] if time else 0.0
        y[:, time] = unit_effects + d[:, time] + 0.6 * before + rng.normal(size=units)
    frame["d"], frame["y"] = d.ravel(), y.ravel()
    frame["before"] = frame.groupby("unit")["y"].shift()
    frame["two before"] = frame.groupby("unit")["y"].shift(2)
    return frame


def _check(frame, covariates=("before",), treatment="d"):
    panel = cs.Panel.from_frame(
        frame,
        unit="unit",
        time="time",
        outcome="y",
        treatment=treatment,
        covariates=list(covariates),
    )
    checks = cs.PanelDML(errors="cluster").data_checks(panel)
    return next(check for check in checks if check.name == _NAME)


@pytest.mark.parametrize(
    "written",
    [
        lambda y: y,
        lambda y: y.round(1),
        lambda y: y.round(),
        lambda y: 100 * y,
        lambda y: -y,
        lambda y: np.log(y + 30),
        lambda y: np.exp(y / 3),
    ],
    ids=[
        "as it is",
        "to 0.1",
        "to 1",
        "percent",
        "reversed",
        "logarithm",
        "exponential",
    ],
)
@pytest.mark.parametrize("seed", [1, 2])
def test_a_lagged_outcome_is_recognised_in_any_unit_or_rounding(written, seed):
    frame = _dynamic(seed)
    frame["before"] = written(frame["before"])
    check = _check(frame.dropna())
    assert check.passed is False
    assert "'before' is the outcome of the row before" in check.finding
    assert check.stands_on("effect")


@pytest.mark.parametrize("share", [0.4, 0.8])
def test_a_lagged_outcome_is_recognised_where_rows_are_missing(share):
    frame = _dynamic(3).dropna()
    seen = np.random.default_rng(3).random(len(frame)) < share
    assert "'before' is the outcome" in _check(frame[seen]).finding


def test_a_lagged_outcome_is_recognised_as_a_treatment_and_at_lag_two():
    frame = _dynamic(4).dropna()
    assert "'before' is the outcome" in _check(frame, (), "before").finding
    assert (
        "'two before' is the outcome of two rows before"
        in _check(frame, ["two before"]).finding
    )


@pytest.mark.parametrize(
    ("of_covariate", "of_outcome"), [(0.015, 0.02), (0.002, 0.3), (0.5, 0.5)]
)
def test_rare_events_are_not_taken_for_a_lagged_outcome(of_covariate, of_outcome):
    """In 95 of 100 rows both are 0, which says nothing."""
    rng, frame = np.random.default_rng(5), _dynamic(5)
    frame["before"] = (rng.random(len(frame)) < of_covariate) * 1.0
    frame["y"] = (rng.random(len(frame)) < of_outcome) * 1.0
    assert _check(frame).passed is True


def test_a_covariate_that_moves_with_a_persistent_outcome_is_no_lagged_outcome():
    rng, frame = np.random.default_rng(6), _dynamic(6, times=40)
    walk = rng.normal(size=(80, 40)).cumsum(axis=1).ravel()
    frame["before"] = walk
    frame["y"] = walk + 0.1 * rng.normal(size=len(frame))
    assert _check(frame).passed is True
