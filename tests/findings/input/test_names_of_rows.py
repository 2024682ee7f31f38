"""Ids of units, deciders and subjects are labels, `str(id)`, never merged or rounded."""

import datetime
import decimal
import json
import uuid

import numpy as np
import pandas as pd
import polars as pl
import pytest

import causalstats as cs
from causalstats.inference.saved_values import describe_data, read_data

ROLES = {
    "unit": "id",
    "time": "t",
    "outcome": "y",
    "treatment": "d",
    "covariates": ["x"],
}
UNITS = 9
# Nine ids each: as they stand in the frame, and their labels.
IDS = {
    "hashes of 64 bits": pd.Series(10**17 + np.arange(UNITS)),
    "next to 2^53": pd.Series(2**53 - 4 + np.arange(UNITS)),
    "unsigned hashes": pd.Series(
        np.uint64(2**64 - 1) - np.arange(UNITS, dtype="uint64")
    ),
    "seven digits": pd.Series(1_000_000 + np.arange(UNITS)),
    "nine digits, nullable": pd.Series(123_456_789 + np.arange(UNITS)).astype("Int64"),
    "hashes, nullable": pd.Series(2**62 + np.arange(UNITS)).astype("Int64"),
    "hashes in an object column": pd.Series(
        [10**17 + k for k in range(UNITS)], dtype=object
    ),
    "beyond 64 bits": pd.Series([2**70 + k for k in range(UNITS)], dtype=object),
    "negative": pd.Series(-4 + np.arange(UNITS)),
    "text with leading zeros": pd.Series([f"{k:03d}" for k in range(UNITS)]),
    "pandas strings": pd.Series([f"firm {k}" for k in range(UNITS)], dtype="string"),
    "categories of hashes": pd.Series(pd.Categorical(10**17 + np.arange(UNITS))),
    "dates": pd.Series(
        [datetime.date(2020, 1, 1 + k) for k in range(UNITS)], dtype=object
    ),
    "tuples": pd.Series([("a", k) for k in range(UNITS)], dtype=object),
    "UUIDs": pd.Series([uuid.UUID(int=k) for k in range(UNITS)], dtype=object),
    "decimals": pd.Series(
        [decimal.Decimal(10**9 + k) for k in range(UNITS)], dtype=object
    ),
    "numbers and text": pd.Series(
        [1, 2, 3, "a", "b", "c", 10, 11, "10x"], dtype=object
    ),
}


def panel_frame(ids, seed=0):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {"id": ids.repeat(4).to_numpy(), "t": np.tile(np.arange(4), len(ids))}
    )
    frame["id"] = ids.repeat(4).reset_index(drop=True)
    n = len(frame)
    frame = frame.assign(d=rng.normal(size=n), x=rng.normal(size=n))
    frame["y"] = frame["d"] + rng.normal(size=n)
    return frame.sample(frac=1, random_state=seed)


@pytest.mark.parametrize("kind", IDS)
def test_units_are_called_by_their_ids_in_one_frame_and_in_chunks(kind):
    frame = panel_frame(IDS[kind])
    whole = cs.Panel.from_frame(frame, **ROLES)
    chunks = cs.Panel.from_chunks([frame.iloc[:13], frame.iloc[13:]], **ROLES)
    assert set(whole.units) == {str(value) for value in IDS[kind]}
    assert whole.units == chunks.units and whole.fingerprint == chunks.fingerprint
    np.testing.assert_array_equal(whole.rows, chunks.rows)
    called = np.array(whole.units, object)[whole.unit]
    assert list(called) == [str(value) for value in frame["id"].iloc[whole.rows]]


@pytest.mark.parametrize(
    "kind", ["hashes of 64 bits", "seven digits", "hashes, nullable"]
)
def test_numbers_stand_in_order_of_size(kind):
    units = cs.Panel.from_frame(panel_frame(IDS[kind]), **ROLES).units
    assert list(units) == sorted(units, key=int)
    small = panel_frame(pd.Series([2, 10, 9, 1, 100, 11, 3, 20, 30]))
    assert cs.Panel.from_frame(small, **ROLES).units[:5] == ("1", "2", "3", "9", "10")


@pytest.mark.parametrize(
    "kind", ["hashes of 64 bits", "seven digits", "unsigned hashes"]
)
def test_polars_and_pandas_name_units_alike(kind):
    frame = panel_frame(IDS[kind])
    other = cs.Panel.from_frame(pl.from_pandas(frame.reset_index(drop=True)), **ROLES)
    assert other.units == cs.Panel.from_frame(frame, **ROLES).units


@pytest.mark.parametrize(
    "ids", ["hashes of 64 bits", "seven digits", "text with leading zeros"]
)
def test_ids_reach_tables_and_survive_a_file(ids, tmp_path):
    panel = cs.Panel.from_frame(panel_frame(IDS[ids]), **ROLES)
    fit = cs.fit(
        cs.PanelDML(basis_size=1, effects="unit", errors="iid"),
        panel,
        seed=1,
        progress=False,
    )
    again = cs.load(fit.save(tmp_path / "fit.nc"))
    wanted = {str(value) for value in IDS[ids]}
    for each in (fit, again):
        assert set(each.effect("unit_effect").numbers().index) == wanted
        assert set(each.data.units) == wanted


