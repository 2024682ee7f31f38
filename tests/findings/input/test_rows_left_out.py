"""Rows that were left out for missing values stand on every answer, whatever the family."""

import numpy as np
import pandas as pd
import pytest

import causalstats as cs

pytestmark = pytest.mark.usefixtures("without_trees")


def panel(frame: pd.DataFrame):
    return cs.PanelDML(basis_size=1), cs.Panel.from_frame(
        frame,
        unit="id",
        time="year",
        outcome="y",
        treatment="d",
        covariates=["x"],
        missing="drop",
    )


def composition(frame: pd.DataFrame):
    parts = np.exp(frame[["x", "d", "y"]])
    model = cs.PartialCorrelation(prior="invariant")
    return model, cs.Composition.from_frame(
        parts, parts=["x", "d", "y"], missing="drop"
    )


def selective(frame: pd.DataFrame):
    tested = frame["year"] % 2 == 0
    ill = (frame["d"] > 0).astype(float).where(tested)
    table = frame.assign(tested=tested.astype(int), ill=ill)
    model = cs.SelectiveLabels(prevalence=0.5)
    return model, cs.Decisions.from_frame(
        table, outcome="ill", decision="tested", features=["x"], missing="drop"
    )


def heckman(frame: pd.DataFrame):
    seen = frame["year"] % 2 == 0
    table = frame.assign(seen=seen.astype(int), wage=frame["d"].where(seen))
    return cs.Heckman(), cs.Decisions.from_frame(
        table,
        outcome="wage",
        decision="seen",
        features=["x"],
        kind="continuous",
        missing="drop",
    )


def rows(gaps: int) -> pd.DataFrame:
    rng = np.random.default_rng(5)
    frame = pd.DataFrame(
        {"id": np.repeat(np.arange(30), 6), "year": np.tile(np.arange(6), 30)}
    )
    for name in ("x", "d"):
        frame[name] = rng.normal(size=180)
    frame["y"] = frame["d"] + rng.normal(size=180)
    frame.loc[:gaps, "x"] = np.nan if gaps else frame.loc[:gaps, "x"]
    return frame


@pytest.mark.parametrize("study", [panel, composition, selective, heckman])
def test_rows_left_out_are_a_caution_of_the_data_alone(study):
    model, data = study(rows(gaps=29))
    checks = {check.name: check for check in model.data_checks(data)}
    rows_left_out = checks["rows left out"]
    assert rows_left_out.passed is None and rows_left_out.caution
    assert "30 without x; 150 are left" in rows_left_out.finding
    model, data = study(rows(gaps=0))
    assert "rows left out" not in {check.name for check in model.data_checks(data)}


def test_outcomes_missing_because_they_were_high_stand_on_the_effect():
    frame = rows(gaps=0)
    frame["y"] = frame["y"].where(frame["y"] < frame["y"].quantile(0.6))
    model, data = panel(frame)
    effect = cs.fit(model, data, seed=1, progress=False).effect("effect")
    assert "rows left out" in [check.name for check in effect.doubts]
    assert "missing at random" in effect.text()


def test_what_a_diagram_does_not_need_is_said_of_the_headline_alone():
    rng = np.random.default_rng(6)
    z, x = rng.integers(0, 2, (2, 400))
    y = (rng.random(400) < 0.2 + 0.3 * x + 0.3 * z).astype(int)
    frame = pd.DataFrame({"z": z, "x": x, "y": y}).astype(object)
    frame.loc[rng.random(400) < 0.2, "x"] = None
    data = cs.Observations.from_frame(frame, missing="drop")
    fit = cs.fit(
        cs.CausalDiagram("z -> x; z -> y; x -> y"), data, seed=1, progress=False
    )
    for asked in (fit.effect("effect"), fit.effect("y", do={"x": [1, 0]})):
        (caution,) = [check for check in asked.doubts if check.name == "rows left out"]
        assert (
            "The effect of z on y, unlike other questions, does not need x"
            in caution.remedy
        )
