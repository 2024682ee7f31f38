"""Partial identification: sharp bounds on effects that are not identified.

The bounds are the smallest and the largest value that some model of the diagram gives to the
effect, among the models that give the observed distribution. They are found by linear programming
over response types; where that program is too large the natural bounds (Manski) are returned.

References
----------
Balke & Pearl (1997), Bounds on treatment effects from studies with imperfect compliance, JASA 92.
Sachs, Jonzon, Sjölander & Gabriel (2023), A general method for deriving tight symbolic bounds on
causal effects, JCGS 32. Manski (1990), Nonparametric bounds on treatment effects, AER 80.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from causalstats.diagrams.bounds.natural_bounds import (
    NATURAL_BOUNDS_REMARK,
    is_bow_graph,
    natural_bounds,
)
from causalstats.diagrams.bounds.response_type_program import (
    Comb,
    ResponseTypeProgram,
    TooLarge,
    extremes,
    interventional_costs,
    response_type_program,
    siblings_left_out,
    with_siblings,
)
from causalstats.diagrams.bounds.response_types import Monotone
from causalstats.diagrams.core import arguments
from causalstats.diagrams.core.hypergraph import Hypergraph
from causalstats.diagrams.identification.bit_sets import EMPTY, BitSet, smallest
from causalstats.diagrams.identification.evaluation import JointTable, evaluate
from causalstats.diagrams.identification.expression import Expression
from causalstats.diagrams.identification.id_algorithm import (
    identified_c_factor,
    observed_c_factor,
    relevant,
)
from causalstats.diagrams.identification.identification import Identification, identify
from causalstats.diagrams.identification.mixed_graph import MixedGraph, as_mixed_graph
from causalstats.diagrams.identification.selection_bias import refuse_selection
from causalstats.diagrams.identification.simplification import simplified
from causalstats.errors import ModelError

Array = np.ndarray
Index = tuple[int | slice, ...]

ROUNDING = 1e-6  # distance from a distribution that the diagram allows


@dataclass(frozen=True, eq=False, repr=False)
class EffectBounds:
    """The range of an effect, for each distribution of a batch.

    Parameters
    ----------
    query : str
    lower, upper : array, shape (batch..., levels of each of `axes`...)
        NaN where no model of the diagram, under the assumptions, gives what is observed.
    axes : tuple of str
    sharp : bool
        Whether every value between the bounds is that of some model; outer bounds are those of
        models with more hidden causes than the diagram has.
    remarks : tuple of str
        The method, in words.
    entries : int
        Entries of the matrix of the linear program, on which its time depends; 0 without one.

    Examples
    --------
    >>> from causalstats import Diagram
    >>> confounded = Diagram.parse("x -> y; x <-> y")
    >>> print(bounds(confounded, "y", "x", [[0.4, 0.1], [0.2, 0.3]], ("x", "y"), at={"y": 1}))
    P(y | do(x)), sharp bounds
        x=0: [0.1, 0.6]
        x=1: [0.3, 0.8]
    The mechanisms of x, y are open: 8 joint response types.
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
        """Which distributions some model of the diagram gives: array of bool, shape (batch...)."""
        batch_axes = self.lower.ndim - len(self.axes)
        cells = tuple(range(batch_axes, self.lower.ndim))
        return ~np.isnan(self.lower).all(axis=cells)

    def _means(self) -> tuple[Array, Array, str]:
        """The bounds, averaged over the compatible distributions, and words about these."""
        if self.lower.ndim == len(self.axes):
            return self.lower, self.upper, ""
        compatible = self.compatible
        words = f", mean of {compatible.sum()} distributions of {compatible.size}"
        if not compatible.any():
            return self.lower, self.upper, words
        count = compatible.sum()
        lower = self.lower[compatible].sum(axis=0) / count
        upper = self.upper[compatible].sum(axis=0) / count
        return lower, upper, words

    def __str__(self) -> str:
        lower, upper, words = self._means()
        kind = "sharp" if self.sharp else "outer"
        lines = [f"{self.query}, {kind} bounds{words}"]
        for cell in np.ndindex(lower.shape):
            numbers = cell[len(cell) - len(self.axes) :]
            levels = zip(self.axes, numbers, strict=True)
            at = ", ".join(f"{name}={level}" for name, level in levels)
            head = f"{at}:" if at else ""
            lines.append(f"    {head} [{lower[cell]:.4g}, {upper[cell]:.4g}]")
        return "\n".join([*lines, *self.remarks])

    __repr__ = __str__


