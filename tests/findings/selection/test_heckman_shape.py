"""Heckman where errors are not Normal: what the checks say, and what they leave alone."""

import warnings

import numpy as np
import pandas as pd
import pytest

import causalstats as cs

QUICK = cs.Nuts(chains=2, draws=200, tune=300, backend="jax")
NAMES = ["a", "b", "c"]


def study(seed, people, errors, effect_of_c=0.3):
    """Outcome linear, selection probit and independent of the errors: κ is 0, whatever their shape."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(people, 3))
    shape = {
        "normal": rng.normal(size=people),
        "gamma": (rng.gamma(10, size=people) - 10) / np.sqrt(10),
        "lognormal": np.exp(0.7 * rng.normal(size=people)),
        "heavy": rng.standard_t(3, size=people),
    }[errors]
    y = 1 + x @ [0.5, -0.5, effect_of_c] + (shape - shape.mean()) / shape.std()
    seen = 0.3 + x @ [0.8, 0.4, -0.6] + rng.normal(size=people) > 0
    frame = pd.DataFrame(x, columns=NAMES).assign(seen=seen, y=np.where(seen, y, np.nan))
    return cs.Decisions.from_frame(
        frame, outcome="y", decision="seen", features=NAMES, kind="continuous"
    )


def fitted(model, data, seed=1):
    return cs.fit(model, data, seed=seed, progress=False, sampler=QUICK)


def failed(fit):
    return [check for check in fit._cheap_checks() if check.passed is False]


def test_without_anything_from_outside_the_answer_says_that_normality_alone_identifies_it():
    data = study(1, 200, "normal")
    (check,) = cs.Heckman().data_checks(data)
    assert check.passed is None and check.caution and check.stands_on("unseen_mean")
    for model in (
        cs.Heckman(excluded=["c"]),
        cs.Heckman(mean=1.0),
        cs.Heckman(expertise=["a"]),
    ):
        assert model.data_checks(data) == ()


@pytest.mark.slow
@pytest.mark.parametrize("errors", ["gamma", "lognormal", "heavy"])
@pytest.mark.parametrize("seed", [2, 3])
def test_errors_that_are_not_normal_fail_the_check_of_their_shape(errors, seed):
    found = failed(fitted(cs.Heckman(), study(seed, 3000, errors)))
    shapes = [check for check in found if "residuals" in check.name]
    assert shapes and all(check.assumption == "joint normality" for check in shapes)
    assert all("Normal" in check.remedy for check in found)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_normal_errors_pass(seed):
    assert failed(fitted(cs.Heckman(), study(10 + seed, 1000, "normal"))) == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 5])
def test_a_true_exclusion_is_not_refuted_by_skewness(seed):
    """Lifted, the skewness is taken for selection, and c gets an effect that it does not have."""
    data = study(seed, 3000, "gamma", effect_of_c=0.0)
    fit = fitted(cs.Heckman(excluded=["c"]), data)
    (found,) = [check for check in fit.check() if "exclusion of c" in check.name]
    assert found.passed is not False and "joint normality" in found.finding


@pytest.mark.slow
def test_a_false_exclusion_is_refuted_where_the_errors_are_normal():
    data = study(4, 3000, "normal", effect_of_c=1.0)
    fit = fitted(cs.Heckman(excluded=["c"]), data)
    (found,) = [check for check in fit.check() if "exclusion of c" in check.name]
    assert found.passed is False


def test_separated_decisions_raise_no_warnings_in_the_comparison():
    rng = np.random.default_rng(8)
    x = rng.normal(size=(200, 2))
    seen = x[:, 0] > 0.2
    frame = pd.DataFrame(x, columns=["a", "b"]).assign(
        seen=seen, y=np.where(seen, x[:, 1] + rng.normal(size=200), np.nan)
    )
    data = cs.Decisions.from_frame(
        frame, outcome="y", decision="seen", features=["a", "b"], kind="continuous"
    )
    for rule in cs.Heckman().alternatives(data).values():
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            draws, _ = rule(np.random.default_rng(1))
        assert np.isfinite(draws).all()


def test_a_feature_can_move_the_outcome_and_not_the_decision():
    """Greene's wages of Mroz's women: experience and city in the wage, not in the decision to work."""
    model = cs.Heckman(excluded=["a"], undecisive=["b"])
    data = study(1, 100, "normal")
    graph = model.build(data)
    point = graph.initial_point()
    point["sampled_selection"] = np.array([0.3, 0.7, -0.2])
    (coefficient,) = [
        value for value in graph.unobserved_value_vars if value.name == "selection_coefficient"
    ]
    found = graph.compile_fn(coefficient, inputs=graph.value_vars, on_unused_input="ignore")(point)
    np.testing.assert_allclose(found, [0.3, 0.0, -0.2])
    assert any(assumption.formula == "γ = 0 for b" for assumption in model.assumptions())
    assert {"exclusion of a", "exclusion from the decision of b"} == {
        lifted.name for lifted in model.relaxations(data)
    }
