"""Acyclic directed mixed graphs (ADMGs) on numbers, with sets of nodes as `BitSet`.

Parents have smaller numbers than their children. A bidirected edge is a shared hidden cause.
m-separation, districts (c-components) and minimal separators are computed here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from causalstats.diagrams.identification.bit_sets import (
    ALL,
    EMPTY,
    BitSet,
    contains,
    members,
    singleton,
    smallest,
    union,
    up_to,
)
from causalstats.diagrams.identification.vertex_cuts import smallest_cut


@dataclass(frozen=True)
class BitSetGraph:
    """A mixed graph on the numbers 0 to n - 1.

    Parameters
    ----------
    parents : tuple of BitSet
        The parents of each node.
    siblings : tuple of BitSet
        The nodes that share a hidden cause with each node.
    """

    parents: tuple[BitSet, ...]
    siblings: tuple[BitSet, ...]

    @cached_property
    def children(self) -> tuple[BitSet, ...]:
        """The children of each node."""
        children = [EMPTY] * len(self.parents)
        for node, parents in enumerate(self.parents):
            for parent in members(parents):
                children[parent] |= 1 << node
        return tuple(children)

    @property
    def everything(self) -> BitSet:
        """All nodes."""
        return up_to(len(self.parents) - 1)

    def closure(
        self,
        start: BitSet,
        step: tuple[BitSet, ...],
        within: BitSet,
    ) -> BitSet:
        """Return all nodes that `step` reaches from `start` without leaving `within`.

        Parameters
        ----------
        start : BitSet
        step : tuple of BitSet
            The neighbours of each node.
        within : BitSet
        """
        reached = pending = start & within
        while pending:
            node = pending.bit_length() - 1
            new = step[node] & within & ~reached
            reached |= new
            pending = (pending ^ (1 << node)) | new
        return reached

    def ancestors(self, nodes: BitSet, within: BitSet = ALL) -> BitSet:
        """Return the nodes and their ancestors in the graph on `within`."""
        return self.closure(nodes, self.parents, within)

    def descendants(self, nodes: BitSet, within: BitSet = ALL) -> BitSet:
        """Return the nodes and their descendants in the graph on `within`."""
        return self.closure(nodes, self.children, within)

    def district(self, node: int, within: BitSet = ALL) -> BitSet:
        """Return all nodes that bidirected paths join to a node, in the graph on `within`."""
        return self.closure(singleton(node), self.siblings, within)

    def districts(self, within: BitSet) -> list[BitSet]:
        """Return the districts (c-components) of the graph on `within`, by their first nodes."""
        districts = []
        while within:
            district = self.district(smallest(within), within)
            districts.append(district)
            within &= ~district
        return districts

    def parents_of(self, nodes: BitSet) -> BitSet:
        """Return the union of the parents of some nodes."""
        return union(self.parents[node] for node in members(nodes))

    def cut(self, into: BitSet = EMPTY, out_of: BitSet = EMPTY) -> BitSetGraph:
        """Return the graph without the edges into one set and the arrows out of another.

        Bidirected edges point into both of their ends.
        """
        parents = tuple(
            EMPTY if contains(into, node) else parents & ~out_of
            for node, parents in enumerate(self.parents)
        )
        siblings = tuple(
            EMPTY if contains(into, node) else siblings & ~into
            for node, siblings in enumerate(self.siblings)
        )
        return BitSetGraph(parents, siblings)

    def _cliques(self, within: BitSet) -> list[BitSet]:
        """Each district with its parents, which the augmented (moralised) graph makes a clique.

        `within` is ancestral. Cliques of one node are left out.
        """
        cliques = []
        remaining = within
        while remaining:
            node = smallest(remaining)
            district = single = singleton(node)
            parents = self.parents[node]
            if self.siblings[node] & within:
                district = self.district(node, within)
                parents = self.parents_of(district)
            clique = district | (parents & within)
            if clique != single:
                cliques.append(clique)
            remaining &= ~district
        return cliques

    def connected(
        self,
        start: BitSet,
        given: BitSet,
        within: BitSet,
    ) -> BitSet:
        """Return what is reached from `start` in the augmented graph on an ancestral set.

        Parameters
        ----------
        start : BitSet
        given : BitSet
            Nodes that are reached but not passed.
        within : BitSet
            An ancestral set.
        """
        reached = start
        cliques = self._cliques(within)
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
        self,
        one: BitSet,
        other: BitSet,
        given: BitSet = EMPTY,
    ) -> bool:
        """Return whether two sets are m-separated (d-separated, with hidden causes).

        They are where the augmented graph on their ancestors does not connect them (Richardson
        2003, Scand. J. Stat. 30, theorem 1).

        Parameters
        ----------
        one, other, given : BitSet
        """
        ancestors = self.ancestors(one | other | given)
        return not self.connected(one, given, ancestors) & other & ~given

    def minimal_separator(
        self,
        one: BitSet,
        other: BitSet,
        allowed: BitSet,
        always: BitSet = EMPTY,
    ) -> BitSet | None:
        """Return a minimal separating set between `always` and `allowed`; None if there is none.

        No member can be left out, besides those of `always`. Of several such sets it is the one
        closest to `other` (van der Zander, Liskiewicz & Textor 2019, Artif. Intell. 270,
        section 4.2).

        Parameters
        ----------
        one, other : BitSet
            The sets to be m-separated.
        allowed, always : BitSet
            The largest separator that may be returned, and the members it must have.
        """
        within = self.ancestors(one | other | always)
        candidates = (within & allowed & ~(one | other)) | always
        reached = self.connected(other, candidates, within)
        if reached & one:
            return None
        near = (reached & candidates) | always
        return (self.connected(one, near, within) & near) | always

    def smallest_separator(
        self,
        one: BitSet,
        other: BitSet,
        allowed: BitSet,
        always: BitSet = EMPTY,
    ) -> BitSet | None:
        """Return a separating set of the fewest nodes besides `always`; None if there is none.

        It is a smallest vertex cut of the augmented graph on the ancestors; no separator needs any
        other node. Of several sets of that size it is the one closest to `other`.

        Parameters
        ----------
        one, other : BitSet
            The sets to be m-separated.
        allowed, always : BitSet
            The largest separator that may be returned, and the members it must have.
        """
        minimal = self.minimal_separator(one, other, allowed, always)
        if minimal is None or (minimal & ~always).bit_count() <= 1:
            return minimal
        within = self.ancestors(one | other | always)
        cliques = self._cliques(within)
        return smallest_cut(cliques, one, other, allowed & within, always) | always


def bit_set_graph(
    size: int,
    directed: Sequence[tuple[int, int]],
    bidirected: Sequence[tuple[int, int]],
) -> BitSetGraph:
    """Return the graph on the numbers 0 to size - 1 with these edges.

    Parameters
    ----------
    size : int
    directed, bidirected : list of pairs of int
        Arrows (cause, effect) with cause < effect; pairs that share a hidden cause.
    """
    parents = [EMPTY] * size
    siblings = [EMPTY] * size
    for cause, effect in directed:
        parents[effect] |= 1 << cause
    for one, other in bidirected:
        siblings[one] |= 1 << other
        siblings[other] |= 1 << one
    return BitSetGraph(tuple(parents), tuple(siblings))
