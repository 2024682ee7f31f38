"""The observed distribution as tables: which variables each one needs, their counts, and their posterior, which is Dirichlet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import networkx as nx
import numpy as np
import xarray as xr

from causalstats.data import Observations
from causalstats.diagrams.diagram import Diagram
from causalstats.diagrams.identification.mixed_graph import MixedGraph
from causalstats.diagrams.networks.bayesian_network import BayesianNetwork
from causalstats.errors import ModelError
from causalstats.numerics.discrete import dirichlet

MOST_NUMBERS = 1e8  # in the draws of all tables
_LEAST, _LEAST_EXPONENT = 1e-30, -280.0  # of a probability, and of a product of them
Levels = Mapping[str, Sequence[Any]]


@dataclass(frozen=True)
class Table:
    """P(variable | given)."""

    variable: str
    given: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What it is called among the draws."""
        return f"P({self.variable}{' | ' if self.given else ''}{', '.join(self.given)})"

    @property
    def axes(self) -> tuple[str, ...]:
        return (*self.given, self.variable)


def tables_of(graph: MixedGraph) -> tuple[Table, ...]:
    """P(v) = Π P(v_i | pillow of v_i among v_1, ..., v_i), in topological order.

    The pillow of a variable is its district, the group that hidden causes hold together, and that district's parents (the ordered local Markov property;
    Richardson 2003). It leaves out what the diagram says is irrelevant, and nothing else.
    """
    found = []
    for place, name in enumerate(graph.nodes):
        past = graph.subgraph(graph.nodes[: place + 1])
        district = next(group for group in past.districts() if name in group)
        pillow = {*district, *past.parents(*district)} - {name}
        found.append(Table(name, tuple(other for other in graph.nodes if other in pillow)))
    return tuple(found)


def boxes_of(diagram: Diagram) -> tuple[Table, ...]:
    """One table a box, hidden variables too: the mechanisms themselves."""
    return tuple(Table(wire.name, diagram.parents(wire.name)) for wire in diagram.wires)


def weights(
    tables: Sequence[Table], levels: Levels, concentration: float, prior: str
) -> dict[str, np.ndarray]:
    """The Dirichlet prior of each table, as observations that each cell has before any were made, axes (given..., variable)."""
    found = {}
    for table in tables:
        shape = tuple(len(levels[name]) for name in table.axes)
        if (cells := float(np.prod(shape, dtype=float))) > MOST_NUMBERS / 10:
            raise ModelError(
                f"{table.name} has {cells:.3g} cells, and cannot be held. Join levels, e.g. with `pandas.cut`, leave out variables that the answer does not "
                "need, or use route='structural', whose tables are those of the mechanisms."
            )
        found[table.name] = np.full(shape, concentration / (cells if prior == "bdeu" else 1.0))
    return found


def counts(tables: Sequence[Table], levels: Levels, data: Observations) -> dict[str, np.ndarray]:
    """How often each cell was observed."""
    return {table.name: data.table(table.axes, levels) for table in tables}


def draw(
    posterior: Mapping[str, np.ndarray],
    tables: Sequence[Table],
    levels: Levels,
    size: tuple[int, int],
    rng: np.random.Generator,
) -> xr.Dataset:
    """Independent draws of every table, dims (chain, draw, given..., variable)."""
    cells = sum(array.size for array in posterior.values())
    if cells * size[0] * size[1] > MOST_NUMBERS:
        raise ModelError(
            f"{size[0] * size[1]:,} draws of {cells:,} cells cannot be held. Take fewer, `cs.Exact(chains=1, draws={max(1, int(MOST_NUMBERS / cells))})`, "
            "join levels, or leave out variables that the answer does not need."
        )
    values = {
        table.name: (
            ("chain", "draw", *table.axes),
            dirichlet.draw(posterior[table.name], size, rng),
        )
        for table in tables
    }
    used = dict.fromkeys(name for table in tables for name in table.axes)
    return xr.Dataset(
        values,
        {
            "chain": np.arange(size[0]),
            "draw": np.arange(size[1]),
            **{name: list(levels[name]) for name in used},
        },
    )


def place_of(name: str, value: Any, levels: Levels) -> int:
    """Where a value stands among the levels of a variable; text of it will do.

    True is no 1: a Boolean is a level only where Booleans are.
    """
    known = list(levels[name])
    same = [isinstance(level, bool) == isinstance(value, bool) for level in known]
    if value in known and same[known.index(value)]:
        return known.index(value)
    if str(value) in map(str, known):
        return list(map(str, known)).index(str(value))
    raise ModelError(
        f"Expected a level of {name!r} ({', '.join(map(repr, known))}), got {value!r}."
    )


def written(of: str, do: Mapping[str, Any], given: Mapping[str, Any]) -> str:
    """P(of | do(...), given)."""
    done = [f"do({', '.join(f'{name}={value}' for name, value in do.items())})"] if do else []
    conditions = [*done, *(f"{name}={value}" for name, value in given.items())]
    return f"P({of}{' | ' * bool(conditions)}{', '.join(conditions)})"


def arm_labels(treatment: str, outcome: str, levels: Levels) -> list[str]:
    """Of every level of the treatment against the first, and every level of the outcome, or the last of two; arms first."""
    first, *others = levels[treatment]
    arms = [f"{level} against {first}" for level in others] if len(others) > 1 else [""]
    states = [
        f"{outcome}={level}"
        for level in (levels[outcome][1:] if len(levels[outcome]) == 2 else levels[outcome])
    ]
    return [
        f"{state}: {arm}" if arm and len(states) > 1 else arm or state
        for arm in arms
        for state in states
    ]


def network_of(draws: xr.Dataset, tables: Sequence[Table], levels: Levels) -> BayesianNetwork:
    """The tables of all draws as one network, whose answers have axes (chain, draw, ...)."""
    graph = nx.DiGraph()
    graph.add_nodes_from(table.variable for table in tables)
    for table in tables:
        graph.add_edges_from((cause, table.variable) for cause in table.given)
    diagram = Diagram.from_networkx(graph).with_levels(
        {table.variable: tuple(levels[table.variable]) for table in tables}
    )
    # No drawn probability is exactly 0, so that conditional ones never divide 0 by 0: a weak
    # prior draws numbers that underflow. Products of one number from each table stay positive.
    least = max(_LEAST, 10.0 ** (_LEAST_EXPONENT / len(tables)))
    arrays = {}
    for table in tables:
        axes = diagram.parents(table.variable)
        drawn = draws[table.name].transpose("chain", "draw", *axes, table.variable).to_numpy()
        arrays[table.variable] = np.maximum(drawn, least)
    return BayesianNetwork(diagram, arrays)


@dataclass(frozen=True, eq=False)
class Observed:
    """The observed distribution of every draw, as identified formulas ask for it."""

    network: BayesianNetwork

    def probability(self, of: Sequence[str], given: Sequence[str] = ()) -> np.ndarray:
        """P(of | given) with axes (chain, draw, of..., given...)."""
        joint = np.asarray(self.network.query((*of, *given)).values)
        return (
            joint / joint.sum(axis=tuple(range(2, 2 + len(of))), keepdims=True) if given else joint
        )

    @cached_property
    def variables(self) -> tuple[str, ...]:
        return tuple(wire.name for wire in self.network.diagram.wires)
