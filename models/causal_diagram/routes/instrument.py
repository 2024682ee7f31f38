"""Instrumental variables that the diagram names, by `Instrument`: for numbers that are confounded.

The diagram alone does not identify the effect. It says which variables go with the treatment and,
given others, with the outcome only through it (the instruments); to this is added that the effect
is linear and the same in everybody, or else it is the mean over those whom the instruments move.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
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
from causalstats.data import Instrumented, Observations
from causalstats.errors import ModelError
from causalstats.models.causal_diagram.assumptions import DIAGRAM, TABLE_PRIOR
from causalstats.models.causal_diagram.checks.independent_rows import row_checks
from causalstats.models.causal_diagram.counterfactual_query import (
    CounterfactualQuestion,
)
from causalstats.models.causal_diagram.instruments import instrumented, instruments_of
from causalstats.models.causal_diagram.regression.conditionals import (
    Conditional,
    LinearRegression,
)
from causalstats.models.causal_diagram.routes.base import Query
from causalstats.models.causal_diagram.tables import Table

if TYPE_CHECKING:
    import pymc as pm

    from causalstats.core.argument_types import Level
    from causalstats.models.causal_diagram.model import CausalDiagram
    from causalstats.models.instrument.model import Instrument

_BY_FIELD = "`fit.sensitivity(direct=[...])`"
_BY_MODEL = "`cs.Instrument(direct=...)` on `model.instrumented(data)`"
_ANSWERS = ("effect", "confounding", "least_squares_bias")


@dataclass(frozen=True)
class ByInstrument:
    """The effect of a confounded number, by the instruments of the diagram."""

    model: CausalDiagram

    @cached_property
    def instrument(self) -> Instrument:
        """The model of instrumental variables, with its defaults."""
        # A family is loaded when it is first used
        from causalstats.models.instrument.model import Instrument

        return Instrument()

    @property
    def headline(self) -> str:
        return "effect"

    @property
    def tables(self) -> tuple[Table, ...]:
        return ()

    def refuse(self, data: Observations) -> None:
        instruments_of(self.model)  # raises where there are none

    def kind_of(self, table: Table, data: Observations) -> type[Conditional]:
        return LinearRegression

    def data(self, data: Observations) -> Instrumented:
        """Return the data of the model of instrumental variables."""
        return instrumented(self.model, data)

    def inputs(self, data: Observations) -> dict[str, np.ndarray]:
        self.model.levels(data)
        return self.instrument.inputs(self.data(data))

    def build(self, data: Observations) -> pm.Model:
        return self.instrument.build(self.data(data))

    def exact_posterior(self, data: Observations) -> DrawExactly | None:
        self.model.levels(data)
        return self.instrument.exact_posterior(self.data(data))

    def recover_marginals(
        self, draws: xr.Dataset, data: Observations, rng: np.random.Generator
    ) -> xr.Dataset:
        return self.instrument.recover_marginals(draws, self.data(data), rng)

    def parameters(self, data: Observations) -> tuple[str, ...]:
        return self.instrument.parameters(self.data(data))

    def assumptions(self) -> tuple[Assumption, ...]:
        known = {DIAGRAM, "independent observations", "measured without error"}
        return tuple(
            each for each in self.instrument.assumptions() if each.name not in known
        )

    def estimands(self) -> Mapping[str, Estimand]:
        known = self.instrument.estimands()
        return {name: self._on_observations(known[name]) for name in _ANSWERS}

    def _on_observations(self, estimand: Estimand) -> Estimand:
        """Return an estimand of instrumental variables that takes observations."""

        def compute(draws: xr.Dataset, data: Observations) -> xr.DataArray:
            return estimand.compute(draws, self.data(data))

        def checks(draws: xr.Dataset, data: Observations) -> tuple[Check, ...]:
            rng = np.random.default_rng(0)
            study = self.data(data)
            own = estimand.checks(draws, study) if estimand.checks is not None else ()
            of_posterior = self.instrument.posterior_checks(draws, study, rng)
            return (*own, *of_posterior)

        names = tuple(
            each.name for each in self.model.assumptions() if each.name != TABLE_PRIOR
        )
        return replace(
            estimand,
            compute=compute,
            checks=checks,
            assumptions=names,
            marginals=None,
            marginals_at=None,
            at=None,
            savage_dickey=None,
            determined=None,
            assumptions_with=None,
            sentence=self._told(estimand.sentence),
            in_words=self._told(estimand.in_words),
            scale=self._told(estimand.scale),
            unavailable_reason=self._told(estimand.unavailable_reason),
        )

    def _told(self, words: Any) -> Any:
        """Return a function of data as one of observations; anything else as it is."""
        if not callable(words):
            return words
        function: Callable[[Instrumented], Any] = words
        return lambda data: function(self.data(data))

    def query(
        self,
        outcome: str,
        do: Mapping[str, Any],
        given: Mapping[str, Any],
        factual: Mapping[str, Any],
        data: Observations,
    ) -> Query:
        raise _one_effect(self.model)

    def counterfactual(
        self, question: CounterfactualQuestion, data: Observations
    ) -> Query:
        raise _one_effect(self.model)

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

    def simulate(self, seed: int, people: int, design: str) -> Simulation:
        raise ModelError(
            "The diagram does not say how numbers arise, so that they are not simulated: use "
            "`cs.Instrument().simulate(seed)`."
        )

    def log_likelihood(self, draws: xr.Dataset, data: Observations) -> xr.DataArray:
        raise ModelError(
            "The likelihood is that of `cs.Instrument()`: fit `model.instrumented(data)` with it."
        )

    def observed_units(
        self, draws: xr.Dataset, data: Observations, rng: np.random.Generator
    ) -> ObservedUnits:
        return self.instrument.observed_units(draws, self.data(data), rng)

    def log_prior(self, draws: xr.Dataset, data: Observations) -> xr.Dataset:
        return self.instrument.log_prior(draws, self.data(data))

    def baselines(self, data: Observations) -> Mapping[str, Baseline]:
        return self.instrument.baselines(self.data(data))

    def predictions(
        self, draws: xr.Dataset, data: Observations, rng: np.random.Generator
    ) -> tuple[Prediction, ...]:
        return ()

    def data_checks(self, data: Observations) -> tuple[Check, ...]:
        """Return the checks of instruments; those of rows are made of all variables already."""
        known = {each.name for each in row_checks(self.model, data)}
        return tuple(
            replace(each, remedy=each.remedy.replace(_BY_FIELD, _BY_MODEL))
            for each in self.instrument.data_checks(self.data(data))
            if each.name not in known
        )

    def unused_fields(self, data: Observations) -> dict[str, str]:
        fields = (
            "prior",
            "concentration",
            "hidden_levels",
            "basis_size",
            "interactions",
            "logit_sd",
            "logit_intercept_sd",
            "confounder_scale",
            "interaction_scale",
        )
        reason = "the model is `cs.Instrument()`, whose own fields are asked there."
        return dict.fromkeys(fields, reason)


def _one_effect(model: CausalDiagram) -> ModelError:
    return ModelError(
        f"Instruments answer with one effect, of {model.treatment} on {model.outcome}: "
        "`fit.effect('effect')`. Other questions of confounded numbers are not identified; cut "
        "them into levels, and ask for bounds with route='reduced'."
    )
