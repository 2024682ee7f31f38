"""Answers about diagrams after surgery say that data from before do not follow them."""

import numpy as np
import pandas as pd
import pytest

import causalstats as cs
from causalstats.diagrams import BayesianNetwork, Diagram

BEFORE = Diagram.parse("z -> x, y; x -> y; x <-> y").with_levels(
    dict.fromkeys("xyz", 2)
)
CHANGED = {
    "policy": BEFORE.policy("x", ["z"]),
    "cut": BEFORE.cut("x"),
    "do": BEFORE.do({"z": 1}),
    "soft": BEFORE.soft("x", "advised"),
    "edge_do": BEFORE.edge_do("z", "y", 1),
}


@pytest.mark.parametrize("rule", CHANGED)
def test_a_formula_says_that_it_is_about_the_changed_diagram(rule):
    identification = CHANGED[rule].identify("y", do=())
    assert "P is the distribution of the diagram after surgery" in str(identification)
    assert CHANGED[rule].steps[-1].words in str(identification)
    assert "after surgery" not in str(BEFORE.marginal("x", "y").identify("y", do=()))


def test_so_does_what_it_comes_to():
    rng = np.random.default_rng(0)
    before = BEFORE.with_levels({"u_x_y": 2})
    mechanisms = {
        name: rng.dirichlet([1, 1], [2] * len(before.parents(name)))
        for name in before.variables
    }
    joint = BayesianNetwork(before, mechanisms).joint()
    assert (
        "after surgery"
        in CHANGED["cut"].identify("y", do="x").distribution(joint).title
    )


@pytest.mark.parametrize("rule", CHANGED)
def test_data_from_before_are_not_fitted_to_it(rule):
    frame = pd.DataFrame(
        {name: np.arange(40) // 2**k % 2 for k, name in enumerate("xyz")}
    )
    with pytest.raises(cs.ModelError, match=r"after surgery.*ask `fit.effect"):
        model = cs.CausalDiagram(CHANGED[rule], treatment="x", outcome="y")
        cs.fit(model, cs.Observations.from_frame(frame), seed=1, progress=False)
