"""PyMC models of diagrams given data, with discrete hidden variables summed over (marginalised).

Gradients then reach all parameters that are left.

log p(data | parameters) = Σ_cells n(cell) log Σ_hidden Π P(v | causes)      if all are tables
log p(data | parameters) = Σ_rows log Σ_hidden exp Σ log p(v | causes)       otherwise
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from numpy.typing import ArrayLike

from causalstats.diagrams.core.hypergraph import Box, Hypergraph
from causalstats.diagrams.core.normalisation import refuse_normalised
from causalstats.diagrams.core.ordering import in_order
from causalstats.diagrams.networks.mechanisms import NetworkTables, Process, levels_of
from causalstats.diagrams.networks.tensor_contraction import plan_query
from causalstats.diagrams.to_pymc.pymc_model import (
    CASE,
    Mechanism,
    Parameters,
    is_random,
    numeric_value,
    registered,
    single_output,
)
from causalstats.errors import DataError, ModelError
from causalstats.numerics.discrete import variable_elimination as elimination

MAX_CELLS = 10**6
MAX_STATES = 4096  # of all hidden variables together, for each row


def to_pymc_given(
    diagram: Hypergraph,
    mechanisms: Mapping[str, Mechanism],
    data: Mapping[str, ArrayLike],
    *,
    counts: ArrayLike | None = None,
) -> pm.Model:
    """Return the PyMC model of the mechanisms of a diagram, given independent cases.

    Where every mechanism is a table, the data are the counts of cells: one multinomial variable
    called "cells", whatever the number of cases. Elsewhere each variable is observed case by case.
    Those that depend on hidden variables with levels enter by a potential: their joint log density,
    with the hidden variables summed over.

    Parameters
    ----------
    diagram : Diagram
    mechanisms : mapping of str to mechanism
        As for `to_pymc`.
    data : mapping of str to array, shape (cases,)
        The levels, or numbers, of every observed variable; a frame is fine.
    counts : array of int, shape (cases,), optional
        The number of cases that each entry stands for; 1 by default.

    Returns
    -------
    pymc.Model

    Raises
    ------
    DataError
        If the data lack a variable, have a hidden one, or a level that the diagram does not know.
    ModelError
        If something hidden can not be summed over, or there is too much of it; otherwise as for
        `to_pymc`.

    Examples
    --------
    >>> from causalstats import Diagram
    >>> from causalstats.diagrams.to_pymc.pymc_model import LearnedTable
    >>> model = to_pymc_given(
    ...     Diagram.parse("x").with_levels({"x": 2}), {"x": LearnedTable()}, {"x": [0, 1, 1]}
    ... )
    >>> [variable.name for variable in model.basic_RVs]
    ['P(x)', 'cells']
    """
    refuse_normalised(diagram)
    values = _values(diagram, data)
    first = next(iter(values.values()))
    weights = (
        np.ones(len(first), int) if counts is None else np.asarray(counts, dtype=int)
    )
    lengths = {len(column) for column in values.values()} | {len(weights)}
    if len(lengths) > 1 or weights.min(initial=0) < 0:
        raise DataError(
            "Expected columns, and counts of 0 or more, of one length; "
            f"got lengths {sorted(lengths)}."
        )
    with pm.Model(model=None) as model:
        parameters = Parameters(diagram, mechanisms)
        if all(parameters.is_table(box) for box in _random_boxes(diagram)):
            _add_cells(diagram, parameters, values, weights)
        else:
            repeated = {
                wire: np.repeat(column, weights) for wire, column in values.items()
            }
            model.add_coord(CASE, np.arange(weights.sum()))
            _add_rows(diagram, parameters, repeated)
    return model


def _random_boxes(diagram: Hypergraph) -> list[Box]:
    return [box for box in diagram.boxes if box.kind in ("mechanism", "uniform")]


def _values(diagram: Hypergraph, data: Mapping[str, Any]) -> dict[int, np.ndarray]:
    """The numbers of levels, or the values, of each observed wire."""
    hidden = [name for name in diagram.hidden if name in data]
    missing = [name for name in diagram.observed if name not in data]
    if hidden or missing:
        problem = (
            f"missing {missing}." if missing else f"{', '.join(hidden)} is hidden."
        )
        raise DataError(
            f"Expected data of {', '.join(diagram.observed)} alone; {problem}"
        )
    return {
        wire: _column(diagram, wire, np.asarray(data[diagram.wires[wire].label]))
        for wire in dict.fromkeys(diagram.outputs)
    }


def _column(
    diagram: Hypergraph,
    number: int,
    column: np.ndarray,
) -> np.ndarray:
    """One observed variable as numbers of levels, or as floats.

    Parameters
    ----------
    diagram : Hypergraph
    number : int
        The wire.
    column : array, shape (cases,)
    """
    wire = diagram.wires[number]
    if wire.levels is None:
        values = column.astype(float)
        if not np.isfinite(values).all():
            raise DataError(f"Expected finite numbers in {wire.label}.")
        return values
    position = {level: rank for rank, level in enumerate(wire.levels)}
    levels = column.tolist()
    if unknown := [level for level in dict.fromkeys(levels) if level not in position]:
        raise DataError(
            f"Expected levels of {wire.label} ({', '.join(map(repr, wire.levels))}), "
            f"got {', '.join(map(repr, unknown[:5]))}."
        )
    return np.array([position[level] for level in levels], dtype="int64")


def _add_cells(
    diagram: Hypergraph,
    parameters: Parameters,
    values: Mapping[int, np.ndarray],
    weights: np.ndarray,
) -> None:
    """Add the counts of all cells as one multinomial variable.

    Parameters
    ----------
    diagram : Hypergraph
    parameters : Parameters
    values : mapping of int to array of int, shape (cases,)
    weights : array of int, shape (cases,)
    """
    shape = tuple(len(levels_of(diagram.wires[wire])) for wire in values)
    if prod(shape) > MAX_CELLS:
        raise ModelError(
            f"Expected at most {MAX_CELLS:,} cells, got {prod(shape):,}; merge levels, leave "
            "variables out, or learn the mechanisms one by one."
        )
    counts = np.zeros(shape, int)
    np.add.at(counts, tuple(values.values()), weights)
    probabilities = joint_probabilities(diagram, parameters, tuple(values))
    pm.Multinomial(
        "cells", n=counts.sum(), p=probabilities.ravel(), observed=counts.ravel()
    )


def joint_probabilities(
    diagram: Hypergraph,
    parameters: Parameters,
    wires: tuple[int, ...],
) -> Any:
    """Return P(wires) as an expression of the tables of a diagram, all else summed over.

    Parameters
    ----------
    diagram : Hypergraph
    parameters : Parameters
    wires : tuple of int
    """
    arrays: dict[Process, Any] = {
        (box.name, box.kind): parameters.table(box) for box in _random_boxes(diagram)
    }
    sizes = {number: len(levels_of(wire)) for number, wire in enumerate(diagram.wires)}
    plan, tables = plan_query(NetworkTables(diagram, arrays, sizes, ()), wires)
    tensors = [pt.as_tensor(table) for table in tables]
    return elimination.follow(plan.steps, tensors, einsum=pt.einsum)


def _add_rows(
    diagram: Hypergraph,
    parameters: Parameters,
    values: Mapping[int, np.ndarray],
) -> None:
    """Add every observed variable case by case.

    Parameters
    ----------
    diagram : Hypergraph
    parameters : Parameters
    values : mapping of int to array, shape (cases,)
    """
    rows = _Rows(diagram, parameters, values, _states(diagram, values))
    for box in in_order(diagram):
        rows.add(box)
    if rows.terms:
        _check_number_of_states(diagram, rows.summed & rows.states.keys())
        state_axes = tuple(range(len(rows.states)))
        total = sum(rows.terms[1:], rows.terms[0])
        pm.Potential("observed", pt.logsumexp(total, axis=state_axes))


class _Rows:
    """The variables of a model with an observation in each row, added box by box.

    Hidden variables with levels have an axis each, before that of the cases.

    Parameters
    ----------
    diagram : Hypergraph
    parameters : Parameters
    values : mapping of int to array, shape (cases,)
    states : mapping of int to variable
        All states of each hidden variable with levels.
    """

    def __init__(
        self,
        diagram: Hypergraph,
        parameters: Parameters,
        values: Mapping[int, np.ndarray],
        states: Mapping[int, Any],
    ) -> None:
        self.diagram = diagram
        self.parameters = parameters
        self.values = values
        self.states = states
        self.seen = {wire: pt.as_tensor(column) for wire, column in values.items()}
        self.variables: dict[int, Any] = dict(self.seen)
        self.summed: set[int] = (
            set()
        )  # hidden variables with levels, and functions of them
        self.terms: list[Any] = []  # log probabilities that depend on these

    def add(self, box: Box) -> None:
        """Add the output of a box whose inputs were added before."""
        wire = single_output(box)
        if box.kind == "point":
            value = numeric_value(self.diagram, wire, box.value)
            self.variables[wire] = pt.as_tensor(value)
            return
        causes = [self.variables[cause] for cause in box.inputs]
        distribution = self.parameters.distribution(box, causes)
        if wire in self.states and is_random(distribution):
            self._add_hidden(box, causes, distribution)
        elif self.summed.isdisjoint(box.inputs):
            self._register(wire, distribution)
        elif wire in self.seen:
            self._add_term(box, causes, distribution, self.seen[wire])
        else:
            _refuse_random(distribution, self.diagram.wires[wire].label)
            self.variables[wire] = distribution
            self.summed.add(wire)

    def _add_hidden(
        self,
        box: Box,
        causes: Sequence[Any],
        distribution: Any,
    ) -> None:
        """Add a hidden variable with levels, which is summed over."""
        wire = single_output(box)
        self.variables[wire] = self.states[wire]
        self._add_term(box, causes, distribution, self.states[wire])
        self.summed.add(wire)

    def _register(self, wire: int, distribution: Any) -> None:
        """Add a variable that depends on no variable that is summed over."""
        model = pm.modelcontext(None)
        label = self.diagram.wires[wire].label
        variable = registered(
            model, label, distribution, (CASE,), self.values.get(wire)
        )
        self.variables[wire] = self.seen.get(wire, variable)

    def _add_term(
        self,
        box: Box,
        causes: Sequence[Any],
        distribution: Any,
        value: Any,
    ) -> None:
        """Add the log probability, or density, of a value of the output of a box.

        Parameters
        ----------
        box : Box
        causes : list of variables
        distribution : distribution or expression
        value : variable
        """
        if self.parameters.is_table(box):
            table = self.parameters.table(box)
            self.terms.append(pt.log(table[(*causes, value)]))
            return
        if not is_random(distribution):
            raise ModelError(
                f"Expected a distribution from the mechanism of {box.name!r}, which was observed "
                "and reads something hidden; got a function."
            )
        self.terms.append(pm.logp(distribution, value))


def _states(diagram: Hypergraph, values: Mapping[int, np.ndarray]) -> dict[int, Any]:
    """All states of each hidden variable with levels, each along an axis of its own."""
    hidden = [
        number
        for number, wire in enumerate(diagram.wires)
        if wire.levels is not None and number not in values
    ]
    states = {}
    for axis, number in enumerate(hidden):
        size = len(levels_of(diagram.wires[number]))
        shape = [1] * (len(hidden) + 1)
        shape[axis] = size
        states[number] = pt.as_tensor(np.arange(size).reshape(shape))
    return states


def _check_number_of_states(diagram: Hypergraph, wires: set[int]) -> None:
    states = prod(len(levels_of(diagram.wires[wire])) for wire in wires)
    if states > MAX_STATES:
        raise ModelError(
            f"Expected at most {MAX_STATES:,} states of the hidden variables together, "
            f"got {states:,}; give them fewer levels."
        )


def _refuse_random(distribution: Any, label: str) -> None:
    if is_random(distribution):
        raise ModelError(
            f"Expected {label}, which is hidden and reads something hidden with levels, to have "
            "levels too or to be a function of what it reads; a number that is left to chance can "
            "not be summed over."
        )
