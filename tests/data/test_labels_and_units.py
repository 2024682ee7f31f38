"""Labels and units of columns are validated, kept in files, and used in sentences and tables."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import causalstats as cs

SMOKERS = pd.DataFrame({"smokes": [0, 1] * 50, "ill": [0, 1, 1, 1] * 25})
SOILS = pd.DataFrame(
    np.random.default_rng(1).uniform(1, 9, (30, 4)),
    columns=["sand", "silt", "clay", "depth"],
)


def firms(seed: int = 1, binary: bool = False) -> pd.DataFrame:
    """Forty firms in five years, whose sales rise by 0.5 for each unit of advertising."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {"firm": np.repeat(np.arange(40), 5), "year": np.tile(np.arange(5), 40)}
    )
    adverts = rng.standard_normal(200)
    frame["adverts"] = (adverts > 0).astype(float) if binary else adverts
    frame["size"] = rng.standard_normal(200)
    return frame.assign(sales=0.5 * frame["adverts"] + 0.1 * rng.standard_normal(200))


def panel(frame: pd.DataFrame | None = None, **words) -> cs.Panel:
    roles = {"unit": "firm", "time": "year", "outcome": "sales", "treatment": "adverts"}
    table = firms() if frame is None else frame
    return cs.Panel.from_frame(table, **roles, covariates=["size"], **words)


def decisions(**words) -> cs.Decisions:
    frame = pd.DataFrame(
        {"age": [1.0, 2, 3, 4], "seen": [1, 0, 1, 0], "ill": [0, None, 1, None]}
    )
    return cs.Decisions.from_frame(
        frame, outcome="ill", decision="seen", features=["age"], **words
    )


def observations(**words) -> cs.Observations:
    return cs.Observations.from_frame(SMOKERS, **words)


def composition(**words) -> cs.Composition:
    return cs.Composition.from_frame(
        SOILS, parts=["sand", "silt", "clay"], covariates="depth", **words
    )


READERS = {panel: "adverts", decisions: "ill", observations: "ill", composition: "silt"}


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize("argument", ["labels", "units"])
def test_words_for_a_column_that_is_not_read_are_refused(read, argument):
    with pytest.raises(cs.DataError, match=f"`{argument}`.*no column 'nonsense'"):
        read(**{argument: {"nonsense": "words"}})


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize("text", ["", "  ", 3, None])
def test_words_that_are_no_text_are_refused(read, text):
    with pytest.raises(cs.DataError, match="text that is not empty"):
        read(labels={READERS[read]: text})


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize("words", [["ill"], "ill"])
def test_words_that_are_no_mapping_are_refused(read, words):
    with pytest.raises(cs.DataError, match="mapping of column to text"):
        read(units=words)


@pytest.mark.parametrize("read", READERS)
def test_words_change_nothing_that_a_model_sees(read):
    named = read(labels={READERS[read]: "the  outcome "}, units={READERS[read]: "g"})
    assert named.fingerprint == read().fingerprint
    assert named.wording.label(READERS[read]) == "the outcome"
    assert named.wording.unit(READERS[read]) == "g"


def test_a_subcomposition_keeps_the_words_of_its_parts():
    data = composition(labels={"sand": "coarse grains", "depth": "depth below ground"})
    frame = SOILS.assign(loam=1 / SOILS["sand"])
    data = cs.Composition.from_frame(
        frame,
        parts=["sand", "silt", "clay", "loam"],
        covariates="depth",
        labels={"sand": "coarse grains", "depth": "depth below ground"},
    )
    words = data.at(["silt", "clay", "loam"]).arguments["labels"]
    assert words == {"depth": "depth below ground"}


def test_a_panel_read_in_chunks_has_the_words_of_one_read_whole():
    frame = firms()
    roles = {"unit": "firm", "time": "year", "outcome": "sales", "treatment": "adverts"}
    words = {"labels": {"sales": "sales"}, "units": {"sales": "log dollars"}}
    chunks = cs.Panel.from_chunks([frame[:90], frame[90:]], **roles, **words)
    assert chunks.wording == cs.Panel.from_frame(frame, **roles, **words).wording


