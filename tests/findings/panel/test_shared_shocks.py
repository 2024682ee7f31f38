"""Shocks at a level above the unit: a check sees them, and `cluster=` makes the interval right."""

import numpy as np
import pandas as pd
import pytest

import causalstats as cs

_ROLES = {"unit": "county", "time": "year", "outcome": "y", "treatment": "law"}


def _counties(seed, states=20, each=15, years=8, order="as states", shock=0.7):
    """Laws and shocks of states, rows of counties; the law has no effect."""
    rng = np.random.default_rng(seed)
    state = np.repeat(np.arange(states), each)
    common = np.zeros((states, years))
    common[:, 0] = rng.normal(size=states)
    for year in range(1, years):
        common[:, year] = 0.5 * common[:, year - 1] + rng.normal(size=states)
    start = rng.integers(1, years + 3, states)
    d = (np.arange(years) >= start[state][:, None]) * 1.0
    units = states * each
    y = shock * common[state] + rng.normal(size=(units, years)) + rng.normal(size=(units, 1))
    name = rng.permutation(units) if order == "shuffled" else np.arange(units)
    index = {"county": np.repeat(name, years), "year": np.tile(np.arange(years), units)}
    frame = pd.DataFrame(index).assign(law=d.ravel(), y=y.ravel())
    return frame.assign(state=np.char.add("s", np.repeat(state, years).astype(str)))


def _fit(frame, covariates=(), **cluster):
    panel = cs.Panel.from_frame(frame, **_ROLES, covariates=list(covariates), **cluster)
    return cs.fit(cs.PanelDML(time_effects=True), panel, seed=1, progress=False)


def _named(fit, name="clusters share no shocks"):
    return next(check for check in fit.check() if check.name == name)


@pytest.mark.parametrize("order", ["as states", "shuffled"])
@pytest.mark.parametrize(("states", "each"), [(20, 15), (12, 20)])
def test_shared_shocks_stand_on_the_answer_until_the_remedy_is_followed(order, states, each):
    frame = _counties(1, states, each, order=order)
    fit = _fit(frame)
    effect = fit.effect("effect")
    assert _named(fit).passed is False
    assert "cluster=" in _named(fit).remedy
    assert "independent clusters (contradicted by these data)" in effect.text()
    remedied = _fit(frame, cluster="state")
    assert _named(remedied).passed is True
    widths = [
        np.diff(each_fit.effect("effect").numbers()[["lower", "upper"]].iloc[0])[0]
        for each_fit in (fit, remedied)
    ]
    assert widths[1] > 1.5 * widths[0]


def test_a_covariate_that_units_share_is_named():
    check = _named(_fit(_counties(2, order="shuffled"), covariates=["state"]))
    assert "cluster='state'" in check.remedy


@pytest.mark.parametrize("seed", range(4))
def test_independent_counties_raise_no_doubt(seed):
    assert _named(_fit(_counties(seed, shock=0.0))).passed is True


def test_a_fit_clustered_by_state_says_so_and_is_kept(tmp_path):
    fit = _fit(_counties(3), cluster="state")
    again = cs.load(fit.save(tmp_path / "fit.nc"))
    assert again.data.clusters == fit.data.clusters
    pd.testing.assert_frame_equal(again.effect("effect").numbers(), fit.effect("effect").numbers())
    exact = cs.panel_dml_estimators(fit, methods=["fixed effects"], seed=1, progress=False).table
    assert fit.compare().loc["fixed effects", "upper"] == pytest.approx(
        exact.loc["fixed effects", "upper"]
    )


@pytest.mark.slow
def test_intervals_clustered_by_state_cover():
    hits = 0
    for seed in range(200):
        row = _fit(_counties(seed), cluster="state").effect("effect").numbers().iloc[0]
        hits += row["lower"] <= 0 <= row["upper"]
    assert 0.91 <= hits / 200 <= 0.99


@pytest.mark.slow
@pytest.mark.parametrize(("shock", "lowest", "highest"), [(0.0, 0.0, 0.01), (0.7, 0.9, 1.0)])
def test_power_and_false_alarms_of_the_check(shock, lowest, highest):
    failed = 0
    for seed in range(200):
        panel = cs.Panel.from_frame(_counties(seed, 20, 15, shock=shock), **_ROLES)
        found = cs.PanelDML(time_effects=True).data_checks(panel)
        check = next(each for each in found if each.name == "clusters share no shocks")
        failed += check.passed is False
    assert lowest <= failed / 200 <= highest
