"""The route on data with missing values: the model's own route on completions of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from causalstats.core.abilities import Baseline, DrawExactly
from causalstats.core.assumption import Assumption
from causalstats.core.check import Check
from causalstats.core.draws_kind import ATTRIBUTE, DrawsKind
from causalstats.core.estimand import Estimand
from causalstats.core.observed_units import ObservedUnits
from causalstats.core.prediction import Prediction
from causalstats.core.simulation import Simulation
from causalstats.data import Observations
from causalstats.errors import ModelError
from causalstats.models.causal_diagram.counterfactual_query import (
    CounterfactualQuestion,
)
from causalstats.models.causal_diagram.missing_values.answers import (
    MakeEstimand,
    answered,
    draw_completions,
)
from causalstats.models.causal_diagram.missing_values.completion import (
    OF_HIERARCHICAL,
    OF_REGRESSIONS,
    first_completion,
    imputation_of,
)
from causalstats.models.causal_diagram.missing_values.incomplete import incomplete_data
from causalstats.models.causal_diagram.missing_values.regression_sampler import (
    mean_names,
)
from causalstats.models.causal_diagram.missing_values.table_sampler import (
    draw_by_augmentation,
)
from causalstats.models.causal_diagram.missing_values.verdict import refuse_unrecovered
from causalstats.models.causal_diagram.regression.conditionals import Conditional
from causalstats.models.causal_diagram.routes import (
    Hierarchical,
    ReducedForm,
    Regression,
    Route,
    route_on,
)
from causalstats.models.causal_diagram.routes.base import Query
from causalstats.models.causal_diagram.tables import Table, tables_as_draws

if TYPE_CHECKING:
    import pymc as pm

    from causalstats.core.argument_types import Level
    from causalstats.models.causal_diagram.model import CausalDiagram

_ANSWERS_OF_THE_EFFECT = ("effect", "interventional")


@dataclass(frozen=True)
class Augmented:
    """A route on data some of whose values are missing.

    Parameters
    ----------
    model : CausalDiagram
    base : Route
        The route of the model.
    """

    model: CausalDiagram
    base: Route

    def chosen(self, data: Observations) -> ReducedForm | Regression:
        """Return the route that is taken on completions of these data.

        Raises
        ------
        ModelError
            If that route does not take data with missing values.
        """
        route = route_on(self.base, self._first(data))
        if not isinstance(route, ReducedForm | Regression):
            raise ModelError(
                f"route={self.model.route!r} takes complete rows alone. Read them with "
                "`missing='drop'`, or take route='reduced' of labels or route='regression' of "
                "numbers, which fill in what is missing."
            )
        return route

    def _first(self, data: Observations) -> Observations:
        return first_completion(self.model, data)

    def _regressions(self, whole: Observations) -> Regression | None:
        """Return the route on complete data where it is by regressions."""
        route = route_on(self.base, whole)
        return route if isinstance(route, Regression) else None

    @property
    def headline(self) -> str:
        return self.base.headline

    @property
    def tables(self) -> tuple[Table, ...]:
        return self.base.tables

    def refuse(self, data: Observations) -> None:
        self.chosen(data).refuse(self._first(data))

    def kind_of(self, table: Table, data: Observations) -> type[Conditional]:
        return self.chosen(data).kind_of(table, self._first(data))

    def inputs(self, data: Observations) -> dict[str, np.ndarray]:
        raise _drawn_without_a_graph()

    def build(self, data: Observations) -> pm.Model:
        raise _drawn_without_a_graph()

    def exact_posterior(self, data: Observations) -> DrawExactly:
        whole = self._first(data)
        levels = self.model.levels(whole)
        route = self.chosen(data)
        bounds = self.headline == "bounds"
        refuse_unrecovered(
            self.model, self.model.outcome, (self.model.treatment,), joint=bounds
        )

        def draw_tables(
            chains: int, draws: int, rng: np.random.Generator
        ) -> xr.Dataset:
            assert isinstance(route, ReducedForm)
            weights = route.prior_weights(levels)
            incomplete = incomplete_data(self.model, data)
            arrays = draw_by_augmentation(
                route.tables, weights, incomplete, (chains, draws), rng
            )
            return tables_as_draws(arrays, route.tables, levels)

        def draw_by_completions(
            chains: int, draws: int, rng: np.random.Generator
        ) -> xr.Dataset:
            assert isinstance(route, Regression)
            thin = isinstance(route, Hierarchical)
            effort = OF_HIERARCHICAL if thin else OF_REGRESSIONS
            incomplete = imputation_of(self.model, data).incomplete
            number = effort.number(incomplete, chains, draws) if data.gaps else 1
            return draw_completions(route, data, chains, draws, rng, number)

        by_tables = isinstance(route, ReducedForm)
        draw = draw_tables if by_tables else draw_by_completions

        def of_chains(chains: int, draws: int, rng: np.random.Generator) -> xr.Dataset:
            posterior = draw(chains, draws, rng)
            if isinstance(route, Hierarchical):
                posterior.attrs[ATTRIBUTE] = DrawsKind.LAPLACE.value
            elif data.gaps:
                posterior.attrs[ATTRIBUTE] = DrawsKind.CHAINS.value
            return posterior

        return of_chains

    def recover_marginals(
        self, draws: xr.Dataset, data: Observations, rng: np.random.Generator
    ) -> xr.Dataset:
        return draws

    def parameters(self, data: Observations) -> tuple[str, ...]:
        gaps = set(data.gaps)
        route = self.chosen(data)
        if isinstance(route, ReducedForm):
            formula = self.model.identification.expression
            needed = set(self.model.graph.nodes) if formula is None else formula.free
            needed = needed | {self.model.outcome, self.model.treatment}
            return tuple(
                table.name
                for table in route.tables
                if gaps & set(table.axes) and table.variable in needed
            )
        plain = self.model.basis_size == 1 and not isinstance(route, Hierarchical)
        if plain:
            return route.parameters(self._first(data))
        return mean_names(imputation_of(self.model, data).incomplete)

    def assumptions(self) -> tuple[Assumption, ...]:
        return self.base.assumptions()

    def estimands(self) -> Mapping[str, Estimand]:
        named = self.base.estimands()
        return {
            name: self._answered(
                estimand,
                partial(_unchanged, estimand),
                (self.model.outcome, (self.model.treatment,)),
                joint=name not in _ANSWERS_OF_THE_EFFECT,
            )
            for name, estimand in named.items()
        }

    def _answered(
        self,
        estimand: Estimand,
        make: MakeEstimand,
        query: tuple[str, tuple[str, ...]],
        joint: bool,
    ) -> Estimand:
        """Return an estimand that also answers data with missing values.

        Parameters
        ----------
        estimand : Estimand
        make : function of complete data
        query : (str, tuple of str)
            The outcome, and the variables that are set.
        joint : bool
            Whether it needs the distribution of all variables.
        """
        refuse = partial(refuse_unrecovered, self.model, *query, joint)
        return answered(self.model, self._regressions, estimand, make, refuse)

    def _asked(
        self,
        of_route: Callable[[Observations], Query],
        query: tuple[str, tuple[str, ...]],
        joint: bool,
        data: Observations,
    ) -> Query:
        """Return the notation and the estimand of a question on data with missing values.

        Parameters
        ----------
        of_route : function of complete data
        query, joint
            As in `_answered`.
        data : Observations
        """
        refuse_unrecovered(self.model, *query, joint)
        name, estimand = of_route(self._first(data))

        def make(whole: Observations) -> Estimand:
            return of_route(whole)[1]

        return name, self._answered(estimand, make, query, joint)

    def query(
        self,
        outcome: str,
        do: Mapping[str, Any],
        given: Mapping[str, Any],
        factual: Mapping[str, Any],
        data: Observations,
    ) -> Query:
        def of_route(whole: Observations) -> Query:
            return self.base.query(outcome, do, given, factual, whole)

        values = [
            value
            for each in do.values()
            for value in (each if isinstance(each, list | tuple) else [each])
        ]
        plain = all(isinstance(value, str | int | float) for value in values)
        joint = bool(given or factual) or not plain
        return self._asked(of_route, (outcome, tuple(do)), joint, data)

    def counterfactual(
        self, question: CounterfactualQuestion, data: Observations
    ) -> Query:
        def of_route(whole: Observations) -> Query:
            return self.base.counterfactual(question, whole)

        query = (self.model.outcome, (self.model.treatment,))
        return self._asked(of_route, query, True, data)

    def bounds(
        self,
        outcome: str,
        do: Mapping[str, Any] | None,
        given: Mapping[str, Any],
        factual: Mapping[str, Any],
        cause: str | Mapping[str, tuple[Level, Level]] | None,
        data: Observations,
    ) -> Query:
        def of_route(whole: Observations) -> Query:
            return self.base.bounds(outcome, do, given, factual, cause, whole)

        query = (self.model.outcome, (self.model.treatment,))
        return self._asked(of_route, query, True, data)

    def simulate(self, seed: int, people: int, design: str) -> Simulation:
        return self.base.simulate(seed, people, design)

    def log_likelihood(self, draws: xr.Dataset, data: Observations) -> xr.DataArray:
        raise _no_likelihood()

    def observed_units(
        self, draws: xr.Dataset, data: Observations, rng: np.random.Generator
    ) -> ObservedUnits:
        raise _no_likelihood()

    def log_prior(self, draws: xr.Dataset, data: Observations) -> xr.Dataset:
        raise _no_likelihood()

    def baselines(self, data: Observations) -> Mapping[str, Baseline]:
        return {}

    def predictions(
        self, draws: xr.Dataset, data: Observations, rng: np.random.Generator
    ) -> tuple[Prediction, ...]:
        return ()

    def data_checks(self, data: Observations) -> tuple[Check, ...]:
        return self.chosen(data).data_checks(self._first(data))

    def unused_fields(self, data: Observations) -> dict[str, str]:
        return self.chosen(data).unused_fields(self._first(data))


def _unchanged(estimand: Estimand, data: Observations) -> Estimand:
    return estimand


def _drawn_without_a_graph() -> ModelError:
    return ModelError(
        "Data with missing values are drawn by data augmentation and have no PyMC graph: leave "
        "`sampler` out, or read complete rows with `missing='drop'`."
    )


def _no_likelihood() -> ModelError:
    return ModelError(
        "Rows with missing values have no likelihood of their own here. Read complete rows with "
        "`missing='drop'` to compare models by it."
    )
