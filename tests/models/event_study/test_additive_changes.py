"""Whether untreated changes add or multiply: both are exact on means made so."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import causalstats as cs
from causalstats.models.event_study.additive_changes import ADDITIVE, changes_add

ADOPTED = np.repeat([2, 4, 99], 10)[:, None]
TIMES = np.arange(6)
LEVEL = np.where(ADOPTED < 99, 30.0, 10.0) + np.arange(30)[:, None] % 10
GROWTH = np.array([1, 1.1, 1.2, 1.4, 1.6, 1.8])
EFFECT = 5.0
IN_PROPORTION, IN_SUMS = LEVEL * GROWTH, LEVEL + 20 * GROWTH


def panel(untreated: np.ndarray, noise: float = 0.0) -> cs.Panel:
    treated = TIMES >= ADOPTED
    errors = np.random.default_rng(1).standard_normal(treated.shape)
    return cs.Panel.from_frame(
        pd.DataFrame(
            {
                "unit": np.repeat(np.arange(30), 6),
                "time": np.tile(TIMES, 30),
                "d": treated.ravel(),
                "y": (untreated + EFFECT * treated + noise * errors).ravel(),
            }
        ),
        unit="unit",
        time="time",
        outcome="y",
        treatment="d",
    )


def by_sums(untreated: np.ndarray) -> float:
    """Return the ATT by least squares with effects of units and periods, from untreated rows."""
    seen = (TIMES < ADOPTED).ravel()
    units, times = np.repeat(np.arange(30), 6), np.tile(TIMES, 30)
    columns = np.hstack([np.eye(30)[units], np.eye(6)[times][:, 1:]])
    slopes = np.linalg.lstsq(columns[seen], untreated.ravel()[seen], rcond=None)[0]
    return EFFECT + float((untreated.ravel() - columns @ slopes)[~seen].mean())


@pytest.mark.parametrize("unit", [1.0, 1e9, 1e-9])
def test_products_give_the_effect_where_changes_are_in_proportion(unit):
    """The answer by sums takes the growth of larger units for an effect."""
    wrong = by_sums(IN_PROPORTION)
    interval = (unit * wrong, unit * (wrong - 1), unit * (wrong + 1))
    data = panel(IN_PROPORTION)
    scaled = cs.Panel.from_frame(
        data.source.assign(y=unit * data.source["y"]),
        unit="unit",
        time="time",
        outcome="y",
        treatment="d",
    )
    (check,) = changes_add(cs.EventStudy(), scaled, interval, ("att",))
    assert wrong > 1.5 * EFFECT
    assert check.name == ADDITIVE and check.passed is False
    assert check.value == pytest.approx(unit * (EFFECT - wrong), rel=1e-4)


def test_sums_that_fit_better_are_not_doubted():
    interval = (EFFECT, EFFECT - 1, EFFECT + 1)
    data = panel(IN_SUMS, noise=0.1)
    (check,) = changes_add(cs.EventStudy(), data, interval, ("att",))
    assert check.passed is True and abs(check.value) > 1


def test_outcomes_that_may_be_negative_are_not_tested():
    interval = (EFFECT, EFFECT - 1, EFFECT + 1)
    assert changes_add(cs.EventStudy(), panel(IN_SUMS - 60), interval, ("att",)) == ()
