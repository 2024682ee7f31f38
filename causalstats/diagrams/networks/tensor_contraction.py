"""The functor from string diagrams to stochastic matrices: boxes become tables, and wires the indices that they share.

A copied wire is one index in several tables, a discarded one an index that is summed over, the uniform state 1/n; a wire whose value is known, by a point
state or an observation, is no index at all: the tables that touch it are read at that value (Jacobs, Kissinger & Zanasi 2019; Lorenz & Tull 2023).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from math import ceil, prod
from typing import Any

import numpy as np

from causalstats.diagrams.core.hypergraph import Box, Hypergraph
from causalstats.diagrams.networks.mechanisms import Tables, scope_of, tables
from causalstats.errors import ModelError
from causalstats.numerics import accelerator
from causalstats.numerics.accelerator import Compiled, Einsum
from causalstats.numerics.discrete import tensor_network
from causalstats.numerics.discrete import variable_elimination as elimination
from causalstats.numerics.discrete.tensor_network import Plan, Scope
from causalstats.numerics.discrete.variable_elimination import Step, small_einsum

Run = Callable[[Plan, list[Any], Einsum], list[Any]]
LARGEST = 10**8  # entries of the largest table on the way to an answer, and of the answer
_ROOM = (
    10**7
)  # entries of all tables on the way, for the part of a batch that is worked on at a time
_FORMS = 256  # of questions whose arrangement is kept
_OFTEN, _ANSWERS, _QUICK = (
    3,
    10**4,
    10**5,
)  # times asked after which all answers of a form are worked out, so many at most, by tables of so many entries
_HEAVY = (
    10**10
)  # multiplications, some ten seconds on a processor, for which an accelerator pays, where there is one
_CHEAP = (
    10**5
)  # multiplications up to which an order found once for all questions will do: another takes longer to find than it saves


@dataclass(frozen=True)
class Known:
    """Wires set to a level whatever makes them (`done`), left to come in from outside (`opened`), and observed at a level (`seen`)."""

    done: Mapping[int, int] = field(default_factory=dict)
    opened: Sequence[int] = ()
    seen: Mapping[int, int] = field(default_factory=dict)


UNKNOWN = Known()


@dataclass(eq=False)
class Arrangement:
    """All of a question but the values of what is known: which tables matter, over which wires, and in which order to multiply them.

    `read` says of each table at which wires it is read, or None where it is taken whole. Of single tables there are `steps`, of a batch and of all marginals
    a `plan`; `compiled`, where there was so much to do that it paid, for an accelerator.
    """

    arrays: list[Any]
    scopes: list[Scope]
    read: list[Scope | None]
    steps: Sequence[Step]
    plan: Plan | None
    compiled: Compiled | None = None

    def tables(self, values: Mapping[int, int], possible: bool) -> list[Any]:
        """The tables at the values of what is known; where these contradict each other all is zero."""
        every = slice(None)
        found = [
            array if at is None else array[tuple([values.get(wire, every) for wire in at])]
            for array, at in zip(self.arrays, self.read, strict=True)
        ]
        return found if possible else [0.0 * found[0], *found[1:]]


def contract(
    diagram: Hypergraph, mechanisms: Mapping[str, Any], outputs: Sequence[str] | None = None
) -> np.ndarray:
    """What a diagram means: an array with axes (batch..., inputs..., outputs...).

    Parameters
    ----------
    mechanisms
        For each box of kind "mechanism", by name, an array with axes (batch..., inputs..., outputs...), non-negative, whose sums over its outputs are 1.
        Batch axes, of posterior draws say, broadcast against each other.
    outputs
        Variables that go out, in this order; those of the diagram unless given.

    Observations multiply by 0 or 1 and nothing is divided: of a diagram with observations the array sums, over its outputs, to the probability of what was
    observed. Boxes that lead neither to an output nor to an observation are left out, which changes nothing where sums over outputs are 1.

    Raises
    ------
    ModelError
        If a mechanism is missing or of another shape than its wires, or the result is too large to hold.
    """
    wanted = (
        diagram.outputs if outputs is None else tuple(diagram.position(name) for name in outputs)
    )
    return evaluate(tables(diagram, mechanisms), (*diagram.inputs, *wanted))


def evaluate(
    tables: Tables,
    axes: Sequence[int],
    known: Known = UNKNOWN,
    *,
    proportional: bool = False,
    rescale: bool = False,
) -> np.ndarray:
    """The array with the given wires as axes, after its batch; if `proportional`, up to a positive factor that is the same for all of a batch's entries.

    `rescale` keeps every product on the way from being too small to hold, and makes the result proportional.
    """
    form, arrays = arranged(
        tables, axes, known, proportional=proportional or rescale, often=not rescale
    )
    if not tables.batch:
        return elimination.follow(form.steps, arrays, rescale=rescale)

    def run(plan: Plan, parts: list[Any], einsum: Einsum) -> list[Any]:
        return [tensor_network.forward(plan, parts, einsum=einsum, rescale=rescale)[-1]]

    (result,) = _in_parts(run, form, arrays, tables.batch, len(axes), rescale)
    return tables.batch_first(result, tuple([tables.sizes[wire] for wire in axes]))


def marginals(
    tables: Tables, wires: Sequence[int], known: Known = UNKNOWN, *, rescale: bool = False
) -> dict[int, np.ndarray]:
    """For each wire without a known value the array (batch..., levels) of its level together with what was seen; up to a factor a wire with `rescale`.

    All from one pass forth and one back: what a box's table is multiplied with, summed, is the derivative of the whole by that table.
    """
    form, arrays = arranged(tables, wires, known, apart=True)

    def run(plan: Plan, parts: list[Any], einsum: Einsum) -> list[Any]:
        values = tensor_network.forward(plan, parts, einsum=einsum, rescale=rescale)
        sums = tensor_network.marginals(plan, values, wires, einsum=einsum, rescale=rescale)
        return [sums[wire] for wire in wires]

    results = _in_parts(run, form, arrays, tables.batch, 1, rescale)
    return {
        wire: tables.batch_first(result, (tables.sizes[wire],))
        for wire, result in zip(wires, results, strict=True)
    }


def arranged(
    tables: Tables,
    axes: Sequence[int],
    known: Known = UNKNOWN,
    *,
    apart: bool = False,
    proportional: bool = False,
    often: bool = False,
) -> tuple[Arrangement, list[Any]]:
    """How to answer a question, kept for all of its form, and the tables at what is known; the plan leaves the axes or, with `apart`, none of them.

    Of a form asked `often` there is in the end one table with all its answers, in which those that are too small to hold are zero.
    """
    key = (
        tuple(axes),
        tuple(known.done),
        tuple(known.opened),
        tuple(known.seen),
        apart,
        proportional,
        often,
    )
    values, possible = _levels(tables, known)
    form, times = tables.kept.get(key, (None, 0))
    if form is None:
        if len(tables.kept) >= _FORMS:
            tables.kept.clear()
        form = _arrangement(tables, axes, known, values.keys(), apart, proportional)
        if form.plan:
            _refuse_large(tables, form.plan, axes)
    if times <= _OFTEN:
        if times == _OFTEN and often and not tables.batch:
            form = _all_answers(tables, axes, known) or form
        tables.kept[key] = form, times + 1
    return form, form.tables(values, possible)


def _levels(tables: Tables, known: Known) -> tuple[dict[int, int], bool]:
    """The level of all that has one, and whether nothing contradicts it."""
    values = {**tables.set_by_boxes, **known.done}
    for wire in known.opened:
        values.pop(wire, None)
    return values, all(
        [
            values.setdefault(wire, level) == level
            for wire, level in [*tables.seen_by_boxes, *known.seen.items()]
        ]
    )


def _all_answers(tables: Tables, axes: Sequence[int], known: Known) -> Arrangement | None:
    """The answers to all questions of a form, out of which each is read; None where they are many, or take long to work out."""
    wires = (*known.done, *known.seen, *axes)
    if prod([tables.sizes[wire] for wire in wires]) > _ANSWERS:
        return None
    anything = Known(opened=(*known.opened, *known.done))
    values, possible = _levels(tables, anything)
    form = _arrangement(tables, wires, anything, values.keys(), False, False)
    if form.plan and form.plan.largest > _QUICK:
        return None
    answers = elimination.follow(form.steps, form.tables(values, possible))
    answers.setflags(write=False)
    return Arrangement([answers], [], [(*known.done, *known.seen, *[-1] * len(axes))], [], None)


def _arrangement(
    tables: Tables,
    axes: Sequence[int],
    known: Known,
    fixed: Collection[int],
    apart: bool,
    proportional: bool,
) -> Arrangement:
    boxes = _relevant(tables, axes, known)
    keys = [(box.name, box.kind) for box in boxes]
    factors = [(scope_of(box), tables.arrays[key]) for box, key in zip(boxes, keys, strict=True)]
    output = _output(tables, axes, factors, fixed)
    scopes = [tuple([wire for wire in scope if wire not in fixed]) for scope, _ in factors]
    if proportional:
        matters = elimination.connected(scopes, output)
        kept = [
            place for place, key in enumerate(keys) if matters[place] or not tables.positive[key]
        ] + [*range(len(keys), len(factors))]
        factors, scopes = [factors[place] for place in kept], [scopes[place] for place in kept]
    if not factors:
        factors, scopes = [((), np.ones(()))], [()]
    arrays, read = (
        [array for _, array in factors],
        [
            None if len(scope) == len(whole) else whole
            for scope, (whole, _) in zip(scopes, factors, strict=True)
        ],
    )
    sizes = {
        **tables.sizes,
        **{fresh: tables.sizes[wire] for fresh, wire in zip(output, axes, strict=True)},
    }
    if not (tables.batch or apart) and (steps := _steps(tables, scopes, sizes, output)):
        return Arrangement(arrays, scopes, read, steps, None)
    used = tuple(sorted({(wire, sizes[wire]) for scope in scopes for wire in scope}))
    found = _plan(tuple(scopes), used, () if apart else tuple(output))
    return Arrangement(arrays, scopes, read, found.single, found)


def _steps(
    tables: Tables, scopes: list[Scope], sizes: Mapping[int, int], output: list[int]
) -> list[Step] | None:
    """The sums in the order that does for the whole network; None where they are not cheap."""
    used = {wire for scope in scopes for wire in scope}.difference(output)
    if tables.order is None or len(used) + len(output) > len(elimination.LETTERS):
        return None
    letter = dict(
        zip(
            [*sorted(used, key=tables.order.__getitem__), *output],
            elimination.LETTERS,
            strict=False,
        )
    )
    by_letter = {name: sizes[wire] for wire, name in letter.items()}
    words = ["".join([letter[wire] for wire in scope]) for scope in scopes]
    found = elimination.steps(words, by_letter, "".join([letter[wire] for wire in output]))
    return found if elimination.cost(found, by_letter) <= _CHEAP else None


def _relevant(tables: Tables, axes: Sequence[int], known: Known) -> list[Box]:
    """The boxes whose tables matter for some wires: those from which a way leads there, or to something observed."""
    ends = [box for box in tables.diagram.boxes if not box.outputs]
    found = [box for box in ends if box.kind == "mechanism"]
    waiting = [*axes, *known.seen, *(wire for box in ends for wire in box.inputs)]
    met = {*known.done, *known.opened, *tables.set_by_boxes, *tables.diagram.inputs}
    while waiting:
        wire = waiting.pop()
        if wire not in met:
            box = tables.makers[wire]
            met.update(box.outputs)
            waiting += box.inputs
            found.append(box)
    return found


def _output(
    tables: Tables,
    axes: Sequence[int],
    factors: list[tuple[Scope, np.ndarray]],
    fixed: Collection[int],
) -> list[int]:
    """The index of each axis. An axis whose wire has a value, or is an axis already, gets one of its own and a table that says so."""
    output: list[int] = []
    for place, wire in enumerate(axes):
        size = tables.sizes[wire]
        fresh = -1 - place if wire in fixed or wire in output else wire
        output.append(fresh)
        if fresh != wire:
            factors.append(((wire, fresh), np.eye(size)))
        elif not any(wire in scope for scope, _ in factors):
            factors.append(((wire,), np.ones(size)))
    return output


def _in_parts(
    run: Run,
    form: Arrangement,
    arrays: list[np.ndarray],
    batch: tuple[int, ...],
    axes: int,
    rescale: bool,
) -> list[np.ndarray]:
    """What `run` makes of the plan and the tables, arrays with some axes and the batch last, for as much of the batch at a time as there is room for."""
    plan = form.plan
    assert plan is not None  # as of every batch and all marginals
    size = prod(batch)
    step = ceil(size / ceil(size * plan.held / _ROOM))
    batches = [array.ndim > len(scope) for array, scope in zip(arrays, form.scopes, strict=True)]

    def part(start: int, stop: int) -> list[np.ndarray]:
        return [
            array[..., start:stop] if varies else array
            for array, varies in zip(arrays, batches, strict=True)
        ]

    def here(parts: list[np.ndarray]) -> list[np.ndarray]:
        return run(plan, parts, small_einsum)

    work: Compiled = here
    if size * plan.cost >= _HEAVY and not rescale and accelerator.found():
        work = form.compiled = form.compiled or accelerator.compiled(
            lambda parts, einsum: run(plan, parts, einsum), here, part(0, step)
        )
    found = []
    for start in range(0, size, step):  # all parts of one size, so that each is compiled once
        first = min(start, size - step)
        found.append(
            [
                result[..., start - first :] if result.ndim > axes else result
                for result in work(part(first, first + step))
            ]
        )
    return [
        np.concatenate(results, axis=-1)
        if results[0].ndim > axes and len(results) > 1
        else results[0]
        for results in zip(*found, strict=True)
    ]


@lru_cache(maxsize=1024)
def _plan(scopes: tuple[Scope, ...], sizes: tuple[tuple[int, int], ...], output: Scope) -> Plan:
    """The plan for some tables over some wires, made once for all that have the same wires and sizes."""
    return tensor_network.plan(scopes, dict(sizes), output)


def _refuse_large(tables: Tables, found: Plan, axes: Sequence[int]) -> None:
    """An error if a table on the way would not fit into memory."""
    largest = max(found.largest, prod(tables.batch) * found.answer)
    if largest <= LARGEST:
        return
    asked = ", ".join(tables.diagram.wires[wire].label for wire in axes)
    raise ModelError(
        f"Expected an answer whose tables can be held ({LARGEST:,} numbers); ({asked}) takes {float(largest):.3g}. "
        "Ask for fewer variables together, give more of them as known, use fewer draws at a time, or draw samples of the network instead."
    )
