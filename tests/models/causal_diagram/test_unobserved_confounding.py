"""Bounds with a hidden confounder of a given strength, E-values and robustness values."""

import numpy as np
import pandas as pd
import pytest

import causalstats as cs
from causalstats.errors import ModelError
from causalstats.models.causal_diagram.unobserved_confounding import (
    _Arms,
    bounding_factor,
    strength_of_factor,
)


def test_published_e_values():
    # VanderWeele & Ding (2017): a risk ratio of 3.9 (1.8 to 8.7) has E-values 7.26 and 3.0
    np.testing.assert_allclose(
        strength_of_factor(np.array([3.9, 1.8])), [7.26, 3.0], atol=5e-3
    )
    assert bounding_factor(7.26) == pytest.approx(3.9, abs=0.005)


def hidden_model(rng):
    """Return the parts of the bounds, the true effect, and the strength of the hidden cause."""
    u = rng.dirichlet([1.0, 1.0, 1.0])
    x = rng.uniform(0.05, 0.95, 3)  # P(x=1 | u)
    y = rng.uniform(0.05, 0.95, (2, 3))  # P(y=1 | x, u)
    given = np.array([u * (1 - x), u * x])
    share = given.sum(axis=1)
    given /= share[:, None]
    seen = np.array([y[k] @ given[k] for k in (0, 1)])
    frequency = (given[1] / given[0]).max(), (given[0] / given[1]).max()
    risk = (y.max(axis=1) / y.min(axis=1)).max()
    arms = _Arms(
        seen=(share * seen)[None],
        moved=(share[::-1] * seen)[None],
        share=share[::-1][None],
    )
    return arms, (y[1] - y[0]) @ u, max(*frequency, risk)


def test_bounds_hold_in_every_model_of_that_strength():
    rng = np.random.default_rng(1)
    narrower = 0
    for _ in range(500):
        arms, effect, strength = hidden_model(rng)
        lower, upper = arms.effect(bounding_factor(strength))
        assert lower[0] - 1e-12 <= effect <= upper[0] + 1e-12
        natural = arms.effect(np.inf)
        narrower += upper[0] - lower[0] < natural[1][0] - natural[0][0] - 1e-6
    assert narrower > 250


def test_bounds_without_limit_are_natural_and_reach_zero_at_the_factor_said():
    rng = np.random.default_rng(2)
    for _ in range(200):
        arms, _, _ = hidden_model(rng)
        lower, upper = arms.effect(np.inf)
        assert upper[0] - lower[0] == pytest.approx(1.0)  # Manski (1990)
        factor = arms.factor_at_zero()[0]
        sides = arms.effect(factor)
        if factor > 1:
            assert min(abs(sides[0][0]), abs(sides[1][0])) < 1e-9


@pytest.fixture(scope="module")
def people():
    rng = np.random.default_rng(1)
    z = rng.random(3000) < 0.5
    w = rng.random(3000) < 0.5
    x = rng.random(3000) < 0.2 + 0.4 * z + 0.2 * w
    y = rng.random(3000) < 0.1 + 0.3 * x + 0.3 * z
    return pd.DataFrame({"z": z, "w": w, "x": x, "y": y}).astype(int)


@pytest.mark.parametrize("route", ["reduced", "hierarchical"])
def test_the_table_of_a_fit(people, route):
    model = cs.CausalDiagram("z, w -> x, y; x -> y", treatment="x", route=route)
    fit = cs.fit(model, cs.Observations.from_frame(people), seed=1, progress=False)
    table = fit.sensitivity(hidden_confounder=[1.5, 2.0])
    none = table[table.used]
    effect = fit.effect("effect").numbers().iloc[0]
    assert none["mean"].tolist() == pytest.approx([effect["mean"]] * 2, abs=2e-3)
    width = table["mean"].unstack().eval("upper - lower")
    assert (np.diff(width) > -1e-12).all()
    by_meaning = table.reset_index().drop_duplicates("meaning").set_index("meaning")
    strength = by_meaning["hidden_confounder"]
    assert strength["as strong as z"] > 1.8 > strength["as strong as w"]
    assert (
        strength.filter(like="interval").iloc[0]
        < strength.filter(like="E-value").iloc[0]
    )
    tipping = table[table.meaning == "tipping point of the interval"]
    assert abs(tipping.loc[(slice(None), "lower"), "lower"].iloc[0]) < 0.01


