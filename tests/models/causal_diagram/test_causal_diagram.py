"""Effects by surgery on a diagram: exact numbers, closed forms, and refusals."""

from itertools import product

import numpy as np
import pandas as pd
import pytensor
import pytest

import causalstats as cs
from causalstats.diagrams.networks.bayesian_network import BayesianNetwork
from causalstats.models.causal_diagram.checks.implied_independences import (
    separating_set,
)
from causalstats.models.causal_diagram.table_priors import TABLE_PRIORS
from causalstats.models.causal_diagram.tables import (
    draw_tables,
    mechanism_tables,
    network_of_draws,
    prior_weights,
    reduced_form_tables,
)
from causalstats.numerics.discrete import dirichlet

FRONT_DOOR = "smoking -> tar -> cancer; smoking <-> cancer"
SMOKING = np.array(
    [0.5, 0.1, 0.01, 0.02, 0.1, 0.05, 0.02, 0.2]
)  # smoking, tar, cancer; Jacobs, Kissinger & Zanasi (2019)
STONES = "size -> treatment -> recovered; size -> recovered"
RECOVERED = {
    ("small", "A"): (81, 87),
    ("small", "B"): (234, 270),
    ("large", "A"): (192, 263),
    ("large", "B"): (55, 80),
}  # Charig et al. (1986)


def smoking(total):
    cells = pd.DataFrame(
        list(product([0, 1], repeat=3)), columns=["smoking", "tar", "cancer"]
    )
    return cs.Observations.from_frame(
        cells.assign(n=(SMOKING * total).round().astype(int)), counts="n"
    )


def stones():
    rows = [
        (*key, outcome, count)
        for key, (yes, total) in RECOVERED.items()
        for outcome, count in (("no", total - yes), ("yes", yes))
    ]
    return cs.Observations.from_frame(
        pd.DataFrame(rows, columns=["size", "treatment", "recovered", "n"]), counts="n"
    )


def within(draws, truth, error=0.0):
    """Assert that the mean of independent draws is the truth, in units of its own error.

    Parameters
    ----------
    draws : array
    truth : float
    error : float
        A difference that is allowed besides.
    """
    draws = np.asarray(draws).ravel()
    assert abs(draws.mean() - truth) < 4 * draws.std() / np.sqrt(len(draws)) + error


@pytest.fixture(scope="module")
def fit():
    return cs.fit(cs.CausalDiagram(FRONT_DOOR), smoking(1000), seed=1, progress=False)


def test_the_example_of_the_paper():
    fit = cs.fit(
        cs.CausalDiagram(cs.Diagram.parse(FRONT_DOOR)),
        smoking(1_000_000),
        seed=1,
        progress=False,
    )
    for level, truth in ((0, 0.253478), (1, 0.542297)):
        answer = fit.effect("cancer", do={"smoking": level})
        assert answer.kind == "causal"
        assert answer.name == f"P(cancer=1 | do(smoking={level}))"
        within(answer.draws, truth, 1e-5)  # of the prior
        assert answer.draws.std() < 0.002
    assert fit.effect("effect").draws.mean() == pytest.approx(0.288820, abs=1e-4)
    assert fit.effect("cancer", given={"smoking": 1}).draws.mean() == pytest.approx(
        0.675676, abs=1e-4
    )
    assert fit.effect("cancer", given={"smoking": 1}).kind == "associational"
    np.testing.assert_allclose(
        fit.effect("cancer", do={"smoking": [1, 0]}).draws, fit.effect("effect").draws
    )


def test_the_posterior_mean_of_a_back_door_answer_in_closed_form():
    """E Σ_z θ_z θ_(y|x,z) = Σ_z E θ_z E θ_(y|x,z), whatever the concentration."""
    for concentration in (1.0, 0.1, 20.0):
        model = cs.CausalDiagram(
            STONES, treatment="treatment", concentration=concentration
        )
        fit = cs.fit(model, stones(), seed=2, progress=False)
        for arm in "AB":
            size = {
                z: sum(RECOVERED[z, x][1] for x in "AB") for z in ("small", "large")
            }
            share = {
                z: (size[z] + concentration) / (700 + 2 * concentration) for z in size
            }
            mean = sum(
                share[z]
                * (RECOVERED[z, arm][0] + concentration)
                / (RECOVERED[z, arm][1] + 2 * concentration)
                for z in size
            )
            within(fit.effect("recovered", do={"treatment": arm}).draws, mean)
    large = pd.DataFrame(
        [
            (*key, y, c * 1000)
            for key, (yes, total) in RECOVERED.items()
            for y, c in ((0, total - yes), (1, yes))
        ],
        columns=["z", "x", "y", "n"],
    )
    fit = cs.fit(
        cs.CausalDiagram("z -> x -> y; z -> y", treatment="x"),
        cs.Observations.from_frame(large, counts="n"),
        seed=1,
        progress=False,
    )
    within(fit.effect("y", do={"x": "A"}).draws, 0.832546, 1e-5)
    within(fit.effect("y", do={"x": "B"}).draws, 0.778875, 1e-5)


