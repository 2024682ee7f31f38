"""Accuracy of a test or score where only some people are verified (verification bias)."""

from functools import partial

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy.special import expit, logit
from sklearn import metrics
from sklearn.linear_model import LogisticRegression

import causalstats as cs
from causalstats.core.score_question import ScoreQuestion
from causalstats.models.selective_labels.score_accuracy import outcome_chance
from causalstats.models.shared.nothing_hidden import NOTHING_HIDDEN
from causalstats.numerics.selection import score_accuracy as accuracy
from causalstats.numerics.selection.score_accuracy import ScoreValues

# Hepatic scintigraphy (Drum & Christacopoulos 1972), as in Begg & Greenes (1983): test, disease,
# patients; and those not verified, by test.
VERIFIED = ((1, 1, 231), (1, 0, 32), (0, 1, 27), (0, 0, 54))
NOT_VERIFIED = ((1, 166), (0, 140))
PUBLISHED = {"sensitivity": 0.836, "specificity": 0.738}
AMONG_THE_VERIFIED = {"sensitivity": 0.895, "specificity": 0.628}


def hepatic() -> cs.Decisions:
    rows = [(test, 1, ill) for test, ill, count in VERIFIED for _ in range(count)]
    rows += [(test, 0, np.nan) for test, count in NOT_VERIFIED for _ in range(count)]
    frame = pd.DataFrame(rows, columns=["test", "verified", "ill"])
    return cs.Decisions.from_frame(
        frame,
        outcome="ill",
        decision="verified",
        features=["test"],
        standardise=False,
    )


def posterior(middle, coefficient, width=1e-6, draws=2) -> xr.Dataset:
    """Return equal draws of the parameters, with testing unrelated to features.

    Parameters
    ----------
    middle, coefficient : float
        Of the risk.
    width : float
        Of the unobservable.
    draws : int
    """

    def repeated(value):
        return np.full((1, draws), value)

    names = {
        "risk_middle": middle,
        "policy_intercept": 0.0,
        "unobserved_width": width,
        "testing_response": 1.0,
    }
    scalars = {
        name: (("chain", "draw"), repeated(value)) for name, value in names.items()
    }
    coefficients = np.broadcast_to(np.asarray(coefficient, float), (1, draws, 1))
    return xr.Dataset(
        scalars
        | {
            "risk_coefficient": (("chain", "draw", "feature"), coefficients),
            "policy_coefficient": (("chain", "draw", "feature"), 0 * coefficients),
        },
        coords={"chain": [0], "draw": np.arange(draws)},
    )


def answer(model, draws, data, **question):
    _, estimand = model.accuracy(ScoreQuestion(**question), data)
    return estimand.compute(draws, data)


@pytest.mark.parametrize("ties", [False, True])
def test_measures_are_those_of_scikit_learn_where_outcomes_are_seen(ties):
    rng = np.random.default_rng(1)
    score = rng.random(300).round(1 if ties else 8)
    outcome = rng.random(300) < score
    weights = rng.uniform(0.5, 2, 300)
    counts = accuracy.cases_and_controls(
        ScoreValues.from_score(score), outcome.astype(float), weights
    )
    given = {"sample_weight": weights}
    positive = score >= 0.6
    assert accuracy.area_under_curve(counts) == pytest.approx(
        metrics.roc_auc_score(outcome, score, **given)
    )
    assert accuracy.brier_score(counts) == pytest.approx(
        metrics.brier_score_loss(outcome, score, **given)
    )
    assert accuracy.sensitivity(counts, 0.6) == pytest.approx(
        metrics.recall_score(outcome, positive, **given)
    )
    assert accuracy.specificity(counts, 0.6) == pytest.approx(
        metrics.recall_score(~outcome, ~positive, **given)
    )
    assert accuracy.positive_predictive_value(counts, 0.6) == pytest.approx(
        metrics.precision_score(outcome, positive, **given)
    )
    assert accuracy.negative_predictive_value(counts, 0.6) == pytest.approx(
        metrics.precision_score(~outcome, ~positive, **given)
    )
    false, found, _ = metrics.roc_curve(
        outcome, score, drop_intermediate=False, **given
    )
    grid = np.linspace(0, 1, 2001)
    curve = accuracy.roc_curve(counts, grid)
    area = np.trapezoid(curve, grid)
    assert area == pytest.approx(metrics.auc(false, found), abs=1e-3)
    decided = (outcome & positive) @ weights - 1.5 * (~outcome & positive) @ weights
    assert accuracy.net_benefit(counts, 0.6) == pytest.approx(decided / weights.sum())


