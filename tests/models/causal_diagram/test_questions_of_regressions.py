"""Questions of several worlds, variables and people by regressions give what tables give.

The frame has every cell of six labels with its exact share of two million people, so that both
routes answer with the truth; that of tables is the formula itself.
"""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

import causalstats as cs
from causalstats.errors import ModelError
from causalstats.models.causal_diagram.counterfactual_query import text_question
from causalstats.models.causal_diagram.regression.conditionals.hierarchical import (
    kernel_data,
)
from causalstats.models.causal_diagram.regression.counterfactuals import (
    regression_counterfactual,
)
from causalstats.models.causal_diagram.regression.g_formula import SimulationOrder, Step
from causalstats.models.causal_diagram.regression.queries import divided_by
from causalstats.models.causal_diagram.tables import Table

DIAGRAM = "z0, z1 -> x, m, w, y; x -> m -> y; x -> w -> y; x -> y; m -> w"
MATERIAL_DIFFERENCE = 0.004

treat_old = cs.Policy({0: 0, 1: 1}, reads="z0")
unlike_x = cs.Policy({0: 1, 1: 0}, reads="x")
unlike_m = cs.Policy({0: 1, 1: 0}, reads="m")
often = cs.Policy({0: 0.3, 1: 0.7})
by_two = cs.Policy({(0, 0): 0, (0, 1): 1, (1, 0): 1, (1, 1): 0}, reads=["m", "z1"])

QUESTIONS = {
    "natural direct effect": ("natural_direct", {}),
    "controlled direct effect": ("y", {"do": {"x": [1, 0], "m": 0}}),
    "controlled direct effect in a group": (
        "y",
        {"do": {"x": [1, 0], "m": 0}, "given": {"z0": 1}},
    ),
    "three variables": ("y", {"do": {"x": 1, "m": 1, "w": 0}}),
    "group of what the treatment acts on": (
        "y",
        {"do": {"x": [1, 0]}, "given": {"w": 1, "z0": 0}},
    ),
    "two variables among the treated": (
        "y",
        {"do": {"x": [1, 0], "m": 1}, "factual": {"x": 1}},
    ),
    "policies of confounder and treatment": (
        "y",
        {"do": {"x": [treat_old, 0], "m": [unlike_x, 0]}},
    ),
    "policy that reads what another acts on": (
        "y",
        {"do": {"x": [1, 0], "w": [unlike_m, 0]}},
    ),
    "policies by chance and of two variables": (
        "y",
        {"do": {"x": [often, 0], "w": [by_two, 1]}},
    ),
    "treated in a group": ("P(y[x=0]=1 | x=1, z0=1)", {}),
    "nested among the treated": ("P(y[x=1, m=m[x=0]]=1 | x=1)", {}),
    "path among the treated": (
        "y",
        {"do": {"x": 0, "x -> y": [1, 0]}, "factual": {"x": 1}},
    ),
    "two events": ("P(y[x=1]=1, m[x=1]=1)", {}),
    "three events in a group": ("P(y[x=1]=1, m[x=1]=1, w[x=1]=0 | z0=1)", {}),
    "cause given effect": ("P(m[x=1]=1 | y[x=1]=1)", {}),
    "what was seen given another world": ("P(x=1 | y[x=1]=1)", {}),
}


@pytest.fixture(scope="module")
def fits():
    names = ["z0", "z1", "x", "m", "w", "y"]
    cells = np.array(list(product([0, 1], repeat=6)))
    z0, z1, x, m, w, y = cells.T
    score = 0.9 * (z0 - 0.5) + 0.6 * (z1 - 0.5)
    risks = {
        "x": (x, expit(score)),
        "m": (m, expit(-0.5 + 1.2 * x + score)),
        "w": (w, expit(0.4 - x + m + 0.5 * score)),
        "y": (y, expit(-0.8 + 0.7 * x + m + 0.8 * w + score + 0.6 * x * m)),
    }
    share = np.full(len(cells), 0.25)
    for value, risk in risks.values():
        share = share * np.where(value == 1, risk, 1 - risk)
    counts = np.round(2e6 * share).astype(int)
    frame = pd.DataFrame(cells, columns=names).assign(n=counts)
    data = cs.Observations.from_frame(frame, counts="n")

    def fit(route):
        model = cs.CausalDiagram(DIAGRAM, treatment="x", outcome="y", route=route)
        sampler = cs.Exact(chains=2, draws=25)
        return cs.fit(model, data, sampler=sampler, seed=1, progress=False)

    return fit("reduced"), fit("hierarchical")


@pytest.mark.parametrize("name", QUESTIONS)
def test_regressions_answer_as_tables_do(fits, name):
    question, arguments = QUESTIONS[name]
    by_tables, by_regressions = (fit.effect(question, **arguments) for fit in fits)
    assert "regressions" in by_regressions.description
    difference = by_tables.draws.mean() - by_regressions.draws.mean()
    assert abs(float(difference)) < MATERIAL_DIFFERENCE


