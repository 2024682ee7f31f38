"""Causal diagrams beside each other: before surgery and after."""

from __future__ import annotations

import networkx as nx
from matplotlib.figure import Figure

from causalstats.model import DiagramsView
from causalstats.plots.causal_graph import ROLES, diagram, key
from causalstats.style import WIDTH, Picture, house_style

_LAYER = 0.95  # inches


def side_by_side(of: DiagramsView) -> Figure:
    """Each with its title, in one row, and one legend."""
    with house_style():
        layers = max(nx.dag_longest_path_length(graph) + 1 for graph in of.graphs.values())
        figure = Picture(figsize=(WIDTH, _LAYER * layers + 0.7))
        axes = figure.subplots(1, len(of.graphs), squeeze=False)[0]
        for ax, (name, graph) in zip(axes, of.graphs.items(), strict=True):
            diagram(graph, ax)
            ax.set_title(name)
        roles = {role for graph in of.graphs.values() for _, role in graph.nodes(data="role")}
        figure.legend(handles=[key(role) for role in ROLES if role in roles], loc="outside lower center", ncols=len(roles))
    return figure