def test_nobody_positive_has_no_predictive_value():
    counts = accuracy.cases_and_controls(
        ScoreValues.from_score(np.array([0.1, 0.2])), np.array([0.0, 1.0]), np.ones(2)
    )
    assert np.isnan(accuracy.positive_predictive_value(counts, 0.9))
    assert accuracy.sensitivity(counts, 0.9) == 0


def test_without_an_unobservable_a_saturated_model_gives_begg_and_greenes():
    """At the maximum likelihood of the verified, with every patient's chance of disease."""
    data = hepatic()
    model = cs.SelectiveLabels(unobserved_scale=0.0)
    given_negative = 27 / 81
    given_positive = 231 / 263
    draws = posterior(
        logit(given_negative), logit(given_positive) - logit(given_negative)
    )
    for seen in (False, True):  # full imputation, and mean score imputation
        chance = outcome_chance(model, data, seen=seen)(draws, data.people())[0]
        counts = accuracy.cases_and_controls(
            ScoreValues.from_score(data.score("test")[1]), chance, data.weights
        )
        for name, value in PUBLISHED.items():
            assert getattr(accuracy, name)(counts, 1) == pytest.approx(value, abs=5e-4)
    among = partial(answer, model, draws, data, score="test", population="study")
    for name, value in AMONG_THE_VERIFIED.items():
        naive = among(measure=name, among="tested").to_numpy()
        np.testing.assert_allclose(naive, value, atol=5e-4)


@pytest.mark.slow
def test_the_posterior_of_the_hepatic_study_is_about_begg_and_greenes():
    """The variance of the logit of the sensitivity is that of Begg & Greenes (1983)."""
    fit = cs.fit(
        cs.SelectiveLabels(unobserved_scale=0.0, intercept_prior_scale=30.0),
        hepatic(),
        seed=1,
        progress=False,
        sampler=cs.Laplace(draws=2000),
    )
    table = fit.accuracy("test").numbers()
    positive, negative = 231 / 263, 27 / 81
    share = 429 / 650
    variances = {
        "sensitivity": (
            1 / (650 * share * (1 - share)),
            (1 - positive) / (263 * positive),
            (1 - negative) / (81 * negative),
        ),
        "specificity": (
            1 / (650 * share * (1 - share)),
            positive / (263 * (1 - positive)),
            negative / (81 * (1 - negative)),
        ),
    }
    for name, parts in variances.items():
        value = PUBLISHED[name]
        error = np.sqrt(sum(parts)) * value * (1 - value)
        assert abs(table.loc[name, "mean"] - value) < 0.35 * error
        assert table.loc[name, "sd"] == pytest.approx(error, rel=0.12)
    doubts = fit.accuracy("test", "sensitivity").doubts
    assert [each.name for each in doubts] == [NOTHING_HIDDEN]


def study(seed, people, width=3.0):
    """Return data with an unobservable, and a score that is a function of the features.

    Parameters
    ----------
    seed, people : int
    width : float
        Of the unobservable, in log-odds.

    Returns
    -------
    frame : DataFrame
        With features, test, outcome where tested, score and group.
    outcome : bool array, shape (people,)
        Outcomes of all.
    """
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((people, 2))
    risk = -1 + x @ (1.0, -0.5) + width * (rng.random(people) - 0.5)
    outcome = rng.random(people) < expit(risk)
    tested = rng.random(people) < expit(risk + 0.5 + 0.5 * x[:, 1])
    frame = pd.DataFrame(x, columns=["x1", "x2"]).assign(
        tested=tested,
        y=np.where(tested, outcome, np.nan),
        score=expit(-0.7 + 1.2 * x[:, 0]),
        group=np.where(rng.random(people) < 0.4, "a", "b"),
    )
    return frame, outcome


