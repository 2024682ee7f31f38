"""The checks of `Heckman` see errors that are not Normal, and pass those that are."""

import warnings

import numpy as np
import pandas as pd
import pytest

import causalstats as cs

QUICK = cs.Nuts(chains=2, draws=200, tune=300, backend="jax")
NAMES = ["a", "b", "c"]


def study(seed, people, errors, effect_of_c=0.3, correlation=0.0):
    """Return outcomes of a linear regression, seen where a probit selects.

    Parameters
    ----------
    seed, people : int
    errors : {"normal", "gamma", "lognormal", "heavy"}
        The distribution of the outcome's errors, of mean 0 and variance 1.
    effect_of_c : float
        The effect on the outcome of c; at 0 an exclusion restriction holds for it.
    correlation : float
        Correlation of the errors of outcome and selection.
    """
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(people, 3))
    shape = {
        "normal": rng.normal(size=people),
        "gamma": (rng.gamma(10, size=people) - 10) / np.sqrt(10),
        "lognormal": np.exp(0.7 * rng.normal(size=people)),
        "heavy": rng.standard_t(3, size=people),
    }[errors]
    standardised = (shape - shape.mean()) / shape.std()
    v = rng.normal(size=people)
    error = correlation * v + np.sqrt(1 - correlation**2) * standardised
    y = 1 + x @ [0.5, -0.5, effect_of_c] + error
    seen = 0.3 + x @ [0.8, 0.4, -0.6] + v > 0
    frame = pd.DataFrame(x, columns=NAMES).assign(
        seen=seen, y=np.where(seen, y, np.nan)
    )
    return cs.Decisions.from_frame(
        frame, outcome="y", decision="seen", features=NAMES, kind="continuous"
    )


def fitted(model, data, seed=1):
    return cs.fit(model, data, seed=seed, progress=False, sampler=QUICK)


def shape(model, data):
    """Return the check of the errors' shape, which needs no fit."""
    return model.data_checks(data)[0]


def test_without_anything_from_outside_the_answer_says_that_normality_alone_identifies_it():
    data = study(1, 200, "normal")
    check = next(
        check
        for check in cs.Heckman().data_checks(data)
        if check.name.startswith("identified")
    )
    assert check.passed is None and check.caution and check.stands_on("unseen_mean")
    for model in (
        cs.Heckman(excluded=["c"]),
        cs.Heckman(mean=1.0),
        cs.Heckman(expertise=["a"]),
    ):
        names = [check.name for check in model.data_checks(data)]
        assert names[0] == "normality of the errors"
        assert not any(name.startswith("identified") for name in names)


@pytest.mark.parametrize("people", [3000, pytest.param(4500, marks=pytest.mark.slow)])
@pytest.mark.parametrize("errors", ["gamma", "lognormal", "heavy"])
@pytest.mark.parametrize(
    "model", [cs.Heckman(), cs.Heckman(excluded=["c"], selection="positive")]
)
def test_errors_that_are_not_normal_are_seen_in_four_data_sets_of_five(
    model, errors, people
):
    data = [study(seed, people, errors, effect_of_c=0.0) for seed in range(5)]
    checks = [shape(model, each) for each in data]
    failed = [check for check in checks if check.passed is False]
    assert len(failed) >= 4
    for check in failed:
        assert check.assumption == "joint normality" and "not Normal" in check.remedy
        assert check.stands_on("unseen_mean") and not check.stands_on("seen_outcome")


@pytest.mark.parametrize(
    ("people", "correlation"), [(150, -0.9), (150, 0.5), (800, 0.0), (800, 0.97)]
)
def test_selection_of_normal_errors_is_not_taken_for_skewness(people, correlation):
    """Selection itself makes the residuals of those seen skewed; 1 % of 20 data sets is 0.2."""
    data = [
        study(seed, people, "normal", correlation=correlation) for seed in range(20)
    ]
    alarms = sum(shape(cs.Heckman(), each).passed is False for each in data)
    assert alarms <= 2


