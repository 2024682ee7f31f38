"""The causal graph of a panel of counts or of outcomes of 0 and 1."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import networkx as nx

    from causalstats.data import Panel
    from causalstats.models.panel_glm.model import PanelGLM


def causal_graph(model: PanelGLM, data: Panel) -> nx.DiGraph[str]:
    """Return who affects whom: units and covariates act on treatment and outcome."""
    import networkx as nx

    graph = nx.DiGraph()
    label = data.wording.label
    named = ", ".join(map(label, data.treatments))
    graph.add_node("treatment", label=named, role="observed")
    graph.add_node("outcome", label=label(data.arguments["outcome"]), role="observed")
    lasting = f"what {label(data.arguments['unit'])} is like for good"
    graph.add_node("unit", label=lasting, role="hidden")
    graph.add_edge("treatment", "outcome")
    causes = ["unit"]
    if data.covariates:
        names = ", ".join(map(label, data.covariates))
        graph.add_node("covariates", label=names, role="observed")
        graph.add_edge("unit", "covariates")
        causes.append("covariates")
    if model.time_effects or data.absorbs_time:
        graph.add_node("time", label=label(data.arguments["time"]), role="observed")
        causes.append("time")
    for cause in causes:
        graph.add_edges_from([(cause, "treatment"), (cause, "outcome")])
    return graph
