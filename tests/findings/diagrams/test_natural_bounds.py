"""Natural bounds, where the linear program of a diagram is too large, hold and are called outer.

They are held against explicit models, whose answer never lies outside; against the linear program
where that can be solved; and against the closed forms of Tian & Pearl (2000).
"""

from itertools import combinations, product

import networkx as nx
import numpy as np
import pandas as pd
import pytest

import causalstats as cs
from causalstats.diagrams import (
    BayesianNetwork,
    Diagram,
    JointTable,
    MixedGraph,
    bounds,
    causation_bounds,
    treated_bounds,
)
from causalstats.diagrams.bounds import response_type_program
from causalstats.diagrams.bounds.natural_bounds import (
    natural_bounds,
    treated_natural_bounds,
    two_world_bounds,
)
from causalstats.diagrams.bounds.probabilities_of_causation import from_experiment


@pytest.mark.parametrize("seed", range(3))
def test_no_model_answers_outside_the_natural_bounds(seed):
    rng = np.random.default_rng(seed)
    for _ in range(60):
        names = [f"v{number}" for number in range(rng.integers(3, 5))]
        graph = nx.DiGraph()
        graph.add_nodes_from(names)
        graph.add_edges_from(
            pair for pair in combinations(names, 2) if rng.random() < 0.6
        )
        arcs = [pair for pair in combinations(names, 2) if rng.random() < 0.4]
        diagram = Diagram.from_networkx(graph, confounded=arcs)
        sizes = {name: int(rng.integers(2, 4)) for name in diagram.variables}
        diagram = diagram.with_levels(sizes)
        mechanisms = {
            name: rng.dirichlet(
                np.full(sizes[name], 0.5), [sizes[c] for c in diagram.parents(name)]
            )
            for name in diagram.variables
        }
        network = BayesianNetwork(diagram, mechanisms)
        do, outcome, *rest = map(str, rng.permutation(names))
        given = tuple(rest[: rng.integers(0, 2)])
        source = JointTable(tuple(names), network.query(names).values)
        lower, upper = natural_bounds(
            MixedGraph.from_diagram(diagram), source, (outcome,), (do,), given
        )
        for cell in product(*(range(sizes[name]) for name in (do, *given))):
            truth = network.query(
                outcome, do={do: cell[0]}, given=dict(zip(given, cell[1:], strict=True))
            ).values
            assert (lower[(slice(None), *cell)] <= truth + 1e-9).all()
            assert (upper[(slice(None), *cell)] >= truth - 1e-9).all()


@pytest.mark.parametrize(
    "text",
    [
        "x -> y; x <-> y",
        "w -> x, y; x -> y; x <-> y",
        "z -> x -> y; x <-> y",
        "x -> m -> y; x <-> y; m <-> y",
    ],
)
def test_they_hold_those_of_the_diagram_and_are_these_where_said_to_be_sharp(
    text, monkeypatch
):
    rng = np.random.default_rng(2)
    for _ in range(5):
        diagram = Diagram.parse(text)
        diagram = diagram.with_levels(dict.fromkeys(diagram.variables, 2))
        mechanisms = {
            name: rng.dirichlet([0.7, 0.7], [2] * len(diagram.parents(name)))
            for name in diagram.variables
        }
        names = diagram.observed
        joint = BayesianNetwork(diagram, mechanisms).query(names).values

        def asked(diagram=diagram, joint=joint, names=names):
            parts = [bounds(diagram, "y", "x", joint, names)]
            parts.append(
                bounds(diagram, "y", "x", joint, names, weights=[[0, 0], [-1, 1]])
            )
            causation = causation_bounds(diagram, "y", "x", joint, names)
            parts += [
                causation.necessary_and_sufficient,
                causation.necessary,
                causation.sufficient,
            ]
            return [*parts, treated_bounds(diagram, "y", "x", joint, names)]

        exact = asked()
        with monkeypatch.context() as patched:
            patched.setattr(response_type_program, "MAX_ENTRIES", 0)
            outer = asked()
        for inner, wide in zip(exact, outer, strict=True):
            assert (wide.lower <= inner.lower + 1e-6).all()
            assert (wide.upper >= inner.upper - 1e-6).all()
            if wide.sharp:
                np.testing.assert_allclose(wide.lower, inner.lower, atol=1e-7)
                np.testing.assert_allclose(wide.upper, inner.upper, atol=1e-7)
        assert outer[0].sharp == (
            text in ("x -> y; x <-> y", "w -> x, y; x -> y; x <-> y")
        )


