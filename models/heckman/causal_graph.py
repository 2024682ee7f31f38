"""The causal graph of sample selection: outcome and decision share unobserved causes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from causalstats.data import Decisions

if TYPE_CHECKING:
    import networkx as nx

    from causalstats.models.heckman.model import Heckman


def causal_graph(model: Heckman, data: Decisions) -> nx.DiGraph[Any]:
    """Return who affects whom; excluded features affect the decision alone."""
    import networkx as nx

    graph = nx.DiGraph()
    label = data.wording.label
    outcome = label(data.arguments["outcome"])
    column = data.arguments["decision"]
    decision = label(column)
    common = [name for name in data.design.variables if name not in model.excluded]
    seen = f"outcome: {outcome} (seen if {column} = 1)"
    graph.add_node("features", label=", ".join(map(label, common)), role="observed")
    graph.add_node(
        "unobservable", label="what outcome and decision share", role="hidden"
    )
    graph.add_node("decision", label=f"decision: {decision}", role="observed")
    graph.add_node("outcome", label=seen, role="selected")
    for cause in ("features", "unobservable"):
        graph.add_edge(cause, "outcome")
        graph.add_edge(cause, "decision")
    if model.excluded:
        graph.add_node(
            "excluded", label=", ".join(map(label, model.excluded)), role="observed"
        )
        graph.add_edge("excluded", "decision")
    return graph
