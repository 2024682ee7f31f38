"""Bounds that hold in every diagram, for where the linear programme of a diagram is too large.

    P(x, y) ≤ P(y | do(x)) ≤ P(x, y) + 1 - P(x)

since those who had x show what x does, and of the others nothing is known (Manski 1990). What the treatment does not affect is a
stratum, in which the same holds. They use none of the arrows but to tell what is affected, so that they are outer bounds but where
treatment and outcome share a hidden cause and nothing else is known of them.

For two worlds people are told apart by what they had and by what they would have under either level of the cause: twelve kinds, with
whose shares the bounds of Tian & Pearl (2000) are a small linear programme of their own, for any number of levels.

References
----------
Manski (1990), Nonparametric bounds on treatment effects, AER 80. Robins (1989). Tian & Pearl (2000), Probabilities of causation:
bounds and identification, Ann. Math. Artif. Intell. 28.
"""

from __future__ import annotations

import numpy as np

from causalstats.diagrams.identification.evaluation import JointTable
from causalstats.diagrams.identification.mixed_graph import MixedGraph

Array = np.ndarray
REMARK = "Natural bounds: they hold in every diagram, and use no more of this one than what the treatment affects."


def natural(
    graph: MixedGraph,
    source: JointTable,
    outcome: tuple[str, ...],
    do: tuple[str, ...],
    given: tuple[str, ...] = (),
    weights: Array | None = None,
) -> tuple[Array, Array]:
    """The least and the largest P(outcome | do, given) that P(observed) leaves, or of a weighted sum of P(outcome | do).

    Parameters
    ----------
    graph : MixedGraph
    source : JointTable
    outcome, do, given : tuple of str
    weights : array, shape (levels of outcome..., levels of do...), optional
        Not with `given`.

    Returns
    -------
    lower, upper : array, shape (batch..., levels of outcome..., levels of do..., levels of given...)
        With weights, shape (batch...). NaN where what is given cannot occur.
    """
    acting = tuple(name for name in do if name in graph.ancestors(*outcome, *given))
    affected = set(graph.descendants(*acting)) if acting else set()
    still = tuple(name for name in outcome if name not in affected)
    fixed = tuple(name for name in given if name not in affected)
    moved = tuple(name for name in given if name in affected)
    names = (*outcome, *do, *given)

    def share(of: tuple[str, ...]) -> Array:
        """P(of | fixed) over the axes `names`, of length one where a variable is in neither."""
        found = source.probability(of, fixed)
        lead = found.ndim - len(of) - len(fixed)
        order = sorted(range(len(of + fixed)), key=lambda at: names.index((of + fixed)[at]))
        found = found.transpose(*range(lead), *(lead + at for at in order))
        sizes = iter(found.shape[lead:])
        shape = [next(sizes) if name in of + fixed else 1 for name in names]
        return found.reshape(*found.shape[:lead], *shape)

    def total(of: tuple[str, ...]) -> Array:
        return share(of) if of else np.ones(())

    here = share((*outcome, *acting, *moved))
    others = total(still) - total((*still, *acting)) if acting else np.zeros(())
    if weights is not None:
        return _weighted(here, others, weights, names, outcome, do, acting, still)
    most = here + others
    if moved:
        those = share((*acting, *moved))
        most = (here + others) / (those + others)
        here = here / (those + 1 - total(acting))
    axes = len(names)
    lead = source.array.shape[: source.array.ndim - len(source.variables)]
    sizes = dict(zip(source.variables, source.array.shape[len(lead) :], strict=True))
    shape = (*lead, *(sizes[name] for name in names))
    assert here.ndim - axes == len(lead)
    return np.broadcast_to(here, shape).copy(), np.broadcast_to(most, shape).copy()


def _weighted(
    here: Array,
    others: Array,
    weights: Array,
    names: tuple[str, ...],
    outcome: tuple[str, ...],
    do: tuple[str, ...],
    acting: tuple[str, ...],
    still: tuple[str, ...],
) -> tuple[Array, Array]:
    """Bounds of Σ weights P(outcome | do): where nothing is known, all goes to the least or the largest weight of what is affected."""
    idle = tuple(names.index(name) for name in do if name not in acting)
    weights = np.asarray(weights, dtype=float).sum(axis=idle, keepdims=True)
    free = tuple(names.index(name) for name in outcome if name not in still)
    every = tuple(range(-len(names), 0))
    known = (here * weights).sum(axis=every)
    sides = []
    for extreme in (np.min, np.max):
        unknown = others * extreme(weights, axis=free, keepdims=True)
        sides.append(known + unknown.sum(axis=every))
    return sides[0], sides[1]


