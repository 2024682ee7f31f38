"""Times are computed with as numbers and shown as the frame has them."""

import datetime

import numpy as np
import pandas as pd
import pytest

import causalstats as cs
from causalstats.models.dynamic_panel.design import consecutive_runs

ROLES = {"unit": "u", "time": "t", "outcome": "y", "treatment": "d"}


def frame(times):
    """Thirty units at four times."""
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"u": np.repeat(np.arange(30), 4)})
    table["t"] = pd.Series(list(times) * 30)
    return table.assign(d=rng.normal(size=120), y=rng.normal(size=120)).sample(
        frac=1, random_state=1
    )


DAYS = pd.date_range("2020-01-01", periods=4, freq="30D")
WRITTEN = {
    "dates": (DAYS, ("2020-01-01", "2020-01-31", "2020-03-01", "2020-03-31")),
    "date objects": (
        [datetime.date(2019, 12, 30 + k) for k in (0, 1)]
        + [datetime.date(2020, 1, k) for k in (1, 2)],
        ("2019-12-30", "2019-12-31", "2020-01-01", "2020-01-02"),
    ),
    "before 1970": (
        pd.to_datetime(["1812-06-24", "1850-01-01", "1969-12-31", "1970-01-01"]),
        ("1812-06-24", "1850-01-01", "1969-12-31", "1970-01-01"),
    ),
    "a time zone": (
        DAYS.tz_localize("Europe/Berlin"),
        ("2020-01-01", "2020-01-31", "2020-03-01", "2020-03-31"),
    ),
    "hours": (
        pd.date_range("2020-01-01 06:00", periods=4, freq="h"),
        tuple(f"2020-01-01 0{hour}:00:00" for hour in (6, 7, 8, 9)),
    ),
    "yyyymmdd": (
        20200101 + np.arange(4),
        ("20200101", "20200102", "20200103", "20200104"),
    ),
    "twelve digits": (
        202001010000 + np.arange(4),
        tuple(f"20200101000{k}" for k in range(4)),
    ),
    "years": (2000 + np.arange(4), ("2000", "2001", "2002", "2003")),
    "half years": (2000 + np.arange(4) / 2, ("2000", "2000.5", "2001", "2001.5")),
    "years as periods": (
        pd.period_range("2000", periods=4, freq="Y"),
        ("2000", "2001", "2002", "2003"),
    ),
    "quarters": (
        pd.period_range("2010Q3", periods=4, freq="Q"),
        ("2010Q3", "2010Q4", "2011Q1", "2011Q2"),
    ),
}


@pytest.mark.parametrize("kind", WRITTEN)
def test_times_are_shown_as_they_were_written(kind, tmp_path):
    times, written = WRITTEN[kind]
    table = frame(times)
    whole = cs.Panel.from_frame(table, **ROLES)
    chunks = cs.Panel.from_chunks([table[:50], table[50:]], **ROLES)
    assert whole.times_as_written(whole.periods) == written
    assert chunks.times_as_written(chunks.periods) == written
    assert chunks.fingerprint == whole.fingerprint
    fit = cs.fit(cs.PanelDML(), whole, seed=1, progress=False)
    again = cs.load(fit.save(tmp_path / "fit.nc"))
    for each in (fit, again):
        assert tuple(each.predictions()["mean over time"].groups) == written


@pytest.mark.parametrize("kind", WRITTEN)
def test_two_rows_at_one_time_are_refused_by_that_time(kind):
    times, written = WRITTEN[kind]
    table = frame(times)
    twice = pd.concat(
        [table, table[(table["u"] == 3) & (table["t"] == list(times)[2])]]
    )
    with pytest.raises(cs.DataError, match=f"'3' has two at {written[2]}: "):
        cs.Panel.from_frame(twice, **ROLES)


@pytest.mark.parametrize(
    ("times", "remedy"),
    [
        (["2000", "2001", "2002", "2003"], "astype.int"),
        (["Q42010", "Q12011", "Q22011", "Q32011"], "PeriodIndex"),
        (["early", "mid", "late", "last"], "number the periods"),
        (pd.Categorical(["2000", "2001", "2002", "2003"]), "astype.int"),
        (10**18 + np.arange(4), "to_datetime"),
        (pd.to_timedelta(np.arange(4), unit="D"), "expected numbers"),
    ],
)
def test_times_that_have_no_order_are_refused_with_a_remedy(times, remedy):
    table = frame(times)
    with pytest.raises(cs.DataError, match=remedy):
        cs.Panel.from_frame(table, **ROLES)
    with pytest.raises(cs.DataError, match=remedy):
        cs.Panel.from_chunks([table], **ROLES)


def test_text_in_place_of_parquet_is_refused_with_a_remedy(tmp_path):
    path = tmp_path / "some.csv"
    frame(range(4)).to_csv(path, index=False)
    with pytest.raises(cs.DataError, match=r"read_csv.*chunksize"):
        cs.Panel.from_chunks(path, **ROLES)


@pytest.mark.parametrize(
    "change", [{"covariates": None}, {"unit": 3}, {"treatment": None}]
)
def test_roles_that_are_no_columns_are_refused(change):
    with pytest.raises(cs.DataError, match="column names"):
        cs.Panel.from_frame(frame(range(4)), **{**ROLES, **change})


def test_columns_in_the_index_are_pointed_at():
    with pytest.raises(cs.DataError, match="reset_index"):
        cs.Panel.from_frame(frame(range(4)).set_index(["u", "t"]), **ROLES)


def test_months_are_histories_without_gaps():
    months = pd.date_range("2018-01-01", periods=30, freq="MS")
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"id": np.repeat(["a", "b"], 30), "time": [*months, *months]})
    frame = frame.assign(y=rng.normal(size=60), d=rng.normal(size=60))
    roles = {"unit": "id", "time": "time", "outcome": "y", "treatment": "d"}
    (run,) = consecutive_runs(cs.Panel.from_frame(frame, **roles), 3)
    assert run.rows.tolist() == [[*range(30)], [*range(30, 60)]]


def test_a_zone_of_any_library_is_read_and_kept():
    named = pd.date_range("2020-01-01", periods=4, tz="Europe/Berlin")
    other = pd.date_range("2020-01-01", periods=4, tz="dateutil/Europe/Berlin")
    ours, theirs = (
        cs.Panel.from_frame(frame(times), **ROLES) for times in (named, other)
    )
    assert ours.times_as_written(ours.time) == theirs.times_as_written(theirs.time)


def test_quarters_of_a_small_covariate_begin_at_its_smallest_value():
    table = frame(DAYS).assign(x=np.arange(120) * 1e-9)
    data = cs.Panel.from_frame(table, **ROLES, covariates=["x"])
    assert data.groups("x").categories[0].startswith("0 to ")