@dataclass(frozen=True, eq=False)
class _BoundsQuery:
    """The bounded quantity: P(outcome | do, given), in some cells or their weighted sum.

    Parameters
    ----------
    identification : Identification
    source : JointTable
    at : mapping of str to int
        Fixed levels.
    weights : array or None
        Shape (levels of outcome..., levels of do...).
    """

    identification: Identification
    source: JointTable
    at: Mapping[str, int]
    weights: Array | None

    @property
    def variables(self) -> tuple[str, ...]:
        return (
            self.identification.outcome
            + self.identification.do
            + self.identification.given
        )

    @property
    def axes(self) -> dict[str, int]:
        """The axes of the answer with their sizes."""
        if self.weights is not None:
            return {}
        levels = self.source.level_counts
        return {name: levels[name] for name in self.variables if name not in self.at}

    @property
    def cells(self) -> Index:
        """The cells that are asked about, as an index of the axes of all variables."""
        return tuple(self.at.get(name, slice(None)) for name in self.variables)

    @property
    def query(self) -> str:
        text = self.identification.query
        return text if self.weights is None else f"A weighted sum of {text}"

    def check_weights(self) -> None:
        if self.weights is None:
            return
        levels = self.source.level_counts
        shape = tuple(levels[name] for name in self.variables)
        given = self.identification.given
        if given or self.at or np.shape(self.weights) != shape:
            raise ModelError(
                f"Expected weights for the levels of {list(self.variables)}, and nothing given or "
                f"at some level alone; got shape {np.shape(self.weights)}, given {list(given)}, "
                f"at {dict(self.at)}."
            )


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
) -> EffectBounds:
    """Return bounds of P(outcome | do, given) by linear programming over response types.

    Where the effect is identified both bounds are its value. Where the program is too large they
    are the natural bounds (Manski), which hold in every diagram and are marked as outer.

    Parameters
    ----------
    diagram : Diagram or MixedGraph
    outcome, do : str or list of str
    joint : array, shape (batch..., levels of each variable...)
        Distributions of the observed variables, such as posterior draws, or counts.
    variables : list of str
        The names of the last axes of `joint`.
    given : str or list of str
        Observed in the world in which that is done.
    at : mapping of str to int, optional
        Levels, by number, of some of these variables, which are then no axes of the answer.
    assumptions : list of Monotone
        Assumed besides the diagram.
    weights : array, shape (levels of outcome..., levels of do...), optional
        With them, bounds of the sum of weights times P(outcome | do), such as a difference of
        means, in place of each cell. Not with `given` or `at`.

    Returns
    -------
    EffectBounds

    Raises
    ------
    ModelError
        If a variable is unknown, or the data are of the selected alone.

    References
    ----------
    Balke & Pearl (1997), Bounds on treatment effects from studies with imperfect compliance,
    JASA 92.

    Examples
    --------
    >>> from causalstats import Diagram
    >>> confounded = Diagram.parse("x -> y; x <-> y")
    >>> result = bounds(confounded, "y", "x", [[0.4, 0.1], [0.2, 0.3]], ("x", "y"))
    >>> result.lower[1].round(3), result.upper[1].round(3)
    (array([0.1, 0.3]), array([0.6, 0.8]))
    """
    identification = identify(diagram, outcome, do, given)
    source = JointTable(tuple(variables), joint)
    check_source(source, diagram)
    check_assumptions(assumptions)
    fixed = arguments.values("at", at or {})
    check_levels(source, {name: (level,) for name, level in fixed.items()})
    question = _BoundsQuery(identification, source, fixed, weights)
    question.check_weights()
    if identification.identified:
        return _point(question)
    refuse_selection(as_mixed_graph(diagram), identification.query)
    try:
        whole, program, costs = _program(diagram, identification, source, assumptions)
    except TooLarge as error:
        return _natural_bounds(diagram, question, assumptions, str(error))
    sides = _extremes(question, program, costs)
    return bounds_of_program(
        diagram, whole, program, question.query, question.axes, sides, assumptions
    )


