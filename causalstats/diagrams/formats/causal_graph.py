"""Causal graphs as string diagrams, and back: one box for each variable, one hidden root for each set of confounded variables.

Directed graphs and diagrams of causal models correspond one to one (Lorenz & Tull 2023); a bidirected edge becomes a shared root.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Mapping
from typing import Any

import networkx as nx

from causalstats.diagrams.core.roles import WORDS
from causalstats.diagrams.diagram import Box, Diagram, Wire, as_levels, cycle_error
from causalstats.errors import ModelError


def network(
    graph: nx.DiGraph,
    hidden: Iterable[Hashable] = (),
    confounded: Iterable[Collection[Hashable]] = (),
) -> Diagram:
    """See `Diagram.from_networkx`. Wires and boxes come in topological order, ties as in the graph."""
    named, has, pairs = _named(graph)
    out_of_sight = [*_strings(hidden), *has.pop("hidden"), *has["selected"]]
    named = _with_roots(named, out_of_sight, [*map(_strings, _listed(confounded)), *pairs])
    place = {name: position for position, name in enumerate(named)}
    try:
        order = list(nx.lexicographical_topological_sort(named, key=place.__getitem__))
    except nx.NetworkXUnfeasible:
        cycle = [tail for tail, _ in nx.find_cycle(named)]
        raise cycle_error([*cycle, cycle[0]]) from None
    position = {name: wire for wire, name in enumerate(order)}
    made = Diagram(
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
    return made.with_roles(**has) if any(has.values()) else made


def graph_of(diagram: Diagram) -> nx.DiGraph:
    """See `Diagram.to_networkx`."""
    graph = nx.DiGraph()
    hidden = set(diagram.hidden).difference(diagram.roles.selected)
    for wire in diagram.wires:
        if wire.label in graph:
            diagram.position(wire.label)  # raises: the name is not unique
        roles = dict.fromkeys(diagram.roles.of(wire.label), True)
        graph.add_node(wire.label, hidden=wire.label in hidden, levels=wire.levels, **roles)
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
    return [str(name) for name in ([names] if isinstance(names, str) else _listed(names))]


def _listed(names: Any) -> list[Any]:
    """What can be gone through as a list; an error that says so where it cannot."""
    if isinstance(names, str) or not isinstance(names, Iterable):
        raise ModelError(
            f"Expected a list of variables, or of groups of variables such as [('x', 'y')], got {names!r}."
        )
    return list(names)


Named = tuple[nx.DiGraph, dict[str, list[str]], list[list[str]]]


def _named(graph: nx.DiGraph) -> Named:
    """The same graph with strings as nodes, a copy; the variables of each role, "hidden" among them; and its edges in both directions."""
    if not isinstance(graph, nx.Graph):
        raise ModelError(
            f"Expected a networkx.DiGraph, from causes to effects, got {type(graph).__name__}; make one of edges with nx.DiGraph(edges)."
        )
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
    has: dict[str, list[str]] = {role: [] for role in dict.fromkeys(WORDS.values())}
    named, pairs = nx.DiGraph(), list[list[str]]()
    latents = {*map(str, getattr(graph, "latents", None) or ())}  # as pgmpy keeps them
    for node in graph:
        name, said = str(node), dict(graph.nodes[node])
        levels = said.get("levels")
        named.add_node(name, levels=None if levels is None else as_levels(name, levels))
        for role in _roles(name, said) | ({"hidden"} if name in latents else set()):
            has[role].append(name)
    for node in graph:
        for cause in graph.predecessors(node):
            between = graph.get_edge_data(cause, node)
            for said in between.values() if graph.is_multigraph() else (between,):
                one, other = str(cause), str(node)
                direction = str(said.get("dir", "forward")).strip('"').lower()
                if direction == "both":
                    pairs.append([one, other])
                elif direction == "none":
                    raise ModelError(
                        f"Expected edges with a direction, got dir='none' from {one!r} to {other!r}."
                    )
                else:
                    named.add_edge(*((other, one) if direction == "back" else (one, other)))
    return named, has, pairs


def _roles(name: str, said: Mapping[str, Any]) -> set[str]:
    """The roles that the attributes of a node say it has: flags, or words in `role` or `roles`."""
    found = {
        WORDS[key]
        for key, value in said.items()
        if len(str(key)) > 1 and key in WORDS and _yes(value)
    }
    if "observed" in said and not _yes(said["observed"]):
        found.add("hidden")
    words = [
        word
        for key in ("role", "roles")
        for word in ([said[key]] if isinstance(said.get(key), str) else said.get(key) or ())
    ]
    for word in map(str, words):
        role = WORDS.get(word.lower()) or WORDS.get(word.lower().removesuffix("s"))
        if role is None:
            raise ModelError(
                f"Expected the role of {name!r} to be one of {', '.join(dict.fromkeys(WORDS.values()))}, got {word!r}, which would be lost."
            )
        found.add(role)
    return found


def _yes(value: Any) -> bool:
    """Whether a flag is set: True, 1, or a word other than no."""
    return str(value).strip('"').lower() not in ("no", "false", "0", "0.0", "none", "nan", "")


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
