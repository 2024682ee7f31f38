"""Instruments that a diagram names lead to `Instrument`, with what that assumes besides."""

import numpy as np
import pandas as pd
import pytest

import causalstats as cs

DIAGRAM = "z -> t -> y; t <-> y; x -> z; x -> y; x -> t"


@pytest.fixture(scope="module")
def frame():
    rng = np.random.default_rng(1)
    x, v, e, a, noise = rng.standard_normal((5, 400))
    z = x + noise
    t = z + 0.5 * a + x + v
    return pd.DataFrame({"z": z, "t": t, "y": 0.5 * t + x + v + e, "x": x, "a": a})


def model(diagram=DIAGRAM, route="regression"):
    return cs.CausalDiagram(diagram, treatment="t", outcome="y", route=route)


def test_a_refused_number_says_what_identifies_it(frame):
    data = cs.Observations.from_frame(frame)
    with pytest.raises(cs.ModelError, match=r"goes with t.*model\.instrumented\(data"):
        cs.fit(model(), data, seed=1, progress=False)


def test_the_instruments_of_the_diagram_are_those_of_the_fit(frame):
    data = cs.Observations.from_frame(frame, labels={"t": "schooling", "x": "age"})
    ours = model("z -> t -> y; t <-> y; x -> z; x -> y; x -> t").instrumented(data)
    assert ours.arguments["instruments"] == ["z"]
    assert ours.arguments["covariates"] == ["x"]
    direct = cs.Instrumented.from_frame(
        frame, outcome="y", treatment="t", instruments=["z"], covariates=["x"]
    )
    assert ours.fingerprint == direct.fingerprint
    fit = cs.fit(cs.Instrument(), ours, seed=1, progress=False)
    assert "schooling" in str(fit.effect("effect").description)


def test_instruments_that_hold_the_same_are_taken_together(frame):
    diagram = "z -> t -> y; t <-> y; a -> t"
    ours = model(diagram).instrumented(cs.Observations.from_frame(frame))
    assert sorted(ours.arguments["instruments"]) == ["a", "z"]


def test_counts_are_rows():
    table = pd.DataFrame(
        {"z": [0, 0, 1, 1, 1, 0], "t": [0, 1, 0, 1, 1, 0], "y": [0, 1, 0, 1, 0, 1]}
    ).assign(n=[30, 10, 12, 25, 9, 14])
    data = cs.Observations.from_frame(table, counts="n")
    ours = model("z -> t -> y; t <-> y", route="reduced").instrumented(data)
    assert len(ours) == 100
    assert ours.treatment.sum() == 44


def test_an_arrow_to_the_outcome_is_no_instrument(frame):
    data = cs.Observations.from_frame(frame)
    with pytest.raises(cs.ModelError, match="names no instrument of 't'"):
        model("z -> t -> y; t <-> y; z -> y").instrumented(data)


def test_the_route_of_instruments_is_the_model_of_instruments(frame):
    data = cs.Observations.from_frame(frame[["x", "z", "t", "y"]])
    diagram = "z -> t -> y; t <-> y; x -> z; x -> y; x -> t"
    ours = model(diagram, route="instrument")
    fit = cs.fit(ours, data, seed=1, progress=False)
    other = cs.fit(cs.Instrument(), ours.instrumented(data), seed=1, progress=False)
    np.testing.assert_array_equal(
        fit.effect("effect").draws, other.effect("effect").draws
    )
    doubts = {each.name for each in other.effect("effect").doubts}
    assert doubts <= {each.name for each in fit.effect("effect").doubts}
    assert fit.headline == "effect"
    assert "exclusion" in fit.effect("effect").assumptions
    with pytest.raises(cs.ModelError, match="one effect"):
        fit.effect("y", do={"t": 1})


def test_the_route_of_instruments_needs_one(frame):
    data = cs.Observations.from_frame(frame[["z", "t", "y"]])
    for diagram, words in (
        ("z -> t -> y; t <-> y; z -> y", "names no instrument"),
        ("z -> t -> y; z -> y", "without an instrument"),
    ):
        with pytest.raises(cs.ModelError, match=words):
            cs.fit(model(diagram, route="instrument"), data, seed=1, progress=False)
    with pytest.raises(cs.ModelError, match="route='instrument'"):
        cs.fit(model("z -> t -> y; t <-> y"), data, seed=1, progress=False)
