"""Whom to test next, and what is known of the untested without a model of the unobservable."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

import causalstats as cs
from causalstats.numerics.selection.selective_labels_baselines import prevalence_alone
from causalstats.numerics.selection.value_of_information import (
    expected_variance,
    variance_taken_by_one,
)


def simulated(people=400, **fields):
    model = cs.SelectiveLabels(**fields)
    simulation = model.simulate(3, people=people, features=2)
    rng = np.random.default_rng(1)
    draws = simulation.truth.isel(draw=np.zeros(300, int)).assign_coords(
        draw=np.arange(300)
    )
    draws["risk_middle"] = draws["risk_middle"] + 0.5 * rng.normal(size=(1, 300))
    return model, draws, simulation.data


def test_one_outcome_takes_what_the_law_of_total_variance_says():
    rng = np.random.default_rng(2)
    chance = rng.beta(2, 5, 50_000)
    answer = chance + 0.1 * rng.normal(size=len(chance))
    covariance = np.cov(answer, chance, bias=True)[0, 1]
    given_positive = np.average(answer, weights=chance)
    given_negative = np.average(answer, weights=1 - chance)
    mean = chance.mean()
    taken = mean * (1 - mean) * (given_positive - given_negative) ** 2
    assert variance_taken_by_one(covariance, mean) == pytest.approx(taken)


@pytest.mark.parametrize("tests", [5, 40])
def test_expected_variance_is_that_of_a_beta_distribution(tests):
    rng = np.random.default_rng(3)
    share = rng.beta(2, 3, 40_000)
    chances = np.broadcast_to(share[:, None], (len(share), tests))
    prior = 2 * 3 / (5**2 * 6)
    expected = prior * 5 / (5 + tests)
    assert expected_variance(share, chances, rng) == pytest.approx(expected, rel=0.04)


def test_plans_find_the_cases_that_are_expected():
    model, draws, data = simulated()
    everybody = int((~data.decision).sum())
    plans, people = model.next_tests(draws, data, everybody)
    missed = model.estimands()["missed_cases"].compute(draws, data).mean().item()
    np.testing.assert_allclose(plans["found"], missed)
    assert people["risk"].sum() == pytest.approx(missed)
    plans, people = model.next_tests(draws, data, 20)
    assert plans["found"].idxmax() == "riskiest"
    assert plans["narrowing"].between(0, 1).all()
    assert people["riskiest"].sum() == people["most_informative"].sum() == 20
    assert people["riskiest"].iloc[:20].all()
    with pytest.raises(cs.ModelError, match="were not tested"):
        model.next_tests(draws, data, everybody + 1)


def test_a_row_of_many_people_is_one_test():
    model, draws, data = simulated()
    weighted = cs.Decisions.from_frame(
        data.source.assign(people=50.0), **data.arguments | {"weights": "people"}
    )
    plans, _ = model.next_tests(draws, data, 20)
    of_weighted, _ = model.next_tests(draws, weighted, 20)
    pd.testing.assert_frame_equal(of_weighted, plans)
    assert of_weighted["upper"].max() <= 20


def test_an_imperfect_test_finds_fewer_cases():
    model, draws, data = simulated()
    perfect, _ = model.next_tests(draws, data, 20)
    imperfect = cs.SelectiveLabels(sensitivity=0.5, specificity=0.9)
    draws["test_sensitivity"] = 0.5 + 0 * draws["risk_middle"]
    draws["test_specificity"] = 0.9 + 0 * draws["risk_middle"]
    fewer, _ = imperfect.next_tests(draws, data, 20)
    np.testing.assert_allclose(
        fewer.loc["riskiest", "found"], perfect.loc["riskiest", "found"] / 2
    )
    assert fewer.loc["riskiest", "narrowing"] < perfect.loc["riskiest", "narrowing"]


def test_a_known_prevalence_alone_gives_the_untested_by_arithmetic():
    rng = np.random.default_rng(4)
    decision = rng.random(20_000) < 0.4
    outcome = np.where(decision, rng.random(20_000) < 0.3, -1)
    draws, _ = prevalence_alone(
        0.2, 0.0, np.zeros((20_000, 1)), decision, outcome, np.ones(20_000), rng
    )
    tested = decision.mean()
    by_hand = (0.2 - tested * outcome[decision].mean()) / (1 - tested)
    assert draws.mean() == pytest.approx(by_hand, abs=1e-3)


@pytest.mark.parametrize("direction", ["high", "low"])
def test_bounds_by_the_direction_alone_hold_the_truth(direction):
    rng = np.random.default_rng(5)
    people = 4000
    x = rng.normal(size=people)
    hidden = rng.uniform(-2, 2, people)
    outcome = rng.random(people) < expit(x + hidden - 1)
    sign = 1 if direction == "high" else -1
    tested = rng.random(people) < expit(sign * (x + hidden))
    frame = pd.DataFrame(
        {"x": x, "tested": tested, "y": np.where(tested, outcome, np.nan)}
    )
    data = cs.Decisions.from_frame(
        frame, outcome="y", decision="tested", features=["x"]
    )
    bounds = cs.SelectiveLabels(decided_for=direction).worst_case_bounds(data)
    assert bounds["no assumption (Manski bounds)"] == (0.0, 1.0)
    lower, upper = bounds["direction alone (monotone selection)"]
    assert lower <= outcome[~tested].mean() <= upper
    assert (lower, upper) != (0.0, 1.0)
