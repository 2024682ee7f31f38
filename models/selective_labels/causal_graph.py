"""The causal graph of selective labels, in which risk and the unobservable are hidden."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from causalstats.core.knowledge import Known
from causalstats.data import Decisions

if TYPE_CHECKING:
    import networkx as nx

    from causalstats.models.selective_labels.model import SelectiveLabels


def causal_graph(model: SelectiveLabels, data: Decisions) -> nx.DiGraph[Any]:
    """Return who affects whom; the outcome is seen for those decided for."""
    import networkx as nx

    graph = nx.DiGraph()
    label = data.wording.label
    outcome = label(data.arguments["outcome"])
    column = data.arguments["decision"]
    decision = label(column)
    seen = f"outcome: {outcome} (seen if {column} = 1)"
    common = [name for name in data.design.variables if name not in model.excluded]
    graph.add_node("features", label=", ".join(map(label, common)), role="observed")
    if model.unobserved_scale != Known(0.0):
        unobservable = "Z: what only the decision-maker sees"
        graph.add_node("unobservable", label=unobservable, role="hidden")
        graph.add_edge("unobservable", "risk")
    graph.add_node("risk", label="risk", role="hidden")
    graph.add_node("decision", label=f"decision: {decision}", role="observed")
    graph.add_node("outcome", label=seen, role="selected")
    graph.add_edge("features", "risk")
    graph.add_edge("risk", "outcome")
    graph.add_edge("risk", "decision")
    free = [name for name in common if name not in model.expertise]
    if free:
        graph.add_edge(
            "features", "decision", label="Δ: " + ", ".join(map(label, free))
        )
    if model.excluded:
        excluded = ", ".join(map(label, model.excluded))
        graph.add_node("excluded", label=excluded, role="observed")
        graph.add_edge("excluded", "decision")
    return graph
