"""Errors of `Heckman` that are not jointly Normal: graph, refusals, recovery of truths."""

import numpy as np
import pytensor
import pytest
import xarray as xr

import causalstats as cs
from causalstats.models.heckman.shape_priors import errors_of

SHAPES = [
    ("student", "elliptical"),
    ("skewed", "elliptical"),
    ("normal", "plackett"),
    ("skewed", "gumbel"),
    ("normal", "survival_gumbel"),
]
MODERATE = {
    "outcome_scale": (0.0, 1.0),
    "outcome_prior_scale": 1.0,
    "outcome_sd_prior_scale": 1.0,
    "selection_prior_scale": 0.7,
}


def simulated(errors, copula, people, seed):
    model = cs.Heckman(excluded=["x1"], errors=errors, copula=copula, **MODERATE)
    return model, model.simulate(seed, people=people, features=3, design="prior")


@pytest.mark.parametrize(("errors", "copula"), SHAPES)
def test_the_graph_has_the_likelihood_of_the_arrays(errors, copula):
    model, simulation = simulated(errors, copula, people=60, seed=2)
    graph = model.build(simulation.data)
    names = [
        "outcome_intercept",
        "outcome_coefficient",
        "outcome_sd",
        "selection_intercept",
        "selection_coefficient",
        "correlation",
        *errors_of(model).shape.parameters,
    ]
    rng = np.random.default_rng(1)
    point = {
        name: np.asarray(value + 0.3 * rng.standard_normal(np.shape(value)))
        for name, value in graph.initial_point().items()
    }
    with pytensor.config.change_flags(cxx="", mode="FAST_COMPILE"):
        terms = graph.logp([graph["seen"], graph["unseen"]], sum=False)
        parameters = graph.replace_rvs_by_values([graph[name] for name in names])
        evaluate = pytensor.function(
            graph.value_vars, [*terms, *parameters], on_unused_input="ignore"
        )
        values = evaluate(**point)
    draws = xr.Dataset(
        {
            name: (("chain", "draw", *["feature"] * np.ndim(value)), value[None, None])
            for name, value in zip(names, values[2:], strict=True)
        }
    )
    expected = model.log_likelihood(draws, simulation.data).item()
    assert np.sum(values[0]) + np.sum(values[1]) == pytest.approx(expected, rel=1e-7)


@pytest.mark.parametrize(
    ("errors", "copula"),
    [("student", "elliptical"), ("skewed", "elliptical"), ("normal", "plackett")],
)
def test_the_gradient_is_right_where_a_search_for_the_mode_starts(errors, copula):
    """There κ and the index of selection are exactly 0."""
    model, simulation = simulated(errors, copula, people=60, seed=2)
    graph = model.build(simulation.data)
    with pytensor.config.change_flags(cxx=""):
        density = graph.logp_dlogp_function(ravel_inputs=True, mode="FAST_COMPILE")
    start = graph.initial_point()
    point = np.concatenate(
        [np.ravel(start[variable.name]) for variable in graph.value_vars]
    )
    _, gradient = density(point)
    steps = 1e-5 * np.eye(len(point))
    differences = [
        (density(point + step)[0] - density(point - step)[0]) / 2e-5 for step in steps
    ]
    np.testing.assert_allclose(gradient, differences, rtol=1e-5, atol=1e-4)


def test_combinations_without_meaning_are_refused():
    with pytest.raises(cs.ModelError, match="dependence of jointly Student t"):
        cs.Heckman(errors="student", copula="gumbel")
    with pytest.raises(cs.ModelError, match="holds for jointly Normal errors"):
        cs.Heckman(errors="skewed", expertise=["x1"])


def test_answers_that_only_normal_errors_have_are_not_offered():
    normal = set(cs.Heckman().estimands())
    student = set(cs.Heckman(errors="student").estimands())
    assert normal - student == {"covariance", "response", "policy"}
    assert student - normal == {"degrees_of_freedom"}


def test_the_shape_is_an_assumption_and_says_what_identifies_the_answer():
    model = cs.Heckman(errors="skewed", copula="plackett")
    [shape] = [a for a in model.assumptions() if a.name == "shape of the errors"]
    assert "sinh-arcsinh" in shape.statement and "odds ratio" in shape.statement
    _, simulation = simulated("skewed", "plackett", people=200, seed=1)
    names = [check.name for check in model.data_checks(simulation.data)]
    assert "identified by the shape of the errors alone" in names
    assert "normality of the errors" not in names


@pytest.mark.slow
@pytest.mark.parametrize(
    ("errors", "copula"), [("student", "elliptical"), ("skewed", "elliptical")]
)
def test_simulated_truths_are_recovered(errors, copula):
    """By `Laplace`; the densities of Gumbel's copulas have an edge at κ = 0, and are for NUTS."""
    model, simulation = simulated(errors, copula, people=1500, seed=2)
    fit = cs.fit(model, simulation.data, seed=1, sampler=cs.Laplace(), progress=False)
    assert fit.draws.attrs["pareto_k"] < 0.7
    for name in model.parameters(simulation.data):
        draws = fit.draws["posterior"][name]
        away = simulation.truth[name].mean(("chain", "draw")) - draws.mean(
            ("chain", "draw")
        )
        z = np.asarray(away / draws.std(("chain", "draw")))
        assert np.nanmax(np.abs(z[np.isfinite(z)])) < 4, name
    assert not [check for check in fit.check() if check.passed is False]
