"""Exact inference by tensor contraction (variable elimination) in string diagrams.

The functor from string diagrams to stochastic matrices: boxes become tables and wires the indices
that they share. A copied wire is one index in several tables, a discarded one an index that is
summed over, the uniform state 1/n. A wire with a known value, by a point state or an observation,
is no index: the tables on it are read at that value.

References
----------
Jacobs, Kissinger & Zanasi (2019), Causal inference by string diagram surgery, FoSSaCS. Lorenz &
Tull (2023), Causal models in string diagrams. Zhang & Poole (1994): variable elimination.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from math import ceil, prod
from typing import TYPE_CHECKING, Any

import numpy as np

from causalstats.diagrams.core.hypergraph import Box, Hypergraph
from causalstats.diagrams.networks.mechanisms import (
    NetworkTables,
    network_tables,
    scope_of,
)
from causalstats.errors import ModelError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike
from causalstats.numerics import accelerator
from causalstats.numerics.accelerator import Compiled, Einsum
from causalstats.numerics.discrete import tensor_network
from causalstats.numerics.discrete import variable_elimination as elimination
from causalstats.numerics.discrete.tensor_network import ContractionPlan, Scope
from causalstats.numerics.discrete.variable_elimination import (
    EliminationStep,
    small_einsum,
)

Contraction = Callable[[ContractionPlan, list[Any], Einsum], list[Any]]
Factor = tuple[Scope, np.ndarray]

MAX_ENTRIES = 10**8  # of the largest table on the way to an answer, and of the answer
_MAX_ENTRIES_AT_ONCE = 10**7  # of all tables on the way, for one part of a batch
_MAX_PLANS = 256  # kept
_ACCELERATOR_PAYS_FROM = 10**10  # multiplications, some ten seconds on a processor
_SHARED_ORDER_PAYS_UP_TO = 10**5  # multiplications; another order takes longer to find


@dataclass(frozen=True)
class Conditions:
    """Interventions and observations on the wires of a diagram.

    Parameters
    ----------
    done : mapping of int to int
        Wires set to a level by an intervention.
    opened : sequence of int
        Wires that enter from outside: the answer has all their levels.
    seen : mapping of int to int
        Wires observed at a level.
    """

    done: Mapping[int, int] = field(default_factory=dict)
    opened: Sequence[int] = ()
    seen: Mapping[int, int] = field(default_factory=dict)

    @property
    def form(self) -> tuple[tuple[int, ...], ...]:
        """The wires without their levels."""
        return tuple(self.done), tuple(self.opened), tuple(self.seen)


NO_CONDITIONS = Conditions()


@dataclass(eq=False)
class QueryPlan:
    """The plan of all queries of one form, which differ in the known levels only.

    Parameters
    ----------
    arrays : list of array
        The tables that matter.
    scopes : list of Scope
        Their wires, without those of known level.
    full_scopes : list of Scope or None
        All their wires; None where none has a known level.
    steps : list of EliminationStep
        For single tables: which to multiply and sum, in order.
    plan : ContractionPlan or None
        For a batch, and for all marginals at once.
    compiled : Compiled or None
        For an accelerator, where there is enough to do.
    """

    arrays: list[Any]
    scopes: list[Scope]
    full_scopes: list[Scope | None]
    steps: Sequence[EliminationStep]
    plan: ContractionPlan | None
    compiled: Compiled | None = None

    def tables_at(self, levels: Mapping[int, int], possible: bool) -> list[Any]:
        """Return the tables at the known levels; zero where these contradict each other."""
        every = slice(None)
        tables = [
            array
            if wires is None
            else array[tuple([levels.get(wire, every) for wire in wires])]
            for array, wires in zip(self.arrays, self.full_scopes, strict=True)
        ]
        return tables if possible else [0.0 * tables[0], *tables[1:]]


def contract(
    diagram: Hypergraph,
    mechanisms: Mapping[str, ArrayLike],
    outputs: Sequence[str] | None = None,
) -> np.ndarray:
    """Return the stochastic matrix (array) that a diagram means.

    Observations multiply by 0 or 1 and nothing is divided, but by `normalise`: the array of a
    diagram with observations sums, over its outputs, to their probability. Boxes that lead neither
    to an output nor to an observation are left out.

    Parameters
    ----------
    diagram : Diagram
    mechanisms : mapping of str to array, shape (batch..., inputs..., outputs...)
        For each box of kind "mechanism", by name: not negative, with sums of 1 over its outputs.
        Batch axes, such as posterior draws, broadcast against each other.
    outputs : list of str, optional
        Variables that go out, in this order; by default those of the diagram.

    Returns
    -------
    array, shape (batch..., inputs..., outputs...)

    Raises
    ------
    ModelError
        If a mechanism is missing or of another shape than its wires, or the result is too large to
        hold.

    Examples
    --------
    >>> from causalstats import Diagram
    >>> contract(Diagram.parse("x -> y"), {"x": [0.5, 0.5], "y": [[0.9, 0.1], [0.2, 0.8]]}, ["y"])
    array([0.55, 0.45])
    """
    wires = diagram.outputs
    if outputs is not None:
        wires = tuple(diagram.position(name) for name in outputs)
    tables = network_tables(diagram, _with_normalised(diagram, mechanisms))
    return contract_tables(tables, (*diagram.inputs, *wires))


def _with_normalised(
    diagram: Hypergraph, mechanisms: Mapping[str, ArrayLike]
) -> dict[str, ArrayLike]:
    """Return the tables with those of normalisation boxes: inner diagrams over their sums.

    Raises
    ------
    ModelError
        If two boxes of one name mean different things.
    """
    tables = dict(mechanisms)
    inner = {box.name: box.value for box in diagram.boxes if box.kind == "normalised"}
    for box in diagram.boxes:
        clash = box.name in inner and box.value != inner[box.name]
        if clash or (box.kind == "mechanism" and box.name in inner):
            raise ModelError(
                f"Expected boxes of one name to mean the same, got two called {box.name!r}; name "
                "them by `normalise(name=...)`."
            )
    for name, part in inner.items():
        joint = contract(part, mechanisms)
        axes = tuple(range(-len(part.outputs), 0))
        total = joint.sum(axis=axes, keepdims=True)
        tables[name] = np.divide(joint, total, where=total > 0, out=0 * joint)
    return tables


def contract_tables(
    tables: NetworkTables,
    axes: Sequence[int],
    conditions: Conditions = NO_CONDITIONS,
    *,
    proportional: bool = False,
    rescale: bool = False,
) -> np.ndarray:
    """Return the joint probability of some wires and the conditions.

    Parameters
    ----------
    tables : NetworkTables
    axes : list of int
        The wires of the axes, after those of the batch.
    conditions : Conditions
    proportional : bool
        Up to a positive factor that is the same for all entries; tables that only change that
        factor are left out.
    rescale : bool
        Keep every product from underflow; makes the result proportional.
    """
    plan, arrays = plan_query(
        tables, axes, conditions, proportional=proportional or rescale
    )
    if not tables.batch:
        return elimination.follow(plan.steps, arrays, rescale=rescale)

    def run(
        products: ContractionPlan,
        parts: list[Any],
        einsum: Einsum,
    ) -> list[Any]:
        return [
            tensor_network.forward(products, parts, einsum=einsum, rescale=rescale)[-1]
        ]

    (result,) = _in_parts(run, plan, arrays, tables.batch, len(axes), rescale)
    return tables.batch_first(result, tuple([tables.sizes[wire] for wire in axes]))


def contract_marginals(
    tables: NetworkTables,
    wires: Sequence[int],
    conditions: Conditions = NO_CONDITIONS,
    *,
    rescale: bool = False,
) -> dict[int, np.ndarray]:
    """Return the joint probability of each single wire and the conditions, for several wires.

    All come from one pass forward and one backward: what a table is multiplied with, summed, is the
    derivative of the whole by that table.

    Parameters
    ----------
    tables : NetworkTables
    wires : list of int
        Without a known level.
    conditions : Conditions
    rescale : bool
        Keep every product from underflow; each array is then known up to a factor.

    Returns
    -------
    dict of int to array, shape (batch..., levels)
    """
    plan, arrays = plan_query(tables, wires, conditions, marginals=True)

    def run(
        products: ContractionPlan,
        parts: list[Any],
        einsum: Einsum,
    ) -> list[Any]:
        values = tensor_network.forward(products, parts, einsum=einsum, rescale=rescale)
        sums = tensor_network.marginals(
            products, values, wires, einsum=einsum, rescale=rescale
        )
        return [sums[wire] for wire in wires]

    results = _in_parts(run, plan, arrays, tables.batch, 1, rescale)
    return {
        wire: tables.batch_first(result, (tables.sizes[wire],))
        for wire, result in zip(wires, results, strict=True)
    }


def plan_query(
    tables: NetworkTables,
    axes: Sequence[int],
    conditions: Conditions = NO_CONDITIONS,
    *,
    marginals: bool = False,
    proportional: bool = False,
) -> tuple[QueryPlan, list[Any]]:
    """Return how to answer a query, kept for all queries of its form, and the tables it needs.

    Parameters
    ----------
    tables : NetworkTables
    axes : list of int
    conditions : Conditions
    marginals : bool
        Plan for the marginal of each of `axes`, instead of their joint distribution.
    proportional : bool
        Leave out tables that only multiply the answer by a number.
    """
    key = (tuple(axes), conditions.form, marginals, proportional)
    levels, possible = _known_levels(tables, conditions)
    plan = tables.plans.get(key)
    if plan is None:
        if len(tables.plans) >= _MAX_PLANS:
            tables.plans.clear()
        plan = _new_plan(
            tables, axes, conditions, levels.keys(), marginals, proportional
        )
        if plan.plan:
            _refuse_large(tables, plan.plan, axes)
        tables.plans[key] = plan
    return plan, plan.tables_at(levels, possible)


def _known_levels(
    tables: NetworkTables, conditions: Conditions
) -> tuple[dict[int, int], bool]:
    """The known level of each wire that has one, and whether no two contradict each other."""
    levels = {**tables.levels_set, **conditions.done}
    for wire in conditions.opened:
        levels.pop(wire, None)
    possible = True
    for wire, level in [*tables.levels_observed, *conditions.seen.items()]:
        possible &= levels.setdefault(wire, level) == level
    return levels, possible


def _new_plan(
    tables: NetworkTables,
    axes: Sequence[int],
    conditions: Conditions,
    known: Collection[int],
    marginals: bool,
    proportional: bool,
) -> QueryPlan:
    """The tables that matter, and the order in which to multiply them.

    Parameters
    ----------
    tables : NetworkTables
    axes : list of int
    conditions : Conditions
    known : collection of int
        The wires of known level.
    marginals, proportional : bool
    """
    boxes = _relevant_boxes(tables, axes, conditions)
    factors: list[Factor] = [
        (scope_of(box), tables.arrays[box.name, box.kind]) for box in boxes
    ]
    output, added = _output(tables, axes, factors, known)
    if proportional:
        droppable = [tables.positive[box.name, box.kind] for box in boxes]
        factors = _without_constants(factors, droppable, added, output, known)
    factors += added
    if not factors:
        factors = [((), np.ones(()))]
    arrays = [array for _, array in factors]
    scopes = [_unknown(scope, known) for scope, _ in factors]
    full_scopes = [
        None if len(unknown) == len(full) else full
        for unknown, (full, _) in zip(scopes, factors, strict=True)
    ]
    sizes = {**tables.sizes}
    sizes |= {
        index: tables.sizes[wire] for index, wire in zip(output, axes, strict=True)
    }
    if not (tables.batch or marginals) and (
        steps := _steps(tables, scopes, sizes, output)
    ):
        return QueryPlan(arrays, scopes, full_scopes, steps, None)
    used = tuple(sorted({(wire, sizes[wire]) for scope in scopes for wire in scope}))
    plan = _product_plan(tuple(scopes), used, () if marginals else tuple(output))
    return QueryPlan(arrays, scopes, full_scopes, plan.single, plan)


def _without_constants(
    factors: Sequence[Factor],
    positive: Sequence[bool],
    added: Sequence[Factor],
    output: Sequence[int],
    known: Collection[int],
) -> list[Factor]:
    """The factors of boxes without positive ones that only multiply the answer by a number.

    Those are the ones that share no unknown wires with the output, directly or through others.

    Parameters
    ----------
    factors : list of (scope, array)
    positive : list of bool
        Whether each table has no zeros.
    added : list of (scope, array)
        Further factors.
    output : list of int
    known : collection of int
        The wires of known level.
    """
    scopes = [_unknown(scope, known) for scope, _ in [*factors, *added]]
    connected = elimination.connected(scopes, output)[: len(factors)]
    flags = zip(factors, connected, positive, strict=True)
    return [factor for factor, matters, no_zeros in flags if matters or not no_zeros]


def _unknown(scope: Scope, known: Collection[int]) -> Scope:
    return tuple([wire for wire in scope if wire not in known])


def _relevant_boxes(
    tables: NetworkTables,
    axes: Sequence[int],
    conditions: Conditions,
) -> list[Box]:
    """The boxes from which a path leads to an axis or to something observed.

    Parameters
    ----------
    tables : NetworkTables
    axes : list of int
    conditions : Conditions
    """
    effects = [box for box in tables.diagram.boxes if not box.outputs]
    relevant = [box for box in effects if box.kind == "mechanism"]
    partial = [box for box in tables.diagram.boxes if box.kind == "normalised"]
    waiting = [
        *axes,
        *conditions.seen,
        *(box.outputs[0] for box in partial),
        *(wire for box in effects for wire in box.inputs),
    ]
    visited = {
        *conditions.done,
        *conditions.opened,
        *tables.levels_set,
        *tables.diagram.inputs,
    }
    while waiting:
        wire = waiting.pop()
        if wire not in visited:
            box = tables.makers[wire]
            visited.update(box.outputs)
            waiting += box.inputs
            relevant.append(box)
    return relevant


def _output(
    tables: NetworkTables,
    axes: Sequence[int],
    factors: Sequence[Factor],
    known: Collection[int],
) -> tuple[list[int], list[Factor]]:
    """The index of each axis, and the tables that give an axis an index.

    An axis whose wire has a known level, or is an axis already, gets an index of its own and an
    identity matrix; one that no table has gets a table of ones.

    Parameters
    ----------
    tables : NetworkTables
    axes : list of int
    factors : list of (scope, array)
    known : collection of int
    """
    output: list[int] = []
    added: list[Factor] = []
    covered = {wire for scope, _ in factors for wire in scope}
    for number, wire in enumerate(axes):
        size = tables.sizes[wire]
        if wire in known or wire in output:
            index = -1 - number
            added.append(((wire, index), np.eye(size)))
        else:
            index = wire
            if wire not in covered:
                added.append(((wire,), np.ones(size)))
        covered.update((wire, index))
        output.append(index)
    return output, added


def _steps(
    tables: NetworkTables,
    scopes: list[Scope],
    sizes: Mapping[int, int],
    output: list[int],
) -> list[EliminationStep] | None:
    """The sums in the elimination order of the whole network; None where they are not cheap.

    Parameters
    ----------
    tables : NetworkTables
    scopes : list of Scope
    sizes : mapping of int to int
    output : list of int
        The indices that are not summed over.
    """
    order = tables.elimination_order
    summed = {wire for scope in scopes for wire in scope}.difference(output)
    if order is None or len(summed) + len(output) > len(elimination.LETTERS):
        return None
    indices = [*sorted(summed, key=order.__getitem__), *output]
    letter = dict(zip(indices, elimination.LETTERS, strict=False))
    letter_sizes = {name: sizes[index] for index, name in letter.items()}
    words = ["".join([letter[wire] for wire in scope]) for scope in scopes]
    result = "".join([letter[wire] for wire in output])
    steps = elimination.steps(words, letter_sizes, result)
    cheap = elimination.cost(steps, letter_sizes) <= _SHARED_ORDER_PAYS_UP_TO
    return steps if cheap else None


def _in_parts(
    run: Contraction,
    query_plan: QueryPlan,
    arrays: list[np.ndarray],
    batch: tuple[int, ...],
    axes: int,
    rescale: bool,
) -> list[np.ndarray]:
    """The results of `run`, for as much of the batch at a time as there is room for.

    Parameters
    ----------
    run : callable
    query_plan : QueryPlan
    arrays : list of array
        The tables; a batch is their last axis.
    batch : tuple of int
    axes : int
        The number of axes of each result without the batch.
    rescale : bool
    """
    plan = query_plan.plan
    assert plan is not None  # every batch and all marginals have one
    size = prod(batch)
    step = ceil(size / ceil(size * plan.held / _MAX_ENTRIES_AT_ONCE))
    scopes = query_plan.scopes
    varies = [
        array.ndim > len(scope) for array, scope in zip(arrays, scopes, strict=True)
    ]

    def part(start: int) -> list[np.ndarray]:
        return [
            array[..., start : start + step] if varying else array
            for array, varying in zip(arrays, varies, strict=True)
        ]

    def on_processor(parts: list[np.ndarray]) -> list[np.ndarray]:
        return run(plan, parts, small_einsum)

    work: Compiled = on_processor
    if (
        size * plan.cost >= _ACCELERATOR_PAYS_FROM
        and not rescale
        and accelerator.is_available()
    ):
        if query_plan.compiled is None:
            query_plan.compiled = accelerator.compiled(
                lambda parts, einsum: run(plan, parts, einsum), on_processor, part(0)
            )
        work = query_plan.compiled
    results = []
    for start in range(0, size, step):
        first = min(
            start, size - step
        )  # parts have one size, so that each is compiled once
        overlap = start - first
        results.append(
            [
                result[..., overlap:] if result.ndim > axes else result
                for result in work(part(first))
            ]
        )
    return [_joined(parts, axes) for parts in zip(*results, strict=True)]


def _joined(parts: Sequence[np.ndarray], axes: int) -> np.ndarray:
    if len(parts) > 1 and parts[0].ndim > axes:
        return np.concatenate(parts, axis=-1)
    return parts[0]


@lru_cache(maxsize=1024)
def _product_plan(
    scopes: tuple[Scope, ...],
    sizes: tuple[tuple[int, int], ...],
    output: Scope,
) -> ContractionPlan:
    """The order of multiplication for tables over some wires, found once for all of these sizes.

    Parameters
    ----------
    scopes : tuple of Scope
    sizes : tuple of (wire, levels)
    output : Scope
    """
    return tensor_network.plan(scopes, dict(sizes), output)


def _refuse_large(
    tables: NetworkTables,
    plan: ContractionPlan,
    axes: Sequence[int],
) -> None:
    """Raise an error if a table on the way would not fit into memory."""
    largest = max(plan.largest, prod(tables.batch) * plan.answer)
    if largest <= MAX_ENTRIES:
        return
    names = ", ".join(tables.diagram.wires[wire].label for wire in axes)
    raise ModelError(
        f"Expected an answer whose tables can be held ({MAX_ENTRIES:,} numbers); ({names}) takes "
        f"{float(largest):.3g}. Ask for fewer variables together, give more of them as known, use "
        "fewer draws at a time, or draw samples of the network instead."
    )