def _extremes(
    question: _BoundsQuery,
    program: ResponseTypeProgram,
    costs: Array,
) -> tuple[Array, Array, Array]:
    """The least and the largest value of the question in each of its cells, and the distance.

    Parameters
    ----------
    question : _BoundsQuery
    program : ResponseTypeProgram
    costs : array
        Shape (batch or 1, strata, levels of outcome, do and given..., joint types).
    """
    if question.weights is not None:
        weighted = _flat(costs) * np.reshape(question.weights, (-1, 1))
        return extremes(program, weighted.sum(axis=2, keepdims=True))
    index: tuple[Any, ...] = (slice(None), slice(None), *question.cells)
    numerators = _flat(costs[index])
    if not question.identification.given:
        return extremes(program, numerators)
    outcome_axes = tuple(range(2, 2 + len(question.identification.outcome)))
    any_outcome = costs.sum(axis=outcome_axes, keepdims=True)
    denominators = np.broadcast_to(any_outcome, costs.shape)
    return extremes(program, numerators, per=_flat(denominators[index]))


def _flat(costs: Array) -> Array:
    """Costs as (batch or 1, strata, questions, joint types)."""
    return costs.reshape(*costs.shape[:2], -1, costs.shape[-1])


def check_source(source: JointTable, diagram: Hypergraph | MixedGraph) -> None:
    """Raise an error unless a table has all that the diagram observes.

    Raises
    ------
    ModelError
        If a variable is missing, or all entries are zero.
    """
    graph = as_mixed_graph(diagram)
    if lacking := [name for name in graph.nodes if name not in source.variables]:
        raise ModelError(
            "Expected the distribution of all that the diagram observes "
            f"({', '.join(graph.nodes)}), got none of {lacking[0]!r}."
        )
    if not (source.array.size and source.array.sum() > 0):
        raise ModelError(
            "Expected a distribution, got an array without any probability."
        )


def check_assumptions(assumptions: Sequence[Monotone]) -> None:
    """Raise an error unless assumptions are `Monotone`.

    Raises
    ------
    ModelError
        If one is something else.
    """
    for assumed in assumptions:
        remedy = "Say Monotone('cause', 'effect')."
        arguments.instance(Monotone, "each assumption", assumed, remedy)


def check_levels(source: JointTable, levels: Mapping[str, tuple[int, ...]]) -> None:
    """Raise an error unless each variable has its levels, by number.

    Raises
    ------
    ModelError
        If a variable is unknown, or a level is no number or out of range.
    """
    sizes = source.level_counts
    for name, numbers in levels.items():
        if name not in sizes:
            raise ModelError(
                f"Expected levels of variables of the table, {list(sizes)}; got {name!r}."
            )
        for number in numbers:
            if isinstance(number, bool) or not isinstance(number, int | np.integer):
                raise ModelError(
                    f"Expected a level of {name!r} by its position, got {number!r}."
                )
            if not 0 <= number < sizes[name]:
                raise ModelError(
                    f"Expected a level of {name!r} by its position, 0 to {sizes[name] - 1}, "
                    f"got {number}."
                )


def unidentified_effect_program(
    diagram: Hypergraph | MixedGraph,
    outcome: str | Iterable[str],
    do: str | Iterable[str],
    joint: Array,
    variables: Sequence[str],
    assumptions: Sequence[Monotone] = (),
) -> ResponseTypeProgram:
    """Return the linear program of an effect that is not identified.

    Parameters
    ----------
    diagram : Diagram or MixedGraph
    outcome, do : str or list of str
    joint : array, shape (batch..., levels of each variable...)
    variables : list of str
    assumptions : list of Monotone

    Returns
    -------
    ResponseTypeProgram

    Raises
    ------
    TooLarge
        If there are too many response types.
    """
    source = JointTable(tuple(variables), joint)
    return _program(diagram, identify(diagram, outcome, do), source, assumptions)[1]


