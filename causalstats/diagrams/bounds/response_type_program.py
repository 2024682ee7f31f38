"""The linear programme behind bounds: what is observed and assumed as equations on the shares of response types, what is asked as their costs.

Let S be the variables whose mechanisms the answer leaves open, r their joint response types with unknown shares q(r). Then

    Q[S](s | u) = Σ_r q(r) 1{r makes s of u}         u the causes of S outside S: known from the observed distribution
    answer      = Σ_r q(r) c(r)                      c by following each r through the worlds that are asked about

and everything outside S enters c as a known comb. A cause of all of S that no intervention touches is a stratum: each of its levels is a programme of its own
with the same matrix, and the bounds add up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod

import numpy as np
import opt_einsum
from threadpoolctl import threadpool_limits

from causalstats.diagrams.bounds.response_types import Monotone, count, indicators, responses
from causalstats.diagrams.identification.bit_sets import BitSet
from causalstats.diagrams.identification.evaluation import JointTable, evaluate
from causalstats.diagrams.identification.expression import Product
from causalstats.diagrams.identification.id_algorithm import observed_kernel
from causalstats.diagrams.identification.mixed_graph import MixedGraph
from causalstats.errors import ModelError

Array = np.ndarray
LARGEST = 5e6  # entries of the matrix
BATCH = ("batch",)


class TooLarge(ModelError):
    """A linear programme with more entries than can be held."""


@dataclass(frozen=True, eq=False)
class Programme:
    """Open mechanisms `inside`, their functions, and the strata; arrays have axes (batch, strata, ...)."""

    graph: MixedGraph
    source: JointTable
    inside: tuple[str, ...]
    strata: tuple[str, ...]
    functions: Mapping[str, Array]
    soft: tuple[Monotone, ...] = ()

    @property
    def levels(self) -> dict[str, int]:
        return levels_of(self.source)

    def causes(self, name: str) -> tuple[str, ...]:
        return tuple(cause for cause in self.graph.parents(name) if cause not in self.strata)

    @property
    def outside(self) -> tuple[str, ...]:
        """The causes of the open mechanisms that are neither open nor strata."""
        return tuple(
            name
            for name in self.graph.parents(*self.inside)
            if name not in self.inside + self.strata
        )

    @property
    def types(self) -> tuple[int, ...]:
        return tuple(len(self.functions[name]) for name in self.inside)

    @property
    def entries(self) -> int:
        """Of the matrices of one distribution."""
        return prod(self.levels[name] for name in self.strata + self.outside + self.inside) * prod(
            self.types
        )

    def mechanism(self, name: str) -> Array:
        """(types, levels of each cause..., levels)."""
        return indicators(self.functions[name], self.levels[name])

    def matrix(self) -> Array:
        """(cells of outside and inside, joint types)."""
        operands: list = []
        label = _labels(self)
        for name in self.inside:
            operands += [
                self.mechanism(name),
                [label[_type(name)], *(label[cause] for cause in self.causes(name)), label[name]],
            ]
        axes = [*self.outside, *self.inside, *map(_type, self.inside)]
        return opt_einsum.contract(*operands, [label[axis] for axis in axes]).reshape(
            -1, prod(self.types)
        )

    def right(self) -> Array:
        """Q[inside] in those cells: (batch, strata, cells); NaN where it is not defined."""
        kernel = observed_kernel(
            self.graph, self.graph.bit_set(self.inside), self.graph.bits.everything
        )
        axes = self.strata + self.outside + self.inside
        found = evaluate(Product(tuple(kernel.values())), self.source, axes).values
        return found.reshape(
            batch_of(self.source), prod(self.levels[name] for name in self.strata), -1
        )

    def exceptions(self) -> tuple[Array, Array]:
        """The shares of types that only soft assumptions speak against, as rows, and the most that they may be."""
        rows = [np.ones(self.types) for _ in self.soft]
        for row, assumed in zip(rows, self.soft, strict=True):
            place = self.inside.index(assumed.effect)
            shape = [-1 if axis == place else 1 for axis in range(len(self.types))]
            row *= (
                ~assumed.obeyed(self.functions[assumed.effect], self.causes(assumed.effect))
            ).reshape(shape)
        return np.array(rows).reshape(len(rows), prod(self.types)), np.array(
            [assumed.exceptions for assumed in self.soft]
        )


def programme(
    graph: MixedGraph,
    source: JointTable,
    inside: BitSet,
    touched: BitSet,
    assumptions: Sequence[Monotone],
    together: bool = False,
) -> Programme:
    """With functions that no assumption excludes. What is `touched`, set or asked for, is no stratum, nor is anything that it acts on; `together` makes none at
    all, for what is assumed of all strata at once.

    Raises
    ------
    TooLarge
        Too many response types.
    ModelError
        An assumption about a mechanism that the answer does not leave open.
    """
    names, levels = graph.names(inside), levels_of(source)
    for assumed in assumptions:
        if assumed.effect not in names:
            raise ModelError(
                f"Expected assumptions about mechanisms that are open, those of {list(names)}; {assumed.effect!r} is not."
            )
        if assumed.cause not in graph.parents(assumed.effect):
            raise ModelError(
                f"Expected a direct cause of {assumed.effect!r}, one of {list(graph.parents(assumed.effect))}; got {assumed.cause!r}."
            )
    soft = tuple(assumed for assumed in assumptions if assumed.exceptions > 0)
    candidates = graph.bits.everything & ~graph.bits.descendants(touched) & ~inside
    singled_out = {assumed.cause for assumed in assumptions}
    shared = [
        name
        for name in graph.names(candidates)
        if name not in singled_out and all(name in graph.parents(other) for other in names)
    ]
    strata = () if soft or together else tuple(shared)
    causes = {
        name: tuple(cause for cause in graph.parents(name) if cause not in strata) for name in names
    }
    cells = prod(
        levels[name] for name in {*names, *(cause for own in causes.values() for cause in own)}
    )
    if (types := count(levels, causes)) * cells > LARGEST:
        raise TooLarge(
            f"Expected at most {LARGEST:g} entries of the linear programme; {', '.join(names)} have {types:g} joint response types in {cells} cells. "
            "Join levels, or leave out causes that confound little."
        )
    functions = {}
    for name in names:
        functions[name] = responses(levels[name], [levels[cause] for cause in causes[name]])
        for assumed in assumptions:
            if assumed.effect == name and not assumed.exceptions:
                functions[name] = functions[name][assumed.obeyed(functions[name], causes[name])]
    return Programme(graph, source, names, strata, functions, soft)


def extremes(
    programme: Programme,
    costs: Array,
    equations: Array | None = None,
    values: Array | None = None,
    per: Array | None = None,
) -> tuple[Array, Array, Array]:
    """The least and the largest cost, summed over strata, and how far the nearest distribution that the diagram allows is from the observed one.

    Parameters
    ----------
    costs : (batch or 1, strata, questions, joint types)
    equations, values : (batch or 1, n, joint types) and (batch or 1, n)
        What else is known of the shares of types, where there are no strata. One programme a distribution, where the equations differ.
    per : as `costs`
        What costs are divided by, where there are no strata; ratios are over shares of types for which it is not zero.

    Returns
    -------
    lower, upper : (batch, questions), NaN where no shares are in accord with what is observed and assumed
    distance : (batch,)
    """
    rows, right = programme.matrix(), programme.right()
    batch, strata, _ = right.shape
    rows = np.concatenate(
        [rows, np.ones((1, rows.shape[1]))]
    )  # the shares of types sum to one, also where no cell says so
    right = np.concatenate([right, np.ones((batch, strata, 1))], axis=2)
    if equations is not None and values is not None:
        right = np.concatenate(
            [right, np.broadcast_to(values[:, None], (batch, 1, values.shape[1]))], axis=2
        )
        if len(equations) > 1:
            each = [
                _solved(
                    programme,
                    np.concatenate([rows, equations[draw]]),
                    right[[draw]],
                    costs[[draw % len(costs)]],
                )
                for draw in range(batch)
            ]
            lower, upper, distance = map(np.concatenate, zip(*each, strict=True))
            return lower, upper, distance
        rows = np.concatenate([rows, equations[0]])
    return _solved(programme, rows, right, costs, per)


def _solved(
    programme: Programme, rows: Array, right: Array, costs: Array, per: Array | None = None
) -> tuple[Array, Array, Array]:
    batch, strata, _ = right.shape
    unlike, most = programme.exceptions()
    rows = np.block([[rows, np.zeros((len(rows), len(unlike)))], [unlike, np.eye(len(unlike))]])
    right = np.concatenate(
        [right, np.broadcast_to(most, (batch, strata, len(most)))], axis=2
    ).reshape(batch * strata, -1)

    def questions(costs: Array) -> list[Array]:
        costs = np.concatenate([costs, np.zeros((*costs.shape[:3], len(unlike)))], axis=3)
        return [_each(costs[:, :, question], batch, strata) for question in range(costs.shape[2])]

    asked = (
        [(own, None) for own in questions(costs)]
        if per is None
        else list(zip(questions(costs), questions(per), strict=True))
    )
    with threadpool_limits(1):  # many small products, which more threads only slow down
        lower, upper, distance = _by_pattern(rows, right, asked)
    return (
        lower.reshape(batch, strata, -1).sum(axis=1),
        upper.reshape(batch, strata, -1).sum(axis=1),
        distance.reshape(batch, strata).max(axis=1),
    )


def _each(costs: Array, batch: int, strata: int) -> Array:
    """Costs (batch or 1, strata, types) as one row for each programme, or as one row for all."""
    if (costs == costs[:1, :1]).all():
        return costs[0, :1]
    return np.broadcast_to(costs, (batch, strata, costs.shape[2])).reshape(batch * strata, -1)


def _by_pattern(
    rows: Array, right: Array, questions: Sequence[tuple[Array, Array | None]]
) -> tuple[Array, Array, Array]:
    """Rows whose cells are not defined say nothing: each pattern of them makes programmes of its own."""
    # SciPy's optimisers take longer to load than a diagram takes to read.
    from causalstats.numerics.discrete.linear_programs import consistent, minima

    patterns, which = np.unique(np.isnan(right), axis=0, return_inverse=True)
    lower, upper, distance = (
        np.empty(shape) for shape in [(len(right), len(questions))] * 2 + [(len(right),)]
    )
    for number, pattern in enumerate(patterns):
        here = np.flatnonzero(which.ravel() == number)
        matrix, sides, distance[here] = consistent(rows[~pattern], right[np.ix_(here, ~pattern)])
        for question, (costs, per) in enumerate(questions):
            own = costs if len(costs) == 1 else costs[here]
            their = per if per is None or len(per) == 1 else per[here]
            lower[here, question], upper[here, question] = (
                minima(matrix, sides, own, their),
                -minima(matrix, sides, -own, their),
            )
    return lower, upper, distance


def levels_of(source: JointTable) -> dict[str, int]:
    return dict(
        zip(
            source.variables,
            source.array.shape[source.array.ndim - len(source.variables) :],
            strict=True,
        )
    )


def batch_of(source: JointTable) -> int:
    return prod(source.array.shape[: source.array.ndim - len(source.variables)])


def world(
    programme: Programme,
    combs: Sequence[tuple[tuple[str, ...], Array]],
    mechanisms: Sequence[str],
    axes: Sequence[str],
) -> Array:
    """One world after an intervention: known combs, each (axes, array), and open mechanisms; (batch or 1, strata, cells of axes, joint types)."""
    label = _labels(programme)
    operands: list = []
    for names, array in combs:
        operands += [array, [label[BATCH], *(label[name] for name in names)]]
    for name in mechanisms:
        operands += [
            programme.mechanism(name),
            [label[_type(name)], *(label[cause] for cause in programme.causes(name)), label[name]],
        ]
    return _costs(programme, operands, label, axes)


def worlds(
    programme: Programme,
    cause: str,
    settings: Sequence[Array],
    events: Mapping[tuple[str, int], Array],
) -> Array:
    """The share of each joint type for which the events happen: (batch or 1, strata, joint types).

    Parameters
    ----------
    settings : for each world after the actual one, 0 and 1 over the levels of the cause: what it is set to there
    events : by variable and world (0 is the actual one), 0 and 1 over its levels
    """
    graph, label = programme.graph, _labels(programme)
    affected = [name for name in graph.descendants(cause) if name != cause]
    operands: list = []
    known = graph.bits.everything & ~graph.bit_set(programme.inside)
    for district in graph.bits.districts(known):
        kernel = observed_kernel(graph, district, graph.bits.everything)
        comb = Product(tuple(kernel.values()))
        axes = [name for name in graph.nodes if name in comb.free]
        array = np.nan_to_num(
            evaluate(comb, programme.source, axes).values.reshape(
                -1, *(programme.levels[name] for name in axes)
            )
        )
        operands += [array, [label[BATCH], *(label[name] for name in axes)]]
    for place in range(len(settings) + 1):

        def here(name: str, place: int = place) -> int:
            return (
                label.setdefault((name, place), len(label))
                if place and (name == cause or name in affected)
                else label[name]
            )

        for name in programme.inside if place == 0 else affected:
            operands += [
                programme.mechanism(name),
                [label[_type(name)], *map(here, programme.causes(name)), here(name)],
            ]
        if place:
            operands += [np.asarray(settings[place - 1], float), [here(cause)]]
        for (name, where), mask in events.items():
            operands += [np.asarray(mask, float), [here(name)]] if where == place else []
    return _costs(programme, operands, label, ())[:, :, 0]


def _costs(programme: Programme, operands: list, label: dict, axes: Sequence[str]) -> Array:
    """Contracted to (batch or 1, strata, cells of axes, joint types)."""
    levels = programme.levels
    wanted = [*programme.strata, *axes, *map(_type, programme.inside)]
    sizes = [*(levels[name] for name in (*programme.strata, *axes)), *programme.types]
    present = {number for numbers in operands[1::2] for number in numbers}
    batch = [label[BATCH]] * (label[BATCH] in present)
    found = opt_einsum.contract(
        *operands, [*batch, *(label[name] for name in wanted if label[name] in present)]
    )
    shape = [
        size if label[name] in present else 1 for name, size in zip(wanted, sizes, strict=True)
    ]
    found = np.broadcast_to(found.reshape(-1, *shape), (len(found) if batch else 1, *sizes))
    strata, cells = len(programme.strata), len(programme.strata) + len(axes)
    return found.reshape(len(found), prod(sizes[:strata]), prod(sizes[strata:cells]), -1)


def _type(name: str) -> tuple[str, str]:
    return ("type", name)


def _labels(programme: Programme) -> dict:
    names = [BATCH, *programme.graph.nodes, *map(_type, programme.inside)]
    return {name: number for number, name in enumerate(names)}
