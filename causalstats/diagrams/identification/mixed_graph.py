"""What a causal diagram says about its observed variables: who acts on whom, and who share a hidden cause."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from itertools import combinations

from causalstats.diagrams.core import arguments
from causalstats.diagrams.core.roles import Roles
from causalstats.diagrams.diagram import Diagram, cycle_error
from causalstats.diagrams.identification.bit_set_graph import NumberedGraph, members, union
from causalstats.errors import ModelError

CHANGES = ("cut", "do", "soft", "policy", "edge_do", "twin")
"""Surgery after which a diagram has another distribution than data from before; `marginal` only hides."""


@dataclass(frozen=True)
class MixedGraph:
    """Arrows between observed variables, and pairs that share a hidden cause; acyclic.

    Parameters
    ----------
    nodes : tuple of str
        In an order in which causes come before what they cause.
    directed : frozenset of (cause, effect)
    bidirected : frozenset of frozensets of two
    roles : Roles
        Of the study: what is asked, adjusted for, and what selects those in the data.
    population : MixedGraph or None
        Where data are of the selected alone, the graph of everybody, with the variables that select; this graph is then what the
        distribution of the selected obeys.
    surgery : tuple of str
        What was done to the diagram, in words; its distribution is then not that of data from before.
    """

    nodes: tuple[str, ...]
    directed: frozenset[tuple[str, str]] = frozenset()
    bidirected: frozenset[frozenset[str]] = frozenset()
    roles: Roles = Roles()
    population: MixedGraph | None = None
    surgery: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        unknown = {name for edge in (*self.directed, *self.bidirected) for name in edge} - set(
            self.nodes
        )
        if unknown or len(set(self.nodes)) < len(self.nodes):
            raise ModelError(
                f"Expected each variable once, and edges between them; {sorted(unknown)} are in no node of {list(self.nodes)}."
            )
        place = {node: number for number, node in enumerate(self.nodes)}
        for cause, effect in self.directed:
            if place[cause] >= place[effect]:
                raise ModelError(
                    f"Expected causes before what they cause; {cause!r} -> {effect!r} is against {list(self.nodes)}. Use `MixedGraph.projected`."
                )

    @classmethod
    def of(cls, diagram: Diagram) -> MixedGraph:
        """The outputs of a network diagram, with what its hidden wires do summed up: arrows through them, and causes shared.

        A box of several outputs is a hidden cause of each. Observations condition, which no mixed graph says: they are refused.
        Of a diagram with selection it is the graph of the selected, with that of everybody as its `population`.
        """
        arguments.a(Diagram, "the diagram", diagram, "Read text with `Diagram.parse`.")
        if diagram.inputs or any(box.kind == "observation" for box in diagram.boxes):
            raise ModelError(
                "Expected a diagram of a causal model, without inputs and observations. Ask the diagram before `open` and `observe`."
            )
        labels = [wire.label for wire in diagram.wires]
        if len(set(labels)) < len(labels):
            raise ModelError(
                f"Expected each variable on one wire; got {labels}. Ask the diagram of one world."
            )
        edges, hidden = (
            set(),
            {label for wire, label in enumerate(labels) if wire not in diagram.outputs}
            - {*diagram.roles.selected},
        )
        for number, box in enumerate(diagram.boxes):
            joint = (
                f"box {number}"
                if len(box.outputs) > 1
                else labels[box.outputs[0]]
                if box.outputs
                else None
            )
            if joint is None:
                continue
            edges |= {(labels[wire], joint) for wire in box.inputs}
            if len(box.outputs) > 1:
                hidden.add(joint)
                edges |= {(joint, labels[wire]) for wire in box.outputs}
        whole = cls.projected([*labels, *sorted(hidden - set(labels))], edges, hidden)
        changed = tuple(step.words for step in diagram.steps if step.rule in CHANGES)
        if not diagram.roles.selected:
            return replace(whole, roles=diagram.roles, surgery=changed)
        from causalstats.diagrams.identification.selection_bias import among_selected

        seen = among_selected(whole, diagram.roles.selected)
        return replace(seen, roles=diagram.roles, population=whole, surgery=changed)

    @classmethod
    def projected(
        cls,
        nodes: Iterable[str],
        directed: Iterable[tuple[str, str]],
        hidden: Iterable[str] = (),
        bidirected: Iterable[Iterable[str]] = (),
    ) -> MixedGraph:
        """The latent projection (Verma & Pearl 1990) of a graph some of whose nodes are hidden; hidden ones may have parents, and any number of children."""
        out_of_sight = set(hidden)
        children: dict[str, set[str]] = {node: set() for node in nodes}
        for cause, effect in directed:
            if cause not in children or effect not in children:
                raise ModelError(
                    f"Expected arrows between {list(children)}; got {cause!r} -> {effect!r}."
                )
            children[cause].add(effect)
        order = _topological(children)
        seen: dict[
            str, set[str]
        ] = {}  # the observed variables that a node acts on through hidden ones only
        for node in reversed(order):
            seen[node] = set().union(
                *(seen[child] if child in out_of_sight else {child} for child in children[node])
            )
        of_either = [
            [seen[node] if node in out_of_sight else {node} for node in pair]
            for pair in map(tuple, bidirected)
        ]
        groups = [pair for node in out_of_sight for pair in combinations(sorted(seen[node]), 2)]
        pairs = {
            frozenset((a, b)) for one, other in of_either for a in one for b in other if a != b
        } | set(map(frozenset, groups))
        observed = [node for node in order if node not in out_of_sight]
        return cls(
            tuple(observed),
            frozenset((node, effect) for node in observed for effect in seen[node]),
            frozenset(pairs),
        )

    @cached_property
    def numbered(self) -> NumberedGraph:
        number = {node: place for place, node in enumerate(self.nodes)}
        parents, siblings = [0] * len(self.nodes), [0] * len(self.nodes)
        for cause, effect in self.directed:
            parents[number[effect]] |= 1 << number[cause]
        for one, other in map(tuple, self.bidirected):
            siblings[number[one]] |= 1 << number[other]
            siblings[number[other]] |= 1 << number[one]
        return NumberedGraph(tuple(parents), tuple(siblings))

    def numbers(self, names: Iterable[str]) -> int:
        """The set of these names as an int."""
        wanted = list(names)
        if unknown := [name for name in wanted if name not in self.nodes]:
            raise ModelError(
                f"Expected observed variables of the diagram, {list(self.nodes)}; got {unknown}, hidden or unknown."
            )
        return union(1 << self.nodes.index(name) for name in wanted)

    def names(self, numbers: int) -> tuple[str, ...]:
        return tuple(self.nodes[node] for node in members(numbers))

    def parents(self, *names: str) -> tuple[str, ...]:
        return self.names(self.numbered.parents_of(self.numbers(names)))

    def ancestors(self, *names: str) -> tuple[str, ...]:
        """Themselves included."""
        return self.names(self.numbered.ancestors(self.numbers(names)))

    def descendants(self, *names: str) -> tuple[str, ...]:
        """Themselves included."""
        return self.names(self.numbered.descendants(self.numbers(names)))

    def districts(self) -> tuple[tuple[str, ...], ...]:
        """The groups that hidden causes hold together: their boxes are one comb of the diagram (Tian & Pearl's c-components)."""
        return tuple(map(self.names, self.numbered.districts(self.numbered.everything)))

    def subgraph(self, names: Iterable[str]) -> MixedGraph:
        kept = set(self.names(self.numbers(names)))
        directed = frozenset(edge for edge in self.directed if kept.issuperset(edge))
        return MixedGraph(
            tuple(node for node in self.nodes if node in kept),
            directed,
            frozenset(pair for pair in self.bidirected if pair <= kept),
        )

    def separated(
        self, one: Iterable[str], other: Iterable[str], given: Iterable[str] = ()
    ) -> bool:
        """Whether no path is open (m-separation): then independent in every distribution of the diagram."""
        return self.numbered.separated(self.numbers(one), self.numbers(other), self.numbers(given))


def _topological(children: dict[str, set[str]]) -> list[str]:
    """Causes first, otherwise in the order given."""
    place = {node: number for number, node in enumerate(children)}
    waits = Counter(child for own in children.values() for child in own)
    order = [node for node in children if not waits[node]]
    for node in order:
        for child in sorted(children[node], key=place.__getitem__):
            waits[child] -= 1
            if not waits[child]:
                order.append(child)
    if len(order) < len(children):
        try:
            TopologicalSorter(children).prepare()
        except CycleError as error:
            raise cycle_error(error.args[1][::-1]) from None
    return order
