"""Other estimators of a panel of counts or of 0 and 1: pooled rows, and weights."""

import numpy as np
import pandas as pd
import statsmodels.api as sm

import causalstats as cs

ROLES = {"unit": "unit", "time": "time", "outcome": "y", "treatment": "d"}


def estimate(model, data, name):
    rule = model.baselines(data)[name]
    return float(rule(np.random.default_rng(0))[0].logarithm.mean()[0])


def test_pooled_regression_keeps_units_whose_outcome_never_changes():
    """Without unit effects they say something: leaving them out selects rows by outcome."""
    model = cs.PanelGLM(family="logit", time_effects=False)
    data = model.simulate(1, units=150, times=3).data
    pooled = estimate(model, data, "pooled, no unit effects")
    columns = sm.add_constant(data.treatment)
    expected = sm.Logit(data.outcome, columns).fit(disp=0).params[1]
    assert abs(pooled - expected) < 1e-6


def test_pooled_regression_weighs_units_as_copies_of_them():
    model = cs.PanelGLM(time_effects=False)
    frame = pd.DataFrame(model.simulate(1, units=60, times=3).data.source)
    weights = np.where(frame["unit"].astype(int) < 20, 3, 1)
    weighted = cs.Panel.from_frame(frame.assign(w=weights), weights="w", **ROLES)
    copies = [
        frame[weights > k].assign(
            unit=lambda rows, k=k: rows["unit"].astype(int) + 100 * k
        )
        for k in range(3)
    ]
    repeated = cs.Panel.from_frame(pd.concat(copies), **ROLES)
    name = "pooled, no unit effects"
    assert abs(estimate(model, weighted, name) - estimate(model, repeated, name)) < 1e-6
    assert list(model.baselines(weighted)) == [name]
