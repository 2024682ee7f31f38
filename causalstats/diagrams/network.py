"""Causal graphs as string diagrams, and back: one box for each variable, one hidden root for each set of confounded variables.

Directed graphs and diagrams of causal models correspond one to one (Lorenz & Tull 2023); a bidirected edge becomes a shared root.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable

import networkx as nx

from causalstats.diagrams.diagram import Box, Diagram, Wire, cycle_error
from causalstats.errors import ModelError


def network(
    graph: nx.DiGraph,
    hidden: Iterable[Hashable] = (),
    confounded: Iterable[Collection[Hashable]] = (),
) -> Diagram:
    """See `Diagram.from_networkx`. Wires and boxes come in topological order, ties as in the graph."""
    named = _with_roots(_named(graph), _strings(hidden), [_strings(group) for group in confounded])
    place = {name: position for position, name in enumerate(named)}
    try:
        order = list(nx.lexicographical_topological_sort(named, key=place.__getitem__))
    except nx.NetworkXUnfeasible:
        cycle = [tail for tail, _ in nx.find_cycle(named)]
        raise cycle_error([*cycle, cycle[0]]) from None
    position = {name: wire for wire, name in enumerate(order)}
    return Diagram(
        wires=tuple(Wire(name, named.nodes[name].get("levels")) for name in order),
        boxes=tuple(
            Box(
                name,
                tuple(position[cause] for cause in named.predecessors(name)),
                (position[name],),
            )
            for name in order
        ),
        outputs=tuple(
            position[name] for name in order if not named.nodes[name].get("hidden", False)
        ),
    )


def graph_of(diagram: Diagram) -> nx.DiGraph:
    """See `Diagram.to_networkx`."""
    graph = nx.DiGraph()
    hidden = set(diagram.hidden)
    for wire in diagram.wires:
        if wire.label in graph:
            diagram.position(wire.label)  # raises: the name is not unique
        graph.add_node(wire.label, hidden=wire.label in hidden, levels=wire.levels)
    for box in diagram.boxes:
        for effect in box.outputs:
            graph.add_edges_from(
                (diagram.wires[cause].label, diagram.wires[effect].label) for cause in box.inputs
            )
    return graph


def root_name(group: Collection[str]) -> str:
    """What the hidden common cause of some variables is called when nobody named it."""
    return "_".join(["u", *sorted(group)])


def _strings(names: Iterable[Hashable]) -> list[str]:
    return [str(name) for name in ([names] if isinstance(names, str) else names)]


def _named(graph: nx.DiGraph) -> nx.DiGraph:
    """The same graph with strings as nodes, a copy."""
    if not graph.is_directed():
        raise ModelError(
            "Expected a directed graph, from causes to effects; got an undirected one. Give its edges a direction, e.g. nx.DiGraph(edges)."
        )
    names = [str(node) for node in graph]
    twice = (
        sorted({name for name in names if names.count(name) > 1})
        if len(set(names)) < len(names)
        else []
    )
    if twice:
        raise ModelError(
            f"Expected every variable to have a name of its own; {', '.join(map(repr, twice))} stands for several nodes."
        )
    named = nx.DiGraph()
    named.add_nodes_from((str(node), dict(graph.nodes[node])) for node in graph)
    named.add_edges_from(
        (str(cause), str(node)) for node in graph for cause in graph.predecessors(node)
    )
    return named


def _with_roots(graph: nx.DiGraph, hidden: list[str], confounded: list[list[str]]) -> nx.DiGraph:
    """Marks what is hidden and adds a root for each group; changes the graph it is given."""
    for name in [*hidden, *(name for group in confounded for name in group)]:
        if name not in graph:
            raise ModelError(
                f"Expected a variable of the graph ({', '.join(graph)}), got {name!r}."
            )
    for name in hidden:
        graph.nodes[name]["hidden"] = True
    for group in dict.fromkeys(tuple(sorted(group)) for group in confounded):
        root = root_name(group)
        if len(set(group)) < 2 or len(set(group)) < len(group):
            raise ModelError(
                f"Expected a hidden common cause of two or more different variables, got {', '.join(group)}."
            )
        if root in graph:
            raise ModelError(
                f"Expected no variable called {root!r}, as the common cause of {', '.join(group)} is; name that one yourself"
            )
        graph.add_node(root, hidden=True)
        graph.add_edges_from((root, name) for name in group)
    return graph
