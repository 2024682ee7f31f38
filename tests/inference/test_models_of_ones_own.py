"""The first mistakes with a model of one's own are answered with what to write in its place."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pymc as pm
import pytest
import xarray as xr

import causalstats as cs
from causalstats.calibration.calibration import _ranked
from causalstats.core.estimand import Estimand
from causalstats.core.model import Problem
from causalstats.core.simulation import Simulation

FRAME = pd.DataFrame({"y": [1.0, 2.0, 4.0]})


class Started:
    """A class with two of the members of a model."""

    headline = "mean"

    def build(self, data):
        return pm.Model()


@dataclass(frozen=True, kw_only=True)
class TwoNumbers:
    """A mean and a standard deviation; the answer is of both."""

    headline = "ratio_of_them"
    data_class = pd.DataFrame

    def inputs(self, data):
        return {"y": data["y"].to_numpy(float)}

    def build(self, data):
        with pm.Model() as graph:
            y = pm.Data("y", self.inputs(data)["y"])
            pm.Normal("seen", pm.Normal("mean"), pm.HalfNormal("sd"), observed=y)
        return graph

    def parameters(self, data):
        return ("mean",)

    def assumptions(self):
        return ()

    def estimands(self):
        return {
            "ratio_of_them": Estimand(
                compute=lambda draws, data: draws["mean"] / draws["sd"],
                description="Mean by sd.",
                unit="ratio",
            )
        }


def test_a_class_that_is_no_model_yet_is_told_what_it_lacks():
    with pytest.raises(
        cs.ModelError, match="`Started` lacks `inputs`, `parameters`, `assumptions`, `e"
    ):
        cs.fit(Started(), FRAME, seed=1)


def test_a_graph_of_pymc_is_told_to_stand_in_build():
    with pytest.raises(cs.ModelError, match="a graph of PyMC.* Return it from `build`"):
        cs.fit(pm.Model(), FRAME, seed=1)


def test_a_model_that_is_no_dataclass_is_told_so():
    bare = type("Bare", (), dict(vars(TwoNumbers)))
    del bare.__dataclass_fields__
    with pytest.raises(cs.ModelError, match="`Bare` is no dataclass"):
        cs.fit(bare(), FRAME, seed=1)


def test_missing_numbers_are_told_by_the_input_that_has_them():
    frame = pd.DataFrame({"y": [1.0, np.nan, 4.0]})
    with pytest.raises(cs.DataError, match="NaN in 1 of 'y'"):
        _ = Problem(TwoNumbers(), frame).graph


def test_a_truth_that_lacks_a_variable_of_an_answer_is_told_which():
    draws = {name: (("chain", "draw"), np.ones((1, 200))) for name in ("mean", "sd")}
    posterior = xr.Dataset(draws).assign_coords(chain=[0], draw=np.arange(200))
    truth = xr.Dataset({"mean": (("chain", "draw"), [[0.5]])})
    simulation = Simulation(data=FRAME, truth=truth, realised={})
    with pytest.raises(cs.ModelError, match="`TwoNumbers` returned none of sd"):
        _ranked(
            TwoNumbers(), simulation, xr.DataTree.from_dict({"posterior": posterior})
        )


@pytest.mark.parametrize(
    ("unit", "null"),
    [("ratio", 1), ("rate ratio", 1), ("log odds ratio", 0), ("kg", 0)],
)
def test_a_ratio_is_1_without_an_effect(unit, null):
    estimand = Estimand(compute=lambda draws, data: draws, description="", unit=unit)
    assert estimand.null == null
