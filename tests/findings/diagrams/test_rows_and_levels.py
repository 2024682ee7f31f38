"""Rows left out for what is missing, and variables that do not vary."""

import numpy as np
import pandas as pd
import pytest

import causalstats as cs


def refutable(answer: cs.Effect) -> list[str]:
    """Return the doubts but for the caution that nothing in these data can refute the diagram."""
    return [
        check.name
        for check in answer.doubts
        if check.name != "independences of the diagram"
    ]


def gaps(where, rows=1000, seed=0):
    """Return z, w, x and y with half of one column missing.

    Parameters
    ----------
    where : str
        The column.
    rows, seed : int
    """
    rng = np.random.default_rng(seed)
    z = rng.integers(0, 2, rows)
    w = rng.integers(0, 2, rows)
    x = (rng.random(rows) < 0.2 + 0.3 * z + 0.3 * w).astype(int)
    y = (rng.random(rows) < 0.2 + 0.3 * x + 0.3 * z).astype(int)
    frame = pd.DataFrame({"z": z, "w": w, "x": x, "y": y}).astype(float)
    return frame.mask(
        pd.DataFrame(
            {name: (rng.random(rows) < 0.5) & (name == where) for name in frame}
        )
    )


TEXT = "z -> x, y; w -> x -> y"


@pytest.mark.parametrize("where", ["w", "z", "y"])
def test_rows_left_out_stand_on_the_answer(where):
    data = cs.Observations.from_frame(gaps(where), missing="drop")
    fit = cs.fit(
        cs.CausalDiagram(TEXT, treatment="x", outcome="y"), data, seed=1, progress=False
    )
    assert "missing values" in fit.effect("effect").assumptions
    (doubt,) = fit.effect("effect").doubts
    assert doubt.name == "rows left out"
    assert f"without {where}" in doubt.finding
    assert any(
        "missing at random" in each.statement for each in fit.model.assumptions()
    )


def test_the_remedy_for_an_unneeded_variable_keeps_its_rows():
    frame = gaps("w")
    data = cs.Observations.from_frame(frame, missing="drop")
    model = cs.CausalDiagram(TEXT, treatment="x", outcome="y")
    few = cs.fit(model, data, seed=1, progress=False).effect("effect")
    assert "hidden: w" in few.doubts[0].remedy
    assert "['z', 'x', 'y']" in few.doubts[0].remedy
    whole = cs.Observations.from_frame(frame, columns=["z", "x", "y"])
    again = cs.CausalDiagram(f"{TEXT}; hidden: w", treatment="x", outcome="y")
    many = cs.fit(again, whole, seed=1, progress=False).effect("effect")
    assert len(whole) == 1000
    assert refutable(many) == []
    assert many.draws.std() < 0.85 * few.draws.std()


def test_complete_data_carry_no_such_doubt():
    data = cs.Observations.from_frame(gaps("nothing"), missing="drop")
    fit = cs.fit(
        cs.CausalDiagram(TEXT, treatment="x", outcome="y"), data, seed=1, progress=False
    )
    assert refutable(fit.effect("effect")) == []


@pytest.mark.parametrize(
    ("text", "constant"),
    [
        ("x -> m -> y; x <-> y", "m"),
        ("x -> m -> y; x -> k -> y", "k"),
        ("x -> m -> k -> y", "m"),
        ("z -> x, y; x -> m -> y; x -> y", "m"),
    ],
)
@pytest.mark.parametrize("value", ["no", 3])
def test_a_mediator_that_does_not_vary_is_refused(text, constant, value):
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(rng.integers(0, 2, (200, 5)), columns=list("xmkyz")).assign(
        **{constant: value}
    )
    model = cs.CausalDiagram(text, treatment="x", outcome="y")
    data = cs.Observations.from_frame(frame[list(model.diagram.observed)])
    with pytest.raises(
        cs.ModelError, match=f"Expected '{constant}', through which x acts on y"
    ):
        cs.fit(model, data, seed=1, progress=False)
    whole = model.diagram.with_levels({constant: (value, "another")})
    fit = cs.fit(
        cs.CausalDiagram(whole, treatment="x", outcome="y"),
        data,
        seed=1,
        progress=False,
    )
    assert fit.effect("effect").draws.std() > 0


def test_a_confounder_that_does_not_vary_is_no_fault():
    rng = np.random.default_rng(2)
    frame = pd.DataFrame(rng.integers(0, 2, (200, 2)), columns=list("xy")).assign(z="a")
    model = cs.CausalDiagram("z -> x, y; x -> y", treatment="x")
    fit = cs.fit(model, cs.Observations.from_frame(frame), seed=1, progress=False)
    assert refutable(fit.effect("effect")) == []


def test_a_question_through_a_mediator_that_does_not_vary_is_refused():
    """The headline does not go through m; the question about z does."""
    rng = np.random.default_rng(3)
    frame = pd.DataFrame(rng.integers(0, 2, (200, 3)), columns=list("zxy")).assign(
        m="no"
    )
    model = cs.CausalDiagram("z -> m -> y; x -> y", treatment="x", outcome="y")
    fit = cs.fit(model, cs.Observations.from_frame(frame), seed=1, progress=False)
    assert fit.effect("effect").draws.std() > 0
    with pytest.raises(cs.ModelError, match="Expected 'm', through which z acts on y"):
        fit.effect("y", do={"z": [1, 0]})
