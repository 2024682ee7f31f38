"""Natural, path-specific and other counterfactual effects of a fitted diagram."""

import numpy as np
import pandas as pd
import pytest

import causalstats as cs
from causalstats.errors import ModelError

MEDIATION = "z -> x, m, y; x -> m -> y; x -> y"


@pytest.fixture(scope="module")
def people():
    rng = np.random.default_rng(1)
    z = rng.random(2000) < 0.5
    x = rng.random(2000) < 0.3 + 0.4 * z
    m = rng.random(2000) < 0.2 + 0.4 * x + 0.2 * z
    y = rng.random(2000) < 0.1 + 0.3 * m + 0.2 * x + 0.2 * z * m
    return pd.DataFrame({"z": z, "x": x, "m": m, "y": y}).astype(int)


@pytest.fixture(scope="module")
def by_tables(people):
    model = cs.CausalDiagram(MEDIATION, treatment="x", concentration=1e-9)
    return cs.fit(model, cs.Observations.from_frame(people), seed=1, progress=False)


def mediation_formula(people, direct, rest):
    """Return Σ P(y=1 | x=direct, m, z) P(m | x=rest, z) P(z) of the shares themselves."""
    y = people.groupby(["z", "x", "m"])["y"].mean()
    m = people.groupby(["z", "x"])["m"].mean()
    z = people["z"].mean()
    total = 0.0
    for zz in (0, 1):
        for mm in (0, 1):
            p = m[zz, rest] if mm else 1 - m[zz, rest]
            total += (z if zz else 1 - z) * p * y[zz, direct, mm]
    return total


def test_natural_effects_by_tables_are_the_mediation_formula(people, by_tables):
    mixed = mediation_formula(people, 1, 0)
    truth = {
        "natural_direct": mixed - mediation_formula(people, 0, 0),
        "natural_indirect": mediation_formula(people, 1, 1) - mixed,
    }
    for name, value in truth.items():
        effect = by_tables.effect(name)
        error = effect.draws.std() / np.sqrt(effect.draws.size)
        assert abs(effect.draws.mean() - value) < 5 * error + 1e-3
    parts = sum(by_tables.effect(name).draws for name in truth)
    np.testing.assert_allclose(parts, by_tables.effect("effect").draws, atol=1e-10)


def test_an_arrow_and_a_nested_counterfactual_ask_the_same(by_tables):
    arrow = by_tables.effect("y", do={"x": 0, "x -> y": 1}).draws
    text = by_tables.effect("P(y[x=1, m=m[x=0]]=1)").draws
    np.testing.assert_allclose(arrow, text)
    pair = by_tables.effect("y", do={"x": 0, "x -> y": [1, 0]}).draws
    np.testing.assert_allclose(pair, by_tables.effect("natural_direct").draws)


def test_the_effect_on_the_treated_in_text_is_that_of_factual(by_tables):
    text = by_tables.effect("P(y[x=0]=1 | x=1)").draws
    other = by_tables.effect("y", do={"x": 0}, factual={"x": 1}).draws
    np.testing.assert_allclose(text, other)


def test_what_has_no_formula_is_refused_and_says_why(by_tables):
    with pytest.raises(ModelError, match=r"y at two values of x in the same people"):
        cs.fit(
            cs.CausalDiagram("x -> y"),
            cs.CausalDiagram("x -> y").simulate(1, people=50).data,
            seed=1,
            progress=False,
        ).effect("P(y[x=1]=1, y[x=0]=0)")
    confounded = cs.CausalDiagram("x -> m -> y; x -> y; m <-> y", treatment="x")
    assert "natural_direct" not in confounded.estimands()


def test_an_impossible_event_has_probability_zero(by_tables):
    assert float(by_tables.effect("P(y=1, y[x=1]=0, x=1)").draws.max()) == 0


def numbers(rng, rows=400, product=0.0):
    age = rng.normal(size=rows)
    dose = age + rng.normal(size=rows)
    m = 0.5 * dose + age + rng.normal(size=rows)
    y = 2 * m - dose + age + product * dose * m + rng.normal(size=rows)
    return pd.DataFrame({"age": age, "dose": dose, "m": m, "y": y})


