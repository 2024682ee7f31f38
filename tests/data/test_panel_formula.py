"""Panels by formula, as fixest and pyfixest have it, and with lags and leads of treatments."""

import numpy as np
import pandas as pd
import pytest

import causalstats as cs
from causalstats.errors import DataError


def _frame(units: int = 6, years: int = 5) -> pd.DataFrame:
    rng = np.random.default_rng(1)
    count = units * years
    return pd.DataFrame(
        {
            "id": np.repeat(np.arange(units), years),
            "year": np.tile(np.arange(2000, 2000 + years), units),
            "lwage": rng.normal(size=count),
            "hours": rng.normal(size=count),
            "union": rng.integers(0, 2, count),
            "expersq": rng.normal(size=count),
            "industry": rng.choice(["a", "b", "c"], count),
        }
    )


def test_a_formula_is_the_same_panel_as_its_roles():
    frame = _frame()
    data = cs.Panel.from_formula("lwage ~ union + expersq | id + year", frame)
    roles = {"unit": "id", "time": "year", "outcome": "lwage", "treatment": "union"}
    same = cs.Panel.from_frame(
        frame, **roles, covariates=["expersq"], fixed_effects=["year"]
    )
    assert data.fingerprint == same.fingerprint
    assert data.arguments == same.arguments


def test_an_argument_names_another_treatment():
    formula = "lwage ~ expersq + union | id + year"
    data = cs.Panel.from_formula(formula, _frame(), treatment="union")
    assert (data.treatments, data.covariates) == (("union",), ("expersq",))


def test_a_time_given_by_name_has_no_effects():
    data = cs.Panel.from_formula("lwage ~ union | id", _frame(), time="year")
    assert data.arguments["fixed_effects"] == []
    assert not data.absorbs_time


def test_further_fixed_effects_are_crossed():
    data = cs.Panel.from_formula("lwage ~ union | id + year + industry", _frame())
    assert data.absorbs_time
    assert data.crossed_effects == ("industry",)


def test_without_a_bar_unit_and_time_are_named():
    data = cs.Panel.from_formula("lwage ~ union", _frame(), unit="id", time="year")
    assert (len(data.units), len(data.periods)) == (6, 5)


def test_several_outcomes_are_panels_of_their_own():
    panels = cs.Panel.by_outcome("lwage + hours ~ union | id + year", _frame())
    assert list(panels) == ["lwage", "hours"]
    assert panels["hours"].arguments["outcome"] == "hours"


@pytest.mark.parametrize(
    ("formula", "advice"),
    [
        ("lwage union | id + year", "Expected a formula"),
        ("lwage ~ | id + year", "Expected a formula"),
        ("lwage ~ union | id", "time="),
        ("lwage ~ union | id + year | union ~ expersq", "cs.Instrument"),
        ("lwage ~ union + I(expersq**2) | id + year", "smooth functions"),
        ("lwage ~ union:expersq | id + year", "interactions"),
        ("lwage ~ union + C(industry) | id + year", "text"),
        ("lwage ~ union + csw(expersq, hours) | id + year", "cs.table"),
        ("lwage ~ union | id + year^industry", "Combine"),
        ("lwage ~ union | id[year]", "unit_trends"),
        ("log(lwage) ~ union | id + year", "column of its own"),
        ("lwage + hours ~ union | id + year", "by_outcome"),
        ("lwage ~ unoin | id + year", "Did you mean 'union'"),
        ("lwage ~ union + l(expersq, 1) | id + year", "no treatment"),
    ],
)
def test_other_formulas_are_refused_with_advice(formula, advice):
    with pytest.raises(DataError, match=advice):
        cs.Panel.from_formula(formula, _frame())


def test_fixed_effects_without_the_unit_are_refused():
    with pytest.raises(DataError, match="leave out the unit"):
        cs.Panel.from_formula("lwage ~ union | industry + year", _frame(), unit="id")


def test_lags_and_leads_are_those_of_a_shift_within_units():
    frame = _frame().sample(frac=1, random_state=2)
    formula = "lwage ~ union + l(union, 1:2) + f(union, 1) | id + year"
    data = cs.Panel.from_formula(formula, frame)
    ordered = frame.sort_values(["id", "year"])
    by_unit = ordered.groupby("id")["union"]
    shifted = {
        "union": ordered["union"],
        "union (lag 1)": by_unit.shift(1),
        "union (lag 2)": by_unit.shift(2),
        "union (lead 1)": by_unit.shift(-1),
    }
    expected = pd.DataFrame(shifted).dropna()
    assert data.treatments == tuple(shifted)
    np.testing.assert_array_equal(data.treatment, expected.to_numpy())


