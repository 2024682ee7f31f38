"""The PyMC model of a diagram whose observed variables were seen: hidden variables with levels are summed over, so that gradients reach all that is left.

log p(data | parameters) = Σ_cells n(cell) log Σ_hidden Π P(v | causes)                  where every mechanism is a table
log p(data | parameters) = Σ_rows log Σ_hidden exp Σ log p(v | causes)                   where some are not
"""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt

from causalstats.diagrams.core.hypergraph import Box, Hypergraph
from causalstats.diagrams.core.ordering import in_order
from causalstats.diagrams.networks.mechanisms import NetworkTables, levels_of
from causalstats.diagrams.networks.tensor_contraction import plan_query
from causalstats.diagrams.to_pymc.graph import (
    CASE,
    Mechanism,
    Parameters,
    is_random,
    made,
    registered,
    value_of,
)
from causalstats.errors import DataError, ModelError
from causalstats.numerics.discrete import variable_elimination as elimination

MOST_CELLS = 10**6
MOST_STATES = 4096  # of all hidden variables together, for each row


def to_pymc_given(
    diagram: Hypergraph,
    mechanisms: Mapping[str, Mechanism],
    data: Mapping[str, Any],
    *,
    counts: Any = None,
) -> pm.Model:
    """The PyMC model of what a diagram's mechanisms may be, given independent cases of its observed variables.

    Parameters
    ----------
    mechanisms
        As for `to_pymc`.
    data
        For every observed variable an array of its levels, or numbers, one a case; a frame is fine.
    counts
        How many cases each entry stands for; one unless given.

    Where every mechanism is a table, the data are the counts of cells, one multinomial variable called "cells" whatever the number of cases. Otherwise each
    variable is observed case by case, but those that depend on hidden variables with levels, whose joint log density, these summed over, is a potential.

    Raises
    ------
    DataError
        If the data lack a variable, have a hidden one, or a level that the diagram does not know.
    ModelError
        If something hidden can not be summed over, or there is too much of it; as for `to_pymc` else.
    """
    values = _values(diagram, data)
    weights = (
        np.ones(len(next(iter(values.values()))), int)
        if counts is None
        else np.asarray(counts, dtype=int)
    )
    sizes = {len(column) for column in values.values()} | {len(weights)}
    if len(sizes) > 1 or weights.min(initial=0) < 0:
        raise DataError(
            f"Expected columns, and counts of 0 or more, of one length; got lengths {sorted(sizes)}."
        )
    with pm.Model(model=None) as model:
        parameters = Parameters(diagram, mechanisms)
        random = [box for box in diagram.boxes if box.kind in ("mechanism", "uniform")]
        if all(parameters.is_table(box) for box in random):
            _cells(diagram, parameters, values, weights)
        else:
            repeated = {wire: np.repeat(column, weights) for wire, column in values.items()}
            model.add_coord(CASE, np.arange(weights.sum()))
            _rows(diagram, parameters, repeated)
    return model


def _values(diagram: Hypergraph, data: Mapping[str, Any]) -> dict[int, np.ndarray]:
    """Positions of levels, or numbers, of each observed wire."""
    hidden = [name for name in diagram.hidden if name in data]
    missing = [name for name in diagram.observed if name not in data]
    if hidden or missing:
        raise DataError(
            f"Expected data of {', '.join(diagram.observed)} alone; "
            + (f"missing {missing}." if missing else f"{', '.join(hidden)} is hidden.")
        )
    return {
        wire: _column(diagram, wire, np.asarray(data[diagram.wires[wire].label]))
        for wire in dict.fromkeys(diagram.outputs)
    }


def _column(diagram: Hypergraph, wire: int, column: np.ndarray) -> np.ndarray:
    of = diagram.wires[wire]
    if of.levels is None:
        if not np.isfinite(column.astype(float)).all():
            raise DataError(f"Expected finite numbers in {of.label}.")
        return column.astype(float)
    place = {level: position for position, level in enumerate(of.levels)}
    unknown = [level for level in dict.fromkeys(column.tolist()) if level not in place]
    if unknown:
        raise DataError(
            f"Expected levels of {of.label} ({', '.join(map(repr, of.levels))}), got {', '.join(map(repr, unknown[:5]))}."
        )
    return np.array([place[level] for level in column.tolist()], dtype="int64")


