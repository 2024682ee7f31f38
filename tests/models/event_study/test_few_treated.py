"""Few units that adopt: the imputation ATT with the errors of units that never do."""

import numpy as np
import pandas as pd
import pytest

import causalstats as cs
from causalstats.case_studies.minimum_wage import study as minimum_wage
from causalstats.models.event_study.baselines import placebo_att

_NAME = "imputation, errors of those never treated (Conley-Taber)"


def _panel(seed: int, units: int = 80) -> cs.Panel:
    """One unit adopts at time 4 of 8; serially correlated errors, no effect."""
    rng = np.random.default_rng(seed)
    y = rng.normal(size=(units, 8)).cumsum(axis=1)
    frame = pd.DataFrame(
        {
            "unit": np.repeat(np.arange(units), 8),
            "time": np.tile(np.arange(8), units),
            "y": y.ravel(),
        }
    )
    frame["d"] = ((frame["unit"] == 0) & (frame["time"] >= 4)).astype(float)
    return cs.Panel.from_formula("y ~ d | unit + time", frame)


def test_the_spread_is_that_of_placebo_adoptions():
    panel = _panel(1)
    draws = placebo_att(cs.EventStudy(), panel, np.random.default_rng(1))
    y = panel.outcome.reshape(80, 8)
    change = y[:, 4:].mean(axis=1) - y[:, :4].mean(axis=1)
    placebos = change[1:] - change[1:].mean()
    assert draws.mean() == pytest.approx(change[0] - change[1:].mean(), abs=1e-8)
    assert draws.std() == pytest.approx(placebos.std(), rel=0.06)


def test_intervals_of_one_treated_unit_cover():
    covered = 0
    for seed in range(100):
        draws = placebo_att(cs.EventStudy(), _panel(seed), np.random.default_rng(seed))
        low, high = np.quantile(draws, [0.025, 0.975])
        covered += low <= 0 <= high
    assert 88 <= covered <= 99  # binomial with .95, 1 in 1,000 on either side


def test_few_units_that_never_adopt_have_none():
    model = cs.EventStudy()
    assert _NAME in model.baselines(_panel(1))
    assert _NAME not in model.baselines(_panel(1, 25))


def test_cohorts_of_few_clusters_are_said():
    """One state adopted in 2004; its effect has no residual that shows how states differ."""
    panel = minimum_wage.data(by_state=True)
    fit = cs.fit(minimum_wage.model_by_state(), panel, seed=1, progress=False)
    check = next(c for c in fit.check() if c.name == "clusters of each cohort")
    assert check.passed is None
    assert check.caution
    assert "2004 (1), 2006 (3)" in check.finding
    assert check.stands_on("cohort")
    assert not check.stands_on("att")
    assert check.name in fit.effect("cohort").summary()["doubts"].iloc[0]


def test_clusters_of_states_widen_the_interval_of_the_minimum_wage():
    spread = {}
    for by_state in (False, True):
        panel = minimum_wage.data(by_state=by_state)
        fit = cs.fit(minimum_wage.model_by_state(), panel, seed=1, progress=False)
        spread[by_state] = float(fit.effect("att").draws.std())
    assert spread[True] / spread[False] == pytest.approx(1.5, abs=0.1)
