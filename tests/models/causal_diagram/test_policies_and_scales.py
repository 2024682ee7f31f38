"""Policies, stochastic and dynamic, and contrasts as ratios, odds ratios and numbers needed."""

import numpy as np
import pandas as pd
import pytest

import causalstats as cs
from causalstats.errors import ModelError


@pytest.fixture(scope="module")
def people():
    rng = np.random.default_rng(1)
    z = rng.random(3000) < 0.5
    x = rng.random(3000) < 0.3 + 0.4 * z
    w = rng.random(3000) < 0.2 + 0.4 * x + 0.2 * z
    v = rng.random(3000) < 0.2 + 0.4 * w + 0.2 * x
    y = rng.random(3000) < 0.1 + 0.3 * w + 0.2 * x * z + 0.2 * v
    return pd.DataFrame({"z": z, "x": x, "w": w, "v": v, "y": y}).astype(int)


# x is followed by w, which a second treatment v may depend on
REGIME = "z -> x, w, y; x -> w -> v -> y; x -> v, y; w -> y"


def fitted(people, route="reduced", text=REGIME, **fields):
    model = cs.CausalDiagram(text, treatment="x", outcome="y", route=route, **fields)
    data = cs.Observations.from_frame(people)
    return cs.fit(model, data, seed=1, progress=False)


@pytest.fixture(scope="module")
def fit(people):
    return fitted(people, concentration=1e-9)


def g_formula(people, set_x, set_v):
    """Return E[y] where x is set by z, and v by w: Robins' g-formula of the shares."""
    total = 0.0
    for z in (0, 1):
        x = set_x[z]
        here = people[(people.z == z) & (people.x == x)]
        for w in (0, 1):
            rows = people[
                (people.z == z)
                & (people.x == x)
                & (people.w == w)
                & (people.v == set_v[w])
            ]
            share = (people.z == z).mean() * (here.w == w).mean()
            total += share * rows.y.mean()
    return total


def close(effect, truth):
    error = float(effect.draws.std()) / np.sqrt(effect.draws.size)
    assert abs(float(effect.draws.mean()) - truth) < 5 * error + 2e-3


def test_a_dynamic_regime_is_the_g_formula(fit, people):
    do = {
        "x": cs.Policy({0: 1, 1: 0}, reads="z"),
        "v": cs.Policy({0: 0, 1: 1}, reads="w"),
    }
    close(fit.effect("y", do=do), g_formula(people, {0: 1, 1: 0}, {0: 0, 1: 1}))


def test_a_stochastic_policy_averages_interventions(fit):
    half = fit.effect("y", do={"x": cs.Policy({0: 0.25, 1: 0.75})}).draws
    arms = [fit.effect("y", do={"x": level}).draws for level in (0, 1)]
    np.testing.assert_allclose(half, 0.25 * arms[0] + 0.75 * arms[1])
    always = fit.effect("y", do={"x": cs.Policy({1: 1.0})}).draws
    np.testing.assert_allclose(always, arms[1])


def test_a_policy_within_a_group_is_the_intervention_that_it_makes_there(fit, people):
    rule = cs.Policy({0: 1, 1: 0}, reads="z")
    for z in (0, 1):
        by_policy = fit.effect("y", do={"x": rule}, given={"z": z})
        np.testing.assert_allclose(
            by_policy.draws, fit.effect("y", do={"x": 1 - z}, given={"z": z}).draws
        )
    assert by_policy.name.endswith("by z), z=1)")
    # Of those with w=1 after the policy: Bayes' rule over z
    means = people.groupby(["z", "x", "w"])["y"].mean()
    shares = people.groupby(["z", "x"])["w"].mean()
    weights = [(people["z"] == z).mean() * shares[z, 1 - z] for z in (0, 1)]
    truth = np.average([means[z, 1 - z, 1] for z in (0, 1)], weights=weights)
    close(fit.effect("y", do={"x": rule}, given={"w": 1}), truth)
    with pytest.raises(ModelError, match="neither asked about nor set, got 'x'"):
        fit.effect("y", do={"x": rule}, given={"x": 1})


def test_regressions_give_the_same_policies(people):
    text = "z -> x, y; x -> y"
    frame = people[["z", "x", "y"]]
    rule = {"x": [cs.Policy(lambda z: 1 - z, reads="z"), cs.Policy({0: 0.5, 1: 0.5})]}
    tables = fitted(frame, text=text).effect("y", do=rule)
    regressions = fitted(frame, "hierarchical", text).effect("y", do=rule)
    difference = tables.draws.mean() - regressions.draws.mean()
    assert abs(float(difference)) < 0.2 * float(tables.draws.std())


