"""The smallest joint bend of assumptions that turns the decision, by weights and by refits."""

import time

import numpy as np
import pandas as pd
import pytest

import causalstats as cs
from causalstats.inference.tipping_point import (
    Bend,
    _Answers,
    _axes,
    _Axis,
    _search,
    _sentence,
    _weighting,
)


@pytest.fixture(scope="module")
def fit():
    model = cs.CausalDiagram("treated -> recovered", route="reduced")
    data = model.simulate(1, people=100).data
    return cs.fit(model, data, seed=1, progress=False)


def test_the_interval_touches_the_threshold_at_the_tipping_point(fit):
    result = fit.tipping_point(concentration=200.0)
    assert result.turned
    assert result.stated.upper < 0 < result.bent.upper
    width = result.bent.upper - result.bent.lower
    assert result.bent.upper < 0.1 * width  # and not far beyond it
    model = cs.CausalDiagram("treated -> recovered", route="reduced", **result.values)
    refit = fit.refit(model).effect("effect").numbers().iloc[0]
    assert np.isclose(refit["upper"], result.bent.upper)
    assert "takes in 0" in repr(result) and "concentration" in repr(result)


def test_a_bend_that_turns_nothing_says_so(fit):
    result = fit.tipping_point(concentration=0.6)
    assert not result.turned and "No joint bend of up to 2 bends" in result.sentence
    # Half a bend more in ratio each: 0.5, 0.6 at one bend, 0.72 at the two that were searched.
    assert result.size == 2.0
    assert np.isclose(result.values["concentration"], 0.72)
    model = cs.CausalDiagram("treated -> recovered", route="reduced", **result.values)
    refit = fit.refit(model).effect("effect").numbers().iloc[0]
    assert np.isclose(refit["upper"], result.bent.upper)


def test_an_answer_that_the_data_contradict_is_told_as_in_doubt(fit):
    assert "In doubt" not in fit.tipping_point(concentration=0.6).sentence
    rng = np.random.default_rng(1)
    z = rng.integers(0, 2, 400)
    treated = (rng.random(400) < 0.2 + 0.6 * z).astype(int)
    recovered = (rng.random(400) < 0.2 + 0.6 * z).astype(int)
    frame = pd.DataFrame({"z": z, "treated": treated, "recovered": recovered})
    diagram = cs.CausalDiagram("z -> treated -> recovered", route="reduced")
    data = cs.Observations.from_frame(frame)
    contradicted = cs.fit(diagram, data, seed=1, progress=False)
    result = contradicted.tipping_point(concentration=200.0)
    name = "independences of the diagram"
    assert name in result.stated.failed and name in result.bent.failed
    there, stated = result.sentence.split("In doubt: ")[1].split(
        "; the answer as stated"
    )
    assert name in there and name in stated


def test_a_decision_turns_the_other_way_too(fit):
    threshold = fit.effect("effect").numbers()["mean"].iloc[0]
    result = fit.tipping_point(concentration=100.0, threshold=float(threshold))
    assert result.turned and "leaves out" in result.sentence


def steps(unit_effect, seed=2):
    """A panel in which half of the units adopt a treatment in the fifth of eight periods."""
    rng = np.random.default_rng(seed)
    unit, time = np.repeat(np.arange(40), 8), np.tile(np.arange(8), 40)
    treated = ((unit % 2 == 0) & (time >= 4)).astype(int)
    outcome = unit_effect * treated + rng.normal(0, 0.5, 320)
    frame = pd.DataFrame({"unit": unit, "time": time, "treated": treated, "y": outcome})
    return cs.Panel.from_frame(
        frame, unit="unit", time="time", outcome="y", treatment="treated"
    )


@pytest.mark.usefixtures("compiled_quickly", "densities_by_jax")
@pytest.mark.parametrize("effect", [-0.8, 0.8])
def test_bounds_turn_where_either_of_them_reaches_the_threshold(effect):
    model = cs.EventStudy(trend_violation=0.0)
    sampler = cs.Laplace(chains=2, draws=500)
    fit = cs.fit(model, steps(effect), seed=1, sampler=sampler, progress=False)
    result = fit.tipping_point(trend_violation=3.0)
    assert result.turned and result.bent.lower < 0 < result.bent.upper
    refit = fit.refit(cs.EventStudy(**result.values)).effect().numbers()
    ends = refit.loc["lower", "lower"], refit.loc["upper", "upper"]
    assert np.allclose(ends, (result.bent.lower, result.bent.upper))


def test_a_headline_of_several_numbers_has_no_one_decision():
    model = cs.PartialCorrelation(prior="matching")
    fit = cs.fit(
        model, model.simulate(1, rows=40, parts=4).data, seed=1, progress=False
    )
    with pytest.raises(cs.ModelError, match="got 6: p1 ~ p2"):
        fit.tipping_point(basis_variance_sd=2.0)


class _Steep:
    """Answers that lie on the other side of 0 at two bends, and take it in before."""

    axes = {"line": None}

    def at(self, shares):
        middle = 0.6 - 0.4 * shares[0]
        return Bend(centre=middle, lower=middle - 0.1, upper=middle + 0.1, pareto_k=0.0)

    fitted = at

    def along(self, direction):
        return lambda size: self.at(size * direction)