@pytest.mark.parametrize(
    "text",
    [
        "x -> y; z -> x, y",
        "x -> m -> y; x <-> y",
        "w -> z -> x -> y; w <-> x; w <-> y",
        "x -> m -> k -> y; x <-> k; m -> y",
        "hidden: h -> x, z; z -> y; x -> y; z <-> k; k -> y",
    ],
)
def test_the_formula_gives_the_interventional_distribution_of_the_mechanisms(text):
    """With hidden variables of three levels, one number for every draw of mechanisms."""
    model = cs.CausalDiagram(
        cs.Diagram.parse(text).with_levels({"x": ("a", "b", "c")}),
        treatment="x",
        outcome="y",
        hidden_levels=3,
    )
    for seed in range(3):
        simulation = model.simulate(seed, people=50)
        table = model.estimands()["interventional"].compute(
            simulation.truth, simulation.data
        )
        levels = model.default_levels({})
        boxes = mechanism_tables(model.diagram)
        mechanisms = draw_tables(
            prior_weights(boxes, levels, 1.0, TABLE_PRIORS["cells"]),
            boxes,
            levels,
            (1, 1),
            np.random.default_rng(seed),
        )
        truth = network_of_draws(mechanisms, boxes, levels).query("y", do=["x"]).values
        np.testing.assert_allclose(table.to_numpy().ravel(), truth.ravel(), atol=1e-10)


def test_a_table_leaves_out_what_the_diagram_makes_irrelevant():
    chain, entangled = (
        cs.CausalDiagram(text, treatment="a")
        for text in ("a -> b -> c -> d", "a -> b -> c; b <-> c")
    )
    assert [table.given for table in reduced_form_tables(chain.graph)] == [
        (),
        ("a",),
        ("b",),
        ("c",),
    ]
    assert [table.given for table in reduced_form_tables(entangled.graph)] == [
        (),
        ("a",),
        ("a", "b"),
    ]


def test_prior_weights():
    table = reduced_form_tables(cs.CausalDiagram("a -> b").graph)[1]
    levels = {"a": (0, 1), "b": (0, 1, 2)}
    assert (
        prior_weights([table], levels, 2.0, TABLE_PRIORS["cells"])[table.name].tolist()
        == [[2.0] * 3] * 2
    )
    assert (
        prior_weights([table], levels, 3.0, TABLE_PRIORS["bdeu"])[table.name].tolist()
        == [[0.5] * 3] * 2
    )


def test_dirichlet_draws_where_gamma_variates_are_zero():
    rng = np.random.default_rng(1)
    weak = dirichlet.draw(np.full(3, 1e-4), (20_000,), rng)
    assert np.isfinite(weak).all()
    assert np.isclose(weak.sum(axis=-1), 1).all()
    within(weak[:, 0], 1 / 3)
    strong = dirichlet.draw(np.array([1.0, 2.0, 5.0]), (20_000,), rng)
    within(strong[:, 2], 5 / 8)
    within((strong[:, 2] - 5 / 8) ** 2, 5 * 3 / (64 * 9))


@pytest.mark.parametrize("route", ["reduced", "structural"])
def test_the_graph_has_the_posterior_of_the_definition(route):
    """log p of the graph, less Dirichlet tables and a multinomial of cells, is constant."""
    model = cs.CausalDiagram(
        FRONT_DOOR, route=route, concentration=0.7, hidden_levels=3
    )
    data = smoking(1000)
    levels = model.default_levels({})
    graph = model.build(data)
    rng = np.random.default_rng(1)
    difference = []
    log_p = pytensor.function(
        [graph.rvs_to_values[variable] for variable in graph.free_RVs],
        graph.logp(jacobian=False),
        mode="FAST_COMPILE",
        on_unused_input="ignore",
    )
    for _ in range(4):
        draws = draw_tables(
            prior_weights(model.tables, levels, 2.0, TABLE_PRIORS["cells"]),
            model.tables,
            levels,
            (1, 1),
            rng,
        )
        values = [
            draws[variable.name]
            .transpose("chain", "draw", *table_of(model, variable.name).axes)
            .to_numpy()[0, 0]
            for variable in graph.free_RVs
        ]
        prior = sum((0.7 - 1) * np.log(value).sum() for value in values)
        transformed = [
            graph.rvs_to_transforms[rv]
            .forward(value, *rv.owner.inputs)
            .eval(mode="FAST_COMPILE")
            for rv, value in zip(graph.free_RVs, values, strict=True)
        ]
        difference.append(
            log_p(*transformed) - prior - model.log_likelihood(draws, data).item()
        )
    np.testing.assert_allclose(difference, difference[0], atol=1e-6)


