"""Bounds of effects that are not identified, effects on the treated, probabilities of causation.

Answers are held against published numbers and closed forms.
"""

from dataclasses import replace
from itertools import product

import numpy as np
import pandas as pd
import pytest

import causalstats as cs
from causalstats.diagrams import EffectBounds
from causalstats.models.causal_diagram.bounds import partial_identification

TRIAL = "assigned -> taken -> lowered; taken <-> lowered"


def trial(counts):
    cells = pd.DataFrame(
        list(product([0, 1], repeat=3)), columns=["assigned", "taken", "lowered"]
    ).assign(n=counts)
    return cs.Observations.from_frame(cells, counts="n")


@pytest.fixture(scope="module")
def fit():
    """The example of Jacobs, Kissinger & Zanasi (2019)."""
    cells = pd.DataFrame(
        list(product([0, 1], repeat=3)), columns=["smoking", "tar", "cancer"]
    )
    data = cs.Observations.from_frame(
        cells.assign(n=[500, 100, 10, 20, 100, 50, 20, 200]), counts="n"
    )
    return cs.fit(
        cs.CausalDiagram("smoking -> tar -> cancer; smoking <-> cancer"),
        data,
        seed=1,
        progress=False,
    )


@pytest.fixture(scope="module")
def bounded():
    """The published proportions of Balke & Pearl (1997), of two million men."""
    men = trial(np.array([919, 81, 0, 0, 315, 73, 139, 473]) * 1000)
    return cs.fit(
        cs.CausalDiagram(TRIAL, treatment="taken"),
        men,
        seed=1,
        sampler=cs.Exact(chains=2, draws=200),
        progress=False,
    )


def test_an_effect_that_is_not_identified_has_bounds(bounded):
    assert bounded.model.headline == "bounds"
    np.testing.assert_allclose(
        bounded.effect("bounds").summary()["mean"], [0.392, 0.780], atol=1e-3
    )
    np.testing.assert_allclose(
        bounded.bounds("lowered", do={"taken": [1, 0]}).draws,
        bounded.effect("bounds").draws,
    )
    with pytest.raises(
        cs.ModelError,
        match=r"P\(lowered \| do\(taken\)\) is not identified.*"
        r"Hidden causes \(taken <-> lowered\).*fit.bounds",
    ):
        bounded.effect("lowered", do={"taken": 1})
    with pytest.raises(
        cs.ModelError,
        match=r"no effect 'effect': P\(lowered \| do\(taken\)\) is not identified\. "
        r"Hidden causes \(taken <-> lowered\).* There are: bounds, association\.",
    ):
        bounded.effect("effect")
    assert bounded.model.derivation()[0] == "P(lowered | do(taken)) is not identified."
    assert "prior_dependent" not in bounded.model.estimands()
    assert bounded.compare().shape == (2, 5)
    monotone = cs.fit(
        replace(bounded.model, monotone=[("taken", "lowered")]),
        bounded.data,
        seed=1,
        sampler=bounded.sampler,
        progress=False,
    )
    assert monotone.effect("bounds").draws[..., 0].mean() > 0.4
    assert monotone.model.monotone == (cs.Monotone("taken", "lowered"),)


def test_bounds_without_an_instrument_are_those_of_manski(fit):
    """Without an instrument: P(y, x) and P(y, x) + P(not x)."""
    data = cs.Observations.from_frame(
        pd.DataFrame(
            {
                "x": [0, 0, 1, 1],
                "y": [0, 1, 0, 1],
                "n": [400_000, 100_000, 200_000, 300_000],
            }
        ),
        counts="n",
    )
    bow = cs.fit(
        cs.CausalDiagram("x -> y; x <-> y"),
        data,
        seed=1,
        sampler=cs.Exact(chains=1, draws=100),
        progress=False,
    )
    np.testing.assert_allclose(
        bow.bounds("y", do={"x": 1}).summary()["mean"], [0.3, 0.8], atol=5e-3
    )
    both = fit.bounds("cancer", do={"smoking": 1})
    np.testing.assert_allclose(both.draws[..., 0], both.draws[..., 1])


