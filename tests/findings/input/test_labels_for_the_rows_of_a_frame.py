"""Labels given later belong to the rows of the frame, in its order or by its index."""

import json

import numpy as np
import pandas as pd
import polars as pl
import pytest

import causalstats as cs
from causalstats.inference.saved_values import describe_data, read_data


def panel_frame(seed, units=40, times=5):
    """Return a panel in random order, with missing covariates, and an effect of 1 + .1 size.

    Parameters
    ----------
    seed : int
    units, times : int
    """
    rng = np.random.default_rng(seed)
    n = units * times
    frame = pd.DataFrame(
        {
            "id": np.repeat(np.arange(units), times),
            "t": np.tile(np.arange(times), units),
        }
    ).assign(size=rng.normal(50, 10, n), d=rng.normal(size=n))
    frame["y"] = (1 + 0.1 * frame["size"]) * frame["d"] + rng.normal(size=n)
    frame["label"] = np.where(frame["size"] > 50, "big", "small")
    frame.loc[[3, n - 20], "size"] = np.nan
    return frame.sample(frac=1, random_state=seed)


def panel(frame):
    return cs.Panel.from_frame(
        frame,
        unit="id",
        time="t",
        outcome="y",
        treatment="d",
        covariates=["size"],
        missing="drop",
    )


def decisions(frame):
    rng = np.random.default_rng(1)
    tested = np.arange(len(frame)) % 2
    frame = frame.assign(
        tested=tested, ill=np.where(tested, rng.integers(0, 2, len(frame)), None)
    )
    return cs.Decisions.from_frame(
        frame, outcome="ill", decision="tested", features=["size"], missing="drop"
    )


GIVEN = {
    "Series": lambda label: label,
    "Series in another order": lambda label: label.sample(frac=1, random_state=9),
    "array": lambda label: label.to_numpy(),
    "list": lambda label: label.tolist(),
    "tuple": lambda label: tuple(label),
    "categories": lambda label: label.astype("category"),
    "Categorical": lambda label: pd.Categorical(label),
    "polars": lambda label: pl.Series(label.tolist()),
}


@pytest.mark.parametrize("read", [panel, decisions])
@pytest.mark.parametrize("given", GIVEN)
@pytest.mark.parametrize("seed", [1, 2])
def test_labels_are_those_of_the_frame(read, given, seed):
    frame = panel_frame(seed)
    data = read(frame)
    groups = data.groups(GIVEN[given](frame["label"]))
    expected = np.where(data.source["size"] > 50, "big", "small")
    assert len(data) == len(frame) - 2 and list(map(str, groups)) == list(expected)


def test_labels_of_a_larger_frame_are_matched_by_index():
    frame = panel_frame(3)
    later = panel(frame[frame["t"] > 0])
    expected = np.where(later.source["size"] > 50, "big", "small")
    assert list(map(str, later.groups(frame["label"]))) == list(expected)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda frame, data: frame["label"].iloc[1:], "by its index"),
        (lambda frame, data: frame["label"].to_numpy()[1:], "for each of the 200 rows"),
        # Labels for the rows that were kept: no longer those of the frame.
        (
            lambda frame, data: np.where(data.source["size"] > 50, "a", "b"),
            "each of the 200 rows",
        ),
        (
            lambda frame, data: frame["label"].set_axis([f"r{k}" for k in range(200)]),
            "its index",
        ),
        (
            lambda frame, data: frame["label"].where(frame["label"] == "big"),
            "there is none in",
        ),
        (lambda frame, data: np.zeros((200, 2)), "array of shape"),
        (lambda frame, data: 3, "got 3"),
        (lambda frame, data: ["size", "id"], "got 2"),
    ],
)
@pytest.mark.parametrize("read", [panel, decisions])
def test_labels_that_cannot_be_matched_are_refused(read, wrong, message):
    frame = panel_frame(4)
    data = read(frame)
    with pytest.raises(cs.DataError, match=message):
        data.groups(wrong(frame, data))


def test_a_longer_series_is_not_cut_where_rows_are_called_by_their_numbers():
    frame = panel_frame(5).reset_index(drop=True)
    with pytest.raises(cs.DataError, match="by its index"):
        panel(frame.iloc[:100]).groups(frame["label"])


def test_effects_of_groups_are_those_of_the_labels_and_survive_a_file(tmp_path):
    frame = panel_frame(6, units=100)
    fit = cs.fit(cs.PanelDML(moderators="size"), panel(frame), seed=1, progress=False)
    effects = fit.effect("effect", by=frame["label"]).numbers()["mean"]
    mean = frame.groupby("label")["size"].mean()
    for label in ("big", "small"):
        # The effect is 1 + .1 size, and linear in it: about 6.8 and 5.2.
        assert abs(effects[label] - (1 + 0.1 * mean[label])) < 0.35
    again = cs.load(fit.save(tmp_path / "fit.nc"))
    for given in (frame["label"], frame["label"].to_numpy()):
        table = again.effect("effect", by=given).numbers()["mean"]
        np.testing.assert_allclose(table[["big", "small"]], effects[["big", "small"]])


@pytest.mark.parametrize("read", [panel, decisions])
def test_a_series_with_a_default_index_means_the_same_before_and_after_a_file(read):
    """The frame's index is a shuffled 0 to n - 1: labels are matched by it."""
    frame = panel_frame(8)
    given = frame["label"].sort_index()
    assert given.reset_index(drop=True).index.equals(given.index)
    data = read(frame)
    again = read_data(json.loads(json.dumps(describe_data(data))))
    expected = np.where(data.source["size"] > 50, "big", "small")
    for each in (data, again):
        assert list(map(str, each.groups(given.reset_index(drop=True)))) == list(
            expected
        )


def test_a_panel_in_chunks_takes_labels_by_position():
    frame = panel_frame(7)
    roles = {
        "unit": "id",
        "time": "t",
        "outcome": "y",
        "treatment": "d",
        "covariates": ["size"],
    }
    chunks = cs.Panel.from_chunks([frame[:90], frame[90:]], **roles, missing="drop")
    expected = np.where(chunks.source["size"] > 50, "big", "small")
    assert list(map(str, chunks.groups(frame["label"].to_numpy()))) == list(expected)
