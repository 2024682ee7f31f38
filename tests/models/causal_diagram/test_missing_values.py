"""Effects from rows with missing values: known answers, verdicts and refusals."""

import itertools

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import causalstats as cs
from causalstats.errors import DataError, ModelError, SamplingError

CONFOUNDED = "z -> x, y; x -> y"
BY_EACH_OTHER = {
    "diagram": f"{CONFOUNDED}; y -> r_x; x -> r_y",
    "indicators": {"x": "r_x", "y": "r_y"},
}


def fitted(model, frame, seed=1, sampler=None, **options):
    data = cs.Observations.from_frame(frame, missing="keep", **options)
    return cs.fit(model, data, seed=seed, sampler=sampler, progress=False)


def of_everybody(rows=20_000):
    """Counts of labels z, x, y and of what was seen of x and y, as probabilities say."""
    cells = []
    for z, x, y, r_x, r_y in itertools.product([0, 1], repeat=5):
        share = 0.5
        share *= [0.7, 0.3][x] if z == 0 else [0.3, 0.7][x]
        risk = 0.1 + 0.2 * x + 0.2 * z
        share *= risk if y else 1 - risk
        seen_x = [0.3, 0.95][y]
        share *= seen_x if r_x else 1 - seen_x
        seen_y = [0.9, 0.5][x]
        share *= seen_y if r_y else 1 - seen_y
        cells.append(
            (z, x if r_x else np.nan, y if r_y else np.nan, round(rows * share))
        )
    return pd.DataFrame(cells, columns=["z", "x", "y", "n"])


def test_values_missing_by_each_other_are_recovered_where_complete_rows_are_biased():
    model = cs.CausalDiagram(**BY_EACH_OTHER, treatment="x", outcome="y")
    fit = fitted(model, of_everybody(), counts="n")
    effect = fit.effect("effect").draws
    assert abs(float(effect.mean()) - 0.2) < 4 * float(effect.std())
    assert float(effect.std()) < 0.02
    complete = cs.Observations.from_frame(
        of_everybody().dropna(), counts="n", missing="drop"
    )
    plain = cs.CausalDiagram(CONFOUNDED, treatment="x", outcome="y")
    biased = cs.fit(plain, complete, seed=1, progress=False).effect("effect").draws
    assert abs(float(biased.mean()) - 0.2) > 3 * float(biased.std())


def test_tables_with_outcomes_missing_at_random_have_the_posterior_of_complete_rows():
    frame = pd.DataFrame(
        [(0, 0, 30), (0, 1, 10), (1, 0, 12), (1, 1, 28), (0, None, 25), (1, None, 7)],
        columns=["x", "y", "n"],
    )
    fit = fitted(cs.CausalDiagram("x -> y"), frame, counts="n")
    drawn = fit.draws["posterior"]["P(y | x)"].sel(x=1, y=1).to_numpy()
    known = stats.beta(28.5, 12.5)
    error = drawn.std() / np.sqrt(400)  # Markov chains: a tenth of the draws count
    assert abs(drawn.mean() - known.mean()) < 4 * error
    assert drawn.std() == pytest.approx(known.std(), rel=0.1)


def test_numbers_with_outcomes_missing_by_the_treatment_have_the_slope_of_complete_rows():
    rng = np.random.default_rng(3)
    x = rng.normal(size=120)
    frame = pd.DataFrame({"x": x, "y": 2 * x + rng.normal(size=120)})
    frame.loc[(x > 0) & (rng.random(120) < 0.5), "y"] = np.nan
    model = cs.CausalDiagram("x -> y", route="regression")
    drawn = fitted(model, frame).effect("effect").draws
    dropped = cs.Observations.from_frame(frame, missing="drop")
    alone = cs.fit(model, dropped, seed=2, progress=False).effect("effect").draws
    error = float(alone.std()) / np.sqrt(400)
    assert abs(float(drawn.mean() - alone.mean())) < 5 * error
    assert float(drawn.std()) == pytest.approx(float(alone.std()), rel=0.12)


def test_a_saved_fit_answers_as_before(tmp_path):
    rng = np.random.default_rng(4)
    frame = pd.DataFrame(rng.normal(size=(40, 2)), columns=["x", "y"])
    frame.loc[:7, "x"] = np.nan
    model = cs.CausalDiagram("x -> y", route="regression")
    fit = fitted(model, frame, sampler=cs.Exact(chains=2, draws=50))
    fit.save(tmp_path / "fit")
    again = cs.load(tmp_path / "fit").effect("effect")
    np.testing.assert_allclose(again.draws, fit.effect("effect").draws)


def test_the_answer_says_what_was_filled_in_and_that_complete_rows_would_not_do():
    model = cs.CausalDiagram(**BY_EACH_OTHER, treatment="x", outcome="y")
    effect = fitted(model, of_everybody(500), counts="n").effect("effect")
    (caution,) = [each for each in effect.doubts if each.name == "values filled in"]
    assert "complete rows alone would not give the effect" in caution.finding
    assert "missing values" in effect.assumptions


def test_an_effect_that_is_not_recovered_is_refused_with_what_would_recover_it():
    model = cs.CausalDiagram(
        "x -> y; y -> r", outcome="y", treatment="x", indicators={"y": "r"}
    )
    frame = pd.DataFrame({"x": [0, 1] * 10, "y": [0, 1, None, 1] * 5})
    with pytest.raises(ModelError, match="would recover it"):
        fitted(model, frame)


def test_dropped_rows_are_refused_where_the_diagram_says_what_they_lack():
    model = cs.CausalDiagram(**BY_EACH_OTHER, treatment="x", outcome="y")
    data = cs.Observations.from_frame(of_everybody(500), counts="n", missing="drop")
    with pytest.raises(DataError, match="missing='keep'"):
        cs.fit(model, data, seed=1, progress=False)


def test_an_indicator_in_the_data_has_to_agree_with_what_is_missing():
    model = cs.CausalDiagram(
        "x -> y, r", outcome="y", treatment="x", indicators={"y": "r"}
    )
    frame = pd.DataFrame({"x": [0, 1] * 6, "y": [0, 1, 1, 0] * 3, "r": [1, 0] * 6})
    with pytest.raises(DataError, match="is not 1 in just the rows"):
        fitted(model, frame)


def test_routes_and_samplers_that_need_complete_rows_say_so():
    frame = pd.DataFrame({"x": [0, 1] * 10, "y": [0, 1, None, 1] * 5})
    structural = cs.CausalDiagram("x -> y", route="structural")
    with pytest.raises(ModelError, match="missing='drop'"):
        fitted(structural, frame)
    data = cs.Observations.from_frame(frame, missing="keep")
    with pytest.raises((ModelError, SamplingError), match="data augmentation"):
        cs.fit(
            cs.CausalDiagram("x -> y"), data, sampler=cs.Nuts(), seed=1, progress=False
        )
    with pytest.raises(DataError, match="has missing values"):
        data.column("y")
