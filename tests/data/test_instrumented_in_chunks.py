"""`Instrumented.from_chunks` returns the same data and answers as `Instrumented.from_frame`."""

import numpy as np
import pandas as pd
import pytest

import causalstats as cs
from causalstats.data import feature_coding, instrumented, out_of_core

ROLES = {
    "outcome": "y",
    "treatment": "t",
    "instruments": ["z1", "z2", "region"],
    "covariates": ["x", "sex"],
}


@pytest.fixture
def frame():
    rng = np.random.default_rng(1)
    rows = 3_000
    z = rng.standard_normal((rows, 2))
    x, v, e = rng.standard_normal((3, rows))
    region = rng.integers(0, 3, rows)
    treatment = 0.3 * z.sum(axis=1) + 0.2 * region + x + v
    frame = pd.DataFrame(
        {
            "y": 0.5 * treatment + x + 0.6 * v + e * (1 + 0.5 * np.abs(z[:, 0])),
            "t": treatment,
            "z1": z[:, 0],
            "z2": 1e4 + 3 * z[:, 1],
            "region": np.array(["east", "north", "west"])[region],
            "x": 1e3 + x,
            "sex": np.where(rng.random(rows) < 0.5, "f", "m"),
            "w": rng.uniform(0.5, 2, rows),
            "school": rng.integers(0, 60, rows),
        }
    )
    frame.loc[7, "x"] = np.nan
    return frame


@pytest.fixture
def small_blocks(monkeypatch):
    """Blocks of 250 rows, where there are more than 1,000."""
    monkeypatch.setattr(instrumented, "_MOST_ROWS_AT_ONCE", 1_000)
    monkeypatch.setattr(instrumented, "_ROWS_OF_A_BLOCK", 250)
    monkeypatch.setattr(feature_coding, "_ROWS_AT_ONCE", 250)
    monkeypatch.setattr(out_of_core.row_blocks, "__defaults__", (250,))


def pieces(frame):
    return [frame[:1_100], frame[1_100:1_101], frame[1_101:]]


@pytest.mark.parametrize(
    "options", [{}, {"weights": "w"}, {"cluster": "school"}], ids=str
)
def test_blocks_have_the_moments_of_all_rows(frame, small_blocks, monkeypatch, options):
    chunks = cs.Instrumented.from_chunks(
        pieces(frame), **ROLES, **options, missing="drop"
    )
    monkeypatch.undo()
    whole = cs.Instrumented.from_frame(frame, **ROLES, **options, missing="drop")
    ours = chunks.__dict__["moments"]  # computed in blocks while these were small
    assert ours.degrees == whole.moments.degrees
    assert ours.clusters == whole.moments.clusters
    for name in ("products", "explained"):
        theirs = getattr(whole.moments, name)
        np.testing.assert_allclose(getattr(ours, name), theirs, rtol=1e-9)
    # The basis of the instruments may turn: compare what does not depend on it
    assert quadratic(ours) == pytest.approx(quadratic(whole.moments), rel=1e-8)
    np.testing.assert_allclose(chunks.instruments, whole.instruments)
    np.testing.assert_allclose(chunks.covariates, whole.covariates, atol=1e-11)
    np.testing.assert_array_equal(chunks.rows, whole.rows)
    assert chunks.dropped == whole.dropped == {"x": 1}
    with pytest.raises(ValueError, match="read-only"):
        chunks.outcome[0] = 1.0


def quadratic(moments):
    """g'V⁻¹g at an effect of .3."""
    c = np.array([1.0, -0.3])
    scores = moments.projections @ c
    spread = np.einsum("a,abij,b->ij", c, moments.score_products, c)
    return float(scores @ np.linalg.solve(spread, scores))


def test_one_block_is_the_frame_to_the_last_digit(frame, tmp_path):
    whole = cs.Instrumented.from_frame(frame, **ROLES, missing="drop")
    chunks = cs.Instrumented.from_chunks(
        iter(pieces(frame)), **ROLES, missing="drop", folder=tmp_path
    )
    assert chunks.fingerprint == whole.fingerprint
    assert chunks.facts() == whole.facts()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("kind", ["file", "polars"])
def test_other_sources(frame, kind, tmp_path):
    whole = cs.Instrumented.from_frame(frame, **ROLES, missing="drop")
    if kind == "file":
        pytest.importorskip("pyarrow")
        source = tmp_path / "rows.parquet"
        frame.to_parquet(source)
    else:
        source = pytest.importorskip("polars").from_pandas(frame).lazy()
    chunks = cs.Instrumented.from_chunks(source, **ROLES, missing="drop")
    assert chunks.fingerprint == whole.fingerprint


def test_answers_and_checks_of_blocks_are_those_of_all_rows(
    frame, small_blocks, monkeypatch
):
    chunks = cs.Instrumented.from_chunks(pieces(frame), **ROLES, missing="drop")
    in_blocks = cs.fit(cs.Instrument(), chunks, seed=1, progress=False)
    by_blocks = {check.name: check.passed for check in in_blocks.check()}
    monkeypatch.undo()
    data = cs.Instrumented.from_frame(frame, **ROLES, missing="drop")
    whole = cs.fit(cs.Instrument(), data, seed=1, progress=False)
    np.testing.assert_allclose(
        in_blocks.effect("effect").draws, whole.effect("effect").draws, rtol=1e-6
    )
    assert by_blocks == {check.name: check.passed for check in whole.check()}
    assert chunks.largest_leverage() == pytest.approx(data.largest_leverage(), rel=1e-8)


def test_gaps_and_changes_of_chunks_are_refused(frame):
    with pytest.raises(cs.DataError, match=r"'x' is missing in row 7"):
        cs.Instrumented.from_chunks(pieces(frame), **ROLES)
    changed = [frame[:100].dropna(), frame[100:].assign(z1="a")]
    with pytest.raises(cs.DataError, match="columns change"):
        cs.Instrumented.from_chunks(changed, **ROLES)
    with pytest.raises(cs.DataError, match="outcome 'sex' to be numbers"):
        cs.Instrumented.from_chunks(
            [frame.dropna()], outcome="sex", treatment="t", instruments=["z1"]
        )


def test_collinear_columns_are_refused_in_blocks(frame, small_blocks):
    frame = frame.dropna().assign(copy=lambda table: 2 * table["x"] - 5)
    with pytest.raises(cs.DataError, match="'copy' is determined by|'copy' repeats"):
        cs.Instrumented.from_chunks(
            [frame],
            outcome="y",
            treatment="t",
            instruments=["z1"],
            covariates=["x", "copy"],
        )
