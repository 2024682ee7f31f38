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
