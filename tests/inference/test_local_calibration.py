"""Calibration around the posterior: second studies, planted errors, and what carries the checks."""

import time
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import causalstats as cs
from causalstats.core.abilities import Replicates
from causalstats.inference import local_calibration
from causalstats.inference.graph_gradient import graph_gradient
from causalstats.numerics.sampling.calibration_tests import (
    bartlett_p_values,
    detectable_spread,
    information_excess,
    is_covered,
    normal_p_values,
    outlyingness_rank,
    stein_z,
)
from tests.laws.variants import VARIANTS

REPLICATED = (
    "selective labels",
    "imperfect test",
    "deciders",
    "by group",
    "back-door",
    "front-door",
    "event study",
    "instruments",
    "instruments of two treatments",
)


@pytest.mark.parametrize("name", REPLICATED)
def test_a_second_study_stands_behind_the_observed_one_and_has_its_design(name):
    variant = VARIANTS[name]
    simulation = variant.model.simulate(1, design="prior", **variant.simulate)
    data = simulation.data
    assert isinstance(variant.model, Replicates)
    rng = np.random.default_rng(2)
    model = variant.model.with_prior_of(data)
    both = model.with_replication(simulation.truth, data, rng).data
    assert len(both) == 2 * len(data)
    assert both.fingerprint != data.fingerprint
    _ = cs.Problem(model, both).inputs


def test_a_second_study_has_the_rates_of_its_parameters():
    model = cs.SelectiveLabels(prevalence=0.3)
    simulation = model.simulate(3, people=20_000, features=2)
    rng = np.random.default_rng(4)
    both = model.with_replication(simulation.truth, simulation.data, rng).data
    first, second = np.split(both.decision, 2)
    error = np.sqrt(first.mean() * (1 - first.mean()) / 10_000)
    assert abs(first.mean() - second.mean()) < 4 * error
    cases = both.outcome == 1
    first, second = np.split(cases, 2)
    error = np.sqrt(first.mean() * (1 - first.mean()) / 10_000)
    assert abs(first.mean() - second.mean()) < 4 * error


def test_a_second_heckman_study_has_the_moments_of_its_parameters():
    model = cs.Heckman()
    simulation = model.simulate(3, people=20_000, features=2)
    rng = np.random.default_rng(4)
    both = model.with_replication(simulation.truth, simulation.data, rng).data
    first, second = np.split(both.outcome, 2)
    error = np.nanstd(first) * np.sqrt(2 / np.isfinite(first).sum())
    assert abs(np.nanmean(first) - np.nanmean(second)) < 4 * error


def test_draws_ten_per_cent_too_narrow_or_shifted_fail_steins_identities():
    draws = np.random.default_rng(1).standard_normal((4, 1000, 3))
    shifts, spreads, total = stein_z(draws, -draws)
    assert max(abs(shifts).max(), abs(spreads).max(), abs(total)) < 4
    narrow = 0.9 * draws
    assert stein_z(narrow, -narrow)[2] > 6
    shifted = draws + 0.1
    assert abs(stein_z(shifted, -shifted)[0]).min() > 4


def test_data_counted_ten_per_cent_too_often_fail_bartletts_identities():
    scores = np.random.default_rng(1).standard_normal((1500, 4))
    of_mean, of_information = bartlett_p_values(scores, np.full(scores.shape, -1.0))
    assert min(*of_mean, of_information) > 1e-3
    counted = bartlett_p_values(1.1 * scores, np.full(scores.shape, -1.1))
    assert counted[1] < 1e-4


def test_directions_that_say_little_do_not_hide_data_counted_too_often():
    rng = np.random.default_rng(2)
    scores = rng.standard_normal((3000, 5))
    size = np.ones(scores.shape)
    size[:, 4] = np.exp(rng.normal(0, 2, 3000))  # of few data: many near 0, some huge
    counted = bartlett_p_values(1.1 * np.sqrt(size) * scores, -1.1 * size)[1]
    assert counted < 1e-4
    excess = [
        information_excess(
            np.sqrt(size) * rng.standard_normal(size.shape), -size
        ).mean()
        for _ in range(200)
    ]
    assert abs(np.mean(excess)) < 4 * np.std(excess) / np.sqrt(200)


