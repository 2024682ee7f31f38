"""Acyclic directed mixed graphs (ADMGs) whose nodes are numbers, with sets of nodes as `BitSet`.

Parents have smaller numbers than their children. A bidirected edge is a shared hidden cause.
Ancestors, districts (c-components) and the augmented (moral) graph are computed here;
`d_separation` decides from these which sets are separated.
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

    def cliques(self, within: BitSet) -> list[BitSet]:
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
