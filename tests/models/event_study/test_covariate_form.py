"""Trends that depend on a covariate by its square are seen before adoption."""

import numpy as np
import pandas as pd

import causalstats as cs
from causalstats.models.event_study.covariate_form import covariate_form

UNITS, TIMES = 120, 9


def checked(seed, curve, **fields):
    """Return the check of a study in which units of unusual size adopt more often."""
    rng = np.random.default_rng(seed)
    size = rng.normal(size=UNITS)
    often = 1 / (1 + np.exp(1.5 - size**2))
    adopted = np.where(rng.random(UNITS) < often, rng.choice([4, 6], UNITS), 99)
    frame = pd.DataFrame(
        {
            "unit": np.repeat(range(UNITS), TIMES),
            "time": np.tile(range(TIMES), UNITS),
            "size": np.repeat(size, TIMES),
        }
    )
    trend = frame["size"] + curve * frame["size"] ** 2
    d = (frame["time"] >= np.repeat(adopted, TIMES)).astype(float)
    y = trend * frame["time"] / TIMES + d + rng.normal(size=len(frame))
    data = cs.Panel.from_frame(
        frame.assign(d=d, y=y),
        unit="unit",
        time="time",
        outcome="y",
        treatment="d",
        covariates=["size"],
    )
    model = cs.EventStudy(**fields)
    (check,) = covariate_form(model, data, model.adoption(data))
    return check


def test_a_square_is_seen_and_a_line_is_not():
    seen = [not checked(seed, 1.0).passed for seed in range(12)]
    alarms = [not checked(seed, 0.0).passed for seed in range(12, 24)]
    assert np.mean(seen) >= 0.8
    assert sum(alarms) <= 1


def test_the_remedy_helps():
    check = checked(1, 1.5)
    assert "basis_size=4" in check.remedy
    assert checked(1, 1.5, basis_size=4).passed


def test_a_covariate_of_two_values_has_no_curve():
    frame = pd.DataFrame(
        {"unit": np.repeat(range(40), 5), "time": np.tile(range(5), 40)}
    )
    frame["d"] = ((frame["unit"] < 20) & (frame["time"] > 2)).astype(float)
    frame["y"] = np.random.default_rng(1).normal(size=200)
    frame["flag"] = frame["unit"] % 2
    data = cs.Panel.from_frame(
        frame,
        unit="unit",
        time="time",
        outcome="y",
        treatment="d",
        covariates=["flag"],
    )
    model = cs.EventStudy()
    assert covariate_form(model, data, model.adoption(data)) == ()
