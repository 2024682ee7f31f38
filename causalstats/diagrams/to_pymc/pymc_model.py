"""String diagrams as PyMC models: each box becomes a random variable, each wire one of its inputs.

A point state is data, as `pm.do` makes it: to_pymc(do(d)) = pm.do(to_pymc(d)). An observation is an
observed variable, an input is data, and the uniform state a categorical variable. Cuts and surgery
on single arrows, for which PyMC has no word, are those of the diagram.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pymc as pm
import pytensor
import pytensor.tensor as pt
from numpy.typing import ArrayLike
from pymc.distributions.distribution import SymbolicRandomVariable
from pymc.distributions.shape_utils import change_dist_size
from pytensor.graph.basic import Variable
from pytensor.tensor.random.op import RandomVariable

from causalstats.diagrams.core.hypergraph import Box, Hypergraph
from causalstats.diagrams.core.normalisation import refuse_normalised
from causalstats.diagrams.core.ordering import in_order
from causalstats.diagrams.networks.mechanisms import level_position, levels_of
from causalstats.errors import ModelError

CASE = "case"


@dataclass(frozen=True)
class LearnedTable:
    """An unknown conditional probability table, whose rows have Dirichlet priors.

    Parameters
    ----------
    concentration : float or array, shape (levels of each cause..., levels)
        One number for every level, or one for each.

    Examples
    --------
    >>> LearnedTable(concentration=0.5)
    LearnedTable(concentration=0.5)
    """

    concentration: ArrayLike = 1.0


@dataclass(frozen=True)
class LinearGaussian:
    """An unknown linear Gaussian mechanism, a + Σ b_k cause_k + ε with ε ~ Normal(0, σ).

    Causes with levels enter as those levels, which must be numbers.

    Parameters
    ----------
    intercept, slope : float
        Standard deviations of the normal priors of a and of every b_k, around 0.
    noise : float
        Scale of the half-normal prior of σ.

    Examples
    --------
    >>> LinearGaussian(slope=1.0)
    LinearGaussian(intercept=10.0, slope=1.0, noise=1.0)
    """

    intercept: float = 10.0
    slope: float = 2.5
    noise: float = 1.0


Mechanism = Any  # a table, `LearnedTable`, `LinearGaussian` or a function


def to_pymc(
    diagram: Hypergraph,
    mechanisms: Mapping[str, Mechanism],
    *,
    cases: int | None = None,
) -> pm.Model:
    """Return the PyMC model of a diagram, for one case or for many independent ones.

    Variables have the labels of their wires. Those with levels are numbers of levels.

    Parameters
    ----------
    diagram : Diagram
    mechanisms : mapping of str to mechanism
        For each box of kind "mechanism", by name: a table with axes (causes..., variable), a
        `LearnedTable`, a `LinearGaussian`, or a function of the causes, PyMC variables in the order
        of its ports. The function returns a distribution made by `.dist(...)`, or an expression
        where nothing is random; it may make parameters, and works element by element for many
        cases.
    cases : int, optional
        The number of cases; each variable then has the dimension "case".

    Returns
    -------
    pymc.Model

    Raises
    ------
    ModelError
        If a mechanism is missing or of another shape than its wires, or makes several variables;
        if a variable that is set is observed as well.

    Examples
    --------
    >>> from causalstats import Diagram
    >>> model = to_pymc(
    ...     Diagram.parse("x -> y").with_levels({"x": 2, "y": 2}),
    ...     {"x": [0.5, 0.5], "y": [[0.9, 0.1], [0.2, 0.8]]},
    ... )
    >>> [variable.name for variable in model.free_RVs]
    ['x', 'y']
    """
    refuse_normalised(diagram)
    seen = {
        box.inputs[0]: box.value for box in diagram.boxes if box.kind == "observation"
    }
    dims = () if cases is None else (CASE,)
    coords = None if cases is None else {CASE: np.arange(cases)}
    variables: dict[int, Any] = {}
    with pm.Model(coords=coords, model=None) as model:
        parameters = Parameters(diagram, mechanisms)
        for wire in diagram.inputs:
            variables[wire] = _data(model, diagram, wire, 0, cases)
        for box in in_order(diagram):
            if box.kind == "observation":
                continue
            wire = single_output(box)
            label = diagram.wires[wire].label
            if box.kind == "point":
                if wire in seen:
                    raise ModelError(
                        f"Expected observations of what is left to chance; {label} is set to a "
                        "value."
                    )
                value = numeric_value(diagram, wire, box.value)
                variables[wire] = _data(model, diagram, wire, value, cases)
                continue
            causes = [variables[cause] for cause in box.inputs]
            distribution = parameters.distribution(box, causes)
            observed = (
                numeric_value(diagram, wire, seen[wire]) if wire in seen else None
            )
            variables[wire] = registered(model, label, distribution, dims, observed)
    return model


class Parameters:
    """The mechanisms of a diagram as PyMC distributions, inside the context of a model.

    A table that several boxes share is made once.

    Parameters
    ----------
    diagram : Hypergraph
    mechanisms : mapping of str to mechanism
    """

    def __init__(
        self, diagram: Hypergraph, mechanisms: Mapping[str, Mechanism]
    ) -> None:
        self.diagram = diagram
        self.mechanisms = mechanisms
        self._tables: dict[str, Any] = {}

    def distribution(self, box: Box, causes: Sequence[Any]) -> Any:
        """Return the distribution of the output of a box given its causes, or an expression."""
        if self.is_table(box):
            table = self.table(box)
            return pm.Categorical.dist(p=table[tuple(causes)] if causes else table)
        mechanism = self.mechanisms[box.name]
        if isinstance(mechanism, LinearGaussian):
            return self._linear(box, mechanism, causes)
        return mechanism(*causes)

    def is_table(self, box: Box) -> bool:
        """Return whether the mechanism of a box is a table."""
        if box.kind == "uniform":
            return True
        if box.name not in self.mechanisms:
            raise ModelError(
                f"Expected a mechanism for box {box.name!r}, "
                f"got those of {', '.join(map(repr, self.mechanisms)) or 'none'}."
            )
        mechanism = self.mechanisms[box.name]
        return not (isinstance(mechanism, LinearGaussian) or callable(mechanism))

    def table(self, box: Box) -> Any:
        """Return P(variable | causes) with axes (causes..., variable)."""
        wires = (*box.inputs, single_output(box))
        shape = tuple(len(levels_of(self.diagram.wires[wire])) for wire in wires)
        if box.kind == "uniform":
            return pt.as_tensor(np.full(shape[-1], 1 / shape[-1]))
        if box.name not in self._tables:
            mechanism = self.mechanisms[box.name]
            self._tables[box.name] = (
                self._learned(box, mechanism, shape)
                if isinstance(mechanism, LearnedTable)
                else self._given(box, shape)
            )
        return self._tables[box.name]

    def _given(self, box: Box, shape: tuple[int, ...]) -> Any:
        given = self.mechanisms[box.name]
        values = (
            given if isinstance(given, Variable) else np.asarray(given, dtype=float)
        )
        table = pt.as_tensor(values)
        static_shape = table.type.shape
        if table.ndim == len(shape) and all(
            size in (None, levels)
            for size, levels in zip(static_shape, shape, strict=True)
        ):
            return table
        raise ModelError(
            f"Expected the mechanism of {box.name!r} with shape {shape}, causes first; "
            f"got {static_shape}."
        )

    def _learned(
        self,
        box: Box,
        mechanism: LearnedTable,
        shape: tuple[int, ...],
    ) -> Any:
        model = pm.modelcontext(None)
        wires = [self.diagram.wires[wire] for wire in (*box.inputs, single_output(box))]
        dims = [f"{wire.name} level" for wire in wires]
        for dim, wire in zip(dims, wires, strict=True):
            model.add_coord(dim, levels_of(wire))
        causes = ", ".join(wire.name for wire in wires[:-1])
        name = f"P({box.name} | {causes})" if causes else f"P({box.name})"
        concentration = np.array(mechanism.concentration, dtype=float)
        return pm.Dirichlet(name, np.broadcast_to(concentration, shape), dims=dims)

    def _linear(
        self,
        box: Box,
        mechanism: LinearGaussian,
        causes: Sequence[Any],
    ) -> Any:
        mean = pm.Normal(f"{box.name} intercept", 0, mechanism.intercept)
        for wire, cause in zip(box.inputs, causes, strict=True):
            name = f"{box.name} by {self.diagram.wires[wire].name}"
            slope = pm.Normal(name, 0, mechanism.slope)
            mean = mean + slope * self._as_number(wire, cause)
        return pm.Normal.dist(mean, pm.HalfNormal(f"{box.name} noise", mechanism.noise))

    def _as_number(self, number: int, cause: Any) -> Any:
        """The levels of a cause as numbers."""
        wire = self.diagram.wires[number]
        if wire.levels is None:
            return cause
        try:
            levels = np.array(wire.levels, dtype=float)
        except (TypeError, ValueError):
            raise ModelError(
                f"Expected levels of {wire.label} that are numbers for a linear mechanism, "
                f"got {list(wire.levels)}; give a function instead."
            ) from None
        return pt.as_tensor(levels)[cause]


def single_output(box: Box) -> int:
    """Return the wire that a box makes.

    Raises
    ------
    ModelError
        If it makes several.
    """
    if len(box.outputs) != 1:
        raise ModelError(
            f"Expected boxes that make one variable each; {box.name!r} makes {len(box.outputs)}."
        )
    return box.outputs[0]


def numeric_value(
    diagram: Hypergraph,
    wire: int,
    value: Any,
) -> Any:
    """Return the number of a level, or a value of a continuous variable as it is.

    Parameters
    ----------
    diagram : Hypergraph
    wire : int
    value : object
    """
    if diagram.wires[wire].levels is None:
        return value
    return level_position(diagram.wires[wire], value)


def _data(
    model: pm.Model,
    diagram: Hypergraph,
    wire: int,
    value: Any,
    cases: int | None,
) -> Any:
    """Data under the label of a wire, of the dtype of a random variable there.

    `pm.Data` would change the dtype.

    Parameters
    ----------
    model : pymc.Model
    diagram : Hypergraph
    wire : int
    value : object
    cases : int or None
    """
    dtype = "float64" if diagram.wires[wire].levels is None else "int64"
    filled = np.full(() if cases is None else cases, value, dtype=dtype)
    shared = pytensor.shared(filled, name=diagram.wires[wire].label)
    model.register_data_var(shared, dims=None if cases is None else (CASE,))
    return shared


def is_random(value: Any) -> bool:
    """Return whether a PyTensor variable is a distribution and no expression."""
    owner = getattr(value, "owner", None)
    return owner is not None and isinstance(
        owner.op, RandomVariable | SymbolicRandomVariable
    )


def registered(
    model: pm.Model,
    name: str,
    value: Any,
    dims: tuple[str, ...],
    observed: Any,
) -> Any:
    """Return the named variable with a distribution, or one that equals an expression.

    Parameters
    ----------
    model : pymc.Model
    name : str
    value : distribution or expression
    dims : tuple of str
        One variable for each of their coordinates.
    observed : array or None

    Raises
    ------
    ModelError
        If observations are given of an expression.
    """
    size = [len(model.coords[dim]) for dim in dims]
    value = pt.as_tensor(value)
    if value.ndim < len(size):
        value = (
            change_dist_size(value, size) if is_random(value) else pt.full(size, value)
        )
    if is_random(value):
        data = None if observed is None else np.broadcast_to(observed, size)
        return model.register_rv(value, name, observed=data, dims=dims or None)
    if observed is not None:
        raise ModelError(
            f"Expected observations of what is left to chance; {name} is a function of its causes."
        )
    return pm.Deterministic(name, value, dims=dims or None)
