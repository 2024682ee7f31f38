"""Mixed graphs on numbers: node i is bit i, a set of nodes is an int. Parents have smaller numbers than their children.

Sets of up to a machine word cost one instruction to join, meet and compare, which is what identification does all day.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property


def members(nodes: int) -> Iterator[int]:
    """The numbers in a set, smallest first."""
    while nodes:
        lowest = nodes & -nodes
        yield lowest.bit_length() - 1
        nodes ^= lowest


def union(sets: Iterable[int]) -> int:
    joined = 0
    for nodes in sets:
        joined |= nodes
    return joined


@dataclass(frozen=True)
class NumberedGraph:
    """For each node the set of its parents, and the set of nodes that it shares a hidden cause with (its siblings)."""

    parents: tuple[int, ...]
    siblings: tuple[int, ...]

    @cached_property
    def children(self) -> tuple[int, ...]:
        children = [0] * len(self.parents)
        for node, parents in enumerate(self.parents):
            for parent in members(parents):
                children[parent] |= 1 << node
        return tuple(children)

    @property
    def everything(self) -> int:
        return (1 << len(self.parents)) - 1

    def closure(self, start: int, step: tuple[int, ...], within: int) -> int:
        """All that is reached from `start` by `step`, without leaving `within`."""
        reached = pending = start & within
        while pending:
            node = pending.bit_length() - 1
            new = step[node] & within & ~reached
            reached |= new
            pending = (pending ^ (1 << node)) | new
        return reached

    def ancestors(self, nodes: int, within: int = -1) -> int:
        """The nodes themselves and what acts on them, in the graph on `within`."""
        return self.closure(nodes, self.parents, within)

    def descendants(self, nodes: int, within: int = -1) -> int:
        """The nodes themselves and what they act on."""
        return self.closure(nodes, self.children, within)

    def district(self, node: int, within: int = -1) -> int:
        """What is joined to a node by hidden causes, in the graph on `within`."""
        return self.closure(1 << node, self.siblings, within)

    def districts(self, within: int) -> list[int]:
        """The parts that hidden causes hold together, in the graph on `within`; in order of their first nodes."""
        found = []
        while within:
            part = self.district((within & -within).bit_length() - 1, within)
            found.append(part)
            within &= ~part
        return found

    def parents_of(self, nodes: int) -> int:
        return union(self.parents[node] for node in members(nodes))

    def cut(self, into: int = 0, out_of: int = 0) -> NumberedGraph:
        """Without the arrows into one set (hidden causes too), and without those out of another."""
        parents = tuple(
            0 if into >> node & 1 else parents & ~out_of
            for node, parents in enumerate(self.parents)
        )
        siblings = tuple(
            0 if into >> node & 1 else siblings & ~into
            for node, siblings in enumerate(self.siblings)
        )
        return NumberedGraph(parents, siblings)

    def _blocks(self, within: int) -> list[int]:
        """Each district with its parents: whoever are in one block are joined once all of `within` are ancestors of what is asked about."""
        blocks, left = [], within
        while left:
            lowest = left & -left
            node = lowest.bit_length() - 1
            if self.siblings[node] & within:
                part = self.district(node, within)
                block = part | (self.parents_of(part) & within)
            else:
                part, block = lowest, lowest | (self.parents[node] & within)
            if block != lowest:
                blocks.append(block)
            left &= ~part
        return blocks

    def connected(self, start: int, given: int, within: int) -> int:
        """What is reached from `start` through blocks of the graph on `within`, an ancestral set; entering `given` but not passing through it."""
        reached, blocks = start, self._blocks(within)
        growing = True
        while growing:
            growing, left = False, []
            for block in blocks:
                if block & reached & ~given:
                    reached |= block
                    growing = True
                else:
                    left.append(block)
            blocks = left
        return reached

    def separated(self, one: int, other: int, given: int = 0) -> bool:
        """m-separation, by connection in the augmented graph of the ancestors (Richardson 2003, Scand. J. Stat. 30, theorem 1)."""
        return not self.connected(one, given, self.ancestors(one | other | given)) & other & ~given

    def minimal_separator(self, one: int, other: int, allowed: int, always: int = 0) -> int | None:
        """A set that contains `always`, of which no other member can be left out, within `allowed`, that separates; None where there is none.

        Of several it is the one closest to `other` (van der Zander, Liskiewicz & Textor 2019, Artif. Intell. 270, section 4.2).
        """
        within = self.ancestors(one | other | always)
        every = (within & allowed & ~(one | other)) | always
        reached = self.connected(other, every, within)
        if reached & one:
            return None
        near = (reached & every) | always
        return (self.connected(one, near, within) & near) | always

    def smallest_separator(self, one: int, other: int, allowed: int, always: int = 0) -> int | None:
        """A set of the fewest nodes, besides those of `always`, within `allowed`, that separates; None where there is none.

        A smallest vertex cut of the augmented graph of the ancestors: no separator needs any other node. Of several sets of that
        size it is the one closest to `other`.
        """
        from causalstats.diagrams.identification.vertex_cuts import smallest_cut

        minimal = self.minimal_separator(one, other, allowed, always)
        if minimal is None or (minimal & ~always).bit_count() <= 1:
            return minimal
        within = self.ancestors(one | other | always)
        return smallest_cut(self._blocks(within), one, other, allowed & within, always) | always