def test_bounds_within_strata_are_those_of_manski():
    """Manski's bounds within each stratum, P(y, x | z) and P(y, x | z) + P(not x | z).

    The hidden cause acts on treatment and outcome alone.
    """
    table = pd.DataFrame(
        list(product([0, 1], repeat=3)), columns=["z", "x", "y"]
    ).assign(n=np.array([70, 30, 20, 80, 15, 45, 60, 40]) * 5_000)
    model = cs.CausalDiagram("z -> x -> y; z -> y; x <-> y", treatment="x")
    fit = cs.fit(
        model,
        cs.Observations.from_frame(table, counts="n"),
        seed=1,
        sampler=cs.Exact(chains=2, draws=50),
        progress=False,
    )
    for z, expected in ((0, [80 / 200, 180 / 200]), (1, [40 / 160, 100 / 160])):
        answer = fit.bounds("y", do={"x": 1}, given={"z": z})
        assert answer.name == f"bounds of P(y=1 | do(x=1), z={z})"
        np.testing.assert_allclose(answer.summary()["mean"], expected, atol=5e-3)
    both = fit.bounds("y", do={"x": [1, 0]}, given={"z": 0}).summary()["mean"]
    np.testing.assert_allclose(both, [0.4 - (0.15 + 0.5), 0.9 - 0.15], atol=5e-3)
    moved = fit.bounds(
        "z", do={"x": 1}, given={"y": 1}
    )  # of 80 to 180 with z = 0, and 40 to 100 with z = 1
    np.testing.assert_allclose(
        moved.summary()["mean"], [40 / (40 + 180), 100 / (100 + 80)], atol=5e-3
    )
    apart = fit.bounds("z", do={"x": [1, 0]}, given={"y": 1})
    other = fit.bounds("z", do={"x": 0}, given={"y": 1})
    np.testing.assert_allclose(
        apart.draws[..., 0], moved.draws[..., 0] - other.draws[..., 1]
    )
    np.testing.assert_allclose(
        apart.draws[..., 1], moved.draws[..., 1] - other.draws[..., 0]
    )
    assert "bounded one by one" in apart.description
    assert "bounded one by one" not in moved.description
    for given in ({"x": 0}, {"y": 1}):
        with pytest.raises(cs.ModelError):
            fit.bounds("y", do={"x": 1}, given=given)


def test_the_effect_on_the_treated_is_the_formula_or_its_bounds(fit, bounded):
    """Σ_t P(t | s) P(c | s', t) of the example of the paper.

    In the trial it is nearly identified, since nobody in one arm had the drug.
    """
    answer = fit.effect("cancer", do={"smoking": 0}, factual={"smoking": 1})
    assert answer.name == "P(cancer=1 had smoking been 0 | smoking=1)"
    assert abs(answer.draws.mean() - 0.360750) < 3 * answer.draws.std()
    with pytest.raises(cs.ModelError, match="is not identified; ask for its bounds"):
        bounded.effect("lowered", do={"taken": 0}, factual={"taken": 1})
    sides = bounded.bounds("lowered", do={"taken": 0}, factual={"taken": 1}).summary()[
        "mean"
    ]
    # The fall in the placebo arm, less that without the drug in the other.
    untreated = (0.081 - 0.073) / 0.612
    np.testing.assert_allclose(sides, untreated, atol=0.01)