def linear_frame(rows, seed):
    rng = np.random.default_rng(seed)
    z = rng.normal(size=rows)
    a = z + rng.normal(size=rows)
    s = 0.5 * a + z + rng.normal(size=rows)
    b = s + rng.normal(size=rows)
    y = 0.3 * a + s - 0.8 * b + z + rng.normal(size=rows)
    return pd.DataFrame({"z": z, "a": a, "s": s, "b": b, "y": y})


@pytest.fixture(scope="module")
def fit_of_numbers():
    model = cs.CausalDiagram(
        "z -> a, s, y; a -> s -> b -> y; a -> y; s -> y",
        treatment="a",
        outcome="y",
        route="regression",
    )
    data = cs.Observations.from_frame(linear_frame(2000, 1))
    sampler = cs.Exact(chains=2, draws=100)
    return cs.fit(model, data, sampler=sampler, seed=1, progress=False)


@pytest.mark.parametrize(
    ("do", "truth"),
    [
        ({"a": [1, 0], "b": 0}, 0.3 + 0.5),
        ({"a": [1, 0], "b": [1, 0]}, 0.3 + 0.5 - 0.8),
        ({"a": [1, 0], "b": cs.Policy(lambda s: s, reads="s")}, 0.3 + 0.5 * 0.2),
    ],
    ids=["controlled", "both", "regime"],
)
def test_interventions_on_several_numbers(fit_of_numbers, do, truth):
    answer = fit_of_numbers.effect("y", do=do).numbers().iloc[0]
    assert abs(answer["mean"] - truth) < 4 * answer["sd"]


def test_effect_on_the_treated_through_a_front_door():
    """It was 0: the mediator came from the rows, whatever the treatment was set to."""
    rng = np.random.default_rng(1)
    u = rng.normal(size=2000)
    x = (rng.random(2000) < expit(u)).astype(int)
    m = x + rng.normal(size=2000)
    frame = pd.DataFrame({"x": x, "m": m, "y": m + 1.5 * u + rng.normal(size=2000)})
    model = cs.CausalDiagram(
        "x -> m -> y; x <-> y", treatment="x", outcome="y", route="regression"
    )
    fit = cs.fit(model, cs.Observations.from_frame(frame), seed=1, progress=False)
    treated = fit.effect("y", do={"x": [1, 0]}, factual={"x": 1}).numbers().iloc[0]
    assert abs(treated["mean"] - 1) < 4 * treated["sd"]
    untreated = fit.effect("y", do={"x": 0}, factual={"x": 1}).numbers().iloc[0]
    assert abs(untreated["mean"] - (frame["y"][x == 1].mean() - 1)) < 0.2


def test_nobody_in_the_group():
    frame = pd.DataFrame({"z": [0, 1, 0, 1] * 5, "x": [0, 1, 0, 1] * 5})
    frame = frame.assign(m=[0, 1, 1, 1] * 5, y=[0, 1, 1, 0] * 5)
    model = cs.CausalDiagram(
        "z -> x, m, y; x -> m -> y; x -> y", treatment="x", route="hierarchical"
    )
    data = cs.Observations.from_frame(frame)
    question = text_question(model, "P(y[x=0]=1 | x=1, z=0)", data)
    with pytest.raises(ModelError, match="Nobody in the data has"):
        regression_counterfactual(model, question, data)


def test_regressions_of_a_group_do_not_shrink_it(fits):
    """Its coefficients have wide priors: a group whose effect is another one covered .8 of 10."""
    model = fits[1].model
    table = Table("y", ("z0", "z1", "x"))
    order = SimulationOrder((), (Step("y", table, table.given),))
    everybody = divided_by(model, order, ("x",), fits[1].data)
    assert everybody == order
    group = divided_by(model, order, ("x", "z0"), fits[1].data)
    assert group.tables[0].name == "P(y | z0, z1, x), by z0"
    rows = kernel_data(
        fits[1].data, group.tables[0], "x", model.levels(fits[1].data), 1
    )
    assert rows.products_of_moderators == (("z0",), ("z0", "x"))
    answer = fits[1].effect("y", do={"x": [1, 0]}, given={"z0": 1})
    by_tables = fits[0].effect("y", do={"x": [1, 0]}, given={"z0": 1})
    assert abs(float(answer.draws.mean() - by_tables.draws.mean())) < 0.004


def test_a_caution_of_the_fit_is_said_once():
    rng = np.random.default_rng(3)
    z, v, w = rng.normal(size=(3, 200))
    x = (rng.random(200) < expit(z + v + w)).astype(int)
    m = (rng.random(200) < expit(x + z - 0.5)).astype(int)
    y = (rng.random(200) < expit(x + m - 1)).astype(int)
    frame = pd.DataFrame({"z": z, "v": v, "w": w, "x": x, "m": m, "y": y})
    model = cs.CausalDiagram(
        "z, v, w -> x, m, y; x -> m -> y; x -> y",
        treatment="x",
        route="hierarchical",
    )
    data = cs.Observations.from_frame(frame)
    sampler = cs.Exact(chains=2, draws=25)
    fit = cs.fit(model, data, sampler=sampler, seed=1, progress=False)
    answer = fit.effect("y", do={"x": [1, 0]}, given={"m": 1})
    names = [check.name for check in answer.doubts]
    assert names.count("dense interactions") == 1
