"""The contract of a model: `Model`, which every family implements; `Problem`, a model with data.

A model is a frozen dataclass whose fields are its assumptions. There is nothing to subclass and
nothing to register: a class with the members of `Model` is a model. Optional methods are
the Protocols of `causalstats.core.abilities`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, runtime_checkable

import numpy as np

from causalstats.core.assumption import Assumption
from causalstats.core.estimand import Estimand
from causalstats.errors import DataError

if TYPE_CHECKING:
    import pymc as pm


@runtime_checkable
class Model(Protocol):
    """A frozen dataclass whose fields are its assumptions.

    Every verb of `fit` works on a class with these members. `data` is of the class that the model
    is for: one of causalstats, or a pandas DataFrame.

    See Also
    --------
    causalstats.core.abilities : optional methods of a model.
    """

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def headline(self) -> str:
        """The estimand that sensitivity, comparison and report are about."""

    def inputs(self, data: Any) -> dict[str, np.ndarray]:
        """Return every array of data and assumptions that the graph takes, by name."""

    def build(self, data: Any) -> pm.Model:
        """Return the PyMC graph, with `inputs` in `pm.Data`, and change nothing."""

    def parameters(self, data: Any) -> tuple[str, ...]:
        """Return the names in the posterior whose sampling is checked.

        A name that the posterior lacks is an error. Empty where the posterior is exact.
        """

    def assumptions(self) -> tuple[Assumption, ...]:
        """Return the assumptions of the answers."""

    def estimands(self) -> Mapping[str, Estimand]:
        """Return the questions that the model answers, by name."""


@runtime_checkable
class ChosenByData(Protocol):
    """A model with an assumption that is chosen by the data, where users leave it open."""

    def for_data(self, data: Any) -> Model:
        """Return the model as it is fitted to these data, with nothing left open."""


@dataclass(frozen=True)
class Problem:
    """A model with its data: the argument of a sampler.

    Parameters
    ----------
    model : Model
        What it leaves open is chosen by the data (`ChosenByData`).
    data
        Data of the class that the model is for.

    Examples
    --------
    >>> import causalstats as cs
    >>> model = cs.CausalDiagram("x -> y")
    >>> problem = cs.Problem(model, model.simulate(1, people=50).data)
    >>> len(problem.inputs) > 0
    True
    """

    model: Model
    data: Any

    def __post_init__(self) -> None:
        if isinstance(self.model, ChosenByData):
            object.__setattr__(self, "model", self.model.for_data(self.data))

    @cached_property
    def graph(self) -> pm.Model:
        """The PyMC graph of the model on these data.

        Raises
        ------
        DataError
            If PyMC refuses missing numbers among the inputs.
        """
        try:
            return self.model.build(self.data)
        except NotImplementedError as error:
            missing = _missing_inputs(self.inputs)
            if missing is None:
                raise
            raise missing from error

    @cached_property
    def inputs(self) -> dict[str, np.ndarray]:
        """The arrays that the graph takes."""
        return self.model.inputs(self.data)


def _missing_inputs(inputs: Mapping[str, np.ndarray]) -> DataError | None:
    """Return the error that names the inputs with missing numbers; None where all are there."""
    missing = {
        name: int(np.isnan(values).sum())
        for name, values in inputs.items()
        if np.issubdtype(np.asarray(values).dtype, np.floating)
        and np.isnan(values).any()
    }
    if not missing:
        return None
    counts = ", ".join(f"{count} of {name!r}" for name, count in missing.items())
    return DataError(
        f"Expected inputs without missing numbers, got NaN in {counts}. Drop these rows before the "
        "fit, such as by `frame.dropna()`, or give missing ones a distribution in `build`."
    )
