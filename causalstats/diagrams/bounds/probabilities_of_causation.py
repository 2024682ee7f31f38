"""Questions about the same people under two treatments, from distributions alone: was it the cause, would it be one, what did it do to those who had it.

For outcome e and its absence e', cause x and its alternative x':

    PNS = P(e under x, e' under x')                necessary and sufficient
    PN  = P(e' under x' | x, e)                    necessary, where both occurred
    PS  = P(e under x | x', e')                    sufficient, where neither did
    P(y under x' | x)                              what the treated would have had, which some diagrams identify

References
----------
Tian & Pearl (2000), Probabilities of causation: bounds and identification, Ann. Math. Artif. Intell. 28. Shpitser & Pearl (2009), Effects of treatment on the
treated: identification and generalization, UAI. Richardson & Robins (2013), Single world intervention graphs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from causalstats.diagrams.bounds.bounds import (
    Bounds,
    answer,
    check_assumptions,
    check_levels,
    check_source,
    without_proxies,
)
from causalstats.diagrams.bounds.natural_bounds import REMARK, of_those, two_worlds
from causalstats.diagrams.bounds.response_type_program import (
    Programme,
    TooLarge,
    extremes,
    levels_of,
    programme,
    worlds,
)
from causalstats.diagrams.bounds.response_types import Monotone
from causalstats.diagrams.core.hypergraph import Hypergraph
from causalstats.diagrams.identification.bit_sets import EMPTY, members
from causalstats.diagrams.identification.evaluation import JointTable, Source, evaluate
from causalstats.diagrams.identification.expression import (
    Expression,
    Probability,
    Product,
    Quotient,
    Sum,
)
from causalstats.diagrams.identification.id_algorithm import (
    conditional,
    identified_comb,
    observed_kernel,
)
from causalstats.diagrams.identification.identification import identify
from causalstats.diagrams.identification.mixed_graph import MixedGraph, as_mixed_graph
from causalstats.diagrams.identification.selection_bias import refuse_selection
from causalstats.diagrams.identification.simplification import simplified
from causalstats.errors import ModelError

Array = np.ndarray


@dataclass(frozen=True, repr=False)
class Causation:
    """Bounds of the probabilities of causation; they may coincide."""

    necessary_and_sufficient: Bounds
    necessary: Bounds
    sufficient: Bounds

    def __str__(self) -> str:
        return "\n".join(map(str, (self.necessary_and_sufficient, self.necessary, self.sufficient)))

    __repr__ = __str__


def from_experiment(joint: Array, effect: Array) -> tuple[Array, Array]:
    """PNS, PN and PS of a cause and an outcome with two levels each, from what is seen of them and what an experiment, or a formula, says.

    Parameters
    ----------
    joint : (batch..., cause 2, outcome 2)
        P(cause, outcome); level 1 is the presence of either.
    effect : (batch..., outcome 2, cause 2)
        P(outcome | do(cause)).

    Returns
    -------
    lower, upper : (batch..., 3)
        Sharp (Tian & Pearl 2000, theorem 1 and equations 20 and 21), NaN for PN or PS where nobody is in question. Lower above upper where the two inputs
        contradict each other.
    """
    p = joint / joint.sum(axis=(-2, -1), keepdims=True)
    with_, without, seen = effect[..., 1, 1], effect[..., 1, 0], p[..., 1].sum(axis=-1)
    gain, zero = with_ - without, np.zeros(np.broadcast_shapes(p.shape[:-2], effect.shape[:-2]))
    lower = [_largest(zero, gain, seen - without, with_ - seen)]
    upper = [
        -_largest(
            -with_, without - 1, -p[..., 1, 1] - p[..., 0, 0], -gain - p[..., 1, 0] - p[..., 0, 1]
        )
    ]
    for low, high, those in [
        (seen - without, 1 - without - p[..., 0, 0], p[..., 1, 1]),
        (with_ - seen, with_ - p[..., 1, 1], p[..., 0, 0]),
    ]:
        there = np.where(those > 0, those, np.nan)
        lower.append(np.maximum(low / there, 0))
        upper.append(np.minimum(high / there, 1))
    return np.stack(np.broadcast_arrays(*lower), axis=-1), np.stack(
        np.broadcast_arrays(*upper), axis=-1
    )


def _largest(*values: Array) -> Array:
    return np.maximum.reduce(np.broadcast_arrays(*values))


def causation_bounds(
    diagram: Hypergraph | MixedGraph,
    outcome: str,
    cause: str,
    joint: Array,
    variables: Sequence[str],
    *,
    assumptions: Sequence[Monotone] = (),
    experiment: Array | None = None,
    levels: Mapping[str, tuple[int, int]] | None = None,
) -> Causation:
    """PNS, PN and PS by linear programming over the response types of everything that the cause acts on.

    Where that is too large, by P(cause, outcome) and, where it is identified or given, P(outcome | do(cause)) alone, which hold in
    every diagram and are said to be outer.

    Parameters
    ----------
    joint, variables, assumptions : as for `bounds`
    experiment : (batch..., levels of outcome, levels of cause)
        P(outcome | do(cause)) from elsewhere: an experiment, or an identified formula.
    levels : {variable: (absent, present)} by number; (0, 1) if not given. Every other level of the outcome counts as its absence.
    """
    table = JointTable(tuple(variables), joint)
    check_source(table, diagram)
    check_assumptions(assumptions)
    pairs = {outcome: (0, 1), cause: (0, 1)} | dict(levels or {})
    check_levels(table, pairs)
    try:
        whole, posed, source = _two_worlds(
            diagram, outcome, cause, joint, variables, assumptions, experiment is not None
        )
    except TooLarge as error:
        return _outer(diagram, outcome, cause, table, assumptions, experiment, pairs, str(error))
    experiment = _by_formula(diagram, posed, outcome, cause) if experiment is None else experiment
    off, on = (_only(source, cause, level) for level in pairs[cause])
    event = _only(source, outcome, pairs[outcome][1])
    questions = [
        worlds(posed, cause, [on, off], {(outcome, 1): event, (outcome, 2): 1 - event}),
        worlds(posed, cause, [off], {(cause, 0): on, (outcome, 0): event, (outcome, 1): 1 - event}),
        worlds(posed, cause, [on], {(cause, 0): off, (outcome, 0): 1 - event, (outcome, 1): event}),
    ]
    lower, upper, distance = extremes(
        posed, _stacked(questions), *_experiment(posed, outcome, cause, experiment)
    )
    p = source.probability((cause, outcome), ()).reshape(len(lower), len(on), len(event))
    shares = [
        np.ones(len(lower)),
        np.einsum("bxy,x,y->b", p, on, event),
        np.einsum("bxy,x,y->b", p, off, 1 - event),
    ]
    names = (
        f"PNS of {cause} for {outcome}",
        f"PN of {cause} for {outcome}",
        f"PS of {cause} for {outcome}",
    )
    sides = [_within(side, shares) for side in (lower, upper)]
    found = [
        answer(diagram, whole, posed, name, {}, (low[:, None], high[:, None], distance))
        for name, low, high in zip(names, sides[0].T, sides[1].T, strict=True)
    ]
    return Causation(*found)


def treated_bounds(
    diagram: Hypergraph | MixedGraph,
    outcome: str,
    cause: str,
    joint: Array,
    variables: Sequence[str],
    *,
    assumptions: Sequence[Monotone] = (),
) -> Bounds:
    """Bounds of P(outcome had the cause been set | what it was), axes (outcome, level set, level that was), the value where `treated` identifies it."""
    source = JointTable(tuple(variables), joint)
    check_source(source, diagram)
    check_assumptions(assumptions)
    axes, formula = (outcome, f"{cause}'", cause), treated(diagram, outcome, cause)
    query = f"P({outcome} had {cause} been {cause}' | {cause})"
    if formula is not None:
        values = evaluate(formula, Aliased(source, {f"{cause}'": cause}), axes).values
        return Bounds(query, values, values, axes, True, (f"It is identified: {formula}.",))
    try:
        whole, posed, _ = _two_worlds(diagram, outcome, cause, joint, variables, assumptions, False)
    except TooLarge as error:
        p, effect = _seen_and_done(diagram, outcome, cause, source, None)
        shape = _batch_shape(source)
        lower, upper = (side.reshape(*shape, *side.shape[1:]) for side in of_those(p, effect))
        return Bounds(query, lower, upper, axes, False, _remarks(assumptions, str(error)))
    experiment = _by_formula(diagram, posed, outcome, cause)
    size = levels_of(source)
    cells = [
        (y, set_, was)
        for y in range(size[outcome])
        for set_ in range(size[cause])
        for was in range(size[cause])
    ]
    questions = [
        worlds(
            posed,
            cause,
            [_only(source, cause, set_)],
            {(outcome, 1): _only(source, outcome, y), (cause, 0): _only(source, cause, was)},
        )
        for y, set_, was in cells
    ]
    lower, upper, distance = extremes(
        posed, _stacked(questions), *_experiment(posed, outcome, cause, experiment)
    )
    shares = source.probability((cause,), ()).reshape(len(lower), -1)
    sides = [_within(side, [shares[:, was] for _, _, was in cells]) for side in (lower, upper)]
    sizes = (size[outcome], size[cause], size[cause])
    return answer(
        diagram,
        whole,
        posed,
        query,
        dict(zip(axes, sizes, strict=True)),
        (sides[0], sides[1], distance),
    )


def _outer(
    diagram: Hypergraph | MixedGraph,
    outcome: str,
    cause: str,
    source: JointTable,
    assumptions: Sequence[Monotone],
    experiment: Array | None,
    pairs: Mapping[str, tuple[int, int]],
    why: str,
) -> Causation:
    """PNS, PN and PS from what is seen of cause and outcome, and P(outcome | do(cause)) where that is known."""
    p, effect = _seen_and_done(diagram, outcome, cause, source, experiment)
    off, on = pairs[cause]
    sides = [np.clip(side, 0, 1) for side in two_worlds(p, on, off, pairs[outcome][1], effect)]
    lower, upper = (side.reshape(*_batch_shape(source), 3) for side in sides)
    remarks = _remarks(assumptions, why)
    return Causation(
        *(
            Bounds(
                f"{name} of {cause} for {outcome}",
                lower[..., at],
                upper[..., at],
                (),
                False,
                remarks,
            )
            for at, name in enumerate(("PNS", "PN", "PS"))
        )
    )


def _seen_and_done(
    diagram: Hypergraph | MixedGraph,
    outcome: str,
    cause: str,
    source: JointTable,
    experiment: Array | None,
) -> tuple[Array, Array | None]:
    """P(cause, outcome) as (batch, cause, outcome), and P(outcome | do(cause)) as (batch, outcome, cause) where it is known."""
    p = source.probability((cause, outcome), ())
    p = p.reshape(-1, *p.shape[-2:])
    if experiment is None:
        found = identify(diagram, outcome, cause)
        experiment = found.evaluate(source).values if found.identified else None
    if experiment is None or np.isnan(experiment).any():
        return p, None
    effect = np.broadcast_to(experiment, (*_batch_shape(source), *np.shape(experiment)[-2:]))
    return p, effect.reshape(len(p), *effect.shape[-2:])


def _batch_shape(source: JointTable) -> tuple[int, ...]:
    """The batch axes of a table."""
    return source.array.shape[: source.array.ndim - len(source.variables)]


def _remarks(assumptions: Sequence[Monotone], why: str) -> tuple[str, ...]:
    unused = f"They make no use of what is assumed: {', '.join(map(str, assumptions))}."
    return (f"{REMARK} {why}", *[unused] * bool(assumptions))


def treated(
    diagram: Hypergraph | MixedGraph, outcome: str | Sequence[str], cause: str
) -> Expression | None:
    """P(outcome had the cause been set | what it was), the set level under the name of the cause with a prime; None where no formula was found.

    The cause is split in two: what it was has no effects, what it is set to has no causes. A comb in which the cause meets something that it acts on cannot
    be split; every other comb gives its part as it does in P(outcome | do).
    """
    graph = as_mixed_graph(diagram)
    refuse_selection(graph, f"what those with another {cause} would have had")
    outcomes = [outcome] if isinstance(outcome, str) else list(outcome)
    y, x = graph.bit_set(outcomes), graph.bit_set([cause])
    if y & x:
        raise ModelError(f"Expected an outcome other than {cause!r}.")
    everything = graph.bits.ancestors(y | x)
    split = graph.bits.cut(out_of=x)
    needed = split.ancestors(y | x)
    combs: list[Expression] = []
    for comb in split.districts(needed):
        if comb & x and comb & graph.bits.children[x.bit_length() - 1]:
            return None
        larger = graph.bits.district(next(members(comb)), everything)
        found = identified_comb(graph, comb, larger, observed_kernel(graph, larger, everything), [])
        if found is None:
            return None
        combs.append(found if comb & x else renamed(found, cause, f"{cause}'"))
    summed = graph.names(needed & ~y & ~x)
    product = Product(tuple(combs))
    whole = conditional(graph, Sum(summed, product) if summed else product, y)
    return simplified(
        whole,
        [
            name
            for node in graph.nodes
            for name in ((node, f"{node}'") if node == cause else (node,))
        ],
    )


def renamed(expression: Expression, name: str, other: str) -> Expression:
    """With another name for a variable where it is free."""
    match expression:
        case Probability(of, given):
            return Probability(
                *(tuple(other if own == name else own for own in side) for side in (of, given))
            )
        case Product(factors):
            return Product(tuple(renamed(factor, name, other) for factor in factors))
        case Sum(over, summand):
            return expression if name in over else Sum(over, renamed(summand, name, other))
        case Quotient(numerator, denominator):
            return Quotient(renamed(numerator, name, other), renamed(denominator, name, other))


@dataclass(frozen=True, eq=False)
class Aliased:
    """A source in which some variables go by another name as well."""

    source: Source
    names: Mapping[str, str]

    def probability(self, of: tuple[str, ...], given: tuple[str, ...]) -> Array:
        return self.source.probability(
            *(tuple(self.names.get(name, name) for name in side) for side in (of, given))
        )


def _two_worlds(
    diagram: Hypergraph | MixedGraph,
    outcome: str,
    cause: str,
    joint: Array,
    variables: Sequence[str],
    assumptions: Sequence[Monotone],
    together: bool,
) -> tuple[MixedGraph, Programme, JointTable]:
    """The programme in which everything is open that the cause acts on, on its way to the outcome."""
    whole, source = without_proxies(diagram, (cause,)), JointTable(tuple(variables), joint)
    refuse_selection(
        as_mixed_graph(diagram),
        f"what {cause} causes",
    )
    graph = whole.subgraph(whole.ancestors(outcome))
    if outcome == cause or cause not in graph.nodes:
        raise ModelError(
            f"Expected a cause of {outcome!r}, one of {[name for name in graph.nodes if name != outcome]}; got {cause!r}."
        )
    affected = graph.bit_set(name for name in graph.descendants(cause) if name != cause)
    inside = EMPTY
    for district in graph.bits.districts(graph.bits.everything):
        inside |= district if district & affected else EMPTY
    return (
        whole,
        programme(graph, source, inside, graph.bit_set([cause]), assumptions, together),
        source,
    )


def _by_formula(
    diagram: Hypergraph | MixedGraph, posed: Programme, outcome: str, cause: str
) -> Array | None:
    """P(outcome | do(cause)) where it is identified and the programme, which lets several districts share one hidden cause, would forget it."""
    found = identify(diagram, outcome, cause)
    if (
        not found.identified
        or posed.strata
        or len(posed.graph.subgraph(posed.inside).districts()) == 1
    ):
        return None
    values = found.evaluate(posed.source).values
    return None if np.isnan(values).any() else values


def _experiment(
    posed: Programme, outcome: str, cause: str, experiment: Array | None
) -> tuple[Array | None, Array | None]:
    """P(outcome | do(cause)) as equations on the shares of types, and what they come to."""
    if experiment is None:
        return None, None
    levels, source = posed.levels, posed.source
    if np.shape(experiment)[-2:] != (levels[outcome], levels[cause]):
        raise ModelError(
            f"Expected P({outcome} | do({cause})) with axes ({levels[outcome]}, {levels[cause]}); got shape {np.shape(experiment)}."
        )
    cells = [(y, x) for y in range(levels[outcome]) for x in range(levels[cause])]
    rows = [
        worlds(posed, cause, [_only(source, cause, x)], {(outcome, 1): _only(source, outcome, y)})
        for y, x in cells
    ]
    return _stacked(rows)[:, 0], np.reshape(experiment, (-1, len(cells)))


def _only(source: JointTable, name: str, level: int) -> Array:
    return (np.arange(levels_of(source)[name]) == level).astype(float)


def _stacked(questions: list[Array]) -> Array:
    """(batch or 1, strata, joint types) each, as one (batch or 1, strata, questions, joint types)."""
    return np.stack(np.broadcast_arrays(*questions), axis=2)


def _within(values: Array, shares: list[Array]) -> Array:
    """Divided by the share of those in question, NaN where there is nobody; rounding beyond 0 and 1 taken off."""
    below = np.stack(shares, axis=-1)
    return np.clip(
        np.divide(values, below, out=np.full_like(values, np.nan), where=below > 0), 0, 1
    )
