"""Laplace on large data: JAX in batches, a mode from a subsample, and NUTS where weights fail."""

from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import pytest
import xarray as xr

import causalstats as cs
from causalstats.inference.answers import checks_without_refits
from causalstats.models.selective_labels import subsample
from causalstats.samplers import laplace
from causalstats.samplers.backends.jax_points import JaxPoints
from causalstats.samplers.laplace_or_nuts import LaplaceOrNuts
from tests.samplers.near_the_start import NearTheStart


@pytest.fixture(scope="module")
def problem():
    simulation = cs.SelectiveLabels().simulate(seed=4, people=900, features=2)
    model = cs.SelectiveLabels(
        prevalence=cs.Known(simulation.realised["prevalence"], sd=0.01)
    )
    return cs.Problem(model, simulation.data)


@pytest.fixture(scope="module")
def functions(problem):
    """The traced graph that `Laplace` finds again for the same problem."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(laplace, "_JAX_PAYS_FROM_NUMBERS", 0)
        points = cs.Laplace().compile(problem).points
    assert isinstance(points, JaxPoints)
    return points


def silent(share, note):
    pass


def test_batches_give_the_values_of_single_points(problem, functions, monkeypatch):
    monkeypatch.setattr(
        "causalstats.samplers.backends.jax_points._MOST_POINTS_OF_A_BATCH", 3
    )
    one_by_one = cs.Laplace().compile(problem).points.on(problem)
    points = np.random.default_rng(1).normal(0, 0.3, (7, len(functions.start)))
    counted = []
    batched, interrupted = functions.on(problem).values_at(points, counted.append)
    single, _ = one_by_one.values_at(points, counted.append)
    assert not interrupted and max(counted) == 7
    # The order of variables in a point is that of the graph in both.
    assert functions.names == one_by_one.names
    for ours, theirs in zip(batched, single, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-9)


def test_the_mode_by_a_subsample_is_that_of_everybody(problem, functions, monkeypatch):
    """A third of the people shape the surrogate, whose own mode is far from the right one."""
    monkeypatch.setattr(subsample, "_MOST_OF_AN_EVENT", 100)
    monkeypatch.setattr(subsample, "_MOST_OF_A_POPULATION", 300)
    on_data = functions.on(problem)
    assert (on_data.counts > 1.5).all()
    mode, axes, _ = on_data.mode_axes_widths(silent)
    _, slope = functions.density(mode, np.ones(3), on_data.everybody)
    # The gradient along an axis is the distance from the mode in posterior standard deviations.
    assert np.abs(axes.T @ np.asarray(slope)).max() < 0.3


def test_draws_of_the_large_way_have_the_same_posterior(problem, monkeypatch):
    small = cs.Laplace(draws=500)(problem, 1)
    monkeypatch.setattr(laplace, "_JAX_PAYS_FROM_NUMBERS", 0)
    monkeypatch.setattr(subsample, "_MOST_OF_AN_EVENT", 100)
    large = cs.Laplace(draws=500)(problem, 2)
    assert large.attrs["pareto_k"] < 0.7
    sizes = [tree.attrs["importance_ess"] for tree in (small, large)]
    for name in ("risk_coefficient", "policy_coefficient", "population_prevalence"):
        dims = ("chain", "draw")
        first, second = small["posterior"][name], large["posterior"][name]
        assert first.dims == second.dims
        error = first.std(dims) * np.sqrt(1 / sizes[0] + 1 / sizes[1])
        z = (second.mean(dims) - first.mean(dims)) / error
        assert float(abs(z).max()) < 4.5, name


def test_many_people_are_fitted_by_laplace_first(problem, monkeypatch):
    assert isinstance(cs.Auto().choose(problem), cs.Nuts)
    monkeypatch.setattr(subsample, "_NEARLY_GAUSSIAN_FROM", 500)
    chosen = cs.Auto().choose(problem)
    assert chosen.laplace == cs.Laplace(draws=1000)
    # Where a density takes the time of many people, 1,000 draws in all.
    monkeypatch.setattr("causalstats.samplers.auto._DENSITIES_ARE_SLOW_FROM_NUMBERS", 1)
    assert cs.Auto().choose(problem).laplace == cs.Laplace(draws=250)
    assert cs.Auto(draws=300).choose(problem).laplace == cs.Laplace(draws=300)


@dataclass(frozen=True)
class Answers:
    """A sampler whose draws carry this Pareto k, and say whose they are."""

    pareto_k: float
    chains: int = 4
    draws: int = 1000

    def compile(self, problem):
        return self

    def run(self, problem, seed, advance=silent):
        attributes = {
            "pareto_k": self.pareto_k,
            "importance_ess": 2000.0,
            "interrupted": 0,
        }
        return xr.DataTree(xr.Dataset(attrs=attributes))


@pytest.mark.parametrize(("pareto_k", "kept"), [(0.2, 0.2), (0.9, -1.0), (np.inf, -1)])
def test_nuts_is_run_where_weights_cannot_be_trusted(pareto_k, kept):
    sampler = LaplaceOrNuts(laplace=Answers(pareto_k), fallback=Answers(-1.0))
    program = sampler.compile(SimpleNamespace())
    assert program.run(SimpleNamespace(), 1).attrs["pareto_k"] == kept


def test_a_subsample_counts_for_everybody(problem):
    inputs = problem.inputs
    some, counts = subsample.subsample_inputs(inputs, np.random.default_rng(1))
    assert all(some[name] is inputs[name] for name in ("policy_sd", "prior_scales"))
    assert set(counts.values()) == {1.0}
    for name in inputs:
        np.testing.assert_array_equal(some[name], inputs[name])


def test_totals_of_many_people_are_those_of_blocks(problem, monkeypatch):
    draws = cs.Laplace(draws=60)(problem, 1)["posterior"].to_dataset()
    estimand = problem.model.estimands()["untested_prevalence"]
    whole = estimand.compute(draws, problem.data)
    monkeypatch.setattr("causalstats.models.shared.population._NUMBERS_OF_A_BLOCK", 700)
    in_parts = estimand.compute(draws, problem.data)
    np.testing.assert_allclose(in_parts, whole, rtol=1e-12)


def test_checks_in_two_threads_are_those_in_one(problem, monkeypatch):
    def found():
        fit = cs.fit(
            problem.model, problem.data, seed=1, sampler=NearTheStart(), progress=False
        )
        checks = checks_without_refits(fit)
        return [(check.name, check.passed, check.finding) for check in checks]

    alone = found()
    monkeypatch.setattr("causalstats.inference.answers._PEOPLE_FOR_TWO_THREADS", 0)
    assert found() == alone


def test_chances_of_many_people_are_those_of_blocks(problem, monkeypatch):
    draws = cs.Laplace(draws=60)(problem, 1)["posterior"].to_dataset()
    estimand = problem.model.estimands()["untested_risk"]
    whole = estimand.compute(draws, problem.data)
    monkeypatch.setattr("causalstats.models.shared.population._NUMBERS_OF_A_BLOCK", 700)
    in_parts = estimand.compute(draws, problem.data)
    xr.testing.assert_allclose(in_parts, whole, rtol=1e-12)
