"""String diagrams: their syntax, the laws it obeys, and the notations they are read from and written to."""

import networkx as nx
import pytest

from causalstats import Diagram, ModelError


def test_the_example_of_the_paper():
    smoking = Diagram.parse("smoking -> tar -> cancer; smoking <-> cancer")
    assert smoking.observed == ("smoking", "tar", "cancer")
    assert smoking.hidden == ("u_cancer_smoking",)
    assert smoking.parents("cancer") == ("tar", "u_cancer_smoking")
    assert smoking.children("smoking") == ("tar",)
    assert smoking.is_network


def test_a_chain_of_confounders_is_two_roots_and_a_declared_one_is_one():
    assert Diagram.parse("a <-> b <-> c").hidden == ("u_a_b", "u_b_c")
    assert Diagram.parse("hidden: u -> a, b, c").children("u") == ("a", "b", "c")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a -> b -> c -> a", "a -> b -> c -> a"),
        ("a -> a", "a -> a"),
        ("a <-> a", "different variables"),
        ("a ->", "names with arrows"),
        ("a b -> c", "names with arrows"),
        ("", "at least one variable"),
        ("a & b", "'& b'"),
        ("u_a_b -> a; a <-> b", "u_a_b"),
    ],
)
def test_what_cannot_be_read_says_so(text, message):
    with pytest.raises(ModelError, match=message):
        Diagram.parse(text)


def test_networkx_graphs_that_are_no_causal_model():
    with pytest.raises(ModelError, match="undirected"):
        Diagram.from_networkx(nx.Graph([("a", "b")]))
    with pytest.raises(ModelError, match="'1' stands for several"):
        Diagram.from_networkx(nx.DiGraph([(1, "1")]))
    with pytest.raises(ModelError, match="got 'h'"):
        Diagram.from_networkx(nx.DiGraph([("a", "b")]), hidden=["h"])
