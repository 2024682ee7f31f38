"""Estimators in closed form are shown as they are: no Monte Carlo error, no singletons counted."""

import numpy as np
import pandas as pd
import pytest
from linearmodels.datasets import munnell, wage_panel

import causalstats as cs


@pytest.fixture(scope="module")
def wages() -> cs.Fit:
    data = cs.Panel.from_frame(
        wage_panel.load(),
        unit="nr",
        time="year",
        outcome="lwage",
        treatment="union",
        covariates=["married", "expersq"],
    )
    return cs.fit(
        cs.PanelDML(basis_size=1, time_effects=True), data, seed=1, progress=False
    )


@pytest.mark.parametrize("method", ["simple OLS", "pooled OLS", "fixed effects"])
def test_compare_has_the_numbers_of_the_estimators(wages, method):
    shown = wages.compare().loc[method]
    exact = cs.panel_dml_estimators(
        wages, methods=[method], seed=1, progress=False
    ).table
    assert shown["mean"] == pytest.approx(exact.loc[method, "estimate"], rel=1e-12)
    assert shown["lower"] == pytest.approx(exact.loc[method, "lower"], rel=1e-12)
    assert shown["upper"] == pytest.approx(exact.loc[method, "upper"], rel=1e-12)


def test_fixed_effects_of_union_are_those_of_wooldridge(wages):
    """Wooldridge (2010), table 14.2: .0800."""
    assert round(wages.compare().loc["fixed effects", "mean"], 4) == 0.0800


def test_fixed_effects_of_public_capital_are_those_of_baltagi_and_pinnoi():
    """Produc, as in the documentation of plm: -.0261."""
    frame = munnell.load()
    for name in ("PC", "EMP", "GSP"):
        frame[name] = np.log(frame[name])
    frame["P_CAP"] = np.log(frame["P_CAP"])
    data = cs.Panel.from_frame(
        frame,
        unit="ST_ABB",
        time="YR",
        outcome="GSP",
        treatment="P_CAP",
        covariates=["PC", "EMP", "UNEMP"],
    )
    fit = cs.fit(cs.PanelDML(basis_size=1), data, seed=1, progress=False)
    assert round(fit.compare().loc["fixed effects", "mean"], 4) == -0.0261


def test_several_treatments_have_the_intervals_of_each_method():
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(
        {"id": np.repeat(np.arange(40), 5), "t": np.tile(np.arange(5), 40)}
    )
    frame["d"], frame["e"] = rng.normal(size=(2, 200))
    frame["y"] = frame["d"] - frame["e"] + rng.normal(size=200)
    data = cs.Panel.from_frame(
        frame, unit="id", time="t", outcome="y", treatment=["d", "e"]
    )
    fit = cs.fit(cs.PanelDML(), data, seed=1, progress=False)
    table = fit.compare()
    exact = cs.panel_dml_estimators(
        fit, methods=["fixed effects"], seed=1, progress=False
    ).table
    expected = exact.loc["fixed effects"]
    np.testing.assert_allclose(table["fixed effects"], expected["estimate"])
    np.testing.assert_allclose(table["fixed effects, lower"], expected["lower"])
    np.testing.assert_allclose(table["fixed effects, upper"], expected["upper"])
    assert fit.plot("comparison").axes


@pytest.mark.parametrize("singles", [30, 500])
@pytest.mark.parametrize("units", [6, 15])
def test_units_seen_once_change_nothing(singles, units):
    """The within estimator drops them (Correia 2015), and so do its degrees of freedom."""
    rng = np.random.default_rng(units + singles)
    ids = np.r_[np.arange(singles), np.repeat(np.arange(singles, singles + units), 10)]
    frame = pd.DataFrame(
        {"id": ids, "t": np.r_[np.zeros(singles), np.tile(np.arange(10), units)]}
    )
    frame["d"] = rng.normal(size=len(frame)) + 0.5 * (frame["id"] % 3)
    frame["y"] = frame["d"] + rng.normal(size=len(frame))
    tables, intervals = [], []
    for part in (frame, frame[frame["id"] >= singles]):
        data = cs.Panel.from_frame(
            part, unit="id", time="t", outcome="y", treatment="d"
        )
        comparison = cs.panel_dml_estimators(
            data, methods=["fixed effects"], seed=1, progress=False
        )
        tables.append(comparison.table.drop(columns="seconds"))
        fit = cs.fit(cs.PanelDML(), data, seed=1, progress=False)
        intervals.append(fit.effect("effect").numbers()[["lower", "upper"]].to_numpy())
    pd.testing.assert_frame_equal(*tables)
    np.testing.assert_allclose(*intervals, rtol=0.02)
