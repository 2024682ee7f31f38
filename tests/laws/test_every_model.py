"""Laws of every model: each is written once and runs over one variant of every model.

Fits are exact or by importance sampling where the model has these; the others are short chains.
"""

import copy
import pickle
import re

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from matplotlib.figure import Figure
from matplotlib.text import Text

import causalstats as cs
from causalstats.core.abilities import (
    ExactPosterior,
    HasBaselines,
    HasCausalGraph,
    HasDataChecks,
    HasLogLikelihood,
    HasPriors,
    HasRelaxations,
    Predicts,
    PriorFromData,
    Simulates,
    SimulationDefaults,
)
from causalstats.core.estimand import answerable
from causalstats.core.model import Model, Problem
from causalstats.numerics.sampling.centre import centre_of
from tests.laws.variants import VARIANTS

SHORT = cs.Auto(chains=2, draws=60, tune=60)
# Numba compiles twenty seconds for selective labels, and two minutes for Heckman's model; their
# verbs, files, figures and repeated draws have tests in tests/models/.
ONE_EACH = (
    pytest.param("selective labels", marks=pytest.mark.slow),
    pytest.param("heckman", marks=pytest.mark.slow),
    "panel",
    "dynamic panel",
    "panel of counts",
    "event study",
    "few rows of a composition",
    "front-door",
    "instruments",
)


@pytest.fixture(scope="module", params=VARIANTS)
def variant(request):
    return VARIANTS[request.param]


@pytest.fixture(scope="module")
def data(variant):
    return variant.data(seed=3)


@pytest.fixture(scope="module", params=ONE_EACH)
def fit(request):
    """A fit of one variant of each family."""
    chosen = VARIANTS[request.param]
    return cs.fit(
        chosen.model, chosen.data(seed=3), seed=1, sampler=SHORT, progress=False
    )


def test_it_has_the_contract_and_every_ability_that_all_families_share(variant):
    assert isinstance(variant.model, Model)
    shared = (HasBaselines, HasCausalGraph, HasDataChecks, HasLogLikelihood, HasPriors)
    for ability in (*shared, HasRelaxations, Predicts, Simulates, SimulationDefaults):
        assert isinstance(variant.model, ability), ability.__name__


def test_its_repr_evaluates_to_the_same_model(variant):
    assert eval(
        repr(variant.model), vars(cs) | {name: getattr(cs, name) for name in cs.__all__}
    ) == (variant.model)


def test_sentences_on_changes_have_a_verb_that_says_where_none_is_possible(
    variant, data
):
    for name, estimand in variant.model.estimands().items():
        told = estimand.sentence
        told = told if isinstance(told, str) else told(data)
        if told and estimand.kind == "causal" and estimand.contrast != "none":
            assert re.search(r"{(raises|changes|multiplies|count)}", told), name


def test_it_is_frozen_and_can_be_copied(variant):
    model = variant.model
    with pytest.raises(AttributeError):
        model.another_field = 1
    assert copy.deepcopy(model) == model
    assert pickle.loads(pickle.dumps(model)) == model


def test_building_the_graph_is_pure(variant, data):
    before = data.fingerprint
    first, second = variant.model.build(data), variant.model.build(data)
    assert data.fingerprint == before
    names = [
        sorted(variable.name for variable in graph.free_RVs)
        for graph in (first, second)
    ]
    assert names[0] == names[1]
    for graph in (first, second):
        for name, value in variant.model.inputs(data).items():
            np.testing.assert_array_equal(graph[name].get_value(), value)


def test_its_data_have_a_card_for_notebooks(data):
    assert f"<strong>{type(data).__name__}</strong>" in data._repr_html_()


def test_the_same_seed_simulates_the_same_data(variant, data):
    assert variant.data(seed=3).fingerprint == data.fingerprint
    assert variant.data(seed=4).fingerprint != data.fingerprint


def test_the_simulator_knows_every_parameter_and_answer(variant):
    simulation = variant.model.simulate(3, design="prior", **variant.simulate)
    for name in variant.model.parameters(simulation.data):
        assert name in simulation.truth
    for name, estimand in answerable(variant.model, simulation.data).items():
        answer = estimand.compute(simulation.truth, simulation.data)
        assert isinstance(answer, xr.DataArray), name
        assert answer.dims[:2] == ("chain", "draw"), name


def test_prior_standard_deviations_are_of_parameters(variant, data):
    priors = variant.model.priors(data)
    assert set(priors) <= set(variant.model.parameters(data))


