"""Markov equivalence: diagrams that no data on their variables tell apart, and their CPDAG.

Two diagrams without hidden causes imply the same independences exactly where they have the same
skeleton and the same colliders of which the causes are not adjacent (v-structures; Verma & Pearl
1990). The completed partially directed graph of a class (CPDAG, essential graph) has an arrow where
every member has it, and a line where members differ; rules of Meek (1995) give the arrows.

References
----------
Verma & Pearl (1990), Equivalence and synthesis of causal models, UAI. Meek (1995), Causal inference
and causal explanation with background knowledge, UAI. Andersson, Madigan & Perlman (1997), A
characterization of Markov equivalence classes for acyclic digraphs, Annals of Statistics 25.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations

import networkx as nx

from causalstats.diagrams.core.hypergraph import Hypergraph
from causalstats.diagrams.identification.mixed_graph import MixedGraph, as_mixed_graph
from causalstats.errors import ModelError

Arrow = tuple[str, str]


@dataclass(frozen=True)
class EquivalenceClass:
    """The diagrams that no data tell apart: arrows that all of them share, and lines.

    Parameters
    ----------
    nodes : tuple of str
    arrows : tuple of (cause, effect)
        In every diagram of the class.
    lines : tuple of pairs of str
        Arrows that point either way, depending on the diagram.

    Examples
    --------
    >>> from causalstats import Diagram
    >>> print(Diagram.parse("x -> s; y -> s; s -> t").equivalence_class())
    x -> s, y -> s, s -> t
    >>> print(Diagram.parse("x -> m -> y").equivalence_class())
    x - m, m - y
    """

    nodes: tuple[str, ...]
    arrows: tuple[Arrow, ...]
    lines: tuple[Arrow, ...]

    def __str__(self) -> str:
        parts = [" -> ".join(arrow) for arrow in self.arrows]
        parts += [" - ".join(line) for line in self.lines]
        return ", ".join(parts) or "no arrows"

    def to_networkx(self) -> nx.DiGraph[str]:
        """Return the graph, with both directions where there is a line.

        Returns
        -------
        networkx.DiGraph

        Examples
        --------
        >>> from causalstats import Diagram
        >>> sorted(Diagram.parse("x -> y").equivalence_class().to_networkx().edges)
        [('x', 'y'), ('y', 'x')]
        """
        graph: nx.DiGraph[str] = nx.DiGraph()
        graph.add_nodes_from(self.nodes)
        graph.add_edges_from(self.arrows)
        for one, other in self.lines:
            graph.add_edges_from([(one, other), (other, one)])
        return graph


def equivalence_class(diagram: Hypergraph | MixedGraph) -> EquivalenceClass:
    """Return the Markov equivalence class of a diagram (its CPDAG).

    Parameters
    ----------
    diagram : Diagram or MixedGraph

    Returns
    -------
    EquivalenceClass

    Raises
    ------
    ModelError
        If the diagram has hidden causes: equivalence then depends on more than colliders.

    Examples
    --------
    >>> from causalstats import Diagram
    >>> equivalence_class(Diagram.parse("z -> x -> y")).lines
    (('z', 'x'), ('x', 'y'))
    """
    graph = as_mixed_graph(diagram)
    if graph.bidirected:
        one, other = sorted(min(graph.bidirected, key=sorted))
        raise ModelError(
            f"Expected a diagram without hidden causes, got {one} <-> {other}. With them, ask "
            "which independences two diagrams imply, `diagram.independences()`."
        )
    adjacent = {frozenset(arrow) for arrow in graph.directed}
    fixed = _with_meek_rules(graph.nodes, adjacent, _v_structures(graph, adjacent))
    rank = {name: number for number, name in enumerate(graph.nodes)}
    ordered = sorted(graph.directed, key=lambda arrow: (rank[arrow[1]], rank[arrow[0]]))
    return EquivalenceClass(
        graph.nodes,
        tuple(arrow for arrow in ordered if arrow in fixed),
        tuple(arrow for arrow in ordered if arrow not in fixed),
    )


def equivalent(
    diagram: Hypergraph | MixedGraph, other: Hypergraph | MixedGraph
) -> bool:
    """Return whether no data on their variables tell two diagrams apart.

    Parameters
    ----------
    diagram, other : Diagram or MixedGraph

    Returns
    -------
    bool

    Raises
    ------
    ModelError
        If one of them has hidden causes.

    Examples
    --------
    >>> from causalstats import Diagram
    >>> Diagram.parse("x -> m -> y").equivalent(Diagram.parse("y -> m -> x"))
    True
    """
    return _essence(diagram) == _essence(other)


def _essence(diagram: Hypergraph | MixedGraph) -> tuple[frozenset[object], ...]:
    known = equivalence_class(diagram)
    lines = frozenset(frozenset(line) for line in known.lines)
    return frozenset(known.nodes), frozenset(known.arrows), lines


def _v_structures(graph: MixedGraph, adjacent: set[frozenset[str]]) -> set[Arrow]:
    """Return the arrows into colliders whose causes are not adjacent."""
    arrows: set[Arrow] = set()
    for effect in graph.nodes:
        for one, other in combinations(graph.parents(effect), 2):
            if frozenset((one, other)) not in adjacent:
                arrows |= {(one, effect), (other, effect)}
    return arrows


def _with_meek_rules(
    nodes: Iterable[str], adjacent: set[frozenset[str]], arrows: set[Arrow]
) -> set[Arrow]:
    """Return the arrows that follow: others would make a new collider or a cycle.

    Parameters
    ----------
    nodes : iterable of str
    adjacent : set of pairs
    arrows : set of (cause, effect)
        Those of v-structures; rule 4 is needed only with more than these.
    """
    listed = tuple(nodes)
    growing = True
    while growing:
        growing = False
        for one, other in _lines(adjacent, arrows):
            for start, end in ((one, other), (other, one)):
                if _must_point(start, end, listed, adjacent, arrows):
                    arrows = arrows | {(start, end)}
                    growing = True
                    break
    return arrows


def _lines(adjacent: set[frozenset[str]], arrows: set[Arrow]) -> list[Arrow]:
    directed = {frozenset(arrow) for arrow in arrows}
    return [(min(pair), max(pair)) for pair in sorted(adjacent - directed, key=sorted)]


def _must_point(
    start: str,
    end: str,
    nodes: tuple[str, ...],
    adjacent: set[frozenset[str]],
    arrows: set[Arrow],
) -> bool:
    """Return whether a line must be an arrow from start to end, by Meek's rules 1 to 3.

    Parameters
    ----------
    start, end : str
    nodes : tuple of str
    adjacent : set of pairs
    arrows : set of (cause, effect)
    """
    if (start, end) in arrows or (end, start) in arrows:
        return False

    def joined(one: str, other: str) -> bool:
        return frozenset((one, other)) in adjacent

    def line(one: str, other: str) -> bool:
        return joined(one, other) and not {(one, other), (other, one)} & arrows

    for middle in nodes:
        if (middle, start) in arrows and middle != end and not joined(middle, end):
            return True
        if (start, middle) in arrows and (middle, end) in arrows:
            return True
    between = [each for each in nodes if line(start, each) and (each, end) in arrows]
    return any(not joined(one, other) for one, other in combinations(between, 2))
