"""Shocks at a level above the unit: a check sees them, and `cluster=` makes the interval right."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import causalstats as cs
from causalstats.numerics.panel.group_correlation import group_correlation

pytestmark = pytest.mark.usefixtures("without_trees")

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
    y = (
        shock * common[state]
        + rng.normal(size=(units, years))
        + rng.normal(size=(units, 1))
    )
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
def test_shared_shocks_stand_on_the_answer_until_the_remedy_is_followed(
    order, states, each
):
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
    pd.testing.assert_frame_equal(
        again.effect("effect").numbers(), fit.effect("effect").numbers()
    )
    exact = cs.panel_dml_estimators(
        fit, methods=["fixed effects"], seed=1, progress=False
    ).table
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


def _check(frame, covariates=(), **fields):
    panel = cs.Panel.from_frame(frame, **_ROLES, covariates=list(covariates))
    checks = cs.PanelDML(**fields).data_checks(panel)
    return next(check for check in checks if check.name == "clusters share no shocks")


def _table(d, y):
    units, times = d.shape
    index = {
        "county": np.repeat(np.arange(units), times),
        "year": np.tile(np.arange(times), units),
    }
    return pd.DataFrame(index).assign(law=d.ravel(), y=y.ravel())


def _rare(seed, units, times, treated, risk, effect):
    """A rare 0/1 outcome and a rare 0/1 treatment that comes and goes; counties are independent."""
    rng = np.random.default_rng(seed)
    d = (rng.random((units, times)) < treated) * 1.0
    return _table(d, (rng.random((units, times)) < risk + effect * d) * 1.0)


def _rare_adoption(seed, units, times, risk, effect):
    """A rare 0/1 outcome, and a law adopted for good at one of two times or never."""
    rng = np.random.default_rng(seed)
    start = rng.choice([times // 3, times // 2, times], units)
    d = (np.arange(times) >= start[:, None]) * 1.0
    return _table(d, (rng.random((units, times)) < risk + effect * d) * 1.0)


def _larger_errors_when_treated(seed, units=100, times=8):
    rng = np.random.default_rng(seed)
    d = (np.arange(times) >= rng.choice([2, 4, 6, 99], units)[:, None]) * 1.0
    return _table(d, rng.normal(size=(units, times)) * (1 + 3 * d))


_RIGHT = {
    "rare outcome and treatment, no effect": lambda seed: _rare(
        seed, 150, 8, 0.05, 0.03, 0.0
    ),
    "rare outcome, one in six treated once": lambda seed: _rare(
        seed, 200, 5, 0.03, 0.02, 0.0
    ),
    "rare outcome, large effect": lambda seed: _rare(seed, 150, 8, 0.06, 0.02, 0.5),
    "rare outcome, adoption": lambda seed: _rare_adoption(seed, 300, 8, 0.005, 0.1),
    "rare outcome, adoption, few units": lambda seed: _rare_adoption(
        seed, 60, 4, 0.03, 0.27
    ),
    "larger errors when treated": _larger_errors_when_treated,
}


@pytest.mark.parametrize("name", _RIGHT)
@pytest.mark.parametrize("time_effects", [False, True])
@pytest.mark.parametrize("seed", range(2))
def test_rare_events_and_unequal_errors_are_no_shared_shocks(name, time_effects, seed):
    # With false alarms in 1 of 100, one failure of these 24 has probability .21, two .02.
    check = _check(_RIGHT[name](seed), time_effects=time_effects)
    assert check.passed is True


@pytest.mark.slow
@pytest.mark.parametrize("name", _RIGHT)
def test_false_alarms_among_rare_events_are_one_in_a_hundred(name):
    failed = sum(
        _check(_RIGHT[name](seed), time_effects=True).passed is False
        for seed in range(100, 300)
    )
    assert failed <= stats.binom(200, 0.01).ppf(0.999)


def _growing(seed, cohorts, units=80, times=10):
    """A law whose effect grows; counties are independent."""
    rng = np.random.default_rng(seed)
    since = (
        np.arange(times) - np.array(cohorts)[np.arange(units) % len(cohorts)][:, None]
    )
    d = (since >= 0) * 1.0
    y = (
        d * (0.5 + 0.3 * since)
        + rng.normal(size=(units, times))
        + rng.normal(size=(units, 1))
    )
    return _table(d, y)


@pytest.mark.parametrize("cohorts", [(2, 5, 8), (3, 5, 7, 99), (2, 4, 6, 8, 99)])
@pytest.mark.parametrize("seed", range(3))
def test_effects_that_grow_are_not_called_shared_shocks(cohorts, seed):
    panel = cs.Panel.from_frame(_growing(seed, cohorts), **_ROLES)
    checks = {
        each.name: each for each in cs.PanelDML(time_effects=True).data_checks(panel)
    }
    assert checks["one effect under staggered adoption"].passed is False
    check = checks["clusters share no shocks"]
    assert check.passed is not False
    if check.passed is None:
        assert "'one effect under staggered adoption'" in check.finding


@pytest.mark.parametrize("seed", range(3))
def test_an_outcome_that_moves_the_next_law_is_not_called_shared_shocks(seed):
    rng = np.random.default_rng(seed)
    d, y = np.zeros((2, 150, 6))
    for year in range(6):
        before = y[:, year - 1] if year else 0.0
        d[:, year] = 0.7 * before + rng.normal(size=150) > 0.5
        y[:, year] = d[:, year] + rng.normal(size=150)
    panel = cs.Panel.from_frame(_table(d, y), **_ROLES)
    checks = {each.name: each for each in cs.PanelDML().data_checks(panel)}
    assert checks["strict exogeneity"].passed is False
    assert checks["clusters share no shocks"].passed is not False


def test_series_that_are_near_zero_have_hardly_any_say():
    """Series of 1/1000 of the others' size are alike in each group; the others are independent."""
    rng = np.random.default_rng(1)
    group = np.repeat(np.arange(10), 6)
    series = rng.normal(size=(60, 5))
    quiet = np.arange(60) % 2 == 0
    series[quiet] = 0.001 * rng.normal(size=(10, 5))[group[quiet]]
    assert group_correlation(series, group, rng)[0] > 0.01
    p, correlation = group_correlation(series[quiet], group[quiet], rng)
    assert p == 1 / 2_000
    assert 0.5 < correlation <= 1


