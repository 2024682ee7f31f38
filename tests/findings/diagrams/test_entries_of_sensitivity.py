"""Every row of a sensitivity table says which answer it is."""

import numpy as np
import pandas as pd
import pytest

import causalstats as cs


@pytest.fixture(scope="module")
def fit():
    rng = np.random.default_rng(0)
    x = rng.integers(0, 2, 300)
    frame = pd.DataFrame(
        {
            "x": x,
            "bp": rng.choice(["low", "mid", "high"], 300),
            "y": x ^ rng.integers(0, 2, 300),
        }
    )
    model = cs.CausalDiagram("x -> bp -> y; x -> y", treatment="x", outcome="y")
    return cs.fit(model, cs.Observations.from_frame(frame), seed=1, progress=False)


def test_levels_of_another_outcome_are_named(fit):
    table = fit.sensitivity(outcome=["bp"])
    assert not table.index.duplicated().any()
    assert table.index.names == ["outcome", "entry"]
    entries = table.loc["bp"].index
    assert [entry.startswith("bp=") for entry in entries] == [True] * 3


def test_arms_of_another_treatment_are_named(fit):
    table = fit.sensitivity(treatment=["bp"])
    assert not table.index.duplicated().any()
    assert len(table.loc["bp"]) == 2


def test_a_diagram_that_does_not_identify_the_effect_gives_its_bounds(fit):
    table = fit.sensitivity(
        diagram=["x -> bp -> y; x -> y; x <-> y", fit.model.diagram]
    )
    assert (
        not table.index.duplicated().any() and len(table) == 3
    )  # its own diagram stands once
    bounds = [entry for _, entry in table.index if entry.startswith("bounds: ")]
    assert bounds == ["bounds: lower", "bounds: upper"]
    low, high = table["mean"].to_numpy()[[entry in bounds for _, entry in table.index]]
    assert low < table["mean"].iloc[0] < high