def _program(
    diagram: Hypergraph | MixedGraph,
    identification: Identification,
    source: JointTable,
    assumptions: Sequence[Monotone],
) -> tuple[MixedGraph, ResponseTypeProgram, Array]:
    """The graph, its program, and the costs of each joint type in every cell.

    Parameters
    ----------
    diagram : Hypergraph or MixedGraph
    identification : Identification
        The result for an effect that is not identified.
    source : JointTable
    assumptions : list of Monotone

    Returns
    -------
    graph : MixedGraph
    program : ResponseTypeProgram
    costs : array
        Shape (batch or 1, strata, levels of outcome, do and given..., joint types).
    """
    do = identification.do
    seen = identification.outcome + identification.given
    whole = exogenous_confounding_as_arrows(diagram, do)
    assumptions = informative(assumptions, diagram, whole)

    def sets(graph: MixedGraph) -> tuple[BitSet, BitSet]:
        acting = tuple(name for name in do if name in graph.nodes)
        return graph.bit_set(seen), graph.bit_set(acting)

    def build(graph: MixedGraph) -> ResponseTypeProgram:
        seen_set, do_set = sets(graph)
        _, inside = _known_combs_and_open(graph, source, seen_set, do_set)
        together = bool(identification.given)
        return response_type_program(
            graph, source, inside, do_set | seen_set, assumptions, together
        )

    program = build(whole.subgraph(whole.ancestors(*seen)))
    program = with_siblings(whole, program, build)
    graph = program.graph
    seen_set, do_set = sets(graph)
    combs, inside = _known_combs_and_open(graph, source, seen_set, do_set)
    moving = graph.names(graph.bits.ancestors(seen_set, ~do_set) & inside)
    axes = identification.outcome + do + identification.given
    affecting = whole.ancestors(*seen)
    idle = set(do).difference(affecting)  # all their levels have the same costs
    used = [name for name in axes if name not in idle]
    costs = interventional_costs(program, combs, moving, used)
    batch, strata, _, types = costs.shape
    sizes = {name: program.levels[name] for name in axes}
    spread = [1 if name in idle else size for name, size in sizes.items()]
    full = (batch, strata, *sizes.values(), types)
    return (
        whole,
        program,
        np.broadcast_to(costs.reshape(batch, strata, *spread, types), full),
    )


def _point(question: _BoundsQuery) -> EffectBounds:
    """The value of an identified effect, as bounds that coincide."""
    identification = question.identification
    values = identification.evaluate(question.source).values
    if question.weights is None:
        values = values[(..., *question.cells)]
    else:
        cells = tuple(range(-len(question.variables), 0))
        values = (values * question.weights).sum(axis=cells)
    remark = f"It is identified: {identification.expression}."
    axes = tuple(question.axes)
    return EffectBounds(
        identification.query, values, values, axes, sharp=True, remarks=(remark,)
    )


def _natural_bounds(
    diagram: Hypergraph | MixedGraph,
    question: _BoundsQuery,
    assumptions: Sequence[Monotone],
    why: str,
) -> EffectBounds:
    """The natural bounds, where the program is too large.

    Parameters
    ----------
    diagram : Hypergraph or MixedGraph
    question : _BoundsQuery
    assumptions : list of Monotone
        Not used, which a remark says.
    why : str
        The size of the program, in words.
    """
    outcome, do = question.identification.outcome, question.identification.do
    given = question.identification.given
    graph = exogenous_confounding_as_arrows(diagram, do)
    graph = graph.subgraph(graph.ancestors(*question.variables))
    lower, upper = natural_bounds(
        graph, question.source, outcome, do, given, question.weights
    )
    if question.weights is None:
        index: tuple[Any, ...] = (..., *question.cells)
        lower = lower[index]
        upper = upper[index]
    return EffectBounds(
        question.query,
        lower,
        upper,
        tuple(question.axes),
        sharp=is_bow_graph(graph, outcome, do) and not (assumptions or given),
        remarks=natural_bounds_remarks(assumptions, why),
    )


