"""What can be said of effects that a diagram does not identify, and of the same people under two treatments: published numbers and closed forms."""

from dataclasses import replace
from itertools import product

import numpy as np
import pandas as pd
import pytest

import causalstats as cs
from causalstats.models.causal_diagram import bounds as causal_diagram_bounds

TRIAL = "assigned -> taken -> lowered; taken <-> lowered"


def trial(counts):
    cells = pd.DataFrame(
        list(product([0, 1], repeat=3)), columns=["assigned", "taken", "lowered"]
    ).assign(n=counts)
    return cs.Observations.from_frame(cells, counts="n")


@pytest.fixture(scope="module")
def fit():
    """The example of Jacobs, Kissinger & Zanasi (2019)."""
    cells = pd.DataFrame(list(product([0, 1], repeat=3)), columns=["smoking", "tar", "cancer"])
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


def test_where_it_is_not_identified_there_are_bounds(bounded):
    assert bounded.model.headline == "bounds"
    np.testing.assert_allclose(
        bounded.effect("bounds").summary()["mean"], [0.392, 0.780], atol=1e-3
    )
    np.testing.assert_allclose(
        bounded.bounds("lowered", do={"taken": [1, 0]}).draws, bounded.effect("bounds").draws
    )
    with pytest.raises(
        cs.ModelError,
        match=r"P\(lowered \| do\(taken\)\) is not identified.*Hidden causes \(taken <-> lowered\).*fit.bounds",
    ):
        bounded.effect("lowered", do={"taken": 1})
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
    assert monotone.effect("bounds").draws[..., 0].mean() > 0.4 and monotone.model.monotone == (
        cs.Monotone("taken", "lowered"),
    )


