"""Adjustment sets are minimal, and conditional instruments are named with their covariates.

The oracle tries every subset of the variables: the adjustment criterion of Shpitser, VanderWeele &
Robins (2010) by its definition, with networkx's d-separation in a graph whose hidden causes are
nodes.
"""

from itertools import combinations

import networkx as nx
import numpy as np
import pytest

from causalstats.diagrams import Diagram, MixedGraph
from causalstats.diagrams.identification.adjustment_criteria import back_door


def fewest(
    graph: nx.DiGraph, hidden: set[str], treatments: list[str], outcome: str
) -> int | None:
    """Return the size of a smallest adjustment set by trying all; None where there is none.

    Parameters
    ----------
    graph : DiGraph
    hidden : set of str
        Variables that no set may have.
    treatments : list of str
    outcome : str

    References
    ----------
    Perković et al. (2018), the generalised adjustment criterion.
    """
    free = graph.subgraph(set(graph) - set(treatments))
    acting = set(nx.ancestors(free, outcome)) | {outcome}
    onward = {child for x in treatments for child in graph.successors(x)} - set(
        treatments
    )
    causal = {
        node
        for start in onward
        for node in nx.descendants(free, start) | {start}
        if node in acting
    }
    forbidden = causal | {
        below for node in causal for below in nx.descendants(graph, node)
    }
    proper = graph.copy()
    proper.remove_edges_from([(x, node) for x in treatments for node in causal])
    candidates = [
        node
        for node in graph
        if node not in hidden | forbidden | {*treatments, outcome}
    ]
    for size in range(len(candidates) + 1):
        for held in combinations(candidates, size):
            if nx.is_d_separator(proper, set(treatments), {outcome}, set(held)):
                return size
    return None


@pytest.mark.parametrize("seed", range(6))
def test_no_set_of_fewer_variables_will_do(seed):
    rng = np.random.default_rng(seed)
    sizes = []
    while len(sizes) < 60:
        names = [f"v{number}" for number in range(rng.integers(5, 9))]
        dense = rng.choice([0.3, 0.5, 0.7])
        shared = rng.choice([0.0, 0.1])
        edges = [pair for pair in combinations(names, 2) if rng.random() < dense]
        arcs = [pair for pair in combinations(names, 2) if rng.random() < shared]
        count = int(rng.choice([1, 1, 2]))
        *treatments, outcome = map(str, rng.choice(names, count + 1, replace=False))
        graph = nx.DiGraph()
        graph.add_nodes_from(names)
        graph.add_edges_from(edges)
        if not nx.ancestors(graph, outcome) & set(treatments):
            continue
        hidden = {f"u{number}" for number in range(len(arcs))}
        for number, pair in enumerate(arcs):
            graph.add_edges_from((f"u{number}", end) for end in pair)
        mixed = MixedGraph.projected(names, edges, bidirected=arcs)
        adjustment = back_door(
            mixed, mixed.bit_set([outcome]), mixed.bit_set(treatments)
        )
        expected = fewest(graph, hidden, treatments, outcome)
        assert (None if adjustment is None else len(adjustment.variables)) == expected
        sizes.append(expected)
    assert max(size for size in sizes if size is not None) >= 3


@pytest.mark.parametrize("width", [2, 5, 9])
def test_one_early_cause_is_taken_before_many_late_ones(width):
    late = ", ".join(f"w{number}" for number in range(width))
    identification = Diagram.parse(f"z -> x; z -> {late} -> y; x -> y").identify(
        "y", do="x"
    )
    assert identification.criteria[0].variables == ("z",)


def test_of_two_smallest_sets_the_one_closer_to_the_outcome_is_taken():
    identification = Diagram.parse("a -> b -> x; a -> c -> y; x -> y").identify(
        "y", do="x"
    )
    assert identification.criteria[0].variables == ("c",)


def test_a_thousand_variables_take_little_time():
    chain = "; ".join(
        f"z{k} -> w{k}; w{k} -> x, y; z{k} -> z{k + 1}" for k in range(300)
    )
    identification = Diagram.parse(f"{chain}; x -> y").identify("y", do="x")
    assert len(identification.criteria[0].variables) == 300


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("hidden: u; w -> z -> x -> y; w -> u -> x; u -> y", "Instrument: z, given w."),
        ("z -> x -> y; x <-> y", "Instrument: z."),
        ("c -> z, y; z -> x -> y; x <-> y", "Instrument: z, given c."),
        ("a, b -> x -> y; x <-> y", "Instruments: a; b."),
    ],
)
def test_a_conditional_instrument_is_named_with_its_condition(text, named):
    identification = Diagram.parse(text).identify("y", do="x")
    assert str(identification).splitlines()[0].endswith(named)
