"""The samplers.

One program for a structure, one result for a seed, and what an interrupt leaves.
"""

import signal
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pytest
import xarray as xr

import causalstats as cs
from causalstats.core.draws_kind import DrawsKind
from causalstats.core.model import Problem
from causalstats.numerics.sampling.importance_sampling import _propose
from causalstats.numerics.sampling.pareto_smoothing import pareto_smoothed_weights
from causalstats.samplers import backend_for, same_program
from causalstats.samplers.base import describe_run

BACKENDS = ("numba", "jax", "numpyro")


@dataclass(frozen=True)
class Case:
    """A problem, and others whose graphs have the same structure, or another.

    Attributes
    ----------
    problem : Problem
    of_other_constants : tuple of Problem
        With programs of the same structure.
    of_other_structure : tuple of Problem
    refuse_own_constants : function of a posterior
        Fails unless the posterior is that of the last problem of other constants.
    """

    problem: Problem
    of_other_constants: tuple[Problem, ...]
    of_other_structure: tuple[Problem, ...]
    refuse_own_constants: Callable[[xr.DataTree], None]


def selective_labels() -> Case:
    data = cs.SelectiveLabels().simulate(1, people=100, features=3).data
    named = cs.Decisions.from_frame(
        data.source.rename(columns={"x1": "age"}),
        outcome="outcome",
        decision="tested",
        features=["age", "x2", "x3"],
    )
    model = cs.SelectiveLabels(prevalence=0.4)
    last = cs.SelectiveLabels(prevalence=0.5, expertise=["x2", "x3"])

    def refuse_own_constants(posterior: xr.DataTree) -> None:
        prevalence = last.estimands()["prevalence"]
        np.testing.assert_allclose(
            prevalence.compute(posterior.to_dataset(), data), 0.5, rtol=1e-9
        )
        coefficients = posterior["policy_coefficient"]
        assert np.all(coefficients.sel(feature=["x2", "x3"]) == 0)
        assert coefficients.sel(feature="x1").std() > 0

    return Case(
        Problem(model, data),
        (Problem(cs.SelectiveLabels(prevalence=0.45), data), Problem(last, data)),
        (Problem(cs.SelectiveLabels(), data), Problem(model, named)),
        refuse_own_constants,
    )


def panel_of_counts() -> Case:
    """A graph that XLA compiles in a fifth of the time."""
    model = cs.PanelGLM(scale=(1.0,), errors="iid", effect_sd=0.5, coefficient_sd=0.5)
    data = model.simulate(1, units=40, times=4).data
    named = cs.Panel.from_frame(
        data.source.rename(columns={"d": "dose"}),
        unit="unit",
        time="time",
        outcome="y",
        treatment="dose",
    )
    logit = replace(model, family="logit")
    zeros_and_ones = logit.simulate(1, units=40, times=4).data

    def refuse_own_constants(posterior: xr.DataTree) -> None:
        coefficients = posterior["coefficient"]
        assert abs(coefficients.sel(column="d")).max() < 0.01
        assert coefficients.sel(column="period 1").std() > 0.1

    return Case(
        Problem(model, data),
        (Problem(replace(model, effect_sd=0.001), data),),
        (Problem(logit, zeros_and_ones), Problem(model, named)),
        refuse_own_constants,
    )


# Numba compiles the program of selective labels for twenty seconds.
STUDIES = [("panel of counts", backend) for backend in BACKENDS]
STUDIES += [pytest.param(("selective labels", "numba"), marks=pytest.mark.slow)]
CASES = {"panel of counts": panel_of_counts, "selective labels": selective_labels}


@pytest.fixture(scope="module", params=STUDIES, ids=", ".join)
def study(request):
    return request.param


@pytest.fixture(scope="module")
def backend(study):
    return study[1]


@pytest.fixture(scope="module")
def case(study):
    return CASES[study[0]]()


@pytest.fixture(scope="module")
def problem(case):
    return case.problem


@pytest.fixture(scope="module")
def program(backend, problem):
    return cs.Nuts(chains=2, draws=60, tune=60, backend=backend).compile(problem)


@pytest.mark.parametrize("name", CASES)
def test_graphs_with_other_constants_are_the_same_program(name):
    case = CASES[name]()
    for other in case.of_other_constants:
        assert same_program(case.problem.graph, other.graph)


@pytest.mark.parametrize("name", CASES)
def test_graphs_of_other_structure_or_with_other_names_are_not(name):
    case = CASES[name]()
    for other in case.of_other_structure:
        assert not same_program(case.problem.graph, other.graph)


def test_a_program_reads_the_constants_of_the_problem_it_runs(program, case):
    draws = program.run(case.of_other_constants[-1], 3)
    case.refuse_own_constants(draws["posterior"])