def test_gradients_at_all_points_together_are_differences_of_the_density():
    model = cs.CausalDiagram("treated -> recovered", route="reduced")
    problem = cs.Problem(model, model.simulate(1, people=60).data)
    points = np.random.default_rng(1).standard_normal((5, 3))
    together = graph_gradient(problem, compiled=False)
    draws = cs.Exact(chains=1, draws=5)(problem, seed=1)["posterior"].to_dataset()
    assert together.unconstrained(draws).shape == points.shape
    step = 1e-5
    slopes = together.at(points)
    for k in range(3):
        moved = points.copy()
        moved[:, k] += step
        after = np.array([together.density(each)[0] for each in moved])
        before = np.array([together.density(each)[0] for each in points])
        assert np.allclose((after - before) / step, slopes[:, k], atol=1e-2)


@pytest.mark.parametrize(
    ("spread", "weight", "inflation"), [(0.9, 1.0, 1.117), (1.0, 1.1, 1.05)]
)
def test_ranks_show_half_of_an_error_of_the_spread_or_less(spread, weight, inflation):
    """Of normal studies; (1 + f²)/2f² of draws f times as wide, 1 + e/2 of data counted 1 + e."""
    rng = np.random.default_rng(3)
    studies = 200_000
    truth = rng.normal(0, spread / np.sqrt(weight), studies)
    mean = (truth + rng.standard_normal(studies)) / 2
    scores = (truth - mean) / (spread / np.sqrt(2 * weight))
    error = np.sqrt(2 / studies) * inflation
    assert np.var(scores) == pytest.approx(inflation, abs=4 * error + 5e-4)


def test_scores_of_a_wrong_spread_are_found_as_often_as_is_said():
    level, found, runs = 0.01, 0, 300
    spread = 1 + detectable_spread(400, 2, level)
    rng = np.random.default_rng(5)
    for _ in range(runs):
        found += min(normal_p_values(spread * rng.standard_normal(400))) < level / 2
    assert 0.85 < found / runs < 0.97


def test_the_truth_is_exchangeable_with_few_draws_of_many_parameters():
    rng = np.random.default_rng(6)
    ranks = []
    for _ in range(400):
        points = rng.standard_normal((60, 20))
        ranks.append(outlyingness_rank(points[0], points[1:])[0] / 59)
    assert abs(np.mean(ranks) - 0.5) < 4 * np.sqrt(1 / 12 / 400)


@dataclass(frozen=True)
class _Narrow:
    """A sampler whose draws stand at half their distance from the mean."""

    def compile(self, problem: cs.Problem) -> Any:
        return self

    def run(self, problem: cs.Problem, seed: int, advance: Any = None) -> xr.DataTree:
        tree = cs.Exact(chains=1, draws=400)(problem, seed)
        draws = tree["posterior"].to_dataset()
        centre = draws.mean(["chain", "draw"])
        narrow = (centre + (draws - centre) / 2).transpose("chain", "draw", ...)
        result = xr.DataTree.from_dict({"posterior": narrow})
        result.attrs = tree.attrs
        return result


@pytest.fixture
def few_studies(monkeypatch):
    """Stop after 20 studies of the likelihood, however little they see."""
    monkeypatch.setattr(local_calibration, "_STUDIES_OF_SHIFTS", 20)
    monkeypatch.setattr(local_calibration, "_SHARP", 1e9)


FEW = cs.Exact(draws=200)  # a gradient at each takes longer than the fit


def _fit(sampler=None):
    model = cs.CausalDiagram("treated -> recovered", route="reduced")
    data = model.simulate(1, people=100).data
    return cs.fit(model, data, seed=1, sampler=sampler, progress=False)


def test_a_right_fit_passes_and_its_answer_carries_nothing_more(few_studies):
    fit = _fit(FEW)
    before = fit.effect("effect").doubts
    result = fit.calibrate(studies=12)
    assert [check.passed for check in result.checks] == [True] * 4
    assert result.normal_scores.shape[0] == result.covered.shape[0] == 12
    assert fit.effect("effect").doubts == before
    names = [check.name for check in fit.check()]
    assert "coverage around the posterior" in names
    assert not result.left_out


def test_an_answer_of_narrow_draws_carries_the_failed_check(few_studies):
    fit = _fit(_Narrow())
    result = fit.calibrate(studies=40)
    failed = [check.name for check in result.checks if check.passed is False]
    both = {"draws fit the density", "ranks around the posterior"}
    assert both <= set(failed)
    assert both <= {check.name for check in fit.effect("effect").doubts}


def test_the_same_seed_gives_the_same_calibration(few_studies):
    one, other = (_fit(FEW).calibrate(studies=5).normal_scores for _ in range(2))
    assert one.equals(other)


def test_robust_errors_say_why_no_second_study_is_drawn():
    model = cs.Instrument()
    data = model.simulate(1, rows=60).data
    fit = cs.fit(model, data, seed=1, sampler=FEW, progress=False)
    result = fit.calibrate(studies=5)
    assert [check.name for check in result.checks] == ["draws fit the density"]
    assert any("errors are robust" in reason for reason in result.left_out)
    with pytest.raises(cs.ModelError, match="No simulated study"):
        result.plot()


