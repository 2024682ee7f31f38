"""The risk of the untested: priors that do not grow with the features, direction, families."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy.special import expit

import causalstats as cs
from causalstats.models.selective_labels.prior_scales import prior_scales
from causalstats.numerics.selection.unobservables import FAMILIES

QUICK = cs.Nuts(chains=2, draws=300, tune=300, backend="jax")


def study(seed, people, features, *, low=False, width=3.0, flip=False):
    """Return data that the model describes, the prevalence, and that among the undecided.

    Parameters
    ----------
    seed, people, features : int
        The first feature alone acts on the risk.
    low : bool
        Whether decisions are for people of low risk (α = -1) or of high risk (α = 1).
    width : float
        Width of the uniform distribution of the unobservable, in log odds.
    flip : bool
        Whether 1 less the outcome is recorded.
    """
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(people, features))
    risk = -1 + x[:, 0] + rng.uniform(-width / 2, width / 2, people)
    outcome = rng.random(people) < expit(risk)
    decided = rng.random(people) < expit((-risk if low else risk) + (0 if low else 1))
    shown = ~outcome if flip else outcome
    names = [f"x{k}" for k in range(features)]
    frame = pd.DataFrame(x, columns=names).assign(
        decided=decided, y=np.where(decided, shown, np.nan)
    )
    data = cs.Decisions.from_frame(
        frame, outcome="y", decision="decided", features=names
    )
    return data, float(shown.mean()), float(shown[~decided].mean())


@pytest.mark.slow
@pytest.mark.parametrize(("people", "features"), [(1500, 40), (700, 30), (700, 100)])
def test_many_features_leave_the_risk_of_the_untested_where_it_is(people, features):
    data, prevalence, truth = study(0, people, features)
    model = cs.SelectiveLabels(prevalence=cs.Known(prevalence, sd=0.01))
    fit = cs.fit(model, data, seed=1, progress=False, sampler=QUICK)
    row = fit.effect("untested_prevalence").numbers().iloc[0]
    assert row["lower"] <= truth <= row["upper"]
    moved = float(fit.draws["posterior"]["population_prevalence"].mean()) - prevalence
    assert abs(moved) < 0.01


@pytest.mark.slow
def test_features_that_do_nothing_say_nothing_of_the_unobservable():
    """The prior of σ is what it was given: 30 columns of noise move its posterior by little."""
    few, prevalence, _ = study(3, 700, 1)
    many, *_ = study(3, 700, 1)
    rng = np.random.default_rng(9)
    noise = pd.DataFrame(
        rng.normal(size=(700, 30)), columns=[f"z{k}" for k in range(30)]
    )
    many = cs.Decisions.from_frame(
        pd.concat([few.source, noise], axis=1),
        outcome="y",
        decision="decided",
        features=["x0", *noise],
    )
    model = cs.SelectiveLabels(prevalence=cs.Known(prevalence, sd=0.01))
    widths_found = [
        cs.fit(model, data, seed=1, progress=False, sampler=QUICK)
        .effect("unobserved_scale")
        .numbers()
        .iloc[0]
        for data in (few, many)
    ]
    assert (
        abs(widths_found[0]["mean"] - widths_found[1]["mean"]) < widths_found[0]["sd"]
    )


@pytest.mark.slow
def test_turning_outcome_and_direction_round_gives_one_minus_the_answer():
    """Bail: of those released, because they are unlikely to fail, failures are seen."""
    data, prevalence, truth = study(0, 2500, 2, low=True)
    turned, *_ = study(0, 2500, 2, low=True, flip=True)
    released = cs.fit(
        cs.SelectiveLabels(prevalence=cs.Known(prevalence, sd=0.01), decided_for="low"),
        data,
        seed=1,
        progress=False,
        sampler=QUICK,
    )
    other = cs.fit(
        cs.SelectiveLabels(prevalence=cs.Known(1 - prevalence, sd=0.01)),
        turned,
        seed=1,
        progress=False,
        sampler=QUICK,
    )
    one, two = (
        fit.effect("untested_prevalence").numbers().iloc[0] for fit in (released, other)
    )
    error = np.hypot(*(row["sd"] / np.sqrt(row["ess_bulk"]) for row in (one, two)))
    assert abs(one["mean"] - (1 - two["mean"])) < 4.5 * error
    assert one["lower"] <= truth <= one["upper"]
    assert released.model.data_checks(data)[0].passed


@pytest.mark.parametrize("seed", range(4))
def test_the_wrong_direction_is_seen_before_anything_is_fitted(seed):
    data, prevalence, _ = study(seed, 2500, 2, low=True, width=4.0)
    wrong = cs.SelectiveLabels(prevalence=cs.Known(prevalence, sd=0.01))
    check = wrong.data_checks(data)[0]
    assert check.passed is False and "decided_for='low'" in check.remedy
    assert check.stands_on("untested_prevalence")
    after = dataclasses.replace(wrong, decided_for="low").data_checks(data)[0]
    assert after.passed is True


def test_the_right_direction_is_not_refuted():
    """Count false alarms, also without an unobservable, where the limit is met exactly."""
    alarms = 0
    for seed in range(100):
        width = (0.0, 3.0)[seed % 2]
        data, prevalence, _ = study(seed, (300, 1500)[seed % 2], 4, width=width)
        model = cs.SelectiveLabels(prevalence=cs.Known(prevalence, sd=0.01))
        alarms += model.data_checks(data)[0].passed is False
    assert alarms <= 3


def drawn(*prevalences):
    """Posterior draws of the prevalence of each group, as a fit keeps them."""
    rng = np.random.default_rng(1)
    draws = np.array(prevalences) + 0.004 * rng.standard_normal(
        (2, 500, len(prevalences))
    )
    values = draws if len(prevalences) > 1 else draws[..., 0]
    dims = ("chain", "draw", "group")[: values.ndim]
    return xr.Dataset({"population_prevalence": (dims, values)})


@pytest.mark.parametrize(
    ("prevalence", "passed"), [(0.30, True), (0.32, True), (0.33, False)]
)
@pytest.mark.parametrize("name", ["untested_prevalence", "risk", "missed_cases"])
def test_an_answer_says_when_its_prevalence_is_not_the_declared_one(
    prevalence, passed, name
):
    data, *_ = study(1, 200, 2)
    model = cs.SelectiveLabels(prevalence=cs.Known(0.30, sd=0.01))
    (check,) = model.estimands()[name].checks(drawn(prevalence), data)
    assert check.passed is passed
    assert check.value == pytest.approx((prevalence - 0.30) / 0.01, abs=0.1)
    assert ("check its source" in check.remedy) is not passed
    assert check.assumption == ("" if passed else "prevalence")


def test_the_group_whose_prevalence_moved_is_named():
    data, *_ = study(1, 200, 1)
    rng = np.random.default_rng(2)
    frame = data.source.assign(region=rng.choice(["north", "south"], 200))
    data = cs.Decisions.from_frame(
        frame, outcome="y", decision="decided", features=["x0", "region"]
    )
    known = {"north": cs.Known(0.2, sd=0.01), "south": cs.Known(0.4, sd=0.02)}
    model = cs.SelectiveLabels(prevalence=cs.KnownByGroup("region", known))
    (check,) = model.estimands()["risk"].checks(drawn(0.21, 0.47), data)
    assert check.passed is False and "for south" in check.finding
    (check,) = model.estimands()["risk"].checks(drawn(0.21, 0.42), data)
    assert check.passed is True


def test_a_prevalence_known_exactly_cannot_move():
    data, *_ = study(1, 200, 1)
    model = cs.SelectiveLabels(prevalence=0.3)
    assert model.estimands()["risk"].checks(drawn(0.3), data) == ()


@pytest.mark.slow
def test_a_prevalence_below_the_share_of_cases_found_is_seen_and_a_right_one_is_not():
    """Cases already found are 20 % of the people or more: 10 % cannot be the prevalence."""
    failed = {"right": 0, "wrong": 0}
    for seed in range(6):
        data, prevalence, _ = study(seed, 600, 2)
        for kind, declared in (("right", prevalence), ("wrong", 0.10)):
            model = cs.SelectiveLabels(prevalence=cs.Known(declared, sd=0.01))
            fit = cs.fit(model, data, seed=seed, progress=False, sampler=QUICK)
            doubts = [check.name for check in fit.effect("untested_prevalence").doubts]
            failed[kind] += "prevalence as declared" in doubts
    assert failed["wrong"] >= 5 and failed["right"] == 0


def test_families_are_compared_at_the_same_spread():
    model = cs.SelectiveLabels(unobserved_scale=2.0, prevalence=0.3)
    for family in ("normal", "logistic", "student"):
        other = model.vary(unobservable=family)
        spreads = [
            m.unobserved_scale.value**2 * FAMILIES[m.unobservable].variance
            for m in (model, other)
        ]
        assert spreads[0] == pytest.approx(spreads[1])
        assert other.vary(
            unobservable="uniform"
        ).unobserved_scale.value == pytest.approx(2.0)
        prior = [
            prior_scales(cs.SelectiveLabels(unobservable=f)).unobserved
            * np.sqrt(FAMILIES[f].variance)
            for f in ("uniform", family)
        ]
        assert prior[0] == pytest.approx(prior[1])
    assert model.vary(
        unobservable="normal", unobserved_scale=cs.Known(1.0)
    ).unobserved_scale == (cs.Known(1.0))


def test_what_is_not_known_is_said_with_the_answer():
    data, prevalence, _ = study(1, 200, 2)
    check = cs.SelectiveLabels().data_checks(data)[0]
    assert check.passed is None and check.stands_on("untested_prevalence")
    checks = cs.SelectiveLabels(unobserved_scale=0.0).data_checks(data)
    assumed = [each for each in checks if not each.passed]
    assert [each.name for each in assumed] == ["nothing hidden, by assumption"]
    assert assumed[0].stands_on("untested_prevalence")
    assert "no negative control is named" in assumed[0].finding
    known = cs.SelectiveLabels(unobserved_scale=0.0, prevalence=prevalence)
    assert all(each.passed for each in known.data_checks(data))


def test_units_of_the_probit_are_probits():
    model = cs.SelectiveLabels(
        link="probit", deciders="response", response=None, unobserved_scale=1
    )
    assert not [name for name, e in model.estimands().items() if "log-odds" in e.unit]
    usual = cs.SelectiveLabels().estimands()
    assert usual["risk_coefficient"].unit == "log-odds per unit of the coded feature"


@pytest.mark.parametrize("direction", ["high", "low"])
def test_words_of_the_response(direction):
    statement = {
        a.name: a.statement
        for a in cs.SelectiveLabels(decided_for=direction).assumptions()
    }["response to risk"]
    assert statement.startswith(
        "Testing rises" if direction == "high" else "Testing falls"
    )
    none = cs.SelectiveLabels(response=0, decided_for=direction).assumptions()
    assert any(a.statement.startswith("Testing does not depend on risk") for a in none)
