"""Wrong texts and arguments raise errors of ours at once; long texts are read in linear time."""

import random
import time
from contextlib import suppress

import networkx as nx
import numpy as np
import pandas as pd
import pytest

import causalstats as cs
from causalstats.diagrams import (
    BayesianNetwork,
    Diagram,
    Distribution,
    bounds,
    comb_disintegrate,
    disintegrate,
    identify,
    treated_bounds,
)

LEVELS = (
    "variable a { type discrete [ 2 ] { no, yes }; } "
    "variable b { type discrete [ 2 ] { no, yes }; } "
)
SEEDS = [
    (
        Diagram.parse,
        'dag { x [exposure] y [outcome] u [latent] z -> x -> y x <- u -> y s [selected] bb="0,1" }',
    ),
    (
        Diagram.parse,
        "digraph G { node [shape=box]; a -> {b c}; "
        'subgraph k { d; e } -> f [dir=both, label="q"]; /* c */ }',
    ),
    (
        Diagram.parse,
        "hidden: u -> x, y; z -> x -> y; x <-> z # remark\ntreatment: x; outcome: y",
    ),
    (
        BayesianNetwork.from_bif,
        "network x { } "
        + LEVELS
        + "probability ( a ) { table .4, .6; } "
        + "probability ( b | a ) { (no) .5, .5; (yes) .1, .9; }",
    ),
]
SIGNS = [
    *'{}[]();,|"\\ \n#/*-><=.:abxy01',
    "->",
    "<->",
    "hidden:",
    "dag {",
    "variable",
    "table",
    "default",
    "[s]",
]


@pytest.mark.parametrize("seed", range(4))
def test_texts_with_mistakes_raise_errors_of_ours(seed):
    chance = random.Random(seed)
    for _ in range(500):
        read, text = chance.choice(SEEDS)
        for _ in range(chance.randint(1, 6)):
            at = chance.randrange(len(text) + 1)
            end = min(len(text), at + chance.choice([0, 0, 3, 12]))
            text = (
                text[:at] + chance.choice(SIGNS) * chance.choice([0, 1, 1]) + text[end:]
            )
        try:
            read(text)
        except cs.CausalStatsError as error:
            assert str(error)


MANY = "".join(
    f"variable v{k} {{ type discrete [ 2 ] {{ a, b }}; }} " for k in range(41)
)


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (Diagram.parse, "digraph {" + "{" * 500 + "a -> b" + "}" * 500 + "}"),
        (Diagram.parse, "digraph {" + "{" * 5000),
        (Diagram.parse, None),
        (Diagram.parse, b"x -> y"),
        (Diagram.parse, "y ~ x + z"),
        (Diagram.parse, "dag { x -- y }"),
        (Diagram.parse, "pdag { x -> y }"),
        (
            BayesianNetwork.from_bif,
            "network x { } "
            + LEVELS
            + "probability ( a ) { table .4, .6; } probability ( b | c ) { default .5, .5; }",
        ),
        (BayesianNetwork.from_bif, LEVELS.replace("[ 2 ]", "[ 2x ]")),
        (BayesianNetwork.from_bif, "network { } variable { }"),
        (
            BayesianNetwork.from_bif,
            LEVELS
            + "probability ( a ) { table .4, .6; } probability ( b ) { ( .5, .5; }",
        ),
        (
            BayesianNetwork.from_bif,
            LEVELS
            + "probability ( a ) { table 1.4, -.4; } probability ( b ) { table .5, .5; }",
        ),
        (
            BayesianNetwork.from_bif,
            MANY
            + "".join(f"probability ( v{k} ) {{ table .5, .5; }} " for k in range(40))
            + "probability ( v40 | "
            + ", ".join(f"v{k}" for k in range(40))
            + ") { default .5, .5; }",
        ),
        (BayesianNetwork.from_bif, "no such file.bif"),
        (BayesianNetwork.from_bif, None),
    ],
)
def test_texts_that_are_none_are_refused(read, text):
    with pytest.raises(cs.CausalStatsError):
        read(text)