def test_probabilities_of_causation_are_those_of_tian_and_pearl():
    """Tian & Pearl (2000) where nothing confounds, with p0 and p1 the risks of the two arms.

    From p1 - p0 to min(p1, 1 - p0), over 1, p1 and 1 - p0; the lower ends where nobody is harmed.
    """
    half = np.array([80, 20, 40, 60, 30, 70]) * 5_000  # p0 = .2, p1 = .6
    table = pd.DataFrame(list(product([0, 1, 2], [0, 1])), columns=["x", "y"]).assign(
        n=half
    )
    two = cs.Observations.from_frame(table[table["x"] < 2], counts="n")
    sampler = cs.Exact(chains=2, draws=50)
    fit = cs.fit(
        cs.CausalDiagram("x -> y"), two, seed=1, sampler=sampler, progress=False
    )
    answer = fit.bounds("y", cause="x")
    assert answer.name == "bounds of x=1 as the cause of y=1"
    assert list(answer.summary().index[:2]) == [
        "necessary and sufficient: lower",
        "necessary and sufficient: upper",
    ]
    np.testing.assert_allclose(
        answer.summary()["mean"], [0.4, 0.6, 2 / 3, 1, 0.5, 0.75], atol=5e-3
    )
    monotone = cs.fit(
        cs.CausalDiagram("x -> y", monotone=[("x", "y")]),
        two,
        seed=1,
        sampler=sampler,
        progress=False,
    )
    np.testing.assert_allclose(
        monotone.bounds("y", cause="x").summary()["mean"],
        np.repeat([0.4, 2 / 3, 0.5], 2),
        atol=5e-3,
    )
    three = cs.fit(
        cs.CausalDiagram("x -> y"),
        cs.Observations.from_frame(table, counts="n"),
        seed=1,
        sampler=sampler,
        progress=False,
    )
    np.testing.assert_allclose(
        three.bounds("y", cause={"x": (0, 1)}).summary()["mean"],
        answer.summary()["mean"],
        atol=5e-3,
    )
    for ask, message in [
        (
            lambda: three.bounds("y", cause="x"),
            r"absence and the presence of 'x', such as cause={'x': \(0, 1\)}",
        ),
        (
            lambda: three.bounds("y", cause={"x": (1, 1)}),
            "absence and the presence of 'x'",
        ),
        (
            lambda: three.bounds("y", cause=["x"]),
            "`cause` as None, a name or a mapping",
        ),
        (lambda: three.bounds("y", cause="z"), "'z'"),
        (lambda: three.bounds("y", cause="y"), "'y'"),
        (lambda: three.bounds("z", do={"x": 1}), "'z'"),
        (lambda: three.bounds("y", do={"z": 1}), "'z'"),
        (lambda: three.bounds("y", do={"x": 1}, given={"z": 1}), "'z'"),
        (lambda: three.bounds("y"), "Expected `do`"),
        (lambda: three.bounds("y", do={"x": 1}, cause="x"), "or else `cause`"),
    ]:
        with pytest.raises(cs.ModelError, match=message):
            ask()


def test_data_that_violate_the_instrumental_inequalities_are_refused():
    """The instrument would have to act on the outcome itself."""
    men = trial(np.array([900, 100, 0, 0, 100, 900, 0, 0]) + 1)
    model = cs.CausalDiagram(TRIAL, treatment="taken")
    assert {check.name: check.passed for check in model.data_checks(men)}[
        "possible under the diagram"
    ] is False
    with pytest.raises(cs.ModelError, match="No model of the diagram"):
        cs.fit(
            model,
            trial(np.array([90_000, 10_000, 1, 1, 10_000, 90_000, 1, 1])),
            seed=1,
            progress=False,
        ).effect("bounds")


def test_too_many_response_types_give_outer_bounds_with_a_caution():
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({name: rng.integers(0, 4, 50) for name in "wxyz"})
    model = cs.CausalDiagram(
        "w -> x -> y; w -> y; x -> z -> y; w <-> x; x <-> y; y <-> z; w <-> y",
        outcome="y",
        treatment="x",
    )
    fit = cs.fit(model, cs.Observations.from_frame(frame), seed=1, progress=False)
    bounds = fit.bounds("y", do={"x": 1})
    assert "outer bounds: Natural bounds" in repr(bounds)
    assert "Join levels" in repr(fit)
    check = next(
        check for check in fit.check() if check.name == "possible under the diagram"
    )
    assert check.passed is None
    assert "Join levels" in check.remedy
    assert fit.plot("diagram").axes
    assert fit.plot("comparison").axes


def test_large_linear_programs_are_solved_for_fewer_draws(monkeypatch):
    frame = pd.DataFrame(
        np.random.default_rng(3).integers(0, 2, (60, 3)), columns=list("xyz")
    )
    many, few = (
        cs.fit(
            cs.CausalDiagram("x -> y -> z; x <-> y", outcome="y", treatment="x"),
            cs.Observations.from_frame(frame),
            seed=1,
            progress=False,
        )
        for _ in range(2)
    )
    asked = [
        {"do": {"x": 1}},
        {"do": {"x": [1, 0]}},
        {"do": {"x": [1, 0]}, "given": {"z": 1}},
        {"do": {"x": 1}, "factual": {"x": 0}},
        {"cause": "x"},
    ]
    whole = [many.bounds("y", **question) for question in asked]
    monkeypatch.setattr(partial_identification, "_MOST_ENTRIES_OF_ALL_DRAWS", 1)
    for question, answer in zip(asked, whole, strict=True):
        thinned = few.bounds("y", **question)
        assert (
            answer.draws.sizes["chain"],
            answer.draws.sizes["draw"],
            thinned.draws.sizes["draw"],
        ) == (4, 250, 13)
        np.testing.assert_allclose(thinned.draws, answer.draws[:, ::20], atol=0.03)


