"""Numbers that do not vary, or that others explain to the last digit, are refused in words."""

import warnings

import numpy as np
import pandas as pd
import pytest

import causalstats as cs

RNG = np.random.default_rng(5)
PANEL = pd.DataFrame({"unit": np.repeat(np.arange(10), 4)})
PANEL["time"] = np.tile(np.arange(2000, 2004), 10)
ADOPTS = (PANEL["unit"] % 3 == 1) & (PANEL["time"] >= 2002)
PANEL["d"] = ADOPTS.astype(float)
NOISE = pd.DataFrame(RNG.normal(size=(40, 3)), columns=list("zxy"))
MODEL = cs.CausalDiagram("z -> x -> y; z -> y", route="regression", treatment="x")


def fitted(model, data):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        sampler = cs.Auto(chains=2, draws=60)
        return cs.fit(model, data, seed=1, sampler=sampler, progress=False)


@pytest.mark.parametrize(
    "outcome",
    [0.0, 0.1, 2.0**64, PANEL["unit"], PANEL["time"], 0.1 * PANEL.sum(axis=1) * 0],
    ids=["0", "0.1", "2^64", "the unit", "the time", "zeros"],
)
@pytest.mark.parametrize("unbalanced", [False, True])
def test_an_outcome_that_units_and_periods_explain_has_no_event_study(
    outcome, unbalanced
):
    frame = PANEL.assign(y=np.asarray(outcome, float))
    frame = frame.drop(index=[3, 17]) if unbalanced else frame
    roles = {"unit": "unit", "time": "time", "outcome": "y", "treatment": "d"}
    data = cs.Panel.from_frame(frame, **roles)
    with pytest.raises(cs.ModelError, match="explain the outcome 'y'"):
        fitted(cs.EventStudy(), data)


@pytest.mark.parametrize("noise", [0.0, 1e-9])
@pytest.mark.parametrize("model", [cs.EventStudy(), cs.EventStudy(errors="iid")])
def test_an_outcome_computed_from_adoption_is_refused(model, noise):
    frame = PANEL.assign(y=2 * PANEL["d"] + PANEL["unit"] + PANEL["time"])
    frame["y"] += noise * NOISE["x"]
    roles = {"unit": "unit", "time": "time", "outcome": "y", "treatment": "d"}
    data = cs.Panel.from_frame(frame, **roles)
    with pytest.raises(cs.ModelError, match="'y' follows exactly from the unit"):
        fitted(model, data)


@pytest.mark.parametrize("unit_effects", [0.0, 1.0])
@pytest.mark.parametrize(
    "fields", [{}, {"variances": "constant"}, {"projection": "mundlak"}]
)
def test_an_outcome_computed_from_its_past_is_no_dynamic_panel(fields, unit_effects):
    d, unit = RNG.normal(size=(40, 6)), unit_effects * RNG.normal(size=40)
    y = RNG.normal(size=(40, 6))
    for t in range(1, 6):
        y[:, t] = 0.5 * y[:, t - 1] + d[:, t] + unit
    index = {"unit": np.repeat(np.arange(40), 6), "time": np.tile(np.arange(6), 40)}
    frame = pd.DataFrame(index).assign(d=d.ravel(), y=y.ravel())
    roles = {"unit": "unit", "time": "time", "outcome": "y", "treatment": "d"}
    data = cs.Panel.from_frame(frame, **roles)
    with pytest.raises(cs.ModelError, match="'y' follows exactly from its lags"):
        fitted(cs.DynamicPanel(**fields), data)


@pytest.mark.parametrize("name", ["x", "y"])
@pytest.mark.parametrize("value", [0.0, 0.1, 1e20 / 3, 2.0**64])
def test_a_number_without_variation_has_no_effect_and_undergoes_none(name, value):
    frame = NOISE.assign(**{name: value})
    data = cs.Observations.from_frame(frame, continuous=[name])
    with pytest.raises(cs.ModelError, match=f"'{name}' is .* in every row"):
        fitted(MODEL, data)


@pytest.mark.parametrize("value", [0.0, 0.1, 1e20 / 3, 2.0**64])
def test_a_confounder_without_variation_changes_nothing(value):
    data = cs.Observations.from_frame(NOISE.assign(z=value), continuous=["z"])
    with_constant = fitted(MODEL, data).effect("effect").numbers()["mean"].item()
    slope = np.polyfit(NOISE["x"], NOISE["y"], 1)[0]
    assert abs(with_constant - slope) < 0.1


def test_as_many_covariates_as_rows_leave_nothing_to_correlate():
    frame = pd.DataFrame(RNG.lognormal(size=(12, 4)), columns=list("abcd"))
    frame["row"] = [f"r{k}" for k in range(12)]
    data = cs.Composition.from_frame(frame, parts=list("abcd"), covariates="row")
    with pytest.raises(cs.ModelError, match="at least 2 rows more"):
        fitted(cs.PartialCorrelation(prior="shrunk"), data)
