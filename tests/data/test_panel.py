"""`Panel` refuses unfit frames; the order of rows and the names of units mean nothing."""

import datetime

import numpy as np
import pandas as pd
import pytest

import causalstats as cs

ROLES = {
    "unit": "firm",
    "time": "year",
    "outcome": "sales",
    "treatment": "price",
    "covariates": ["size", "region"],
}


@pytest.fixture
def frame():
    """Six firms in two to five years, with gaps; the last was seen once."""
    rng = np.random.default_rng(1)
    years = {
        "a": [1, 2, 3],
        "b": [1, 3, 4, 7, 9],
        "c": [2, 3],
        "d": [1, 2, 5],
        "e": [4, 5],
        "f": [6],
    }
    firms = pd.DataFrame(
        [(firm, year) for firm, seen in years.items() for year in seen],
        columns=["firm", "year"],
    )
    n = len(firms)
    return firms.assign(
        sales=rng.standard_normal(n),
        price=rng.standard_normal(n),
        size=rng.standard_normal(n),
        region=rng.choice(["north", "south"], n),
        weight=rng.uniform(1, 2, n),
    )


def test_rows_are_sorted_and_known(frame):
    panel = cs.Panel.from_frame(frame.sample(frac=1, random_state=2), **ROLES)
    np.testing.assert_allclose(panel.outcome, frame["sales"])
    assert panel.units == ("a", "b", "c", "d", "e", "f") and list(panel.sizes) == [
        3,
        5,
        2,
        3,
        2,
        1,
    ]
    np.testing.assert_allclose(panel.source["price"], panel.treatment[:, 0])
    assert panel.facts()["Units"] == "6 (firm)" and panel.facts()[
        "Seen once"
    ].startswith("1 units")
    assert (
        panel.fingerprint
        == cs.Panel.from_frame(frame, **ROLES).fingerprint
        != cs.Panel.from_frame(
            frame.assign(price=frame["price"] + 1), **ROLES
        ).fingerprint
    )


def test_ids_may_be_numbers_and_times_dates(frame):
    dated = frame.assign(
        firm=frame["firm"].map(ord),
        year=[datetime.date(2000 + year, 1, 1) for year in frame["year"]],
    )
    panel = cs.Panel.from_frame(dated, **ROLES)
    assert panel.units[0] == "97" and np.diff(panel.time)[0] == 366 - 1
    np.testing.assert_allclose(panel.outcome, frame["sales"])


def test_rows_are_dropped_only_when_asked(frame):
    frame.loc[[1, 4], "size"] = np.nan
    with pytest.raises(cs.DataError, match=r"'size' is missing in rows 1, 4"):
        cs.Panel.from_frame(frame, **ROLES)
    panel = cs.Panel.from_frame(frame, missing="drop", **ROLES)
    assert len(panel) == 14 and panel.dropped == {"size": 2} and panel.sizes[0] == 2


@pytest.mark.parametrize(
    ("change", "roles", "message"),
    [
        ({}, {"unit": "firms"}, "Did you mean 'firm'"),
        ({"year": 1}, {}, r"one row of each 'firm' and 'year'; 'a' has two at 1"),
        ({"year": "early"}, {}, "which have an order and distances"),
        ({"price": 3.0}, {}, "is 3 in every row"),
        ({"price": "high"}, {}, "Recode it"),
        ({"sales": "high"}, {}, "to be numbers"),
        ({"sales": np.inf}, {}, "infinite values"),
        ({}, {"covariates": ["size", "price"]}, "as treatment and as covariate"),
        ({}, {"covariates": "size"}, "list of column names"),
        ({}, {"treatment": []}, "at least one treatment"),
        (
            {"size": lambda table: 5 - 2 * table["price"]},
            {},
            "'size' is 'price' itself",
        ),
        ({"size": lambda table: 2 * table["sales"]}, {}, "'size' is 'sales' itself"),
        ({"weight": -1.0}, {"weights": "weight"}, "positive numbers"),
    ],
)
def test_refused(frame, change, roles, message):
    with pytest.raises(cs.DataError, match=message):
        cs.Panel.from_frame(frame.assign(**change), **{**ROLES, **roles})


def test_units_whose_codes_several_groups_share_are_refused_with_the_three_remedies(
    frame,
):
    twice = pd.concat([frame.assign(land="A"), frame.assign(land="B")])
    with pytest.raises(cs.DataError, match=r"drop_duplicates.*share a code.*aggregate"):
        cs.Panel.from_frame(twice, **ROLES)
    apart = twice.assign(firm=twice["land"] + " " + twice["firm"].astype(str))
    assert len(cs.Panel.from_frame(apart, **ROLES).units) == 2 * frame["firm"].nunique()
