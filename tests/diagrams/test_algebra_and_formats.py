"""String diagrams: syntax, the laws of composition, and the formats they are read from."""

import networkx as nx
import numpy as np
import pytest

from causalstats import Diagram, ModelError
from causalstats.diagrams import (
    Box,
    Wire,
    box,
    copy,
    discard,
    effect,
    identity,
    state,
    swap,
    uniform,
)


def test_parsed_smoking_model_has_the_wires_and_boxes_of_the_paper():
    smoking = Diagram.parse("smoking -> tar -> cancer; smoking <-> cancer")
    assert smoking.observed == ("smoking", "tar", "cancer")
    assert smoking.hidden == ("u_cancer_smoking",)
    assert smoking.parents("cancer") == ("tar", "u_cancer_smoking")
    assert smoking.children("smoking") == ("tar",)
    assert smoking.is_network


def test_bidirected_edges_and_declared_hidden_variables_give_hidden_roots():
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
def test_unreadable_text_raises_an_error_that_quotes_it(text, message):
    with pytest.raises(ModelError, match=message):
        Diagram.parse(text)


def test_networkx_graphs_that_are_no_causal_model_are_refused():
    with pytest.raises(ModelError, match="undirected"):
        Diagram.from_networkx(nx.Graph([("a", "b")]))
    with pytest.raises(ModelError, match="'1' stands for several"):
        Diagram.from_networkx(nx.DiGraph([(1, "1")]))
    with pytest.raises(ModelError, match="got 'h'"):
        Diagram.from_networkx(nx.DiGraph([("a", "b")]), hidden=["h"])


def random_type(rng: np.random.Generator) -> tuple[str, ...]:
    return tuple(rng.choice(["a", "b", "c"], size=int(rng.integers(0, 3))).tolist())


def random_term(
    rng: np.random.Generator, dom: tuple[str, ...], cod: tuple[str, ...], depth: int = 2
) -> Diagram:
    """Return a random term made of boxes, copies, swaps and discards.

    Parameters
    ----------
    rng : Generator
    dom, cod : tuple of str
        The names of the wires that enter and leave the term.
    depth : int
        The number of compositions in a row that are tried before a term is a single box.
    """
    if depth and rng.random() < 0.7:
        between = random_type(rng)
        return random_term(rng, dom, between, depth - 1) >> random_term(
            rng, between, cod, depth - 1
        )
    if len(dom) and len(cod) and rng.random() < 0.4:
        return random_term(rng, dom[:1], cod[1:], depth) @ random_term(
            rng, dom[1:], cod[:1], depth
        ) >> turn(cod)
    if len(dom) == 1 and rng.random() < 0.5:
        return copy(*dom) >> (discard(*dom) @ box("f", dom, cod))
    return box(str(rng.choice(["f", "g"])), dom, cod)


def turn(cod: tuple[str, ...]) -> Diagram:
    """Brings the first wire, which comes last, back to the front."""
    first, rest = cod[0], cod[1:]
    turned = identity(*rest, first)
    for rank in range(len(rest) - 1, -1, -1):
        turned = turned >> (
            identity(*rest[:rank])
            @ swap(rest[rank], first)
            @ identity(*rest[rank + 1 :])
        )
    return turned


@pytest.mark.parametrize("seed", range(30))
def test_laws_of_a_symmetric_monoidal_category(seed):
    rng = np.random.default_rng(seed)
    a, b, c, d, e, k = (random_type(rng) for _ in range(6))
    f, g, h = random_term(rng, a, b), random_term(rng, b, c), random_term(rng, c, d)
    left, after = random_term(rng, d, e), random_term(rng, e, k)
    assert (f >> g) >> h == f >> (g >> h)
    assert (f @ g) @ h == f @ (g @ h)
    assert identity(*a) >> f == f == f >> identity(*b)
    assert identity() @ f == f == f @ identity()
    assert (f @ left) >> (g @ after) == (f >> g) @ (left >> after)  # interchange
    assert f >> g >> h == eval(repr(f >> g >> h)) and hash(f >> g >> h) == hash(
        eval(repr(f >> g >> h))
    )


@pytest.mark.parametrize("seed", range(20))
def test_swaps_are_natural_and_undo_themselves(seed):
    rng = np.random.default_rng(seed)
    (a, b), (c, d) = (
        tuple(rng.choice(["a", "b", "c"], size=2).tolist()) for _ in range(2)
    )
    f, g = random_term(rng, (a,), (b,)), random_term(rng, (c,), (d,))
    assert (f @ g) >> swap(b, d) == swap(a, c) >> (g @ f)
    assert swap(a, b) >> swap(b, a) == identity(a, b)


