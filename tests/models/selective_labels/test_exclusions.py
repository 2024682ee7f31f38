"""Features of the decision only, of the outcome only, and other knowledge of selection."""

import numpy as np
import pandas as pd
import pytensor
import pytest
from scipy.special import expit

import causalstats as cs
from causalstats.models.shared.exclusion_restrictions import strength_of_exclusion


def values_at_a_point(graph, names, seed=1):
    """Return variables of a graph at a point near its initial one.

    Parameters
    ----------
    graph : pm.Model
    names : iterable of str
        Names of variables of the graph.
    seed : int
        Of the distance to the initial point.
    """
    rng = np.random.default_rng(seed)
    point = graph.initial_point()
    outputs = graph.replace_rvs_by_values([graph[name] for name in names])
    function = pytensor.function(
        graph.value_vars, outputs, on_unused_input="ignore", mode="FAST_COMPILE"
    )
    return function(
        *(
            point[variable.name] + 0.1 * rng.normal(size=np.shape(point[variable.name]))
            for variable in graph.value_vars
        )
    )


@pytest.mark.parametrize("prior", ["correlated", "paper"])
@pytest.mark.parametrize("direction", ["high", "low"])
def test_coefficients_that_are_excluded_are_zero(prior, direction):
    model = cs.SelectiveLabels(
        excluded=["x1"],
        excluded_from_decision=["x2"],
        coefficient_prior=prior,
        decided_for=direction,
    )
    simulation = model.simulate(1, people=200, features=3, design="prior")
    names = ["risk_coefficient", "policy_coefficient", "testing_response"]
    in_the_graph = values_at_a_point(model.build(simulation.data), names)
    drawn = [simulation.truth[name].to_numpy().squeeze() for name in names]
    for risk, policy, response in (in_the_graph, drawn):
        testing = response * risk + policy
        assert risk[0] == 0 and abs(testing[0]) > 0
        assert abs(testing[1]) < 1e-12 < abs(risk[1])
        assert abs(risk[2]) > 0 and abs(testing[2]) > 0
    priors = model.priors(simulation.data)
    assert np.isnan(priors["risk_coefficient"]).tolist() == [True, False, False]
    assert np.isnan(priors["policy_coefficient"]).tolist() == [False, True, False]
    assert [relaxation.name for relaxation in model.relaxations(simulation.data)] == [
        "exclusion of x1",
        "exclusion from the decision of x2",
    ]


def test_roles_that_contradict_each_other_are_refused():
    with pytest.raises(cs.ModelError, match="neither outcome nor decision"):
        cs.SelectiveLabels(excluded=["x"], expertise=["x"])
    with pytest.raises(cs.ModelError, match="Choose one"):
        cs.SelectiveLabels(excluded=["x"], negative_controls=["x"])
    by_group = cs.KnownByGroup("x", {"a": 0.1, "b": 0.2})
    with pytest.raises(cs.ModelError, match="different risks"):
        cs.SelectiveLabels(excluded=["x"], prevalence=by_group)


def study(seed, people=1500, push=2.0):
    """Return data in which an offer moves testing and not the outcome.

    Parameters
    ----------
    seed, people : int
    push : float
        Effect of the offer on the log-odds of testing.

    Returns
    -------
    data : Decisions
    untested_risk : float
        Share of the people without a test whose outcome is 1.
    """
    rng = np.random.default_rng(seed)
    x = rng.normal(size=people)
    offer = rng.integers(0, 2, people).astype(float)
    risk = -1 + x + rng.uniform(-2, 2, people)
    outcome = rng.random(people) < expit(risk)
    tested = rng.random(people) < expit(risk + push * offer)
    frame = pd.DataFrame(
        {"x": x, "offer": offer, "t": tested, "y": np.where(tested, outcome, np.nan)}
    )
    data = cs.Decisions.from_frame(
        frame, outcome="y", decision="t", features=["x", "offer"]
    )
    return data, float(outcome[~tested].mean())


def test_a_weak_exclusion_is_told():
    (strong,) = strength_of_exclusion(["offer"], study(1)[0])
    (weak,) = strength_of_exclusion(["offer"], study(1, people=300, push=0.0)[0])
    assert strong.passed is True
    assert weak.passed is None and weak.caution
    checks = cs.SelectiveLabels(excluded=["offer"]).data_checks(study(1)[0])
    assert checks[0].name == "strength of the exclusion"


@pytest.mark.slow
def test_an_exclusion_narrows_the_risk_of_the_untested():
    covered = []
    ratios = []
    for seed in range(1, 7):
        data, truth = study(seed)
        rows = [
            cs.fit(
                cs.SelectiveLabels(**fields),
                data,
                seed=seed,
                progress=False,
                sampler=cs.Laplace(draws=500),
            )
            .effect("untested_prevalence")
            .numbers()
            .iloc[0]
            for fields in ({}, {"excluded": ["offer"]})
        ]
        covered.append(rows[1]["lower"] <= truth <= rows[1]["upper"])
        ratios.append(rows[1]["sd"] / rows[0]["sd"])
    assert sum(covered) >= 5
    assert np.median(ratios) < 0.9


def test_the_mean_of_each_group_is_as_declared():
    groups = {"a": 0.2, "b": cs.Known(0.5, sd=0.1), "c": 0.0}
    model = cs.Heckman(
        outcome_scale=(0.5, 2.0),
        mean=cs.KnownByGroup("g", groups),
        correlation=cs.Known(0.3, sd=0.1),
    )
    simulation = model.simulate(2, people=300, features=2, design="prior")
    data = simulation.data
    names = ["outcome_coefficient", "outcome_intercept", "population_mean"]
    in_the_graph = values_at_a_point(model.build(data), names)
    drawn = [simulation.truth[name].to_numpy()[0, 0] for name in names]
    labels = data.groups("g")
    for coefficients, intercept, uncertain in (in_the_graph, drawn):
        outcome = intercept + data.matrix @ coefficients
        means = [outcome[np.asarray(labels == group)].mean() for group in groups]
        np.testing.assert_allclose(means, [0.2, uncertain[0], 0.0], atol=1e-9)
    estimand = model.estimands()["mean_by_group"]
    by_group = estimand.compute(simulation.truth, data).to_numpy().ravel()
    np.testing.assert_allclose(by_group, means, atol=1e-9)
    assert [relaxation.name for relaxation in model.relaxations(data)] == [
        "mean",
        "correlation",
    ]


def test_a_known_correlation_is_used_and_checked():
    model = cs.Heckman(correlation=0.4, outcome_scale=(0.0, 1.0))
    data = model.simulate(3, people=200, features=2, design="prior").data
    (correlation,) = values_at_a_point(model.build(data), ["correlation"])
    assert correlation == 0.4
    assert "correlation" not in model.parameters(data)
    assert not any(
        check.name.startswith("identified") for check in model.data_checks(data)
    )
    with pytest.raises(cs.ModelError, match="got both"):
        cs.Heckman(correlation=0.4, selection="positive")
    with pytest.raises(cs.ModelError, match="No distribution"):
        cs.Heckman(correlation=cs.Known(0.9, sd=0.9))


@pytest.mark.slow
def test_no_correlation_is_least_squares():
    model = cs.Heckman(correlation=0.0)
    data = cs.Heckman().simulate(4, people=800, features=2).data
    fit = cs.fit(model, data, seed=1, progress=False, sampler=cs.Laplace(draws=1000))
    table = fit.compare()
    gap = table.loc["Heckman", "mean"] - table.loc["seen only", "mean"]
    width = table.loc["seen only", "upper"] - table.loc["seen only", "lower"]
    assert abs(gap) < 0.1 * width
