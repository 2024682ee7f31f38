"""Calibration tells a right model from a wrong one."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import causalstats as cs
from causalstats.calibration.calibration import RANKS
from causalstats.core.estimand import Estimand
from causalstats.core.simulation import Simulation
from tests.samplers.near_the_start import NearTheStart

SAMPLER = cs.Nuts(chains=2, draws=300, tune=200)


@dataclass(frozen=True, kw_only=True)
class NormalMean:
    """μ ~ Normal(0, 1), y_i ~ Normal(μ, 1).

    The graph may believe another standard deviation of y.
    """

    believed_sd: float = 1.0
    headline = "mean"

    def inputs(self, data):
        return {"y": np.asarray(data["y"], float), "sd": np.asarray(self.believed_sd)}

    def build(self, data):
        import pymc as pm

        with pm.Model() as graph:
            y, sd = (pm.Data(name, value) for name, value in self.inputs(data).items())
            mean = pm.Normal("mean", 0, 1)
            pm.Potential(
                "likelihood", (-(((y - mean) / sd) ** 2) / 2 - pm.math.log(sd)).sum()
            )
        return graph

    def parameters(self, data):
        return ("mean",)

    def assumptions(self):
        return ()

    def estimands(self):
        return {
            "double": Estimand(
                compute=lambda draws, data: 2 * draws["mean"],
                description="2 μ",
                unit="",
            )
        }

    def log_likelihood(self, draws, data):
        return xr.DataArray(
            (
                -((data["y"].to_numpy() - draws["mean"].to_numpy()[..., None]) ** 2) / 2
            ).sum(-1),
            dims=("chain", "draw"),
        )

    def simulate(self, seed, people=5, design="prior"):
        rng = np.random.default_rng(seed)
        mean = rng.standard_normal()
        truth = xr.Dataset({"mean": (("chain", "draw"), [[mean]])})
        return Simulation(
            data=pd.DataFrame({"y": rng.normal(mean, 1, people)}),
            truth=truth,
            realised={},
        )


@pytest.fixture(scope="module")
def right():
    return cs.calibrate(
        NormalMean(),
        fits=60,
        seed=1,
        simulate={"people": 5},
        sampler=SAMPLER,
        progress=False,
    )


def test_a_right_model_passes(right):
    assert all(check.passed for check in right.check()), right
    table = right.table()
    assert list(table.index) == ["mean", "double", "log_likelihood"]
    assert table.loc["mean", "sd_error"] == pytest.approx(1, abs=4 / np.sqrt(2 * 60))
    np.testing.assert_array_equal(right.ranks["mean"], right.ranks["double"])
    assert right.plot().axes


def test_an_overconfident_model_fails():
    wrong = cs.calibrate(
        NormalMean(believed_sd=0.3),
        fits=30,
        seed=1,
        simulate={"people": 5},
        sampler=SAMPLER,
        progress=False,
    )
    verdicts = {check.name: check.passed for check in wrong.check()}
    assert (
        verdicts["uniform ranks"] is False
        and verdicts["coverage of 95 % intervals"] is False
    )
    assert "failed" in repr(wrong)


def test_what_is_known_exactly_is_not_ranked():
    """The prevalence of every draw is then that number to rounding, and which side of the truth it
    falls says nothing.
    """
    model = cs.SelectiveLabels(prevalence=0.4, unobserved_scale=1.0)
    calibration = cs.calibrate(
        model,
        fits=2,
        seed=1,
        simulate={"people": 150, "features": 1},
        sampler=NearTheStart(draws=60),
        progress=False,
    )
    assert (
        "untested_prevalence" in calibration.ranks
        and "risk_coefficient[x1]" in calibration.ranks
    )
    assert not {"prevalence", "unobserved_scale", "response"} & set(calibration.ranks)


def test_coverage_counts_the_nominal_share_of_ranks():
    """Ranks that are exactly uniform are covered exactly."""
    every = pd.DataFrame({"a": np.arange(RANKS)})
    calibration = cs.Calibration(
        model=None,
        sampler=SAMPLER,
        ranks=every,
        errors=every * 0.0,
        fits=pd.DataFrame({"refused": [None], "divergences": [0]}),
    )
    assert [
        float(calibration.table().loc["a", f"coverage_{share}"])
        for share in ("50%", "80%", "95%")
    ] == pytest.approx([0.5, 0.8, 0.95])
    # Of these the ends are no whole numbers of ranks
    table = calibration.table(probs=(0.9, 0.99))
    assert table.loc["a", "coverage_90%"] == pytest.approx(0.9)
    assert table.loc["a", "coverage_99%"] == pytest.approx(0.99)


def test_a_quantity_that_some_data_leave_no_choice_is_judged_by_the_others():
    ranks = pd.DataFrame(
        {
            "a": np.arange(RANKS),
            "b": np.where(np.arange(RANKS) % 2, np.arange(RANKS), np.nan),
        }
    )
    fits = pd.DataFrame({"refused": [None] * RANKS, "divergences": 0})
    calibration = cs.Calibration(
        model=None, sampler=SAMPLER, ranks=ranks, errors=ranks * 0.0, fits=fits
    )
    assert calibration.table().loc["b", "coverage_80%"] == pytest.approx(0.8)
    assert calibration.table().loc["b", "se_80%"] == pytest.approx(
        np.sqrt(2) * calibration.table().loc["a", "se_80%"]
    )
    assert (
        all(check.passed for check in calibration.check()) and calibration.plot().axes
    )


def test_the_ranks_go_on_from_a_file(right, tmp_path):
    options = {
        "seed": 1,
        "simulate": {"people": 5},
        "sampler": SAMPLER,
        "path": tmp_path / "ranks.jsonl",
        "progress": False,
    }
    cs.calibrate(NormalMean(), fits=6, **options)
    again = cs.calibrate(NormalMean(), fits=8, **options)
    np.testing.assert_array_equal(again.ranks, right.ranks.iloc[:8])
    with pytest.raises(cs.StoreError, match="something else"):
        cs.calibrate(NormalMean(believed_sd=2.0), fits=2, **options)


def test_all_data_sets_in_one_program_have_the_ranks_of_the_loop():
    """Ranks of 0 to 119 differ by Monte Carlo error alone, on the same data sets."""
    options = {"chains": 2, "draws": 300, "tune": 200}
    results = [
        cs.calibrate(
            NormalMean(),
            fits=40,
            seed=1,
            simulate={"people": 5},
            sampler=cs.Nuts(**options, backend=backend),
            vectorized=vectorized,
            progress=False,
        )
        for vectorized, backend in ((True, "numpyro"), (False, "numba"))
    ]
    together, one_by_one = (result.ranks for result in results)
    assert list(together.columns) == list(one_by_one.columns)
    assert list(together.index) == list(one_by_one.index)
    difference = together["mean"] - one_by_one["mean"]
    largest = RANKS * 0.5 / np.sqrt(60)  # sd of a rank with 60 effective draws, at most
    assert abs(difference.mean()) < 4 * np.sqrt(2) * largest / np.sqrt(40)
    assert difference.std() < 1.5 * np.sqrt(2) * largest
    assert all(check.passed for check in results[0].check())


def test_data_sets_of_other_shapes_are_refused_in_one_program():
    model = cs.SelectiveLabels(prevalence=0.4)
    with pytest.raises(cs.SamplingError, match=r"equal shapes.*without `vectorized`"):
        cs.calibrate(
            model,
            fits=3,
            seed=1,
            simulate={"people": 60, "features": 1},
            vectorized=True,
        )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"jobs": 2}, "without `path` and `jobs`"),
        ({"sampler": cs.Nuts(draws=50, backend="jax")}, "backend='numpyro'"),
    ],
)
def test_one_program_takes_no_other_sampler_and_is_not_divided(arguments, message):
    with pytest.raises(cs.ModelError, match=message):
        cs.calibrate(
            NormalMean(), fits=3, seed=1, vectorized=True, progress=False, **arguments
        )


def test_a_quantity_with_an_infinite_true_value_is_left_out():
    """Leads are 0 in simulations of event studies: no violation explains the effect."""
    result = cs.calibrate(cs.EventStudy(), fits=2, seed=1, progress=False)
    assert "att" in result.ranks
    assert "breakdown_value" not in result.ranks