def test_same_seed_same_draws(program, problem):
    name = problem.graph.free_RVs[0].name
    first, again, other = (
        program.run(problem, seed)["posterior"][name].to_numpy() for seed in (3, 3, 4)
    )
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_an_interrupt_keeps_complete_draws(program, problem):
    endless = replace(program, sampler=replace(program.sampler, draws=50_000))
    enough = (60 + 300) / 50_060  # of all chains: one may be behind the others

    def press(share, note):
        if share > enough:
            signal.raise_signal(signal.SIGINT)

    draws = endless.run(problem, 1, press)
    assert draws.attrs["interrupted"] == 1
    assert 50 <= draws["posterior"].sizes["draw"] < 50_000
    assert all(
        np.isfinite(values).all()
        for values in draws["posterior"].to_dataset().data_vars.values()
    )


def test_an_interrupt_with_too_few_draws_raises(program, problem):
    def press(share, note):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt, match="complete draws"):
        replace(program, sampler=replace(program.sampler, tune=5000)).run(
            problem, 1, press
        )


@pytest.mark.parametrize(
    "options",
    [
        {"chains": 0},
        {"draws": 2.5},
        {"tune": -1},
        {"target_accept": 1},
        {"backend": "cuda"},
    ],
    ids=lambda options: next(iter(options)),
)
def test_options_out_of_range_are_refused(options):
    with pytest.raises(cs.SamplingError, match=f"Expected `{next(iter(options))}`"):
        cs.Nuts(**options)


def test_large_data_take_jax_and_small_data_numba_on_a_cpu():
    assert backend_for(100) == "numba"
    assert backend_for(10_000_000) == "jax"


def test_a_structure_is_compiled_once_for_all_samplers(program, case):
    """For other constants and numbers of draws too."""
    part = "compiled" if hasattr(program, "compiled") else "functions"
    other = case.of_other_constants[-1]
    first, again = (
        program.sampler.compile(case.problem),
        replace(program.sampler, draws=70).compile(other),
    )
    assert getattr(again, part) is getattr(first, part) and again.sampler.draws == 70
    draws = again.run(other, 3)["posterior"]
    assert draws.sizes["draw"] == 70
    case.refuse_own_constants(draws)


def test_poor_importance_weights_fall_back_to_nuts(monkeypatch):
    """Draws from a proposal that is far too narrow have weights with a heavy tail, and their shape
    k decides.
    """
    *_, ratios = _propose(
        lambda x: -0.6 * np.log1p(x**2).sum(axis=1),
        np.zeros(5),
        0.01 * np.eye(5),
        4000,
        np.random.default_rng(1),
        (4.0, 1.3),
    )
    assert pareto_smoothed_weights(ratios).pareto_k > 0.7

    def no_shape(*_):
        raise np.linalg.LinAlgError

    problem = Problem(cs.PanelDML(), cs.PanelDML().simulate(1, units=30, times=4).data)
    # Numba compiles for fifteen seconds what JAX compiles in some.
    monkeypatch.setattr(cs.PanelDML, "nuts_options", lambda *_: {"backend": "jax"})
    for target, value in (
        ("causalstats.samplers.importance._LARGEST_PARETO_K", -10.0),
        ("causalstats.models.panel_dml.importance_sampling._drawn", no_shape),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(target, value)
            assert (
                "Nuts"
                in cs.Auto(chains=2, draws=50, tune=50)
                .compile(problem)
                .run(problem, 1)
                .attrs["sampler"]
            )


@dataclass(frozen=True, kw_only=True)
class RandomWalk:
    """Two chains near the answer, by a sampler that knows nothing of energies."""

    draws: int = 500

    def compile(self, problem):
        return self

    def run(self, problem, seed, advance=None):
        names = problem.model.importance_draws(problem.data)
        posterior = names(2, self.draws, np.random.default_rng(seed))[0]
        return describe_run(
            xr.DataTree.from_dict({"posterior": posterior}),
            DrawsKind.CHAINS,
            sampler=self,
            seed=seed,
            seconds=0.0,
        )


def test_a_sampler_without_sample_statistics_is_checked_by_its_chains_alone(tmp_path):
    model = cs.PanelDML(basis_size=4)
    panel = model.simulate(1, units=15, times=4).data
    fit = cs.fit(model, panel, seed=1, sampler=RandomWalk(), progress=False)
    names = [check.name for check in fit.sampling()]
    assert names == ["R-hat", "bulk ESS", "tail ESS", "complete run"]
    assert set(fit.figures()) >= {"chains", "pairs", "comparison", "diagram"}
    report = fit.report(tmp_path / "report.html").read_text()
    assert f"from {__name__} import RandomWalk" in report
