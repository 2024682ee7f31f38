"""Two-way clustering, and placebo errors where few clusters are treated."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from statsmodels.stats.sandwich_covariance import cov_cluster_2groups

import causalstats as cs
from causalstats.errors import DataError, ModelError
from causalstats.models.panel_dml.checks.dependence import (
    typical_residuals,
    variance_of_treated,
)
from causalstats.models.panel_dml.robust_errors import sandwich, unchanged_clusters
from causalstats.numerics.panel.placebo_errors import placebo_errors
from causalstats.numerics.panel.two_way_clustering import intersection_covariance

pytestmark = pytest.mark.usefixtures("without_trees")

_ROLES = {"unit": "unit", "time": "time", "outcome": "y", "treatment": "d"}


def _frame(d: np.ndarray, y: np.ndarray) -> pd.DataFrame:
    units, times = d.shape
    return pd.DataFrame(
        {
            "unit": np.repeat(np.arange(units), times),
            "time": np.tile(np.arange(times), units),
            "d": d.ravel(),
            "y": y.ravel(),
        }
    )


def _shocks(seed: int, units: int = 40, times: int = 30) -> pd.DataFrame:
    """Shocks to treatment and outcome that all units of a period share; no effect."""
    rng = np.random.default_rng(seed)
    d = rng.normal(size=(units, times)) + rng.normal(size=times)
    y = rng.normal(size=(units, times)) + rng.normal(size=times)
    return _frame(d, y)


def _one_treated(seed: int, units: int = 50, sd: float = 1.0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    d = np.zeros((units, 8))
    d[0, 4:] = 1.0
    y = rng.normal(size=(units, 8))
    y[0] *= sd
    return _frame(d, y)


def test_the_three_parts_are_those_of_statsmodels():
    rng = np.random.default_rng(1)
    first, second = rng.integers(0, 20, 400), rng.integers(0, 15, 400)
    x = rng.normal(size=(400, 2)) + first[:, None] / 10
    y = rng.normal(size=400) + second / 5
    fit = sm.OLS(y, x).fit()
    total, by_first, by_second = cov_cluster_2groups(
        fit, first, second, use_correction=False
    )
    alone = np.zeros(400, int)

    def ours(one: np.ndarray, other: np.ndarray) -> np.ndarray:
        count = len(np.unique(one * 1000 + other))
        covariance = intersection_covariance(x, fit.resid, one, other)
        return covariance * (count - 1) / count

    np.testing.assert_allclose(ours(first, alone), by_first, rtol=1e-10)
    np.testing.assert_allclose(ours(second, alone), by_second, rtol=1e-10)
    both = ours(first, second)
    np.testing.assert_allclose(by_first + by_second - both, total, rtol=1e-10)


def test_two_way_standard_errors_are_near_those_of_statsmodels_with_many_clusters():
    frame = _shocks(2, 150, 120)
    panel = cs.Panel.from_frame(frame, **_ROLES, cluster=["unit", "time"])
    partialled = typical_residuals(cs.PanelDML(), panel)
    ours = sandwich(partialled, panel, 3.0).covariance[0, 0]
    within = frame - frame.groupby("unit").transform("mean").reindex(
        frame.columns, axis=1
    )
    fit = sm.OLS(within["y"].to_numpy(), within[["d"]].to_numpy()).fit()
    theirs = cov_cluster_2groups(
        fit, frame["unit"].to_numpy(), frame["time"].to_numpy()
    )[0][0, 0]
    units = cs.PanelDML().statistics(panel).units
    assert np.sqrt(ours) * units[1] / units[0] == pytest.approx(
        np.sqrt(theirs), rel=0.03
    )


def test_shocks_of_periods_widen_the_interval_by_unit_and_time():
    frame = _shocks(3)
    model = cs.PanelDML()
    widths = {}
    for cluster in (None, ("unit", "time")):
        panel = cs.Panel.from_frame(
            frame, **_ROLES, cluster=None if cluster is None else list(cluster)
        )
        fit = cs.fit(model, panel, seed=1, progress=False)
        row = fit.effect("effect").numbers().iloc[0]
        widths[cluster] = row["upper"] - row["lower"]
    assert widths[("unit", "time")] > 3 * widths[None]


def test_either_order_of_two_clusters_is_the_same():
    frame = _shocks(4)
    one = cs.Panel.from_frame(frame, **_ROLES, cluster=["unit", "time"])
    other = cs.Panel.from_frame(frame, **_ROLES, cluster=["time", "unit"])
    assert one.second_cluster_name == other.second_cluster_name == "time"
    assert one.fingerprint == other.fingerprint
    assert one.facts()["Clusters"] == "40 (unit) and 30 (time)"


def test_a_group_of_rows_beside_states_of_units_are_two_kinds_of_clusters():
    frame = _shocks(5).assign(
        state=lambda table: table["unit"] // 4, market=lambda table: table["time"] % 7
    )
    panel = cs.Panel.from_frame(frame, **_ROLES, cluster=["state", "market"])
    assert panel.cluster_name == "state"
    assert len(panel.clusters) == 10
    assert panel.second_cluster.max() == 6


@pytest.mark.parametrize("errors", ["iid", "ar1", "bootstrap", "placebo"])
def test_other_errors_refuse_two_kinds_of_clusters(errors):
    panel = cs.Panel.from_frame(_shocks(6), **_ROLES, cluster=["unit", "time"])
    with pytest.raises(ModelError, match="two"):
        cs.PanelDML(errors=errors).statistics(panel)


def test_two_clusters_that_both_cut_units_are_refused():
    frame = _shocks(7).assign(market=lambda table: table["time"] % 7)
    with pytest.raises(DataError, match="whole units"):
        cs.Panel.from_frame(frame, **_ROLES, cluster=["market", "time"])


@pytest.mark.parametrize(
    "cluster", [["unit", "time", "d"], ["time", "time"], ["d", "time"]]
)
def test_other_lists_of_clusters_are_refused(cluster):
    with pytest.raises(DataError, match="cluster"):
        cs.Panel.from_frame(_shocks(8), **_ROLES, cluster=cluster)


def test_event_studies_refuse_two_kinds_of_clusters():
    frame = _one_treated(1)
    panel = cs.Panel.from_frame(frame, **_ROLES, cluster=["unit", "time"])
    with pytest.raises(ModelError, match="two kinds"):
        cs.fit(cs.EventStudy(), panel, seed=1, progress=False)


def test_placebo_spread_is_that_of_placebo_treatments():
    """Each unit but the treated one gets the treatment on paper, by two-way fixed effects."""
    frame = _one_treated(9, 80)
    panel = cs.Panel.from_frame(frame, **_ROLES)
    model = cs.PanelDML(time_effects=True, errors="placebo")
    effect = cs.fit(model, panel, seed=1, progress=False).effect("effect")
    outcome = frame["y"].to_numpy().reshape(80, 8)[1:]
    change = outcome[:, 4:].mean(axis=1) - outcome[:, :4].mean(axis=1)
    placebos = (change - change.mean()) * 79 / 78
    assert effect.numbers().iloc[0]["sd"] == pytest.approx(placebos.std(), rel=0.06)


def test_too_few_clusters_without_treatment_are_refused():
    panel = cs.Panel.from_frame(_one_treated(10, 25), **_ROLES)
    with pytest.raises(ModelError, match="at least 30"):
        cs.PanelDML(errors="placebo").statistics(panel)


def test_donors_of_fewer_periods_stand_for_missing_ones():
    cell = np.array([[0, 0], [0, 1], [1, 0], [1, 1], [2, 0]])
    v = np.array([[1.0], [1.0], [0.0], [0.0], [0.0]])
    e = np.array([0.0, 0.0, 3.0, 3.0, 1.0])
    rng = np.random.default_rng(1)
    errors = placebo_errors(v, e, cell, np.array([1, 2]), 200, rng)
    values = np.unique(errors.round(6))
    np.testing.assert_allclose(values, [np.sqrt(2) / 2, 3.0], atol=1e-6)


def test_treated_clusters_that_vary_more_are_seen():
    model = cs.PanelDML(time_effects=True)
    verdicts = {}
    for sd in (1.0, 4.0):
        panel = cs.Panel.from_frame(_one_treated(11, sd=sd), **_ROLES)
        assert len(unchanged_clusters(panel)) == 49
        check = variance_of_treated(panel, typical_residuals(model, panel))
        verdicts[sd] = check.passed
    assert verdicts[1.0] is True
    assert verdicts[4.0] is not True
