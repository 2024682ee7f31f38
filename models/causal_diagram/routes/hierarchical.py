"""Hierarchical logistic regressions in the identified formula, for labels with thin cells.

Each conditional distribution of the formula is a (multinomial) logistic regression with blocks of
interactions whose scales are learned, a propensity of the treatment as a covariate, products of
confounders that score tests find, and random effects of cells; see
`regression.hierarchical.logistic_regression`. Variables without a condition come from the rows
themselves, weighted by the Bayesian bootstrap. The posterior is a normal approximation, with its
mean corrected for skewness, drawn from directly.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from causalstats.core.abilities import DrawExactly
from causalstats.core.assumption import Assumption
from causalstats.core.check import Check
from causalstats.core.draws_kind import ATTRIBUTE, DrawsKind
from causalstats.core.estimand import Estimand
from causalstats.core.simulation import Simulation
from causalstats.data import Observations
from causalstats.errors import ModelError
from causalstats.models.causal_diagram.assumptions import TABLE_PRIOR
from causalstats.models.causal_diagram.counterfactual_query import (
    CounterfactualQuestion,
)
from causalstats.models.causal_diagram.regression.conditionals import (
    Conditional,
    hierarchical_kind,
)
from causalstats.models.causal_diagram.regression.conditionals.hierarchical import (
    treatment_among,
)
from causalstats.models.causal_diagram.regression.hierarchical.associations import (
    association_estimands,
    effect_contrasts,
)
from causalstats.models.causal_diagram.regression.hierarchical.model_checks import (
    hierarchical_model_checks,
)
from causalstats.models.causal_diagram.routes.base import Query
from causalstats.models.causal_diagram.routes.reduced import ReducedForm
from causalstats.models.causal_diagram.routes.regression import Regression
from causalstats.models.causal_diagram.tables import Table
from causalstats.models.causal_diagram.thin_cells import MOST_MAIN, main_coefficients

if TYPE_CHECKING:
    from causalstats.core.argument_types import Level
    from causalstats.models.causal_diagram.model import CausalDiagram

_SEED_OF_TABLES = 0
BY_REGRESSIONS = "By hierarchical logistic regressions."


@dataclass(frozen=True)
class Hierarchical(Regression):
    """Regressions for the conditional distributions of the g-formula, hierarchical for labels."""

    @cached_property
    def reduced(self) -> ReducedForm:
        """The tables of the same diagram, for bounds and simulation."""
        return ReducedForm(replace(self.model, route="reduced"))

    def refuse(self, data: Observations) -> None:
        super().refuse(data)
        for table in self.tables:
            treatment = treatment_among(self.model, table)
            number = next(
                (
                    name
                    for name in (table.variable, treatment)
                    if name in data.continuous
                ),
                None,
            )
            if number is not None:
                raise ModelError(
                    f"Expected labels in {table.name}, of which confounders alone may be numbers; "
                    f"{number!r} is a number. Use route='regression', or cut it into levels, e.g. "
                    "with `pandas.cut`."
                )
            size = main_coefficients(self.model, table, data)
            if size > MOST_MAIN:
                raise ModelError(
                    f"{table.name} has {size:,} coefficients, and at most {MOST_MAIN} can be held. "
                    "Join levels, or leave out variables that the answer does not need."
                )

    def kind_of(self, table: Table, data: Observations) -> type[Conditional]:
        return hierarchical_kind(table, data)

    def exact_posterior(self, data: Observations) -> DrawExactly | None:
        draw_all = super().exact_posterior(data)
        assert draw_all is not None

        def draw(chains: int, draws: int, rng: np.random.Generator) -> xr.Dataset:
            posterior = draw_all(chains, draws, rng)
            posterior.attrs[ATTRIBUTE] = DrawsKind.LAPLACE.value
            return posterior

        return draw

    def assumptions(self) -> tuple[Assumption, ...]:
        return (hierarchical_assumption(self.model),)

    def estimands(self) -> Mapping[str, Estimand]:
        estimands = super().estimands()
        effect = estimands["effect"]
        effect = replace(effect, compute=partial(effect_contrasts, self.model))
        x = self.model.treatment
        interventional = replace(
            estimands["interventional"],
            description=f"P({self.model.outcome} | do({x})) at every level of {x}.",
        )
        named = {
            **estimands,
            "effect": effect,
            "interventional": interventional,
            **association_estimands(self.model),
        }
        return {name: _by_regressions(each) for name, each in named.items()}

    def bounds(
        self,
        outcome: str,
        do: Mapping[str, Any] | None,
        given: Mapping[str, Any],
        factual: Mapping[str, Any],
        cause: str | Mapping[str, tuple[Level, Level]] | None,
        data: Observations,
    ) -> Query:
        if data.continuous:
            return super().bounds(outcome, do, given, factual, cause, data)
        query = self.reduced.bounds(outcome, do, given, factual, cause, data)
        return by_tables(self.reduced, query)

    def query(
        self,
        outcome: str,
        do: Mapping[str, Any],
        given: Mapping[str, Any],
        factual: Mapping[str, Any],
        data: Observations,
    ) -> Query:
        try:
            name, estimand = super().query(outcome, do, given, factual, data)
        except ModelError:
            if data.continuous:
                raise
        else:
            return name, _by_regressions(estimand)
        query = self.reduced.query(outcome, do, given, factual, data)
        return by_tables(self.reduced, query)

    def counterfactual(
        self, question: CounterfactualQuestion, data: Observations
    ) -> Query:
        try:
            name, estimand = super().counterfactual(question, data)
        except ModelError:
            if data.continuous:
                raise
        else:
            return name, _by_regressions(estimand)
        query = self.reduced.counterfactual(question, data)
        return by_tables(self.reduced, query)

    def simulate(self, seed: int, people: int, design: str) -> Simulation:
        if design == "prior":
            raise ModelError(
                "Hierarchical regressions do not say how confounders arise, so that data cannot be "
                "drawn from their prior. Expected design='mechanisms'."
            )
        return self.reduced.simulate(seed, people, design)

    def data_checks(self, data: Observations) -> tuple[Check, ...]:
        return hierarchical_model_checks(self.model, self.conditionals(data), data)

    def unused_fields(self, data: Observations) -> dict[str, str]:
        unused = {
            "prior": "the priors are those of regressions.",
            "concentration": "the priors are those of regressions.",
            "hidden_levels": f"route={self.model.route!r} does not use it: hidden variables have "
            "no mechanism in it.",
            "interactions": "interactions are always in the regressions of labels.",
        }
        if data.continuous:
            del unused["concentration"], unused["interactions"]
        else:
            unused["basis_size"] = "no variable is a number."
        return unused


def _by_regressions(estimand: Estimand) -> Estimand:
    """Return an estimand that says that regressions give it, and no prior of tables."""
    names = tuple(name for name in estimand.assumptions if name != TABLE_PRIOR)
    estimand = replace(estimand, assumptions=names)
    in_words = estimand.in_words
    if in_words is None:
        description = f"{estimand.description} {BY_REGRESSIONS}"
        return replace(estimand, description=description)

    def words(data: Observations) -> tuple[str, str]:
        description, contrast = in_words(data)
        return f"{description} {BY_REGRESSIONS}", contrast

    return replace(estimand, in_words=words)


def by_tables(reduced: ReducedForm, query: Query) -> Query:
    """Return a question that is answered by tables, with their own draws and checks.

    Parameters
    ----------
    reduced : ReducedForm
    query : (str, Estimand)
    """
    name, estimand = query

    def tables(draws: xr.Dataset, data: Observations) -> xr.Dataset:
        rng = np.random.default_rng(_SEED_OF_TABLES)
        size = (draws.sizes["chain"], draws.sizes["draw"])
        return reduced.exact_posterior(data)(*size, rng)

    def compute(draws: xr.Dataset, data: Observations) -> xr.DataArray:
        return estimand.compute(tables(draws, data), data)

    def checks(draws: xr.Dataset, data: Observations) -> tuple[Check, ...]:
        assert estimand.checks is not None
        return estimand.checks(tables(draws, data), data)

    has_checks = estimand.checks is not None
    return name, replace(
        estimand, compute=compute, checks=checks if has_checks else None
    )


def hierarchical_assumption(model: CausalDiagram) -> Assumption:
    """Return what hierarchical regressions assume."""
    return Assumption(
        name="hierarchical regressions",
        statement="Labels are logistic in what they depend on, with interactions that are mostly "
        "small: coefficients of confounders, of pairs of them, and of the treatment by them are "
        "normal with standard deviations that are learned (half-normal, "
        f"{model.confounder_scale:g} and {model.interaction_scale:g} logits). Numbers act along "
        f"{_curve(model)}. Products of more "
        "confounders are entered where a score test finds them, and a propensity of the treatment "
        "is a covariate.",
        if_wrong="A curve in a number that is left out leaves confounding in the answer, which "
        "`basis_size` lessens; so do many small interactions of three or more confounders, in "
        "treatment and outcome alike, which no check of these data can find.",
        formula="logit P(y | x, z) = x'b + u_z, b ~ N(0, s²) in each block, s ~ half-normal",
        checks=(
            "form of the regressions",
            "confounding left by the regressions",
            "dense interactions",
            "positivity",
            "overlap",
            "number of events",
            "normal approximation",
        ),
        fields=(
            "confounder_scale",
            "interaction_scale",
            "logit_sd",
            "logit_intercept_sd",
            "basis_size",
        ),
    )


def _curve(model: CausalDiagram) -> str:
    if model.basis_size == 1:
        return "straight lines"
    return f"splines of {model.basis_size} columns"