@pytest.mark.slow
@pytest.mark.parametrize("excluded", [(), ("c",)])
@pytest.mark.parametrize("people", [150, 400, 1500])
def test_the_check_of_the_errors_raises_few_false_alarms(people, excluded):
    """Above 1 % with 99.9 % confidence would be more than 15 of 600."""
    model, rng = cs.Heckman(excluded=excluded), np.random.default_rng(people)
    alarms = 0
    for seed in range(600):
        effect = 0.0 if excluded else 0.3
        data = study(
            seed, people, "normal", effect, correlation=rng.uniform(-0.98, 0.98)
        )
        alarms += shape(model, data).passed is False
    assert alarms <= 15


def test_the_logarithm_of_a_log_normal_outcome_passes_as_the_remedy_says():
    """The logarithm is linear in the features, with Normal errors."""
    rng = np.random.default_rng(3)
    x = rng.normal(size=(2500, 3))
    v = rng.normal(size=2500)
    logarithm = (
        1
        + x @ [0.3, -0.3, 0.0]
        + 0.6 * (0.5 * v + np.sqrt(0.75) * rng.normal(size=2500))
    )
    seen = 0.3 + x @ [0.8, 0.4, -0.6] + v > 0
    checks = []
    for outcome in (np.exp(logarithm), logarithm):
        frame = pd.DataFrame(x, columns=NAMES).assign(
            seen=seen, y=np.where(seen, outcome, np.nan)
        )
        data = cs.Decisions.from_frame(
            frame, outcome="y", decision="seen", features=NAMES, kind="continuous"
        )
        checks.append(shape(cs.Heckman(excluded=["c"]), data))
    assert [check.passed for check in checks] == [False, True]
    assert "logarithm" in checks[0].remedy


def test_too_few_residuals_are_said_to_show_nothing():
    check = shape(cs.Heckman(), study(1, 40, "lognormal"))
    assert check.passed is None and "too few" in check.finding


def test_the_units_of_outcome_and_features_do_not_change_the_check():
    data = study(5, 600, "gamma")
    frame = data.source.assign(
        y=1e6 + 1e3 * data.source["y"], a=50 + 1e4 * data.source["a"]
    )
    other = cs.Decisions.from_frame(
        frame,
        outcome="y",
        decision="seen",
        features=NAMES,
        kind="continuous",
        standardise=False,
    )
    one, two = (shape(cs.Heckman(), each).value for each in (data, other))
    assert one == pytest.approx(two, abs=0.01)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 5])
def test_a_true_exclusion_is_not_refuted_by_skewness(seed):
    """Lifted, the skewness is taken for selection, and c gets an effect that it does not have."""
    data = study(seed, 3000, "gamma", effect_of_c=0.0)
    fit = fitted(cs.Heckman(excluded=["c"]), data)
    (exclusion,) = [check for check in fit.check() if "exclusion of c" in check.name]
    assert exclusion.passed is not False and "joint normality" in exclusion.finding


@pytest.mark.slow
def test_a_false_exclusion_is_refuted_where_the_errors_are_normal():
    data = study(4, 3000, "normal", effect_of_c=1.0)
    fit = fitted(cs.Heckman(excluded=["c"]), data)
    (exclusion,) = [check for check in fit.check() if "exclusion of c" in check.name]
    assert exclusion.passed is False


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
    for rule in cs.Heckman().baselines(data).values():
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            draws, _ = rule(np.random.default_rng(1))
        assert np.isfinite(draws).all()


def test_a_feature_can_move_the_outcome_and_not_the_decision():
    """Greene's wages of Mroz's women: experience and city move the wage, not the decision."""
    model = cs.Heckman(excluded=["a"], excluded_from_decision=["b"])
    data = study(1, 100, "normal")
    graph = model.build(data)
    point = graph.initial_point()
    point["sampled_selection"] = np.array([0.3, 0.7, -0.2])
    (coefficient,) = [
        value
        for value in graph.unobserved_value_vars
        if value.name == "selection_coefficient"
    ]
    coefficients = graph.compile_fn(
        coefficient,
        inputs=graph.value_vars,
        on_unused_input="ignore",
        mode="FAST_COMPILE",
    )(point)
    np.testing.assert_allclose(coefficients, [0.3, 0.0, -0.2])
    assert any(
        assumption.formula == "γ = 0 for b" for assumption in model.assumptions()
    )
    assert {"exclusion of a", "exclusion from the decision of b"} == {
        lifted.name for lifted in model.relaxations(data)
    }