def test_a_hidden_confounder_of_known_strength_is_covered_and_the_adjusted_interval_is_not():
    """People whose confounder is left out: the plain interval misses, the bounds hold."""
    rng = np.random.default_rng(5)
    missed = kept = 0
    for seed in range(6):
        u = rng.random(1500) < 0.5
        x = rng.random(1500) < np.where(u, 0.7, 0.35)  # twice as frequent
        y = rng.random(1500) < (0.15 + 0.1 * x) * np.where(u, 2.0, 1.0)
        truth = 0.1 * 1.5
        frame = pd.DataFrame({"x": x, "y": y}).astype(int)
        model = cs.CausalDiagram("x -> y")
        data = cs.Observations.from_frame(frame)
        fit = cs.fit(model, data, seed=seed, progress=False)
        row = fit.effect("effect").numbers().iloc[0]
        missed += not row["lower"] <= truth <= row["upper"]
        bounds = fit.sensitivity(hidden_confounder=[2.3]).loc[2.3]
        kept += bounds.loc["lower", "lower"] <= truth <= bounds.loc["upper", "upper"]
    assert missed >= 3
    assert kept == 6


def test_robustness_values_of_numbers_are_those_of_the_formula():
    rng = np.random.default_rng(3)
    age = rng.normal(size=800)
    dose = age + rng.normal(size=800)
    y = 2 * age - 0.5 * dose + rng.normal(size=800)
    frame = pd.DataFrame({"age": age, "dose": dose, "y": y})
    model = cs.CausalDiagram(
        "age -> dose, y; dose -> y", treatment="dose", route="regression"
    )
    fit = cs.fit(model, cs.Observations.from_frame(frame), seed=1, progress=False)
    table = fit.sensitivity(hidden_confounder="observed").reset_index()
    value = table[table.meaning.str.startswith("robustness")].hidden_confounder.iloc[0]
    design = np.column_stack([np.ones(800), age, dose])
    b, residual, *_ = np.linalg.lstsq(design, y, rcond=None)
    error = np.sqrt(residual[0] / 797 * np.linalg.inv(design.T @ design)[2, 2])
    f = abs(b[2] / error) / np.sqrt(797)
    expected = (np.sqrt(f**4 + 4 * f**2) - f**2) / 2  # Cinelli & Hazlett (2020), eq. 18
    assert value == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize(
    ("text", "values", "words"),
    [
        ("x -> m -> y; x <-> y", [2.0], "no adjustment"),
        ("x -> y; x <-> y", [2.0], "not identified"),
        ("x -> y", [0.5], "1 or more"),
        ("x -> y", "everything", "list of strengths"),
    ],
)
def test_what_has_no_such_bounds_is_refused(text, values, words):
    model = cs.CausalDiagram(text, treatment="x")
    data = model.simulate(1, people=60).data
    fit = cs.fit(model, data, seed=1, progress=False)
    with pytest.raises(ModelError, match=words):
        fit.sensitivity(hidden_confounder=values)


@pytest.mark.slow  # the graph of a logistic regression is compiled
def test_strengths_are_answered_by_regressions_of_numbers():
    rng = np.random.default_rng(3)
    age = rng.normal(50, 10, 300)
    drug = (rng.random(300) < 1 / (1 + np.exp((50 - age) / 10))).astype(int)
    cured = (rng.random(300) < 0.3 + 0.3 * drug).astype(int)
    frame = pd.DataFrame({"age": age, "drug": drug, "cured": cured})
    model = cs.CausalDiagram(
        "age -> drug, cured; drug -> cured", treatment="drug", route="regression"
    )
    sampler = cs.Nuts(chains=2, draws=100, tune=200)
    data = cs.Observations.from_frame(frame)
    fit = cs.fit(model, data, seed=1, sampler=sampler, progress=False)
    table = fit.sensitivity(hidden_confounder=[2.0])
    width = table["mean"].xs("upper", level="entry") - table["mean"].xs(
        "lower", level="entry"
    )
    assert width[1.0] == pytest.approx(0) and 0.1 < width[2.0] < 1
    with pytest.raises(ModelError, match="route='hierarchical'"):
        fit.sensitivity(hidden_confounder="observed")