def test_laws_of_copying_and_discarding():
    twice = copy("a")
    assert (
        twice >> (twice @ identity("a"))
        == twice >> (identity("a") @ twice)
        == copy("a", times=3)
    )
    assert twice >> swap("a", "a") == twice
    assert (
        twice >> (discard("a") @ identity("a"))
        == identity("a")
        == twice >> (identity("a") @ discard("a"))
    )
    assert copy("a", "b") == (copy("a") @ copy("b")) >> (
        identity("a") @ swap("a", "b") @ identity("b")
    )
    assert discard("a", "b") == discard("a") @ discard("b") and uniform(
        "a", "b"
    ) == uniform("a") @ uniform("b")
    assert discard() == identity() == copy() == uniform()


def test_copying_and_discarding_are_not_natural_in_the_syntax():
    f = box("f", "a", "b")
    assert f >> copy("b") != copy("a") >> (f @ f)
    assert f >> discard("b") != discard("a")
    assert state("a", 0) >> copy("a") != state("a", 0) @ state("a", 0)


def test_diagrams_with_another_port_value_or_level_are_unequal():
    f = box("f", ("a", "a"), "b")
    same = [
        f,
        swap("a", "a") >> f,
        copy("a") >> f,
        box("g", ("a", "a"), "b"),
        box("f", (Wire("a", (0, 1)), "a"), "b"),
    ]
    same += [
        state("a", 0),
        state("a", 1),
        uniform("a"),
        box("a", (), "a"),
        effect("a", 0) @ state("a", 0),
    ]
    assert all(
        (left == right) == (i == j)
        for i, left in enumerate(same)
        for j, right in enumerate(same)
    )
    assert f != "f"


def test_parallel_copies_of_a_box_are_matched_by_isomorphism_search():
    s, t, z = box("s", (), "a"), box("t", (), "a"), box("z", ("a", "a"), ())
    rings = [
        (one @ two @ three) >> copy("a", "a", "a") >> (z @ z @ z)
        for one, two, three in ((s, s, t), (s, t, s), (t, s, s))
    ]
    assert len(set(rings)) == 1  # a ring can be turned
    assert rings[0] != (s @ t @ t) >> copy("a", "a", "a") >> (z @ z @ z)
    six, three_and_three = (
        cycle(6),
        cycle(3) @ cycle(3),
    )  # no colouring tells these apart
    assert (
        six != three_and_three
        and six == cycle(6)
        and three_and_three == cycle(3) @ cycle(3)
    )


def cycle(length: int) -> Diagram:
    """States in a ring, each observed together with the next."""
    wires = tuple(Wire("a") for _ in range(length))
    boxes = [Box("s", (), (rank,)) for rank in range(length)] + [
        Box("z", (rank, (rank + 1) % length), ()) for rank in range(length)
    ]
    return Diagram(wires, tuple(boxes))


def test_composition_refuses_wires_of_different_types():
    with pytest.raises(ModelError, match="b would be joined to c"):
        box("f", "a", ("a", "b")) >> box("g", ("a", "c"), "a")
    with pytest.raises(ModelError, match="f puts out a, b, g takes a"):
        box("f", "a", ("a", "b")) >> box("g", "a", "a")
    yes_no, zero_one = Wire("a", ("no", "yes")), Wire("a", (0, 1))
    with pytest.raises(ModelError, match="one type"):
        identity(yes_no) >> identity(zero_one)
    assert (identity("a") >> identity(yes_no)).dom == (yes_no,)
    with pytest.raises(ModelError, match="one type"):
        copy("a") >> identity(yes_no, zero_one)
    with pytest.raises(ModelError, match="got 'maybe'"):
        state(yes_no, "maybe")


@pytest.mark.parametrize(
    "text",
    [
        "smoking -> tar -> cancer; smoking <-> cancer",
        "x; y -> z",
        "y -> z; x",
        '"a b" -> c',
        "hidden: h -> a, b, c",
        "a, b -> c; a <-> b",
        '"hidden"',
        "a <-> b <-> c",
    ],
)
def test_repr_of_a_model_evaluates_back_to_it(text):
    model = Diagram.parse(text)
    assert repr(model).startswith("Diagram.parse(")
    for diagram in (
        model,
        model.with_levels({model.observed[0]: ("no", "yes")}),
        model.cut(model.observed[0]),
        model.do({model.observed[0]: 1}),
    ):
        assert eval(repr(diagram)) == diagram


def test_with_levels_sets_levels_and_refuses_bad_ones():
    model = Diagram.parse("a -> b").with_levels(
        {"a": 2, "b": np.array(["low", "high"])}
    )
    assert [wire.levels for wire in model.wires] == [(0, 1), ("low", "high")]
    assert eval(repr(model)) == model
    assert Diagram.parse("a -> b").twin().with_levels({"a'": 3}).wires[0].levels == (
        0,
        1,
        2,
    )  # in every world
    for wrong, message in [
        ({"a": 0}, "number"),
        ({"a": "ab"}, "sequence"),
        ({"a": {"x", "y"}}, "sequence"),
        ({"a": ["x", "x"]}, "all different"),
        ({"c": 2}, "got 'c'"),
    ]:
        with pytest.raises(ModelError, match=message):
            model.with_levels(wrong)