def test_draws_outside_the_support_fail_and_are_counted():
    fit = _fit()
    posterior = fit.draws["posterior"].to_dataset()
    table = posterior["P(treated)"].copy(deep=True)
    table[0, :3] = [1.2, -0.2]
    tree = xr.DataTree.from_dict({"posterior": posterior.assign({"P(treated)": table})})
    tree.attrs = fit.draws.attrs
    wrong = replace(fit, draws=tree, _cache={})
    clock = local_calibration._Clock(time.perf_counter(), 1000.0)
    (check,) = local_calibration._of_draws(wrong, clock)
    assert check.passed is False and "3 of 4,000 draws" in check.finding
    with pytest.raises(cs.SamplingError, match="density is 0"):
        local_calibration._of_likelihood(wrong, 1, clock)


@pytest.mark.slow
@pytest.mark.parametrize("factor", [1.0, 0.9, 1.1])
def test_the_gradient_of_a_sampled_graph_sees_draws_of_a_wrong_spread(factor):
    import sys

    sys.path.insert(0, "benchmarks")
    from local_calibration import DESIGNS, Planted

    design = DESIGNS["line"]
    sampler = Planted(design.sampler, factor)
    fit = cs.fit(
        design.models["right"], design.data(1), seed=1, sampler=sampler, progress=False
    )
    checks = {check.name: check for check in fit.calibrate(seconds=30).checks}
    assert checks["draws fit the density"].passed == (factor == 1.0)


@pytest.mark.parametrize("count", [20, 100])
def test_few_draws_cover_one_more_draw_as_often_as_is_said(count):
    rng = np.random.default_rng(8)
    covered = [
        is_covered(rng.normal(), rng.normal(size=count), 0.95, rng) for _ in range(8000)
    ]
    assert np.mean(covered) == pytest.approx(0.95, abs=4 * np.sqrt(0.95 * 0.05 / 8000))
    rounded = [is_covered(1.0, np.ones(count), 0.95, rng) for _ in range(8000)]
    assert np.mean(rounded) == pytest.approx(0.95, abs=4 * np.sqrt(0.95 * 0.05 / 8000))


@pytest.mark.parametrize(
    ("name", "errors"),
    [
        ("instruments", "robust"),
        pytest.param("instrument with a direct effect", "iid", marks=pytest.mark.slow),
        pytest.param("instruments of two treatments", "iid", marks=pytest.mark.slow),
        ("instruments with direct effects", "iid"),
    ],
)
def test_draws_of_instruments_are_those_of_their_graph(name, errors):
    variant = VARIANTS[name]
    model = replace(variant.model, errors=errors)
    data = variant.model.simulate(1, design="prior", **variant.simulate).data
    fit = cs.fit(model, data, seed=1, progress=False)
    clock = local_calibration._Clock(time.perf_counter(), 1000.0)
    (check,) = local_calibration._of_draws(fit, clock)
    assert check.passed, check.finding


def test_instruments_say_why_their_likelihood_is_not_held_against_simulated_studies():
    model = cs.Instrument(errors="iid")
    fit = cs.fit(model, model.simulate(1, rows=60).data, seed=1, progress=False)
    clock = local_calibration._Clock(time.perf_counter(), 1000.0)
    with pytest.raises(
        cs.ModelError, match="units that change with the number of rows"
    ):
        local_calibration._of_likelihood(fit, 1, clock)


def test_bounds_that_some_draws_contradict_are_left_out_of_ranks(few_studies):
    model = cs.CausalDiagram(
        "assigned -> taken; taken -> lowered; taken <-> lowered",
        treatment="taken",
        outcome="lowered",
    )
    cells = [("no", "no", "no"), ("no", "no", "yes"), ("yes", "no", "no")]
    cells += [("yes", "no", "yes"), ("yes", "yes", "no"), ("yes", "yes", "yes")]
    frame = pd.DataFrame(cells, columns=["assigned", "taken", "lowered"])
    frame = frame.loc[frame.index.repeat([158, 14, 52, 12, 23, 78])]
    data = cs.Observations.from_frame(frame)
    fit = cs.fit(model, data, seed=1, sampler=FEW, progress=False)
    result = fit.calibrate(studies=2)
    assert "ranks around the posterior" in [check.name for check in result.checks]
    assert result.covered.size == 0
    assert any("'bounds' is made of all draws" in reason for reason in result.left_out)
