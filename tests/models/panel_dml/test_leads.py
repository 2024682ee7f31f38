"""Leads that are named as treatments are tested jointly, by a cluster-robust Wald test."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from scipy import stats

import causalstats as cs
from causalstats.models.panel_dml.checks.score_tests import Adjusted
from causalstats.models.panel_dml.checks.strict_exogeneity import leads_have_no_effect
from causalstats.models.panel_dml.row_blocks import columns_of

pytestmark = pytest.mark.usefixtures("without_trees")

_MODEL = cs.PanelDML()


def _frame(seed: int, effect: float, units: int = 60, times: int = 7) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    d = rng.normal(size=(units, times + 1))
    error = rng.normal(size=(units, times))
    y = d[:, :-1] + effect * d[:, 1:] + error + 0.5 * np.roll(error, 1, axis=1)
    return pd.DataFrame(
        {
            "unit": np.repeat(np.arange(units), times),
            "time": np.tile(np.arange(times), units),
            "d": d[:, :-1].ravel(),
            "y": y.ravel(),
        }
    )


def _check(frame: pd.DataFrame, leads: int = 2):
    panel = cs.Panel.from_formula(f"y ~ d + f(d, 1:{leads}) | unit", frame, time="time")
    adjusted = Adjusted(panel, columns_of(_MODEL, panel), True)
    return leads_have_no_effect(adjusted, ())[0]


def test_the_statistic_is_that_of_dummies_in_least_squares():
    frame = _frame(1, 0.1)
    by_unit = frame.groupby("unit")["d"]
    wide = frame.assign(one=by_unit.shift(-1), two=by_unit.shift(-2)).dropna()
    fit = smf.ols("y ~ d + one + two + C(unit)", wide).fit(
        cov_type="cluster",
        cov_kwds={"groups": wide["unit"], "use_correction": False},
    )
    names = ["one", "two"]
    effect, covariance = fit.params[names], fit.cov_params().loc[names, names]
    wald = effect @ np.linalg.solve(covariance, effect)
    expected = stats.f.sf(wald * 58 / (2 * 59), 2, 58)
    assert _check(frame).value == pytest.approx(expected, rel=1e-6)


def test_leads_with_an_effect_are_seen_and_others_are_not():
    assert _check(_frame(2, 0.4)).passed is False
    assert _check(_frame(2, 0.0)).passed is True


def test_p_values_are_uniform_where_leads_have_no_effect():
    p_values = [_check(_frame(seed, 0.0), 1).value for seed in range(150)]
    assert stats.kstest(p_values, "uniform").pvalue > 1e-3


def test_without_leads_there_is_no_check():
    panel = cs.Panel.from_formula("y ~ d | unit", _frame(3, 0.0), time="time")
    names = [check.name for check in _MODEL.data_checks(panel)]
    assert "leads have no effect" not in names
    leads = [check.name for check in _MODEL.data_checks(panel.with_lags(leads=1))]
    assert "leads have no effect" in leads
