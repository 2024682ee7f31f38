"""Hierarchical regressions of labels: laws, and the posterior that they approximate."""

import numpy as np
import pandas as pd
import pytest

import causalstats as cs
from causalstats.core.draws_kind import DrawsKind, draws_kind
from causalstats.models.causal_diagram.routes.automatic import Automatic

SLOPES = np.array([0.6, 0.5, 0.4, 0.3, 0.3, 0.2, 0.2, 0.1])


def logistic(value):
    return 1 / (1 + np.exp(-np.asarray(value)))


def confounded(rows, confounders, seed, levels=2, base=-0.3):
    """Return labels z0, z1, ... that act on x and y.

    Parameters
    ----------
    rows, confounders, seed : int
    levels : int
        Of treatment and outcome; those of confounders are 2.
    base : float
        Log-odds of the outcome where everything else is 0.
    """
    rng = np.random.default_rng(seed)
    z = rng.integers(0, 2, (rows, confounders))
    score = (z - 0.5) @ SLOPES[:confounders]
    x = (rng.random(rows) < logistic(score)).astype(int)
    y = (rng.random(rows) < logistic(base + x + score)).astype(int)
    for _ in range(levels - 2):
        x = x + (rng.random(rows) < logistic(score - 1))
        y = y + (rng.random(rows) < logistic(score - 1))
    return pd.DataFrame(
        {**{f"z{k}": z[:, k] for k in range(confounders)}, "x": x, "y": y}
    )


def model(confounders, route="hierarchical", **options):
    names = ", ".join(f"z{k}" for k in range(confounders))
    return cs.CausalDiagram(
        f"{names} -> x, y; x -> y", treatment="x", outcome="y", route=route, **options
    )


def fitted(frame, **options):
    confounders = sum(name.startswith("z") for name in frame)
    data = cs.Observations.from_frame(frame)
    return cs.fit(model(confounders, **options), data, seed=1, progress=False)


def numbers(fit, name="effect"):
    return fit.effect(name).numbers()


def closeness(one, other):
    """Return the largest difference of means in standard deviations, and of log sds."""
    sd = other["sd"].to_numpy()
    means = np.abs(one["mean"].to_numpy() - other["mean"].to_numpy()) / sd
    return means.max(), np.abs(np.log(one["sd"].to_numpy() / sd)).max()


def test_draws_say_that_they_are_of_a_normal_approximation():
    fit = fitted(confounded(200, 3, 1))
    assert draws_kind(fit.draws) is DrawsKind.LAPLACE


def test_answer_does_not_depend_on_the_names_of_levels():
    """Levels of treatment, outcome and a confounder in another order: the signs follow."""
    frame = confounded(300, 4, 1)
    usual = numbers(fitted(frame))
    swapped = frame.assign(z1=1 - frame["z1"], z2=1 - frame["z2"])
    other = numbers(fitted(swapped))
    shift, ratio = closeness(other, usual)
    assert shift < 0.12 and ratio < 0.08  # 1000 draws each
    mirrored = numbers(fitted(frame.assign(y=1 - frame["y"])))
    assert mirrored["mean"].iloc[0] == pytest.approx(-usual["mean"].iloc[0], abs=0.008)


def test_answer_does_not_depend_on_the_order_of_confounders():
    frame = confounded(300, 4, 2)
    renamed = frame.rename(columns={"z0": "z3", "z3": "z0"})
    shift, ratio = closeness(numbers(fitted(renamed)), numbers(fitted(frame)))
    assert shift < 0.12 and ratio < 0.08


def test_answer_does_not_depend_on_which_level_is_the_first():
    frame = confounded(400, 3, 3, levels=3)
    usual = numbers(fitted(frame), "interventional")["mean"]
    turned = frame.assign(x=(frame["x"] + 1) % 3, y=(frame["y"] + 2) % 3)
    other = numbers(fitted(turned), "interventional")["mean"]
    for x in range(3):
        for y in range(3):
            one = usual[f"y={y} | do(x={x})"]
            same = other[f"y={(y + 2) % 3} | do(x={(x + 1) % 3})"]
            assert one == pytest.approx(same, abs=0.012)


def test_answer_is_that_of_tables_where_cells_are_full():
    frame = confounded(20_000, 2, 4)
    shift, ratio = closeness(
        numbers(fitted(frame)), numbers(fitted(frame, route="reduced"))
    )
    assert shift < 0.25 and ratio < 0.1


def test_without_confounders_the_answer_is_that_of_two_shares():
    frame = confounded(400, 1, 5).drop(columns="z0")
    data = cs.Observations.from_frame(frame)
    answers = [
        numbers(
            cs.fit(
                cs.CausalDiagram("x -> y", route=route), data, seed=1, progress=False
            )
        )
        for route in ("hierarchical", "reduced")
    ]
    shift, ratio = closeness(*answers)
    assert shift < 0.15 and ratio < 0.08


