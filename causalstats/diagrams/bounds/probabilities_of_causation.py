"""Probabilities of causation (necessity and sufficiency) and effects of treatment on the treated.

For an outcome e and its absence e', a cause x and its alternative x':

    PNS = P(e under x, e' under x')       probability of necessity and sufficiency
    PN  = P(e' under x' | x, e)           probability of necessity, among those with both
    PS  = P(e under x | x', e')           probability of sufficiency, among those with neither
    P(y under x' | x)                     the counterfactual outcome of the treated

They are questions about the same people under two treatments. Distributions alone give bounds, by
linear programming over response types; some diagrams identify the effect on the treated.

References
----------
Tian & Pearl (2000), Probabilities of causation: bounds and identification, Ann. Math. Artif.
Intell. 28. Shpitser & Pearl (2009), Effects of treatment on the treated: identification and
generalization, UAI. Richardson & Robins (2013), Single world intervention graphs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod

import numpy as np

from causalstats.diagrams.bounds.bounds import (
    EffectBounds,
    bounds_of_program,
    check_assumptions,
    check_levels,
    check_source,
    exogenous_confounding_as_arrows,
    informative,
    natural_bounds_remarks,
)
from causalstats.diagrams.bounds.natural_bounds import (
    treated_natural_bounds,
    two_world_bounds,
)
from causalstats.diagrams.bounds.response_type_program import (
    ResponseTypeProgram,
    TooLarge,
    counterfactual_costs,
    extremes,
    response_type_program,
    with_siblings,
)
from causalstats.diagrams.bounds.response_types import Monotone
from causalstats.diagrams.core.hypergraph import Hypergraph
from causalstats.diagrams.identification.bit_sets import smallest, union
from causalstats.diagrams.identification.evaluation import (
    Aliased,
    JointTable,
    evaluate,
)
from causalstats.diagrams.identification.expression import Expression, renamed
from causalstats.diagrams.identification.id_algorithm import (
    conditional,
    identified_c_factor,
    observed_c_factor,
    sum_of_product,
)
from causalstats.diagrams.identification.identification import identify
from causalstats.diagrams.identification.mixed_graph import MixedGraph, as_mixed_graph
from causalstats.diagrams.identification.selection_bias import refuse_selection
from causalstats.diagrams.identification.simplification import simplified
from causalstats.errors import ModelError

Array = np.ndarray
ABBREVIATIONS = ("PNS", "PN", "PS")


@dataclass(frozen=True, repr=False)
class ProbabilitiesOfCausation:
    """Bounds of the probabilities of causation; where they are identified the bounds coincide.

    Parameters
    ----------
    necessary_and_sufficient, necessary, sufficient : EffectBounds
        The bounds of PNS, PN and PS.
    """

    necessary_and_sufficient: EffectBounds
    necessary: EffectBounds
    sufficient: EffectBounds

    def __str__(self) -> str:
        parts = (self.necessary_and_sufficient, self.necessary, self.sufficient)
        return "\n".join(map(str, parts))

    __repr__ = __str__


def from_experiment(joint: Array, effect: Array) -> tuple[Array, Array]:
    """Return sharp bounds of PNS, PN and PS of a binary cause and outcome, in closed form.

    They combine what is observed with what an experiment, or an identified formula, says.

    Parameters
    ----------
    joint : array, shape (batch..., cause 2, outcome 2)
        P(cause, outcome); level 1 is the presence of either.
    effect : array, shape (batch..., outcome 2, cause 2)
        P(outcome | do(cause)).

    Returns
    -------
    lower, upper : array, shape (batch..., 3)
        NaN for PN or PS where nobody is in question. Lower above upper where the two inputs
        contradict each other.

    References
    ----------
    Tian & Pearl (2000), theorem 1 and equations 20 and 21.

    Examples
    --------
    >>> joint = np.array([[0.4, 0.1], [0.1, 0.4]])
    >>> lower, upper = from_experiment(joint, np.array([[0.8, 0.2], [0.2, 0.8]]))
    >>> lower.round(3), upper.round(3)
    (array([0.6 , 0.75, 0.75]), array([0.8, 1. , 1. ]))
    """
    p = joint / joint.sum(axis=(-2, -1), keepdims=True)
    neither, both = p[..., 0, 0], p[..., 1, 1]
    only_outcome, only_cause = p[..., 0, 1], p[..., 1, 0]
    with_cause, without = effect[..., 1, 1], effect[..., 1, 0]
    seen = p[..., 1].sum(axis=-1)
    gain = with_cause - without
    pns_lower = _largest(np.zeros(()), gain, seen - without, with_cause - seen)
    pns_upper = -_largest(
        -with_cause, without - 1, -both - neither, -gain - only_cause - only_outcome
    )
    with_both = np.where(both > 0, both, np.nan)
    with_neither = np.where(neither > 0, neither, np.nan)
    lower = [
        pns_lower,
        np.maximum((seen - without) / with_both, 0),
        np.maximum((with_cause - seen) / with_neither, 0),
    ]
    upper = [
        pns_upper,
        np.minimum((1 - without - neither) / with_both, 1),
        np.minimum((with_cause - both) / with_neither, 1),
    ]
    return _stacked_last(lower), _stacked_last(upper)


def _largest(*values: Array) -> Array:
    return np.maximum.reduce(np.broadcast_arrays(*values))


def _stacked_last(values: Sequence[Array]) -> Array:
    return np.stack(np.broadcast_arrays(*values), axis=-1)


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
) -> ProbabilitiesOfCausation:
    """Return bounds of the probabilities of necessity and sufficiency (PNS, PN, PS).

    They come from a linear program over the response types of everything that the cause acts on.
    Where that is too large they use P(cause, outcome) and, where it is identified or given,
    P(outcome | do(cause)) alone, which hold in every diagram and are marked as outer.

    Parameters
    ----------
    diagram : Diagram or MixedGraph
    outcome, cause : str
    joint : array, shape (batch..., levels of each variable...)
        Distributions of the observed variables, such as posterior draws, or counts.
    variables : list of str
        The names of the last axes of `joint`.
    assumptions : list of Monotone
        Assumed besides the diagram.
    experiment : array, shape (batch..., levels of outcome, levels of cause), optional
        P(outcome | do(cause)) from elsewhere: an experiment, or an identified formula.
    levels : mapping of str to (absent, present), optional
        By number; (0, 1) if not given. Every other level of the outcome counts as its absence.

    Returns
    -------
    ProbabilitiesOfCausation

    Raises
    ------
    ModelError
        If a variable is unknown, the cause does not act on the outcome, or the data are of the
        selected alone.

    References
    ----------
    Tian & Pearl (2000), Probabilities of causation: bounds and identification.

    Examples
    --------
    >>> from causalstats import Diagram
    >>> result = causation_bounds(
    ...     Diagram.parse("x -> y"), "y", "x", [[0.4, 0.1], [0.1, 0.4]], ("x", "y")
    ... )
    >>> print(result.necessary)
    PN of x for y, sharp bounds
         [0.75, 1]
    The mechanisms of y are open: 4 joint response types.
    """
    source = JointTable(tuple(variables), joint)
    check_source(source, diagram)
    check_assumptions(assumptions)
    pairs = {outcome: (0, 1), cause: (0, 1)} | dict(levels or {})
    check_levels(source, pairs)
    together = experiment is not None
    try:
        whole, program = _two_world_program(
            diagram, outcome, cause, source, assumptions, together
        )
    except TooLarge as error:
        remarks = natural_bounds_remarks(assumptions, str(error))
        return _outer_bounds(
            diagram, outcome, cause, source, experiment, pairs, remarks
        )
    if experiment is None:
        experiment = _identified_effect(diagram, program, outcome, cause)
    costs = _causation_costs(program, outcome, cause, pairs)
    equations = _experiment_equations(program, outcome, cause, experiment)
    lower, upper, distance = extremes(program, costs, *equations)
    shares = _causation_shares(source, outcome, cause, pairs)
    lower = _conditional_shares(lower, shares)
    upper = _conditional_shares(upper, shares)
    results = []
    for number, name in enumerate(_queries(outcome, cause)):
        sides = (lower[:, [number]], upper[:, [number]], distance)
        results.append(
            bounds_of_program(diagram, whole, program, name, {}, sides, assumptions)
        )
    return ProbabilitiesOfCausation(*results)


def _causation_costs(
    program: ResponseTypeProgram,
    outcome: str,
    cause: str,
    pairs: Mapping[str, tuple[int, int]],
) -> Array:
    """The probability of the events of PNS, PN and PS, by joint response type.

    Parameters
    ----------
    program : ResponseTypeProgram
    outcome, cause : str
    pairs : mapping of str to (absent, present)

    Returns
    -------
    array, shape (batch or 1, strata, 3, joint types)
    """
    source = program.source
    off, on = (_indicator(source, cause, level) for level in pairs[cause])
    event = _indicator(source, outcome, pairs[outcome][1])
    absent = 1 - event
    necessary_and_sufficient = counterfactual_costs(
        program,
        cause,
        [on, off],
        {(outcome, 1): event, (outcome, 2): absent},
    )
    necessary = counterfactual_costs(
        program,
        cause,
        [off],
        {(cause, 0): on, (outcome, 0): event, (outcome, 1): absent},
    )
    sufficient = counterfactual_costs(
        program,
        cause,
        [on],
        {(cause, 0): off, (outcome, 0): absent, (outcome, 1): event},
    )
    return _stacked([necessary_and_sufficient, necessary, sufficient])


def _causation_shares(
    source: JointTable,
    outcome: str,
    cause: str,
    pairs: Mapping[str, tuple[int, int]],
) -> Array:
    """The shares of those in question: everybody, those with both, those with neither.

    Parameters
    ----------
    source : JointTable
    outcome, cause : str
    pairs : mapping of str to (absent, present)

    Returns
    -------
    array, shape (batch, 3)
    """
    off, on = pairs[cause]
    event = pairs[outcome][1]
    joint = source.probability((cause, outcome), ())
    joint = joint.reshape(-1, *joint.shape[-2:])
    with_both = joint[:, on, event]
    with_neither = joint[:, off].sum(axis=-1) - joint[:, off, event]
    return np.stack([np.ones(len(joint)), with_both, with_neither], axis=-1)


def _queries(outcome: str, cause: str) -> list[str]:
    return [f"{name} of {cause} for {outcome}" for name in ABBREVIATIONS]


def treated_bounds(
    diagram: Hypergraph | MixedGraph,
    outcome: str,
    cause: str,
    joint: Array,
    variables: Sequence[str],
    *,
    assumptions: Sequence[Monotone] = (),
) -> EffectBounds:
    """Return bounds of the counterfactual outcome of the treated.

    The answer is P(outcome had the cause been set | what it was), with the axes (outcome, level
    set, level that was). Both bounds are the value where the diagram identifies it.

    Parameters
    ----------
    diagram : Diagram or MixedGraph
    outcome, cause : str
    joint : array, shape (batch..., levels of each variable...)
        Distributions of the observed variables, such as posterior draws, or counts.
    variables : list of str
        The names of the last axes of `joint`.
    assumptions : list of Monotone
        Assumed besides the diagram.

    Returns
    -------
    EffectBounds

    Raises
    ------
    ModelError
        If a variable is unknown, or the data are of the selected alone.

    References
    ----------
    Shpitser & Pearl (2009), Effects of treatment on the treated: identification and generalization.

    Examples
    --------
    >>> from causalstats import Diagram
    >>> joint = [[0.4, 0.1], [0.1, 0.4]]
    >>> treated_bounds(Diagram.parse("x -> y"), "y", "x", joint, ("x", "y")).lower[1].round(2)
    array([[0.2, 0.2],
           [0.8, 0.8]])
    """
    source = JointTable(tuple(variables), joint)
    check_source(source, diagram)
    check_assumptions(assumptions)
    primed = f"{cause}'"
    axes = (outcome, primed, cause)
    query = f"P({outcome} had {cause} been {primed} | {cause})"
    formula = treated(diagram, outcome, cause)
    if formula is not None:
        values = evaluate(formula, Aliased(source, {primed: cause}), axes).values
        remark = f"It is identified: {formula}."
        return EffectBounds(query, values, values, axes, sharp=True, remarks=(remark,))
    try:
        whole, program = _two_world_program(
            diagram, outcome, cause, source, assumptions
        )
    except TooLarge as error:
        p, effect = _joint_and_effect(diagram, outcome, cause, source, None)
        shape = source.batch_shape
        lower, upper = (
            side.reshape(*shape, *side.shape[1:])
            for side in treated_natural_bounds(p, effect)
        )
        remarks = natural_bounds_remarks(assumptions, str(error))
        return EffectBounds(query, lower, upper, axes, sharp=False, remarks=remarks)
    sides = _treated_extremes(diagram, program, outcome, cause)
    levels = source.level_counts
    sizes = {outcome: levels[outcome], primed: levels[cause], cause: levels[cause]}
    return bounds_of_program(diagram, whole, program, query, sizes, sides, assumptions)


def _treated_extremes(
    diagram: Hypergraph | MixedGraph,
    program: ResponseTypeProgram,
    outcome: str,
    cause: str,
) -> tuple[Array, Array, Array]:
    """The bounds in every cell of (outcome, level set, level that was), and the distance.

    Parameters
    ----------
    diagram : Hypergraph or MixedGraph
    program : ResponseTypeProgram
    outcome, cause : str
    """
    source = program.source
    levels = source.level_counts
    cells = list(product(*map(range, (levels[outcome], levels[cause], levels[cause]))))
    questions = []
    for result, setting, was in cells:
        events = {
            (outcome, 1): _indicator(source, outcome, result),
            (cause, 0): _indicator(source, cause, was),
        }
        settings = [_indicator(source, cause, setting)]
        questions.append(counterfactual_costs(program, cause, settings, events))
    effect = _identified_effect(diagram, program, outcome, cause)
    equations = _experiment_equations(program, outcome, cause, effect)
    lower, upper, distance = extremes(program, _stacked(questions), *equations)
    had = source.probability((cause,), ()).reshape(len(lower), -1)
    shares = had[:, [was for _, _, was in cells]]
    return (
        _conditional_shares(lower, shares),
        _conditional_shares(upper, shares),
        distance,
    )


def _outer_bounds(
    diagram: Hypergraph | MixedGraph,
    outcome: str,
    cause: str,
    source: JointTable,
    experiment: Array | None,
    pairs: Mapping[str, tuple[int, int]],
    remarks: tuple[str, ...],
) -> ProbabilitiesOfCausation:
    """PNS, PN and PS from P(cause, outcome) and, where it is known, P(outcome | do(cause)).

    Parameters
    ----------
    diagram : Hypergraph or MixedGraph
    outcome, cause : str
    source : JointTable
    experiment : array or None
    pairs : mapping of str to (absent, present)
    remarks : tuple of str
    """
    p, effect = _joint_and_effect(diagram, outcome, cause, source, experiment)
    off, on = pairs[cause]
    sides = two_world_bounds(p, on, off, pairs[outcome][1], effect)
    shape = (*source.batch_shape, 3)
    lower, upper = (np.clip(side, 0, 1).reshape(shape) for side in sides)
    results = [
        EffectBounds(
            name,
            lower[..., number],
            upper[..., number],
            (),
            sharp=False,
            remarks=remarks,
        )
        for number, name in enumerate(_queries(outcome, cause))
    ]
    return ProbabilitiesOfCausation(*results)


def _joint_and_effect(
    diagram: Hypergraph | MixedGraph,
    outcome: str,
    cause: str,
    source: JointTable,
    experiment: Array | None,
) -> tuple[Array, Array | None]:
    """P(cause, outcome), and P(outcome | do(cause)) where it is known.

    Parameters
    ----------
    diagram : Hypergraph or MixedGraph
    outcome, cause : str
    source : JointTable
    experiment : array or None

    Returns
    -------
    array, shape (batch, levels of cause, levels of outcome)
    array, shape (batch, levels of outcome, levels of cause), or None
    """
    p = source.probability((cause, outcome), ())
    p = p.reshape(-1, *p.shape[-2:])
    if experiment is None:
        identification = identify(diagram, outcome, cause)
        if identification.identified:
            experiment = identification.evaluate(source).values
    if experiment is None or np.isnan(experiment).any():
        return p, None
    sizes = np.shape(experiment)[-2:]
    effect = np.broadcast_to(experiment, (*source.batch_shape, *sizes))
    return p, effect.reshape(len(p), *sizes)


def treated(
    diagram: Hypergraph | MixedGraph,
    outcome: str | Sequence[str],
    cause: str,
) -> Expression | None:
    """Return the formula of P(outcome had the cause been set | what it was), if there is one.

    The cause is split in two: what it was has no effects, and what it is set to has no causes. A
    comb in which the cause meets one of its children cannot be split; every other comb gives its
    part as in P(outcome | do).

    Parameters
    ----------
    diagram : Diagram or MixedGraph
    outcome : str or list of str
    cause : str

    Returns
    -------
    Expression or None
        The level that is set has the name of the cause with a prime.

    Raises
    ------
    ModelError
        If the cause is an outcome, or the data are of the selected alone.

    Examples
    --------
    >>> from causalstats import Diagram
    >>> print(treated(Diagram.parse("z -> x, y; x -> y"), "y", "x"))
    Σ_z P(y | z, x') P(z | x)
    """
    graph = as_mixed_graph(diagram)
    refuse_selection(graph, f"what those with another {cause} would have had")
    y = graph.bit_set([outcome] if isinstance(outcome, str) else outcome)
    x = graph.bit_set([cause])
    if y & x:
        raise ModelError(f"Expected an outcome other than {cause!r}.")
    primed = f"{cause}'"
    everything = graph.bits.ancestors(y | x)
    children = graph.bits.children[smallest(x)]
    split = graph.bits.cut(out_of=x)
    needed = split.ancestors(y | x)
    combs: list[Expression] = []
    for part in split.districts(needed):
        if part & x and part & children:
            return None
        district = graph.bits.district(smallest(part), everything)
        c_factor = observed_c_factor(graph, district, everything)
        expression = identified_c_factor(graph, part, district, c_factor, [])
        if expression is None:
            return None
        combs.append(expression if part & x else renamed(expression, cause, primed))
    joint = sum_of_product(graph.names(needed & ~y & ~x), combs)
    order = []
    for node in graph.nodes:
        order += [node, primed] if node == cause else [node]
    return simplified(conditional(graph, joint, y), order)


def _two_world_program(
    diagram: Hypergraph | MixedGraph,
    outcome: str,
    cause: str,
    source: JointTable,
    assumptions: Sequence[Monotone],
    together: bool = False,
) -> tuple[MixedGraph, ResponseTypeProgram]:
    """The program in which everything between the cause and the outcome is open.

    Parameters
    ----------
    diagram : Hypergraph or MixedGraph
    outcome, cause : str
    source : JointTable
    assumptions : list of Monotone
    together : bool
        Make no strata.
    """
    whole = exogenous_confounding_as_arrows(diagram, (cause,))
    assumptions = informative(assumptions, diagram, whole)
    refuse_selection(as_mixed_graph(diagram), f"what {cause} causes")
    graph = whole.subgraph(whole.ancestors(outcome))
    if outcome == cause or cause not in graph.nodes:
        causes = [name for name in graph.nodes if name != outcome]
        raise ModelError(
            f"Expected a cause of {outcome!r}, one of {causes}; got {cause!r}."
        )

    def build(graph: MixedGraph) -> ResponseTypeProgram:
        cause_set = graph.bit_set([cause])
        between = graph.bit_set(whole.ancestors(outcome))
        affected = graph.bits.descendants(cause_set) & between & ~cause_set
        districts = graph.bits.districts(graph.bits.everything)
        inside = union(district for district in districts if district & affected)
        return response_type_program(
            graph, source, inside, cause_set, assumptions, together
        )

    return whole, with_siblings(whole, build(graph), build)


def _identified_effect(
    diagram: Hypergraph | MixedGraph,
    program: ResponseTypeProgram,
    outcome: str,
    cause: str,
) -> Array | None:
    """P(outcome | do(cause)) where it is identified and the program would not imply it.

    The program lets several districts share one hidden cause.

    Parameters
    ----------
    diagram : Hypergraph or MixedGraph
    program : ResponseTypeProgram
    outcome, cause : str
    """
    identification = identify(diagram, outcome, cause)
    districts = program.graph.subgraph(program.inside).districts()
    if not identification.identified or program.strata or len(districts) == 1:
        return None
    values = identification.evaluate(program.source).values
    return None if np.isnan(values).any() else values


def _experiment_equations(
    program: ResponseTypeProgram,
    outcome: str,
    cause: str,
    experiment: Array | None,
) -> tuple[Array | None, Array | None]:
    """P(outcome | do(cause)) as equations on the shares of types, with their right-hand sides.

    Parameters
    ----------
    program : ResponseTypeProgram
    outcome, cause : str
    experiment : array or None
    """
    if experiment is None:
        return None, None
    source = program.source
    sizes = (program.levels[outcome], program.levels[cause])
    if np.shape(experiment)[-2:] != sizes:
        raise ModelError(
            f"Expected P({outcome} | do({cause})) with axes ({sizes[0]}, {sizes[1]}); "
            f"got shape {np.shape(experiment)}."
        )
    rows = []
    for result, setting in product(*map(range, sizes)):
        settings = [_indicator(source, cause, setting)]
        events = {(outcome, 1): _indicator(source, outcome, result)}
        rows.append(counterfactual_costs(program, cause, settings, events))
    return _stacked(rows)[:, 0], np.reshape(experiment, (-1, prod(sizes)))


def _indicator(
    source: JointTable,
    name: str,
    level: int,
) -> Array:
    return (np.arange(source.level_counts[name]) == level).astype(float)


def _stacked(questions: Sequence[Array]) -> Array:
    """Arrays (batch or 1, strata, types) as one (batch or 1, strata, questions, types)."""
    return np.stack(np.broadcast_arrays(*questions), axis=2)


def _conditional_shares(values: Array, shares: Array) -> Array:
    """Divide by the shares of those in question, NaN where there is nobody; clip to [0, 1]."""
    quotient = np.divide(
        values, shares, out=np.full_like(values, np.nan), where=shares > 0
    )
    return np.clip(quotient, 0, 1)
