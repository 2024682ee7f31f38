"""Counts and outcomes of 0 and 1: Poisson with unit effects, and the check of additive effects."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

import causalstats as cs
from causalstats.numerics.panel.conditional_poisson import conditional_poisson

pytestmark = pytest.mark.usefixtures("without_trees")

_ROLES = {"unit": "unit", "time": "time", "outcome": "y", "treatment": "d"}


def _counts(seed: int, units: int = 80, times: int = 6) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "unit": np.repeat(np.arange(units), times),
            "time": np.tile(np.arange(times), units),
        }
    )
    size = rng.normal(size=units)[frame["unit"]]
    frame["d"] = (rng.random(len(frame)) < 1 / (1 + np.exp(-size))).astype(float)
    mean = np.exp(0.8 + 0.7 * size + 0.15 * frame["time"] + 0.3 * frame["d"])
    return frame.assign(y=rng.poisson(mean).astype(float))


def test_conditional_poisson_is_poisson_regression_with_unit_dummies():
    frame = _counts(1)
    totals = frame.groupby("unit")["y"].transform("sum")
    frame = frame[totals > 0]
    dummies = pd.get_dummies(frame["unit"], dtype=float)
    columns = frame[["d", "time"]].astype(float)
    design = np.hstack([columns, dummies])
    expected = sm.GLM(frame["y"], design, family=sm.families.Poisson()).fit(tol=1e-12)
    starts = np.flatnonzero(np.diff(frame["unit"], prepend=-1))
    ours = conditional_poisson(
        frame["y"].to_numpy(), columns.to_numpy(), starts, frame["unit"].to_numpy()
    )
    np.testing.assert_allclose(ours.coefficients, expected.params.iloc[:2], atol=1e-7)
    clustered = sm.GLM(frame["y"], design, family=sm.families.Poisson()).fit(
        cov_type="cluster",
        cov_kwds={"groups": frame["unit"].to_numpy(), "use_correction": False},
    )
    count = frame["unit"].nunique()
    errors = np.sqrt(np.diag(ours.covariance) * (count - 1) / count)
    np.testing.assert_allclose(errors, clustered.bse.iloc[:2], rtol=1e-5)


def test_units_of_a_constant_count_hold_information():
    counts = np.array([3.0, 3.0, 1.0, 3.0])
    columns = np.array([[0.0], [1.0], [0.0], [1.0]])
    estimate = conditional_poisson(
        counts, columns, np.array([0, 2]), np.array([0, 0, 1, 1])
    )
    assert np.exp(estimate.coefficients[0]) == pytest.approx(6 / 4)


def test_without_a_maximum_it_is_not_a_number():
    counts = np.array([0.0, 3.0, 0.0, 2.0])
    columns = np.array([[0.0], [1.0], [0.0], [1.0]])
    estimate = conditional_poisson(
        counts, columns, np.array([0, 2]), np.array([0, 0, 1, 1])
    )
    assert np.isnan(estimate.coefficients[0])


def test_counts_have_poisson_regression_beside_them():
    frame = _counts(2)
    panel = cs.Panel.from_frame(frame, **_ROLES)
    model = cs.PanelDML(time_effects=True)
    rng = np.random.default_rng(1)
    estimate = model.baselines(panel)["Poisson with unit effects"](rng)[0]
    ratio = estimate.mean()[0] / frame["y"].mean()
    assert abs(ratio - 0.3) < 4 * np.sqrt(estimate.covariance[0, 0]) / frame["y"].mean()
    numeric = cs.Panel.from_frame(frame.assign(y=frame["y"] + 0.5), **_ROLES)
    assert "Poisson with unit effects" not in model.baselines(numeric)


@pytest.mark.parametrize("shift", [0.0, 0.5])
def test_only_counts_have_the_check(shift):
    frame = _counts(3, 120, 8).assign(y=lambda table: table["y"] + shift)
    panel = cs.Panel.from_frame(frame, **_ROLES)
    checks = {
        each.name: each for each in cs.PanelDML(time_effects=True).data_checks(panel)
    }
    name = "effects add to the outcome"
    assert (name in checks) == (shift == 0)
    if shift == 0:
        assert checks[name].passed is False
        assert "Poisson" in checks[name].remedy
