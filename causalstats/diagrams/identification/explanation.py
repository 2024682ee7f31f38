"""Everything that a diagram says about an effect, in plain words: `diagram.explain()`.

Paths, and whether they are open; the formula, or what is in its way; all adjustment sets; front
doors and instruments; what may not be adjusted for; and which independences data could refute.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import networkx as nx

from causalstats.diagrams.identification.identification import Identification, identify
from causalstats.diagrams.identification.implied_independences import independences
from causalstats.diagrams.identification.minimal_sets import (
    adjustment_sets,
    front_doors,
    instruments,
)
from causalstats.diagrams.identification.mixed_graph import MixedGraph, as_mixed_graph

if TYPE_CHECKING:
    from causalstats.diagrams.core.hypergraph import Hypergraph

_MOST_PATHS = 12
_MOST_SETS = 6
_MOST_INDEPENDENCES = 8


def explain(
    diagram: Hypergraph | MixedGraph,
    outcome: str | None = None,
    do: str | Iterable[str] | None = None,
) -> str:
    """Return what the diagram says about an effect, in plain words.

    Parameters
    ----------
    diagram : Diagram or MixedGraph
    outcome, do : str or list of str, optional
        The variables with the roles outcome and treatment if left out.

    Returns
    -------
    str

    Raises
    ------
    ModelError
        If a variable is hidden or unknown, or no role says what is left out.

    Examples
    --------
    >>> from causalstats import Diagram
    >>> print(Diagram.parse("z -> x, y; x -> y").explain("y", do="x"))
    P(y | do(x)) = Σ_z P(y | z, x) P(z)
    <BLANKLINE>
    Paths from x to y:
      x -> y: causal.
      x <- z -> y: confounding; open, and closed by holding z.
    <BLANKLINE>
    Minimal adjustment sets: {z}.
    The diagram implies no independence of two variables: no data on them refute it.
    """
    identification = identify(diagram, outcome, do)
    graph = as_mixed_graph(diagram)
    graph = graph.population or graph
    blocks = [_verdict(identification)]
    if len(identification.do) == 1 and len(identification.outcome) == 1:
        (x,), (y,) = identification.do, identification.outcome
        blocks.append(_paths(graph, x, y))
    if not identification.selected:
        blocks.append("\n".join(_sets(graph, identification)))
    return "\n\n".join(filter(None, blocks))


def _verdict(identification: Identification) -> str:
    if identification.identified:
        return f"{identification.query} = {identification.expression}"
    obstacle = identification.hedge or ""
    return f"{identification.query} is not identified. {obstacle}".strip()


def _sets(graph: MixedGraph, identification: Identification) -> list[str]:
    """Return the sentences about sets of variables and independences."""
    lines = []
    y = identification.outcome[0]
    if len(identification.outcome) == 1 and identification.do:
        sets = adjustment_sets(graph, y, identification.do)
        lines.append(_listed_sets("Minimal adjustment sets", sets))
        if len(identification.do) == 1:
            x = identification.do[0]
            lines += _other_ways(graph, x, y)
            lines += _forbidden(graph, x, y)
    implied = independences(graph)
    if not implied:
        lines.append(
            "The diagram implies no independence of two variables: no data on them refute it."
        )
        return lines
    shown = "; ".join(map(str, implied[:_MOST_INDEPENDENCES]))
    more = len(implied) - _MOST_INDEPENDENCES
    rest = f"; and {more} more" if more > 0 else ""
    lines.append(f"Independent by the diagram, which data could refute: {shown}{rest}.")
    return lines


def _listed_sets(words: str, sets: Sequence[Sequence[str]]) -> str:
    if not sets:
        return f"{words}: none."
    shown = ", ".join("{" + ", ".join(each) + "}" for each in sets[:_MOST_SETS])
    more = len(sets) - _MOST_SETS
    return f"{words}: {shown}{f', and {more} more' if more > 0 else ''}."


def _other_ways(graph: MixedGraph, x: str, y: str) -> list[str]:
    lines = []
    doors = front_doors(graph, y, x)
    if doors:
        lines.append(_listed_sets("Front-door sets", doors))
    named = [each.named for each in instruments(graph, y, x)]
    if named:
        lines.append(
            f"Instruments of {x}: {'; '.join(named)}. They identify the effect with more than the "
            "diagram: one linear effect, or a treatment that nobody's instrument moves the other "
            "way."
        )
    return lines


def _forbidden(graph: MixedGraph, x: str, y: str) -> list[str]:
    """Return which variables take a part of the effect away when they are held."""
    before = set(graph.ancestors(y))
    between = [
        name for name in graph.descendants(x) if name in before and name not in (x, y)
    ]
    after = [name for name in graph.descendants(x) if name not in (*between, x, y)]
    lines = []
    if between:
        lines.append(
            f"Not to be adjusted for, since {x} acts on {y} through it: {', '.join(between)}."
        )
    if after:
        lines.append(
            f"Not to be adjusted for without a reason, since it comes after {x}: "
            f"{', '.join(after)}."
        )
    return lines


def _paths(graph: MixedGraph, x: str, y: str) -> str:
    """Return the paths between treatment and outcome, causal ones first."""
    joined: nx.Graph[str] = nx.Graph()
    joined.add_nodes_from(graph.nodes)
    joined.add_edges_from(graph.directed)
    joined.add_edges_from(map(tuple, graph.bidirected))
    lines = []
    for nodes in nx.all_simple_paths(joined, x, y, cutoff=len(graph.nodes)):
        lines += [_path_in_words(edges) for edges in _edges(graph, nodes)]
        if len(lines) > _MOST_PATHS:
            break
    if not lines:
        return f"No path joins {x} and {y}."
    ordered = sorted(lines, key=lambda line: (not line.endswith("causal."), len(line)))
    shown = ordered[:_MOST_PATHS]
    rest = ["  and more."] if len(ordered) > _MOST_PATHS else []
    return "\n".join(
        [f"Paths from {x} to {y}:", *(f"  {line}" for line in shown), *rest]
    )


def _edges(graph: MixedGraph, nodes: Sequence[str]) -> list[list[tuple[str, str, str]]]:
    """Return the ways along some nodes: an arrow and a hidden cause are two ways."""
    ways: list[list[tuple[str, str, str]]] = [[]]
    for one, other in pairwise(nodes):
        marks = []
        if (one, other) in graph.directed:
            marks.append("->")
        if (other, one) in graph.directed:
            marks.append("<-")
        if frozenset((one, other)) in graph.bidirected:
            marks.append("<->")
        ways = [[*way, (one, mark, other)] for way in ways for mark in marks]
    return ways


def _path_in_words(edges: Sequence[tuple[str, str, str]]) -> str:
    text = edges[0][0] + "".join(f" {mark} {other}" for _, mark, other in edges)
    marks = [mark for _, mark, _ in edges]
    if all(mark == "->" for mark in marks):
        return f"{text}: causal."
    colliders: list[str] = []
    others: list[str] = []
    for (_, into, node), (_, out, _) in pairwise(edges):
        enters = into in ("->", "<->") and out in ("<-", "<->")
        (colliders if enters else others).append(node)
    noun = "confounding" if marks[0] != "->" else "not causal"
    if colliders:
        opened = ", ".join(colliders)
        return f"{text}: {noun}; closed, and opened by holding {opened}."
    if not others:
        return f"{text}: {noun}; open, and closed by nothing that is observed."
    return f"{text}: {noun}; open, and closed by holding {' or '.join(others)}."