def test_a_pair_of_confounders_that_acts_by_its_parity_is_adjusted_for():
    rng = np.random.default_rng(6)
    z = rng.integers(0, 2, (2000, 8))
    parity = 0.8 * (2 * z[:, 0] - 1) * (2 * z[:, 1] - 1) * (2 * z[:, 2] - 1)
    x = (rng.random(2000) < logistic(parity)).astype(int)
    y = (rng.random(2000) < logistic(parity)).astype(int)
    frame = pd.DataFrame({**{f"z{k}": z[:, k] for k in range(8)}, "x": x, "y": y})
    fit = fitted(frame, route="auto")
    assert frame.groupby("x")["y"].mean().diff().iloc[1] > 0.1
    row = numbers(fit).iloc[0]
    assert abs(row["mean"]) < 3 * row["sd"]
    (check,) = (
        each for each in fit.check() if each.name.startswith("confounding left")
    )
    assert check.passed and "z0 x z1 x z2" in check.finding


def test_front_door_formula_is_that_of_tables_where_cells_are_full():
    diagram = "smoking -> tar -> cancer; smoking <-> cancer"
    data = cs.CausalDiagram(diagram).simulate(3, people=20_000).data
    answers = [
        numbers(
            cs.fit(cs.CausalDiagram(diagram, route=route), data, seed=1, progress=False)
        )
        for route in ("hierarchical", "reduced")
    ]
    shift, ratio = closeness(*answers)
    assert shift < 0.35 and ratio < 0.15


def test_confounding_is_the_association_less_the_effect():
    fit = fitted(confounded(300, 4, 7))
    parts = {
        name: fit.effect(name).draws.to_numpy()
        for name in ("effect", "association", "confounding")
    }
    difference = parts["association"] - parts["effect"]
    assert difference == pytest.approx(parts["confounding"])


@pytest.mark.parametrize(
    ("rows", "confounders", "thin"), [(200, 8, True), (5000, 2, False)]
)
def test_default_takes_tables_where_cells_are_full_alone(rows, confounders, thin):
    frame = confounded(rows, confounders, 8)
    data = cs.Observations.from_frame(frame)
    automatic = model(confounders, route="auto")
    names = list(automatic.exact_posterior(data)(1, 2, np.random.default_rng(1)))
    assert ("coefficients of" in names[0]) == thin
    route = "hierarchical" if thin else "reduced"
    same = numbers(
        cs.fit(model(confounders, route=route), data, seed=1, progress=False)
    )
    assert numbers(cs.fit(automatic, data, seed=1, progress=False)).equals(same)


@pytest.mark.parametrize(
    ("rows", "confounders", "thin"), [(900, 2, False), (200, 8, True)]
)
def test_answers_stand_on_the_assumptions_of_what_gave_them(rows, confounders, thin):
    fit = fitted(confounded(rows, confounders, seed=1), route="auto")
    for answer in (fit.effect("effect"), fit.effect("y", do={"x": 1})):
        assert ("hierarchical regressions" in answer.assumptions) == thin
        listed = [each.name for each in fit.model.assumptions_for(fit.data)]
        assert ("hierarchical regressions" in listed) == thin
        assert ("prior of the tables" in answer.assumptions) != thin


def test_default_takes_tables_where_the_formula_is_a_quotient():
    diagram = cs.CausalDiagram(
        "w -> z -> x -> y; w <-> x; w <-> y", treatment="x", outcome="y"
    )
    data = diagram.simulate(1, people=20).data
    assert Automatic(diagram).chosen(data).tables == diagram.tables


def test_numbers_and_labels_are_mixed():
    rng = np.random.default_rng(9)
    age = rng.normal(size=1500)
    sex = rng.integers(0, 2, 1500)
    x = (rng.random(1500) < logistic(age + sex - 0.5)).astype(int)
    y = (rng.random(1500) < logistic(age - sex + x)).astype(int)
    frame = pd.DataFrame({"age": age, "sex": sex, "x": x, "y": y})
    diagram = cs.CausalDiagram(
        "age, sex -> x, y; x -> y", treatment="x", outcome="y", route="hierarchical"
    )
    row = numbers(
        cs.fit(diagram, cs.Observations.from_frame(frame), seed=1, progress=False)
    ).iloc[0]
    truth = (logistic(age - sex + 1) - logistic(age - sex)).mean()
    assert abs(row["mean"] - truth) < 3.5 * row["sd"]


def test_questions_beside_the_headline_are_answered():
    fit = fitted(confounded(300, 8, 10), route="auto")
    treated = fit.effect("y", do={"x": [1, 0]}, factual={"x": 1})
    everyone = fit.effect("y", do={"x": [1, 0]})
    assert treated.numbers()["mean"].iloc[0] == pytest.approx(
        everyone.numbers()["mean"].iloc[0], abs=0.05
    )
    bounds = fit.bounds("y", do={"x": 1}).numbers()
    assert bounds["mean"]["lower"] <= bounds["mean"]["upper"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("rows", "confounders", "levels"), [(200, 3, 2), (200, 8, 2), (200, 3, 3)]
)
def test_answer_is_that_of_markov_chains_on_the_graph(rows, confounders, levels):
    """The normal approximation errs by less than a seventh of a standard deviation."""
    frame = confounded(rows, confounders, 11, levels)
    data = cs.Observations.from_frame(frame)
    laplace = numbers(fitted(frame))
    sampler = cs.Nuts(chains=4, draws=1000, target_accept=0.95)
    chains = cs.fit(model(confounders), data, sampler=sampler, seed=1, progress=False)
    shift, ratio = closeness(laplace, numbers(chains))
    assert shift < 0.15 and ratio < 0.12
