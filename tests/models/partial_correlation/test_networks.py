"""Networks of selected pairs, and pairs that counts do not determine."""

from itertools import combinations

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

import causalstats as cs
from causalstats.core.network import Network, force_layout
from causalstats.core.views import NetworkView
from causalstats.models.partial_correlation.answer_checks import (
    answer_checks,
    determined_pairs,
)
from causalstats.models.partial_correlation.model import _dataset
from causalstats.numerics.compositions.counting_information import (
    counting_information,
    shared_information,
)
from causalstats.plots.composition_views import view

pytestmark = pytest.mark.usefixtures("without_hidden_groups")

SHORT = cs.Gibbs(chains=2, draws=100, tune=100, thin=2)


@pytest.fixture(scope="module")
def network():
    model = cs.PartialCorrelation(prior="matching")
    data = model.simulate(1, rows=200, parts=6).data
    return cs.fit(model, data, seed=1, progress=False).network(rope=0.1, fdr=0.1)


@pytest.fixture(scope="module")
def rare():
    """A fit of counts with two common parts and three that are counted seldom."""
    rng = np.random.default_rng(1)
    logs = np.array([6, 6, 5, -1, -1.5, -1]) + rng.normal(0, 0.7, (40, 6))
    counts = rng.poisson(np.exp(logs))
    frame = pd.DataFrame(counts, columns=list("abcxyz"))
    data = cs.Composition.from_frame(frame, parts=list(frame), zeros="counts")
    model = cs.PartialCorrelation(prior="horseshoe")
    return cs.fit(model, data, seed=1, sampler=SHORT, progress=False)


def test_a_network_tells_the_doubts_of_its_pairs():
    rows = np.random.default_rng(1).lognormal(size=(30, 4))
    frame = pd.DataFrame(np.repeat(rows, 2, axis=0), columns=list("abcd"))
    data = cs.Composition.from_frame(frame, parts=list("abcd"))
    fit = cs.fit(cs.PartialCorrelation(prior="matching"), data, seed=1, progress=False)
    network = fit.network()
    assert "warning: no row twice" in repr(network)
    assert network.pairs["doubts"].str.contains("no row twice").all()
    assert "no row twice" in network.to_networkx().graph["warnings"]


def test_the_edges_are_the_pairs_that_decide_selects(network):
    model = cs.PartialCorrelation(prior="matching")
    data = model.simulate(1, rows=200, parts=6).data
    fit = cs.fit(model, data, seed=1, progress=False)
    decided = fit.effect("partial_correlation").decide(rope=0.1, fdr=0.1)
    selected = decided[decided["selected"]]
    edges = network.edges
    assert len(edges) > 2
    assert list(edges["one"] + " ~ " + edges["other"]) == list(selected.index)
    np.testing.assert_array_equal(edges["weight"], selected["mean"])
    matrix = network.adjacency()
    np.testing.assert_array_equal(matrix, matrix.T)
    assert (matrix.to_numpy() != 0).sum() == 2 * len(edges)


def test_parts_whose_names_hold_the_mark_of_a_pair_keep_their_links():
    """The pairs of "a ~ b", "c" and of "a", "b ~ c" had one name, and the network 8 pairs of 6."""
    names = ["a ~ b", "c", "a", "b ~ c"]
    model = cs.PartialCorrelation(prior="matching")
    frame = model.simulate(1, rows=100, parts=4).data.source
    plain = cs.Composition.from_frame(frame, parts=list(frame))
    named = frame.set_axis(names, axis=1)
    data = cs.Composition.from_frame(named, parts=names)
    networks = [
        cs.fit(model, each, seed=1, progress=False).network() for each in (plain, data)
    ]
    np.testing.assert_array_equal(*(each.adjacency().to_numpy() for each in networks))
    fit = cs.fit(model, data, seed=1, progress=False)
    for name in ("partial_correlation", "regression_coefficient", "clr_precision"):
        assert fit.effect(name).numbers().index.is_unique
    reordered = cs.fit(
        model,
        cs.Composition.from_frame(named, parts=names[::-1]),
        seed=1,
        progress=False,
    )
    answers = [each.effect("partial_correlation") for each in (fit, reordered)]
    difference = answers[0].minus(answers[1], "orders")
    assert len(difference.numbers()) == 6


@pytest.mark.parametrize("name", ["network.graphml", "network.graphml.gz"])
def test_graphml_keeps_nodes_weights_and_modules(network, tmp_path, name):
    network.write_graphml(tmp_path / name)
    read = nx.read_graphml(tmp_path / name)
    graph = network.to_networkx()
    assert set(read.nodes) == set(network.nodes)
    for one, other, values in graph.edges(data=True):
        assert read.edges[one, other]["weight"] == pytest.approx(values["weight"])
    assert {read.nodes[node]["module"] for node in read} == set(
        range(len(network.modules()))
    )


def test_modules_are_the_components_of_separate_groups():
    nodes = tuple("abcdefg")
    one, other = np.triu_indices(7, 1)
    group = np.array([0, 0, 0, 1, 1, 1, 2])
    linked = (group[one] == group[other]) & (group[one] < 2)
    pairs = pd.DataFrame(
        {
            "one": np.array(nodes)[one],
            "other": np.array(nodes)[other],
            "weight": 0.5,
            "lower": 0.4,
            "upper": 0.6,
            "q_value": 0.01,
            "determined": True,
            "selected": linked,
        }
    )
    network = Network(nodes=nodes, pairs=pairs, rope=0.0, fdr=0.05)
    assert network.modules() == (("a", "b", "c"), ("d", "e", "f"), ("g",))
    assert set(network.layout().index) == set("abcdef")


