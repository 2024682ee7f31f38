"""Common part of the routes that estimate conditional probability tables.

A table route says which tables it estimates and how they give P(outcome | do, given). Questions,
bounds, baselines, simulation and the posterior predictive check follow from these.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from causalstats.core.abilities import Baseline
from causalstats.core.assumption import Assumption
from causalstats.core.check import Check
from causalstats.core.estimand import Estimand
from causalstats.core.observed_units import ObservedUnits
from causalstats.core.prediction import Prediction
from causalstats.core.simulation import Simulation
from causalstats.data import Observations
from causalstats.diagrams.networks.bayesian_network import BayesianNetwork
from causalstats.errors import ModelError
from causalstats.models.causal_diagram import baselines, predictions, simulation
from causalstats.models.causal_diagram.bounds.probabilities_of_causation import (
    causation_query,
)
from causalstats.models.causal_diagram.bounds.queries import bounds_query
from causalstats.models.causal_diagram.counterfactual_query import (
    CounterfactualQuestion,
    arrows_question,
    table_query,
)
from causalstats.models.causal_diagram.effect_on_treated import (
    effect_on_treated_query,
    is_effect_on_treated,
)
from causalstats.models.causal_diagram.estimands import table_estimands
from causalstats.models.causal_diagram.interventional_query import interventional_query
from causalstats.models.causal_diagram.levels import Levels
from causalstats.models.causal_diagram.observed_units import (
    cells_of_people,
    log_prior_of_tables,
)
from causalstats.models.causal_diagram.policy_on_treated import policy_on_treated_query
from causalstats.models.causal_diagram.policy_query import has_policy, policy_query
from causalstats.models.causal_diagram.regression.conditionals import (
    Conditional,
    TableOfLabels,
)
from causalstats.models.causal_diagram.routes.base import (
    Query,
    headline_by_identification,
)
from causalstats.models.causal_diagram.table_priors import TABLE_PRIORS
from causalstats.models.causal_diagram.tables import (
    Table,
    network_of_draws,
    prior_weights,
)
from causalstats.models.causal_diagram.validation import refuse_numbers

if TYPE_CHECKING:
    from causalstats.core.argument_types import Level
    from causalstats.models.causal_diagram.checks.prior_sensitivity import Compute
    from causalstats.models.causal_diagram.model import CausalDiagram


@dataclass(frozen=True)
class TableRoute(ABC):
    """A route that estimates tables of probabilities."""

    model: CausalDiagram

    @property
    def headline(self) -> str:
        return headline_by_identification(self.model)

    @property
    @abstractmethod
    def tables(self) -> tuple[Table, ...]:
        """The tables that are estimated."""

    @abstractmethod
    def probabilities(
        self,
        draws: xr.Dataset,
        data: Observations,
        outcome: Sequence[str],
        do: Sequence[str] = (),
        given: Sequence[str] = (),
    ) -> xr.DataArray:
        """Return P(outcome | do, given) at every level of all of them.

        Parameters
        ----------
        draws : Dataset
            Draws of the tables, dims (chain, draw, given..., variable).
        data : Observations
        outcome, do, given : sequence of str

        Returns
        -------
        DataArray
            Dims (chain, draw, do..., given..., outcome...).
        """

    @abstractmethod
    def recover_marginals(
        self,
        draws: xr.Dataset,
        data: Observations,
        rng: np.random.Generator,
    ) -> xr.Dataset:
        """Return the draws with those of an answer that needs no labels of hidden levels.

        Parameters
        ----------
        draws : Dataset
        data : Observations
        rng : numpy Generator
        """

    @abstractmethod
    def true_tables(self, mechanisms: xr.Dataset, levels: Levels) -> xr.Dataset:
        """Return the tables of this route that known mechanisms make, one draw of one chain."""

    def prior_checks(
        self,
        compute: Compute,
        draws: xr.Dataset,
        data: Observations,
        do: Sequence[str],
    ) -> tuple[Check, ...]:
        """Return whether the prior decides an answer; none where that is not known.

        Parameters
        ----------
        compute : function of draws and data
            The answer.
        draws : Dataset
        data : Observations
        do : sequence of str
            The variables that are set.
        """
        return ()

    def extra_estimands(self) -> dict[str, Estimand]:
        """Return estimands that only this route has."""
        return {}

    def refuse(self, data: Observations) -> None:
        refuse_numbers(data)

    def kind_of(self, table: Table, data: Observations) -> type[Conditional]:
        return TableOfLabels

    def network(self, draws: xr.Dataset, data: Observations) -> BayesianNetwork:
        """Return the tables of all draws as a Bayesian network with axes (chain, draw, ...)."""
        return network_of_draws(draws, self.tables, self.model.levels(data))

    def prior_weights(self, levels: Levels) -> dict[str, np.ndarray]:
        """Return the Dirichlet weights of every table before the data."""
        prior = TABLE_PRIORS[self.model.prior]
        return prior_weights(self.tables, levels, self.model.concentration, prior)

    def assumptions(self) -> tuple[Assumption, ...]:
        return ()

    def estimands(self) -> Mapping[str, Estimand]:
        return table_estimands(self)

    def query(
        self,
        outcome: str,
        do: Mapping[str, Any],
        given: Mapping[str, Any],
        factual: Mapping[str, Any],
        data: Observations,
    ) -> Query:
        if factual and given:
            raise ModelError(
                "The outcome under another treatment is asked with `do` and `factual` alone; say "
                "what else they have in `factual`."
            )
        if has_policy(do) and factual:
            return policy_on_treated_query(self, outcome, do, factual, data)
        if has_policy(do):
            return policy_query(self, outcome, do, given, data)
        if factual and not is_effect_on_treated(self.model, do, factual):
            question = arrows_question(self.model, outcome, do, factual, data)
            return table_query(self, question, data)
        if factual:
            return effect_on_treated_query(self, outcome, do, factual, data)
        return interventional_query(self, outcome, do, given, data)

    def counterfactual(
        self, question: CounterfactualQuestion, data: Observations
    ) -> Query:
        return table_query(self, question, data)

    def bounds(
        self,
        outcome: str,
        do: Mapping[str, Any] | None,
        given: Mapping[str, Any],
        factual: Mapping[str, Any],
        cause: str | Mapping[str, tuple[Level, Level]] | None,
        data: Observations,
    ) -> Query:
        too_much = cause is not None and (given or factual)
        if (do is None) == (cause is None) or too_much:
            raise ModelError(
                "Expected `do`, with or without `given` or `factual`, or else `cause` alone; got "
                f"do={do!r}, given={given!r}, factual={factual!r}, cause={cause!r}."
            )
        if do is None:
            return causation_query(self, outcome, cause, data)
        return bounds_query(self, outcome, do, given, factual, data)

    def simulate(
        self,
        seed: int,
        people: int,
        design: str,
    ) -> Simulation:
        return simulation.simulate(self, seed, people, design)

    def baselines(self, data: Observations) -> Mapping[str, Baseline]:
        return baselines.table_baselines(self.model, data)

    def predictions(
        self,
        draws: xr.Dataset,
        data: Observations,
        rng: np.random.Generator,
    ) -> tuple[Prediction, ...]:
        return predictions.cell_shares(self, draws, data, rng)

    @abstractmethod
    def log_probabilities(self, draws: xr.Dataset, data: Observations) -> np.ndarray:
        """Return the log probability of each cell that was seen, (chain, draw, cell).

        Parameters
        ----------
        draws : Dataset
        data : Observations
        """

    def log_likelihood(self, draws: xr.Dataset, data: Observations) -> xr.DataArray:
        values = self.log_probabilities(draws, data) @ data.counts
        return xr.DataArray(values, dims=("chain", "draw"))

    def observed_units(
        self, draws: xr.Dataset, data: Observations, rng: np.random.Generator
    ) -> ObservedUnits:
        return cells_of_people(self, draws, data, rng)

    def log_prior(self, draws: xr.Dataset, data: Observations) -> xr.Dataset:
        weights = self.prior_weights(self.model.levels(data))
        return log_prior_of_tables(self.tables, weights, draws)

    def data_checks(self, data: Observations) -> tuple[Check, ...]:
        return ()

    def unused_fields(self, data: Observations) -> dict[str, str]:
        reason = f"route={self.model.route!r} does not use it."
        fields = (
            "basis_size",
            "interactions",
            "logit_sd",
            "logit_intercept_sd",
            "confounder_scale",
            "interaction_scale",
        )
        return dict.fromkeys(fields, reason)
