"""Acyclic directed mixed graphs (ADMGs): the latent projection of a causal diagram.

Arrows say which observed variable acts on which; bidirected edges say which share a hidden cause.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from itertools import combinations, product

from causalstats.diagrams.core import arguments
from causalstats.diagrams.core.hypergraph import Hypergraph, cycle_error
from causalstats.diagrams.core.normalisation import refuse_normalised
from causalstats.diagrams.core.roles import Roles
from causalstats.diagrams.identification.bit_set_graph import BitSetGraph, bit_set_graph
from causalstats.diagrams.identification.bit_sets import (
    BitSet,
    members,
    singleton,
    union,
)
from causalstats.diagrams.identification.d_separation import separated
from causalstats.errors import ModelError

CHANGING_SURGERY = ("cut", "do", "soft", "policy", "edge_do", "twin")
"""Surgery after which a diagram has another distribution than the data; `marginal` has not."""


@dataclass(frozen=True)
class MixedGraph:
    """An acyclic directed mixed graph on the observed variables.

    Parameters
    ----------
    nodes : tuple of str
        In topological order: causes before their effects.
    directed : frozenset of (cause, effect)
    bidirected : frozenset of frozensets of two
        Pairs that share a hidden cause.
    roles : Roles
        Roles in the study: the question, the adjusted and the selection variables.
    population : MixedGraph or None
        Where data are of the selected alone, the graph of everybody, with the selection variables.
        This graph then describes the distribution of the selected.
    surgery : tuple of str
        Steps of surgery on the diagram, in words; its distribution is then not that of the data.

    Raises
    ------
    ModelError
        If a node is listed twice, an edge has an unknown end, or an effect precedes its cause.

    Examples
    --------
    >>> graph = MixedGraph.projected(["u", "x", "y"], [("u", "x"), ("u", "y")], hidden=["u"])
    >>> graph.districts()
    (('x', 'y'),)
    """

    nodes: tuple[str, ...]
    directed: frozenset[tuple[str, str]] = frozenset()
    bidirected: frozenset[frozenset[str]] = frozenset()
    roles: Roles = Roles()
    population: MixedGraph | None = None
    surgery: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        ends = {name for edge in (*self.directed, *self.bidirected) for name in edge}
        unknown = ends.difference(self.nodes)
        if unknown or len(set(self.nodes)) < len(self.nodes):
            raise ModelError(
                f"Expected each variable once, and edges between them; {sorted(unknown)} are in no "
                f"node of {list(self.nodes)}."
            )
        rank = {node: number for number, node in enumerate(self.nodes)}
        for cause, effect in self.directed:
            if rank[cause] >= rank[effect]:
                raise ModelError(
                    f"Expected causes before what they cause; {cause!r} -> {effect!r} is against "
                    f"{list(self.nodes)}. Use `MixedGraph.projected`."
                )

    @classmethod
    def from_diagram(cls, diagram: Hypergraph) -> MixedGraph:
        """Return the latent projection of a causal diagram on its outputs.

        A box of several outputs is a hidden cause of each. For a diagram with selection the result
        is the graph of the selected, with the graph of everybody as its `population`.

        Parameters
        ----------
        diagram : Diagram

        Returns
        -------
        MixedGraph

        Raises
        ------
        ModelError
            If the diagram has inputs, observations or several worlds.

        Examples
        --------
        >>> from causalstats import Diagram
        >>> diagram = Diagram.parse("x -> y; hidden: h; x -> h -> z")
        >>> sorted(MixedGraph.from_diagram(diagram).directed)
        [('x', 'y'), ('x', 'z')]
        """
        remedy = "Read text with `Diagram.parse`."
        arguments.instance(Hypergraph, "the diagram", diagram, remedy)
        _check_causal_model(diagram)
        nodes, edges, hidden = _nodes_and_edges(diagram)
        whole = cls.projected(nodes, edges, hidden)
        surgery = tuple(
            step.words for step in diagram.steps if step.rule in CHANGING_SURGERY
        )
        if not diagram.roles.selected:
            return replace(whole, roles=diagram.roles, surgery=surgery)
        selected = whole.among_selected(diagram.roles.selected)
        return replace(selected, roles=diagram.roles, population=whole, surgery=surgery)

    @classmethod
    def projected(
        cls,
        nodes: Iterable[str],
        directed: Iterable[tuple[str, str]],
        hidden: Iterable[str] = (),
        bidirected: Iterable[Iterable[str]] = (),
    ) -> MixedGraph:
        """Return the latent projection of a graph some of whose nodes are hidden.

        Parameters
        ----------
        nodes : list of str
        directed : list of (cause, effect)
        hidden : list of str
            They may have parents, and any number of children.
        bidirected : list of pairs of str

        Returns
        -------
        MixedGraph

        Raises
        ------
        ModelError
            If an arrow has an unknown end, or the graph has a cycle.

        References
        ----------
        Verma & Pearl (1990), Equivalence and synthesis of causal models, UAI.

        Examples
        --------
        >>> MixedGraph.projected("xy", [("x", "y")]).parents("y")
        ('x',)
        """
        latent = set(hidden)
        children: dict[str, set[str]] = {node: set() for node in nodes}
        for cause, effect in directed:
            if cause not in children or effect not in children:
                raise ModelError(
                    f"Expected arrows between {list(children)}; got {cause!r} -> {effect!r}."
                )
            children[cause].add(effect)
        order = _topological(children)
        effects = _observed_effects(order, children, latent)
        pairs: list[tuple[str, ...]] = []
        for node in latent:
            pairs += combinations(sorted(effects[node]), 2)
        for one, other in map(tuple, bidirected):
            ends = (effects[end] if end in latent else {end} for end in (one, other))
            pairs += [pair for pair in product(*ends) if pair[0] != pair[1]]
        observed = [node for node in order if node not in latent]
        arrows = {(node, effect) for node in observed for effect in effects[node]}
        return cls(tuple(observed), frozenset(arrows), frozenset(map(frozenset, pairs)))

    @cached_property
    def bits(self) -> BitSetGraph:
        """The graph on numbers, with sets of nodes as bit sets; the search algorithms use it."""
        rank = {node: number for number, node in enumerate(self.nodes)}
        arrows = [(rank[cause], rank[effect]) for cause, effect in self.directed]
        pairs = [(rank[one], rank[other]) for one, other in map(tuple, self.bidirected)]
        return bit_set_graph(len(self.nodes), arrows, pairs)

    def bit_set(self, names: Iterable[str]) -> BitSet:
        """Return the bit set of some nodes.

        Parameters
        ----------
        names : iterable of str

        Returns
        -------
        BitSet

        Raises
        ------
        ModelError
            If a name is hidden or unknown.

        Examples
        --------
        >>> MixedGraph(("x", "y")).bit_set(["y"])
        2
        """
        listed = list(names)
        if unknown := [name for name in listed if name not in self.nodes]:
            raise ModelError(
                f"Expected observed variables of the diagram, {list(self.nodes)}; got {unknown}, "
                "hidden or unknown."
            )
        return union(singleton(self.nodes.index(name)) for name in listed)

    def names(self, nodes: BitSet) -> tuple[str, ...]:
        """Return the names of a bit set of nodes, in topological order.

        Parameters
        ----------
        nodes : BitSet

        Returns
        -------
        tuple of str

        Examples
        --------
        >>> graph = MixedGraph(("x", "y"))
        >>> graph.names(graph.bits.everything)
        ('x', 'y')
        """
        return tuple(self.nodes[node] for node in members(nodes))

    def parents(self, *names: str) -> tuple[str, ...]:
        """Return the observed direct causes of some variables.

        Parameters
        ----------
        *names : str

        Returns
        -------
        tuple of str

        Raises
        ------
        ModelError
            If a name is hidden or unknown.

        Examples
        --------
        >>> MixedGraph.projected("xmy", [("x", "m"), ("m", "y")]).parents("y")
        ('m',)
        """
        return self.names(self.bits.parents_of(self.bit_set(names)))

    def ancestors(self, *names: str) -> tuple[str, ...]:
        """Return some variables and all that act on them.

        Parameters
        ----------
        *names : str

        Returns
        -------
        tuple of str

        Raises
        ------
        ModelError
            If a name is hidden or unknown.

        Examples
        --------
        >>> MixedGraph.projected("xmy", [("x", "m"), ("m", "y")]).ancestors("m")
        ('x', 'm')
        """
        return self.names(self.bits.ancestors(self.bit_set(names)))

    def descendants(self, *names: str) -> tuple[str, ...]:
        """Return some variables and all that they act on.

        Parameters
        ----------
        *names : str

        Returns
        -------
        tuple of str

        Raises
        ------
        ModelError
            If a name is hidden or unknown.

        Examples
        --------
        >>> MixedGraph.projected("xmy", [("x", "m"), ("m", "y")]).descendants("m")
        ('m', 'y')
        """
        return self.names(self.bits.descendants(self.bit_set(names)))

    def districts(self) -> tuple[tuple[str, ...], ...]:
        """Return the districts (c-components): groups joined by bidirected paths.

        The boxes of a district are one comb of the string diagram.

        Returns
        -------
        tuple of tuples of str

        Examples
        --------
        >>> MixedGraph.projected("xmy", [("x", "m"), ("m", "y")], (), [("x", "y")]).districts()
        (('x', 'y'), ('m',))
        """
        return tuple(map(self.names, self.bits.districts(self.bits.everything)))

    def subgraph(self, names: Iterable[str]) -> MixedGraph:
        """Return the induced subgraph on some variables.

        Parameters
        ----------
        names : iterable of str

        Returns
        -------
        MixedGraph

        Raises
        ------
        ModelError
            If a name is hidden or unknown.

        Examples
        --------
        >>> MixedGraph.projected("xmy", [("x", "m"), ("m", "y")]).subgraph("xy").directed
        frozenset()
        """
        kept = set(self.names(self.bit_set(names)))
        return MixedGraph(
            tuple(node for node in self.nodes if node in kept),
            frozenset(arrow for arrow in self.directed if kept.issuperset(arrow)),
            frozenset(pair for pair in self.bidirected if pair <= kept),
        )

    def separated(
        self,
        one: Iterable[str],
        other: Iterable[str],
        given: Iterable[str] = (),
    ) -> bool:
        """Return whether two sets are m-separated: independent in every model of the diagram.

        Parameters
        ----------
        one, other, given : iterable of str

        Returns
        -------
        bool

        Raises
        ------
        ModelError
            If a name is hidden or unknown.

        Examples
        --------
        >>> from causalstats import Diagram
        >>> chain = MixedGraph.from_diagram(Diagram.parse("x -> m -> y"))
        >>> chain.separated("x", "y"), chain.separated("x", "y", "m")
        (False, True)
        """
        return separated(
            self.bits, self.bit_set(one), self.bit_set(other), self.bit_set(given)
        )

    def among_selected(self, selected: tuple[str, ...]) -> MixedGraph:
        """Return the graph of the distribution of the other variables among the selected.

        Selection joins all that acts on it, and the districts of these, into one district.

        Parameters
        ----------
        selected : tuple of str
            The selection variables.

        Returns
        -------
        MixedGraph

        Examples
        --------
        >>> collider = MixedGraph.projected("xys", [("x", "s"), ("y", "s")])
        >>> collider.among_selected(("s",)).districts()
        (('x', 'y'),)
        """
        selection = self.bit_set(selected)
        acting = self.bits.ancestors(selection)
        districts = self.bits.districts(self.bits.everything)
        joined = union(district for district in districts if district & acting)
        kept = self.subgraph(name for name in self.nodes if name not in selected)
        pairs = combinations(self.names(joined & ~selection), 2)
        return replace(kept, bidirected=kept.bidirected.union(map(frozenset, pairs)))


def as_mixed_graph(diagram: Hypergraph | MixedGraph) -> MixedGraph:
    """Return the latent projection of a diagram; a mixed graph as it is."""
    return (
        diagram if isinstance(diagram, MixedGraph) else MixedGraph.from_diagram(diagram)
    )


def _check_causal_model(diagram: Hypergraph) -> None:
    refuse_normalised(diagram)
    if diagram.inputs or any(box.kind == "observation" for box in diagram.boxes):
        raise ModelError(
            "Expected a diagram of a causal model, without inputs and observations. Ask the "
            "diagram before `open` and `observe`."
        )
    labels = list(diagram.variables)
    if len(set(labels)) < len(labels):
        raise ModelError(
            f"Expected each variable on one wire; got {labels}. A diagram of several worlds (a "
            "twin network) has copies of its variables: ask the one it was made from."
        )


def _nodes_and_edges(
    diagram: Hypergraph,
) -> tuple[list[str], set[tuple[str, str]], set[str]]:
    """The nodes, the arrows and the hidden nodes; a box of several outputs is a node too."""
    labels = diagram.variables
    hidden = {label for wire, label in enumerate(labels) if wire not in diagram.outputs}
    hidden -= set(diagram.roles.selected)
    edges: set[tuple[str, str]] = set()
    shared = []
    for number, box in enumerate(diagram.boxes):
        if len(box.outputs) == 1:
            edges |= {(labels[wire], labels[box.outputs[0]]) for wire in box.inputs}
        elif box.outputs:
            common_cause = f"box {number}"
            shared.append(common_cause)
            edges |= {(labels[wire], common_cause) for wire in box.inputs}
            edges |= {(common_cause, labels[wire]) for wire in box.outputs}
    return [*labels, *sorted(shared)], edges, hidden.union(shared)


def _observed_effects(
    order: list[str],
    children: Mapping[str, set[str]],
    latent: set[str],
) -> dict[str, set[str]]:
    """The observed variables that each node acts on directly or through hidden ones only.

    Parameters
    ----------
    order : list of str
        A topological order.
    children : mapping of str to set of str
    latent : set of str
    """
    effects: dict[str, set[str]] = {}
    for node in reversed(order):
        effects[node] = set()
        for child in children[node]:
            effects[node] |= effects[child] if child in latent else {child}
    return effects


def _topological(children: dict[str, set[str]]) -> list[str]:
    """Causes first, otherwise in the order given."""
    rank = {node: number for number, node in enumerate(children)}
    waiting = Counter(child for effects in children.values() for child in effects)
    order = [node for node in children if not waiting[node]]
    for node in order:
        for child in sorted(children[node], key=rank.__getitem__):
            waiting[child] -= 1
            if not waiting[child]:
                order.append(child)
    if len(order) < len(children):
        try:
            TopologicalSorter(children).prepare()
        except CycleError as error:
            raise cycle_error(error.args[1][::-1]) from None
    return order