def table_of(model, name):
    return next(table for table in model.tables if table.name == name)


@pytest.fixture(scope="module")
def structural():
    sampler = cs.Nuts(chains=2, draws=250, tune=250, backend="jax")
    return cs.fit(
        cs.CausalDiagram(FRONT_DOOR, route="structural"),
        smoking(1000),
        seed=1,
        sampler=sampler,
        progress=False,
    )


def test_the_structural_route_nearly_agrees_with_the_reduced_form(fit, structural):
    """They are other priors: the answers differ by less than half a standard deviation."""
    ours, theirs = (
        each.effect("effect").summary().iloc[0] for each in (fit, structural)
    )
    assert abs(ours["mean"] - theirs["mean"]) < 0.5 * ours["sd"]
    assert 0.7 < theirs["sd"] / ours["sd"] < 1.4
    assert theirs["r_hat"] < 1.05
    assert structural.parameters() == ("interventional", "P(tar | smoking)")
    simulation = structural.model.simulate(1, people=50, design="prior")
    assert set(simulation.truth.data_vars) >= set(structural.parameters())
    assert np.isfinite(
        structural.model.log_likelihood(
            structural.draws["posterior"].to_dataset(), structural.data
        )
    ).all()


def test_contrasts_follow_the_order_of_levels():
    model = cs.CausalDiagram(
        cs.Diagram.parse("x -> y; x <-> z").with_levels(
            {"x": ("low", "middle", "high"), "y": ("none", "mild", "severe")}
        ),
        treatment="x",
    )
    fit = cs.fit(model, model.simulate(1, people=300).data, seed=1, progress=False)
    assert list(fit.effect("effect").summary().index)[:2] == [
        "y=none: middle against low",
        "y=mild: middle against low",
    ]
    assert len(fit.effect("effect").summary()) == 6
    assert len(fit.effect("interventional").summary()) == 9
    assert list(fit.effect("y", do={"x": "high"}).summary().index) == [
        "y=none",
        "y=mild",
        "y=severe",
    ]
    assert fit.compare().shape == (6, 5)
    two = cs.fit(
        cs.CausalDiagram(STONES, treatment="treatment"),
        stones(),
        seed=1,
        progress=False,
    )
    np.testing.assert_allclose(
        two.effect("recovered", do={"treatment": ["B", "A"]}).draws,
        two.effect("effect").draws,
    )


def test_confounding_is_the_association_less_the_effect(fit):
    parts = [
        fit.effect(name).draws for name in ("association", "effect", "confounding")
    ]
    np.testing.assert_allclose(parts[0] - parts[1], parts[2], atol=1e-12)
    assert fit.effect("association").kind == "associational"


def test_a_conditional_effect_is_the_front_door_formula_within_a_stratum(fit):
    """P(c | do(s), t) = Σ_s' P(s') P(c | s', t)."""
    answer = fit.effect("cancer", do={"smoking": 1}, given={"tar": 0}).draws.mean()
    assert float(answer) == pytest.approx(0.63 * 0.166667 + 0.37 * 0.333333, abs=0.01)


def test_sensitivity_and_comparison(fit):
    table = fit.sensitivity(concentration=[0.5, 100.0])
    assert table["mean"].iloc[-1] < table["mean"].iloc[0]
    assert table["used"].sum() == 1
    compared = fit.compare()["mean"]
    assert compared["unadjusted"] == pytest.approx(0.675676 - 0.190476, abs=0.02)
    assert list(compared.index)[-1] == "adjusted for all observed"