def read(frame):
    return cs.Decisions.from_frame(
        frame,
        outcome="y",
        decision="tested",
        features=["x1", "x2"],
        keep=["score", "group"],
    )


def true_measures(frame, outcome):
    positive = frame["score"] >= 0.5
    return {
        "sensitivity": positive[outcome].mean(),
        "specificity": (~positive)[~outcome].mean(),
        "positive_predictive_value": outcome[positive].mean(),
        "area_under_curve": metrics.roc_auc_score(outcome, frame["score"]),
        "brier_score": metrics.brier_score_loss(outcome, frame["score"]),
    }


@pytest.mark.slow
def test_intervals_cover_with_an_unobservable():
    """Of people like those of the study, and of the untested of the study themselves."""
    large, every_outcome = study(0, 400_000)
    truth = true_measures(large, every_outcome)
    covered = []
    for seed in range(1, 25):
        frame, outcome = study(seed, 900)
        declared = float(outcome.mean() + np.random.default_rng(seed).normal(0, 0.01))
        fit = cs.fit(
            cs.SelectiveLabels(prevalence=cs.Known(declared, sd=0.01)),
            read(frame),
            seed=seed,
            progress=False,
            sampler=cs.Laplace(draws=400),
        )
        table = fit.accuracy("score", threshold=0.5).numbers()
        untested = fit.accuracy(
            "score", threshold=0.5, among="untested", population="study"
        ).numbers()
        of_the_untested = true_measures(
            frame[~frame["tested"]].reset_index(), outcome[~frame["tested"]]
        )
        covered.append(
            [
                rows.loc[name, "lower"] <= values[name] <= rows.loc[name, "upper"]
                for rows, values in ((table, truth), (untested, of_the_untested))
                for name in truth
            ]
        )
    # 24 data sets: at .95, fewer than 20 are covered once in 200 times.
    assert np.sum(covered, axis=0).min() >= 20
    assert np.mean(covered) > 0.9


def test_differences_of_groups_are_of_the_same_draws():
    frame, _ = study(3, 300)
    data = read(frame)
    draws = posterior(-1.0, 0.8, width=2.0, draws=40)
    draws = draws.isel(feature=[0, 0])
    model = cs.SelectiveLabels()
    asked = {"score": "score", "measure": "sensitivity", "threshold": 0.5}
    each = answer(model, draws, data, by="group", **asked)
    gap = answer(model, draws, data, by="group", against="a", **asked)
    np.testing.assert_allclose(
        gap.sel(group="b - a"), each.sel(group="b") - each.sel(group="a")
    )
    with pytest.raises(cs.DataError, match="no group 'c'"):
        answer(model, draws, data, by="group", against="c", **asked)


def test_a_score_is_a_column_or_numbers_of_every_row():
    frame, _ = study(3, 300)
    data = read(frame)
    name, values = data.score("score")
    assert name == "score"
    np.testing.assert_array_equal(values, data.score(frame["score"])[1])
    with pytest.raises(cs.DataError, match="Expected the score 'group' as numbers"):
        data.score("group")
    with pytest.raises(cs.DataError, match="There is no feature or column"):
        data.score("scores")
    with pytest.raises(cs.DataError, match="300"):
        data.score([0.5])


def test_measures_say_what_they_need():
    frame, _ = study(3, 300)
    data = read(frame)
    model = cs.SelectiveLabels()
    with pytest.raises(cs.ModelError, match="from which the score is positive"):
        model.accuracy(ScoreQuestion(score="score", measure="sensitivity"), data)
    with pytest.raises(cs.ModelError, match="between 0 and 1"):
        model.accuracy(ScoreQuestion(score="x1", measure="brier_score"), data)
    with pytest.raises(cs.ModelError, match="no measure of accuracy 'auc'"):
        model.accuracy(ScoreQuestion(score="x1", measure="auc"), data)


