"""Weights, correlations, deciders and groups that differ from what a model takes them for."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import causalstats as cs
from causalstats.checks.withheld_outcomes import held_out_check
from causalstats.models.heckman.one_correlation import one_correlation
from causalstats.models.selective_labels.decider_checks import deciders_as_assumed
from causalstats.models.selective_labels.group_cautions import (
    coefficient_cautions,
    score_cautions,
)
from causalstats.models.shared.reference_within_data import reference_within_data
from causalstats.models.shared.weights_within_features import weights_within_features
from causalstats.numerics.selection.joint_errors import joint_errors
from causalstats.numerics.testing.constant_parameter import largest_product
from causalstats.numerics.testing.score_tests import binary_equation


def test_at_a_maximum_of_the_likelihood_it_is_the_test_by_the_outer_product_of_gradients():
    """z² is n R² of the regression of 1 on all scores (White 1982, Engle 1984)."""
    rng = np.random.default_rng(3)
    x, group = rng.standard_normal(300), rng.integers(2, size=300) * 1.0
    y = 1 + (0.5 + 0.3 * group) * x + rng.standard_normal(300)
    design = np.column_stack([np.ones(300), x, group])
    error = y - design @ np.linalg.lstsq(design, y, rcond=None)[0]
    score = error * x
    others = np.column_stack([design * error[:, None], error**2 - (error**2).mean()])
    every = np.column_stack([others, score * group])
    fitted = every @ np.linalg.lstsq(every, np.ones(300), rcond=None)[0]
    largest = largest_product(score, group[:, None], others, rng)
    assert largest.z**2 == pytest.approx(fitted.sum(), rel=1e-9)
    assert largest.p == pytest.approx(2 * stats.norm.sf(abs(largest.z)), abs=0.01)


def test_a_row_that_carries_a_score_alone_is_not_tested():
    score = np.append(np.zeros(50), 1.0)
    assert largest_product(score, np.ones((51, 1)), np.ones((51, 1)), None) is None


def decisions(weights, decided):
    rng = np.random.default_rng(4)
    table = pd.DataFrame({"x": rng.standard_normal(len(decided)), "t": decided})
    table["y"] = np.where(decided, rng.random(len(decided)) < 0.3, np.nan)
    table["w"] = weights
    return cs.Decisions.from_frame(
        table.astype(float), outcome="y", decision="t", features=["x"], weights="w"
    )


@pytest.mark.parametrize("informative", [False, True])
def test_weights_that_go_with_the_decision_are_told(informative):
    rng = np.random.default_rng(5)
    decided = rng.random(600) < 0.5
    weights = np.where(decided if informative else rng.random(600) < 0.5, 1.0, 3.0)
    data = decisions(weights, decided)
    equation = binary_equation(
        "who is tested", np.arange(600), decided, np.full((50, 600), 0.5)
    )
    (check,) = weights_within_features(data, (equation,), rng)
    assert check.passed is not informative


@pytest.mark.parametrize("by_feature", [False, True])
def test_weights_that_cannot_be_tested_pass_only_where_features_determine_them(
    by_feature,
):
    rng = np.random.default_rng(6)
    decided = rng.random(600) < 0.5
    x = rng.integers(2, size=600)
    weights = np.where(x == 1 if by_feature else np.arange(600) == 7, 3.0, 1.0)
    table = pd.DataFrame({"x": x, "t": decided, "y": decided * x, "w": weights})
    table["y"] = table["y"].where(decided).astype(float)
    data = cs.Decisions.from_frame(
        table.astype(float), outcome="y", decision="t", features=["x"], weights="w"
    )
    equation = binary_equation(
        "who is tested", np.arange(600), decided, np.full((50, 600), 0.5)
    )
    (check,) = weights_within_features(data, (equation,), rng)
    assert check.passed is (True if by_feature else None), check


def test_equal_weights_are_not_tested():
    data = decisions(np.full(40, 7.0), np.arange(40) % 2 == 0)
    assert weights_within_features(data, (), np.random.default_rng(1)) == ()


def at_the_truth(correlations, scale=1.0):
    """Return the check where each of two groups has a correlation, told one between them."""
    rng = np.random.default_rng(6)
    x, z, v, e = rng.standard_normal((4, 1500))
    group = rng.integers(2, size=1500)
    kappa = np.array(correlations)[group]
    y = scale * (1 + 0.5 * x + kappa * v + np.sqrt(1 - kappa**2) * e)
    seen = 0.2 + 0.5 * x + z + v > 0
    table = pd.DataFrame({"x": x, "z": z, "group": group * 1.0, "seen": seen})
    data = cs.Decisions.from_frame(
        table.assign(y=np.where(seen, y, np.nan)),
        outcome="y",
        decision="seen",
        features=["x", "z", "group"],
        kind="continuous",
        standardise=False,
    )
    truth = {
        "outcome_intercept": scale,
        "outcome_coefficient": scale * np.array([0.5, 0.0, 0.0]),
        "selection_intercept": 0.2,
        "selection_coefficient": np.array([0.5, 1.0, 0.0]),
        "outcome_sd": scale,
        "correlation": np.mean(correlations),
    }
    draws = _draws(truth)
    joint = joint_errors("normal", "elliptical")
    return one_correlation(joint, draws, data, np.random.default_rng(1))


def _draws(values):
    import xarray as xr

    return xr.Dataset(
        {
            name: (
                ("chain", "draw", "feature")[: 2 + np.ndim(value)],
                np.broadcast_to(value, (1, 1, *np.shape(value))),
            )
            for name, value in values.items()
        }
    )


def test_correlations_that_differ_between_groups_are_told_in_any_unit():
    (check,) = at_the_truth([0.7, -0.3])
    assert check.passed is False and "group" in check.remedy
    (scaled,) = at_the_truth([0.7, -0.3], scale=1e6)
    assert scaled.value == pytest.approx(check.value)
    (right,) = at_the_truth([0.3, 0.3])
    assert right.passed is True


@pytest.mark.parametrize(("chance", "people"), [(0.2, 5), (0.05, 10), (0.01, 50)])
def test_a_follow_up_of_few_seldom_contradicts_a_right_model(chance, people):
    """Exactly: the Binomial chance of the counts that fail, at most 1 %."""
    draws = np.full(2000, chance)
    alarms = 0.0
    for count in range(people + 1):
        outcomes = np.repeat([1.0, 0.0], [count, people - count])
        check = held_out_check(
            draws,
            outcomes,
            np.ones(people),
            unit="probability",
            who="some",
            noun="outcomes",
            some=True,
        )
        alarms += stats.binom.pmf(count, people, chance) * (not check.passed)
    assert alarms <= 0.01
    assert not check.passed and "a random part" in check.remedy


def by_deciders(seed, differ):
    """Return the check of 10 deciders, of whom two find more cases than the model says."""
    rng = np.random.default_rng(seed)
    table = pd.DataFrame({"x": rng.standard_normal(2000), "t": rng.random(2000) < 0.5})
    decider = rng.integers(10, size=2000)
    chance = np.where(differ & (decider < 2), 0.55, 0.3)
    table["y"] = np.where(table["t"], rng.random(2000) < chance, np.nan)
    data = cs.Decisions.from_frame(
        table.astype(float).assign(who=decider + 10_000_000),
        outcome="y",
        decision="t",
        features=["x"],
        decider="who",
    )
    tested = np.flatnonzero(data.decision)
    equations = (
        binary_equation(
            "who is tested", np.arange(2000), data.decision, np.full((9, 2000), 0.5)
        ),
        binary_equation(
            "the results of the tested",
            tested,
            data.outcome[tested] == 1,
            np.full((9, len(tested)), 0.3),
        ),
    )
    (check,) = deciders_as_assumed("leniency", data, equations, rng)
    return check


def test_deciders_who_find_more_cases_than_the_model_says_are_told():
    check = by_deciders(1, differ=True)
    assert check.passed is False and check.assumption == "exchangeable deciders"
    assert check.finding.split(": ")[1][:8] in ("10000000", "10000001")
    rates = [by_deciders(seed, differ=False).value for seed in range(12)]
    assert (
        np.mean(np.array(rates) <= 0.1) < 0.25
    )  # at most .1 by Bonferroni's inequality


def test_an_answer_by_groups_says_what_no_prevalence_of_everybody_shows():
    table = pd.DataFrame({"x": [1.0, 2.0, 4.0, 3.0], "sex": ["a", "b", "a", "b"]})
    table = table.assign(t=[1.0, 0, 1, 0], y=[1.0, None, 0, None])
    data = cs.Decisions.from_frame(
        table, outcome="y", decision="t", features=["x", "sex"]
    )
    (check,) = cs.SelectiveLabels(prevalence=0.3).group_cautions(data, "sex")
    assert check.caution and check.stands_on("untested_prevalence")
    known = cs.KnownByGroup("sex", {"a": 0.3, "b": 0.4})
    (of_decisions,) = cs.SelectiveLabels(prevalence=known).group_cautions(data, "sex")
    assert of_decisions.stands_on("testing_threshold")
    assert not of_decisions.stands_on("untested_prevalence")
    assert len(cs.SelectiveLabels(prevalence=known).group_cautions(data, "x")) == 1
    alike = cs.SelectiveLabels(prevalence=0.3, unobserved_scale=0.0)
    assert alike.group_cautions(data, "sex") == ()
    # A score's accuracy in each group depends on the spread of risks there, not on their mean.
    (of_score,) = score_cautions(cs.SelectiveLabels(prevalence=known), data, "sex")
    assert of_score.name == check.name and of_score.stands_on("accuracy of x")
    assert score_cautions(alike, data, "sex") == ()
    assert score_cautions(cs.SelectiveLabels(prevalence=0.3), data, None) == ()


def test_coefficients_of_groups_say_that_the_unobservable_is_taken_to_be_alike():
    rng = np.random.default_rng(1)
    table = pd.DataFrame({"x": rng.normal(size=40), "sex": ["a", "b"] * 20})
    table = table.assign(t=[1.0, 0, 0, 1] * 10, y=[1.0, None, None, 0] * 10)
    data = cs.Decisions.from_frame(
        table, outcome="y", decision="t", features=["x", "sex"]
    )
    without = cs.Decisions.from_frame(table, outcome="y", decision="t", features=["x"])
    model = cs.SelectiveLabels(prevalence=0.3)
    (check,) = coefficient_cautions(model, "testing_policy", data)
    assert "sex" in check.finding and check.stands_on("testing_policy")
    assert coefficient_cautions(model, "unobserved_scale", data) == ()
    assert coefficient_cautions(model, "testing_policy", without) == ()
    alike = cs.SelectiveLabels(unobserved_scale=0.0)
    assert coefficient_cautions(alike, "testing_policy", data) == ()


def test_a_register_in_another_unit_is_told():
    rng = np.random.default_rng(7)
    table = pd.DataFrame({"age": rng.normal(45, 12, 300), "t": rng.random(300) < 0.5})
    table["y"] = np.where(table["t"], rng.random(300) < 0.3, np.nan)
    data = cs.Decisions.from_frame(
        table.astype(float), outcome="y", decision="t", features=["age"]
    )
    older = pd.DataFrame({"age": rng.normal(55, 12, 2000)})
    assert reference_within_data(data) == ()
    assert reference_within_data(data.with_reference(older)) == ()
    (check,) = reference_within_data(data.with_reference(12 * older))
    assert check.passed is False and check.value > 0.99
    half = pd.DataFrame({"age": [45.0, 540.0], "people": [950, 50]})
    assert reference_within_data(data.with_reference(half, weights="people")) == ()