def test_every_answer_stands_on_assumptions_that_exist(variant):
    names = {assumption.name for assumption in variant.model.assumptions()}
    for name, estimand in variant.model.estimands().items():
        assert set(estimand.assumptions) <= names, name


def test_an_exact_posterior_has_no_sampled_parameters(variant, data):
    model = variant.model
    if isinstance(model, ExactPosterior) and model.exact_posterior(data) is not None:
        assert not model.parameters(data)


def test_the_same_seed_gives_the_same_draws(fit):
    again = cs.fit(fit.model, fit.data, seed=1, sampler=SHORT, progress=False)
    xr.testing.assert_equal(
        fit.draws["posterior"].to_dataset(), again.draws["posterior"].to_dataset()
    )


def test_a_saved_fit_is_the_same_fit(fit, tmp_path):
    again = cs.load(fit.save(tmp_path / "fit.nc"))
    assert again.model == fit.model
    assert again.data.fingerprint == fit.data.fingerprint
    assert again.provenance == fit.provenance
    xr.testing.assert_equal(
        fit.draws["posterior"].to_dataset(), again.draws["posterior"].to_dataset()
    )


@pytest.mark.parametrize(
    "copied", [copy.deepcopy, lambda fit: pickle.loads(pickle.dumps(fit))]
)
def test_a_copy_of_a_fit_gives_its_answer(fit, copied):
    again = copied(fit)
    assert again.model == fit.model and again.data.fingerprint == fit.data.fingerprint
    pd.testing.assert_frame_equal(again.effect().numbers(), fit.effect().numbers())


def test_every_answer_has_a_table_a_sentence_and_a_figure(fit):
    for name, estimand in answerable(fit.model, fit.data).items():
        effect = fit.effect(name)
        assert isinstance(effect.summary(), pd.DataFrame)
        assert effect.kind in effect.statement()
        shown = effect.numbers()
        centre = shown[centre_of(shown)]
        outside = (centre < shown["lower"] - 1e-9) | (centre > shown["upper"] + 1e-9)
        assert not outside.any()
        if not estimand.per_person:
            figure = fit.plot(name)
            shown = {text.get_text() for text in figure.findobj(Text)}
            assert figure.axes and ("_" not in name or name not in shown)


def test_every_verb_works(fit, tmp_path):
    assert isinstance(fit.summary(), pd.DataFrame)
    assert len(fit.check())
    assert not fit.compare().empty
    for name in ("comparison", "diagram"):
        assert fit.plot(name).axes
        mine = Figure().subplots()
        assert fit.plot(name, ax=mine) is mine.figure
    assert fit.answer() in repr(fit)
    assert fit.refit(fit.model).model == fit.model


def test_the_user_s_frame_is_not_changed(fit):
    frame = fit.data.source.copy(deep=True)
    again = type(fit.data).from_frame(frame, **fit.data.arguments)
    pd.testing.assert_frame_equal(frame, fit.data.source)
    assert again.fingerprint == fit.data.fingerprint


def test_the_log_density_of_the_graph_is_finite_at_the_start(variant, data):
    problem = Problem(variant.model, data)
    if variant.model.parameters(data):
        graph = problem.graph
        assert np.isfinite(
            graph.compile_logp(mode="FAST_COMPILE")(graph.initial_point())
        )


DEFAULTS = {
    "CausalDiagram": cs.CausalDiagram("x -> y"),
    "DynamicPanel": cs.DynamicPanel(),
    "PanelGLM": cs.PanelGLM(),
    "EventStudy": cs.EventStudy(),
    "Heckman": cs.Heckman(),
    "PanelDML": cs.PanelDML(),
    "PartialCorrelation": cs.PartialCorrelation(prior="shrunk"),
    "SelectiveLabels": cs.SelectiveLabels(),
}


@pytest.mark.parametrize("name", DEFAULTS)
def test_data_can_be_drawn_from_the_prior_of_a_model_by_its_defaults(name):
    model = DEFAULTS[name]
    if isinstance(model, PriorFromData):
        model = model.with_proper_prior()
    simulation = model.simulate(1, design="prior", **model.simulation_defaults)
    assert isinstance(simulation.data, model.data_class)


@pytest.mark.slow
@pytest.mark.parametrize("name", DEFAULTS)
def test_it_is_calibrated_by_its_defaults_alone(name):
    calibration = cs.calibrate(DEFAULTS[name], fits=4, seed=1, progress=False)
    assert len(calibration.ranks) > 0