def test_both_bounds_of_an_identified_conditional_effect_are_the_effect():
    """By its own formula: draws obey the equalities that the diagram implies only nearly."""
    frame = pd.DataFrame(
        np.random.default_rng(4).integers(0, 3, (60, 4)), columns=list("awxy")
    )
    model = cs.CausalDiagram(
        "w -> x; a -> y; x -> y; a <-> x; a <-> y", outcome="y", treatment="w"
    )
    fit = cs.fit(model, cs.Observations.from_frame(frame), seed=1, progress=False)
    bounds, effect = (
        ask("y", do={"w": 2}, given={"a": 1}) for ask in (fit.bounds, fit.effect)
    )
    sides = bounds.draws.to_numpy().reshape(4, 250, 3, 2)
    np.testing.assert_allclose(sides[..., 0], sides[..., 1])
    np.testing.assert_allclose(sides[..., 0], effect.draws[:, ::4], atol=1e-12)


def test_a_treatment_that_acts_on_nothing_has_the_effect_zero():
    rng = np.random.default_rng(2)
    frame = pd.DataFrame({name: rng.integers(0, 2, 60) for name in "xyz"})
    fit = cs.fit(
        cs.CausalDiagram("x -> z; y", outcome="y", treatment="x"),
        cs.Observations.from_frame(frame),
        seed=1,
        progress=False,
    )
    assert next(check for check in fit.check() if check.name == "positivity").passed
    assert (fit.effect("effect").draws == 0).all()
    both = fit.bounds("y", do={"x": 1}, given={"z": 0})
    np.testing.assert_allclose(both.draws[..., 0], both.draws[..., 1])
    np.testing.assert_allclose(
        both.summary()["mean"],
        fit.effect("y", do={"x": 1}, given={"z": 0}).summary()["mean"].iloc[0],
        atol=0.01,
    )


def test_the_structural_route_names_an_effect_that_its_prior_decides():
    model = cs.CausalDiagram(TRIAL, treatment="taken", route="structural")
    simulation = model.simulate(1, people=50)
    assert list(model.estimands()) == ["bounds", "association", "prior_dependent"]
    assert model.parameters(simulation.data)[0] == "prior_dependent"
    value = model.estimands()["prior_dependent"].compute(
        simulation.truth, simulation.data
    )
    low, high = (
        model.estimands()["bounds"]
        .compute(simulation.truth, simulation.data)
        .to_numpy()
        .ravel()
    )
    assert low - 1e-9 <= value.item() <= high + 1e-9
    assert high - low > 0.01


def test_bounds_from_thin_tables_say_that_the_prior_decides_them():
    """A rare outcome among 64 cells: the share with both is two in a hundred, and not five."""
    rng = np.random.default_rng(9)
    names = [f"w{k}" for k in range(5)]

    def doubts(columns, rows):
        frame = pd.DataFrame(rng.integers(0, 2, (rows, 5)), columns=names)[columns]
        frame["x"] = rng.integers(0, 2, rows)
        frame["y"] = (rng.random(rows) < 0.04).astype(int)
        model = cs.CausalDiagram(
            f"{', '.join(columns)} -> x, y; x -> y; x <-> y", treatment="x", outcome="y"
        )
        data = cs.Observations.from_frame(frame)
        fit = cs.fit(model, data, sampler=cs.Exact(draws=100), seed=1, progress=False)
        answers = (
            fit.effect(),
            fit.bounds("y", do={"x": 1}),
            fit.bounds("y", cause="x"),
        )
        return [{check.name for check in answer.doubts} for answer in answers]

    assert all("weight of the prior" in each for each in doubts(names, 400))
    assert all("weight of the prior" not in each for each in doubts(names[:1], 2000))


def test_intersection_bounds_hold_as_often_as_their_intervals_say():
    """max_z P(x=1, y=1 | z) over four equal levels of an instrument; its one-sided interval.

    Without the correction the interval is below the truth in half of the data sets.
    """
    model = cs.CausalDiagram("z -> x -> y; x <-> y", treatment="x")
    truth = np.array([[0.35, 0.35], [0.0, 0.3]]).reshape(2, 2)

    def ask(joint):
        cell = joint[..., 1, 1] / joint.sum(axis=(-2, -1))
        lower = cell.max(axis=-1)
        return [EffectBounds("", lower, np.ones_like(lower), (), sharp=True)]

    held = {"corrected": 0, "draws": 0}
    for seed in range(200):
        rng = np.random.default_rng(seed)
        counts = rng.multinomial(100, truth.ravel(), size=4)
        draws = [rng.dirichlet(each + 0.5, size=(1, 400)) for each in counts]
        joint = np.stack(draws, axis=2).reshape(1, 400, 4, 2, 2) / 4
        (sides,) = partial_identification.outward_sides(model, ask, joint, 0.0)
        held["corrected"] += sides[..., 0].quantile(0.025).item() < 0.3
        held["draws"] += np.quantile(ask(joint)[0].lower, 0.025) < 0.3
    assert held["draws"] < 130
    assert held["corrected"] > 165


