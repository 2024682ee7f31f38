"""Laplace draws match known posteriors, and the Pareto k shows where they cannot."""

import signal
from dataclasses import dataclass

import numpy as np
import pytest

import causalstats as cs
from causalstats.numerics.sampling.convergence_diagnostics import r_hat
from causalstats.numerics.sampling.importance_proposals import SplitStudentT
from causalstats.numerics.sampling.pareto_smoothing import pareto_smoothed_weights
from causalstats.samplers.laplace import _degrees_of_freedom
from tests.models.selective_labels import stan_posterior


@dataclass(frozen=True)
class Location:
    """μ ~ Student t with these degrees of freedom and dimension, no data but a shift."""

    freedom: float
    size: int = 3

    def inputs(self, data):
        return {
            "shift": np.asarray(data, float),
            "freedom": np.asarray(self.freedom, float),  # one program for all
        }

    def build(self, data):
        import pymc as pm

        with pm.Model(coords={"part": list("abc"[: self.size])}) as graph:
            shift = pm.Data("shift", self.inputs(data)["shift"])
            pm.StudentT(
                "location",
                nu=pm.Data("freedom", self.inputs(data)["freedom"]),
                mu=shift,
                sigma=[1.0, 10.0, 0.1][: self.size],
                dims="part",
            )
        return graph


@dataclass(frozen=True)
class Curve:
    """x ~ Normal(0, 1), y ~ Normal(bend x² + shift, 1): nothing at the mode says how far y goes."""

    bend: float

    def inputs(self, data):
        return {"shift": np.asarray(data, float)}

    def build(self, data):
        import pymc as pm

        with pm.Model() as graph:
            shift = pm.Data("shift", self.inputs(data)["shift"])
            x = pm.Normal("x", 0, 1)
            pm.Normal("y", shift + self.bend * x**2, 1)
        return graph


def draw(freedom, seed=1, shift=2.0, **options):
    return cs.Laplace(**options)(cs.Problem(Location(freedom), shift), seed)


def test_draws_of_a_normal_posterior_have_its_moments():
    tree = draw(1e6)
    location = tree["posterior"]["location"]
    assert location.dims == ("chain", "draw", "part") and location.shape == (4, 1000, 3)
    error = (location.mean(("chain", "draw")) - 2) / np.array([1, 10, 0.1])
    assert (abs(error) < 4.5 / np.sqrt(tree.attrs["importance_ess"])).all()
    np.testing.assert_allclose(
        location.std(("chain", "draw")) / [1, 10, 0.1], 1, atol=0.08
    )
    assert tree.attrs["pareto_k"] < 0.5


@pytest.mark.parametrize("freedom", [0.7, 0.1])
def test_heavy_tails_have_a_large_pareto_k(freedom):
    assert not draw(freedom).attrs["pareto_k"] < 0.7


@pytest.mark.parametrize("seed", range(4))
def test_the_adapted_proposal_finds_variance_that_the_mode_does_not_show(
    seed, monkeypatch
):
    """Var y = 1 + 2 bend²; around the mode alone it is too small."""
    problem = cs.Problem(Curve(0.5), 2.0)
    taught = cs.Laplace()(problem, seed)
    assert (
        taught["posterior"]["y"].shape == (4, 1000)
        and taught.attrs["pareto_k"] < 0.7
        and taught.attrs["importance_ess"] > 2500
    )
    assert float(taught["posterior"]["y"].mean()) == pytest.approx(2.5, abs=0.1)
    monkeypatch.setattr("causalstats.samplers.laplace._GOOD_ENOUGH", ())
    alone = cs.Laplace()(problem, seed)
    assert alone.attrs["importance_ess"] < taught.attrs["importance_ess"]
    assert (
        float(alone["posterior"]["y"].std())
        < float(taught["posterior"]["y"].std())
        == pytest.approx(1.5**0.5, rel=0.1)
    )


@pytest.mark.parametrize("seed", range(4))
def test_every_chain_has_the_posterior_where_two_proposals_are_mixed(seed):
    """Points in the order of their proposals give chains that differ, with a large R-hat."""
    tree = cs.Laplace()(cs.Problem(Curve(0.5), 2.0), seed)
    for name in ("x", "y"):
        assert r_hat(tree["posterior"][name].to_numpy()) < 1.01, name


def test_weights_of_a_normal_posterior_of_many_parameters_are_nearly_equal():
    # E w² = 1.0003 along one axis with 100 degrees of freedom, so that 46 axes leave .986.
    widths = np.ones((2, 46))
    proposal = SplitStudentT(
        np.zeros(46), np.eye(46), widths, _degrees_of_freedom(widths)
    )
    points = proposal.draw(1000, np.random.default_rng(1))
    weights = pareto_smoothed_weights(
        -(points**2).sum(axis=1) / 2 - proposal.log_density(points)
    )
    assert weights.ess > 950 and weights.pareto_k < 0.3


def test_an_axis_that_is_not_normal_has_heavier_tails():
    widths = np.array([[1.0, 1.4, 1.01], [1.0, 0.9, 0.99]])
    freedom = _degrees_of_freedom(widths)
    assert freedom[1] < freedom[0] == freedom[2]


