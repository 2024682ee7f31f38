"""ChEES-HMC against posteriors in closed form, and its diagnostics of many short chains."""

import sys

import numpy as np
import pandas as pd
import pymc as pm
import pytest
import xarray as xr

import causalstats as cs
from causalstats.checks.convergence import sampling
from causalstats.core.model import Problem
from causalstats.numerics.sampling.convergence_diagnostics import r_hat
from causalstats.samplers.backends.jax_graph import trace

ROWS = 40
PRIOR_SD = 2.0
RHO = 0.95


class CorrelatedMean:
    """A bivariate Normal mean with known correlation: its posterior is Normal in closed form."""

    def inputs(self, data):
        return {"mean_of_data": data.mean().to_numpy(), "scale": np.array([1.0, 30.0])}

    def build(self, data):
        inputs = self.inputs(data)
        with pm.Model(coords={"axis": ["x", "y"]}) as graph:
            centre = pm.Data("mean_of_data", inputs["mean_of_data"])
            scale = pm.Data("scale", inputs["scale"])
            mu = pm.Normal("mu", 0.0, PRIOR_SD * scale, dims="axis")
            correlation = np.array([[1.0, RHO], [RHO, 1.0]])
            covariance = correlation * scale[:, None] * scale[None, :] / ROWS
            pm.Potential(
                "likelihood", pm.logp(pm.MvNormal.dist(mu, covariance), centre)
            )
        return graph

    def posterior(self, data):
        """Return mean and covariance of mu."""
        scale = np.array([1.0, 30.0])
        noise = np.array([[1.0, RHO], [RHO, 1.0]]) * np.outer(scale, scale) / ROWS
        prior = np.diag((PRIOR_SD * scale) ** 2)
        covariance = np.linalg.inv(np.linalg.inv(noise) + np.linalg.inv(prior))
        return covariance @ np.linalg.solve(noise, data.mean()), covariance


@pytest.fixture(scope="module")
def problem():
    rng = np.random.default_rng(5)
    frame = pd.DataFrame(rng.normal([1.0, -20.0], [1.0, 30.0], (ROWS, 2)))
    return Problem(CorrelatedMean(), frame)


@pytest.fixture(scope="module")
def draws(problem):
    return cs.Chees(chains=32, draws=100, tune=300)(problem, seed=1)


def test_draws_have_the_moments_of_a_correlated_normal_posterior(problem, draws):
    """Within four Monte Carlo standard errors, of scales that differ by 30."""
    mean, covariance = problem.model.posterior(problem.data)
    values = draws["posterior"]["mu"]
    effective = 400  # at least; checked below
    sd = np.sqrt(np.diag(covariance))
    error = 4 * sd / np.sqrt(effective)
    np.testing.assert_array_less(
        abs(values.mean(("chain", "draw")).to_numpy() - mean), error
    )
    flat = values.stack(sample=("chain", "draw")).transpose("axis", "sample").to_numpy()
    ratios = flat.std(axis=1) / sd
    np.testing.assert_allclose(ratios, 1.0, atol=4 / np.sqrt(2 * effective))
    assert np.corrcoef(flat)[0, 1] == pytest.approx(
        covariance[0, 1] / sd.prod(), abs=0.03
    )
    assert all(check.passed for check in sampling(draws, ("mu",)))


def test_the_same_seed_gives_the_same_draws(problem, draws):
    again = cs.Chees(chains=32, draws=100, tune=300)(problem, seed=1)
    xr.testing.assert_equal(
        draws["posterior"].to_dataset(), again["posterior"].to_dataset()
    )
    other = cs.Chees(chains=32, draws=100, tune=300)(problem, seed=2)
    assert not np.allclose(draws["posterior"]["mu"], other["posterior"]["mu"])


def test_chains_know_their_superchain(draws):
    members = draws["posterior"]["superchain"].to_numpy()
    np.testing.assert_array_equal(members, np.repeat(np.arange(8), 4))
    assert draws["posterior"].sizes == {"chain": 32, "draw": 100, "axis": 2}


def test_chains_that_have_not_left_their_starts_are_seen(problem):
    """Chains that hardly move stay near the starts of their superchains."""
    short = cs.Chees(chains=32, draws=25, tune=2)(problem, seed=1)
    failed = [check.name for check in sampling(short, ("mu",)) if not check.passed]
    assert "R-hat" in failed


def test_nested_r_hat_is_that_of_means_of_superchains():
    """By its formula for draws without rank normalisation, on draws far apart."""
    rng = np.random.default_rng(1)
    superchain = np.repeat(np.arange(4), 8)
    values = rng.normal(size=(32, 10)) + 5.0 * superchain[:, None]
    assert r_hat(values, superchain.tolist()) > 1.5
    assert r_hat(rng.normal(size=(32, 200)), superchain.tolist()) < 1.01


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"chains": 20}, "multiple of `superchains`"),
        ({"superchains": 1}, "2 or more"),
        ({"draws": 0}, "draws"),
        ({"target_accept": 1.5}, "target_accept"),
    ],
)
def test_options_out_of_range_are_refused(options, message):
    with pytest.raises(cs.SamplingError, match=message):
        cs.Chees(**options)


def test_without_blackjax_it_says_what_to_install(problem, monkeypatch):
    monkeypatch.setitem(sys.modules, "blackjax", None)
    sampler = cs.Chees(chains=16, tune=11)  # a program that is not cached
    with pytest.raises(cs.SamplingError, match=r"causalstats\[gpu\]"):
        sampler.compile(problem)


def test_a_fit_is_saved_and_summarised_with_nested_r_hat(tmp_path):
    model = cs.PanelDML(basis_size=2, errors="iid")
    data = model.simulate(1, units=20, times=3).data
    sampler = cs.Chees(chains=16, draws=50, tune=200)
    fit = cs.fit(model, data, seed=1, sampler=sampler, progress=False)
    again = cs.load(fit.save(tmp_path / "fit.nc"))
    table = again.effect("effect").summary()
    assert again.summary().attrs["device"] == "cpu, float64"
    assert repr(again).endswith("Sampled on cpu, float64.")
    assert "superchain" in again.effect("effect").draws.coords
    assert table["r_hat"].item() == fit.effect("effect").summary()["r_hat"].item()
    exact = cs.fit(model, data, seed=1, progress=False).effect("effect").summary()
    error = 4 * table["sd"].item() / np.sqrt(table["ess_bulk"].item())
    assert table["mean"].item() == pytest.approx(exact["mean"].item(), abs=error)


def test_a_density_that_rounding_has_made_infinite_is_no_place_to_stay():
    """A chain would never leave it: every other proposal has less than an infinite density."""
    with pm.Model() as graph:
        x = pm.Normal("x")
        pm.Potential("overflow", pm.math.switch(abs(x) > 3, np.inf, 0.0))
        pm.Potential("no_number", pm.math.log(pm.math.switch(x < -2, -1.0, 1.0)))
    log_density = trace(graph).log_density
    assert float(log_density([np.array(4.0)], ())) == -np.inf
    assert float(log_density([np.array(-2.5)], ())) == -np.inf
    assert np.isfinite(log_density([np.array(1.0)], ()))
