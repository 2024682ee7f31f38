"""Fits are copied to other processes, and notebooks show cards of models, data and answers."""

import copy
import pickle
from html import escape

import numpy as np
import pandas as pd
import pytest

import causalstats as cs
from causalstats.core.check import Checks
from causalstats.core.display_scale import rounded_by_interval
from causalstats.core.rounding import rounded
from causalstats.runs.progress import stage

FITS = {
    "diagram": (cs.CausalDiagram("x -> y"), {"people": 60}),
    "panel": (cs.PanelDML(basis_size=3), {"units": 20, "times": 4}),
    "composition": (cs.PartialCorrelation(prior="matching"), {"rows": 30, "parts": 4}),
}


@pytest.fixture(scope="module", params=FITS)
def fit(request):
    model, arguments = FITS[request.param]
    data = model.simulate(1, **arguments).data
    return cs.fit(model, data, seed=1, progress=False)


@pytest.mark.parametrize(
    "copied", [copy.deepcopy, lambda fit: pickle.loads(pickle.dumps(fit))]
)
def test_a_copy_gives_the_same_answer(fit, copied):
    answer = fit.effect(fit.model.headline)
    assert (
        answer.doubts is not None
    )  # kept answers, whose functions a copy leaves behind
    again = copied(fit)
    pd.testing.assert_frame_equal(
        again.effect(again.model.headline).numbers(), answer.numbers()
    )
    assert again.data.fingerprint == fit.data.fingerprint


def test_checks_that_took_refits_stay_on_copies_and_in_files(tmp_path):
    model = FITS["diagram"][0]
    fit = cs.fit(model, model.simulate(1, people=60).data, seed=1, progress=False)
    common = {"expected": "", "remedy": "", "estimands": ("effect",)}
    refuted, untrue = (
        cs.Check(name=name, passed=False, value=value, finding=name, **common)
        for name, value in (("agrees with the data: x", 3.0), ("ranks", float("nan")))
    )
    fit.once("checks", lambda: Checks([refuted]))
    fit.once("calibration", lambda: Checks([untrue]))
    warned = fit.effect("effect").warnings
    assert len(warned) == 2
    loaded = cs.load(fit.save(tmp_path / "fit.nc"))
    for again in (copy.deepcopy(fit), pickle.loads(pickle.dumps(fit)), loaded):
        assert again.effect("effect").warnings == warned
        assert again.check()[0] == refuted


def test_every_answer_goes_to_another_process(fit):
    for name in fit.effects().query("unavailable == ''").index:
        answer = fit.effect(name)
        again = pickle.loads(pickle.dumps(answer))
        pd.testing.assert_frame_equal(again.summary(), answer.summary())
        assert again.warnings == answer.warnings
        assert str(again) == str(answer)
        if answer.over_null is not None:
            pd.testing.assert_frame_equal(again.decide(), answer.decide())


def test_notebooks_show_cards(fit):
    for shown in (fit, fit.model, fit.data):
        card = shown._repr_html_()
        assert card.startswith("<div")
        assert type(shown).__name__ in card or type(fit.model).__name__ in card
        assert "#fff" not in card
        assert "black" not in card


def test_the_card_of_a_fit_has_the_answer_first_and_its_facts_in_rows(fit):
    card = fit._repr_html_()
    places = [
        card.index(f">{name}</td>") for name in ("Answer", fit.headline, "Stands on")
    ]
    assert places == sorted(places)
    answer = fit.effect(fit.headline)
    doubts = {text for text in answer.warnings}
    assert all(card.count(f"<li>In doubt: {escape(each)}.") == 1 for each in doubts)


def test_plots_that_are_not_there_are_answered_with_what_to_do(fit):
    for name, advice in (
        ("sensitivity", r"fit\.report\(path, sensitivity="),
        ("roc_curve of age", r"keep=\['age'\]"),
        ("comparisons", "Did you mean 'comparison'"),
    ):
        with pytest.raises(cs.ModelError, match=advice):
            fit.plot(name)


def test_effects_lists_every_question_in_words(fit):
    table = fit.effects()
    assert list(table.index) == list(fit.model.estimands())
    assert table["question"].str.len().min() > 10
    for name in table.index[table["unavailable"] == ""]:
        assert fit.effect(name).name == name


def test_tables_have_the_decimals_that_the_draws_determine():
    table = pd.DataFrame(
        {
            "mean": [0.31234, -1.2],
            "sd": [0.1, 0.2],
            "lower": [0.1, -1.6],
            "upper": [0.5, -0.00001],
            "ess_bulk": [400.0, 100.0],
            "r_hat": [1.0, np.nan],
            "doubts": ["", "overlap"],
        },
        index=["a", "b"],
    )
    text = rounded(table)
    assert text["mean"].tolist() == ["0.31", "-1.20"]
    assert text["upper"].tolist() == ["0.50", "0.00"]
    assert text["ess_bulk"].tolist() == ["400", "100"]
    assert text["r_hat"].tolist() == ["1.000", "–"]
    assert text["doubts"].tolist() == ["", "overlap"]


def test_progress_ends_where_an_error_ends_the_work(capsys):
    with pytest.raises(ZeroDivisionError), stage("Fitting") as advance:
        advance(0.3, "30 draws")
        advance(1 / 0)
    assert "stopped by an error after" in capsys.readouterr().err


def test_tables_hide_no_interval_beside_one_in_larger_units():
    table = pd.DataFrame(
        {
            "mean": [0.1, 2e-6, 2e-16],
            "sd": [0.02, 3e-7, 3e-17],
            "lower": [0.08, 0.0, 1e-16],
        },
        index=["schooling", "dollars", "tonnes"],
    )
    text = rounded(table)
    assert text["mean"].tolist() == ["0.100000000", "2.000e-06", "2.000e-16"]
    assert text["lower"].tolist() == ["0.080000000", "0.000000000", "1.000e-16"]


def test_sentences_hide_no_interval_of_a_small_number():
    shown = rounded_by_interval(1.2345e-6, 1.2340e-6, 1.2350e-6)
    assert shown == ("1.2345e-06", "1.2340e-06", "1.2350e-06")


def test_answers_of_one_fit_are_subtracted_draw_by_draw():
    simulated = cs.PanelDML().simulate(1, units=40, times=4, covariates=1).data
    (name,) = simulated.covariates
    model = cs.PanelDML(moderators=name, basis_size=3)
    fit = cs.fit(model, simulated, seed=1, progress=False)
    row = simulated.source.head(1)
    at = [fit.effect("effect", at=row.assign(**{name: value})) for value in (1.0, 0.0)]
    difference = at[0].minus(at[1], contrast="1 - 0").numbers()
    moderation = fit.effect("moderation").numbers()
    np.testing.assert_allclose(difference["sd"], moderation["sd"], rtol=1e-6)
    other = cs.fit(model, simulated, seed=2, progress=False)
    apart = fit.effect("effect").minus(other.effect("effect"), contrast="two fits")
    assert apart.numbers()["sd"].item() > fit.effect("effect").numbers()["sd"].item()
