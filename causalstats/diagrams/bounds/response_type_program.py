"""Balke-Pearl bounds: linear programs over response types, sharp where nothing identifies.

Observed probabilities and assumptions are equations on the shares of response types; the question
gives their costs. Let S be the variables whose mechanisms the answer leaves open, and r their joint
response types with unknown shares q(r). Then

    Q[S](s | u) = Σ_r q(r) 1{r makes s of u}       u the causes of S outside S
    answer      = Σ_r q(r) c(r)                    c by following r through the worlds in question

The left-hand side is known from the observed distribution, and everything outside S enters c as a
known factor (a comb). A cause of all of S that no intervention touches is a stratum: each of its
levels is a program of its own with the same matrix, and the bounds add up.

References
----------
Balke & Pearl (1997), Bounds on treatment effects from studies with imperfect compliance, JASA 92.
Sachs, Jonzon, Sjölander & Gabriel (2023), A general method for deriving tight symbolic bounds on
causal effects, JCGS 32.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
import opt_einsum
from threadpoolctl import threadpool_limits

from causalstats.diagrams.bounds.response_types import (
    Monotone,
    count_types,
    indicators,
    response_functions,
)
from causalstats.diagrams.identification.bit_sets import BitSet
from causalstats.diagrams.identification.evaluation import JointTable, evaluate
from causalstats.diagrams.identification.expression import Product
from causalstats.diagrams.identification.id_algorithm import observed_c_factor
from causalstats.diagrams.identification.mixed_graph import MixedGraph
from causalstats.errors import ModelError

Array = np.ndarray
AxisLabel = tuple[str, str]  # ("level", variable), ("type", variable), ("batch", "")
Names = tuple[str, ...]
Comb = tuple[tuple[str, ...], Array]  # variables, and values (batch, levels of each...)

MAX_ENTRIES = 5e6  # of the matrix
MAX_ENTRIES_WITH_SIBLINGS = 1e5  # of the matrix, where a smaller one gives outer bounds
_BATCH: AxisLabel = ("batch", "")


class TooLarge(ModelError):
    """A linear program with more entries than can be held."""


@dataclass(frozen=True, eq=False)
class ResponseTypeProgram:
    """The response types of the open mechanisms, and what is known of their shares.

    Parameters
    ----------
    graph : MixedGraph
    source : JointTable
        The observed distributions.
    inside : tuple of str
        The variables with open mechanisms.
    strata : tuple of str
        Causes of all of these, each level of which is a program of its own.
    functions : mapping of str to array of int, shape (types, levels of each cause...)
        The response functions that no assumption excludes.
    soft : tuple of Monotone
        Assumptions with exceptions.
    """

    graph: MixedGraph
    source: JointTable
    inside: tuple[str, ...]
    strata: tuple[str, ...]
    functions: Mapping[str, Array]
    soft: tuple[Monotone, ...] = ()

    @property
    def levels(self) -> dict[str, int]:
        """The number of levels of each variable."""
        return self.source.level_counts

    def causes(self, name: str) -> tuple[str, ...]:
        """Return the causes of a variable that are no strata."""
        return tuple(
            cause for cause in self.graph.parents(name) if cause not in self.strata
        )

    @property
    def outside(self) -> tuple[str, ...]:
        """The causes of the open mechanisms that are neither open nor strata."""
        known = self.inside + self.strata
        return tuple(
            name for name in self.graph.parents(*self.inside) if name not in known
        )

    @property
    def types(self) -> tuple[int, ...]:
        """The number of response types of each open mechanism."""
        return tuple(len(self.functions[name]) for name in self.inside)

    @property
    def entries(self) -> int:
        """The number of entries of the matrices of one distribution."""
        names = self.strata + self.outside + self.inside
        return prod(self.levels[name] for name in names) * prod(self.types)

    def mechanism(self, name: str) -> tuple[Array, list[AxisLabel]]:
        """Return 1 where a response type gives a level, and the labels of the axes.

        Returns
        -------
        array, shape (types, levels of each cause..., levels)
        labels : list of AxisLabel
        """
        array = indicators(self.functions[name], self.levels[name])
        return array, [_type(name), *map(_level, (*self.causes(name), name))]

    def matrix(self) -> Array:
        """Return the matrix of the equations.

        Returns
        -------
        array, shape (cells of outside and inside, joint types)
        """
        names = (*self.outside, *self.inside)
        axes = [*map(_level, names), *map(_type, self.inside)]
        operands = [self.mechanism(name) for name in self.inside]
        return _einsum(operands, axes).reshape(-1, prod(self.types))

    def right(self) -> Array:
        """Return the right-hand sides of the equations: Q[inside] in those cells.

        Returns
        -------
        array, shape (batch, strata, cells)
            NaN where it is not defined.
        """
        everything = self.graph.bits.everything
        c_factor = observed_c_factor(
            self.graph, self.graph.bit_set(self.inside), everything
        )
        axes = self.strata + self.outside + self.inside
        values = evaluate(Product(tuple(c_factor.values())), self.source, axes).values
        strata = prod(self.levels[name] for name in self.strata)
        return values.reshape(prod(self.source.batch_shape), strata, -1)

    def exceptions(self) -> tuple[Array, Array]:
        """Return the types that soft assumptions speak against, and their largest shares.

        Returns
        -------
        array, shape (soft assumptions, joint types)
        array, shape (soft assumptions,)
        """
        rows = []
        for assumed in self.soft:
            obeyed = assumed.obeyed(
                self.functions[assumed.effect], self.causes(assumed.effect)
            )
            shape = [1] * len(self.types)
            shape[self.inside.index(assumed.effect)] = -1
            row = np.ones(self.types) * ~obeyed.reshape(shape)
            rows.append(row)
        largest = np.array([assumed.exceptions for assumed in self.soft])
        return np.array(rows).reshape(len(rows), prod(self.types)), largest


def response_type_program(
    graph: MixedGraph,
    source: JointTable,
    inside: BitSet,
    touched: BitSet,
    assumptions: Sequence[Monotone],
    together: bool = False,
) -> ResponseTypeProgram:
    """Return the program with the response functions that no assumption excludes.

    Parameters
    ----------
    graph : MixedGraph
    source : JointTable
    inside : BitSet
        The variables with open mechanisms.
    touched : BitSet
        Variables that are set or asked about. They and their descendants are no strata.
    assumptions : list of Monotone
    together : bool
        Make no strata, for assumptions about all strata at once.

    Raises
    ------
    TooLarge
        If there are too many response types.
    ModelError
        If an assumption is about a mechanism that the answer does not leave open.
    """
    names = graph.names(inside)
    _check_assumptions(graph, names, assumptions)
    soft = tuple(assumed for assumed in assumptions if assumed.exceptions > 0)
    strata: tuple[str, ...] = ()
    if not soft and not together:
        candidates = graph.bits.everything & ~graph.bits.descendants(touched) & ~inside
        strata = _strata(graph, names, graph.names(candidates), assumptions)
    causes = {
        name: tuple(cause for cause in graph.parents(name) if cause not in strata)
        for name in names
    }
    levels = source.level_counts
    _check_size(levels, causes)
    functions = {}
    for name in names:
        possible = response_functions(
            levels[name], [levels[cause] for cause in causes[name]]
        )
        for assumed in assumptions:
            if assumed.effect == name and not assumed.exceptions:
                possible = possible[assumed.obeyed(possible, causes[name])]
        functions[name] = possible
    return ResponseTypeProgram(graph, source, names, strata, functions, soft)


def siblings_left_out(whole: MixedGraph, program: ResponseTypeProgram) -> Names:
    """Return variables that share hidden causes with the open mechanisms and could tell of them.

    Such a variable acts on nothing that is asked about. What it tells of the response types is told
    by what they do already, unless it is observed at levels of their causes on which it does not
    depend: with an instrument, a proxy of the confounder narrows the bounds.

    Parameters
    ----------
    whole : MixedGraph
        The graph that the program has a part of.
    program : ResponseTypeProgram
    """
    causes = {*program.outside, *program.strata}
    return tuple(
        name
        for district in whole.districts()
        if set(district) & set(program.inside)
        for name in district
        if name not in program.graph.nodes and causes.difference(whole.parents(name))
    )


def with_siblings(
    whole: MixedGraph,
    program: ResponseTypeProgram,
    build: Callable[[MixedGraph], ResponseTypeProgram],
) -> ResponseTypeProgram:
    """Return the program with `siblings_left_out`, or as it is where that has too many entries.

    Parameters
    ----------
    whole : MixedGraph
    program : ResponseTypeProgram
    build : function of a part of `whole`
        Gives the program of that part.
    """
    left_out = siblings_left_out(whole, program)
    if not left_out:
        return program
    names = whole.ancestors(*program.graph.nodes, *left_out)
    try:
        larger = build(whole.subgraph(names))
    except TooLarge:
        return program
    return larger if larger.entries <= MAX_ENTRIES_WITH_SIBLINGS else program


def _check_assumptions(
    graph: MixedGraph,
    names: Sequence[str],
    assumptions: Sequence[Monotone],
) -> None:
    """Raise an error if an assumption is not about an arrow into an open mechanism.

    Parameters
    ----------
    graph : MixedGraph
    names : list of str
        The variables with open mechanisms.
    assumptions : list of Monotone
    """
    for assumed in assumptions:
        if assumed.effect not in names:
            raise ModelError(
                "Expected assumptions about mechanisms that are open, those of "
                f"{list(names)}; {assumed.effect!r} is not."
            )
        parents = graph.parents(assumed.effect)
        if assumed.cause not in parents:
            raise ModelError(
                f"Expected a direct cause of {assumed.effect!r}, one of {list(parents)}; "
                f"got {assumed.cause!r}."
            )


def _strata(
    graph: MixedGraph,
    names: Sequence[str],
    candidates: Sequence[str],
    assumptions: Sequence[Monotone],
) -> tuple[str, ...]:
    """The candidates that act on every open mechanism and that no assumption is about.

    Parameters
    ----------
    graph : MixedGraph
    names, candidates : list of str
    assumptions : list of Monotone
    """
    assumed_causes = {assumed.cause for assumed in assumptions}
    parents = [graph.parents(name) for name in names]
    return tuple(
        name
        for name in candidates
        if name not in assumed_causes and all(name in causes for causes in parents)
    )


def _check_size(levels: Mapping[str, int], causes: Mapping[str, Sequence[str]]) -> None:
    variables = set(causes).union(*causes.values())
    cells = prod(levels[name] for name in variables)
    types = count_types(levels, causes)
    if types * cells > MAX_ENTRIES:
        raise TooLarge(
            f"Expected at most {MAX_ENTRIES:g} entries of the linear program; "
            f"{', '.join(causes)} have {types:g} joint response types in {cells} cells. "
            "Join levels, or leave out causes that confound little."
        )


def extremes(
    program: ResponseTypeProgram,
    costs: Array,
    equations: Array | None = None,
    values: Array | None = None,
    per: Array | None = None,
) -> tuple[Array, Array, Array]:
    """Return the least and the largest cost, summed over strata.

    Parameters
    ----------
    program : ResponseTypeProgram
    costs : array, shape (batch or 1, strata, questions, joint types)
    equations : array, shape (batch or 1, n, joint types), optional
        Further equations on the shares of types, where there are no strata. If they differ over
        the batch each distribution has a program of its own.
    values : array, shape (batch or 1, n), optional
        The right-hand sides of `equations`.
    per : array, as `costs`, optional
        The costs are divided by it, where there are no strata; ratios are over shares of types for
        which it is not zero.

    Returns
    -------
    lower, upper : array, shape (batch, questions)
        NaN where no shares agree with what is observed and assumed.
    distance : array, shape (batch,)
        From the observed distribution to the nearest one that the diagram allows.
    """
    matrix = program.matrix()
    right = program.right()
    batch, strata, _ = right.shape
    rows = np.concatenate([matrix, np.ones((1, matrix.shape[1]))])  # shares sum to one
    right = np.concatenate([right, np.ones((batch, strata, 1))], axis=2)
    if equations is None or values is None:
        return _extremes(program, rows, right, costs, per)
    further = np.broadcast_to(values[:, None], (batch, 1, values.shape[1]))
    right = np.concatenate([right, further], axis=2)
    if len(equations) == 1:
        return _extremes(
            program, np.concatenate([rows, equations[0]]), right, costs, per
        )
    parts = []
    for draw in range(batch):
        extended = np.concatenate([rows, equations[draw]])
        parts.append(
            _extremes(program, extended, right[[draw]], costs[[draw % len(costs)]])
        )
    lower, upper, distance = map(np.concatenate, zip(*parts, strict=True))
    return lower, upper, distance


def _extremes(
    program: ResponseTypeProgram,
    rows: Array,
    right: Array,
    costs: Array,
    per: Array | None = None,
) -> tuple[Array, Array, Array]:
    """`extremes` for equations that are the same in all programs.

    Parameters
    ----------
    program : ResponseTypeProgram
    rows : array, shape (equations, joint types)
    right : array, shape (batch, strata, equations)
    costs, per : array, shape (batch or 1, strata, questions, joint types)
    """
    batch, strata, _ = right.shape
    rows, right = _with_soft_assumptions(program, rows, right)
    slacks = rows.shape[1] - costs.shape[3]

    def by_question(costs: Array) -> list[Array]:
        padding = np.zeros((*costs.shape[:3], slacks))
        padded = np.concatenate([costs, padding], axis=3)
        numbers = range(padded.shape[2])
        return [
            _one_row_each(padded[:, :, number], batch, strata) for number in numbers
        ]

    numerators = by_question(costs)
    denominators = [None] * len(numerators) if per is None else by_question(per)
    questions = list(zip(numerators, denominators, strict=True))
    with threadpool_limits(1):  # many small products, which more threads only slow down
        lower, upper, distance = _by_pattern(rows, right, questions)
    return (
        lower.reshape(batch, strata, -1).sum(axis=1),
        upper.reshape(batch, strata, -1).sum(axis=1),
        distance.reshape(batch, strata).max(axis=1),
    )


def _with_soft_assumptions(
    program: ResponseTypeProgram,
    rows: Array,
    right: Array,
) -> tuple[Array, Array]:
    """The equations with those of soft assumptions, each of which has a slack variable.

    Parameters
    ----------
    program : ResponseTypeProgram
    rows : array, shape (equations, joint types)
    right : array, shape (batch, strata, equations)

    Returns
    -------
    rows : array, shape (more equations, joint types and slacks)
    right : array, shape (batch times strata, more equations)
    """
    batch, strata, _ = right.shape
    soft_rows, largest = program.exceptions()
    slacks = len(soft_rows)
    no_slack = np.zeros((len(rows), slacks))
    extended = np.block([[rows, no_slack], [soft_rows, np.eye(slacks)]])
    limits = np.broadcast_to(largest, (batch, strata, slacks))
    sides = np.concatenate([right, limits], axis=2)
    return extended, sides.reshape(batch * strata, -1)


def _one_row_each(
    costs: Array,
    batch: int,
    strata: int,
) -> Array:
    """Costs as one row for each program, or one row for all where they are alike.

    Parameters
    ----------
    costs : array, shape (batch or 1, strata, types)
    batch, strata : int
    """
    if (costs == costs[:1, :1]).all():
        return costs[0, :1]
    full = np.broadcast_to(costs, (batch, strata, costs.shape[2]))
    return full.reshape(batch * strata, -1)


def _by_pattern(
    rows: Array,
    right: Array,
    questions: Sequence[tuple[Array, Array | None]],
) -> tuple[Array, Array, Array]:
    """Solve the programs, those with the same undefined cells together.

    The equations of undefined cells are left out.

    Parameters
    ----------
    rows : array, shape (equations, variables)
    right : array, shape (programs, equations)
    questions : list of (costs, denominators)
        Each of shape (1 or programs, variables); the denominators may be None.
    """
    # SciPy's optimisers take longer to load than a diagram takes to read.
    from causalstats.numerics.discrete.linear_programs import consistent, minima

    patterns, pattern_of = np.unique(np.isnan(right), axis=0, return_inverse=True)
    lower = np.empty((len(right), len(questions)))
    upper = np.empty((len(right), len(questions)))
    distance = np.empty(len(right))
    for number, undefined in enumerate(patterns):
        here = np.flatnonzero(pattern_of.ravel() == number)
        known = right[np.ix_(here, ~undefined)]
        matrix, sides, distance[here] = consistent(rows[~undefined], known)
        for question, (costs, denominators) in enumerate(questions):
            numerator = costs if len(costs) == 1 else costs[here]
            denominator = denominators
            if denominators is not None and len(denominators) > 1:
                denominator = denominators[here]
            lower[here, question] = minima(matrix, sides, numerator, denominator)
            upper[here, question] = -minima(matrix, sides, -numerator, denominator)
    return lower, upper, distance


def interventional_costs(
    program: ResponseTypeProgram,
    combs: Sequence[Comb],
    mechanisms: Sequence[str],
    axes: Sequence[str],
) -> Array:
    """Return the probability of each cell in one world after an intervention, by joint type.

    Parameters
    ----------
    program : ResponseTypeProgram
    combs : list of Comb
        The known ones.
    mechanisms : list of str
        The open ones that still act.
    axes : list of str
        The variables of the cells.

    Returns
    -------
    array, shape (batch or 1, strata, cells of axes, joint types)
    """
    operands = [_comb_operand(names, array) for names, array in combs]
    operands += [program.mechanism(name) for name in mechanisms]
    return _by_joint_type(program, operands, axes)


def counterfactual_costs(
    program: ResponseTypeProgram,
    cause: str,
    settings: Sequence[Array],
    events: Mapping[tuple[str, int], Array],
) -> Array:
    """Return the probability that events in several worlds happen together, by joint type.

    Parameters
    ----------
    program : ResponseTypeProgram
    cause : str
    settings : list of array of 0 and 1
        For each world after the actual one, the level that the cause is set to.
    events : mapping of (variable, world) to array of 0 and 1
        The levels that make up the event; world 0 is the actual one.

    Returns
    -------
    array, shape (batch or 1, strata, joint types)
    """
    affected = [name for name in program.graph.descendants(cause) if name != cause]
    operands = _known_combs(program)
    for world in range(len(settings) + 1):
        moved = {name: (f"level in world {world}", name) for name in (cause, *affected)}
        renamed = (
            {_level(name): label for name, label in moved.items()} if world else {}
        )
        for name in affected if world else program.inside:
            array, labels = program.mechanism(name)
            operands.append((array, [renamed.get(label, label) for label in labels]))
        if world:
            setting = np.asarray(settings[world - 1], dtype=float)
            operands.append((setting, [renamed[_level(cause)]]))
        for (name, event_world), mask in events.items():
            if event_world == world:
                label = renamed.get(_level(name), _level(name))
                operands.append((np.asarray(mask, dtype=float), [label]))
    return _by_joint_type(program, operands, ())[:, :, 0]


def _known_combs(program: ResponseTypeProgram) -> list[tuple[Array, list[AxisLabel]]]:
    """The combs of the districts whose mechanisms are not open."""
    graph = program.graph
    everything = graph.bits.everything
    operands = []
    for district in graph.bits.districts(everything & ~graph.bit_set(program.inside)):
        comb = Product(tuple(observed_c_factor(graph, district, everything).values()))
        names = tuple(name for name in graph.nodes if name in comb.free)
        values = evaluate(comb, program.source, names).values
        shape = [program.levels[name] for name in names]
        operands.append(_comb_operand(names, np.nan_to_num(values.reshape(-1, *shape))))
    return operands


def _by_joint_type(
    program: ResponseTypeProgram,
    operands: Sequence[tuple[Array, list[AxisLabel]]],
    axes: Sequence[str],
) -> Array:
    """The product of some tables, summed over all but strata, axes and types.

    Parameters
    ----------
    program : ResponseTypeProgram
    operands : list of (array, labels of its axes)
    axes : list of str

    Returns
    -------
    array, shape (batch or 1, strata, cells of axes, joint types)
    """
    names = (*program.strata, *axes)
    labels = [*map(_level, names), *map(_type, program.inside)]
    sizes = [*(program.levels[name] for name in names), *program.types]
    present = {label for _, operand_labels in operands for label in operand_labels}
    kept = [label for label in labels if label in present]
    has_batch = _BATCH in present
    values = _einsum(operands, [_BATCH] * has_batch + kept)
    shape = [
        size if label in present else 1
        for label, size in zip(labels, sizes, strict=True)
    ]
    batch = len(values) if has_batch else 1
    full = np.broadcast_to(values.reshape(batch, *shape), (batch, *sizes))
    strata = prod(program.levels[name] for name in program.strata)
    cells = prod(program.levels[name] for name in axes)
    return full.reshape(batch, strata, cells, -1)


def _einsum(
    operands: Sequence[tuple[Array, list[AxisLabel]]], output: Sequence[AxisLabel]
) -> Array:
    numbers: dict[AxisLabel, int] = {}
    arguments: list[Any] = []
    for array, labels in operands:
        arguments += [
            array,
            [numbers.setdefault(label, len(numbers)) for label in labels],
        ]
    return opt_einsum.contract(*arguments, [numbers[label] for label in output])


def _comb_operand(names: Sequence[str], array: Array) -> tuple[Array, list[AxisLabel]]:
    return array, [_BATCH, *map(_level, names)]


def _type(name: str) -> AxisLabel:
    return ("type", name)


def _level(name: str) -> AxisLabel:
    return ("level", name)