def natural_bounds_remarks(
    assumptions: Sequence[Monotone], why: str
) -> tuple[str, ...]:
    """Return the remarks on natural bounds: why they were taken, and what they do not use."""
    remarks = [f"{NATURAL_BOUNDS_REMARK} {why}"]
    if assumptions:
        listed = ", ".join(map(str, assumptions))
        remarks.append(f"They make no use of what is assumed: {listed}.")
    return tuple(remarks)


def exogenous_confounding_as_arrows(
    diagram: Hypergraph | MixedGraph, do: tuple[str, ...]
) -> MixedGraph:
    """Return the graph with z -> x in place of z <-> x, where that changes no answer.

    It changes none where z has no causes, shares a hidden cause with x alone, and is not set.
    """
    graph = as_mixed_graph(diagram)
    directed = set(graph.directed)
    bidirected = set(graph.bidirected)
    for name in graph.nodes:
        pairs = [pair for pair in bidirected if name in pair]
        has_causes = any(effect == name for _, effect in directed)
        if len(pairs) == 1 and name not in do and not has_causes:
            (other,) = pairs[0] - {name}
            bidirected.remove(pairs[0])
            directed.add((name, other))
    return MixedGraph.projected(graph.nodes, directed, bidirected=bidirected)


def informative(
    assumptions: Sequence[Monotone],
    diagram: Hypergraph | MixedGraph,
    whole: MixedGraph,
) -> tuple[Monotone, ...]:
    """Return the assumptions about arrows z -> x that stand for no z <-> x as well.

    Where they share a hidden cause, x given z may go up or down with z whatever z does to x:
    P(x | z) is then no effect of z, and an assumption about that effect narrows nothing.

    Parameters
    ----------
    assumptions : list of Monotone
    diagram : Diagram or MixedGraph
    whole : MixedGraph
        The graph that `exogenous_confounding_as_arrows` returns.

    Raises
    ------
    ModelError
        If the cause of an assumption does not act on its effect directly.
    """
    graph = as_mixed_graph(diagram)
    as_arrows = set(graph.bidirected).difference(whole.bidirected)
    kept = []
    for assumed in assumptions:
        if frozenset((assumed.cause, assumed.effect)) not in as_arrows:
            kept.append(assumed)
        elif (assumed.cause, assumed.effect) not in graph.directed:
            raise ModelError(
                f"Expected a direct cause of {assumed.effect!r}, one of "
                f"{list(graph.parents(assumed.effect))}; got {assumed.cause!r}."
            )
    return tuple(kept)


def bounds_of_program(
    diagram: Hypergraph | MixedGraph,
    whole: MixedGraph,
    program: ResponseTypeProgram,
    query: str,
    axes: Mapping[str, int],
    sides: tuple[Array, Array, Array],
    assumptions: Sequence[Monotone] = (),
) -> EffectBounds:
    """Return the result of `extremes` as `EffectBounds`, with remarks.

    Parameters
    ----------
    diagram : Hypergraph or MixedGraph
    whole : MixedGraph
        The graph of the diagram, without proxies.
    program : ResponseTypeProgram
    query : str
    axes : mapping of str to int
        The axes of the answer with their sizes.
    sides : lower, upper, distance
        As `extremes` returns them.
    assumptions : list of Monotone
        All of them, of which the program may have left some out.
    """
    lower, upper, distance = sides
    shape = (*program.source.batch_shape, *axes.values())
    districts = program.graph.subgraph(program.inside).districts()
    one_cause = len(districts) == 1 and _share_one_cause(
        diagram, whole, program.inside[0]
    )
    left_out = siblings_left_out(whole, program)
    remarks = [
        f"The mechanisms of {', '.join(program.inside)} are open: {prod(program.types)} joint "
        "response types."
    ]
    if len(districts) > 1:
        groups = " and ".join(", ".join(district) for district in districts)
        remarks.append(
            f"Outer: they may share one hidden cause, though the diagram has none between {groups}."
        )
    elif not one_cause:
        remarks.append(
            "Outer: they may share one hidden cause, where the diagram has several."
        )
    if left_out:
        remarks.append(
            f"Outer: no use is made of {', '.join(left_out)}, which share hidden causes with them; "
            "the program would be too large."
        )
    used = informative(assumptions, diagram, whole)
    remarks += [
        f"It narrows nothing that {assumed}: the two share a hidden cause."
        for assumed in assumptions
        if assumed not in used
    ]
    return EffectBounds(
        query,
        lower.reshape(shape),
        upper.reshape(shape),
        tuple(axes),
        one_cause and not left_out,
        (*remarks, *_remarks_on_data(lower, distance)),
        program.entries,
    )


