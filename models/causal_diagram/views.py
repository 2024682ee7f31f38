"""Pictures of a causal diagram: as a graph, and before and after surgery."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import networkx as nx
import numpy as np

from causalstats.core.views import DrawnView
from causalstats.diagrams.diagram import Diagram
from causalstats.diagrams.drawing.picture import child_within
from causalstats.diagrams.formats.causal_graph import root_name
from causalstats.errors import ModelError

if TYPE_CHECKING:
    import xarray as xr

    from causalstats.data import Observations
    from causalstats.models.causal_diagram.levels import Levels
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


def arrow_effects(
    model: CausalDiagram, draws: xr.Dataset, data: Observations
) -> dict[str, str]:
    """Return the effect along each arrow between observed variables, with its 95 % interval.

    The cause goes from its first level to its last, a number one unit up from its mean, on this
    arrow alone (a path-specific effect). Arrows whose effect is not identified have a "?".

    Parameters
    ----------
    model : CausalDiagram
    draws : Dataset
        The posterior.
    data : Observations
    """
    levels = model.levels(data)
    texts = {}
    for cause, effect in sorted(model.graph.directed):
        arrow = f"{cause} -> {effect}"
        low, high = _first_and_last(cause, levels, data)
        try:
            do = {cause: low, arrow: [high, low]}
            _, estimand = model.question(effect, do, {}, {}, data)
            values = estimand.compute(draws, data)
        except ModelError:
            texts[arrow] = "?"
            continue
        if set(values.dims) - {"chain", "draw"}:
            texts[arrow] = "several"
            continue
        ends = values.quantile([0.025, 0.975]).to_numpy()
        texts[arrow] = f"{float(values.mean()):.2f} ({ends[0]:.2f} to {ends[1]:.2f})"
    return texts


def _first_and_last(name: str, levels: Levels, data: Observations) -> tuple[Any, Any]:
    if name in levels:
        return levels[name][0], levels[name][-1]
    mean = float(np.average(data.column(name), weights=data.counts))
    return mean, mean + 1.0
