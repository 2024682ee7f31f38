"""Wrong arguments of `fit`, and of the verbs of a fit, raise errors that say what to write."""

import numpy as np
import pandas as pd
import pytest

import causalstats as cs


def table(columns="xy", rows=60, seed=0):
    rng = np.random.default_rng(seed)
    return pd.DataFrame({name: rng.integers(0, 2, rows) for name in columns})


@pytest.fixture(scope="module")
def data():
    return cs.Observations.from_frame(table())


@pytest.fixture(scope="module")
def fit(data):
    return cs.fit(cs.CausalDiagram("x -> y"), data, seed=1, progress=False)


@pytest.fixture(scope="module")
def studies(data):
    rng = np.random.default_rng(1)
    people = table(["seen"], 40).assign(age=rng.normal(size=40), y=1.0)
    people["y"] = np.where(people.seen == 1, rng.integers(0, 2, 40), np.nan)
    panel = pd.DataFrame(
        {"u": np.repeat(np.arange(10), 4), "t": np.tile(np.arange(4), 10)}
    )
    panel = panel.assign(d=rng.normal(size=40), y=rng.normal(size=40))
    parts = pd.DataFrame(np.exp(rng.normal(size=(20, 4))), columns=list("abcd"))
    return {
        "Observations": data,
        "Decisions": cs.Decisions.from_frame(
            people, outcome="y", decision="seen", features=["age"]
        ),
        "Panel": cs.Panel.from_frame(
            panel, unit="u", time="t", outcome="y", treatment="d"
        ),
        "Composition": cs.Composition.from_frame(parts, parts=list("abcd")),
    }


MODELS = {
    "CausalDiagram": (cs.CausalDiagram("x -> y"), "Observations"),
    "SelectiveLabels": (cs.SelectiveLabels(), "Decisions"),
    "Heckman": (cs.Heckman(), "Decisions"),
    "PanelDML": (cs.PanelDML(), "Panel"),
    "PartialCorrelation": (cs.PartialCorrelation(prior="shrunk"), "Composition"),
}


@pytest.mark.parametrize("name", MODELS)
def test_data_of_another_study_are_refused_with_the_reader_to_call(studies, name):
    model, expected = MODELS[name]
    for study, wrong in studies.items():
        if study == expected:
            continue
        with pytest.raises(
            cs.DataError, match=f"Expected `{expected}`.*got `{study}`.*from_frame"
        ):
            cs.fit(model, wrong, seed=1)
    for wrong in (
        table(),
        None,
        "data.csv",
        table().to_numpy(),
        getattr(cs, expected),
        {},
    ):
        with pytest.raises(cs.DataError, match=f"`cs.{expected}.from_frame"):
            cs.fit(model, wrong, seed=1)


@pytest.mark.parametrize("name", MODELS)
def test_exchanged_arguments_are_told_to_be_exchanged(studies, name):
    model, study = MODELS[name]
    for first in (studies[study], table(), None):
        with pytest.raises(cs.ModelError, match="the model first and the data second"):
            cs.fit(first, model, seed=1)


@pytest.mark.parametrize(
    ("model", "advice"),
    [
        (None, "cs.PanelDML"),
        ("x -> y", "cs.CausalDiagram"),
        (cs.PanelDML, r"PanelDML\(\)"),
        (3, "cs.PanelDML"),
    ],
)
def test_what_is_no_model_is_refused(data, model, advice):
    with pytest.raises(cs.ModelError, match=f"Expected a model.*{advice}"):
        cs.fit(model, data, seed=1)
    with pytest.raises(cs.ModelError, match=f"Expected a model.*{advice}"):
        cs.calibrate(model, seed=1)


@pytest.mark.parametrize("sampler", ["nuts", cs.Nuts, 4, True, []], ids=str)
def test_what_is_no_sampler_is_refused(data, sampler):
    with pytest.raises(
        cs.ModelError, match=r"`sampler` as None or a sampler.*cs\.Nuts"
    ):
        cs.fit(cs.CausalDiagram("x -> y"), data, seed=1, sampler=sampler)


@pytest.mark.parametrize(
    "seed", [0, np.int64(3), np.uint8(3), 5.0, 2**32 - 1], ids=repr
)
def test_a_fit_of_every_seed_is_repeated_saved_and_loaded(data, tmp_path, seed):
    one, other = (
        cs.fit(cs.CausalDiagram("x -> y"), data, seed=seed, progress=False)
        for _ in range(2)
    )
    assert type(one.seed) is int and one.seed == int(seed)
    np.testing.assert_array_equal(
        one.effect("effect").draws, other.effect("effect").draws
    )
    loaded = cs.load(one.save(tmp_path / "fit.nc"))
    assert loaded.seed == one.seed
    np.testing.assert_array_equal(
        loaded.effect("effect").draws, one.effect("effect").draws
    )


