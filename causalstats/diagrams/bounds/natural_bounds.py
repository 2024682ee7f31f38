"""Natural bounds (Manski's worst-case bounds), valid in every diagram, for programs too large.

    P(x, y) ≤ P(y | do(x)) ≤ P(x, y) + 1 - P(x)

The outcomes of those who had x are observed; those of the others may be anything. The same holds
within strata of variables that the treatment does not affect. The arrows are used only to tell
which variables are affected, so the bounds are outer unless treatment and outcome share a hidden
cause and the diagram says nothing else about them.

For two worlds, people are of twelve kinds: what they had, and what they would have under either
level of the cause. The bounds of Tian & Pearl (2000) on the probabilities of causation are a small
linear program on the shares of these kinds, for any number of levels.

References
----------
Manski (1990), Nonparametric bounds on treatment effects, AER 80. Robins (1989), The analysis of
randomized and non-randomized AIDS treatment trials. Tian & Pearl (2000), Probabilities of
causation: bounds and identification, Ann. Math. Artif. Intell. 28.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from causalstats.diagrams.identification.evaluation import JointTable
from causalstats.diagrams.identification.mixed_graph import MixedGraph

Array = np.ndarray
Names = tuple[str, ...]

NATURAL_BOUNDS_REMARK = (
    "Natural bounds: they hold in every diagram, and use no more of this one than what the "
    "treatment affects."
)


@dataclass(frozen=True)
class _Affected:
    """Which variables of a question the treatment affects.

    Parameters
    ----------
    acting : tuple of str
        The treatments that act on the outcome or on what is given.
    unaffected_outcomes, unaffected_given, affected_given : tuple of str
    """

    acting: Names
    unaffected_outcomes: Names
    unaffected_given: Names
    affected_given: Names


def _affected(
    graph: MixedGraph,
    outcome: Names,
    do: Names,
    given: Names,
) -> _Affected:
    acting = tuple(name for name in do if name in graph.ancestors(*outcome, *given))
    affected = set(graph.descendants(*acting)) if acting else set()
    return _Affected(
        acting,
        tuple(name for name in outcome if name not in affected),
        tuple(name for name in given if name not in affected),
        tuple(name for name in given if name in affected),
    )


def natural_bounds(
    graph: MixedGraph,
    source: JointTable,
    outcome: Names,
    do: Names,
    given: Names = (),
    weights: Array | None = None,
) -> tuple[Array, Array]:
    """Return the natural bounds of P(outcome | do, given), or of a weighted sum over its cells.

    Parameters
    ----------
    graph : MixedGraph
    source : JointTable
    outcome, do, given : tuple of str
    weights : array, shape (levels of outcome..., levels of do...), optional
        Not with `given`.

    Returns
    -------
    lower, upper : array
        Shape (batch..., levels of outcome..., levels of do..., levels of given...); with weights,
        shape (batch...). NaN where what is given cannot occur.
    """
    parts = _affected(graph, outcome, do, given)
    names = (*outcome, *do, *given)

    def share(variables: Names) -> Array:
        """P(variables | unaffected_given) over the axes of all variables; 1 for none."""
        if not variables:
            return np.ones(())
        return _on_axes(source, variables, parts.unaffected_given, names)

    observed = share((*outcome, *parts.acting, *parts.affected_given))
    others = np.zeros(
        ()
    )  # the share of those with the outcome's unaffected part and another x
    if parts.acting:
        still = parts.unaffected_outcomes
        others = share(still) - share((*still, *parts.acting))
    if weights is not None:
        return _weighted(observed, others, weights, (outcome, do, given), parts)
    lower, upper = observed, observed + others
    if parts.affected_given:
        those_given = share((*parts.acting, *parts.affected_given))
        lower = observed / (those_given + 1 - share(parts.acting))
        upper = (observed + others) / (those_given + others)
    levels = source.level_counts
    shape = (*source.batch_shape, *(levels[name] for name in names))
    return np.broadcast_to(lower, shape).copy(), np.broadcast_to(upper, shape).copy()


def _on_axes(
    source: JointTable,
    outcome: Names,
    given: Names,
    names: Names,
) -> Array:
    """P(outcome | given) over the axes `names`, of length one where a variable is in neither.

    Parameters
    ----------
    source : JointTable
    outcome, given, names : tuple of str
    """
    values = source.probability(outcome, given)
    variables = outcome + given
    batch_axes = values.ndim - len(variables)
    order = sorted(range(len(variables)), key=lambda axis: names.index(variables[axis]))
    values = values.transpose(
        *range(batch_axes), *(batch_axes + axis for axis in order)
    )
    lengths = iter(values.shape[batch_axes:])
    shape = [next(lengths) if name in variables else 1 for name in names]
    return values.reshape(*values.shape[:batch_axes], *shape)


def _weighted(
    observed: Array,
    others: Array,
    weights: Array,
    question: tuple[Names, Names, Names],
    parts: _Affected,
) -> tuple[Array, Array]:
    """Bounds of Σ weights P(outcome | do).

    Where nothing is known, all goes to the least or the largest weight of what is affected.

    Parameters
    ----------
    observed, others : array
        The share of those who had x, with the outcome; and of the others, without it.
    weights : array, shape (levels of outcome..., levels of do...)
    question : outcome, do, given
    parts : _Affected
    """
    outcome, do, given = question
    names = (*outcome, *do, *given)
    idle = tuple(names.index(name) for name in do if name not in parts.acting)
    weights = np.asarray(weights, dtype=float).sum(axis=idle, keepdims=True)
    affected = (name for name in outcome if name not in parts.unaffected_outcomes)
    free_axes = tuple(names.index(name) for name in affected)
    all_axes = tuple(range(-len(names), 0))
    known = (observed * weights).sum(axis=all_axes)

    def side(extreme: Callable[..., Array]) -> Array:
        unknown = others * extreme(weights, axis=free_axes, keepdims=True)
        return known + unknown.sum(axis=all_axes)

    return side(np.min), side(np.max)


def is_bow_graph(
    graph: MixedGraph,
    outcome: Names,
    do: Names,
) -> bool:
    """Return whether the natural bounds are sharp: x -> y, x <-> y, and nothing else helps.

    No other hidden cause is shared with x or y, nothing lies between them, and whatever acts on x
    acts on y.

    Parameters
    ----------
    graph : MixedGraph
    outcome, do : tuple of str
    """
    if len(outcome) != 1 or len(do) != 1:
        return False
    (y,) = outcome
    (x,) = do
    confounded = [pair for pair in graph.bidirected if pair & {x, y}]
    return (
        confounded == [frozenset((x, y))]
        and (x, y) in graph.directed
        and set(graph.descendants(x)) & set(graph.ancestors(y)) == {x, y}
        and set(graph.parents(x)) <= set(graph.parents(y))
    )


ALTERNATIVE, CAUSE, OTHER = range(3)  # the groups of people by the level that they had


def two_world_bounds(
    joint: Array,
    on: int,
    off: int,
    event: int,
    experiment: Array | None = None,
) -> tuple[Array, Array]:
    """Return bounds of PNS, PN and PS of a cause and an event, for each distribution.

    Parameters
    ----------
    joint : array, shape (n, levels of cause, levels of outcome)
    on, off : int
        The levels of the cause that are its presence and absence; there may be others.
    event : int
        The level of the outcome; every other counts as its absence.
    experiment : array, shape (n, levels of outcome, levels of cause), optional
        P(outcome | do(cause)), where it is known.

    Returns
    -------
    lower, upper : array, shape (n, 3)
        NaN where joint and experiment contradict each other.
    """
    # SciPy's optimisers take longer to load than a diagram takes to read.
    from causalstats.numerics.discrete.linear_programs import consistent, minima

    groups = _groups(joint, on, off, event)
    rows, right = _two_world_equations(groups)
    if experiment is not None:
        without, with_cause = _kinds(), _kinds()
        without[:, 1, :] = 1.0
        with_cause[:, :, 1] = 1.0
        rows += [without, with_cause]
        right += [experiment[:, event, off], experiment[:, event, on]]
    equations = np.array(rows).reshape(len(rows), -1)
    matrix, sides, _ = consistent(equations, np.stack(right, axis=1))
    costs = _two_world_costs()
    lower = np.stack([minima(matrix, sides, cost) for cost in costs], axis=1)
    upper = np.stack([-minima(matrix, sides, -cost) for cost in costs], axis=1)
    everybody = np.ones(len(joint))
    shares = np.stack(
        [everybody, groups[:, CAUSE, 1], groups[:, ALTERNATIVE, 0]], axis=1
    )
    return lower / _positive(shares), upper / _positive(shares)


def _two_world_costs() -> list[Array]:
    """Indicators of the event with the cause and no event without it, by group.

    The groups are everybody, those with the cause, and those with the alternative.
    """
    costs = []
    for people in (slice(None), CAUSE, ALTERNATIVE):
        cost = _kinds()
        cost[people, 0, 1] = 1.0
        costs.append(cost.reshape(1, -1))
    return costs


def _kinds() -> Array:
    """Zeros for each kind: the group, the event without the cause, the event with it."""
    return np.zeros((3, 2, 2))


def _groups(
    joint: Array,
    on: int,
    off: int,
    event: int,
) -> Array:
    """The observed shares by group and event.

    Parameters
    ----------
    joint : array, shape (n, levels of cause, levels of outcome)
    on, off, event : int

    Returns
    -------
    array, shape (n, 3 groups, event absent or present)
    """
    present = joint[:, :, event]
    by_event = np.stack([joint.sum(axis=2) - present, present], axis=2)
    rest = [level for level in range(joint.shape[1]) if level not in (on, off)]
    others = by_event[:, rest].sum(axis=1)
    return np.stack([by_event[:, off], by_event[:, on], others], axis=1)


def _two_world_equations(groups: Array) -> tuple[list[Array], list[Array]]:
    """The equations of the observed shares on the shares of kinds: rows, right-hand sides."""
    rows = []
    right = []
    for seen in range(2):
        had_alternative, had_cause = _kinds(), _kinds()
        had_alternative[ALTERNATIVE, seen, :] = 1.0
        had_cause[CAUSE, :, seen] = 1.0
        rows += [had_alternative, had_cause]
        right += [groups[:, ALTERNATIVE, seen], groups[:, CAUSE, seen]]
    had_other = _kinds()
    had_other[OTHER] = 1.0
    return [*rows, had_other], [*right, groups[:, OTHER].sum(axis=1)]


def treated_natural_bounds(
    joint: Array, experiment: Array | None = None
) -> tuple[Array, Array]:
    """Return bounds of P(outcome had the cause been set | what it was), for each distribution.

    Parameters
    ----------
    joint : array, shape (n, levels of cause, levels of outcome)
    experiment : array, shape (n, levels of outcome, levels of cause), optional
        P(outcome | do(cause)), where it is known.

    Returns
    -------
    lower, upper : array, shape (n, levels of outcome, level set, level that was)
    """
    n, causes, outcomes = joint.shape
    was = joint.sum(axis=2)
    lower = np.zeros((n, outcomes, causes, causes))
    upper = np.ones((n, outcomes, causes, causes))
    for level in range(causes):
        own_outcome = joint[:, level] / _positive(was[:, [level]])
        lower[:, :, level, level] = own_outcome
        upper[:, :, level, level] = own_outcome
        for had in range(causes):
            if had == level:
                continue
            share = was[:, [had]]
            if experiment is not None:
                rest = (
                    experiment[:, :, level] - joint[:, level]
                )  # of all who had another level
                third = 1 - was[:, [level]] - share
                lower[:, :, level, had] = np.maximum(rest - third, 0) / _positive(share)
                upper[:, :, level, had] = np.minimum(rest / _positive(share), 1)
            nobody = was[:, had] <= 0
            lower[nobody, :, level, had] = np.nan
            upper[nobody, :, level, had] = np.nan
    return np.clip(lower, 0, 1), np.clip(upper, 0, 1)


def _positive(shares: Array) -> Array:
    """NaN in the place of an empty group."""
    return np.where(shares > 0, shares, np.nan)
