"""All adjustment sets, front doors, independences, equivalence and additions of diagrams."""

from itertools import chain, combinations

import networkx as nx
import numpy as np
import pytest

from causalstats import Diagram
from causalstats.diagrams.identification.adjustment_criteria import adjustment
from causalstats.diagrams.identification.bit_sets import EMPTY
from causalstats.diagrams.identification.mixed_graph import MixedGraph
from causalstats.errors import ModelError


def subsets(names):
    return chain.from_iterable(combinations(names, k) for k in range(len(names) + 1))


def random_diagram(rng, size, hidden=0.25):
    names = list("abcdef")[:size]
    pairs = list(combinations(names, 2))
    graph = nx.DiGraph([pair for pair in pairs if rng.random() < 0.5])
    graph.add_nodes_from(names)
    confounded = [pair for pair in pairs if rng.random() < hidden]
    return Diagram.from_networkx(graph, confounded=confounded)


def minimal(sets):
    return {each for each in sets if not any(other < each for other in sets)}


def test_adjustment_sets_are_all_the_minimal_ones():
    rng = np.random.default_rng(1)
    for _ in range(40):
        diagram = random_diagram(rng, 5)
        graph = MixedGraph.from_diagram(diagram)
        x, y = "b", "e"
        others = [name for name in graph.nodes if name not in (x, y)]
        right = {
            frozenset(names)
            for names in subsets(others)
            if adjustment(
                graph,
                graph.bit_set([y]),
                graph.bit_set([x]),
                graph.bit_set(names),
                EMPTY,
            )
        }
        listed = diagram.adjustment_sets(y, x)
        assert set(map(frozenset, listed)) == minimal(right)
        assert [len(each) for each in listed] == sorted(map(len, listed))


def is_front_door(graph, x, y, mediators):
    """The three conditions of Pearl's definition 3.3.3."""
    arrows = nx.DiGraph(list(graph.directed))
    arrows.add_nodes_from(graph.nodes)
    rest = arrows.subgraph([name for name in graph.nodes if name not in mediators])
    if nx.has_path(rest, x, y) or not mediators:
        return False

    def without_arrows_out_of(names):
        kept = frozenset(arrow for arrow in graph.directed if arrow[0] not in names)
        return MixedGraph(graph.nodes, kept, graph.bidirected)

    if not without_arrows_out_of([x]).separated([x], mediators):
        return False
    return without_arrows_out_of(mediators).separated(mediators, [y], [x])


def test_front_doors_are_all_the_minimal_ones():
    rng = np.random.default_rng(2)
    several = 0
    for _ in range(60):
        diagram = random_diagram(rng, 5, hidden=0.12)
        graph = MixedGraph.from_diagram(diagram)
        x, y = "a", "e"
        if x not in graph.ancestors(y):
            continue
        between = set(graph.descendants(x)) & set(graph.ancestors(y)) - {x, y}
        right = {
            frozenset(names)
            for names in subsets(sorted(between))
            if is_front_door(graph, x, y, names)
        }
        listed = set(map(frozenset, diagram.front_doors(y, x)))
        assert listed == minimal(right)
        several += bool(listed)
    assert several > 5


def test_instruments_meet_their_definition():
    diagram = Diagram.parse("w -> z, y; q -> z; z -> x -> y; x <-> y; v -> y; v -> x")
    listed = diagram.instruments("y", "x")
    assert {each.variables[0] for each in listed} == {"q", "z"}
    for each in listed:
        (z,) = each.variables
        assert not diagram.independent(z, "x", each.given)
        without_effect = Diagram.parse("w -> z, y; q -> z -> x; x <-> y; v -> x, y")
        assert without_effect.independent(z, "y", each.given)
    assert not Diagram.parse("z -> x -> y; z -> y; x <-> y").instruments("y", "x")


