"""Roles of variables in dagitty, DOT and networkx are honoured, kept, or refused by name.

The texts are dagitty's own examples and tests, and diagrams as its web page writes them.
"""

import networkx as nx
import pytest

import causalstats as cs
from causalstats.diagrams import Box, Diagram, Roles, Wire

EXPOSURE_AND_OUTCOME = [
    ("dag { x [exposure] y [outcome] u [latent] z -> x -> y x <- u -> y }", "x", "y"),
    ("dag { X [exposure] Y [outcome] Z -> X Z -> I X -> I I -> Y X -> Y }", "X", "Y"),
    (
        "dag { HRT [e] TCI [o] Age -> Occ Age -> HRT Occ -> Smo -> HRT -> TCI Age -> S TCI -> S }",
        "HRT",
        "TCI",
    ),
    ("dag { x [source] y [target] x -> y -> w }", "x", "y"),
    ("digraph { a -> x -> y -> b; x [exposure=true]; y [outcome=1] }", "x", "y"),
    ("S1 -> {X[exposure]} -> {Y[outcome]} <- S2", "X", "Y"),
    (
        'dag {\nbb="0,0,1,1"\nD [exposure,pos="0.2,-1.1"]\nY [outcome,pos="1,-1"]\n'
        "A -> D\nA -> Y\nD -> Y -> Z\n}",
        "D",
        "Y",
    ),
    ("treatment: x; outcome: y; z -> x -> y -> w", "x", "y"),
]


@pytest.mark.parametrize(("text", "treatment", "outcome"), EXPOSURE_AND_OUTCOME)
def test_the_marked_exposure_and_outcome_are_what_a_model_is_asked(
    text, treatment, outcome
):
    model = cs.CausalDiagram(text)
    assert (model.treatment, model.outcome) == (treatment, outcome)
    identification = Diagram.parse(text).identify()
    assert (identification.do, identification.outcome) == ((treatment,), (outcome,))


@pytest.mark.parametrize(
    "text",
    [text for text, *_ in EXPOSURE_AND_OUTCOME]
    + ["x -> y -> s; selected: s; adjusted: w; w -> y; hidden: u -> x, y"],
)
def test_roles_survive_every_notation(text):
    diagram = Diagram.parse(text)
    again = [
        Diagram.parse(diagram.to_dagitty()),
        Diagram.parse(diagram.to_dot()),
        Diagram.parse(str(diagram)),
        Diagram.from_networkx(diagram.to_networkx()),
        eval(
            repr(diagram),
            {"Diagram": Diagram, "Wire": Wire, "Box": Box, "Roles": Roles},
        ),
    ]
    assert all(other == diagram and other.roles == diagram.roles for other in again)


def test_a_role_given_to_the_model_wins_over_that_of_the_diagram():
    text = "dag { x [exposure] y [outcome] x -> m -> y }"
    assert cs.CausalDiagram(text, outcome="m").outcome == "m"
    with pytest.raises(cs.ModelError, match="marks a and b"):
        cs.CausalDiagram("dag { a [exposure] b [exposure] y [outcome] a -> y b -> y }")


@pytest.mark.parametrize(
    "text", ["z -> x -> y; x <-> y", "z, w -> x; z -> w; x -> m -> y; x <-> y"]
)
def test_an_instrument_is_not_taken_for_the_treatment(text):
    with pytest.raises(cs.ModelError, match="may be an instrument of 'x'"):
        cs.CausalDiagram(text)
    assert cs.CausalDiagram(text, treatment="x").outcome == "y"
    assert cs.CausalDiagram(f"{text}; treatment: x").treatment == "x"
    assert cs.CausalDiagram("x -> m -> y; x <-> y").treatment == "x"


@pytest.mark.parametrize(
    ("text", "lost"),
    [
        ("dag { x [expsoure] x -> y }", "expsoure"),
        ("dag { x [mediator] x -> y }", "mediator"),
        ("dag { x -> s [selected] }", "selected"),
        ("dag { x [exposure, outcome] x -> y }", "both treatment and outcome"),
    ],
)
def test_what_would_be_lost_is_refused_by_name(text, lost):
    with pytest.raises(cs.ModelError, match=lost):
        Diagram.parse(text)


def test_defaults_of_nodes_and_edges_are_said_of_all_that_follow():
    text = (
        "digraph { node [latent]; u; node [latent=no]; u -> x -> y; "
        "subgraph s { edge [dir=both]; x -> y } }"
    )
    assert Diagram.parse(text) == Diagram.parse("hidden: u; u -> x -> y; x <-> y")
    assert Diagram.parse("digraph { edge [dir=back]; x -> y }") == Diagram.parse(
        "y -> x; x"
    )


def test_attributes_of_networkx_are_roles():
    graph = nx.MultiDiGraph()
    graph.add_node("u", observed="no")
    graph.add_node("x", exposure=True)
    graph.add_node("y", role="outcome", levels=["no", "yes"], colour="red")
    graph.add_node("s", selected=1)
    graph.add_edges_from([("u", "x"), ("u", "y"), ("x", "y"), ("y", "s")])
    graph.add_edge("x", "y", dir="both")
    diagram = Diagram.from_networkx(graph)
    assert diagram.roles == Roles(treatment=("x",), outcome=("y",), selected=("s",))
    assert diagram.observed == ("x", "y")
    assert diagram.without_levels() == Diagram.parse(
        "hidden: u -> x, y; x -> y -> s; x <-> y; selected: s"
    )
    graph.nodes["x"]["role"] = "instrument"
    with pytest.raises(cs.ModelError, match="instrument"):
        Diagram.from_networkx(graph)


@pytest.mark.parametrize(
    ("text", "held", "refused"),
    [
        (
            "dag { x [exposure] y [outcome] z [adjusted] z -> x z -> y x -> y }",
            ("z",),
            "",
        ),
        ("dag { x [e] y [o] z [a] w [a] z -> x z -> y x -> y w -> y }", ("w", "z"), ""),
        ("dag { x [e] y [o] m [a] x -> m -> y }", None, "x acts on m"),
        (
            "dag { x [e] y [o] c [a] a -> x a -> c b -> c b -> y x -> y }",
            None,
            "stays open, or is opened",
        ),
        ("dag { x [e] y [o] w [a] z -> x z -> y x -> y z -> w }", None, "stays open"),
        ("dag { x [e] y [o] c [a] x -> y -> c }", None, "x acts on c"),
    ],
)
def test_adjusted_variables_are_adjusted_for_or_the_question_is_refused(
    text, held, refused
):
    diagram = Diagram.parse(text)
    if refused:
        with pytest.raises(cs.ModelError, match=refused):
            diagram.identify()
        assert diagram.with_roles(adjusted=()).identify().identified
    else:
        identification = diagram.identify()
        assert tuple(sorted(identification.criteria[0].variables)) == held


def test_properties_of_bif_that_hold_evidence_are_refused():
    text = (
        "network x { property author = me; } "
        "variable a { type discrete [ 2 ] { no, yes }; property {}; }"
        " probability ( a ) {{ table .4, .6; }}".replace("{{", "{").replace("}}", "}")
    )
    assert cs.BayesianNetwork.from_bif(
        text.replace("property {}", "property position = (1, 2)")
    )
    with pytest.raises(cs.DataError, match="observed yes"):
        cs.BayesianNetwork.from_bif(
            text.replace("property {}", "property observed yes")
        )
    with pytest.raises(cs.DataError, match="decision"):
        cs.BayesianNetwork.from_bif(
            "decision d { } " + text.replace("property {};", "")
        )