@pytest.mark.parametrize("seed", range(5))
def test_series_with_the_shape_of_their_group_are_independent(seed):
    """Each group has its errors at one time only: products of pairs have the expectation 0."""
    failed = 0
    for replicate in range(20):
        rng = np.random.default_rng([seed, replicate])
        group = np.repeat(np.arange(6), 10)
        series = rng.normal(size=(60, 6)) * np.where(
            group[:, None] == np.arange(6), 1.0, 0.1
        )
        failed += group_correlation(series, group, rng)[0] <= 0.02
    assert failed <= stats.binom(20, 0.02).ppf(0.9999)


@pytest.mark.slow
@pytest.mark.parametrize("order", ["as states", "shuffled"])
@pytest.mark.parametrize(
    ("states", "each", "shock", "lowest"),
    [(20, 15, 0.7, 0.9), (20, 15, 0.57, 0.8), (50, 4, 0.7, 0.8)],
)
def test_power_with_shocks_of_thirty_and_forty_per_cent(
    states, each, shock, lowest, order
):
    checks = [
        _check(_counties(seed, states, each, 8, order, shock), time_effects=True)
        for seed in range(60)
    ]
    stands = sum(check.passed is not True for check in checks)
    # Shuffled, 50 states of 4 differ by the years of eight laws alone: power .2 (20 panels).
    lowest = 0.2 if (states, order) == (50, "shuffled") else lowest
    assert stands >= stats.binom(60, lowest).ppf(0.01)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("shock", "lowest", "highest"), [(0.0, 0.0, 0.01), (0.7, 0.9, 1.0)]
)
def test_power_and_false_alarms_of_the_check(shock, lowest, highest):
    failed = 0
    for seed in range(200):
        panel = cs.Panel.from_frame(_counties(seed, 20, 15, shock=shock), **_ROLES)
        checks = cs.PanelDML(time_effects=True).data_checks(panel)
        check = next(each for each in checks if each.name == "clusters share no shocks")
        failed += check.passed is False
    assert lowest <= failed / 200 <= highest
