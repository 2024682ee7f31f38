"""The functor from string diagrams to PyMC: boxes become random variables, wires what they read.

A point state is data, as `pm.do` makes it: to_pymc(do(d)) = pm.do(to_pymc(d)). An observation is an observed variable, what comes in from outside is data, the
uniform state a categorical variable; cuts and surgery on single edges are those of the diagram, which PyMC has no word for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pymc as pm
import pytensor
import pytensor.tensor as pt
from pymc.distributions.distribution import SymbolicRandomVariable
from pymc.distributions.shape_utils import change_dist_size
from pytensor.graph.basic import Variable
from pytensor.tensor.random.op import RandomVariable

from causalstats.diagrams.core.hypergraph import Box, Hypergraph
from causalstats.diagrams.core.ordering import in_order
from causalstats.diagrams.networks.mechanisms import level_position, levels_of
from causalstats.errors import ModelError

CASE = "case"


@dataclass(frozen=True)
class LearnedTable:
    """A mechanism from levels to levels that is not known: every row of its table has a Dirichlet prior.

    Parameters
    ----------
    concentration : float or array
        Of every level, or of each, with axes (causes..., variable).
    """

    concentration: Any = 1.0


@dataclass(frozen=True)
class LinearGaussian:
    """A mechanism a + Σ b_k cause_k + ε, ε ~ Normal(0, σ), that is not known; causes with levels count by their levels, which have to be numbers.

    Parameters
    ----------
    intercept, slope : float
        Standard deviations of the normal priors of a and of every b_k, around 0.
    noise : float
        Scale of the half-normal prior of σ.
    """

    intercept: float = 10.0
    slope: float = 2.5
    noise: float = 1.0


Mechanism = Any  # a table, `LearnedTable`, `LinearGaussian` or a function


def to_pymc(
    diagram: Hypergraph, mechanisms: Mapping[str, Mechanism], *, cases: int | None = None
) -> pm.Model:
    """The PyMC model of a diagram, for one case or for many independent ones.

    Variables are called by the labels of their wires; those with levels are positions among these.

    Parameters
    ----------
    mechanisms
        For each box of kind "mechanism", by name: a table with axes (causes..., variable), a `LearnedTable`, a `LinearGaussian`, or a function of the causes,
        PyMC variables in the order of its ports, that returns a distribution made by `.dist(...)`, or an expression if nothing is left to chance. It may
        make parameters of its own, and works element by element where there are many cases.
    cases
        How many; each variable then has the dimension "case".

    Raises
    ------
    ModelError
        If a mechanism is missing or of another shape than its wires, or makes more than one variable; if what is set to a value is observed as well.
    """
    seen = {box.inputs[0]: box.value for box in diagram.boxes if box.kind == "observation"}
    variables: dict[int, Any] = {}
    with pm.Model(coords=None if cases is None else {CASE: np.arange(cases)}, model=None) as model:
        parameters = Parameters(diagram, mechanisms)
        for wire in diagram.inputs:
            variables[wire] = _data(model, diagram, wire, 0, cases)
        for box in in_order(diagram):
            if box.kind == "observation":
                continue
            wire = made(box)
            if box.kind == "point":
                if wire in seen:
                    raise ModelError(
                        f"Expected observations of what is left to chance; {diagram.wires[wire].label} is set to a value."
                    )
                variables[wire] = _data(
                    model, diagram, wire, value_of(diagram, wire, box.value), cases
                )
            else:
                how = parameters.distribution(box, [variables[cause] for cause in box.inputs])
                observed = None if wire not in seen else value_of(diagram, wire, seen[wire])
                variables[wire] = registered(
                    model,
                    diagram.wires[wire].label,
                    how,
                    () if cases is None else (CASE,),
                    observed,
                )
    return model


class Parameters:
    """What the boxes of one diagram do; a table that several boxes share is learned once. To be used inside the context of a model."""

    def __init__(self, diagram: Hypergraph, mechanisms: Mapping[str, Mechanism]) -> None:
        self.diagram, self.mechanisms = diagram, mechanisms
        self._tables: dict[str, Any] = {}

    def distribution(self, box: Box, causes: list[Any]) -> Any:
        """The distribution of what a box makes of some causes, or an expression that it equals."""
        if self.is_table(box):
            return pm.Categorical.dist(
                p=self.table(box)[tuple(causes)] if causes else self.table(box)
            )
        how = self.mechanisms[box.name]
        return self._linear(box, how, causes) if isinstance(how, LinearGaussian) else how(*causes)

    def is_table(self, box: Box) -> bool:
        if box.kind == "uniform":
            return True
        if box.name not in self.mechanisms:
            raise ModelError(
                f"Expected a mechanism for box {box.name!r}, got those of {', '.join(map(repr, self.mechanisms)) or 'none'}."
            )
        how = self.mechanisms[box.name]
        return not (isinstance(how, LinearGaussian) or callable(how))

    def table(self, box: Box) -> Any:
        """P(variable | causes) with axes (causes..., variable)."""
        wires = [self.diagram.wires[wire] for wire in (*box.inputs, made(box))]
        shape = tuple(len(levels_of(wire)) for wire in wires)
        if box.kind == "uniform":
            return pt.as_tensor(np.full(shape[-1], 1 / shape[-1]))
        if box.name not in self._tables:
            how = self.mechanisms[box.name]
            self._tables[box.name] = (
                self._learned(box, how, shape)
                if isinstance(how, LearnedTable)
                else self._given(box, shape)
            )
        return self._tables[box.name]

    def _given(self, box: Box, shape: tuple[int, ...]) -> Any:
        given = self.mechanisms[box.name]
        table = pt.as_tensor(
            given if isinstance(given, Variable) else np.asarray(given, dtype=float)
        )
        if table.ndim != len(shape) or any(
            size not in (None, own) for size, own in zip(table.type.shape, shape, strict=True)
        ):
            raise ModelError(
                f"Expected the mechanism of {box.name!r} with shape {shape}, causes first; got {table.type.shape}."
            )
        return table

    def _learned(self, box: Box, how: LearnedTable, shape: tuple[int, ...]) -> Any:
        model = pm.modelcontext(None)
        labels = [self.diagram.wires[wire].name for wire in (*box.inputs, made(box))]
        for label, wire in zip(labels, (*box.inputs, made(box)), strict=True):
            model.add_coord(f"{label} level", levels_of(self.diagram.wires[wire]))
        given = f" | {', '.join(labels[:-1])}" if box.inputs else ""
        concentration = np.broadcast_to(np.array(how.concentration, dtype=float), shape)
        return pm.Dirichlet(
            f"P({box.name}{given})", concentration, dims=[f"{label} level" for label in labels]
        )

    def _linear(self, box: Box, how: LinearGaussian, causes: list[Any]) -> Any:
        mean = pm.Normal(f"{box.name} intercept", 0, how.intercept)
        for wire, cause in zip(box.inputs, causes, strict=True):
            mean = mean + pm.Normal(
                f"{box.name} by {self.diagram.wires[wire].name}", 0, how.slope
            ) * self._number(wire, cause)
        return pm.Normal.dist(mean, pm.HalfNormal(f"{box.name} noise", how.noise))

    def _number(self, wire: int, cause: Any) -> Any:
        of = self.diagram.wires[wire]
        if of.levels is None:
            return cause
        try:
            return pt.as_tensor(np.array(of.levels, dtype=float))[cause]
        except (TypeError, ValueError):
            raise ModelError(
                f"Expected levels of {of.label} that are numbers for a linear mechanism, got {list(of.levels)}; give a function instead."
            ) from None


def made(box: Box) -> int:
    """The wire that a box makes; an error if it makes several."""
    if len(box.outputs) != 1:
        raise ModelError(
            f"Expected boxes that make one variable each; {box.name!r} makes {len(box.outputs)}."
        )
    return box.outputs[0]


def value_of(diagram: Hypergraph, wire: int, value: Any) -> Any:
    """A level as its position, a number as it is."""
    return (
        value if diagram.wires[wire].levels is None else level_position(diagram.wires[wire], value)
    )


def _data(model: pm.Model, diagram: Hypergraph, wire: int, value: Any, cases: int | None) -> Any:
    """Data under the label of a wire, of the type that a random variable there has, which `pm.Data` would change."""
    of = diagram.wires[wire]
    filled = np.full(
        () if cases is None else cases, value, dtype="int64" if of.levels is not None else "float64"
    )
    shared = pytensor.shared(filled, name=of.label)
    model.register_data_var(shared, dims=None if cases is None else (CASE,))
    return shared


def is_random(how: Any) -> bool:
    """Whether it is a distribution and no expression."""
    owner = getattr(how, "owner", None)
    return owner is not None and isinstance(owner.op, RandomVariable | SymbolicRandomVariable)


def registered(model: pm.Model, name: str, how: Any, dims: tuple[str, ...], observed: Any) -> Any:
    """The variable with some distribution, or that equals an expression, under its name; one for each case if there are dims."""
    size = [len(model.coords[dim]) for dim in dims]
    how = pt.as_tensor(how)
    if how.ndim < len(size):
        how = change_dist_size(how, size) if is_random(how) else pt.full(size, how)
    if not is_random(how):
        if observed is not None:
            raise ModelError(
                f"Expected observations of what is left to chance; {name} is a function of its causes."
            )
        return pm.Deterministic(name, how, dims=dims or None)
    return model.register_rv(
        how,
        name,
        observed=None if observed is None else np.broadcast_to(observed, size),
        dims=dims or None,
    )
