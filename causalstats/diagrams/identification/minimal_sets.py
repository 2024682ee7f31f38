"""All minimal adjustment sets, front-door sets and instruments of a diagram.

A set is minimal where no member can be left out. All of them are listed by excluding, one after
another, each member of one that was found: every other minimal set lacks some member of it.

References
----------
van der Zander, Liskiewicz & Textor (2014), Constructing separators and adjustment sets in ancestral
graphs, UAI. Reiter (1987), A theory of diagnosis from first principles, Artif. Intell. 32 (the tree
of excluded members).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from causalstats.diagrams.core import arguments
from causalstats.diagrams.core.hypergraph import Hypergraph
from causalstats.diagrams.identification.adjustment_criteria import (
    Criterion,
    all_instruments,
    back_door_set,
    front_door_set,
)
from causalstats.diagrams.identification.bit_sets import (
    EMPTY,
    BitSet,
    members,
    singleton,
)
from causalstats.diagrams.identification.mixed_graph import MixedGraph, as_mixed_graph
from causalstats.diagrams.identification.selection_bias import refuse_selection
from causalstats.errors import ModelError

MOST_SETS = 1000
_MOST_SEARCHES = 20_000


def adjustment_sets(
    diagram: Hypergraph | MixedGraph,
    outcome: str,
    do: str | Iterable[str],
) -> tuple[tuple[str, ...], ...]:
    """Return all minimal sets of variables whose adjustment gives the effect, smallest first.

    Each satisfies the adjustment criterion (Shpitser, VanderWeele & Robins 2010), and none of its
    members can be left out. At most 1,000 are listed.

    Parameters
    ----------
    diagram : Diagram or MixedGraph
    outcome : str
    do : str or list of str
        The treatment.

    Returns
    -------
    tuple of tuples of str
        Empty where no adjustment gives the effect; `((),)` where nothing has to be adjusted for.

    Raises
    ------
    ModelError
        If a variable is hidden or unknown, or data are of the selected alone.

    Examples
    --------
    >>> from causalstats import Diagram
    >>> diagram = Diagram.parse("a -> x, b; c -> b, y; b -> x; x -> y")
    >>> diagram.adjustment_sets("y", "x")
    (('c',), ('a', 'b'))
    """
    graph, y, x = _question(diagram, outcome, do)

    def within(allowed: BitSet) -> BitSet | None:
        return back_door_set(graph, y, x, allowed)

    return _named(graph, _minimal_sets(within, graph.bits.everything & ~x & ~y))


def front_doors(
    diagram: Hypergraph | MixedGraph,
    outcome: str,
    do: str,
) -> tuple[tuple[str, ...], ...]:
    """Return all minimal sets of mediators that satisfy the front-door criterion.

    Parameters
    ----------
    diagram : Diagram or MixedGraph
    outcome, do : str

    Returns
    -------
    tuple of tuples of str
        Smallest first; empty where there is none.

    Raises
    ------
    ModelError
        If a variable is hidden or unknown, or data are of the selected alone.

    Examples
    --------
    >>> from causalstats import Diagram
    >>> Diagram.parse("x -> a -> b -> y; x <-> y").front_doors("y", "x")
    (('a',), ('b',))
    """
    graph, y, x = _question(diagram, outcome, do)

    def within(allowed: BitSet) -> BitSet | None:
        return front_door_set(graph, y, x, allowed)

    return _named(graph, _minimal_sets(within, graph.bits.everything & ~x & ~y))


def instruments(
    diagram: Hypergraph | MixedGraph,
    outcome: str,
    do: str,
) -> tuple[Criterion, ...]:
    """Return all instrumental variables of a treatment, each with what is conditioned on.

    They go with the treatment and, given the others, with the outcome only through it. The diagram
    alone does not identify the effect by them: see `Instrument` and `Monotone`.

    Parameters
    ----------
    diagram : Diagram or MixedGraph
    outcome, do : str

    Returns
    -------
    tuple of Criterion

    Raises
    ------
    ModelError
        If a variable is hidden or unknown, or data are of the selected alone.

    Examples
    --------
    >>> from causalstats import Diagram
    >>> for each in Diagram.parse("w -> z, y; z -> x -> y; x <-> y").instruments("y", "x"):
    ...     print(each)
    instrument (z, given w)
    """
    graph, y, x = _question(diagram, outcome, do)
    return tuple(all_instruments(graph, y, x))


def _question(
    diagram: Hypergraph | MixedGraph, outcome: str, do: str | Iterable[str]
) -> tuple[MixedGraph, BitSet, BitSet]:
    graph = as_mixed_graph(diagram)
    refuse_selection(graph, "sets of variables")
    y = graph.bit_set(arguments.names("outcome", outcome))
    x = graph.bit_set(arguments.names("do", do))
    if not x or not y or x & y:
        raise ModelError(
            f"Expected an outcome and a treatment other than it, got {outcome!r} and {do!r}."
        )
    return graph, y, x


def _minimal_sets(
    within: Callable[[BitSet], BitSet | None], everything: BitSet
) -> list[BitSet]:
    """Return all minimal sets, given a function that finds one among those allowed.

    Parameters
    ----------
    within : function of the allowed nodes
        Returns a minimal set of them; None if there is none.
    everything : BitSet
    """
    known: dict[BitSet, None] = {}
    seen = {EMPTY}
    pending = [EMPTY]
    searches = 0
    while pending and len(known) < MOST_SETS and searches < _MOST_SEARCHES:
        excluded = pending.pop(0)
        searches += 1
        one = within(everything & ~excluded)
        if one is None:
            continue
        known[one] = None
        for node in members(one):
            more = excluded | singleton(node)
            if more not in seen:
                seen.add(more)
                pending.append(more)
    return list(known)


def _named(graph: MixedGraph, sets: Iterable[BitSet]) -> tuple[tuple[str, ...], ...]:
    named = [graph.names(each) for each in sets]
    return tuple(sorted(named, key=lambda names: (len(names), names)))