@pytest.mark.parametrize(
    ("terms", "treatments"),
    [
        ("union + l(union, 2)", ("union", "union (lag 2)")),
        ("l(union, 1)", ("union (lag 1)",)),
        ("l(union, 0:1)", ("union", "union (lag 1)")),
        ("union + l(union, 2:1)", ("union", "union (lag 1)", "union (lag 2)")),
        (
            "union + hours + l(union, 1) + f(hours, 1)",
            ("union", "hours", "union (lag 1)", "hours (lead 1)"),
        ),
    ],
)
def test_a_formula_has_the_lags_that_it_names_and_no_others(terms, treatments):
    chosen = ["union", "hours"] if "hours" in terms else "union"
    data = cs.Panel.from_formula(
        f"lwage ~ {terms} | id + year", _frame(), treatment=chosen
    )
    assert data.treatments == treatments


DATES = {
    "months": pd.date_range("2018-01-01", periods=30, freq="MS"),
    "ends of months": pd.date_range("2018-01-31", periods=30, freq="ME"),
    "last business days": pd.date_range("2018-01-31", periods=30, freq="BME"),
    "quarters": pd.date_range("1990-01-01", periods=60, freq="QS"),
    "years": pd.date_range("1900-12-31", periods=60, freq="YE"),
    "weeks": pd.date_range("2018-01-01", periods=60, freq="7D"),
    "four weeks": pd.date_range("2018-01-01", periods=60, freq="28D"),
    "days of a zone": pd.date_range("2020-01-01", periods=100, tz="Europe/Berlin"),
    "months of a zone": pd.date_range(
        "2018-01-01", periods=30, freq="MS", tz="Europe/Berlin"
    ),
    "hours": pd.date_range("2020-03-28", periods=60, freq="h", tz="Europe/Berlin"),
    "months as periods": pd.period_range("2018-01", periods=30, freq="M"),
    "half years": np.arange(30) / 2,
}


def _dated(times) -> pd.DataFrame:
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"id": np.repeat(["a", "b"], len(times))})
    frame["time"] = [*times, *times]
    count = len(frame)
    return frame.assign(y=rng.normal(size=count), d=rng.normal(size=count))


@pytest.mark.parametrize("kind", DATES)
def test_periods_of_dates_follow_each_other(kind):
    times = DATES[kind]
    roles = {"unit": "id", "time": "time", "outcome": "y", "treatment": "d"}
    data = cs.Panel.from_frame(_dated(times), **roles)
    assert data.period.tolist() == 2 * [*range(len(times))]
    gap = cs.Panel.from_frame(_dated(np.delete(times, 7)), **roles)
    assert gap.period.tolist() == 2 * [k for k in range(len(times)) if k != 7]
    shifted = data.with_lags(lags=1)
    assert len(shifted) == len(data) - 2
    assert set(shifted.times_as_written(shifted.time)) <= set(
        data.times_as_written(data.time)
    )


def test_units_that_are_seen_in_the_middle_of_periods_have_their_own_lags():
    frame = pd.DataFrame({"id": np.repeat(["a", "b"], 4)})
    frame["time"] = [0, 1, 2, 3, 0.5, 1.5, 2.5, 3.5]
    frame = frame.assign(y=np.arange(8.0) ** 2, d=np.arange(8.0) ** 3)
    roles = {"unit": "id", "time": "time", "outcome": "y", "treatment": "d"}
    data = cs.Panel.from_frame(frame, **roles).with_lags(lags=1)
    np.testing.assert_array_equal(data.treatment[:, 1], frame["d"][[0, 1, 2, 4, 5, 6]])


def test_a_panel_with_lags_knows_the_rows_of_the_frame():
    frame = _frame()
    frame.loc[3, "lwage"] = np.nan
    frame = frame.sample(frac=1, random_state=2)
    formula = "lwage ~ union + l(union, 1) | id + year"
    data = cs.Panel.from_formula(formula, frame, missing="drop")
    assert data.dropped == {"lwage": 1}
    years = frame["year"].astype(str).tolist()
    assert list(data.groups(years)) == list(data.times_as_written(data.time))


def test_a_missing_year_has_no_lag():
    frame = _frame(2)
    gap = frame[~((frame["id"] == 0) & (frame["year"] == 2002))]
    data = cs.Panel.from_formula("lwage ~ union | id + year", gap).with_lags(lags=1)
    years = data.times_as_written(data.time[data.unit == 0])
    assert years == ("2001", "2004")


@pytest.mark.parametrize("lags", [0, -1, 1.5, 9])
def test_lags_that_no_row_has_are_refused(lags):
    data = cs.Panel.from_formula("lwage ~ union | id + year", _frame())
    with pytest.raises(DataError, match="lags"):
        data.with_lags(lags=lags)


def test_a_panel_with_lags_reads_itself_again():
    data = cs.Panel.from_formula("lwage ~ union | id + year", _frame()).with_lags(
        lags=1
    )
    again = cs.Panel.from_frame(data.source, **data.arguments)
    assert again.fingerprint == data.fingerprint