def test_a_score_turned_round_and_thresholds_on_another_scale_are_cautions():
    frame, _ = study(3, 600)
    data = read(frame)
    fit = cs.fit(
        cs.SelectiveLabels(unobserved_scale=0),
        data,
        seed=1,
        sampler=cs.Laplace(),
        progress=False,
    )

    def named(score, threshold=None):
        doubts = fit.accuracy(score, threshold=threshold).doubts
        return {each.name for each in doubts if each.caution}

    score = frame["score"]
    both = {"score rises with the outcome", "threshold within the score"}
    middle = float(score.median())
    assert not named(score, middle) & both
    assert named(-score, -middle) & both == {"score rises with the outcome"}
    assert named(score, float(score.max()) + 1) & both == {"threshold within the score"}
    percent = 100 * score
    assert not named(percent, 50.0) & both
    assert named(percent, 0.5) & both == {"threshold within the score"}


def test_a_score_that_knows_more_than_the_features_is_seen():
    rng = np.random.default_rng(2)
    people = 1500
    x = rng.normal(size=people)
    other = rng.normal(size=people)
    outcome = rng.random(people) < expit(x + other)
    tested = rng.random(people) < 0.6
    frame = pd.DataFrame(
        {
            "x": x,
            "tested": tested,
            "y": np.where(tested, outcome, np.nan),
            "linear": 2 * x,
            "better": x + other,
        }
    )
    data = cs.Decisions.from_frame(
        frame,
        outcome="y",
        decision="tested",
        features=["x"],
        keep=["linear", "better"],
    )
    rng = np.random.default_rng(1)
    draws = posterior(0.0, 0.85, draws=100)
    for name in ("risk_middle", "policy_intercept"):
        draws[name] = draws[name] + 0.05 * rng.normal(size=(1, 100))
    draws["policy_intercept"] = draws["policy_intercept"] + logit(0.6)
    draws["testing_response"] = 1e-6 + 0 * draws["testing_response"]
    model = cs.SelectiveLabels(unobserved_scale=0.0)
    verdicts = {}
    for score in ("linear", "better"):
        _, estimand = model.accuracy(ScoreQuestion(score=score), data)
        hidden, check = sorted(
            estimand.checks(draws, data), key=lambda each: each.name != NOTHING_HIDDEN
        )
        assert hidden.name == NOTHING_HIDDEN
        verdicts[score] = check.passed
    assert verdicts == {"linear": True, "better": False}


def test_a_score_that_tells_more_in_one_group_is_seen_where_groups_are_asked_for():
    """The score's slope is 1.2 among men and .4 among women; the model has one for both."""
    rng = np.random.default_rng(4)
    people = 2000
    x, man = rng.normal(size=people), rng.random(people) < 0.5
    outcome = rng.random(people) < expit(np.where(man, 1.2, 0.4) * x)
    tested = rng.random(people) < 0.6
    group = np.where(man, "men", "women")
    seen = np.where(tested, outcome, np.nan)
    frame = pd.DataFrame({"x": x, "tested": tested, "y": seen, "sex": group})
    data = cs.Decisions.from_frame(
        frame, outcome="y", decision="tested", features=["x"], keep=["sex"]
    )
    pooled = LogisticRegression(C=np.inf).fit(x[tested, None], outcome[tested])
    draws = posterior(pooled.intercept_[0], pooled.coef_[0, 0], draws=100)
    for name in ("risk_middle", "policy_intercept"):
        draws[name] = draws[name] + 0.05 * rng.normal(size=(1, 100))
    draws["policy_intercept"] = draws["policy_intercept"] + logit(0.6)
    draws["testing_response"] = 1e-6 + 0 * draws["testing_response"]
    model = cs.SelectiveLabels(unobserved_scale=0.0)
    verdicts = []
    for by in (None, "sex"):
        _, estimand = model.accuracy(ScoreQuestion(score="x", by=by), data)
        hidden, check = sorted(
            estimand.checks(draws, data), key=lambda each: each.name != NOTHING_HIDDEN
        )
        assert hidden.name == NOTHING_HIDDEN
        verdicts.append(check)
    assert [each.passed for each in verdicts] == [True, False]
    assert "x among " in verdicts[1].finding