@pytest.mark.parametrize(
    "seed",
    [
        None,
        True,
        [],
        (1, 2),
        pytest.param(np.random.default_rng(1), id="a generator"),
        "1",
        1.5,
        -1,
        np.nan,
        2**32,
        np.bool_(True),
    ],
    ids=repr,
)
def test_what_is_no_seed_is_refused(data, seed):
    with pytest.raises(
        cs.ModelError, match="`seed` as a whole number from 0 to 4,294,967,295"
    ):
        cs.fit(cs.CausalDiagram("x -> y"), data, seed=seed)
    with pytest.raises(cs.ModelError, match="`seed`"):
        cs.calibrate(cs.CausalDiagram("x -> y"), seed=seed)


@pytest.mark.parametrize(
    "rope", [np.nan, np.inf, -0.3, True, None, [], "0.1"], ids=repr
)
def test_a_rope_is_a_number_of_0_or_more(fit, rope):
    with pytest.raises(cs.ModelError, match="`rope` as a number of 0 or more"):
        fit.effect("effect").decide(rope=rope)


@pytest.mark.parametrize(
    "share", [np.nan, -1, 0, 1, 2, 95, True, None, "0.95"], ids=repr
)
def test_shares_and_probabilities_of_intervals_lie_between_0_and_1(fit, share):
    effect = fit.effect("effect")
    for ask in (
        lambda: effect.decide(fdr=share),
        lambda: effect.decide(prob=share),
        lambda: effect.summary(share),
        lambda: effect.text(share),
        lambda: fit.summary(share),
        lambda: fit.compare(share),
    ):
        with pytest.raises(cs.ModelError, match="between 0 and 1, both excluded"):
            ask()


def test_right_shares_are_taken_from_numpy(fit):
    assert (
        fit.effect("effect").decide(rope=np.float32(0.5), fdr=np.float64(0.1)).shape[0]
        == 1
    )
    narrow, wide = (
        fit.effect("effect").numbers(np.float32(prob)) for prob in (0.5, 0.9)
    )
    assert (wide["lower"] < narrow["lower"]).all() and (
        wide["upper"] > narrow["upper"]
    ).all()


@pytest.mark.parametrize(
    "value", [True, np.bool_(True), None, np.nan, 2, b"1", {1}], ids=repr
)
def test_what_is_no_level_of_a_variable_is_refused(fit, value):
    """The levels are 0 and 1; True is neither."""
    for question in ({"do": {"x": value}}, {"given": {"x": value}}):
        with pytest.raises(cs.ModelError):
            fit.effect("y", **question)


def test_levels_may_be_numpy_scalars_texts_and_pairs_of_them(fit):
    one = fit.effect("y", do={"x": 1}).draws.mean()
    for same in (np.int64(1), 1.0, "1", np.str_("1")):
        assert fit.effect("y", do={"x": same}).draws.mean() == one
    pair = fit.effect("y", do={"x": [1, 0]}).draws.mean()
    for same in ((1, 0), np.array([1, 0]), pd.Index([1, 0])):
        assert fit.effect("y", do={"x": same}).draws.mean() == pair


@pytest.mark.parametrize(
    ("assumptions", "message"),
    [
        ({"concentration": 2}, r"Write \[2\]"),
        ({"concentration": "2"}, r"Write \['2'\]"),
        ({"concentration": b"\x02"}, "as a list of values"),
        ({"concentration": {2.0}}, "A set has no order"),
        ({"concentration": None}, r"Write \[None\]"),
        ({"concentration": []}, "an empty one"),
        ({"concentration": [True]}, "True and False are not numbers"),
        ({"concentration": [np.nan]}, "a positive number"),
        ({"prior": ["bdue"]}, "Did you mean 'bdeu'"),
        ({"concentraton": [1.0]}, "Did you mean 'concentration'"),
        ({}, "got nothing"),
    ],
    ids=str,
)
def test_values_of_a_sensitivity_analysis_are_a_list_of_what_the_field_may_be(
    fit, tmp_path, assumptions, message
):
    with pytest.raises(cs.ModelError, match=message):
        fit.sensitivity(**assumptions)
    if assumptions:
        with pytest.raises(cs.ModelError, match=message):
            fit.report(tmp_path / "never.html", sensitivity=assumptions)
        assert not list(tmp_path.iterdir())