def test_sensitivity_names_the_checks_that_other_values_fail():
    rng = np.random.default_rng(1)
    z = rng.integers(0, 2, 2000)
    x = (rng.random(2000) < 0.3 + 0.4 * z).astype(int)
    y = (rng.random(2000) < 0.2 + 0.2 * x + 0.3 * z).astype(int)
    data = cs.Observations.from_frame(pd.DataFrame({"z": z, "x": x, "y": y}))
    model = cs.CausalDiagram("z -> x; x, z -> y", treatment="x", outcome="y")
    fit = cs.fit(model, data, seed=1, progress=False)
    table = fit.sensitivity(diagram=["z -> x; x -> y"])
    own, chain = table["failed"]
    assert own == ""
    assert "independences of the diagram" in chain.split("; ")
    assert table["healthy"].all()


def test_checks(fit):
    passed = {check.name: check.passed for check in fit.check()}
    assert passed.pop("independences of the diagram") is None  # there are none
    assert passed.pop("no common factor of the counts") is None  # shares of a textbook
    assert len(passed) > 2
    assert all(passed.values())
    names = ["smoking", "tar", "cancer"]
    few = cs.Observations.from_frame(
        pd.DataFrame(fit.data.codes, columns=names).assign(
            n=[0 if (t, s) == (1, 0) else 50 for s, t, _ in fit.data.codes]
        ),
        counts="n",
    )
    sparse = cs.fit(fit.model, few, seed=1, progress=False)
    checks = {check.name: check for check in sparse.check()}
    assert checks["positivity"].passed is False
    assert "smoking=0, tar=1" in checks["positivity"].finding
    strong = cs.fit(cs.CausalDiagram(FRONT_DOOR, concentration=200), fit.data, seed=1)
    assert {check.name: check.passed for check in strong.check()}[
        "weight of the prior"
    ] is False


def test_a_missing_arrow_fails_the_test_of_independence():
    right = cs.CausalDiagram("z -> x -> y")
    data = (
        cs.CausalDiagram("z -> x -> y; z -> y", treatment="x")
        .simulate(4, people=2000)
        .data
    )
    assert separating_set(right.graph, "z", "y") == ("x",)
    assert (
        separating_set(cs.CausalDiagram(FRONT_DOOR).graph, "smoking", "cancer") is None
    )
    assert {check.name: check.passed for check in right.data_checks(data)}[
        "independences of the diagram"
    ] is False


def test_pictures_report_and_store(fit, tmp_path):
    for name in (
        "surgery",
        "diagram",
        "effect",
        "interventional",
        "comparison",
        "shares of cells",
    ):
        assert fit.plot(name).axes
    path = fit.report(tmp_path / "smoking.html", sensitivity={"concentration": [0.5]})
    page = path.read_text()
    assert "How the answer follows" in page
    assert "P(cancer | do(smoking)) = Σ_tar" in page
    assert "front-door" in page
    model = cs.CausalDiagram(
        fit.model.diagram.with_levels({"tar": (0, 1, 2)}),
        hidden_levels={"u_cancer_smoking": 3},
    )
    other = cs.fit(model, fit.data, seed=1, progress=False)
    again = cs.load(other.save(tmp_path / "fit.nc"))
    assert again.model == model
    assert again.data.fingerprint == fit.data.fingerprint
    np.testing.assert_allclose(
        again.effect("effect").draws, other.effect("effect").draws
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"diagram": "a -> b -> a"}, "without cycles, got a -> b -> a"),
        ({"diagram": 3}, "a `Diagram` or its text such as"),
        (
            {"diagram": cs.Diagram.parse("a -> b").open("a")},
            "Expected the diagram of a causal model",
        ),
        (
            {"diagram": "a -> b; a -> c"},
            "told the outcome.*no observed effect: b, c. Say outcome='c'",
        ),
        ({"diagram": "a; b"}, "no variable has observed causes"),
        ({"diagram": "a -> c; b -> c"}, "told the treatment.*no observed cause: a, b"),
        (
            {"diagram": "a -> b", "outcome": "a", "treatment": "a"},
            "two variables, got 'a' for both",
        ),
        ({"diagram": "a -> b", "outcome": "bb"}, "Did you mean 'b'"),
        ({"diagram": "hidden: h; h -> a -> b", "treatment": "h"}, "'h' is hidden"),
        (
            {"diagram": "a -> b", "route": "best"},
            "'reduced', 'hierarchical', 'structural', 'regression' or 'instrument'",
        ),
        ({"diagram": "a -> b", "prior": "flat"}, "'cells' or 'bdeu'"),
        ({"diagram": "a -> b", "monotone": "ab"}, "list of `Monotone` or pairs"),
        ({"diagram": "a -> b", "basis_size": 0}, "whole number from 1"),
        ({"diagram": "a -> b", "interactions": "all"}, "'none' or 'pairs'"),
        ({"diagram": "a -> b", "concentration": 0}, "a positive number"),
        ({"diagram": "a -> b", "hidden_levels": 1}, "whole number from 2"),
        ({"diagram": "a -> b", "hidden_levels": {"a": 2}}, "hidden variables"),
        ({"diagram": "chain -> b"}, "other than chain and draw"),
        ({"diagram": '"a/b" -> b'}, "without '/'"),
    ],
)
def test_assumptions_that_are_refused(options, message):
    with pytest.raises(cs.ModelError, match=message):
        cs.CausalDiagram(**options)


