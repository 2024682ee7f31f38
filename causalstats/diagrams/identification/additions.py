"""Sensitivity to omitted arrows: which conclusions survive one arrow or hidden cause more.

A formula is right in an enlarged diagram exactly where it gives the effect in all its models. One
model with tables drawn at random tells: where the formula is wrong anywhere, it is wrong in almost
every model (both sides are rational functions of the tables). The effect itself is computed by
surgery on that model.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations, permutations
from typing import TYPE_CHECKING, Any, Literal

import networkx as nx
import numpy as np
import opt_einsum

from causalstats.diagrams.identification.evaluation import JointTable
from causalstats.diagrams.identification.identification import Identification, identify
from causalstats.diagrams.identification.mixed_graph import MixedGraph
from causalstats.errors import ModelError

if TYPE_CHECKING:
    from causalstats.diagrams.core.hypergraph import Hypergraph

Verdict = Literal["the formula holds", "another formula", "not identified"]
_SAME = (
    1e-9  # largest difference of two probabilities that are the same but for rounding
)
_MOST_VARIABLES = 12
_SEED = 0


@dataclass(frozen=True)
class Addition:
    """One arrow or one hidden cause more, and what becomes of a formula.

    Parameters
    ----------
    edge : str
        Such as "x -> y" or "x <-> y".
    verdict : {"the formula holds", "another formula", "not identified"}
    graph : MixedGraph
        The diagram with the addition.
    """

    edge: str
    verdict: Verdict
    graph: MixedGraph

    def __str__(self) -> str:
        return f"{self.edge}: {self.verdict}"


@dataclass(frozen=True, repr=False)
class Additions:
    """What becomes of a formula under each single addition to its diagram.

    Parameters
    ----------
    identification : Identification
        The formula without additions.
    additions : tuple of Addition

    Examples
    --------
    >>> from causalstats import Diagram
    >>> print(Diagram.parse("z -> x, y; x -> y").additions("y", do="x"))
    P(y | do(x)) = Σ_z P(y | z, x) P(z)
      holds with (2): x <-> z, y <-> z
      not identified with (1): x <-> y
    """

    identification: Identification
    additions: tuple[Addition, ...]

    def with_verdict(self, verdict: Verdict) -> tuple[str, ...]:
        """Return the additions with a verdict.

        Parameters
        ----------
        verdict : {"the formula holds", "another formula", "not identified"}

        Returns
        -------
        tuple of str

        Examples
        --------
        >>> from causalstats import Diagram
        >>> additions = Diagram.parse("x -> y").additions("y", do="x")
        >>> additions.with_verdict("not identified")
        ('x <-> y',)
        """
        return tuple(each.edge for each in self.additions if each.verdict == verdict)

    def __str__(self) -> str:
        identification = self.identification
        lines = [f"{identification.query} = {identification.expression}"]
        words: dict[Verdict, str] = {
            "the formula holds": "holds",
            "another formula": "another formula",
            "not identified": "not identified",
        }
        for verdict, word in words.items():
            edges = self.with_verdict(verdict)
            if edges:
                lines.append(f"  {word} with ({len(edges)}): {', '.join(edges)}")
        return "\n".join(lines)

    __repr__ = __str__


def additions(
    diagram: Hypergraph | MixedGraph,
    outcome: str | None = None,
    do: str | Iterable[str] | None = None,
) -> Additions:
    """Return which single arrows and hidden causes more leave the formula of an effect right.

    Every pair of variables gets, in turn, an arrow in each direction that makes no cycle, and a
    hidden common cause.

    Parameters
    ----------
    diagram : Diagram or MixedGraph
        Of at most 12 observed variables.
    outcome, do : str or list of str, optional
        The variables with the roles outcome and treatment if left out.

    Returns
    -------
    Additions

    Raises
    ------
    ModelError
        If the effect is not identified, or the diagram has more variables.

    Examples
    --------
    >>> from causalstats import Diagram
    >>> front_door = Diagram.parse("x -> m -> y; x <-> y")
    >>> front_door.additions("y", do="x").with_verdict("the formula holds")
    ()
    """
    identification = identify(diagram, outcome, do)
    if identification.expression is None:
        raise ModelError(f"{identification} Expected an identified effect.")
    if identification.selected:
        raise ModelError("Expected a diagram of everybody, without selection.")
    graph = (
        diagram if isinstance(diagram, MixedGraph) else MixedGraph.from_diagram(diagram)
    )
    if len(graph.nodes) > _MOST_VARIABLES:
        raise ModelError(
            f"Expected at most {_MOST_VARIABLES} observed variables, got {len(graph.nodes)}. Leave "
            "out those that the effect does not depend on."
        )
    listed = []
    for edge, larger in _larger_graphs(graph):
        listed.append(Addition(edge, _verdict(identification, larger), larger))
    return Additions(identification, tuple(listed))


def _larger_graphs(graph: MixedGraph) -> Iterable[tuple[str, MixedGraph]]:
    """Yield each addition with the graph that has it."""
    arrows: nx.DiGraph[str] = nx.DiGraph()
    arrows.add_nodes_from(graph.nodes)
    arrows.add_edges_from(graph.directed)
    for cause, effect in permutations(graph.nodes, 2):
        adjacent = {(cause, effect), (effect, cause)} & graph.directed
        if adjacent or nx.has_path(arrows, effect, cause):
            continue
        directed = [*graph.directed, (cause, effect)]
        larger = MixedGraph.projected(graph.nodes, directed, (), graph.bidirected)
        yield f"{cause} -> {effect}", larger
    for one, other in combinations(sorted(graph.nodes), 2):
        pair = frozenset((one, other))
        if pair not in graph.bidirected:
            hidden = [*graph.bidirected, pair]
            larger = MixedGraph.projected(graph.nodes, graph.directed, (), hidden)
            yield f"{one} <-> {other}", larger


def _verdict(identification: Identification, larger: MixedGraph) -> Verdict:
    again = identify(larger, identification.outcome, identification.do)
    if not again.identified:
        return "not identified"
    if again.expression == identification.expression:
        return "the formula holds"
    joint = _random_joint(larger)
    values = [each.evaluate(joint).values for each in (identification, again)]
    same = np.abs(values[0] - values[1]).max() < _SAME
    return "the formula holds" if same else "another formula"


def _random_joint(graph: MixedGraph) -> JointTable:
    """Return the observed distribution of a model with tables drawn at random.

    Each hidden cause and each variable has two levels.
    """
    rng = np.random.default_rng(_SEED)
    pairs = sorted(map(sorted, graph.bidirected))
    numbers = {name: number for number, name in enumerate(graph.nodes)}
    operands: list[Any] = []
    for k in range(len(pairs)):
        operands += [rng.dirichlet([1.0, 1.0]), [len(numbers) + k]]
    for name in graph.nodes:
        causes = [numbers[parent] for parent in graph.parents(name)]
        shared = [len(numbers) + k for k, pair in enumerate(pairs) if name in pair]
        axes = [*causes, *shared, numbers[name]]
        table = rng.dirichlet([1.0, 1.0], size=(2,) * (len(axes) - 1))
        operands += [table, axes]
    joint = opt_einsum.contract(*operands, list(numbers.values()))
    return JointTable(graph.nodes, joint)
