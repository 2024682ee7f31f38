"""The effect of a moderator is per unit of the moderator, whatever its unit."""

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

import causalstats as cs

mpl.use("Agg")
_ROLES = {"unit": "id", "time": "t", "outcome": "y", "treatment": "d"}


def _panel(seed: int, mean: float, sd: float, slope: float) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {"id": np.repeat(np.arange(150), 6), "t": np.tile(np.arange(6), 150)}
    )
    frame["size"] = rng.normal(mean, sd, len(frame))
    frame["d"] = rng.normal(size=len(frame))
    noise = rng.normal(size=len(frame))
    frame["y"] = (1 + slope * (frame["size"] - mean)) * frame["d"] + noise
    return frame


def _fit(frame: pd.DataFrame, moderators: str = "size") -> cs.Fit:
    covariates = [name for name in frame if name not in ("id", "t", "y", "d")]
    data = cs.Panel.from_frame(frame, **_ROLES, covariates=covariates)
    return cs.fit(cs.PanelDML(moderators=moderators), data, seed=1, progress=False)


@pytest.mark.parametrize(
    ("mean", "sd", "slope"), [(50, 10, 0.1), (2_000, 300, 0.003), (0, 1, -1)]
)
def test_moderation_is_the_change_of_the_effect_by_one_unit_of_the_moderator(
    mean, sd, slope
):
    fit = _fit(_panel(3, mean, sd, slope))
    row = fit.effect("moderation").numbers().iloc[0]
    assert abs(row["mean"] - slope) < 4 * row["sd"]
    assert row["sd"] * sd < 0.1
    two = fit.effect("effect", at=pd.DataFrame({"size": [mean, mean + 1.0]})).numbers()[
        "mean"
    ]
    assert two.iloc[1] - two.iloc[0] == pytest.approx(row["mean"], rel=1e-6)
    assert "unit of moderator" in fit.effect("moderation").unit


def test_moderation_scales_with_the_unit_of_the_moderator():
    """In metres and in centimetres: a hundred times less an effect by one centimetre."""
    frame = _panel(4, 5, 2, 0.5)
    metres = _fit(frame).effect("moderation").numbers()["mean"].iloc[0]
    finer = _fit(frame.assign(size=100 * frame["size"])).effect("moderation").numbers()
    assert 100 * finer["mean"].iloc[0] == pytest.approx(metres, rel=1e-3)


def test_moderation_by_text_is_against_its_first_level():
    frame = _panel(5, 0, 1, 0.0).drop(columns="size")
    frame["group"] = np.where(frame["id"] % 2 == 0, "a", "b")
    frame["y"] = frame["y"] + 2 * frame["d"] * (frame["group"] == "b")
    row = _fit(frame, "group").effect("moderation").numbers().iloc[0]
    assert abs(row["mean"] - 2) < 4 * row["sd"] < 0.5


@pytest.mark.parametrize("figure_name", ["", "effect", "moderation", "comparison"])
def test_a_fit_with_moderators_is_drawn(figure_name):
    figure = _fit(_panel(6, 50, 10, 0.1)).plot(figure_name)
    assert figure.axes