def test_a_shift_of_a_number_is_its_slope():
    rng = np.random.default_rng(1)
    age = rng.normal(size=500)
    dose = age + rng.normal(size=500)
    y = 2 * age - dose + rng.normal(size=500)
    frame = pd.DataFrame({"age": age, "dose": dose, "y": y})
    model = cs.CausalDiagram(
        "age -> dose, y; dose -> y", treatment="dose", route="regression"
    )
    fit = cs.fit(model, cs.Observations.from_frame(frame), seed=1, progress=False)
    shift = cs.Policy(lambda dose: dose + 0.5, reads="dose")
    natural = cs.Policy(lambda dose: dose, reads="dose")
    effect = fit.effect("y", do={"dose": [shift, natural]})
    slope = fit.effect("effect").draws
    np.testing.assert_allclose(effect.draws, slope / 2, atol=1e-6)
    mean = fit.effect("y", do={"dose": natural})
    assert abs(float(mean.draws.mean()) - y.mean()) < 0.02


def test_a_function_of_numbers_sets_levels_or_is_refused():
    """One that sets no level of the treatment has no answer, where it was 0."""
    rng = np.random.default_rng(1)
    age = rng.normal(50, 10, 300)
    drug = np.where(rng.random(300) < 0.5, "yes", "no")
    y = 10 + age / 10 + 2 * (drug == "yes") + rng.normal(size=300)
    frame = pd.DataFrame({"age": age, "drug": drug, "y": y})
    model = cs.CausalDiagram(
        "age -> drug, y; drug -> y", treatment="drug", outcome="y", route="regression"
    )
    fit = cs.fit(model, cs.Observations.from_frame(frame), seed=1, progress=False)

    def mean(rule):
        return fit.effect("y", do={"drug": cs.Policy(rule, reads="age")}).draws

    old = mean(lambda age: np.where(age > 50, "yes", "no"))
    expected = 10 + age.mean() / 10 + 2 * (age > 50).mean()
    assert abs(float(old.mean()) - expected) < 0.4
    with pytest.raises(ModelError, match="got 'Yes'"):
        mean(lambda age: np.where(age > 50, "Yes", "No"))


def test_a_shift_without_an_adjustment_is_refused():
    rng = np.random.default_rng(1)
    hidden, *errors = rng.normal(size=(4, 300))
    x = hidden + errors[0]
    m = x + errors[1]
    frame = pd.DataFrame({"x": x, "m": m, "y": m + hidden + errors[2]})
    model = cs.CausalDiagram(
        "x -> m -> y; x <-> y", treatment="x", outcome="y", route="regression"
    )
    fit = cs.fit(model, cs.Observations.from_frame(frame), seed=1, progress=False)
    with pytest.raises(ModelError, match="an adjustment for confounders"):
        fit.effect("y", do={"x": cs.Policy(lambda x: x + 1, reads="x")})


@pytest.mark.parametrize(
    ("do", "words"),
    [
        ({"x": cs.Policy({0: 1, 1: 0}, reads="w")}, "x acts on 'w'"),
        ({"x": cs.Policy({0: 1, 1: 0}, reads="x")}, "reads it itself"),
        ({"x": cs.Policy({0: 0.5, 1: 0.4})}, "sum to one"),
        ({"x": cs.Policy({0: 1}, reads="z")}, "says what is set at z = 1"),
        ({"x": cs.Policy({"a": 1.0})}, "sets 'x' to one of"),
        ({"x": cs.Policy({0: 1, 1: 0}, reads="q")}, "hidden or unknown"),
    ],
)
def test_policies_that_cannot_be_are_refused(fit, do, words):
    with pytest.raises(ModelError, match=words):
        fit.effect("y", do=do)


def test_scales_are_functions_of_the_two_probabilities(fit):
    one, zero = (fit.effect("y", do={"x": level}).draws for level in (1, 0))
    pair = {"x": [1, 0]}
    ratio = fit.effect("y", do=pair, scale="ratio")
    np.testing.assert_allclose(ratio.draws, one / zero)
    odds = fit.effect("y", do=pair, scale="odds ratio").draws
    np.testing.assert_allclose(odds, one / (1 - one) / (zero / (1 - zero)))
    needed = fit.effect("y", do=pair, scale="number needed to treat")
    np.testing.assert_allclose(needed.draws.median(), (1 / (one - zero)).median())
    assert not any(check.name == "bounded contrast" for check in needed.doubts)


def test_a_ratio_on_the_treated_and_of_numbers(fit):
    pair = {"x": [1, 0]}
    treated = fit.effect("y", do=pair, factual={"x": 1}, scale="ratio").draws
    one, zero = (
        fit.effect("y", do={"x": level}, factual={"x": 1}).draws for level in (1, 0)
    )
    np.testing.assert_allclose(treated, one / zero)


