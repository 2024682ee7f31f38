"""Event studies of panels with rows missing: cohorts without a row in their base period."""

import numpy as np
import pandas as pd
import pytest

import causalstats as cs
from causalstats.models.event_study.event_study_regression import grouped_by_cohort

ADOPTED = np.repeat([3, 5, 99], [20, 20, 30])
MODEL = cs.EventStudy(pooling="none", errors="cluster")


def frame(rng, times=8, noise=1.0):
    unit = np.repeat(np.arange(len(ADOPTED)), times)
    time = np.tile(np.arange(times), len(ADOPTED))
    treated = (time >= ADOPTED[unit]).astype(float)
    outcome = 0.3 * time + 0.1 * unit + 2 * treated
    outcome = outcome + noise * rng.standard_normal(len(unit))
    return pd.DataFrame({"unit": unit, "time": time, "d": treated, "y": outcome})


def read(rows):
    return cs.Panel.from_frame(
        rows, unit="unit", time="time", outcome="y", treatment="d"
    )


@pytest.mark.parametrize("seed", range(5))
def test_rows_missing_at_random(seed):
    """Units whose first treated row is missing make cohorts that miss their base period."""
    rng = np.random.default_rng(seed)
    every = frame(rng)
    rows = every[rng.random(len(every)) < 0.85]
    fit = cs.fit(MODEL, read(rows), seed=1, progress=False)
    trends = next(c for c in fit.check() if c.name == "parallel trends before adoption")
    assert trends.passed is not None
    assert fit.effect("att").summary()["mean"].item() == pytest.approx(2, abs=0.8)


def seen_without(every, cohort, period):
    """Return the rows but those of a cohort in a period."""
    return every[(every["time"] != period) | (ADOPTED[every["unit"]] != cohort)]


@pytest.mark.parametrize("controls", ["not_yet", "never"])
def test_cohort_without_its_base_period(controls):
    """Its reference is the row before, so that without noise effects are 2 and leads 0."""
    rows = seen_without(frame(np.random.default_rng(1), noise=0.0), 5, 4)
    model = cs.EventStudy(pooling="none", errors="cluster", controls=controls)
    panel = read(rows)
    labels = model.adoption(panel).cells.part(model.saturated(model.adoption(panel)))
    _, saturated = grouped_by_cohort(model.for_rows(), panel)
    expected = np.where(labels.event_time >= 0, 2.0, 0.0)
    np.testing.assert_allclose(saturated.coefficients, expected, atol=1e-9)
    assert "5 in 3" not in labels.labels
    assert "5 in 2" in labels.labels


def test_periods_of_cohorts_alone():
    """Leads of a period in which no control was seen are not determined, and effects are."""
    every = frame(np.random.default_rng(1), noise=0.0)
    rows = every[(every["time"] > 1) | (ADOPTED[every["unit"]] < 99)]
    panel = read(rows)
    _, saturated = grouped_by_cohort(MODEL.for_rows(), panel)
    cells = MODEL.adoption(panel).cells.part(MODEL.saturated(MODEL.adoption(panel)))
    assert not any(label.endswith(("in 0", "in 1")) for label in cells.labels)
    np.testing.assert_allclose(
        saturated.coefficients, np.where(cells.event_time >= 0, 2.0, 0.0), atol=1e-9
    )
