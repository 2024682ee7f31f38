"""Pictures of a causal diagram: as a graph, and before and after surgery."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import networkx as nx

from causalstats.core.views import DrawnView
from causalstats.diagrams.diagram import Diagram
from causalstats.diagrams.drawing.picture import child_within
from causalstats.diagrams.formats.causal_graph import root_name

if TYPE_CHECKING:
    from causalstats.models.causal_diagram.model import CausalDiagram


def surgery(model: CausalDiagram) -> DrawnView:
    """Return the diagram, and the diagram without the arrows into the treatment.

    The district of the treatment, which hidden causes hold together, is tinted, unless the
    treatment acts within it.
    """
    comb = None if child_within(model.diagram, model.treatment) else model.treatment
    cut = model.diagram.cut(model.treatment)
    return DrawnView(draw=lambda ax: cut.draw(model.diagram, comb=comb, ax=ax))


def causal_graph(diagram: Diagram) -> nx.DiGraph[Any]:
    """Return the diagram as a graph whose nodes have a `role`, observed or hidden.

    Hidden causes that nobody named are labelled "?".
    """
    graph = nx.DiGraph()
    for name in diagram.variables:
        hidden = name in diagram.hidden
        unnamed = hidden and name == root_name(diagram.children(name))
        label = {"label": "?"} if unnamed else {}
        graph.add_node(name, role="hidden" if hidden else "observed", **label)
    for name in diagram.variables:
        graph.add_edges_from((cause, name) for cause in diagram.parents(name))
    return graph