def test_a_number_needed_to_treat_without_effect_is_doubted():
    rng = np.random.default_rng(2)
    frame = pd.DataFrame(rng.integers(0, 2, (400, 3)), columns=["z", "x", "y"])
    fit = fitted(frame, text="z -> x, y; x -> y")
    needed = fit.effect("y", do={"x": [1, 0]}, scale="number needed to treat")
    assert "bounded contrast" in needed.summary()["doubts"].iloc[0]


def test_a_scale_needs_two_interventions(fit):
    with pytest.raises(ModelError, match="two interventions"):
        fit.effect("y", do={"x": 1}, scale="ratio")
    with pytest.raises(ModelError, match="two values"):
        fit.effect("effect", scale="ratio")
    with pytest.raises(ModelError, match="scale"):
        fit.effect("y", do={"x": [1, 0]}, scale="log")


def test_a_group_by_a_range_of_a_number():
    rng = np.random.default_rng(1)
    age = rng.uniform(20, 80, size=800)
    x = (rng.random(800) < 0.3 + 0.4 * (age > 50)).astype(int)
    y = 0.1 * age - 2 * x + 0.05 * age * x + rng.normal(size=800)
    frame = pd.DataFrame({"age": age, "x": x, "y": y})
    model = cs.CausalDiagram(
        "age -> x, y; x -> y", treatment="x", route="regression", interactions="pairs"
    )
    fit = cs.fit(model, cs.Observations.from_frame(frame), seed=1, progress=False)
    young = fit.effect("y", do={"x": [1, 0]}, given={"age": (20, 40)})
    truth = -2 + 0.05 * age[age <= 40].mean()
    row = young.numbers().iloc[0]
    assert abs(row["mean"] - truth) < 4 * row["sd"]
    assert row["sd"] < 0.3
    with pytest.raises(ModelError, match="range of the number"):
        fit.effect("y", do={"x": 1}, given={"age": 30})
    with pytest.raises(ModelError, match="a label, got the range"):
        fit.effect("y", do={"age": 30}, given={"x": (0, 1)})
    with pytest.raises(ModelError, match="no such group"):
        fit.effect("y", do={"x": 1}, given={"age": (90, 95)})


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (lambda dose: np.where(dose > 0, dose, np.nan), "missing or not finite"),
        (lambda dose: dose[:3], "an array of shape"),
    ],
)
def test_a_policy_that_sets_no_number_is_refused(rule, words):
    rng = np.random.default_rng(3)
    z, first = rng.normal(size=(2, 60))
    frame = pd.DataFrame({"z": z, "first": first})
    frame["between"] = first + rng.normal(size=60)
    frame["second"] = frame["between"] + rng.normal(size=60)
    frame["y"] = frame["second"] + frame["between"] + rng.normal(size=60)
    model = cs.CausalDiagram(
        "z -> first -> between -> second -> y; between -> y",
        outcome="y",
        treatment="second",
        route="regression",
    )
    data = cs.Observations.from_frame(frame)
    fit = cs.fit(model, data, sampler=cs.Exact(draws=20), seed=1, progress=False)
    with pytest.raises(cs.ModelError, match=words):
        policy = cs.Policy(rule, reads="between")
        fit.effect("y", do={"first": 0.0, "second": policy})
    constant = cs.Policy(lambda between: 2.0, reads="between")
    by_policy = fit.effect("y", do={"first": 0.0, "second": constant}).draws
    by_value = fit.effect("y", do={"first": 0.0, "second": 2.0}).draws
    assert abs(float(by_policy.mean() - by_value.mean())) < 0.3


def test_a_policy_for_the_treated_is_that_of_their_own_potential_outcomes():
    """Each person has an outcome under x = 0 and x = 1; the policy treats those with z = 1."""
    rng = np.random.default_rng(8)
    z, w = rng.integers(0, 2, (2, 40_000))
    x = rng.random(40_000) < 0.2 + 0.5 * z * w
    under = [rng.random(40_000) < 0.1 + 0.3 * z + 0.2 * w + 0.4 * a * w for a in (0, 1)]
    people = pd.DataFrame(
        {"z": z, "w": w, "x": x, "y": np.where(x, under[1], under[0])}
    )
    text = "z, w -> x, y; x -> y"
    fit = fitted(people.astype(int), text=text, concentration=1e-9)
    rule = cs.Policy({0: 0, 1: 1}, reads="z")
    chosen = np.where(z == 1, under[1], under[0])
    for had in (0, 1):
        effect = fit.effect("y", do={"x": rule}, factual={"x": had})
        assert effect.name == f"P(y=1 had x been {rule} | x={had})"
        assert float(effect.draws.mean()) == pytest.approx(
            chosen[x == had].mean(), abs=0.015
        )
    among = fit.effect("y", do={"x": [rule, 0]}, factual={"x": 1, "w": 1})
    here = x & (w == 1)
    truth = chosen[here].mean() - under[0][here].mean()
    assert float(among.draws.mean()) == pytest.approx(truth, abs=0.02)