def test_words_are_kept_in_saved_files(tmp_path):
    data = observations(labels={"smokes": "smoking"}, units={"ill": "cases"})
    fit = cs.fit(cs.CausalDiagram("smokes -> ill"), data, seed=1, progress=False)
    assert cs.load(fit.save(tmp_path / "fit.nc")).data.wording == data.wording


def sentence(data: cs.Panel) -> str:
    model = cs.PanelDML(basis_size=3, errors="cluster")
    return cs.fit(model, data, seed=1, progress=False).effect("effect").in_words()


def test_a_binary_treatment_is_the_subject_and_a_log_outcome_is_told_in_per_cent():
    labels = {"adverts": "advertising", "sales": "a firm's sales"}
    data = panel(firms(binary=True), labels=labels, units={"sales": "log dollars"})
    model = cs.PanelDML(basis_size=3, errors="cluster")
    effect = cs.fit(model, data, seed=1, progress=False).effect("effect")
    log_points = effect.numbers().loc["effect"]
    shown = effect.readable().loc["effect"]
    np.testing.assert_allclose(shown["upper"], 100 * np.expm1(log_points["upper"]))
    assert effect.in_words().startswith("Advertising raises a firm's sales by about 6")
    assert effect.unit == "log dollars per unit of treatment"
    assert " %)." in effect.in_words()


def test_units_of_treatment_and_outcome_stand_in_the_sentence():
    labels = {"adverts": "advertising", "sales": "a firm's sales"}
    units = {"adverts": "hour", "sales": "dollars"}
    text = sentence(panel(labels=labels, units=units))
    assert text.startswith(
        "One hour more of advertising raises a firm's sales by about 0."
    )
    assert "dollars (95 % interval" in text


def test_an_elasticity_is_told_for_a_rise_by_one_per_cent():
    units = {"adverts": "log hours", "sales": "log dollars"}
    text = sentence(panel(units=units))
    assert text.startswith("A rise of adverts by 1 % raises sales by about 0.")
    assert " % (95 % interval 0." in text


def test_without_words_the_sentence_is_about_the_columns():
    assert sentence(panel()).startswith("One unit more of adverts changes sales by 0.")


def test_a_sentence_says_lowers_or_that_no_change_is_possible():
    falls = firms().assign(sales=-firms()["sales"])
    words = {"labels": {"sales": "sales"}}
    assert "lowers sales by about 0." in sentence(panel(falls, **words))
    noise = firms().assign(sales=np.random.default_rng(2).standard_normal(200))
    for given in (words, {}):
        assert "compatible with no change." in sentence(panel(noise, **given))


def test_the_label_of_a_diagram_stands_for_its_variable():
    labels = {"smokes": "smoking", "ill": "illness"}
    data = observations(labels=labels)
    fit = cs.fit(cs.CausalDiagram("smokes -> ill"), data, seed=1, progress=False)
    assert (
        fit.effect("effect")
        .in_words()
        .startswith("Smoking raises the probability of illness by ")
    )
    assert (
        "illness = 1 | do(smoking = 0)" in fit.effect("interventional").readable().index
    )
    assert fit.model.causal_graph(data).nodes["smokes"]["label"] == "smoking"


def test_decisions_are_told_in_the_words_of_the_study():
    data = decisions(labels={"ill": "an infection", "seen": "tested at home"})
    estimands = cs.SelectiveLabels().estimands()
    assert (
        estimands["untested_prevalence"].sentence(data)
        == "About {value} of those not tested at home have an infection."
    )
    assert "infection" in data.facts()["Positive among them"]
    assert (
        estimands["untested_prevalence"].sentence(decisions())
        == "About {value} of the people with seen = 0 have ill = 1."
    )


def test_many_pairs_are_counted_and_the_surest_named():
    model = cs.PartialCorrelation(prior="matching")
    parts = [f"p{k}" for k in range(1, 6)]
    frame = model.simulate(seed=1, rows=200, parts=5).data.source
    data = cs.Composition.from_frame(frame, parts=parts, labels={"p1": "quartz"})
    text = (
        cs.fit(model, data, seed=1, progress=False)
        .effect("partial_correlation")
        .in_words()
    )
    assert " of 10 pairs of parts are linked beyond what closure alone makes" in text
    assert "`" not in text and "p1" not in text