def linear_fit(frame):
    model = cs.CausalDiagram(
        "age -> dose, m, y; dose -> m -> y; dose -> y",
        treatment="dose",
        route="regression",
    )
    return cs.fit(model, cs.Observations.from_frame(frame), seed=1, progress=False)


def test_natural_effects_of_numbers_are_products_of_coefficients():
    frame = numbers(np.random.default_rng(2))
    fit = linear_fit(frame)
    ones = np.ones(len(frame))
    of_y = np.linalg.lstsq(
        np.column_stack([ones, frame[["age", "dose", "m"]]]), frame["y"], rcond=None
    )[0]
    of_m = np.linalg.lstsq(
        np.column_stack([ones, frame[["age", "dose"]]]), frame["m"], rcond=None
    )[0]
    direct = fit.effect("natural_direct").numbers().iloc[0]
    indirect = fit.effect("natural_indirect").numbers().iloc[0]
    assert abs(direct["mean"] - of_y[2]) < 0.02
    assert abs(indirect["mean"] - of_y[3] * of_m[2]) < 0.03
    # As wide as that of the coefficient, not that of two means
    design = np.column_stack([ones, frame[["age", "dose", "m"]]])
    residual = frame["y"] - design @ of_y
    inverse = np.linalg.inv(design.T @ design)
    error = np.sqrt(residual.var() * inverse[2, 2])
    assert 0.85 < direct["sd"] / error < 1.15


def test_a_missed_product_of_treatment_and_mediator_is_said():
    fit = linear_fit(numbers(np.random.default_rng(3), product=0.5))
    doubts = fit.effect("natural_direct").summary()["doubts"].iloc[0]
    assert "form of the regressions" in doubts
    plain = linear_fit(numbers(np.random.default_rng(3)))
    doubts = plain.effect("natural_direct").summary()["doubts"].iloc[0]
    assert "form of the regressions" not in doubts


def test_the_effect_along_each_arrow_is_written_beside_it(people, by_tables):
    draws = by_tables.draws["posterior"].to_dataset()
    texts = by_tables.model.arrow_effects(draws, by_tables.data)
    assert set(texts) == {"z -> x", "z -> m", "z -> y", "x -> m", "x -> y", "m -> y"}
    direct = by_tables.effect("natural_direct").draws.mean()
    assert texts["x -> y"].split()[0] == f"{float(direct):.2f}"
    hidden = cs.CausalDiagram("x -> y; x <-> y")
    fit = cs.fit(hidden, hidden.simulate(1, people=60).data, seed=1, progress=False)
    draws = fit.draws["posterior"].to_dataset()
    assert hidden.arrow_effects(draws, fit.data) == {"x -> y": "?"}


def test_natural_effects_through_a_logistic_mediator_are_those_of_the_mechanisms():
    rng = np.random.default_rng(4)
    age = rng.normal(size=200)
    x = (rng.random(200) < 0.5).astype(int)
    m = (rng.random(200) < 1 / (1 + np.exp(-age - x))).astype(int)
    y = age + x + m + rng.normal(size=200)
    frame = pd.DataFrame({"age": age, "x": x, "m": m, "y": y})
    model = cs.CausalDiagram(
        "age -> x, m, y; x -> m -> y; x -> y", treatment="x", route="regression"
    )
    fit = cs.fit(model, cs.Observations.from_frame(frame), seed=1, progress=False)
    mediated = (1 / (1 + np.exp(-age - 1)) - 1 / (1 + np.exp(-age))).mean()
    for name, truth in (("natural_direct", 1.0), ("natural_indirect", mediated)):
        drawn = fit.effect(name).draws
        assert abs(float(drawn.mean()) - truth) < 3.5 * float(drawn.std())
        assert float(drawn.std()) < 0.3


def test_the_event_that_a_number_has_one_value_is_refused():
    """It was answered with the mean of the number, under the name of a probability."""
    rng = np.random.default_rng(5)
    frame = pd.DataFrame(rng.normal(size=(60, 2)), columns=["dose", "pain"])
    model = cs.CausalDiagram("dose -> pain", route="regression")
    fit = cs.fit(model, cs.Observations.from_frame(frame), seed=1, progress=False)
    with pytest.raises(ModelError, match="Expected events of labels"):
        fit.effect("P(pain[dose=1]=1)")
