"""Cutting a comb is the intervention where the diagram says so, and refused where it does not.

The truth is the interventional distribution of explicit models with hidden causes.
"""

from itertools import combinations

import networkx as nx
import numpy as np
import pytest

import causalstats as cs
from causalstats.diagrams import BayesianNetwork, Diagram, comb_disintegrate


def modelled(diagram, rng) -> BayesianNetwork:
    diagram = diagram.with_levels(dict.fromkeys(diagram.variables, 2))
    mechanisms = {
        name: rng.dirichlet([0.7, 0.7], [2] * len(diagram.parents(name)))
        for name in diagram.variables
    }
    return BayesianNetwork(diagram, mechanisms)


@pytest.mark.parametrize(
    ("text", "outputs"),
    [
        ("w2 -> w1 -> x -> y; w2 <-> x; w2 <-> y", ["w2", "x", "y"]),  # the napkin
        ("x -> m -> y; x -> y; x <-> y", ["x", "y"]),
        ("x -> y; x <-> y; z -> x", ["x", "y"]),
    ],
)
def test_a_child_of_the_treatment_in_its_comb_is_refused(text, outputs):
    diagram = Diagram.parse(text)
    network = modelled(diagram, np.random.default_rng(0))
    joint = network.query(list(diagram.observed))
    for split in (
        comb_disintegrate(joint, outputs, diagram=diagram),
        diagram.comb(joint, "x"),
    ):
        with pytest.raises(cs.ModelError, match="no child of 'x' in f, got 'y'"):
            split.do("x", "y")
        with pytest.raises(cs.ModelError, match="no child"):
            split.cut("x")
    with pytest.raises(cs.ModelError, match="told the diagram"):
        comb_disintegrate(joint, outputs).do("x", "y")
    with pytest.raises(cs.ModelError, match="without a child"):
        diagram.draw(comb="x")


@pytest.mark.parametrize("seed", range(3))
def test_every_comb_that_is_not_refused_gives_the_intervention(seed):
    rng = np.random.default_rng(seed)
    kept = 0
    refused = 0
    for _ in range(120):
        names = [f"v{number}" for number in range(rng.integers(3, 6))]
        graph = nx.DiGraph()
        graph.add_nodes_from(names)
        graph.add_edges_from(
            pair for pair in combinations(names, 2) if rng.random() < 0.5
        )
        arcs = [pair for pair in combinations(names, 2) if rng.random() < 0.3]
        diagram = Diagram.from_networkx(graph, confounded=arcs)
        network = modelled(diagram, rng)
        joint = network.query(list(diagram.observed))
        x = str(rng.choice(names))
        outputs = {
            x,
            *map(
                str, rng.choice(names, rng.integers(0, len(names) - 1), replace=False)
            ),
        }
        try:
            split = (
                diagram.comb(joint, x)
                if rng.random() < 0.5
                else comb_disintegrate(joint, sorted(outputs), diagram=diagram)
            )
            intervention = split.do(x, [name for name in names if name != x])
        except cs.ModelError:
            refused += 1
            continue
        kept += 1
        truth = network.query([name for name in names if name != x], do=x)
        np.testing.assert_allclose(intervention.channel, truth, atol=1e-10)
    assert kept > 20
    assert refused > 20


def test_less_than_a_district_and_a_wrong_order_are_refused():
    diagram = Diagram.parse("x -> m -> y; x <-> y")
    joint = modelled(diagram, np.random.default_rng(1)).query(["x", "m", "y"])
    with pytest.raises(
        cs.ModelError, match="'y' shares hidden causes with 'x', and is not in f"
    ):
        comb_disintegrate(joint, "x", diagram=diagram).do("x", "y")
    with pytest.raises(cs.ModelError, match="causes come before their effects"):
        comb_disintegrate(joint, ["x", "y"], ["m", "x", "y"], diagram=diagram).do(
            "x", "y"
        )