def test_a_policy_for_the_treated_through_a_mediator_uses_what_they_had():
    """Front door: E[y(x') | x], x hidden-confounded, by Tian's factorisation."""
    rng = np.random.default_rng(9)
    u, z = rng.integers(0, 2, (2, 60_000))
    x = rng.random(60_000) < 0.2 + 0.3 * u + 0.3 * z
    noise = rng.random((2, 60_000))
    m = [noise[0] < 0.2 + 0.5 * a + 0.2 * z for a in (0, 1)]
    y = [noise[1] < 0.1 + 0.3 * each + 0.4 * u for each in m]
    people = pd.DataFrame(
        {"z": z, "x": x, "m": np.where(x, m[1], m[0]), "y": np.where(x, y[1], y[0])}
    )
    text = "z -> x, m; x -> m -> y; x <-> y"
    fit = fitted(people.astype(int), text=text, concentration=1e-9)
    rule = cs.Policy({0: 1, 1: 0}, reads="z")
    chosen = np.where(z == 0, y[1], y[0])
    for had in (0, 1):
        answer = fit.effect("y", do={"x": rule}, factual={"x": had}).draws.mean()
        assert float(answer) == pytest.approx(chosen[x == had].mean(), abs=0.015)


def test_a_policy_by_numbers_within_a_group_is_the_mean_over_its_rows():
    rng = np.random.default_rng(10)
    z = rng.normal(size=4000)
    w = rng.integers(0, 2, 4000)
    x = (rng.random(4000) < 1 / (1 + np.exp(-z))).astype(int)
    under = [z + w + a * (1 + z) + rng.normal(size=4000) for a in (0, 1)]
    people = pd.DataFrame({"z": z, "w": w, "x": x, "y": np.where(x, *under[::-1])})
    fit = fitted(people, "regression", "z, w -> x, y; x -> y", interactions="pairs")
    rule = cs.Policy(lambda z: (z > 0).astype(int), reads="z")
    chosen = np.where(z > 0, under[1], under[0])
    questions = [
        ({"given": {"w": 1}}, w == 1, "E(y | do(x="),
        ({"given": {"z": (0.5, 9.0)}}, z >= 0.5, "E(y | do(x="),
        ({"factual": {"x": 1}}, x == 1, "E(y had x been "),
    ]
    for group, inside, name in questions:
        effect = fit.effect("y", do={"x": rule}, **group)
        assert effect.name.startswith(name)
        assert float(effect.draws.mean()) == pytest.approx(
            chosen[inside].mean(), abs=0.12
        )
    shift = cs.Policy({0: 0.5, 1: 0.5})
    half = fit.effect("y", do={"x": shift}, factual={"x": 0}).draws.mean()
    truth = (under[0][x == 0].mean() + under[1][x == 0].mean()) / 2
    assert float(half) == pytest.approx(truth, abs=0.12)


def test_a_shift_of_a_number_within_a_group_is_its_slope_there():
    rng = np.random.default_rng(11)
    z = rng.integers(0, 2, 3000)
    x = z + rng.normal(size=3000)
    y = z + 2 * x + 3 * x * z + rng.normal(size=3000)
    people = pd.DataFrame({"z": z, "x": x, "y": y})
    fit = fitted(people, "regression", "z -> x, y; x -> y", interactions="pairs")
    more = cs.Policy(lambda x: x + 1, reads="x")
    same = cs.Policy(lambda x: x, reads="x")
    for level, slope in ((0, 2.0), (1, 5.0)):
        effect = fit.effect("y", do={"x": [more, same]}, given={"z": level})
        assert float(effect.draws.mean()) == pytest.approx(slope, abs=0.2)


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ({"factual": {"w": 1}}, "the level that it had"),
        ({"factual": {"x": 1}, "given": {"z": 1}}, "with `do` and `factual` alone"),
        ({"factual": {"x": 1, "w": 1}}, "groups that it does not act on"),
    ],
)
def test_groups_that_a_policy_cannot_have_are_refused(fit, question, words):
    rule = cs.Policy({0: 0, 1: 1}, reads="z")
    with pytest.raises(ModelError, match=words):
        fit.effect("y", do={"x": rule}, **question)


def test_a_policy_for_the_treated_who_differ_in_hidden_causes_is_refused(people):
    text = "z -> x -> y; z -> y; x <-> y; w; v"
    fit = fitted(people, text=text)
    with pytest.raises(ModelError, match="hidden causes join 'x'"):
        fit.effect(
            "y",
            do={"x": cs.Policy({0: 0, 1: 1}, reads="z")},
            factual={"x": 1},
        )
