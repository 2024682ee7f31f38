"""The causal graph of instrumental variables: an unobserved cause of treatment and outcome."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from causalstats.data import Instrumented

if TYPE_CHECKING:
    import networkx as nx

    from causalstats.models.instrument.model import Instrument


def causal_graph(model: Instrument, data: Instrumented) -> nx.DiGraph[Any]:
    """Return who affects whom; instruments with a direct effect point at the outcome too."""
    import networkx as nx

    graph = nx.DiGraph()
    given, label = data.arguments, data.wording.label
    graph.add_node("unobservable", label="unobserved causes", role="hidden")
    treatments = {"treatment": data.treatments[0]}
    if len(data.treatments) > 1:
        treatments = {f"treatment {name}": name for name in data.treatments}
    for node, name in treatments.items():
        graph.add_node(node, label=label(name), role="observed")
    graph.add_node("outcome", label=label(given["outcome"]), role="observed")
    for name in given["instruments"]:
        graph.add_node(f"instrument {name}", label=label(name), role="observed")
        for node in treatments:
            graph.add_edge(f"instrument {name}", node)
        if model.learns_direct or name in model.direct_effects:
            graph.add_edge(f"instrument {name}", "outcome", label="direct effect")
    for node in treatments:
        graph.add_edge("unobservable", node)
    if data.original is not None:
        graph.add_node("augmentation", label="augmentation", role="observed")
        for node in treatments:
            graph.add_edge("augmentation", node)
    graph.add_edge("unobservable", "outcome")
    for node in treatments:
        graph.add_edge(node, "outcome")
    if data.covariates.shape[1] or data.fixed_effects:
        held = given["covariate_formula"] or ", ".join(map(label, given["covariates"]))
        held = ", ".join(filter(None, [held, *map(label, given["fixed_effects"])]))
        graph.add_node("covariates", label=held, role="observed")
        for node in (*treatments, "outcome"):
            graph.add_edge("covariates", node)
        for name in given["instruments"]:
            graph.add_edge("covariates", f"instrument {name}")
    return graph
