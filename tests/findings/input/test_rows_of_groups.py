"""Rows that share a number of their group, and more than that number says, in whatever order.

30 districts of 20 rows, rows in random order. What varies between districts alone counts as 30
numbers, and not as 600: intervals that take rows for independent are too short by a factor of about
√(1 + 19 ρ), ρ the intraclass correlation of the errors (Moulton 1986).
"""

import numpy as np
import pandas as pd
import pytest

import causalstats as cs
from causalstats.core.check import Check
from causalstats.numerics.testing.shared_values import alike_within, groups_of_values

_NAME = "rows of one group independent"
_DISTRICTS, _ROWS = 30, 600


def _frame(seed: int, shock: float) -> pd.DataFrame:
    """The rain of a district moves t; its shock moves y; h is a hidden cause of both."""
    rng = np.random.default_rng(seed)
    district = rng.permutation(_ROWS) % _DISTRICTS
    rain = rng.normal(size=_DISTRICTS)[district]
    x, h, e = rng.normal(size=(3, _ROWS))
    t = rain + x + h + e
    y = t + x + h + shock * rng.normal(size=_DISTRICTS)[district]
    y = y + rng.normal(size=_ROWS)
    seen = x + rain + rng.normal(size=_ROWS) > -0.5
    columns = {"rain": rain, "x": x, "t": t, "y": y, "seen": seen}
    return pd.DataFrame(columns).assign(some=np.where(seen, y, np.nan))


def _checks(family: str, frame: pd.DataFrame) -> tuple[Check, ...]:
    if family == "Instrument":
        data = cs.Instrumented.from_formula("y ~ x | t ~ rain", frame)
        return cs.Instrument().data_checks(data)
    if family == "CausalDiagram":
        rows = cs.Observations.from_frame(frame[["rain", "x", "y"]])
        diagram = cs.CausalDiagram(
            "x -> y; rain -> y", treatment="rain", outcome="y", route="regression"
        )
        return diagram.data_checks(rows)
    people = cs.Decisions.from_frame(
        frame,
        outcome="some",
        decision="seen",
        features=["x", "rain"],
        kind="continuous",
    )
    return cs.Heckman().data_checks(people)


@pytest.mark.parametrize("family", ["Instrument", "CausalDiagram", "Heckman"])
def test_rows_of_one_group_are_told_by_a_number_that_they_share(family):
    for seed in range(3):
        alike = [
            each for each in _checks(family, _frame(seed, 1.0)) if each.name == _NAME
        ]
        assert [check.passed for check in alike] == [False]
        assert "rain, which has 30" in alike[0].finding
    apart = [
        check
        for seed in range(4)
        for check in _checks(family, _frame(seed, 0.0))
        if check.name == _NAME
    ]
    assert len(apart) == 4 and sum(check.passed is False for check in apart) <= 1


def test_clusters_that_are_named_are_not_asked_for_again():
    frame = _frame(1, 1.0)
    frame["district"] = frame["rain"].rank(method="dense").astype(int)
    data = cs.Instrumented.from_formula("y ~ x | t ~ rain", frame, cluster="district")
    assert _NAME not in {check.name for check in cs.Instrument().data_checks(data)}


def test_numbers_of_persons_are_no_numbers_of_groups():
    values = np.random.default_rng(2).normal(size=_ROWS)
    measured = (values, values.round(1), np.floor(40 + 10 * values), (values > 0) * 1.0)
    assert [groups_of_values(each) for each in measured] == [None] * 4


def test_p_values_are_those_of_chance():
    """Of 1,000 at a rate of .05 between 32 and 69, with probability .99; groups differ in size."""
    rng = np.random.default_rng(4)
    p = []
    for _ in range(1000):
        groups = rng.choice(15, 200, p=np.arange(1, 16) / 120)
        values = rng.normal(size=15)[groups]
        line = np.column_stack([np.ones(200), values])
        errors = rng.normal(size=200) * np.exp(0.3 * values)
        left = errors - line @ np.linalg.lstsq(line, errors, rcond=None)[0]
        p.append(alike_within(left, values, groups))
    assert 32 <= (np.array(p) < 0.05).sum() <= 69