def test_components_of_three_hundred_nodes_do_not_overlap():
    sizes = [120, 60, 40, 20, 20, 10, *[2] * 15]
    graph = nx.disjoint_union_all([nx.path_graph(size) for size in sizes])
    nx.set_edge_attributes(graph, 1.0, "size")
    positions = force_layout(graph)
    assert len(positions) == 300 and np.isfinite(positions.to_numpy()).all()
    circles = []
    for component in nx.connected_components(graph):
        points = positions.loc[list(component)].to_numpy()
        centre = (points.max(axis=0) + points.min(axis=0)) / 2
        circles.append((centre, np.linalg.norm(points - centre, axis=1).max()))
    apart = [
        np.linalg.norm(first[0] - second[0]) > 0.8 * (first[1] + second[1])
        for index, first in enumerate(circles)
        for second in circles[:index]
    ]
    assert np.mean(apart) > 0.97


def test_a_network_needs_a_model_about_pairs():
    model = cs.CausalDiagram("x -> y")
    fit = cs.fit(model, model.simulate(1, people=50).data, seed=1, progress=False)
    with pytest.raises(cs.ModelError, match="a model about pairs"):
        fit.network()


def test_information_is_near_one_for_large_counts_and_near_none_for_rare_parts():
    counts = np.array([[1000, 0], [3000, 0], [2000, 1]])
    information = counting_information(counts, np.array([1.0, 1.0]))
    assert (information[:, 0] > 0.99).all() and (information[:2, 1] < 0.4).all()
    shared = shared_information(information)
    np.testing.assert_allclose(shared, shared.T)
    assert shared[0, 0] > 0.99 and shared[0, 1] < 0.5


def test_pairs_of_rare_parts_are_not_determined_and_never_selected(rare):
    answer = rare.effect("partial_correlation")
    table = answer.decide(fdr=0.5)
    rare_pairs = [label for label in table.index if set(label) & set("xyz")]
    common_pairs = [label for label in table.index if label not in rare_pairs]
    assert not table.loc[rare_pairs, "determined"].any()
    assert table.loc[common_pairs, "determined"].all()
    assert table.loc[rare_pairs, "q_value"].isna().all()
    assert not table.loc[rare_pairs, "selected"].any()
    assert "determined by the counts" in [check.name for check in answer.doubts]
    matrix = rare.network().adjacency()
    assert np.isnan(matrix.loc["a", "x"]) and not np.isnan(matrix.loc["a", "b"])
    draws = rare.draws["posterior"].to_dataset()
    view = rare.model.views(draws, rare.data)["network"]()
    assert set(view.edges["one"]) | set(view.edges["other"]) == set("abc")
    assert "12 pairs are not determined" in view.note


def test_known_amounts_determine_every_pair(network):
    assert network.pairs["determined"].all()


def test_pairs_about_which_chains_disagree_are_not_determined():
    """The link of p1 and p2 is strong in one chain and none in the other."""
    rng = np.random.default_rng(3)
    model = cs.PartialCorrelation(prior="horseshoe")
    data = model.simulate(seed=1, rows=20, parts=4).data
    amounts = np.broadcast_to(np.eye(4), (2, 200, 4, 4)).copy()
    amounts += 0.02 * rng.standard_normal((2, 200, 1, 1)) * np.ones((4, 4))
    amounts[1, :, [0, 1], [1, 0]] += 0.5
    sums = amounts.sum(axis=-1)
    total = sums.sum(axis=-1)[..., None, None]
    theta = amounts - sums[..., :, None] * sums[..., None, :] / total
    theta[0] += 0.01 * rng.standard_normal((200, 1, 1)) * (4 * np.eye(4) - 1)
    draws = _dataset(theta, data.parts)
    determined = determined_pairs(model, draws, data)
    assert not determined[0]
    (check,) = [
        check
        for check in answer_checks(model, "partial_correlation", draws, data)
        if check.name == "resolved by the chains"
    ]
    assert check.passed is False and "p1 ~ p2" in check.finding
    agreeing = draws.isel(chain=[0, 0])
    assert determined_pairs(model, agreeing, data) is None


def test_positions_do_not_depend_on_the_order_of_nodes_and_edges():
    edges = [("a", "b"), ("b", "c"), ("d", "e"), ("f", "g"), ("g", "h"), ("h", "f")]
    layouts = []
    for order in (edges, [pair[::-1] for pair in edges[::-1]]):
        graph = nx.Graph()
        graph.add_edges_from(order, size=0.5)
        layouts.append(force_layout(graph).sort_index())
    pd.testing.assert_frame_equal(*layouts)


def test_names_of_many_parts_do_not_overlap():
    nodes = tuple(f"Bacteroides_{k}" for k in range(60))
    pairs = [(k, k + 1) for k in range(59) if k % 3 != 2]
    edges = pd.DataFrame(
        {
            "one": [nodes[k] for k, _ in pairs],
            "other": [nodes[k] for _, k in pairs],
            "value": 0.4,
            "excess": 0.4,
            "q_value": 0.001,
        }
    )
    figure = view(
        NetworkView(
            nodes=nodes, edges=edges, label="partial correlation", note="Edges."
        )
    )
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    boxes = [
        text.get_window_extent(canvas.get_renderer())
        for text in figure.axes[0].texts
        if text.get_text().startswith("Bacteroides")
    ]
    assert len(boxes) == 60
    overlapping = sum(one.overlaps(other) for one, other in combinations(boxes, 2))
    assert overlapping <= 3, overlapping
