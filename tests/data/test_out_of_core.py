"""`Panel.from_chunks` returns the same panel as `Panel.from_frame`, from any kind of chunks."""

from functools import partial

import joblib
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import causalstats as cs
from causalstats.models.panel_dml import row_blocks as panel_dml_blocks

ROLES = {
    "unit": "firm",
    "time": "year",
    "outcome": "sales",
    "treatment": "price",
    "covariates": ["size", "region"],
    "missing": "drop",
}


@pytest.fixture(scope="module")
def frame():
    """Fifty firms of 2 to 8 years each, a missing covariate, and rows in random order."""
    rng = np.random.default_rng(1)
    years = rng.integers(2, 9, 50)
    firms = pd.DataFrame(
        {
            "firm": np.repeat([f"f{k}" for k in range(50)], years),
            "year": np.concatenate([np.arange(k) for k in years]),
        }
    )
    n = len(firms)
    firms = firms.assign(
        size=rng.standard_normal(n), region=rng.choice(["north", "south", "east"], n)
    )
    firms["price"] = firms["size"] ** 2 + rng.standard_normal(n)
    firms["sales"] = firms["price"] + firms["size"] ** 2 + rng.standard_normal(n)
    firms.loc[firms.index[:7], "region"] = "west"
    firms.loc[5, "size"] = np.nan
    return firms.sample(frac=1, random_state=2).reset_index(drop=True)


def pieces(frame, size=40):
    return [frame.iloc[k : k + size] for k in range(0, len(frame), size)]


def source(kind, frame, folder):
    if kind in ("file", "folder"):
        pytest.importorskip("pyarrow")
        for k, piece in enumerate(pieces(frame, 150)):
            piece.to_parquet(folder / f"{k}.parquet")
        frame.to_parquet(folder / "all.pq")
        return folder / "all.pq" if kind == "file" else str(folder)
    if kind == "polars":
        return pytest.importorskip("polars").from_pandas(frame).lazy()
    if kind == "dask":
        return pytest.importorskip("dask.dataframe").from_pandas(frame, npartitions=3)
    return {
        "frame": frame,
        "list": pieces(frame),
        "once": iter(pieces(frame)),
        "sorted": pieces(frame.sort_values(["firm", "year"])),
    }[kind]


@pytest.mark.parametrize(
    "kind", ["frame", "list", "once", "sorted", "file", "folder", "polars", "dask"]
)
def test_a_panel_from_chunks_is_that_of_the_whole_frame(frame, kind, tmp_path):
    chunks = source(kind, frame, tmp_path)
    whole = cs.Panel.from_frame(frame, **ROLES)
    in_chunks = cs.Panel.from_chunks(chunks, **ROLES, folder=tmp_path)
    assert in_chunks.fingerprint == whole.fingerprint
    assert in_chunks.units == whole.units
    assert in_chunks.dropped == whole.dropped == {"size": 1}
    assert list(in_chunks.source["region"].cat.categories) == list(
        whole.source["region"].cat.categories
    )
    if kind != "sorted":
        np.testing.assert_array_equal(in_chunks.rows, whole.rows)
    with pytest.raises(ValueError, match="read-only"):
        in_chunks.outcome[0] = 1.0


def test_categories_keep_their_order_and_numbers_name_units(frame):
    ordered = frame.assign(
        firm=frame["firm"].str[1:].astype(int),
        region=pd.Categorical(frame["region"], ["west", "south", "north", "east"]),
    )
    whole = cs.Panel.from_frame(ordered, **ROLES)
    in_chunks = cs.Panel.from_chunks(pieces(ordered), **ROLES)
    assert in_chunks.fingerprint == whole.fingerprint
    assert in_chunks.units[:3] == whole.units[:3] == ("0", "1", "2")
    assert list(in_chunks.source["region"].cat.categories) == [
        "west",
        "south",
        "north",
        "east",
    ]


@pytest.mark.parametrize(
    "workers", [None, "threading", pytest.param("loky", marks=pytest.mark.slow)]
)
def test_cross_products_of_blocks_are_those_of_all_rows(frame, monkeypatch, workers):
    model = cs.PanelDML(time_effects=True)
    whole = model.statistics(cs.Panel.from_frame(frame, **ROLES))
    monkeypatch.setattr(panel_dml_blocks, "_NUMBERS_AT_ONCE", 1_000)
    panel = cs.Panel.from_chunks(pieces(frame), **ROLES)
    if workers is None:
        parts = model.statistics(panel)
    else:
        with joblib.parallel_config(backend=workers, n_jobs=2):
            parts = model.statistics(panel)
    np.testing.assert_allclose(parts.gram, whole.gram, rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(parts.units, whole.units, rtol=1e-10)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda parts: [*parts[:2], parts[2].drop(columns="size")],
            "piece 3 has no 'size'",
        ),
        (
            lambda parts: [parts[0], parts[1].assign(size="large")],
            r"piece 2 has text in 'size', and those before it numbers",
        ),
        (
            lambda parts: [parts[0], parts[1].assign(year=pd.Timestamp("2000-01-01"))],
            r"dates in 'year'",
        ),
        (lambda parts: [parts[0], parts[1].to_numpy()], "frames in memory"),
        (lambda parts: [parts[0].iloc[:0]], "at least one complete row"),
        (
            lambda parts: [parts[0].rename(columns={"size": "sise"})],
            "Did you mean 'sise'",
        ),
        (lambda parts: [*parts, parts[0]], "one row of each 'firm' and 'year'"),
        (lambda parts: 3, "got int"),
        (lambda parts: "no.parquet", "no parquet file"),
    ],
)
def test_refused(frame, change, message):
    with pytest.raises(cs.DataError, match=message):
        cs.Panel.from_chunks(change(pieces(frame)), **ROLES)


def test_gaps_are_found_by_their_row(frame):
    row = int(np.flatnonzero(frame["size"].isna())[0])
    with pytest.raises(cs.DataError, match=rf"'size' is missing in row {row} "):
        cs.Panel.from_chunks(pieces(frame), **{**ROLES, "missing": "error"})


def test_labels_of_levels_that_are_not_there_are_refused():
    frame = pd.DataFrame(
        {"i": [1, 1, 2, 2], "t": [0, 1, 0, 1], "y": [1.0, 3.0, 2.0, 5]}
    )
    frame = frame.assign(d=[0.0, 1.0, 0.0, 0.0], z=[0.0, 1.0, 1.0, 1.0], g=list("abab"))
    panel = {"unit": "i", "time": "t", "outcome": "y", "treatment": "d"}
    labels = {"g=c": "the third"}
    for reader in (
        partial(cs.Panel.from_chunks, **panel, covariates=["g"]),
        partial(
            cs.Instrumented.from_chunks,
            outcome="y",
            treatment="d",
            instruments=["z"],
            covariates=["g"],
        ),
    ):
        with pytest.raises(cs.DataError, match="no level 'c'"):
            reader([frame], labels=labels)


def test_large_whole_numbers_are_numbers_in_every_frame():
    frame = pd.DataFrame({"i": [1, 1, 2, 2], "t": [0, 1, 0, 1]})
    frame = frame.assign(y=[2**60, 5, 7, -(2**61)], d=[0.0, 1.0, 0.0, 0.0])
    panel = {"unit": "i", "time": "t", "outcome": "y", "treatment": "d"}
    ours = cs.Panel.from_frame(frame, **panel)
    theirs = cs.Panel.from_frame(pa.Table.from_pandas(frame), **panel)
    assert ours.fingerprint == theirs.fingerprint