def _cells(
    diagram: Hypergraph,
    parameters: Parameters,
    values: Mapping[int, np.ndarray],
    weights: np.ndarray,
) -> None:
    """One multinomial variable: the counts of all cells, with the probabilities that the diagram gives them."""
    shape = tuple(len(levels_of(diagram.wires[wire])) for wire in values)
    if prod(shape) > MOST_CELLS:
        raise ModelError(
            f"Expected at most {MOST_CELLS:,} cells, got {prod(shape):,}; merge levels, leave variables out, or learn the mechanisms one by one."
        )
    counts = np.zeros(shape, int)
    np.add.at(counts, tuple(values.values()), weights)
    probabilities = joint(diagram, parameters, tuple(values))
    pm.Multinomial("cells", n=counts.sum(), p=probabilities.ravel(), observed=counts.ravel())


def joint(diagram: Hypergraph, parameters: Parameters, wires: tuple[int, ...]) -> Any:
    """P(wires) as an expression of the tables of a diagram, all else summed over."""
    arrays: dict[tuple[str, str], Any] = {
        (box.name, box.kind): parameters.table(box)
        for box in diagram.boxes
        if box.kind in ("mechanism", "uniform")
    }
    sizes = {place: len(levels_of(wire)) for place, wire in enumerate(diagram.wires)}
    form, found = plan_query(NetworkTables(diagram, arrays, sizes, ()), wires)
    return elimination.follow(
        form.steps, [pt.as_tensor(table) for table in found], einsum=pt.einsum
    )


def _rows(diagram: Hypergraph, parameters: Parameters, values: Mapping[int, np.ndarray]) -> None:
    """Every observed variable case by case; the hidden ones with levels have an axis each, before that of the cases."""
    model = pm.modelcontext(None)
    seen = {wire: pt.as_tensor(column) for wire, column in values.items()}
    states, variables = _states(diagram, values), dict[int, Any](seen)
    summed, terms = set[int](), list[Any]()
    for box in in_order(diagram):
        wire = made(box)
        if box.kind == "point":
            variables[wire] = pt.as_tensor(value_of(diagram, wire, box.value))
            continue
        causes = [variables[cause] for cause in box.inputs]
        how = parameters.distribution(box, causes)
        if wire in states and is_random(how):
            variables[wire] = states[wire]
            terms.append(_log_probability(parameters, box, causes, how, states[wire]))
            summed.add(wire)
        elif summed.isdisjoint(box.inputs):
            made_here = registered(model, diagram.wires[wire].label, how, (CASE,), values.get(wire))
            variables[wire] = seen.get(wire, made_here)
        elif wire in seen:
            terms.append(_log_probability(parameters, box, causes, how, seen[wire]))
        else:
            _check_function(how, diagram.wires[wire].label)
            variables[wire] = how
            summed.add(wire)
    if terms:
        _check_states(diagram, summed & states.keys())
        pm.Potential(
            "observed", pt.logsumexp(sum(terms[1:], terms[0]), axis=tuple(range(len(states))))
        )


def _states(diagram: Hypergraph, values: Mapping[int, np.ndarray]) -> dict[int, Any]:
    """All states of each hidden variable with levels, each along an axis of its own before that of the cases."""
    hidden = [
        wire
        for wire, of in enumerate(diagram.wires)
        if of.levels is not None and wire not in values
    ]
    sizes = [len(levels_of(diagram.wires[wire])) for wire in hidden]
    shapes = [
        [*[1] * place, size, *[1] * (len(hidden) - place)] for place, size in enumerate(sizes)
    ]
    return {
        wire: pt.as_tensor(np.arange(size).reshape(shape))
        for wire, size, shape in zip(hidden, sizes, shapes, strict=True)
    }


def _check_states(diagram: Hypergraph, wires: set[int]) -> None:
    states = prod(len(levels_of(diagram.wires[wire])) for wire in wires)
    if states > MOST_STATES:
        raise ModelError(
            f"Expected at most {MOST_STATES:,} states of the hidden variables together, got {states:,}; give them fewer levels."
        )


def _log_probability(
    parameters: Parameters, box: Box, causes: list[Any], how: Any, value: Any
) -> Any:
    if parameters.is_table(box):
        return pt.log(parameters.table(box)[(*causes, value)])
    if not is_random(how):
        raise ModelError(
            f"Expected a distribution from the mechanism of {box.name!r}, which was observed and reads something hidden; got a function."
        )
    return pm.logp(how, value)


def _check_function(how: Any, label: str) -> None:
    if is_random(how):
        raise ModelError(
            f"Expected {label}, which is hidden and reads something hidden with levels, to have levels too or to be a function of what it reads; "
            "a number that is left to chance can not be summed over."
        )