def _remarks_on_data(lower: Array, distance: Array) -> list[str]:
    """Contradictions of the data with the diagram or the assumptions, in words."""
    remarks = []
    if distance.max() > ROUNDING:
        remarks.append(
            "What is observed breaks equalities that the diagram implies, by up to "
            f"{distance.max():.2g}; the nearest that keeps them was taken."
        )
    empty = np.isnan(lower)
    all_empty = empty.all(axis=1)
    if contradicting := all_empty.sum():
        remarks.append(
            f"{contradicting} of {len(lower)} distributions contradict the diagram or the "
            "assumptions, and have no bounds."
        )
    if (empty.any(axis=1) & ~all_empty).any():
        remarks.append("Where there are no bounds, what is given cannot occur.")
    return remarks


def _share_one_cause(
    diagram: Hypergraph | MixedGraph,
    whole: MixedGraph,
    variable: str,
) -> bool:
    """Whether one hidden variable acts on the whole district of a variable, past no observed one.

    Parameters
    ----------
    diagram : Hypergraph or MixedGraph
    whole : MixedGraph
    variable : str
    """
    names = next(district for district in whole.districts() if variable in district)
    if len(names) <= 2:
        return True
    if isinstance(diagram, MixedGraph):
        return False
    hidden = set(diagram.hidden)

    def observed_effects(cause: str) -> set[str]:
        effects: set[str] = set()
        for child in diagram.children(cause):
            effects |= observed_effects(child) if child in hidden else {child}
        return effects

    return any(observed_effects(cause).issuperset(names) for cause in hidden)


def _known_combs_and_open(
    graph: MixedGraph,
    source: JointTable,
    outcome: BitSet,
    do: BitSet,
) -> tuple[list[Comb], BitSet]:
    """The identified combs of the answer, and the districts of the others.

    A comb that is not defined in some cell counts as not identified.

    Parameters
    ----------
    graph : MixedGraph
    source : JointTable
    outcome, do : BitSet
    """
    _, needed = relevant(graph, outcome, do)
    everything = graph.bits.everything
    known: dict[BitSet, Comb] = {}
    inside = EMPTY
    for part in graph.bits.districts(needed):
        district = graph.bits.district(smallest(part), everything)
        c_factor = observed_c_factor(graph, district, everything)
        expression = identified_c_factor(graph, part, district, c_factor, [])
        comb = None
        if expression is not None:
            comb = _comb(graph, source, part, simplified(expression, graph.nodes))
        if comb is None:
            inside |= district
        else:
            known[part] = comb
    return [comb for part, comb in known.items() if not part & inside], inside


def _comb(
    graph: MixedGraph,
    source: JointTable,
    part: BitSet,
    expression: Expression,
) -> Comb | None:
    """The axes and values of a comb; None where some values are not defined.

    Parameters
    ----------
    graph : MixedGraph
    source : JointTable
    part : BitSet
    expression : Expression
        The formula of Q[part].
    """
    names = graph.names(part | graph.bits.parents_of(part))
    axes = tuple(name for name in names if name in expression.free)
    irrelevant = tuple(expression.free.difference(axes))
    values = evaluate(expression, source, axes, irrelevant).values
    if np.isnan(values).any():
        return None
    sizes = values.shape[values.ndim - len(axes) :]
    return axes, values.reshape(prod(source.batch_shape), *sizes)