def test_an_instrument_that_moves_nobody_has_a_caution_about_intersection_bounds():
    def doubts(moved, levels):
        rng = np.random.default_rng(4)
        z = rng.integers(levels, size=400)
        u = rng.integers(2, size=400)
        x = (rng.random(400) < 0.4 + 0.2 * u + moved * (z - 0.5)).astype(int)
        y = (rng.random(400) < 0.3 + 0.4 * u + 0.1 * x).astype(int)
        data = cs.Observations.from_frame(pd.DataFrame({"z": z, "x": x, "y": y}))
        model = cs.CausalDiagram("z -> x -> y; x <-> y", treatment="x")
        sampler = cs.Exact(chains=1, draws=200)
        fit = cs.fit(model, data, seed=1, sampler=sampler, progress=False)
        return {check.name for check in fit.effect().doubts}

    assert "intersection bounds" in doubts(0.0, levels=4)
    assert "intersection bounds" not in doubts(0.5, levels=2)


def test_bounds_that_let_hidden_causes_be_one_are_cautioned_as_outer():
    """x <-> m and m <-> y have hidden causes of their own; the program lets them be one."""
    rng = np.random.default_rng(5)
    frame = pd.DataFrame(rng.integers(0, 2, (80, 3)), columns=["x", "m", "y"])
    diagram = "x -> m -> y; x <-> m; m <-> y"
    model = cs.CausalDiagram(diagram, treatment="x", outcome="y")
    sampler = cs.Exact(chains=1, draws=100)
    data = cs.Observations.from_frame(frame)
    fit = cs.fit(model, data, seed=1, sampler=sampler, progress=False)
    caution = next(
        check
        for check in fit.effect().doubts
        if check.name == "sharpness of the bounds"
    )
    assert "where the diagram has several" in caution.finding


def test_instrumental_inequalities_are_tested_where_strata_are_empty():
    rng = np.random.default_rng(3)
    frame = pd.DataFrame(rng.integers(0, 2, (60, 4)), columns=["v", "w", "z", "x"])
    frame["y"] = np.where(rng.random(60) < 0.7, frame["z"], frame["x"])
    frame = frame[(frame["v"] == 0) | (frame["w"] == 0)]
    diagram = "v, w -> z, x, y; z -> x -> y; x <-> y"
    model = cs.CausalDiagram(diagram, treatment="x", outcome="y")
    data = cs.Observations.from_frame(frame)
    check = next(
        each
        for each in model.data_checks(data)
        if each.name == "possible under the diagram"
    )
    assert 0 < check.value <= 1


def test_a_monotone_effect_elsewhere_leaves_other_questions_alone():
    rng = np.random.default_rng(6)
    frame = pd.DataFrame(
        rng.integers(0, 2, (200, 5)), columns=["z", "x", "y", "a", "b"]
    )
    diagram = "z -> x -> y; x <-> y; a -> b; a <-> b"
    model = cs.CausalDiagram(
        diagram, treatment="x", outcome="y", monotone=[("z", "x"), ("a", "b")]
    )
    sampler = cs.Exact(chains=1, draws=50)
    data = cs.Observations.from_frame(frame)
    fit = cs.fit(model, data, seed=1, sampler=sampler, progress=False)
    assert fit.effect().draws.sizes["draw"] > 0
    bounds = fit.bounds("b", do={"a": 1}).draws.mean(("chain", "draw"))
    share = ((frame["a"] == 1) & (frame["b"] == 1)).mean()
    event = (frame["b"] == 1).mean()  # b(1) >= b: P(b) is a lower bound
    np.testing.assert_allclose(bounds[0], max(share, event), atol=0.02)
    assert fit.bounds("b", cause="a").draws.sizes["draw"] == 50
    assert fit.bounds("b", do={"a": 1}, factual={"a": 0}).draws.sizes["draw"] == 50
