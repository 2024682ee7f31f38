"""d-separation in graphs with hidden causes (m-separation), and separating sets.

Two sets are separated by a third exactly where the augmented (moral) graph on their ancestors does
not connect them without passing the third. Conditioning on a collider, or on a descendant of one,
opens a path: the augmented graph joins the causes of each common effect.

References
----------
Pearl (2009), Causality, definition 1.2.3 (d-separation). Richardson (2003), Markov properties for
acyclic directed mixed graphs, Scand. J. Stat. 30, theorem 1. van der Zander, Liskiewicz & Textor
(2019), Separators and adjustment sets in causal graphs, Artif. Intell. 270, section 4.2.
"""

from causalstats.diagrams.identification.bit_set_graph import BitSetGraph
from causalstats.diagrams.identification.bit_sets import EMPTY, BitSet
from causalstats.diagrams.identification.vertex_cuts import smallest_cut


def connected(
    graph: BitSetGraph, start: BitSet, given: BitSet, within: BitSet
) -> BitSet:
    """Return the nodes reached from `start` in the augmented graph on an ancestral set.

    Parameters
    ----------
    graph : BitSetGraph
    start : BitSet
    given : BitSet
        Nodes that are reached but not passed.
    within : BitSet
        An ancestral set.
    """
    reached = start
    cliques = graph.cliques(within)
    growing = True
    while growing:
        growing = False
        remaining = []
        for clique in cliques:
            if clique & reached & ~given:
                reached |= clique
                growing = True
            else:
                remaining.append(clique)
        cliques = remaining
    return reached


def separated(
    graph: BitSetGraph, one: BitSet, other: BitSet, given: BitSet = EMPTY
) -> bool:
    """Return whether two sets are m-separated: d-separated, with bidirected edges as hidden causes.

    Parameters
    ----------
    graph : BitSetGraph
    one, other, given : BitSet
    """
    ancestors = graph.ancestors(one | other | given)
    return not connected(graph, one, given, ancestors) & other & ~given


def minimal_separator(
    graph: BitSetGraph,
    one: BitSet,
    other: BitSet,
    allowed: BitSet,
    always: BitSet = EMPTY,
) -> BitSet | None:
    """Return a minimal separating set between `always` and `allowed`; None if there is none.

    No member can be left out, besides those of `always`. If there are several such sets, the one
    closest to `other` is returned.

    Parameters
    ----------
    graph : BitSetGraph
    one, other : BitSet
        The sets to be separated.
    allowed, always : BitSet
        The largest separator that may be returned, and the members it must have.
    """
    within = graph.ancestors(one | other | always)
    candidates = (within & allowed & ~(one | other)) | always
    reached = connected(graph, other, candidates, within)
    if reached & one:
        return None
    near = (reached & candidates) | always
    return (connected(graph, one, near, within) & near) | always


def smallest_separator(
    graph: BitSetGraph,
    one: BitSet,
    other: BitSet,
    allowed: BitSet,
    always: BitSet = EMPTY,
) -> BitSet | None:
    """Return a separating set of the fewest nodes besides `always`; None if there is none.

    It is a smallest vertex cut of the augmented graph on the ancestors; no separator needs any
    other node. If there are several sets of that size, the one closest to `other` is returned.

    Parameters
    ----------
    graph : BitSetGraph
    one, other : BitSet
        The sets to be separated.
    allowed, always : BitSet
        The largest separator that may be returned, and the members it must have.
    """
    minimal = minimal_separator(graph, one, other, allowed, always)
    if minimal is None or (minimal & ~always).bit_count() <= 1:
        return minimal
    within = graph.ancestors(one | other | always)
    cliques = graph.cliques(within)
    return smallest_cut(cliques, one, other, allowed & within, always) | always
