"""Excess testing against the average policy, written out where nothing is hidden."""

import numpy as np
import pytest
from scipy.special import expit

import causalstats as cs


@pytest.mark.parametrize("deciders", ["alike", "leniency", "response"])
def test_excess_testing_is_against_the_policy_of_a_decider_of_the_middle(deciders):
    model = cs.SelectiveLabels(unobserved_scale=0.0, deciders=deciders)
    simulation = model.simulate(2, people=60, features=2, design="prior")
    data, truth = simulation.data, simulation.truth
    found = model.estimands()["excess_testing"].compute(truth, data)
    value = {name: np.squeeze(truth[name].to_numpy()) for name in truth}
    risk = value["risk_middle"] + data.matrix @ value["risk_coefficient"]
    policy = value["policy_intercept"] + data.matrix @ value["policy_coefficient"]
    mean_policy = policy.mean()
    alpha = common = value["testing_response"]
    if deciders != "alike":
        policy = policy + value["leniency"][data.decider]
    if deciders == "response":
        alpha = value["decider_response"][data.decider]
    expected = expit(alpha * risk + policy) - expit(common * risk + mean_policy)
    np.testing.assert_allclose(found.to_numpy().squeeze(), expected, atol=1e-6)