def test_cautions_about_the_untested_stand_on_accuracy_that_they_bear_on():
    frame, _ = study(3, 300)
    data = read(frame)
    draws = posterior(-1.0, 0.8, width=2.0, draws=40).isel(feature=[0, 0])
    names = {}
    for among in ("everybody", "untested", "tested"):
        question = ScoreQuestion(score="score", threshold=0.5, among=among)
        _, estimand = cs.SelectiveLabels().accuracy(question, data)
        names[among] = [check.name for check in estimand.checks(draws, data)]
    caution = "identified by the shape of the unobservable alone"
    assert caution in names["everybody"] and caution in names["untested"]
    assert caution not in names["tested"]


@pytest.mark.slow
def test_groups_that_are_no_feature_are_doubted_in_a_fairness_audit():
    """Men have odds of e more at the same features: predictive values differ by .19."""
    rng = np.random.default_rng(6)
    people = 1500
    x, man = rng.normal(size=people), rng.random(people) < 0.4
    risk = x - 1 + man
    outcome = rng.random(people) < expit(risk)
    tested = rng.random(people) < expit(risk + 0.3)
    frame = pd.DataFrame(
        {
            "x": x,
            "tested": tested,
            "y": np.where(tested, outcome, np.nan),
            "sex": np.where(man, "men", "women"),
            "score": expit(x - 1),
        }
    )
    data = cs.Decisions.from_frame(
        frame, outcome="y", decision="tested", features=["x"], keep=["sex", "score"]
    )
    model = cs.SelectiveLabels(unobserved_scale=0.0)
    fit = cs.fit(model, data, seed=1, progress=False, sampler=cs.Laplace(draws=400))
    asked = {"measure": "positive_predictive_value", "threshold": 0.4}
    gap = fit.accuracy("score", **asked, by="sex", against="women")
    assert "predicts the positive rate of the tested by sex" in [
        check.name for check in gap.doubts
    ]
    doubts = fit.accuracy("score", **asked).doubts
    assert [each.name for each in doubts] == [NOTHING_HIDDEN]


def test_curves_are_figures_of_kept_scores():
    frame, _ = study(3, 300)
    data = read(frame)
    draws = posterior(-1.0, 0.8, width=2.0, draws=40).isel(feature=[0, 0])
    views = cs.SelectiveLabels().views(draws, data)
    curves = ("roc_curve", "calibration_curve", "decision_curve")
    assert set(views) == {"allocation_curve", *(f"{name} of score" for name in curves)}
    for name in curves:
        content = views[f"{name} of score"]()
        assert (content.interval[:, 0] <= content.curve + 1e-9).all()
        assert (content.curve <= content.interval[:, 1] + 1e-9).all()


def test_a_feature_that_is_kept_too_has_its_curves():
    frame = pd.DataFrame({"score": [0.1, 0.4, 0.6, 0.9], "t": 1, "y": [0, 1, 0, 1]})
    data = cs.Decisions.from_frame(
        frame, outcome="y", decision="t", features=["score"], keep=["score"]
    )
    assert data.kept_columns == ("score",)
    draws = posterior(-1.0, 0.8, draws=40)
    views = cs.SelectiveLabels().views(draws, data)
    assert views["roc_curve of score"]().curve[-1] == 1


def test_all_measures_of_a_test_are_told_by_sensitivity_and_specificity():
    for score, words in (("test", "{value:specificity}"), ("x", "under the ROC curve")):
        frame = pd.DataFrame(
            {"test": [0, 1, 1, 0], "x": [0.5, 7.0, 2.0, 3.0], "t": 1, "y": [0, 1, 0, 1]}
        )
        data = cs.Decisions.from_frame(
            frame, outcome="y", decision="t", features=["test", "x"]
        )
        _, estimand = cs.SelectiveLabels().accuracy(ScoreQuestion(score=score), data)
        assert words in estimand.sentence


def test_without_an_unobservable_outcomes_are_missing_at_random_in_words_and_graph():
    data = hepatic()
    ignorable, usual = cs.SelectiveLabels(unobserved_scale=0.0), cs.SelectiveLabels()
    first = ignorable.assumptions()[0]
    assert first.name == "no unobservable" and "missing at random" in first.statement
    assert "response to risk" not in [each.name for each in ignorable.assumptions()]
    assert "unobservable" not in ignorable.causal_graph(data)
    assert "unobservable" in usual.causal_graph(data)