def is_bow(graph: MixedGraph, outcome: tuple[str, ...], do: tuple[str, ...]) -> bool:
    """Whether the natural bounds are sharp: x acts on y, a hidden cause joins the two and nothing else with them, and whatever acts on x acts on y."""
    if len(outcome) != 1 or len(do) != 1:
        return False
    (y,), (x,) = outcome, do
    joined = [pair for pair in graph.bidirected if pair & {x, y}]
    return (
        joined == [frozenset((x, y))]
        and (x, y) in graph.directed
        and set(graph.descendants(x)) & set(graph.ancestors(y)) == {x, y}
        and set(graph.parents(x)) <= set(graph.parents(y))
    )


def two_worlds(
    joint: Array, on: int, off: int, event: int, experiment: Array | None = None
) -> tuple[Array, Array]:
    """Bounds of PNS, PN and PS of a cause and an event, for each distribution.

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

    n = len(joint)
    p = np.stack([joint.sum(axis=2) - joint[:, :, event], joint[:, :, event]], axis=2)
    rest = [level for level in range(joint.shape[1]) if level not in (on, off)]
    groups = np.stack([p[:, off], p[:, on], p[:, rest].sum(axis=1)], axis=1)
    kind = np.zeros((3, 2, 2))  # who had what; would have the event without, and with the cause
    rows: list[Array] = []
    right: list[Array] = []
    for group in range(3):
        for seen in range(2):
            row = kind.copy()
            if group == 2:
                row[group] = 1.0
                rows, right = [*rows, row], [*right, groups[:, group].sum(axis=1)]
                break
            row[(group, seen) if group == 0 else (group, slice(None), seen)] = 1.0
            rows, right = [*rows, row], [*right, groups[:, group, seen]]
    if experiment is not None:
        for side, level in ((0, off), (1, on)):
            row = kind.copy()
            row[(slice(None), 1) if side == 0 else (slice(None), slice(None), 1)] = 1.0
            rows, right = [*rows, row], [*right, experiment[:, event, level]]
    matrix, sides, _ = consistent(np.array(rows).reshape(len(rows), -1), np.stack(right, axis=1))
    asked = []
    for those in (slice(None), 1, 0):
        cost = kind.copy()
        cost[those, 0, 1] = 1.0
        asked.append(cost.reshape(1, -1))
    lower = np.stack([minima(matrix, sides, cost) for cost in asked], axis=1)
    upper = np.stack([-minima(matrix, sides, -cost) for cost in asked], axis=1)
    shares = np.stack([np.ones(n), groups[:, 1, 1], groups[:, 0, 0]], axis=1)
    return lower / _positive(shares), upper / _positive(shares)


def of_those(joint: Array, experiment: Array | None = None) -> tuple[Array, Array]:
    """Bounds of P(outcome had the cause been set | what it was), for each distribution.

    Parameters
    ----------
    joint : array, shape (n, levels of cause, levels of outcome)
    experiment : array, shape (n, levels of outcome, levels of cause), optional

    Returns
    -------
    lower, upper : array, shape (n, levels of outcome, level set, level that was)
    """
    n, causes, outcomes = joint.shape
    was = joint.sum(axis=2)
    lower, upper = np.zeros((n, outcomes, causes, causes)), np.ones((n, outcomes, causes, causes))
    for set_ in range(causes):
        lower[:, :, set_, set_] = joint[:, set_] / _positive(was[:, [set_]])
        upper[:, :, set_, set_] = lower[:, :, set_, set_]
        for had in (had for had in range(causes) if had != set_):
            if experiment is not None:
                left = experiment[:, :, set_] - joint[:, set_]  # of all who had something else
                others = 1 - was[:, [set_]] - was[:, [had]]
                lower[:, :, set_, had] = np.maximum(left - others, 0) / _positive(was[:, [had]])
                upper[:, :, set_, had] = np.minimum(left / _positive(was[:, [had]]), 1)
            nobody = was[:, had] <= 0
            lower[nobody, :, set_, had] = upper[nobody, :, set_, had] = np.nan
    return np.clip(lower, 0, 1), np.clip(upper, 0, 1)


def _positive(shares: Array) -> Array:
    """NaN in place of nobody."""
    return np.where(shares > 0, shares, np.nan)
