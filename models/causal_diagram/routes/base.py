"""The methods that every route from data to an effect has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import xarray as xr

from causalstats.core.abilities import Baseline, DrawExactly
from causalstats.core.assumption import Assumption
from causalstats.core.check import Check
from causalstats.core.estimand import Estimand
from causalstats.core.observed_units import ObservedUnits
from causalstats.core.prediction import Prediction
from causalstats.core.simulation import Simulation
from causalstats.data import Observations
from causalstats.models.causal_diagram.tables import Table

if TYPE_CHECKING:
    import pymc as pm

    from causalstats.core.argument_types import Level
    from causalstats.models.causal_diagram.counterfactual_query import (
        CounterfactualQuestion,
    )
    from causalstats.models.causal_diagram.model import CausalDiagram
    from causalstats.models.causal_diagram.regression.conditionals import Conditional

Query = tuple[str, Estimand]
"""The notation of a query, and its estimand."""


def headline_by_identification(model: CausalDiagram) -> str:
    """Return the effect, or its bounds where the diagram alone does not identify it."""
    return "effect" if model.identification.identified else "bounds"


class Route(Protocol):
    """One way to estimate what a diagram identifies, of one model: `ROUTES[name](model)`.

    `CausalDiagram` delegates the methods of the same names; its docstrings say what they do.
    """

    def __init__(self, model: CausalDiagram) -> None: ...

    @property
    def model(self) -> CausalDiagram: ...

    @property
    def headline(self) -> str:
        """The answer that a fit opens with: the effect, or its bounds."""

    @property
    def tables(self) -> tuple[Table, ...]:
        """The conditional distributions that are estimated."""

    def refuse(self, data: Observations) -> None:
        """Raise a `ModelError` where this route cannot take the data."""

    def kind_of(self, table: Table, data: Observations) -> type[Conditional]:
        """Return how a conditional distribution is estimated."""

    def inputs(self, data: Observations) -> dict[str, np.ndarray]: ...

    def build(self, data: Observations) -> pm.Model: ...

    def exact_posterior(self, data: Observations) -> DrawExactly | None: ...

    def recover_marginals(
        self,
        draws: xr.Dataset,
        data: Observations,
        rng: np.random.Generator,
    ) -> xr.Dataset: ...

    def parameters(self, data: Observations) -> tuple[str, ...]: ...

    def assumptions(self) -> tuple[Assumption, ...]:
        """The assumptions that this route adds to those of the diagram."""

    def estimands(self) -> Mapping[str, Estimand]: ...

    def query(
        self,
        outcome: str,
        do: Mapping[str, Any],
        given: Mapping[str, Any],
        factual: Mapping[str, Any],
        data: Observations,
    ) -> Query: ...

    def counterfactual(
        self, question: CounterfactualQuestion, data: Observations
    ) -> Query:
        """Return the notation and the estimand of events in several worlds."""

    def bounds(
        self,
        outcome: str,
        do: Mapping[str, Any] | None,
        given: Mapping[str, Any],
        factual: Mapping[str, Any],
        cause: str | Mapping[str, tuple[Level, Level]] | None,
        data: Observations,
    ) -> Query: ...

    def simulate(
        self,
        seed: int,
        people: int,
        design: str,
    ) -> Simulation: ...

    def log_likelihood(self, draws: xr.Dataset, data: Observations) -> xr.DataArray: ...

    def observed_units(
        self,
        draws: xr.Dataset,
        data: Observations,
        rng: np.random.Generator,
    ) -> ObservedUnits: ...

    def log_prior(self, draws: xr.Dataset, data: Observations) -> xr.Dataset: ...

    def baselines(self, data: Observations) -> Mapping[str, Baseline]: ...

    def predictions(
        self,
        draws: xr.Dataset,
        data: Observations,
        rng: np.random.Generator,
    ) -> tuple[Prediction, ...]: ...

    def data_checks(self, data: Observations) -> tuple[Check, ...]:
        """The checks of the data that only this route has."""

    def unused_fields(self, data: Observations) -> dict[str, str]: ...