def test_two_worlds_are_those_of_tian_and_pearl():
    rng = np.random.default_rng(4)
    for _ in range(30):
        types = rng.dirichlet(np.ones(8)).reshape(
            2, 2, 2
        )  # had it; the event without it, and with it
        joint = np.stack([types[0].sum(axis=1), types[1].sum(axis=0)])
        without = types.sum(axis=(0, 2))
        with_ = types.sum(axis=(0, 1))
        effect = np.stack([without, with_], axis=1)
        bounded = two_world_bounds(joint[None], 1, 0, 1, effect[None])
        np.testing.assert_allclose(
            np.concatenate(bounded), from_experiment(joint, effect), atol=1e-7
        )
        lower, upper = treated_natural_bounds(joint[None], effect[None])
        truth = (
            types[0, :, 1].sum() / joint[0].sum()
        )  # of those without it, had they had it
        np.testing.assert_allclose(
            [lower[0, 1, 1, 0], upper[0, 1, 1, 0]], truth, atol=1e-9
        )


@pytest.mark.parametrize("levels", [3, 4])
def test_a_cause_of_more_levels_has_the_answer_within(levels):
    rng = np.random.default_rng(levels)
    for _ in range(20):
        types = rng.dirichlet(np.full(levels * 2**levels, 0.5)).reshape(
            levels, *[2] * levels
        )
        joint = np.zeros((levels, 2))
        effect = np.zeros((2, levels))
        for x, *would in product(range(levels), *[range(2)] * levels):
            share = types[(x, *would)]
            joint[x, would[x]] += share
            effect[would, range(levels)] += share
        on, off = 1, 2
        both = types.take(1, axis=1 + on).take(0, axis=off)
        truth = [
            both.sum(),
            both[on].sum() / joint[on, 1],
            both[off].sum() / joint[off, 0],
        ]
        for known in (None, effect[None]):
            lower, upper = two_world_bounds(joint[None], on, off, 1, known)
            assert (lower[0] <= np.array(truth) + 1e-9).all()
            assert (upper[0] >= np.array(truth) - 1e-9).all()


def frame_of(sizes, n=600):
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {name: rng.integers(0, size, n) for name, size in sizes.items()}
    )


@pytest.mark.parametrize(
    ("text", "sizes", "question", "outer"),
    [
        ("x -> y; x <-> y", {"x": 6, "y": 6}, {"do": {"x": 1}}, False),
        ("x -> y; x <-> y", {"x": 4, "y": 9}, {"do": {"x": [1, 0]}}, False),
        (
            "w1, w2, w3 -> x, y; x -> m -> y; x <-> y; m <-> y",
            dict.fromkeys(("w1", "w2", "w3", "x", "m", "y"), 2),
            {"do": {"x": [1, 0]}},
            True,
        ),
        (
            "age -> s, p, bp; r -> p; s -> p, y; p -> a -> bp -> y; p -> bp, y; s <-> y",
            {"age": 3, "s": 3, "a": 3, "bp": 3, "r": 3, "p": 2, "y": 2},
            {"cause": "p"},
            True,
        ),
    ],
)
def test_a_fit_gives_them_and_says_so(text, sizes, question, outer):
    x = next(iter(question.get("do", {"p": 0})))
    model = cs.CausalDiagram(text, treatment=x, outcome="y")
    fit = cs.fit(
        model, cs.Observations.from_frame(frame_of(sizes)), seed=1, progress=False
    )
    bounded = fit.bounds("y", **question)
    table = bounded.numbers()
    assert np.isfinite(table[["mean", "lower", "upper"]]).all().all()
    assert ("outer bounds: Natural bounds" in bounded.text()) == outer


def test_assumptions_that_they_make_no_use_of_are_named():
    from causalstats.diagrams import Monotone

    joint = np.full((6, 6), 1 / 36)
    bounded = bounds(
        Diagram.parse("x -> y; x <-> y"),
        "y",
        "x",
        joint,
        ("x", "y"),
        assumptions=[Monotone("x", "y")],
    )
    assert not bounded.sharp
    assert "no use of what is assumed" in " ".join(bounded.remarks)
    with pytest.raises(cs.ModelError, match="direct cause"):
        bounds(
            Diagram.parse("x -> y; x <-> y"),
            "y",
            "x",
            joint,
            ("x", "y"),
            assumptions=[Monotone("q", "y")],
        )
