"""Crossed fixed effects and linear trends of units are those of dummies in least squares."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

import causalstats as cs
from causalstats.errors import ModelError
from causalstats.models.panel_dml.baselines import linear
from causalstats.models.panel_dml.checks.dependence import typical_residuals
from causalstats.numerics.panel.within_transformation import detrended

pytestmark = pytest.mark.usefixtures("without_trees")

_ROLES = {"unit": "id", "time": "year", "outcome": "y", "treatment": ["d", "x"]}


def _frame(seed: int = 1, units: int = 25, years: int = 8) -> pd.DataFrame:
    """An unbalanced panel of workers who change their industry and region, with trends."""
    rng = np.random.default_rng(seed)
    count = units * years
    frame = pd.DataFrame(
        {
            "id": np.repeat(np.arange(units), years),
            "year": np.tile(np.arange(years), units),
            "industry": rng.integers(0, 5, count),
            "region": rng.choice(["n", "s", "w"], count),
        }
    )
    trend = rng.normal(size=units)[frame["id"]] * frame["year"]
    effects = rng.normal(size=5)[frame["industry"]] + 0.3 * trend
    frame["d"] = effects + rng.normal(size=count)
    frame["x"] = 0.5 * effects + rng.normal(size=count)
    frame["y"] = 0.5 * frame["d"] + 2 * effects + rng.normal(size=count)
    return frame[rng.random(count) < 0.85]


def _slopes(model: cs.PanelDML, panel: cs.Panel) -> np.ndarray:
    units = model.statistics(panel).units
    return typical_residuals(model, panel).slopes * units[-1] / units[:-1]


def _least_squares(
    frame: pd.DataFrame,
    effects: list[str],
    trends: bool = False,
    weights: np.ndarray | float = 1.0,
):
    """Least squares with dummies by statsmodels, of full rank."""
    ids = pd.get_dummies(frame["id"], dtype=float)
    parts = [frame[["d", "x"]], ids]
    if trends:
        parts.append(ids.mul(frame["year"], axis=0).add_prefix("trend "))
    for name in effects:
        dummies = pd.get_dummies(frame[name], dtype=float).add_prefix(name)
        # Trends of units make the trend of all periods: one more dummy of these is not free.
        first = 2 if trends and name == "year" else 1
        parts.append(dummies.iloc[:, first:])
    columns = pd.concat(parts, axis=1)
    columns.columns = columns.columns.astype(str)
    return sm.WLS(frame["y"], columns, weights=weights).fit()


@pytest.mark.parametrize(
    "effects", [[], ["year"], ["industry"], ["year", "industry", "region"]]
)
@pytest.mark.parametrize("trends", [False, True])
def test_slopes_are_those_of_dummies(effects, trends):
    frame = _frame()
    panel = cs.Panel.from_frame(frame, **_ROLES, fixed_effects=effects)
    model = cs.PanelDML(unit_trends=trends)
    expected = _least_squares(frame, effects, trends)
    np.testing.assert_allclose(
        _slopes(model, panel), expected.params[["d", "x"]], atol=1e-8
    )


def test_free_rows_are_those_of_dummies():
    frame = _frame()
    panel = cs.Panel.from_frame(frame, **_ROLES, fixed_effects=["year", "industry"])
    model = cs.PanelDML(unit_trends=True)
    expected = _least_squares(frame, ["year", "industry"], trends=True)
    assert model.statistics(panel).rows == expected.df_resid + 2


def test_a_formula_absorbs_what_it_names():
    frame = _frame()
    by_formula = cs.Panel.from_formula("y ~ d + x | id + year + industry", frame)
    by_roles = cs.Panel.from_frame(
        frame,
        **_ROLES | {"treatment": "d"},
        covariates=["x"],
        fixed_effects=["industry"],
    )
    for model in (cs.PanelDML(), cs.PanelDML(errors="iid")):
        one = model.statistics(by_formula).gram
        two = cs.PanelDML(time_effects=True).statistics(by_roles).gram
        np.testing.assert_allclose(one, two)


def test_baselines_have_the_same_fixed_effects():
    frame = _frame()
    panel = cs.Panel.from_formula(
        "y ~ d + x | id + year + industry", frame, treatment=["d", "x"]
    )
    fixed = linear(panel, time_effects=False)["fixed effects"].estimate()
    expected = _least_squares(frame, ["year", "industry"]).params[["d", "x"]]
    np.testing.assert_allclose(fixed.coefficients, expected, atol=1e-8)


def test_weighted_trends_are_weighted_least_squares():
    frame = _frame()
    frame["w"] = np.random.default_rng(2).uniform(0.5, 2, len(frame))
    panel = cs.Panel.from_frame(frame, **_ROLES, weights="w", fixed_effects=["year"])
    fitted = _least_squares(frame, ["year"], trends=True, weights=frame["w"])
    expected = fitted.params[["d", "x"]]
    actual = _slopes(cs.PanelDML(unit_trends=True), panel)
    np.testing.assert_allclose(actual, expected, atol=1e-8)


def test_trends_take_out_lines_of_each_unit():
    time = np.array([0.0, 1.0, 4.0, 2.0, 3.0, 5.0])
    starts = np.array([0, 3])
    lines = (np.array([1.0, 1.0, 1.0, -2.0, -2.0, -2.0]) * time)[:, None] + 3
    np.testing.assert_allclose(detrended(lines, time, starts), 0, atol=1e-12)


def test_a_treatment_that_is_a_trend_is_refused():
    frame = _frame()
    frame["d"] = frame["id"] * frame["year"]
    panel = cs.Panel.from_frame(frame, **_ROLES)
    with pytest.raises(ModelError, match="trends"):
        cs.PanelDML(unit_trends=True).statistics(panel)


@pytest.mark.parametrize(
    "fields", [{"heterogeneity": "pooled"}, {"errors": "ar1"}, {"effects": "unit"}]
)
def test_trends_refuse_what_they_do_not_go_with(fields):
    with pytest.raises(ModelError, match="unit_trends"):
        cs.PanelDML(unit_trends=True, **fields)


def test_confounding_trends_and_groups_are_taken_out():
    frame = _frame(3, 150, 10)
    panel = cs.Panel.from_formula("y ~ d | id + year + industry", frame)
    row = cs.fit(cs.PanelDML(unit_trends=True), panel, seed=1, progress=False)
    numbers = row.effect("effect").numbers().iloc[0]
    assert abs(numbers["mean"] - 0.5) < 3 * numbers["sd"] < 0.3


def test_event_studies_refuse_crossed_effects():
    frame = _frame().assign(d=lambda table: (table["year"] > 3) * (table["id"] > 9))
    panel = cs.Panel.from_frame(
        frame, **_ROLES | {"treatment": "d"}, fixed_effects=["industry"]
    )
    with pytest.raises(ModelError, match="industry"):
        cs.fit(cs.EventStudy(), panel, seed=1, progress=False)