@pytest.mark.parametrize(
    "start", ["dag", "dag x", 'digraph "g"', "strict", "x -> y", "/* a */"]
)
def test_long_texts_are_read_in_linear_time(start):
    Diagram.parse("x -> y")
    began = time.process_time()
    for blank in (" ", "\t", "\n"):
        with suppress(cs.ModelError):
            Diagram.parse(start + blank * 100_000)
    assert time.process_time() - began < 10  # the square of 100,000 would take minutes


DIAGRAM = Diagram.parse("z -> x, y; x -> y").with_levels(dict.fromkeys("xyz", 2))
NETWORK = BayesianNetwork(
    DIAGRAM,
    {"z": [0.5, 0.5], "x": [[0.3, 0.7], [0.6, 0.4]], "y": np.full((2, 2, 2), 0.5)},
)
JOINT = np.full((2, 2), 0.25)
BOW = Diagram.parse("x -> y; x <-> y")
WRONG = {
    "no outcome": lambda: DIAGRAM.identify(),
    "no treatment": lambda: DIAGRAM.identify("y"),
    "a number as outcome": lambda: identify(DIAGRAM, 1, "x"),
    "text as a diagram": lambda: identify("x -> y", "y", "x"),
    "a level that is a list": lambda: DIAGRAM.do({"x": [1]}),
    "values of an array": lambda: DIAGRAM.do({"x": np.array([1, 0])}),
    "a name in place of values": lambda: DIAGRAM.do("x"),
    "a policy that reads a number": lambda: DIAGRAM.policy("x", 3),
    "a policy with a number as name": lambda: DIAGRAM.policy("x", ["z"], name=4),
    "a policy that reads an effect": lambda: DIAGRAM.policy("x", ["y"]),
    "a mechanism called 3": lambda: DIAGRAM.soft("x", 3),
    "three worlds": lambda: DIAGRAM.twin(3),
    "no worlds": lambda: DIAGRAM.twin(None),
    "noise of a number": lambda: DIAGRAM.twin(deterministic=3),
    "then a number": lambda: DIAGRAM >> 3,
    "beside a number": lambda: DIAGRAM @ 3,
    "levels of True": lambda: DIAGRAM.with_levels({"x": True}),
    "levels without end": lambda: DIAGRAM.with_levels({"x": 10**12}),
    "levels as a list": lambda: DIAGRAM.with_levels([2]),
    "levels of lists": lambda: DIAGRAM.with_levels({"x": [[0], [1]]}),
    "roles of a number": lambda: DIAGRAM.with_roles(treatment=3),
    "edges in place of a graph": lambda: Diagram.from_networkx([("x", "y")]),
    "a cycle of networkx": lambda: Diagram.from_networkx(
        nx.DiGraph([("x", "y"), ("y", "x")])
    ),
    "groups as text": lambda: Diagram.from_networkx(
        nx.DiGraph([("x", "y")]), confounded="xy"
    ),
    "text drawn before": lambda: DIAGRAM.draw("x"),
    "no mechanisms": lambda: BayesianNetwork(DIAGRAM, None),
    "mechanisms of text": lambda: BayesianNetwork("x -> y", {}),
    "a mechanism of words": lambda: BayesianNetwork(
        DIAGRAM, {**NETWORK.mechanisms, "z": "ab"}
    ),
    "a ragged mechanism": lambda: BayesianNetwork(
        DIAGRAM, {**NETWORK.mechanisms, "z": [[1], [0, 1]]}
    ),
    "a query of nothing": lambda: NETWORK.query(None),
    "a query that does 3": lambda: NETWORK.query("y", do=3),
    "a query given a name": lambda: NETWORK.query("y", given="x"),
    "facts as a name": lambda: NETWORK.counterfactual("y", do={"x": 1}, factual="x"),
    "levels of a cause as a number": lambda: NETWORK.causation(
        "x", "y", levels={"x": 3}
    ),
    "fewer rows than none": lambda: NETWORK.sample(-1, seed=1),
    "bounds without the outcome": lambda: bounds(BOW, "y", "x", JOINT, ("x", "q")),
    "bounds of words": lambda: bounds(BOW, "y", "x", "abc", ("x", "y")),
    "bounds at a ninth level": lambda: bounds(
        BOW, "y", "x", JOINT, ("x", "y"), at={"y": 8}
    ),
    "assumptions of pairs": lambda: bounds(
        BOW, "y", "x", JOINT, ("x", "y"), assumptions=[("x", "y")]
    ),
    "the treated of an outcome": lambda: treated_bounds(
        BOW, "y", "y", JOINT, ("x", "y")
    ),
    "a joint of words": lambda: Distribution.joint("ab", {"x": 2}),
    "levels of a joint as a list": lambda: Distribution.joint([0.5, 0.5], ["x"]),
    "combs of an array": lambda: comb_disintegrate(JOINT, ["x"]),
    "combs of a number": lambda: comb_disintegrate(NETWORK.joint(), 3),
    "a diagram of combs as text": lambda: comb_disintegrate(
        NETWORK.joint(), "x", diagram="x -> y"
    ),
    "a channel given nothing": lambda: disintegrate(NETWORK.joint(), None),
    "a formula of an array": lambda: DIAGRAM.identify("y", do="x").distribution(JOINT),
    "an evaluation of an array": lambda: DIAGRAM.identify("y", do="x").evaluate(JOINT),
}