def test_manski_and_identified_bounds(fit):
    """Without an instrument: P(y, x) and P(y, x) + P(not x)."""
    data = cs.Observations.from_frame(
        pd.DataFrame(
            {"x": [0, 0, 1, 1], "y": [0, 1, 0, 1], "n": [400_000, 100_000, 200_000, 300_000]}
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


def test_bounds_within_what_is_seen():
    """Manski's within each stratum, P(y, x | z) and P(y, x | z) + P(not x | z), where the hidden cause is of treatment and outcome alone."""
    table = pd.DataFrame(list(product([0, 1], repeat=3)), columns=["z", "x", "y"]).assign(
        n=np.array([70, 30, 20, 80, 15, 45, 60, 40]) * 5_000
    )
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
    np.testing.assert_allclose(apart.draws[..., 0], moved.draws[..., 0] - other.draws[..., 1])
    np.testing.assert_allclose(apart.draws[..., 1], moved.draws[..., 1] - other.draws[..., 0])
    assert (
        "bounded one by one" in apart.description and "bounded one by one" not in moved.description
    )
    for given in ({"x": 0}, {"y": 1}):
        with pytest.raises(cs.ModelError):
            fit.bounds("y", do={"x": 1}, given=given)


def test_what_people_would_have_had(fit, bounded):
    """Σ_t P(t | s) P(c | s', t) of the paper's example; in the trial nearly identified, since nobody in one arm had the drug."""
    answer = fit.effect("cancer", do={"smoking": 0}, factual={"smoking": 1})
    assert (
        answer.name == "P(cancer=1 had smoking been 0 | smoking=1)"
        and abs(answer.draws.mean() - 0.360750) < 3 * answer.draws.std()
    )
    with pytest.raises(cs.ModelError, match="is not identified; what can be said are its bounds"):
        bounded.effect("lowered", do={"taken": 0}, factual={"taken": 1})
    sides = bounded.bounds("lowered", do={"taken": 0}, factual={"taken": 1}).summary()["mean"]
    untreated = (
        (0.081 - 0.073) / 0.612
    )  # of the placebo arm, those who had the fall less those who have it without the drug in the other
    np.testing.assert_allclose(sides, untreated, atol=0.01)


def test_what_was_the_cause():
    """Tian & Pearl (2000) where nothing confounds: from (p1 - p0) / 1, p1, 1 - p0 to min(p1, 1 - p0) / the same, the lower ends where nobody is harmed."""
    half = np.array([80, 20, 40, 60, 30, 70]) * 5_000  # p0 = .2, p1 = .6
    table = pd.DataFrame(list(product([0, 1, 2], [0, 1])), columns=["x", "y"]).assign(n=half)
    two = cs.Observations.from_frame(table[table["x"] < 2], counts="n")
    sampler = cs.Exact(chains=2, draws=50)
    fit = cs.fit(cs.CausalDiagram("x -> y"), two, seed=1, sampler=sampler, progress=False)
    answer = fit.bounds("y", cause="x")
    assert answer.name == "bounds of x=1 as the cause of y=1" and list(
        answer.summary().index[:2]
    ) == [
        "necessary and sufficient: lower",
        "necessary and sufficient: upper",
    ]
    np.testing.assert_allclose(answer.summary()["mean"], [0.4, 0.6, 2 / 3, 1, 0.5, 0.75], atol=5e-3)
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
        (lambda: three.bounds("y", cause={"x": (1, 1)}), "absence and the presence of 'x'"),
        (lambda: three.bounds("y", cause=["x"]), "`cause` as None, a name or a mapping"),
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


def test_a_diagram_that_the_data_contradict():
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


def test_where_there_are_too_many_response_types_the_natural_bounds_are_given_and_said_to_be_outer():
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({name: rng.integers(0, 4, 50) for name in "wxyz"})
    model = cs.CausalDiagram(
        "w -> x -> y; w -> y; x -> z -> y; w <-> x; x <-> y; y <-> z; w <-> y",
        outcome="y",
        treatment="x",
    )
    fit = cs.fit(model, cs.Observations.from_frame(frame), seed=1, progress=False)
    bounds = fit.bounds("y", do={"x": 1})
    assert "outer bounds: Natural bounds" in repr(bounds) and "Join levels" in repr(fit)
    check = next(check for check in fit.check() if check.name == "possible under the diagram")
    assert check.passed is None and "Join levels" in check.remedy
    assert fit.plot("diagram").axes and fit.plot("comparison").axes


def test_large_programmes_are_worked_out_for_fewer_draws(monkeypatch):
    frame = pd.DataFrame(np.random.default_rng(3).integers(0, 2, (60, 3)), columns=list("xyz"))
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
    monkeypatch.setattr(causal_diagram_bounds, "_MOST_ENTRIES", 1)
    for question, answer in zip(asked, whole, strict=True):
        found = few.bounds("y", **question)
        assert (
            answer.draws.sizes["chain"],
            answer.draws.sizes["draw"],
            found.draws.sizes["draw"],
        ) == (4, 250, 13)
        np.testing.assert_allclose(found.draws, answer.draws[:, ::20], atol=1e-7)


def test_an_identified_answer_within_what_is_seen_is_its_own_bounds():
    """Its formula, and not that of both together over what is seen: draws obey the equalities that the diagram implies only nearly."""
    frame = pd.DataFrame(np.random.default_rng(4).integers(0, 3, (60, 4)), columns=list("awxy"))
    model = cs.CausalDiagram("w -> x; a -> y; x -> y; a <-> x; a <-> y", outcome="y", treatment="w")
    fit = cs.fit(model, cs.Observations.from_frame(frame), seed=1, progress=False)
    found, effect = (ask("y", do={"w": 2}, given={"a": 1}) for ask in (fit.bounds, fit.effect))
    sides = found.draws.to_numpy().reshape(4, 250, 3, 2)
    np.testing.assert_allclose(sides[..., 0], sides[..., 1])
    np.testing.assert_allclose(sides[..., 0], effect.draws[:, ::4], atol=1e-12)


def test_a_treatment_without_effect_needs_nothing_observed():
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


def test_a_prior_decides_between_bounds_under_its_own_name_alone():
    model = cs.CausalDiagram(TRIAL, treatment="taken", route="structural")
    simulation = model.simulate(1, people=50)
    assert (
        list(model.estimands()) == ["bounds", "association", "prior_dependent"]
        and model.parameters(simulation.data)[0] == "prior_dependent"
    )
    value = model.estimands()["prior_dependent"].compute(simulation.truth, simulation.data)
    low, high = (
        model.estimands()["bounds"].compute(simulation.truth, simulation.data).to_numpy().ravel()
    )
    assert low - 1e-9 <= value.item() <= high + 1e-9 and high - low > 0.01
