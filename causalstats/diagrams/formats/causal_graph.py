"""Causal graphs of networkx as string diagrams, and back.

Directed graphs and diagrams of causal models correspond one to one (Lorenz & Tull 2023): one box
for each variable. A bidirected edge becomes a hidden common cause.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import networkx as nx

from causalstats.diagrams.core.annotation import as_levels, with_roles
from causalstats.diagrams.core.hypergraph import Box, Hypergraph, Wire, cycle_error
from causalstats.diagrams.core.roles import ROLE_WORDS
from causalstats.errors import ModelError

Edge = tuple[str, str]
NamesByRole = dict[str, list[str]]  # "hidden" among the roles


def from_networkx(
    graph: nx.DiGraph[Any],
    hidden: Iterable[Hashable] = (),
    confounded: Iterable[Collection[Hashable]] = (),
) -> Hypergraph:
    """Return the causal model of a directed acyclic graph; see `Diagram.from_networkx`.

    Parameters
    ----------
    graph : networkx.DiGraph
    hidden : list of nodes
    confounded : list of groups of nodes
    """
    _check_directed(graph)
    named, roles = _with_names(graph)
    groups = [_strings(group) for group in _as_list(confounded)]
    for cause, effect, attributes in _edges(graph):
        match str(attributes.get("dir", "forward")).strip('"').lower():
            case "both":
                groups.append([cause, effect])
            case "back":
                named.add_edge(effect, cause)
            case "none":
                raise ModelError(
                    f"Expected edges with a direction, got dir='none' from {cause!r} to {effect!r}."
                )
            case _:
                named.add_edge(cause, effect)
    roles["hidden"] = [*_strings(hidden), *roles["hidden"]]
    return causal_model(named, roles, groups)


def causal_model(
    graph: nx.DiGraph[Any],
    roles: NamesByRole,
    confounded: Iterable[Sequence[str]],
) -> Hypergraph:
    """Return the causal model of a graph of strings, whose nodes may carry `levels`.

    Wires and boxes come in topological order, ties as in the graph.

    Parameters
    ----------
    graph : networkx.DiGraph
        Gains a node for each group of `confounded`.
    roles : dict of str to list of str
        The variables of each role, "hidden" among them.
    confounded : iterable of groups of str
        Each group gets a hidden common cause.

    Raises
    ------
    ModelError
        If a variable is unknown, a group has fewer than two, or the graph has a cycle.
    """
    hidden = {*roles["hidden"], *roles["selected"]}
    _refuse_unknown(graph, [*roles["hidden"], *roles["selected"]])
    hidden |= _add_common_causes(graph, confounded)
    order = _topological(graph)
    position = {name: wire for wire, name in enumerate(order)}
    boxes = []
    for name in order:
        causes = tuple(position[cause] for cause in graph.predecessors(name))
        boxes.append(Box(name, causes, (position[name],)))
    model = Hypergraph(
        wires=tuple(Wire(name, graph.nodes[name].get("levels")) for name in order),
        boxes=tuple(boxes),
        outputs=tuple(position[name] for name in order if name not in hidden),
    )
    given = {role: names for role, names in roles.items() if role != "hidden"}
    return with_roles(model, **given) if any(given.values()) else model


def to_networkx(diagram: Hypergraph) -> nx.DiGraph[str]:
    """Return the causal graph: variables as nodes, an edge from each cause to each effect.

    Parameters
    ----------
    diagram : Diagram

    Returns
    -------
    networkx.DiGraph
        Nodes carry `hidden`, `levels` and their roles as flags. The causes of a variable stand in
        the order of its ports.

    Raises
    ------
    ModelError
        If two wires have the same label.

    Examples
    --------
    >>> from causalstats import Diagram
    >>> list(Diagram.parse("z -> x -> y; z -> y").to_networkx().edges)
    [('z', 'x'), ('z', 'y'), ('x', 'y')]
    """
    graph = nx.DiGraph()
    hidden = set(diagram.hidden).difference(diagram.roles.selected)
    for wire in diagram.wires:
        diagram.position(wire.label)  # an error if the name is not unique
        roles = dict.fromkeys(diagram.roles.of(wire.label), True)
        graph.add_node(
            wire.label, hidden=wire.label in hidden, levels=wire.levels, **roles
        )
    names = diagram.variables
    for box in diagram.boxes:
        for effect in box.outputs:
            graph.add_edges_from((names[cause], names[effect]) for cause in box.inputs)
    return graph


def no_roles() -> NamesByRole:
    """Return an empty list of variables for each role."""
    return {role: [] for role in ROLE_WORDS.values()}


def root_name(group: Collection[str]) -> str:
    """Return the name of an unnamed hidden common cause."""
    return "_".join(["u", *sorted(group)])


def _topological(graph: nx.DiGraph[Any]) -> list[str]:
    rank = {name: number for number, name in enumerate(graph)}
    try:
        return list(nx.lexicographical_topological_sort(graph, key=rank.__getitem__))
    except nx.NetworkXUnfeasible:
        cycle = [tail for tail, _ in nx.find_cycle(graph)]
        raise cycle_error([*cycle, cycle[0]]) from None


def _strings(names: Iterable[Hashable]) -> list[str]:
    return (
        [names] if isinstance(names, str) else [str(name) for name in _as_list(names)]
    )


def _as_list(names: Any) -> list[Any]:
    if isinstance(names, str) or not isinstance(names, Iterable):
        raise ModelError(
            "Expected a list of variables, or of groups of variables such as [('x', 'y')], "
            f"got {names!r}."
        )
    return list(names)


def _check_directed(graph: nx.DiGraph[Any]) -> None:
    if not isinstance(graph, nx.Graph):
        raise ModelError(
            "Expected a networkx.DiGraph, from causes to effects, "
            f"got {type(graph).__name__}; make one of edges with nx.DiGraph(edges)."
        )
    if not graph.is_directed():
        raise ModelError(
            "Expected a directed graph, from causes to effects; got an undirected one. Give its "
            "edges a direction, e.g. nx.DiGraph(edges)."
        )
    names = [str(node) for node in graph]
    if len(set(names)) < len(names):
        doubled = sorted({name for name in names if names.count(name) > 1})
        raise ModelError(
            "Expected every variable to have a name of its own; "
            f"{', '.join(map(repr, doubled))} stands for several nodes."
        )


def _with_names(graph: nx.DiGraph[Any]) -> tuple[nx.DiGraph[Any], NamesByRole]:
    """The nodes as strings with their levels, no edges, and the variables of each role."""
    roles = no_roles()
    named = nx.DiGraph()
    latents = {
        str(node) for node in getattr(graph, "latents", None) or ()
    }  # as in pgmpy
    for node, attributes in graph.nodes.items():
        name = str(node)
        levels = attributes.get("levels")
        named.add_node(name, levels=None if levels is None else as_levels(name, levels))
        for role in _roles_of(name, attributes) | (
            {"hidden"} if name in latents else set()
        ):
            roles[role].append(name)
    return named, roles


def _edges(graph: nx.DiGraph[Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """The edges with their attributes, grouped by effect; causes in the order of the graph."""
    for effect in graph:
        for cause in graph.predecessors(effect):
            between = graph.get_edge_data(cause, effect)
            for attributes in between.values() if graph.is_multigraph() else [between]:
                yield str(cause), str(effect), attributes


def _roles_of(name: str, attributes: Mapping[str, Any]) -> set[str]:
    """The roles that the attributes of a node give: flags, or words in `role` or `roles`.

    Raises
    ------
    ModelError
        If a word is none that is known; its role would be lost.
    """
    roles = set()
    for key, value in attributes.items():
        if len(str(key)) > 1 and key in ROLE_WORDS and _is_set(value):
            roles.add(ROLE_WORDS[key])
    if "observed" in attributes and not _is_set(attributes["observed"]):
        roles.add("hidden")
    for key in ("role", "roles"):
        words = attributes.get(key) or ()
        for word in [words] if isinstance(words, str) else words:
            roles.add(_role_of_word(name, str(word)))
    return roles


def _role_of_word(name: str, word: str) -> str:
    lower = word.lower()
    role = ROLE_WORDS.get(lower) or ROLE_WORDS.get(lower.removesuffix("s"))
    if role is None:
        options = ", ".join(dict.fromkeys(ROLE_WORDS.values()))
        raise ModelError(
            f"Expected the role of {name!r} to be one of {options}, "
            f"got {word!r}, which would be lost."
        )
    return role


def _is_set(flag: Any) -> bool:
    """Whether a flag is set: True, 1, or a word other than no."""
    word = str(flag).strip('"').lower()
    return word not in ("no", "false", "0", "0.0", "none", "nan", "")


def _refuse_unknown(graph: nx.DiGraph[Any], names: Iterable[str]) -> None:
    for name in names:
        if name not in graph:
            raise ModelError(
                f"Expected a variable of the graph ({', '.join(graph)}), got {name!r}."
            )


def _add_common_causes(
    graph: nx.DiGraph[Any], confounded: Iterable[Sequence[str]]
) -> set[str]:
    """Add a hidden root for each group and return the names of the roots."""
    groups = dict.fromkeys(tuple(sorted(group)) for group in confounded)
    for group in groups:
        _refuse_unknown(graph, group)
    roots = set()
    for group in groups:
        root = root_name(group)
        if len(group) < 2 or len(set(group)) < len(group):
            raise ModelError(
                "Expected a hidden common cause of two or more different variables, "
                f"got {', '.join(group)}."
            )
        if root in graph:
            raise ModelError(
                f"Expected no variable called {root!r}, as the common cause of "
                f"{', '.join(group)} is; name that one yourself"
            )
        graph.add_node(root)
        graph.add_edges_from((root, name) for name in group)
        roots.add(root)
    return roots
