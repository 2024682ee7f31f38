"""Event times count periods, which is no length of time where periods are unequally far apart."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import causalstats as cs

NAME = "periods equally spaced"


def panel(years: list) -> cs.Panel:
    rng = np.random.default_rng(1)
    count = len(years)
    adopted = np.repeat([2, 4, 99], 10)[:, None]
    frame = pd.DataFrame(
        {
            "unit": np.repeat(np.arange(30), count),
            "time": np.tile(np.array(years), 30),
            "d": (np.arange(count) >= adopted).astype(int).ravel(),
            "y": rng.standard_normal(30 * count),
        }
    )
    return cs.Panel.from_frame(
        frame, unit="unit", time="time", outcome="y", treatment="d"
    )


def found(years: list) -> list:
    checks = cs.EventStudy().data_checks(panel(years))
    return [check for check in checks if check.name == NAME]


def test_waves_of_unequal_distance_are_a_caution_on_answers_by_event_time():
    (check,) = found([2000, 2003, 2005, 2010, 2011, 2015])
    assert check.caution and check.value == 5
    assert "1 to 5 apart" in check.finding
    assert "event_time" in check.estimands and "att" not in check.estimands


@pytest.mark.parametrize(
    "times",
    [
        [2000, 2002, 2004, 2006, 2008, 2010],
        list(pd.date_range("2020-01-31", periods=6, freq="ME")),
        list(pd.date_range("2020-01-01", periods=6, freq="QS")),
    ],
)
def test_equal_steps_and_months_are_not_doubted(times):
    assert found(times) == []


def test_a_dynamic_panel_of_unequal_waves_says_how_to_number_them():
    with pytest.raises(cs.ModelError, match="rank"):
        cs.fit(
            cs.DynamicPanel(lags=2),
            panel([2000, 2003, 2005, 2010, 2011, 2015]),
            seed=1,
            progress=False,
        )
