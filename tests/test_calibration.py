"""Calibration tells a right model from a wrong one, and goes on where it was killed."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import causalstats as cs
from causalstats.model import Estimand, Simulation

SAMPLER = cs.Nuts(chains=2, draws=300, tune=200)


@dataclass(frozen=True, kw_only=True)
class NormalMean:
    """μ ~ Normal(0, 1), y_i ~ Normal(μ, 1); the graph may believe another standard deviation of y."""

    believed_sd: float = 1.0
    headline = "mean"

    def inputs(self, data):
        return {"y": np.asarray(data["y"], float), "sd": np.asarray(self.believed_sd)}

    def build(self, data):
        import pymc as pm

        with pm.Model() as graph:
            y, sd = (pm.Data(name, value) for name, value in self.inputs(data).items())
            mean = pm.Normal("mean", 0, 1)
            pm.Potential("likelihood", (-(((y - mean) / sd) ** 2) / 2 - pm.math.log(sd)).sum())
        return graph

    def parameters(self):
        return ("mean",)

    def estimands(self):
        return {"double": Estimand(compute=lambda draws, data: 2 * draws["mean"], description="2 μ", unit="")}

    def log_likelihood(self, draws, data):
        return xr.DataArray((-((data["y"].to_numpy() - draws["mean"].to_numpy()[..., None]) ** 2) / 2).sum(-1), dims=("chain", "draw"))

    def simulate(self, seed, people=5, design="prior"):
        rng = np.random.default_rng(seed)
        mean = rng.standard_normal()
        truth = xr.Dataset({"mean": (("chain", "draw"), [[mean]])})
        return Simulation(data=pd.DataFrame({"y": rng.normal(mean, 1, people)}), truth=truth, realised={})


@pytest.fixture(scope="module")
def right():
    return cs.calibrate(NormalMean(), fits=120, seed=1, simulate={"people": 5}, sampler=SAMPLER, progress=False)


def test_a_right_model_passes(right):
    assert all(check.passed for check in right.check()), right
    table = right.table()
    assert list(table.index) == ["mean", "double", "log_likelihood"]
    assert table.loc["mean", "sd_error"] == pytest.approx(1, abs=4 / np.sqrt(2 * 120))
    np.testing.assert_array_equal(right.ranks["mean"], right.ranks["double"])
    assert right.plot().axes


def test_an_overconfident_model_fails():
    wrong = cs.calibrate(NormalMean(believed_sd=0.3), fits=120, seed=1, simulate={"people": 5}, sampler=SAMPLER, progress=False)
    verdicts = {check.name: check.passed for check in wrong.check()}
    assert verdicts["uniform ranks"] is False and verdicts["coverage of 95 % intervals"] is False
    assert "failed" in repr(wrong)


def test_what_was_done_before_a_kill_is_kept(right, tmp_path):
    path = tmp_path / "ranks.jsonl"
    options = {"seed": 1, "simulate": {"people": 5}, "sampler": SAMPLER, "path": path, "progress": False}
    cs.calibrate(NormalMean(), fits=6, **options)
    header, *lines = path.read_text().splitlines()
    path.write_text("\n".join([header, lines[0].replace('"steps": ', '"steps": 1000'), *lines[1:4], lines[4][:20]]))
    again = cs.calibrate(NormalMean(), fits=8, **options)
    assert again.fits["steps"].max() > 1000  # the kept line was not fitted again
    np.testing.assert_array_equal(again.ranks, right.ranks.iloc[:8])
    with pytest.raises(cs.StoreError, match="something else"):
        cs.calibrate(NormalMean(believed_sd=2.0), fits=2, **options)
