"""`Observations` refuses unfit frames, and reads rows and cells with counts alike."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

import causalstats as cs

read = cs.Observations.from_frame


@pytest.fixture
def frame():
    rng = np.random.default_rng(1)
    size = pd.Categorical(
        rng.choice(["small", "large"], 40), categories=["small", "large"]
    )
    return pd.DataFrame(
        {
            "size": size,
            "cured": rng.random(40) < 0.5,
            "dose": rng.integers(0, 3, 40),
            "age": rng.normal(50, 9, 40),
        }
    )


def test_labels_are_counted_and_numbers_kept(frame):
    data = read(frame, columns=["size", "cured", "dose"])
    assert (
        data.levels == {"size": ("small", "large"), "cured": (0, 1), "dose": (0, 1, 2)}
        and len(data) == 40
        and data.continuous == ()
    )
    table = data.table(["dose", "size"])
    assert (
        table.shape == (3, 2)
        and table[2, 0] == ((frame["dose"] == 2) & (frame["size"] == "small")).sum()
    )
    np.testing.assert_array_equal(data.table(["size", "dose"]), table.T)
    assert data.table([]) == 40
    mixed = read(frame)
    assert mixed.continuous == ("age",) and len(mixed.codes) == 40
    np.testing.assert_allclose(mixed.column("age"), frame["age"])
    assert read(frame, continuous=["dose"]).continuous == ("dose", "age")
    assert (
        mixed.facts()["Numbers"] == "age"
        and data.facts()["Levels of size"] == "small, large"
    )


def test_rows_in_any_order_and_frame_are_its_cells(frame):
    labels = frame[["size", "cured", "dose"]]
    whole = read(labels)
    cells = (
        labels.groupby(list(labels), observed=False).size().rename("n").reset_index()
    )
    for other in (
        labels.sample(frac=1, random_state=1),
        pl.from_pandas(labels).with_columns(
            pl.col("size").cast(pl.Enum(["small", "large"]))
        ),
    ):
        assert read(other).fingerprint == whole.fingerprint
    assert (
        read(cells, counts="n").fingerprint
        == whole.fingerprint
        != read(labels.iloc[:-1]).fingerprint
    )
    before = frame.copy()
    read(frame)
    pd.testing.assert_frame_equal(frame, before)


def test_a_level_that_nobody_has_is_a_level_where_its_count_is_0():
    data = read(pd.DataFrame({"x": ["a", "b", "c"], "n": [3, 0, 2]}), counts="n")
    assert (
        data.levels == {"x": ("a", "b", "c")}
        and data.table(["x"]).tolist() == [3, 0, 2]
        and len(data.counts) == 2
    )


def test_levels_of_the_diagram_may_be_more(frame):
    data = read(frame)
    assert data.table(["dose"], {"dose": (0, 1, 2, 3)}).tolist() == [
        *data.table(["dose"]),
        0,
    ]
    assert (
        data.table(["dose"], {"dose": ("2", "1", "0")}).tolist()
        == data.table(["dose"]).tolist()[::-1]
    )
    with pytest.raises(
        cs.DataError, match="level 2 in the data, and the diagram has 0, 1 alone"
    ):
        data.table(["dose"], {"dose": (0, 1)})


def test_missing_rows_are_dropped_on_request_alone(frame):
    frame.loc[[3, 5], "size"] = None
    with pytest.raises(cs.DataError, match=r"'size' is missing in rows 3, 5"):
        read(frame)
    data = read(frame, missing="drop")
    assert len(data) == 38 and data.dropped == {"size": 2} and 3 not in data.rows


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        ({}, {"columns": ["sise"]}, "Did you mean 'size'"),
        ({}, {"columns": "size"}, "as a list of column names"),
        ({}, {"columns": ["size", "size"]}, "named twice"),
        ({}, {"columns": ["size"], "counts": "size"}, "named twice"),
        (
            {},
            {"continuous": ["size"]},
            "to be numbers, since it is said to be continuous",
        ),
        ({}, {"columns": ["size"], "continuous": ["age"]}, "no variable 'age'"),
        ({}, {"counts": "age"}, "whole numbers of 0 or more"),
        ({"n": -1}, {"counts": "n"}, "whole numbers of 0 or more"),
        ({"n": 0}, {"counts": "n"}, "nothing was observed"),
        ({"age": np.inf}, {}, "infinite values"),
        ({3: 1}, {}, "names as text"),
        ({}, {"missing": "skip"}, "`missing` as 'error', 'drop' or 'keep'"),
    ],
)
def test_bad_input(frame, change, options, message):
    with pytest.raises(cs.DataError, match=message):
        read(pd.DataFrame({**frame, **change}), **options)


def test_a_frame_is_expected():
    with pytest.raises(cs.DataError, match="Expected a data frame"):
        read([1, 2])


def test_a_table_that_cannot_be_held():
    frame = pd.DataFrame(
        np.random.default_rng(1).integers(0, 9, (200, 9)), columns=list("abcdefghi")
    )
    with pytest.raises(
        cs.DataError, match="3.87e\\+08 cells; at most 10,000,000.*Join levels"
    ):
        read(frame).table(list("abcdefghi"))


def test_cells_that_were_seen_have_no_gaps():
    frame = pd.DataFrame({"x": [0, 0, 1, 1, 0], "y": [0, 1, 0, 1, None]})
    data = cs.Observations.from_frame(frame, missing="keep")
    assert data.facts()["Cells seen"] == "4 of 4"
