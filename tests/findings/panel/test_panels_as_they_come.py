"""Panels as people have them: labels that follow nobody, units that leave, filled-in values.

Each had a wrong answer without a word.
"""

import numpy as np
import pandas as pd
import pytest

import causalstats as cs
from causalstats.models.panel_dml.checks.effect_over_time import OVER_TIME
from causalstats.models.panel_dml.checks.presence import PRESENCE
from causalstats.models.shared.bad_controls import AT_ADOPTION
from causalstats.models.shared.interpolated_values import INTERPOLATED
from causalstats.models.shared.units_alike import ALIKE, intraclass
from causalstats.numerics.testing.filled_between import filled_between

pytestmark = pytest.mark.usefixtures("without_trees")

ROLES = {"unit": "unit", "time": "year", "outcome": "y", "treatment": "d"}


def panel(columns, covariates=(), kept=None):
    units, years = columns["y"].shape
    frame = pd.DataFrame({name: column.ravel() for name, column in columns.items()})
    frame["unit"] = np.repeat(np.arange(units), years)
    frame["year"] = np.tile(np.arange(2000, 2000 + years), units)
    if kept is not None:
        frame = frame[kept.ravel()]
    return cs.Panel.from_frame(frame, covariates=list(covariates), **ROLES)


def found(model, data, name):
    return [check for check in model.data_checks(data) if check.name == name]


def waves(seed, followed, counts=False):
    """Return waves in which what lasts in people moves treatment and outcome."""
    rng = np.random.default_rng(seed)
    shape = (200, 5)
    lasting = rng.normal(size=(200, 1) if followed else shape)
    d = lasting + rng.normal(size=shape)
    mean = 0.3 * d + 0.5 * lasting
    y = rng.poisson(np.exp(mean)) * 1.0 if counts else mean + rng.normal(size=shape)
    return panel({"d": d, "y": y})


@pytest.mark.parametrize(
    "model", [cs.PanelDML(time_effects=True), cs.PanelGLM(), cs.DynamicPanel()]
)
def test_labels_that_follow_nobody_are_a_caution(model):
    counts = isinstance(model, cs.PanelGLM)
    (caution,) = found(model, waves(1, False, counts), ALIKE)
    assert caution.caution
    assert "repeated cross-sections" in caution.remedy
    assert found(model, waves(1, True, counts), ALIKE) == []


def test_intraclass_correlation_is_that_of_the_analysis_of_variance():
    """Of two rows each: ρ = (MS_between - MS_within) / (MS_between + MS_within)."""
    values, unit = np.array([1.0, 2, 4, 5, 9, 10]), np.repeat([0, 1, 2], 2)
    between = 2 * np.var([1.5, 4.5, 9.5], ddof=1)
    expected = (between - 0.5) / (between + 0.5)
    assert intraclass(values, unit)[0] == pytest.approx(expected)


def leaving(seed, by_outcome):
    rng = np.random.default_rng(seed)
    shape = (300, 7)
    unit, error = rng.normal(size=(300, 1)), rng.normal(size=shape)
    d = (unit + rng.normal(size=shape) > 0) * 1.0
    leaves = error < -1 if by_outcome else rng.random(shape) < 0.1 + 0.1 * d
    gone = np.cumsum(leaves, axis=1) - leaves > 0
    return panel({"d": d, "y": unit + d + error}, kept=~gone)


def test_units_that_leave_after_a_low_outcome_are_seen():
    model = cs.PanelDML(time_effects=True)
    (check,) = found(model, leaving(1, True), PRESENCE)
    assert check.passed is False
    assert "leaves after it" in check.finding
    (check,) = found(model, leaving(1, False), PRESENCE)
    assert check.passed


def rescaled(seed, factor, past=0.0):
    rng = np.random.default_rng(seed)
    shape = (150, 8)
    unit, d = rng.normal(size=(150, 1)), rng.normal(size=shape)
    y = unit + d + rng.normal(size=shape)
    for year in range(1, 8):
        y[:, year] += past * y[:, year - 1]
    y[:, 4:] *= factor
    return panel({"d": d, "y": y})


@pytest.mark.parametrize(
    ("model", "past"), [(cs.PanelDML(time_effects=True), 0.0), (cs.DynamicPanel(), 0.4)]
)
def test_an_outcome_in_another_unit_from_midway_is_seen(model, past):
    (check,) = found(model, rescaled(1, 0.5, past), OVER_TIME)
    assert check.passed is False
    assert "in 2000 to" in check.finding or "in 2001 to" in check.finding
    (check,) = found(model, rescaled(1, 1.0, past), OVER_TIME)
    assert check.passed


def surveys(seed, every):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(60, 9))
    measured = np.arange(0, 9, every)
    lines = [np.interp(np.arange(9), measured, each[measured]) for each in x]
    d = x + rng.normal(size=x.shape)
    y = d + x + rng.normal(size=x.shape)
    return panel({"d": d, "y": y, "x": np.array(lines)}, ["x"])


@pytest.mark.parametrize("model", [cs.PanelDML(), cs.DynamicPanel(), cs.EventStudy()])
def test_values_between_surveys_are_seen(model):
    event_study = isinstance(model, cs.EventStudy)
    for every in (4, 1):
        data = surveys(1, every)
        if event_study:
            frame = data.source.assign(d=(data.time > 2004) * (data.unit < 30.0))
            frame["y"] = data.source["x"]
            data = cs.Panel.from_frame(frame, **ROLES)
        checks = found(model, data, INTERPOLATED)
        assert [check.passed for check in checks] == ([False] if every == 4 else [])


@pytest.mark.parametrize("kind", ["age", "trend", "bent trend", "counts", "experience"])
def test_straight_lines_that_were_measured_are_not(kind):
    rng = np.random.default_rng(1)
    unit, year = np.repeat(np.arange(100), 10), np.tile(np.arange(10.0), 100)
    own = rng.normal(size=100)[unit]
    values = {
        "age": year + rng.integers(20, 60, 100)[unit],
        "trend": own * year,
        "bent trend": own * np.maximum(year - 5, 0),
        "counts": rng.poisson(3.0, 1000) * 1.0,
        "experience": (rng.random((100, 10)) < 0.6).cumsum(axis=1).ravel() * 1.0,
    }[kind]
    assert filled_between(values, unit, year) is None


def adopted(seed, moved):
    rng = np.random.default_rng(seed)
    shape = (120, 8)
    unit = rng.normal(size=(120, 1))
    d = (np.arange(8) >= rng.choice([3, 5, 99], 120)[:, None]) * 1.0
    x = moved * d + unit + rng.normal(size=shape)
    y = unit + d + x + rng.normal(size=shape)
    return panel({"d": d, "y": y, "x": x}, ["x"])


@pytest.mark.parametrize("model", [cs.PanelDML(time_effects=True), cs.DynamicPanel()])
def test_a_covariate_that_changes_at_adoption_is_a_caution(model):
    (caution,) = found(model, adopted(1, 0.8), AT_ADOPTION)
    assert caution.caution
    assert "x changes by +0." in caution.finding
    assert found(model, adopted(1, 0.0), AT_ADOPTION) == []