def test_values_that_are_the_same_number_have_one_row(fit):
    table = fit.sensitivity(concentration=[2, 2.0, np.float32(2), np.int64(2)])
    assert len(table) == 2 and 2.0 in table.index


def test_knowledge_that_is_not_given_is_a_value_beside_that_which_is():
    """A row without the knowledge, one of another value and the same certainty, and one as sure."""
    from causalstats.inference.sensitivity_analysis import variants

    class Fitted:
        model = cs.SelectiveLabels(prevalence=cs.Known(0.1, sd=0.01))

    models = variants(Fitted, {"prevalence": [None, np.float32(0.25), cs.Known(0.3)]})
    assert [model.prevalence for model in models] == [
        cs.Known(0.1, sd=0.01),
        None,
        cs.Known(0.25, sd=0.01),
        cs.Known(0.3),
    ]
    Fitted.model = cs.Heckman(mean=1.0)
    assert [each.mean for each in variants(Fitted, {"mean": [None]})] == [
        cs.Known(1.0),
        None,
    ]
    with pytest.raises(cs.ModelError, match="as a list of names"):
        variants(Fitted, {"expertise": [None]})


@pytest.mark.parametrize(
    ("model", "study", "field"),
    [
        (cs.PartialCorrelation(prior="shrunk"), "Composition", "spike_sd"),
        (cs.PartialCorrelation(prior="shrunk"), "Composition", "row_correlation"),
        (cs.PartialCorrelation(prior="matching"), "Composition", "basis_variance"),
        (cs.SelectiveLabels(), "Decisions", "expertise_sd"),
        (
            cs.SelectiveLabels(coefficient_prior="paper"),
            "Decisions",
            "negative_controls",
        ),
        (cs.SelectiveLabels(), "Decisions", "leniency_prior_scale"),
        (cs.SelectiveLabels(response=1.0), "Decisions", "response_prior_scale"),
        (cs.Heckman(), "Decisions", "expertise_sd"),
        (cs.PanelDML(), "Panel", "basis_size"),
        (cs.PanelDML(), "Panel", "shrinkage"),
    ],
    ids=lambda value: getattr(value, "headline", value),
)
def test_a_model_names_the_fields_that_cannot_change_its_answer(
    studies, model, study, field
):
    """A table of sensitivity to such a field would have equal rows, and look robust."""
    assert model.unused_fields(studies[study])[field].endswith(".")


@pytest.mark.parametrize(
    ("model", "needs"),
    [
        (cs.PanelDML(basis_size=1, scale=[1.0, 1.0]), {"units", "times"}),
        (
            cs.PartialCorrelation(prior="invariant", shrinkage=0.3, basis_variance=1.0),
            {"rows"},
        ),
        (cs.SelectiveLabels(prevalence=0.3), {"people"}),
        (cs.Heckman(outcome_scale=(0.0, 1.0)), {"people"}),
        (cs.CausalDiagram("x -> y"), {"people"}),
    ],
    ids=lambda value: type(value).__name__,
)
def test_every_model_says_how_it_is_simulated_for_its_calibration(model, needs):
    assert needs <= set(model.simulation_defaults)
    assert model.simulate(
        1, design="prior", **model.simulation_defaults
    ).data.fingerprint


def test_calibration_refuses_options_that_simulate_does_not_have():
    with pytest.raises(
        cs.ModelError, match="some of units, times, .*got 'unit'. Did you mean"
    ):
        cs.calibrate(cs.PanelDML(), seed=1, simulate={"unit": 5})
    with pytest.raises(cs.ModelError, match="`fits` as a whole number"):
        cs.calibrate(cs.PanelDML(), fits=0, seed=1)
    with pytest.raises(cs.ModelError, match="`jobs`"):
        cs.calibrate(cs.PanelDML(), jobs=0, seed=1)


@pytest.mark.parametrize("value", [2, -1, "False", None, 0, 1, 0.5, [True]], ids=repr)
def test_whether_features_are_standardised_is_true_or_false(value):
    people = table(["seen"], 40).assign(age=np.arange(40.0))
    people["y"] = np.where(people.seen == 1, people.age.to_numpy() % 2, np.nan)
    with pytest.raises(cs.DataError, match="`standardise` as True or False"):
        cs.Decisions.from_frame(
            people, outcome="y", decision="seen", features=["age"], standardise=value
        )