@pytest.mark.parametrize(
    ("text", "levels", "message"),
    [
        (
            "smoking -> tar -> cancer; hidden: tar",
            {},
            "hidden in the diagram and observed in the data",
        ),
        ("smoking -> cancer", {}, "The data have 'tar', and the diagram does not"),
        (
            "smoking -> tar -> cancer; age -> cancer",
            {},
            "The diagram observes 'age', and the data do not",
        ),
        (
            FRONT_DOOR,
            {"tar": ("no", "yes")},
            "level 0 in the data, and the diagram has 'no', 'yes' alone",
        ),
        (
            FRONT_DOOR,
            {"tar": ("0", "1"), "smoking": 30_000, "cancer": 10_000},
            "cannot be held. Join levels",
        ),
    ],
)
def test_data_that_are_refused(text, levels, message):
    model = cs.CausalDiagram(
        cs.Diagram.parse(text).with_levels(levels),
        treatment="smoking",
        outcome="cancer",
    )
    with pytest.raises((cs.ModelError, cs.DataError), match=message):
        cs.fit(model, smoking(1000), seed=1, progress=False)


@pytest.mark.parametrize(
    ("name", "question", "message"),
    [
        (
            "cancer",
            {"do": {"smoking": 2}},
            "Expected a level of 'smoking' \\(0, 1\\), got 2",
        ),
        ("cancer", {"do": {"smokin": 1}}, "observed variables of the diagram"),
        ("cancer", {"do": {"cancer": 1}}, "each variable in one place"),
        (
            "cancer",
            {"do": {"smoking": 1}, "given": {"smoking": 1}},
            "each variable in one place",
        ),
        (
            "cancer",
            {"do": {"smoking": [0, 1, 1]}},
            "one value to set .smoking. to, or two whose answers are compared",
        ),
        ("canser", {}, "no effect 'canser'"),
        (
            "cancer",
            {"do": {"smoking": 1}, "factual": {"tar": 1}},
            "at two values of smoking in the same people",
        ),
        (
            "cancer",
            {"do": {"smoking": 1}, "given": {"tar": 1}, "factual": {"smoking": 1}},
            "with `do` and `factual` alone",
        ),
        ("effect", {"by": "tar"}, "no other value|not about people"),
    ],
)
def test_questions_that_are_refused(fit, name, question, message):
    with pytest.raises(cs.ModelError, match=message):
        fit.effect(name, **question)


def test_other_models_have_no_do():
    simulation = cs.PanelDML().simulate(1, units=20, times=3)
    with pytest.raises(cs.ModelError, match="questions to a causal diagram"):
        cs.Fit(
            model=cs.PanelDML(),
            data=simulation.data,
            draws=None,
            sampler=cs.Auto(),
            seed=1,
            provenance={},
        ).effect("y", do={"d": 1})


def test_one_level_and_too_many_draws_are_refused():
    data = cs.Observations.from_frame(pd.DataFrame({"x": [1, 1], "y": [0, 1]}))
    with pytest.raises(cs.ModelError, match="at least two levels of 'x', got 1 alone"):
        cs.fit(cs.CausalDiagram("x -> y"), data, seed=1, progress=False)
    many = cs.CausalDiagram(
        cs.Diagram.parse("x -> y").with_levels({"x": 1000, "y": 50})
    )
    with pytest.raises(cs.ModelError, match="Take fewer"):
        cs.fit(
            many,
            cs.Observations.from_frame(pd.DataFrame({"x": [0, 1], "y": [0, 1]})),
            seed=1,
            progress=False,
        )
    assert isinstance(
        network_of_draws(
            many.simulate(1, people=5).truth, many.tables, many.default_levels({})
        ),
        BayesianNetwork,
    )
