"""Regressions and the g-formula: for numeric variables, or categorical ones with sparse cells.

Each conditional distribution of the identified formula is a regression: linear for a numeric
variable, logistic for a categorical one (or a table, if rows are enough). The answer is the
g-formula by simulation (g-computation). Variables without a condition come from the rows
themselves, weighted by the Bayesian bootstrap.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
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
from causalstats.errors import ModelError
from causalstats.models.causal_diagram.counterfactual_query import (
    CounterfactualQuestion,
)
from causalstats.models.causal_diagram.observed_units import (
    log_prior_of_regressions,
    outcomes_of_people,
)
from causalstats.models.causal_diagram.policy_query import has_policy
from causalstats.models.causal_diagram.regression.baselines import regression_baselines
from causalstats.models.causal_diagram.regression.conditionals import (
    Conditional,
    LogisticRegression,
    TableOfLabels,
    conditionals_of,
    usual_kind,
)
from causalstats.models.causal_diagram.regression.conditionals.logistic import prior_sds
from causalstats.models.causal_diagram.regression.counterfactuals import (
    regression_counterfactual,
)
from causalstats.models.causal_diagram.regression.estimands import regression_estimands
from causalstats.models.causal_diagram.regression.g_formula import simulation_order
from causalstats.models.causal_diagram.regression.interventions import (
    regression_query,
)
from causalstats.models.causal_diagram.regression.policies import regression_policy
from causalstats.models.causal_diagram.regression.specification_checks import (
    specification_checks,
)
from causalstats.models.causal_diagram.routes.base import (
    Query,
    headline_by_identification,
)
from causalstats.models.causal_diagram.tables import Table
from causalstats.models.causal_diagram.validation import (
    refuse_constant_numbers,
    refuse_unidentified,
)

if TYPE_CHECKING:
    import pymc as pm

    from causalstats.core.argument_types import Level
    from causalstats.models.causal_diagram.model import CausalDiagram


@dataclass(frozen=True)
class Regression:
    """Regressions for the conditional distributions of the g-formula."""

    model: CausalDiagram

    @property
    def headline(self) -> str:
        return headline_by_identification(self.model)

    @cached_property
    def tables(self) -> tuple[Table, ...]:
        refuse_unidentified(self.model.identification)
        return simulation_order(self.model.identification).tables

    def refuse(self, data: Observations) -> None:
        if self.model.diagram.roles.selected:
            refuse_unidentified(self.model.identification)
        refuse_constant_numbers((self.model.treatment, self.model.outcome), data)

    def kind_of(self, table: Table, data: Observations) -> type[Conditional]:
        return usual_kind(table, data)

    def conditionals(self, data: Observations) -> list[Conditional]:
        """Return the conditional distributions of the formula on these data."""
        return list(conditionals_of(self.model, self.tables, data).values())

    def inputs(self, data: Observations) -> dict[str, np.ndarray]:
        return _inputs(self.conditionals(data), data)

    def build(self, data: Observations) -> pm.Model:
        import pymc as pm

        conditionals = self.conditionals(data)
        levels = self.model.levels(data)
        inputs = _inputs(conditionals, data)
        tabled = [
            each.table for each in conditionals if isinstance(each, TableOfLabels)
        ]
        coords = {name: list(levels[name]) for table in tabled for name in table.axes}
        with pm.Model(coords=coords) as graph:
            values = {name: pm.Data(name, array) for name, array in inputs.items()}
            for conditional in conditionals:
                conditional.add_to_graph(values)
        return graph

    def exact_posterior(self, data: Observations) -> DrawExactly | None:
        conditionals = self.conditionals(data)
        if not all(conditional.is_conjugate for conditional in conditionals):
            return None
        levels = self.model.levels(data)

        def draw(
            chains: int,
            draws: int,
            rng: np.random.Generator,
        ) -> xr.Dataset:
            arrays: dict[str, Any] = {}
            coords: dict[str, Any] = {
                "chain": np.arange(chains),
                "draw": np.arange(draws),
            }
            for conditional in conditionals:
                arrays |= conditional.draw((chains, draws), rng)
                if isinstance(conditional, TableOfLabels):
                    coords |= {
                        name: list(levels[name]) for name in conditional.table.axes
                    }
            return xr.Dataset(arrays, coords)

        return draw

    def recover_marginals(
        self,
        draws: xr.Dataset,
        data: Observations,
        rng: np.random.Generator,
    ) -> xr.Dataset:
        return draws

    def parameters(self, data: Observations) -> tuple[str, ...]:
        return tuple(
            name for each in self.conditionals(data) for name in each.parameters
        )

    def assumptions(self) -> tuple[Assumption, ...]:
        return (self._form_assumption(), self._prior_assumption())

    def _form_assumption(self) -> Assumption:
        size = self.model.basis_size
        shape = (
            "a straight line" if size == 1 else f"a spline of at most {size} columns"
        )
        products = "with" if self.model.interactions == "pairs" else "without"
        return Assumption(
            name="regressions",
            statement=f"Each number that is conditioned on acts by {shape}, {products} products of "
            "pairs besides those that a question is about; numbers have normal errors of one "
            "variance, and labels that depend on numbers, or on more labels than the rows can fill "
            "a table of, are logistic.",
            if_wrong="The answer is that of another curve: see the sensitivity to `basis_size` and "
            "`interactions`.",
            formula="E(y | x) = φ(x)'b, or logit P(y | x) = φ(x)'b",
            checks=(
                "form of the regressions",
                "one effect along the covariates",
                "equal variances",
                "overlap",
            ),
            fields=("basis_size", "interactions"),
        )

    def _prior_assumption(self) -> Assumption:
        concentration = self.model.concentration
        slope_sd, intercept_sd = prior_sds(self.model)
        return Assumption(
            name="prior of the regressions",
            statement=f"Linear coefficients have a prior that weighs as much as {concentration:g} "
            "of the observations and shrinks all of them by one factor (g-prior); logistic ones "
            f"are Normal(0, {slope_sd:.3g}) for a column with standard deviation 1, and the "
            f"intercept Normal(0, {intercept_sd:.3g}).",
            if_wrong="With few observations, or with events that are rare, effects are drawn "
            "towards nothing: see the sensitivity to `concentration` and `logit_sd`.",
            formula=f"b ~ N(0, σ² n (Z'Z)⁻¹ / {concentration:g})",
            fields=("concentration", "logit_sd", "logit_intercept_sd"),
        )

    def estimands(self) -> Mapping[str, Estimand]:
        return regression_estimands(self.model)

    def query(
        self,
        outcome: str,
        do: Mapping[str, Any],
        given: Mapping[str, Any],
        factual: Mapping[str, Any],
        data: Observations,
    ) -> Query:
        if has_policy(do):
            return regression_policy(self.model, outcome, do, given, factual, data)
        return regression_query(self.model, outcome, do, given, factual, data)

    def counterfactual(
        self, question: CounterfactualQuestion, data: Observations
    ) -> Query:
        return regression_counterfactual(self.model, question, data)

    def bounds(
        self,
        outcome: str,
        do: Mapping[str, Any] | None,
        given: Mapping[str, Any],
        factual: Mapping[str, Any],
        cause: str | Mapping[str, tuple[Level, Level]] | None,
        data: Observations,
    ) -> Query:
        raise ModelError(
            "Bounds are of labels. Cut the numbers into levels, e.g. with `pandas.cut`, and use "
            "route='reduced'."
        )

    def simulate(
        self,
        seed: int,
        people: int,
        design: str,
    ) -> Simulation:
        raise ModelError(
            "The regression route does not say how numbers arise, so it does not simulate them. "
            "Labels are simulated by the other two."
        )

    def log_likelihood(self, draws: xr.Dataset, data: Observations) -> xr.DataArray:
        raise ModelError(
            "The regression route models some conditional distributions and not the whole data: "
            "they have no likelihood."
        )

    def observed_units(
        self, draws: xr.Dataset, data: Observations, rng: np.random.Generator
    ) -> ObservedUnits:
        return outcomes_of_people(self.model, self.conditionals(data), draws, data, rng)

    def log_prior(self, draws: xr.Dataset, data: Observations) -> xr.Dataset:
        return log_prior_of_regressions(self.conditionals(data), draws)

    def baselines(self, data: Observations) -> Mapping[str, Baseline]:
        return regression_baselines(self.model, data)

    def predictions(
        self,
        draws: xr.Dataset,
        data: Observations,
        rng: np.random.Generator,
    ) -> tuple[Prediction, ...]:
        return ()

    def data_checks(self, data: Observations) -> tuple[Check, ...]:
        return specification_checks(self.model, data)

    def unused_fields(self, data: Observations) -> dict[str, str]:
        unused = {
            "prior": "the weight of the prior is that of each cell, or of each regression.",
            "hidden_levels": f"route={self.model.route!r} does not use it: hidden variables have "
            "no mechanism in it.",
            "confounder_scale": f"route={self.model.route!r} does not use it.",
            "interaction_scale": f"route={self.model.route!r} does not use it.",
        }
        if not any(
            isinstance(each, LogisticRegression) for each in self.conditionals(data)
        ):
            reason = "no regression of the formula is logistic."
            unused |= dict.fromkeys(("logit_sd", "logit_intercept_sd"), reason)
        return unused


def _inputs(
    conditionals: list[Conditional], data: Observations
) -> dict[str, np.ndarray]:
    arrays = {"counts": data.counts}
    for conditional in conditionals:
        arrays |= conditional.inputs()
    return arrays
