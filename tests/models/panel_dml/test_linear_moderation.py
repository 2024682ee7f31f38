"""The check that effects are a straight line in their moderators."""

import numpy as np
import pandas as pd
import pytest

import causalstats as cs

pytestmark = pytest.mark.usefixtures("without_trees")

MODEL = cs.PanelDML(errors="cluster", moderators="w")


def panel(seed, shape, units=80, levels=None):
    """Return a panel whose effect is 1 + shape(w); `levels` cuts w into groups."""
    rng = np.random.default_rng(seed)
    unit = np.repeat(np.arange(units), 8)
    w = rng.normal(size=len(unit))
    d = 0.5 * w + rng.normal(size=units)[unit] + rng.normal(size=len(unit))
    y = (
        (1 + shape(w)) * d
        + w
        + rng.normal(size=units)[unit]
        + rng.normal(size=len(unit))
    )
    frame = pd.DataFrame(
        {"unit": unit, "time": np.tile(np.arange(8), units), "w": w, "d": d, "y": y}
    )
    if levels is not None:
        frame["w"] = pd.cut(frame["w"], levels).astype(str)
    return cs.Panel.from_frame(
        frame, unit="unit", time="time", outcome="y", treatment="d", covariates=["w"]
    )


def verdict(data):
    checks = {check.name: check for check in MODEL.data_checks(data)}
    return checks.get("effect linear in its moderators")


@pytest.mark.parametrize(
    "shape", [lambda w: 1.5 * (w > 1), lambda w: 0.4 * w**2], ids=["step", "square"]
)
def test_curves_are_seen_in_four_data_sets_of_five_and_the_remedy_ends_it(shape):
    checks = [verdict(panel(seed, shape)) for seed in range(5)]
    failed = [check for check in checks if check.passed is False]
    assert len(failed) >= 4
    assert "pandas.cut" in failed[0].remedy
    assert verdict(panel(0, shape, levels=[-9, -1, 0, 1, 9])) is None


def test_straight_lines_pass():
    """One failure among 12 data sets has a probability of 6 % at the level of .005."""
    failed = [
        verdict(panel(seed, lambda w: 0.5 * w)).passed is False for seed in range(12)
    ]
    assert sum(failed) <= 1


def test_there_is_none_without_moderators():
    checks = cs.PanelDML(errors="cluster").data_checks(panel(1, lambda w: 0.5 * w))
    assert "effect linear in its moderators" not in {check.name for check in checks}
