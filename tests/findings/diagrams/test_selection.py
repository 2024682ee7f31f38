"""Selection bias: data of the selected give the answer about everybody, or it is refused.

The truth is that of explicit models with hidden causes: P(v | selected) is their joint distribution
conditioned on the selection, and the answer their interventional distribution without it.
"""

from itertools import combinations, product

import networkx as nx
import numpy as np
import pandas as pd
import pytest

import causalstats as cs
from causalstats.diagrams import BayesianNetwork, Diagram, JointTable, MixedGraph
from causalstats.models.causal_diagram.tables import reduced_form_tables


@pytest.mark.parametrize(
    ("text", "identified"),
    [
        ("dag { x [e] y [o] s [s] x -> y -> s x -> s }", False),
        ("dag { x [e] y [o] s [s] x -> y x -> s }", True),
        ("dag { x [e] y [o] s [s] x -> y y -> s }", False),
        ("dag { x [e] y [o] s [s] x -> y x -> m -> s }", True),
        (
            "dag { x [e] y [o] s [s] z -> x z -> y z -> s x -> y }",
            False,
        ),  # P(z) is of the selected
        ("dag { x [e] y [o] s [s] z -> x z -> y x -> s x -> y }", False),
        ("dag { x [e] y [o] s [s] z -> x z -> y x -> y z -> w a -> s }", True),
        (
            "S1 -> {X[exposure]} -> {Y[outcome]} <- S2; S1 [selected]",
            True,
        ),  # dagitty's own tests
        ("S1 -> {X[exposure]} -> {Y[outcome]} <- S2; S2 [selected]", False),
        ("x -> m -> y; x <-> y; x -> s; selected: s; treatment: x; outcome: y", False),
        ("x -> m -> y; x <-> y; m -> s; selected: s; treatment: x; outcome: y", False),
        ("x -> y; s <-> x; selected: s; treatment: x; outcome: y", True),
        ("x -> y; s <-> y; selected: s; treatment: x; outcome: y", False),
    ],
)
def test_textbook_selection(text, identified):
    identification = Diagram.parse(text).identify()
    assert identification.identified == identified
    words = str(identification)
    assert (
        ("among those whom" in words) if identified else ("those alone whom" in words)
    )


def random_study(rng):
    """A random diagram with hidden causes and a selection, its mechanisms, and a question."""
    names = [f"v{number}" for number in range(rng.integers(3, 6))]
    chosen = [f"s{number}" for number in range(rng.integers(1, 3))]
    order = names[:]
    for name in chosen:
        order.insert(int(rng.integers(1, len(order) + 1)), name)
    arrows = rng.choice([0.3, 0.5])
    arcs = rng.choice([0, 0.12, 0.25])
    graph = nx.DiGraph()
    graph.add_nodes_from(order)
    graph.add_edges_from(
        pair for pair in combinations(order, 2) if rng.random() < arrows
    )
    shared = [pair for pair in combinations(order, 2) if rng.random() < arcs][:4]
    diagram = Diagram.from_networkx(graph, confounded=shared).with_roles(
        selected=chosen
    )
    sizes = {name: 3 if name.startswith("u_") else 2 for name in diagram.variables}
    diagram = diagram.with_levels(sizes)
    mechanisms = {
        name: rng.dirichlet(
            np.full(sizes[name], 0.8), [sizes[c] for c in diagram.parents(name)]
        )
        for name in diagram.variables
    }
    x, y = rng.choice(names, 2, replace=False)
    given = [name for name in names if name not in (x, y) and rng.random() < 0.2]
    return diagram, BayesianNetwork(diagram, mechanisms), chosen, str(x), str(y), given


@pytest.mark.parametrize("seed", range(4))
def test_formulas_in_the_selected_give_the_answer_of_everybody(seed):
    rng = np.random.default_rng(seed)
    identified = 0
    for _ in range(100):
        diagram, network, chosen, x, y, given = random_study(rng)
        observed = diagram.observed
        joint = network.query(observed, given=dict.fromkeys(chosen, 1))
        identification = diagram.identify(y, x, given)
        if not identification.identified:
            continue
        identified += 1
        values = identification.evaluate(JointTable(observed, joint.values)).values
        for arm, *seen in product((0, 1), repeat=1 + len(given)):
            truth = network.query(
                y, do={x: arm}, given=dict(zip(given, seen, strict=True))
            )
            np.testing.assert_allclose(
                values[(slice(None), arm, *seen)], truth, atol=1e-10
            )
    assert identified > 20


@pytest.mark.parametrize("seed", range(2))
def test_tables_of_a_model_rebuild_the_distribution_of_the_selected(seed):
    """Selection joins its causes: independences of everybody do not hold among the selected."""
    rng = np.random.default_rng([seed, 1])
    for _ in range(60):
        diagram, network, chosen, *_ = random_study(rng)
        observed = diagram.observed
        joint = network.query(observed, given=dict.fromkeys(chosen, 1)).values
        source = JointTable(observed, joint)
        product_of_tables = np.ones(joint.shape)
        for table in reduced_form_tables(MixedGraph.from_diagram(diagram)):
            part = source.probability((table.variable,), table.given)
            axes = [observed.index(name) for name in (table.variable, *table.given)]
            part = part.transpose(np.argsort(axes)).reshape(
                [2 if number in axes else 1 for number in range(len(observed))]
            )
            product_of_tables = product_of_tables * part
        np.testing.assert_allclose(product_of_tables, joint, atol=1e-12)


def test_a_fit_to_the_selected_answers_of_everybody_or_is_refused():
    rng = np.random.default_rng(3)
    n = 40_000
    w = rng.integers(0, 2, n)
    x = rng.integers(0, 2, n)
    y = (rng.random(n) < 0.2 + 0.3 * x + 0.3 * w).astype(int)
    frame = pd.DataFrame({"w": w, "x": x, "y": y})
    by_treatment = frame[rng.random(n) < np.where(x == 1, 0.9, 0.3)]
    model = cs.CausalDiagram("dag { x [e] y [o] s [s] x -> y w -> y x -> s }")
    fit = cs.fit(
        model, cs.Observations.from_frame(by_treatment), seed=1, progress=False
    )
    row = fit.effect("effect").summary().iloc[0]
    assert row["lower"] < 0.3 < row["upper"]
    assert row["sd"] < 0.02
    assert any(each.name == "selection as drawn" for each in model.assumptions())
    with pytest.raises(cs.ModelError, match="those alone whom s selects"):
        fit.bounds("w", do={"x": 1}, factual={"x": 0})
    for text in (
        "dag { x [e] y [o] s [s] x -> y w -> y y -> s }",
        "dag { x [e] y [o] s [s] x -> y w -> y w -> s }",
    ):
        with pytest.raises(cs.ModelError, match="those alone whom s selects"):
            cs.fit(
                cs.CausalDiagram(text),
                cs.Observations.from_frame(by_treatment),
                seed=1,
                progress=False,
            )
    with pytest.raises(cs.ModelError, match="Leave the column out"):
        data = cs.Observations.from_frame(by_treatment.assign(s=1))
        cs.fit(model, data, seed=1, progress=False)
