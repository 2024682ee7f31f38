"""Every bad input has its own error, before anything is sampled."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

import causalstats as cs


def frame(**changes):
    rng = np.random.default_rng(0)
    tested = np.arange(40) % 2
    table = pd.DataFrame(
        {
            "age": rng.normal(50, 9, 40),
            "region": list("abcd") * 10,
            "t": tested,
            "y": np.where(tested == 1, np.arange(40) % 4 == 1, np.nan),
        }
    )
    return table.assign(**changes)


def read(table, **options):
    return cs.Decisions.from_frame(
        table,
        **{"outcome": "y", "decision": "t", "features": ["age", "region"]} | options,
    )


BAD = [
    (frame()[:0], {}, "no rows"),
    (frame(), {"features": ["agee"]}, "Did you mean 'age'"),
    (
        frame(age=np.where(np.arange(40) == 7, np.nan, 1.0 * np.arange(40))),
        {},
        "'age' is missing in row 7",
    ),
    (
        frame(age=np.where(np.arange(40) == 7, np.inf, 1.0 * np.arange(40))),
        {},
        "infinite values in row 7",
    ),
    (frame(y=1), {}, 'observed="decided"'),
    (frame(y=np.nan), {}, "although decision 't' is 1"),
    (frame(t=2), {}, "to be 0/1"),
    (frame(y=frame()["y"] * 3), {}, "to be 0/1"),
    (frame(t=0, y=np.nan), {}, "Nobody was decided for"),
    (frame(c=1.0), {"features": ["age", "c"]}, "constant"),
    (
        frame(c=frame()["age"] * 2 + 1),
        {"features": ["age", "c"]},
        "determined by|repeats",
    ),
    (frame(), {"features": ["Intercept"]}, "cannot be called"),
    (frame(), {"features": ["genetic risk"]}, "genetic_risk"),
    (frame(), {"features": ["<script>"]}, "Rename it first"),
    (
        frame(),
        {"features": None, "formula": "__import__('os').system('true')"},
        "formula",
    ),
    (frame(), {"missing": "ignore"}, "`missing` as 'error'"),
    (
        frame(**{f"f{k}": np.cos(np.arange(40) * (k + 0.3)) for k in range(40)}),
        {"features": [f"f{k}" for k in range(40)]},
        "fewer coded features than rows, got 40 features of 40 rows",
    ),
]


@pytest.mark.parametrize(
    ("table", "options", "message"),
    BAD,
    ids=[str(number) for number in range(len(BAD))],
)
def test_bad_input(table, options, message):
    with pytest.raises(cs.DataError, match=message):
        read(table, **options)


def test_reads_without_changing_the_frame():
    table = frame()
    before = table.copy()
    data = read(table)
    pd.testing.assert_frame_equal(table, before)
    assert data.features == ("age", "region[b]", "region[c]", "region[d]")
    assert data.matrix[:, 0].std() == pytest.approx(1)
    assert (
        read(
            pl.DataFrame({name: table[name].to_list() for name in table}, strict=False),
            observed="decided",
        ).fingerprint
        == data.fingerprint
    )


def test_categoricals_keep_their_levels_whatever_the_frame():
    table = frame()
    kinds = [pd.CategoricalDtype(list("badc")), pd.CategoricalDtype(list("badce"))]
    first, unused = (
        read(table.assign(region=table["region"].astype(kind)), features=["region"])
        for kind in kinds
    )
    assert first.features == ("region[a]", "region[d]", "region[c]")
    assert unused.features == first.features
    enum = pl.DataFrame(
        {
            "region": pl.Series(list("abcd") * 10, dtype=pl.Enum(list("badc"))),
            "t": table["t"].to_list(),
            "y": table["y"].to_list(),
        }
    )
    assert read(enum, features=["region"]).features == first.features
    np.testing.assert_array_equal(read(enum, features=["region"]).matrix, first.matrix)


def test_drop_counts_and_unseen_levels():
    table = frame(age=np.where(np.arange(40) < 3, np.nan, 1.0 * np.arange(40)))
    data = read(table, missing="drop")
    assert len(data) == 37 and data.dropped == {"age": 3}
    np.testing.assert_allclose(data.at(table[3:]).matrix, data.matrix)
    with pytest.raises(cs.DataError, match="level 'z'"):
        data.at(frame(region="z"))


def test_a_study_shows_its_facts_and_not_its_arrays():
    shown = repr(read(frame()))
    assert shown.startswith("Decisions\n  People: 40\n") and "array" not in shown


def test_a_reference_population_needs_every_weight():
    frame = pd.DataFrame({"x": [1.0, 2.0, 3.0], "t": [1, 0, 1], "y": [0, None, 1]})
    data = cs.Decisions.from_frame(frame, outcome="y", decision="t", features=["x"])
    register = pd.DataFrame({"x": [1.0, 3.0], "count": [900, np.nan]})
    with pytest.raises(cs.DataError, match="column 'count' is missing in row 1"):
        data.with_reference(register, weights="count")
