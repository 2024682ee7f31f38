"""A known prevalence of the whole population, exact or with a Beta distribution."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from causalstats.core.assumption import Relaxation
from causalstats.core.knowledge import Known
from causalstats.models.selective_labels.graph_context import GraphContext
from causalstats.models.selective_labels.prevalences.prevalence import (
    PARAMETER,
    Prevalence,
    assumed,
    constraint_inputs,
    solved_intercept,
)

if TYPE_CHECKING:
    from causalstats.core.assumption import Assumption
    from causalstats.data import Decisions
    from causalstats.models.selective_labels.model import SelectiveLabels


@dataclass(frozen=True)
class KnownPrevalence(Prevalence):
    """The intercept is solved from the prevalence."""

    value: Known

    def known(self) -> Mapping[str, Known]:
        return {"": self.value}

    def inputs(self, data: Decisions) -> dict[str, Any]:
        return constraint_inputs(self, data)

    def intercept_and_risk(self, context: GraphContext) -> tuple[Any, Any]:
        import pymc as pm

        prevalence = context.given["known_prevalence"][0]
        if not self.value.exact:
            mean = context.given["prior_prevalence"]
            sd = context.given["prior_prevalence_sd"]
            prevalence = pm.Beta(PARAMETER, mu=mean[0], sigma=sd[0])
        risk = context.prior.risk_coefficients(context)
        return solved_intercept(context, prevalence, risk), risk

    def parameters(self) -> tuple[str, ...]:
        return () if self.value.exact else (PARAMETER,)

    @property
    def declared(self) -> tuple[str, ...]:
        return self.parameters()

    def prior_sd(self, data: Decisions) -> Any:
        return self.value.sd

    def assumptions(self) -> tuple[Assumption, ...]:
        return assumed(self.value)

    def relaxation(
        self, model: SelectiveLabels, data: Decisions
    ) -> tuple[Relaxation, ...]:
        return (
            Relaxation(
                name="prevalence",
                model=replace(model, prevalence=Known.beta(1, 1)),
                estimand="prevalence",
                known=self.value,
            ),
        )