def test_networkx_round_trip():
    graph = nx.DiGraph([("b", "c"), ("a", "c"), ("h", "a"), ("h", "b")])
    model = Diagram.from_networkx(graph, hidden=["h"]).with_levels({"a": 3})
    back = model.to_networkx()
    assert Diagram.from_networkx(back) == model
    assert back.nodes["h"]["hidden"] and back.nodes["a"]["levels"] == (0, 1, 2)
    assert model.parents("c") == ("b", "a")
    assert not any(graph.nodes[node] for node in graph)  # the graph is as it was


def test_malformed_hypergraphs_are_refused():
    with pytest.raises(ModelError, match="made once"):
        Diagram((Wire("a"),), ())
    with pytest.raises(ModelError, match=r"got \[1\]"):
        Diagram((Wire("a"),), (), (0,), (1,))
    with pytest.raises(ModelError, match="a -> b -> a"):
        Diagram((Wire("a"), Wire("b")), (Box("f", (1,), (0,)), Box("g", (0,), (1,))))


@pytest.mark.parametrize("seed", range(15))
def test_dagitty_and_dot_round_trips(seed):
    rng = np.random.default_rng(seed)
    names = rng.permutation(
        ["x", "y.1", "node", "two words", 'a "quote"', "edge", "7", "hidden"]
    )[: int(rng.integers(2, 8))].tolist()
    pairs = [(one, two) for rank, two in enumerate(names) for one in names[:rank]]
    graph = nx.DiGraph()
    graph.add_nodes_from(names)
    graph.add_edges_from(pair for pair in pairs if rng.random() < 0.4)
    hidden = [name for name in names if rng.random() < 0.2]
    model = Diagram.from_networkx(
        graph, hidden, confounded=[pair for pair in pairs if rng.random() < 0.25]
    )
    for text in (model.to_dagitty(), model.to_dot()):
        assert Diagram.parse(text) == model


def test_lavaan_has_the_latent_projection():
    model = Diagram.parse("hidden: h -> a, b; w -> h; a -> b; c <-> b")
    assert model.to_lavaan().splitlines() == [
        "a ~ w",
        "b ~ w + a",
        "c ~~ b",
        "a ~~ b",
    ]


@pytest.mark.parametrize(
    ("diagram", "expected"),
    [
        (Diagram.parse("a -> b").cut("b"), "before surgery"),
        (Diagram.parse("a -> s; selected: s"), "only the selected are seen"),
        (Diagram.parse('"two words" -> b'), "'two words'"),
    ],
)
def test_lavaan_refuses_surgery_selection_and_names_that_it_cannot_read(
    diagram, expected
):
    with pytest.raises(ModelError, match=expected):
        diagram.to_lavaan()


def test_dagitty_text_from_the_wild_is_read():
    model = Diagram.parse("""dag {
        bb="0,0,1,1"
        smoking [exposure,pos="-0.5,0.1"] cancer [outcome,pos="1.2,-2"]  mood [latent]
        mood -> {smoking cancer}  // a comment
        smoking -> tar -> cancer [beta=-0.5]; diet <-> cancer
    }""")
    assert model == Diagram.parse(
        "smoking; cancer; hidden: mood; mood -> smoking, cancer; smoking -> tar; tar -> cancer; "
        "diet <-> cancer"
    )
    assert model.hidden == ("mood", "u_cancer_diet")


def test_dot_text_from_the_wild_is_read():
    model = Diagram.parse("""strict digraph "a graph" {
        rankdir=LR; node [shape=box]; edge [color=grey]
        a -> b [dir=both]; d -> a [dir=back]
        subgraph cluster_0 { label="x"; a; c } -> e
        u [observed="no"]; u -> e /* hidden */
    }""")
    assert (
        model.hidden == ("u", "u_a_b")
        and model.parents("e") == ("a", "c", "u")
        and model.parents("d") == ("a",)
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("graph { a -- b }", "direction"),
        ("digraph { a -- b }", "direction"),
        ("pdag { a -> b }", "direction"),
        ("digraph { a -> b", "closing brace"),
        ("dag { a -> }", "got '}'"),
        ("dag { a -> b -> a }", "a -> b -> a"),
        ("dag { a -> b [x=; }", "got ';'"),
        ("digraph { a ! b }", "'! b"),
    ],
)
def test_unreadable_dot_raises_an_error_that_quotes_it(text, message):
    with pytest.raises(ModelError, match=message):
        Diagram.parse(text)


def test_only_causal_models_are_written_as_graphs():
    with pytest.raises(ModelError, match="after surgery"):
        Diagram.parse("a -> b").cut("a").to_dagitty()
