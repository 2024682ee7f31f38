"""Every independence of two variables that a diagram implies (its testable implications).

Two variables are independent given some others where these m-separate them. Each pair that some set
separates has one statement, with a minimal set. In a diagram without hidden causes these imply all
others (a pairwise Markov property); with hidden causes a diagram may also imply equalities that are
no independences (Verma & Pearl 1990).

References
----------
Richardson & Spirtes (2002), Ancestral graph Markov models, Annals of Statistics 30. Verma & Pearl
(1990), Equivalence and synthesis of causal models, UAI.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations

from causalstats.diagrams.core import arguments
from causalstats.diagrams.core.hypergraph import Hypergraph
from causalstats.diagrams.identification.mixed_graph import MixedGraph, as_mixed_graph


@dataclass(frozen=True)
class Independence:
    """Two variables that are independent given others.

    Parameters
    ----------
    one, other : str
    given : tuple of str

    Examples
    --------
    >>> print(Independence("z", "y", ("x",)))
    z and y given x
    """

    one: str
    other: str
    given: tuple[str, ...] = ()

    def __str__(self) -> str:
        condition = f" given {', '.join(self.given)}" if self.given else ""
        return f"{self.one} and {self.other}{condition}"


def independent(
    diagram: Hypergraph | MixedGraph,
    one: str | Iterable[str],
    other: str | Iterable[str],
    given: str | Iterable[str] = (),
) -> bool:
    """Return whether the diagram makes two sets of variables independent, given others.

    This is d-separation; with hidden causes m-separation.

    Parameters
    ----------
    diagram : Diagram or MixedGraph
    one, other, given : str or list of str

    Returns
    -------
    bool

    Raises
    ------
    ModelError
        If a variable is hidden or unknown.

    Examples
    --------
    >>> from causalstats import Diagram
    >>> collider = Diagram.parse("x -> s; y -> s")
    >>> collider.independent("x", "y"), collider.independent("x", "y", given="s")
    (True, False)
    """
    graph = as_mixed_graph(diagram)
    sets = [
        arguments.names(word, names)
        for word, names in (("one", one), ("other", other), ("given", given))
    ]
    return graph.separated(*sets)


def independences(diagram: Hypergraph | MixedGraph) -> tuple[Independence, ...]:
    """Return every pair of variables that is independent given some others, and a minimal set.

    `CausalDiagram.independences(data)` tests them.

    Parameters
    ----------
    diagram : Diagram or MixedGraph

    Returns
    -------
    tuple of Independence

    Examples
    --------
    >>> from causalstats import Diagram
    >>> for each in Diagram.parse("z -> x -> m -> y").independences():
    ...     print(each)
    z and m given x
    z and y given m
    x and y given m
    """
    graph = as_mixed_graph(diagram)
    listed = []
    for one, other in combinations(graph.nodes, 2):
        given = separating_set(graph, one, other)
        if given is not None:
            listed.append(Independence(one, other, given))
    return tuple(listed)


def separating_set(
    graph: MixedGraph,
    one: str,
    other: str,
) -> tuple[str, ...] | None:
    """Return a minimal set that m-separates two variables; None where none does.

    If any set does, their ancestors do (Richardson & Spirtes 2002).

    Parameters
    ----------
    graph : MixedGraph
    one, other : str

    Examples
    --------
    >>> from causalstats.diagrams import Diagram
    >>> separating_set(MixedGraph.from_diagram(Diagram.parse("z -> x -> y")), "z", "y")
    ('x',)
    """
    given = [name for name in graph.ancestors(one, other) if name not in (one, other)]
    if not graph.separated([one], [other], given):
        return None
    for name in list(given):
        fewer = [kept for kept in given if kept != name]
        if graph.separated([one], [other], fewer):
            given = fewer
    return tuple(given)