@pytest.mark.parametrize("mistake", WRONG)
def test_wrong_arguments_raise_errors_of_ours(mistake):
    with pytest.raises(cs.CausalStatsError, match=r"Expected|Take"):
        WRONG[mistake]()


@pytest.fixture(scope="module")
def fitted():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"x": rng.integers(0, 2, 200), "y": rng.integers(0, 2, 200)})
    return cs.fit(
        cs.CausalDiagram("x -> y"),
        cs.Observations.from_frame(frame),
        seed=1,
        progress=False,
    )


@pytest.mark.parametrize(
    ("name", "question"),
    [
        (["x", "y"], {"do": {"x": 1}}),
        (3, {"do": {"x": 1}}),
        ([], {"do": {"x": 1}}),
        ("y", {"do": ["x"]}),
        ("y", {"do": "x"}),
        ("y", {"do": {"x": [0, 1, 1]}}),
        ("y", {"do": {"x": []}}),
        ("y", {"do": {"x": {0: 1}}}),
        ("y", {"do": {"x": None}}),
        ("y", {"do": {1: 1}}),
        ("y", {"do": {"x": 1}, "given": "x"}),
        ("y", {"do": {}, "given": {"x": [0, 1]}}),
        ("y", {"do": {"x": 1}, "factual": ["x"]}),
        ("q", {"do": {"x": 1}}),
        (["y"], {}),
    ],
)
def test_wrong_questions_to_a_fit_raise_errors_of_ours(fitted, name, question):
    with pytest.raises(cs.CausalStatsError):
        fitted.effect(name, **question)
    with pytest.raises(cs.CausalStatsError):
        fitted.bounds(name, **question)


def test_values_of_numpy_are_numbers_and_pairs_of_any_kind_are_pairs(fitted):
    plain = fitted.effect("y", do={"x": [1, 0]}).numbers()
    for pair in (np.array([1, 0]), (1, 0)):
        assert fitted.effect("y", do={"x": pair}).numbers().equals(plain)
    one = fitted.effect("y", do={"x": 1}).numbers()
    assert fitted.effect("y", do={"x": np.int64(1)}).numbers().equals(one)


@pytest.mark.parametrize(
    "outcome", ["bound", "state", "level", "event", "arm", "probability"]
)
def test_variables_may_be_called_what_tables_call_their_axes(outcome):
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(
        {"x": rng.integers(0, 2, 200), outcome: rng.choice(list("abc"), 200)}
    )
    model = cs.CausalDiagram(f"x -> {outcome}; x <-> {outcome}")
    fit = cs.fit(model, cs.Observations.from_frame(frame), seed=1, progress=False)
    for question in (
        {"do": {"x": 0}, "factual": {"x": 1}},
        {"do": {"x": 1}},
        {"do": {"x": [1, 0]}},
    ):
        assert len(fit.bounds(outcome, **question).numbers()) == 6