@pytest.mark.parametrize(
    "ids",
    [
        [str(k) for k in range(7, 16)],
        pd.Categorical(range(UNITS), categories=range(UNITS)[::-1]),
    ],
)
def test_numbers_as_text_keep_their_order_in_a_file(ids):
    data = cs.Panel.from_frame(panel_frame(pd.Series(ids)), **ROLES)
    again = read_data(json.loads(json.dumps(describe_data(data))))
    assert again.units == data.units
    assert again.fingerprint == data.fingerprint


def test_limits_of_any_number_can_be_kept():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(1 + rng.gamma(2, size=(20, 3)), columns=list("abc"))
    options = {"resolution": np.int64(1), "limits": {"a": np.float32(0.1)}}
    data = cs.Composition.from_frame(
        frame, parts=list("abc"), zeros="interval", **options
    )
    again = read_data(json.loads(json.dumps(describe_data(data))))
    assert again.fingerprint == data.fingerprint


def test_the_effect_does_not_depend_on_what_units_are_called():
    # Units differ in what moves treatment and outcome; merged, they would give 3.9 in place of 1.
    rng, rows = np.random.default_rng(1), []
    for k in range(80):
        level = rng.normal() * 5
        for time in range(5):
            d = level + rng.normal()
            rows.append(
                (10**17 + k, (k % 16) * 5 + time, d, d + 3 * level + rng.normal())
            )
    frame = pd.DataFrame(rows, columns=["id", "t", "d", "y"])
    roles = {**ROLES, "covariates": []}
    numbers, text = (
        cs.fit(
            cs.PanelDML(), cs.Panel.from_frame(table, **roles), seed=1, progress=False
        )
        for table in (frame, frame.assign(id=frame["id"].astype(str)))
    )
    assert len(numbers.data.units) == 80
    effect = numbers.effect("effect").numbers()["mean"].iloc[0]
    assert effect == pytest.approx(text.effect("effect").numbers()["mean"].iloc[0])
    assert abs(effect - 1) < 0.3


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        (pd.Series([True, 1, 0, 2], dtype=object), "True .bool. beside 1"),
        (pd.Series([1, "1", 2, 3], dtype=object), "written alike"),
        (pd.Series(pd.Categorical([1, "1", 2, 3])), "written alike"),
        (pd.Series([1e17, 1e17 + 16, 1, 2]), "different names may have become one"),
        (pd.Series([[1], [2], [3], [4]], dtype=object), "cannot name"),
    ],
)
def test_ids_that_cannot_be_told_apart_are_refused(ids, message):
    with pytest.raises(cs.DataError, match=message):
        cs.Panel.from_frame(panel_frame(ids), **ROLES)


@pytest.mark.parametrize(
    "kind", ["hashes of 64 bits", "seven digits", "tuples", "dates"]
)
def test_deciders_are_called_by_their_ids(kind, tmp_path):
    rng, ids = np.random.default_rng(0), IDS[kind]
    frame = pd.DataFrame({"x": rng.normal(size=90), "tested": np.arange(90) % 2})
    frame["judge"] = pd.concat([ids] * 10, ignore_index=True)
    frame["y"] = np.where(frame["tested"] == 1, rng.integers(0, 2, 90), np.nan)
    data = cs.Decisions.from_frame(
        frame, outcome="y", decision="tested", features=["x"], decider="judge"
    )
    assert set(data.deciders) == {str(value) for value in ids}
    called = [data.deciders[position] for position in data.decider]
    assert called == [str(value) for value in frame["judge"]]
    other = data.at(frame.iloc[5:8])
    assert [data.deciders[position] for position in other.decider] == called[5:8]
    assert list(data.groups("judge")) == called


@pytest.mark.parametrize("kind", ["hashes of 64 bits", "seven digits", "UUIDs"])
def test_subjects_of_a_composition_are_told_apart(kind):
    rng, ids = np.random.default_rng(0), IDS[kind]
    frame = pd.DataFrame(np.exp(rng.normal(size=(27, 3))), columns=list("abc"))
    frame["who"] = pd.concat([ids] * 3, ignore_index=True)
    data = cs.Composition.from_frame(frame, parts=list("abc"), subject="who")
    assert len(np.unique(data.dependence.subject)) == UNITS


@pytest.mark.parametrize("first", [2**60, 10**17, 2**70, 10])
def test_levels_of_a_diagram_are_whole_numbers_of_any_size(first):
    levels = (first, first + 1, first + 2)
    frame = pd.DataFrame({"x": pd.Series(list(levels) * 4), "y": [0, 1] * 6})
    data = cs.Observations.from_frame(frame)
    expected = levels if first < 2**63 else tuple(map(str, levels))
    assert data.levels["x"] == expected and list(data.table(["x"])) == [4, 4, 4]


def test_groups_of_eight_digit_sites_keep_their_names():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {"x": rng.normal(size=60), "site": 10_000_001 + np.arange(60) % 3}
    )
    frame["tested"] = np.arange(60) % 2
    frame["y"] = np.where(frame["tested"] == 1, rng.integers(0, 2, 60), np.nan)
    read = {"outcome": "y", "decision": "tested"}
    numeric = cs.Decisions.from_frame(frame, **read, features=["x", "site"])
    assert list(numeric.groups("site").categories) == [
        "10000001",
        "10000002",
        "10000003",
    ]
    named = cs.Decisions.from_frame(frame, **read, formula="x + C(site)")
    assert named.features == ("x", "C(site)[T.10000002]", "C(site)[T.10000003]")
