"""Tables where cells are full, hierarchical regressions where they are thin.

The choice is made on the data, by `thin_cells.regressions_are_needed`; every answer says which of
the two it is by.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

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
from causalstats.models.causal_diagram.counterfactual_query import (
    CounterfactualQuestion,
)
from causalstats.models.causal_diagram.regression.conditionals import Conditional
from causalstats.models.causal_diagram.routes.base import (
    Query,
    Route,
    headline_by_identification,
)
from causalstats.models.causal_diagram.routes.hierarchical import (
    Hierarchical,
    hierarchical_assumption,
)
from causalstats.models.causal_diagram.routes.reduced import ReducedForm
from causalstats.models.causal_diagram.tables import Table
from causalstats.models.causal_diagram.thin_cells import regressions_are_needed

if TYPE_CHECKING:
    import pymc as pm

    from causalstats.core.argument_types import Level
    from causalstats.models.causal_diagram.model import CausalDiagram


@dataclass(frozen=True)
class Automatic:
    """One of two routes, chosen by the data."""

    model: CausalDiagram

    @cached_property
    def reduced(self) -> ReducedForm:
        return ReducedForm(replace(self.model, route="reduced"))

    @cached_property
    def hierarchical(self) -> Hierarchical:
        return Hierarchical(replace(self.model, route="hierarchical"))

    def chosen(self, data: Observations) -> Route:
        """Return the route for these data."""
        if regressions_are_needed(self.reduced.model, data):
            return self.hierarchical
        return self.reduced

    def of_draws(self, draws: xr.Dataset, data: Observations) -> Route:
        """Return the route that draws are of: simulated truths are tables whatever the data."""
        if all(table.name in draws for table in self.reduced.tables):
            return self.reduced
        return self.chosen(data)

    @property
    def headline(self) -> str:
        return headline_by_identification(self.model)

    @property
    def tables(self) -> tuple[Table, ...]:
        return self.reduced.tables

    def refuse(self, data: Observations) -> None:
        self.reduced.refuse(data)

    def kind_of(self, table: Table, data: Observations) -> type[Conditional]:
        return self.chosen(data).kind_of(table, data)

    def inputs(self, data: Observations) -> dict[str, np.ndarray]:
        return self.chosen(data).inputs(data)

    def build(self, data: Observations) -> pm.Model:
        return self.chosen(data).build(data)

    def exact_posterior(self, data: Observations) -> DrawExactly | None:
        return self.chosen(data).exact_posterior(data)

    def recover_marginals(
        self,
        draws: xr.Dataset,
        data: Observations,
        rng: np.random.Generator,
    ) -> xr.Dataset:
        return self.of_draws(draws, data).recover_marginals(draws, data, rng)

    def parameters(self, data: Observations) -> tuple[str, ...]:
        return self.chosen(data).parameters(data)

    def assumptions(self) -> tuple[Assumption, ...]:
        if not self.model.identification.identified:
            return ()
        return (hierarchical_assumption(self.model),)

    def estimands(self) -> Mapping[str, Estimand]:
        return {
            name: self._by_the_chosen(estimand, partial(_named, name))
            for name, estimand in self.reduced.estimands().items()
        }

    def _by_the_chosen(
        self, estimand: Estimand, of_route: Callable[[Route], Estimand]
    ) -> Estimand:
        """Return an estimand whose parts are those of the route of the draws, or of the data.

        Parameters
        ----------
        estimand : Estimand
            Of one of the routes.
        of_route : function of a route
            The same estimand of it.
        """

        def compute(draws: xr.Dataset, data: Observations) -> xr.DataArray:
            return of_route(self.of_draws(draws, data)).compute(draws, data)

        def checks(draws: xr.Dataset, data: Observations) -> tuple[Check, ...]:
            make = of_route(self.of_draws(draws, data)).checks
            return make(draws, data) if make is not None else ()

        def in_words(data: Observations) -> tuple[str, str]:
            this = of_route(self.chosen(data))
            if this.in_words is None:
                return this.description, this.contrast
            return this.in_words(data)

        def assumptions_with(data: Observations) -> tuple[str, ...]:
            return of_route(self.chosen(data)).assumptions

        def sentence(data: Observations) -> str:
            words = of_route(self.chosen(data)).sentence
            return words if isinstance(words, str) else words(data)

        def unavailable(data: Observations) -> str:
            reason = of_route(self.chosen(data)).unavailable_reason
            return reason(data) if reason is not None else ""

        return replace(
            estimand,
            compute=compute,
            checks=checks,
            in_words=in_words,
            assumptions_with=assumptions_with,
            sentence=sentence if estimand.sentence else "",
            unavailable_reason=unavailable,
        )

    def query(
        self,
        outcome: str,
        do: Mapping[str, Any],
        given: Mapping[str, Any],
        factual: Mapping[str, Any],
        data: Observations,
    ) -> Query:
        def of_route(route: Route) -> Query:
            return route.query(outcome, do, given, factual, data)

        return self._query(of_route, data)

    def counterfactual(
        self, question: CounterfactualQuestion, data: Observations
    ) -> Query:
        return self._query(lambda route: route.counterfactual(question, data), data)

    def _query(self, of_route: Callable[[Route], Query], data: Observations) -> Query:
        """Return a question by the route that the data choose, or that the draws are of."""
        name, estimand = of_route(self.chosen(data))
        return name, self._by_the_chosen(estimand, lambda route: of_route(route)[1])

    def bounds(
        self,
        outcome: str,
        do: Mapping[str, Any] | None,
        given: Mapping[str, Any],
        factual: Mapping[str, Any],
        cause: str | Mapping[str, tuple[Level, Level]] | None,
        data: Observations,
    ) -> Query:
        def of_route(route: Route) -> Query:
            return route.bounds(outcome, do, given, factual, cause, data)

        return self._query(of_route, data)

    def simulate(self, seed: int, people: int, design: str) -> Simulation:
        return self.reduced.simulate(seed, people, design)

    def log_likelihood(self, draws: xr.Dataset, data: Observations) -> xr.DataArray:
        return self.of_draws(draws, data).log_likelihood(draws, data)

    def observed_units(
        self, draws: xr.Dataset, data: Observations, rng: np.random.Generator
    ) -> ObservedUnits:
        return self.of_draws(draws, data).observed_units(draws, data, rng)

    def log_prior(self, draws: xr.Dataset, data: Observations) -> xr.Dataset:
        return self.of_draws(draws, data).log_prior(draws, data)

    def baselines(self, data: Observations) -> Mapping[str, Baseline]:
        return self.chosen(data).baselines(data)

    def predictions(
        self,
        draws: xr.Dataset,
        data: Observations,
        rng: np.random.Generator,
    ) -> tuple[Prediction, ...]:
        return self.of_draws(draws, data).predictions(draws, data, rng)

    def data_checks(self, data: Observations) -> tuple[Check, ...]:
        return self.chosen(data).data_checks(data)

    def unused_fields(self, data: Observations) -> dict[str, str]:
        return self.chosen(data).unused_fields(data)


def _named(name: str, route: Route) -> Estimand:
    return route.estimands()[name]