def test_an_interval_that_passes_the_threshold_within_two_bends_turns_the_decision():
    shares, bent = _search(_Steep(), 0.0)
    assert bent.lower < 0 < bent.upper
    assert 1.2 < shares[0] < 1.35


class _Limited(_Steep):
    """Answers of a model that cannot be bent by more than 1.2, and does not turn before."""

    def at(self, shares):
        if shares[0] > 1.2:
            raise cs.ModelError("no such model")
        return super().at(shares / 10)

    fitted = at


def test_where_nothing_turned_the_largest_bend_that_the_model_takes_is_told():
    shares, bent = _search(_Limited(), 0.0)
    assert shares[0] == 1.0 and bent == _Limited().at(np.array([1.0]))


class _Mistaken(_Steep):
    """Weighted draws that turn nothing, where fits do from 1.25 bends on."""

    def along(self, direction):
        return lambda size: self.at(0 * direction)


def test_a_fit_that_turns_what_weights_do_not_is_followed_to_its_smallest_bend():
    shares, bent = _search(_Mistaken(), 0.0)
    assert bent.lower < 0 < bent.upper
    assert 1.2 < shares[0] < 1.35


class _Curved:
    """Answers whose lower limit falls with the square of one field, and a little with the other."""

    axes = {"square": None, "line": None}

    def at(self, shares):
        lower = 1.0 - 0.1 * shares[1] - 1.5 * shares[0] ** 2
        return Bend(centre=2.0, lower=lower, upper=3.0, pareto_k=0.0)

    fitted = at

    def along(self, direction):
        return lambda size: self.at(size * direction)


def test_a_field_that_hardly_moves_the_interval_at_first_is_tried_alone():
    shares, bent = _search(_Curved(), 0.0)
    assert bent.lower < 0
    assert np.linalg.norm(shares) < 1


@pytest.mark.parametrize(
    ("bends", "message"),
    [
        ({}, "each with a value"),
        ({"concentrate": 2.0}, "Did you mean 'concentration'"),
        ({"route": "structural"}, "that can be bent"),
        ({"concentration": -1.0}, "concentration"),
    ],
)
def test_bends_that_are_none_are_refused(fit, bends, message):
    with pytest.raises(cs.ModelError, match=message):
        fit.tipping_point(**bends)


def test_the_margin_is_negative_where_the_interval_takes_the_threshold_in():
    bend = Bend(centre=1.0, lower=0.5, upper=1.5, pareto_k=0.0)
    assert [bend.margin(value) for value in (0.0, 1.0, 2.0)] == [0.5, -0.5, 0.5]


@pytest.mark.slow
def test_reweighted_draws_are_within_5_per_cent_of_refits():
    known = cs.Known(0.3, sd=0.03)
    model = cs.SelectiveLabels(prevalence=known, expertise=["x2"], expertise_sd=0.3)
    data = model.simulate(1, people=500, features=3).data
    fit = cs.fit(model, data, seed=1, progress=False)
    axes = _axes(fit, {"prevalence": 0.32, "expertise_sd": 0.4})
    answers = _Answers(fit, axes, _weighting(fit, axes))
    for shares in ([1.0, 0.0], [0.0, 1.0], [0.7, 0.7]):
        weighted = answers.weighted(np.array(shares))
        refitted = answers.fitted(np.array(shares))
        assert weighted.pareto_k < 0.7
        width = refitted.upper - refitted.lower
        assert abs(weighted.centre - refitted.centre) < 0.05 * width


LABELS = cs.SelectiveLabels(
    prevalence=cs.Known(0.3, sd=0.03), expertise=["x2"], expertise_sd=0.3
)
HECKMAN = cs.Heckman(mean=cs.Known(0.0, sd=0.3), outcome_scale=(0.0, 1.0))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model", "size", "bends"),
    [
        (
            LABELS,
            {"people": 500, "features": 3},
            {"prevalence": 0.32, "expertise_sd": 0.4},
        ),
        (
            HECKMAN,
            {"people": 300, "features": 2},
            {"mean": 0.1, "selection_prior_scale": 2.0},
        ),
    ],
    ids=["selective labels", "heckman"],
)
def test_a_thousand_joint_bends_take_a_second_and_agree_with_a_refit(
    model, size, bends
):
    fit = cs.fit(model, model.simulate(1, **size).data, seed=1, progress=False)
    axes = _axes(fit, bends)
    answers = _Answers(fit, axes, _weighting(fit, axes))
    direction = np.full(2, np.sqrt(0.5))
    started = time.process_time()
    along = answers.along(direction)
    made = [along(size) for size in np.linspace(0.001, 1, 1000)]
    assert time.process_time() - started < 1.0
    assert max(bend.pareto_k for bend in made) < 0.7
    refitted = answers.fitted(direction)
    width = refitted.upper - refitted.lower
    assert abs(made[-1].centre - refitted.centre) < 0.05 * width


@pytest.mark.parametrize(
    ("lower", "upper", "words"),
    [(-1.0, 1.0, "still takes in 0"), (0.5, 1.0, "still leaves out 0")],
)
def test_a_decision_that_does_not_turn_is_told_as_it_was(lower, upper, words):
    bend = Bend(centre=0.7, lower=lower, upper=upper, pareto_k=0.0)
    axes = {"prior_sd": _Axis(1.0, 2.0)}
    assert words in _sentence({"prior_sd": 2.0}, axes, bend, bend, False, 0.0, 1.0)