def test_independences_are_separations_and_miss_no_pair():
    rng = np.random.default_rng(3)
    for _ in range(30):
        diagram = random_diagram(rng, 5)
        graph = MixedGraph.from_diagram(diagram)
        listed = {(each.one, each.other): each for each in diagram.independences()}
        for one, other in combinations(graph.nodes, 2):
            rest = [name for name in graph.nodes if name not in (one, other)]
            separable = any(
                diagram.independent(one, other, names) for names in subsets(rest)
            )
            assert ((one, other) in listed) == separable
        for each in listed.values():
            assert diagram.independent(each.one, each.other, each.given)
            for name in each.given:
                fewer = [other for other in each.given if other != name]
                assert not diagram.independent(each.one, each.other, fewer)


def all_graphs(names):
    pairs = list(combinations(names, 2))
    for code in range(3 ** len(pairs)):
        graph = nx.DiGraph()
        graph.add_nodes_from(names)
        for one, other in pairs:
            code, way = divmod(code, 3)
            if way:
                graph.add_edge(*((one, other) if way == 1 else (other, one)))
        if nx.is_directed_acyclic_graph(graph):
            yield graph


def markov_key(graph):
    """Skeleton and v-structures, which tell classes apart (Verma & Pearl 1990)."""
    skeleton = frozenset(map(frozenset, graph.edges))
    colliders = frozenset(
        (frozenset(pair), node)
        for node in graph
        for pair in combinations(graph.predecessors(node), 2)
        if frozenset(pair) not in skeleton
    )
    return skeleton, colliders


def test_the_cpdag_has_the_arrows_that_all_equivalent_diagrams_share():
    classes = {}
    for graph in all_graphs("abcd"):
        classes.setdefault(markov_key(graph), []).append(graph)
    assert sum(map(len, classes.values())) == 543  # Robinson (1973)
    assert len(classes) == 185  # Gillispie & Perlman (2001)
    for members in classes.values():
        shared = set.intersection(*(set(graph.edges) for graph in members))
        known = Diagram.from_networkx(members[0]).equivalence_class()
        assert set(known.arrows) == shared
        assert set(map(frozenset, known.lines)) == {
            frozenset(edge) for edge in members[0].edges if edge not in shared
        }


def test_hidden_causes_have_no_cpdag():
    with pytest.raises(ModelError, match="without hidden causes"):
        Diagram.parse("x -> y; x <-> y").equivalence_class()


def test_additions_to_a_back_door_are_those_of_the_criterion():
    rng = np.random.default_rng(4)
    for _ in range(12):
        diagram = random_diagram(rng, 4, hidden=0.1)
        x, y = "b", "d"
        identification = diagram.identify(y, do=x)
        if not identification.criteria or not identification.identified:
            continue
        criterion = identification.criteria[0]
        if criterion.name not in ("back-door", "adjustment"):
            continue
        for each in diagram.additions(y, do=x).additions:
            graph = each.graph
            sets = map(graph.bit_set, ([y], [x], criterion.variables, []))
            holds = adjustment(graph, *sets) is not None
            again = graph.ancestors(y)
            if x in again and x in MixedGraph.from_diagram(diagram).ancestors(y):
                assert (each.verdict == "the formula holds") == holds, each


def test_a_front_door_survives_nothing_that_touches_it():
    additions = Diagram.parse("x -> m -> y; x <-> y; w -> x").additions("y", do="x")
    assert set(additions.with_verdict("not identified")) == {
        "x -> y",
        "m <-> x",
        "m <-> y",
    }
    assert "w <-> x" in additions.with_verdict("the formula holds")
    assert "w -> m" in additions.with_verdict("another formula")


def test_an_explanation_says_paths_sets_and_what_may_not_be_held():
    text = Diagram.parse("z -> x, y; x -> m -> y; m -> q; i -> x; x <-> y").explain(
        "y", do="x"
    )
    for words in (
        "x -> m -> y: causal.",
        "x <- z -> y: confounding; open, and closed by holding z.",
        "closed by nothing that is observed",
        "Front-door sets: {m}",
        "Instruments of x: i",
        "through it: m",
        "comes after x: q",
    ):
        assert words in text
