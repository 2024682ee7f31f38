"""What can be said of an effect that is not identified: the smallest and the largest that some model of the diagram gives to what is observed.

References
----------
Balke & Pearl (1997), Bounds on treatment effects from studies with imperfect compliance, JASA 92. Sachs, Jonzon, Sjölander & Gabriel (2023), A general method
for deriving tight symbolic bounds on causal effects, JCGS 32. Manski (1990), Nonparametric bounds on treatment effects, AER 80.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import prod

import numpy as np

from causalstats.diagrams.bounds.natural_bounds import REMARK, is_bow, natural
from causalstats.diagrams.bounds.response_type_program import (
    Programme,
    TooLarge,
    batch_of,
    extremes,
    levels_of,
    programme,
    world,
)
from causalstats.diagrams.bounds.response_types import Monotone
from causalstats.diagrams.core import arguments
from causalstats.diagrams.core.hypergraph import Hypergraph
from causalstats.diagrams.identification.bit_sets import EMPTY, BitSet, members
from causalstats.diagrams.identification.evaluation import JointTable, evaluate
from causalstats.diagrams.identification.expression import Expression
from causalstats.diagrams.identification.id_algorithm import (
    identified_comb,
    observed_kernel,
    relevant,
)
from causalstats.diagrams.identification.identification import Identification, identify
from causalstats.diagrams.identification.mixed_graph import MixedGraph, as_mixed_graph
from causalstats.diagrams.identification.selection_bias import refuse_selection
from causalstats.diagrams.identification.simplification import simplified
from causalstats.errors import ModelError

Array = np.ndarray
FAR = 1e-6  # from a distribution that the diagram allows: more than rounding


@dataclass(frozen=True, eq=False, repr=False)
class Bounds:
    """The range of an answer, for each distribution of a batch.

    Parameters
    ----------
    query : str
    lower, upper : (batch..., levels of each of `axes`...)
        NaN where no model of the diagram, under the assumptions, gives what is observed.
    axes : tuple of str
    sharp : bool
        Whether every value between them is that of some model, and not of one with more hidden causes than the diagram has.
    remarks : tuple of str
        What was done, in words.
    entries : int
        Of the matrix of the linear programme, on which its time depends; 0 where there was none.
    """

    query: str
    lower: Array
    upper: Array
    axes: tuple[str, ...]
    sharp: bool
    remarks: tuple[str, ...] = ()
    entries: int = 0

    @property
    def compatible(self) -> Array:
        """Which distributions of the batch some model of the diagram gives: (batch...)."""
        lead = self.lower.ndim - len(self.axes)
        return ~np.isnan(self.lower).all(axis=tuple(range(lead, self.lower.ndim)))

    def __str__(self) -> str:
        lead = self.lower.ndim - len(self.axes)
        ends = [
            side[self.compatible].sum(axis=0) / self.compatible.sum()
            if lead and self.compatible.any()
            else side
            for side in (self.lower, self.upper)
        ]
        shares = (
            f", mean of {self.compatible.sum()} distributions of {self.compatible.size}"
            if lead
            else ""
        )
        lines = [f"{self.query}, {'sharp' if self.sharp else 'outer'} bounds{shares}"]
        for place in np.ndindex(ends[0].shape):
            at = ", ".join(
                f"{name}={level}"
                for name, level in zip(
                    self.axes, place[-len(self.axes) :] if self.axes else (), strict=True
                )
            )
            lines.append(
                f"    {at + ':' if at else ''} [{ends[0][place]:.4g}, {ends[1][place]:.4g}]"
            )
        return "\n".join([*lines, *self.remarks])

    __repr__ = __str__


def bounds(
    diagram: Hypergraph | MixedGraph,
    outcome: str | Iterable[str],
    do: str | Iterable[str],
    joint: Array,
    variables: Sequence[str],
    *,
    given: str | Iterable[str] = (),
    at: Mapping[str, int] | None = None,
    assumptions: Sequence[Monotone] = (),
    weights: Array | None = None,
) -> Bounds:
    """Bounds of P(outcome | do, given), at every level or some, by linear programming over response types; the value itself where it is identified.

    Where the programme is too large they are the natural bounds, which hold in every diagram, and are said to be outer.

    Parameters
    ----------
    joint : (batch..., levels of each variable...)
        Distributions of what is observed, such as posterior draws, or counts.
    variables : the names of the last axes of `joint`
    given : what was observed where that was done; of models in which it can be
    at : levels, by their positions, of some of these, which are then no axes of the answer
    assumptions : what is assumed besides the diagram
    weights : (levels of outcome..., levels of do...)
        With them, bounds of the sum of weights times P(outcome | do), such as a difference of means, in place of each cell. Not with `given` or `at`.

    Raises
    ------
    ModelError
        Unknown variables; data of the selected alone.
    """
    found, source = identify(diagram, outcome, do, given), JointTable(tuple(variables), joint)
    check_source(source, diagram)
    check_assumptions(assumptions)
    check_levels(
        source, {name: (place,) for name, place in arguments.values("at", at or {}).items()}
    )
    axes, levels = found.outcome + found.do + found.given, levels_of(source)
    if weights is not None and (
        found.given or at or np.shape(weights) != tuple(levels[name] for name in axes)
    ):
        got = f"shape {np.shape(weights)}, given {list(found.given)}, at {dict(at or {})}"
        raise ModelError(
            f"Expected weights for the levels of {list(axes)}, and nothing given or at some level alone; got {got}."
        )
    left = tuple(name for name in axes if name not in (at or {}))
    place = tuple((at or {}).get(name, slice(None)) for name in axes)
    if found.identified:
        return _point(found, source, weights, left, place)
    refuse_selection(as_mixed_graph(diagram), found.query)
    try:
        whole, posed, costs = _posed(diagram, found, source, assumptions)
    except TooLarge as error:
        return _natural(diagram, found, source, weights, left, place, assumptions, str(error))
    if weights is not None:
        sides = extremes(
            posed,
            (
                costs.reshape(*costs.shape[:2], -1, costs.shape[-1]) * np.reshape(weights, (-1, 1))
            ).sum(axis=2, keepdims=True),
        )
        return answer(diagram, whole, posed, f"A weighed sum of {found.query}", {}, sides)
    any_outcome = np.broadcast_to(
        costs.sum(axis=tuple(range(2, 2 + len(found.outcome))), keepdims=True), costs.shape
    )
    asked, per = (
        part[(slice(None), slice(None), *place)].reshape(*costs.shape[:2], -1, costs.shape[-1])
        for part in (costs, any_outcome)
    )
    sides = extremes(posed, asked, per=per if found.given else None)
    return answer(diagram, whole, posed, found.query, {name: levels[name] for name in left}, sides)


def check_source(source: JointTable, diagram: Hypergraph | MixedGraph) -> None:
    """An error unless a table has all that the diagram observes.

    Raises
    ------
    ModelError
    """
    graph = as_mixed_graph(diagram)
    if lacking := [name for name in graph.nodes if name not in source.variables]:
        raise ModelError(
            f"Expected the distribution of all that the diagram observes ({', '.join(graph.nodes)}), got none of {lacking[0]!r}."
        )
    if not (source.array.size and source.array.sum() > 0):
        raise ModelError("Expected a distribution, got an array without any probability.")


def check_assumptions(assumptions: Sequence[Monotone]) -> None:
    """An error unless assumptions are `Monotone`.

    Raises
    ------
    ModelError
    """
    for assumed in assumptions:
        arguments.instance(Monotone, "each assumption", assumed, "Say Monotone('cause', 'effect').")


def check_levels(source: JointTable, places: Mapping[str, tuple[int, ...]]) -> None:
    """An error unless each variable has its levels, by their positions.

    Raises
    ------
    ModelError
    """
    sizes = levels_of(source)
    for name, wanted in places.items():
        if name not in sizes:
            raise ModelError(
                f"Expected levels of variables of the table, {list(sizes)}; got {name!r}."
            )
        for place in wanted:
            if isinstance(place, bool) or not isinstance(place, int | np.integer):
                raise ModelError(f"Expected a level of {name!r} by its position, got {place!r}.")
            if not 0 <= place < sizes[name]:
                raise ModelError(
                    f"Expected a level of {name!r} by its position, 0 to {sizes[name] - 1}, got {place}."
                )


def open_mechanisms(
    diagram: Hypergraph | MixedGraph,
    outcome: str | Iterable[str],
    do: str | Iterable[str],
    joint: Array,
    variables: Sequence[str],
    assumptions: Sequence[Monotone] = (),
) -> Programme:
    """The mechanisms that a question which is not identified leaves open, with the distributions that they have to give."""
    source = JointTable(tuple(variables), joint)
    return _posed(diagram, identify(diagram, outcome, do), source, assumptions)[1]


def _posed(
    diagram: Hypergraph | MixedGraph,
    found: Identification,
    source: JointTable,
    assumptions: Sequence[Monotone],
) -> tuple[MixedGraph, Programme, Array]:
    """The graph, its programme, and what each joint type costs in every cell of outcome, do and given: (batch or 1, strata, their levels..., types)."""
    whole, seen = without_proxies(diagram, found.do), found.outcome + found.given
    graph = whole.subgraph(whole.ancestors(*seen))
    acting = tuple(name for name in found.do if name in graph.nodes)
    combs, inside = _known_and_open(graph, source, graph.bit_set(seen), graph.bit_set(acting))
    posed = programme(
        graph, source, inside, graph.bit_set(acting + seen), assumptions, together=bool(found.given)
    )
    moving = graph.bits.ancestors(graph.bit_set(seen), ~graph.bit_set(acting)) & inside
    axes = found.outcome + found.do + found.given
    idle = set(found.do).difference(acting)  # all their levels cost the same
    costs = world(posed, combs, graph.names(moving), [name for name in axes if name not in idle])
    lead, types = costs.shape[:2], costs.shape[-1]
    costs = costs.reshape(
        *lead, *[1 if name in idle else posed.levels[name] for name in axes], types
    )
    return (
        whole,
        posed,
        np.broadcast_to(costs, (*lead, *[posed.levels[name] for name in axes], types)),
    )


def _point(
    found: Identification,
    source: JointTable,
    weights: Array | None,
    axes: tuple[str, ...],
    place: tuple[int | slice, ...],
) -> Bounds:
    values = found.evaluate(source).values
    if weights is None:
        values = values[(..., *place)]
    else:
        values, axes = (
            (values * weights).sum(axis=tuple(range(values.ndim - len(axes), values.ndim))),
            (),
        )
    return Bounds(
        found.query, values, values, axes, True, (f"It is identified: {found.expression}.",)
    )


def _natural(
    diagram: Hypergraph | MixedGraph,
    found: Identification,
    source: JointTable,
    weights: Array | None,
    axes: tuple[str, ...],
    place: tuple[int | slice, ...],
    assumptions: Sequence[Monotone],
    why: str,
) -> Bounds:
    """Those that hold in every diagram, where the programme of this one is too large; `why` is what it said of its size."""
    graph = without_proxies(diagram, found.do)
    graph = graph.subgraph(graph.ancestors(*found.outcome, *found.given, *found.do))
    lower, upper = natural(graph, source, found.outcome, found.do, found.given, weights)
    if weights is None:
        lower, upper = lower[(..., *place)], upper[(..., *place)]
    sharp = is_bow(graph, found.outcome, found.do) and not (assumptions or found.given)
    remarks = [f"{REMARK} {why}"]
    if assumptions:
        remarks.append(f"They make no use of what is assumed: {', '.join(map(str, assumptions))}.")
    query = found.query if weights is None else f"A weighed sum of {found.query}"
    return Bounds(query, lower, upper, axes if weights is None else (), sharp, tuple(remarks))


def without_proxies(diagram: Hypergraph | MixedGraph, do: tuple[str, ...]) -> MixedGraph:
    """With z -> x in place of z <-> x, where z has no causes and shares a hidden one with x alone: unless z is set, a model of one is one of the other."""
    graph = as_mixed_graph(diagram)
    directed, bidirected = set(graph.directed), set(graph.bidirected)
    for name in graph.nodes:
        pairs = [pair for pair in bidirected if name in pair]
        if len(pairs) == 1 and name not in do and not any(effect == name for _, effect in directed):
            (other,) = pairs[0] - {name}
            bidirected.remove(pairs[0])
            directed.add((name, other))
    return MixedGraph.projected(graph.nodes, directed, bidirected=bidirected)


def answer(
    diagram: Hypergraph | MixedGraph,
    whole: MixedGraph,
    posed: Programme,
    query: str,
    axes: Mapping[str, int],
    found: tuple[Array, Array, Array],
) -> Bounds:
    """What `extremes` found, in the shape of the answer, with what has to be said of it."""
    (lower, upper, distance), source = found, posed.source
    shape = (*source.array.shape[: source.array.ndim - len(source.variables)], *axes.values())
    districts = posed.graph.subgraph(posed.inside).districts()
    remarks = [
        f"The mechanisms of {', '.join(posed.inside)} are open: {prod(posed.types)} joint response types."
    ]
    sharp = len(districts) == 1 and _one_cause(
        diagram, next(part for part in whole.districts() if posed.inside[0] in part)
    )
    if len(districts) > 1:
        remarks.append(
            f"Outer: they are let share one hidden cause, though the diagram has none between {' and '.join(', '.join(part) for part in districts)}."
        )
    elif not sharp:
        remarks.append("Outer: they are let share one hidden cause, where the diagram has several.")
    if distance.max() > FAR:
        remarks.append(
            f"What is observed breaks equalities that the diagram implies, by up to {distance.max():.2g}; the nearest that keeps them was taken."
        )
    empty = np.isnan(lower)
    if lost := empty.all(axis=1).sum():
        remarks.append(
            f"{lost} of {len(lower)} distributions contradict the diagram or the assumptions, and have no bounds."
        )
    if (empty.any(axis=1) & ~empty.all(axis=1)).any():
        remarks.append("Where there are no bounds, what is given cannot occur.")
    return Bounds(
        query,
        lower.reshape(shape),
        upper.reshape(shape),
        tuple(axes),
        sharp,
        tuple(remarks),
        posed.entries,
    )


def _one_cause(diagram: Hypergraph | MixedGraph, names: tuple[str, ...]) -> bool:
    """Whether some hidden variable acts on all of these without passing others that are observed."""
    if len(names) <= 2:
        return True
    if isinstance(diagram, MixedGraph):
        return False
    hidden = set(diagram.hidden)

    def reached(variable: str) -> set[str]:
        return set().union(
            *(
                reached(child) if child in hidden else {child}
                for child in diagram.children(variable)
            )
        )

    return any(reached(variable).issuperset(names) for variable in hidden)


def _known_and_open(
    graph: MixedGraph, source: JointTable, outcome: BitSet, do: BitSet
) -> tuple[list[tuple[tuple[str, ...], Array]], BitSet]:
    """The combs of the answer that are identified, as (axes, array), and the districts of the others; so too where a comb is not defined in some cell."""
    _, needed = relevant(graph, outcome, do)
    combs, inside, everything = {}, EMPTY, graph.bits.everything
    for comb in graph.bits.districts(needed):
        district = graph.bits.district(next(members(comb)), everything)
        expression = identified_comb(
            graph, comb, district, observed_kernel(graph, district, everything), []
        )
        found = (
            None
            if expression is None
            else _comb(graph, source, comb, simplified(expression, graph.nodes))
        )
        if found is None:
            inside |= district
        else:
            combs[comb] = found
    return [found for comb, found in combs.items() if not comb & inside], inside


def _comb(
    graph: MixedGraph, source: JointTable, comb: BitSet, expression: Expression
) -> tuple[tuple[str, ...], Array] | None:
    """Its axes and values, None where some are not defined."""
    names = graph.names(comb | graph.bits.parents_of(comb))
    axes = tuple(name for name in names if name in expression.free)
    array = evaluate(expression, source, axes, tuple(expression.free.difference(axes))).values
    return (
        None
        if np.isnan(array).any()
        else (axes, array.reshape(batch_of(source), *array.shape[array.ndim - len(axes) :]))
    )