def test_the_split_t_has_the_density_that_it_draws_from():
    axes, widths = (
        np.array([[1.0, 0.5], [0.2, 2.0]]),
        np.array([[1.0, 3.0], [0.5, 1.0]]),
    )
    proposal = SplitStudentT(np.ones(2), axes, widths, 20.0)
    points = proposal.draw(200_000, np.random.default_rng(1))
    inside = (abs(points - 1) < 1.5).all(axis=1)
    box = np.random.default_rng(2).uniform(-0.5, 2.5, (200_000, 2))
    share = 9 * np.exp(proposal.log_density(box))
    assert inside.mean() == pytest.approx(
        share.mean(), abs=5 * np.hypot(0.5, share.std()) / np.sqrt(200_000)
    )


def test_one_program_serves_other_data_and_the_same_seed_gives_the_same():
    program = cs.Laplace().compile(cs.Problem(Location(1e6), 2.0))
    first, other, again = (
        program.run(cs.Problem(Location(1e6), shift), 1) for shift in (2.0, -5.0, 2.0)
    )
    assert first["posterior"].to_dataset().equals(again["posterior"].to_dataset())
    error = (other["posterior"]["location"].mean(("chain", "draw")) + 5) / np.array(
        [1, 10, 0.1]
    )
    assert (abs(error) < 4.5 / np.sqrt(other.attrs["importance_ess"])).all()


@dataclass(frozen=True)
class Counts:
    """Counts of Poisson distributions; PyMC stores integers as int32, NumPy counts in int64."""

    def inputs(self, data):
        return {"counts": np.asarray(data, np.int64)}

    def build(self, data):
        import pymc as pm

        with pm.Model() as graph:
            rate = pm.Gamma("rate", 2.0, 1.0)
            pm.Poisson(
                "observed",
                rate,
                observed=pm.Data("counts", self.inputs(data)["counts"]),
            )
        return graph


def test_whole_number_data_are_cast_to_the_type_of_the_graph():
    tree = cs.Laplace()(cs.Problem(Counts(), [3, 5, 4]), 1)
    error = tree["posterior"]["rate"].mean() - 14 / 4  # Gamma(2 + 12, 1 + 3)
    assert abs(float(error)) < 4.5 * (14**0.5 / 4) / tree.attrs["importance_ess"] ** 0.5


@pytest.mark.usefixtures("densities_by_jax", "compiled_quickly")
@pytest.mark.parametrize("case", ["beta", "exact"])
def test_the_posterior_is_that_of_stan(case, tmp_path):
    model, data = stan_posterior.model_of(case), stan_posterior.decisions()
    fit = cs.fit(model, data, seed=1, sampler=cs.Laplace(), progress=False)
    assert [check.name for check in fit.sampling()] == [
        "Pareto k",
        "importance ESS",
        "complete run",
    ]
    ess = fit.draws.attrs["importance_ess"]
    for name, stan, draws in stan_posterior.quantities(fit, case):
        z = (float(draws.mean()) - stan["mean"]) / np.hypot(
            stan["sd"] / np.sqrt(ess), stan["mcse_mean"]
        )
        assert abs(z) < 4.5, (name, z)
        assert 0.85 < float(draws.std()) / stan["sd"] < 1.15, name
    if case == "exact":
        return
    shown = fit.effect("untested_prevalence").summary()["ess_bulk"].iloc[0]
    assert 0.5 < shown / ess < 2  # copies of a draw are not counted as draws
    again = cs.load(fit.save(tmp_path / "fit.nc"))
    assert again.sampler == cs.Laplace() and [
        check.value for check in again.sampling()
    ] == [check.value for check in fit.sampling()]
    assert "untested_prevalence" in repr(fit) and not fit.effect("prevalence").warnings
    # A large Pareto k is a warning of every answer.
    poor = cs.load(tmp_path / "fit.nc")
    poor.draws.attrs["pareto_k"] = 0.9
    assert any("k = 0.90" in warning for warning in poor.effect("prevalence").warnings)
    assert "Pareto k" in poor._repr_html_()


def test_an_interrupt_keeps_the_weighted_draws():
    def press(share, note):
        if "of 4000" in note and share > 0.5:
            signal.raise_signal(signal.SIGINT)

    program = cs.Laplace().compile(cs.Problem(Location(1e6), 2.0))
    tree = program.run(cs.Problem(Location(1e6), 2.0), 1, press)
    assert (
        tree.attrs["interrupted"] == 1
        and 200 < tree["posterior"]["location"][..., 0].size < 4000
    )
    with pytest.raises(KeyboardInterrupt, match="too few to keep"):
        program.run(
            cs.Problem(Location(1e6), 2.0),
            1,
            lambda share, note: (
                "weighted" in note and signal.raise_signal(signal.SIGINT)
            ),
        )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"chains": 0}, "whole number from 1"),
        ({"draws": 1.5}, "whole number"),
        ({"draws": 10}, "at least 200"),
    ],
)
def test_options_out_of_range_are_refused(options, message):
    with pytest.raises(cs.SamplingError, match=message):
        cs.Laplace(**options)
