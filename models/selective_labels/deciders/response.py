"""Response of deciders: they differ in how steeply their testing rises with risk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from causalstats.core.estimand import Estimand
from causalstats.models.selective_labels.deciders.decider_effect import hierarchy
from causalstats.models.selective_labels.graph_context import GraphContext
from causalstats.models.shared.half_normal import half_normal

if TYPE_CHECKING:
    from causalstats.models.selective_labels.model import SelectiveLabels
    from causalstats.models.selective_labels.prior_scales import PriorScales
    from causalstats.numerics.selection.links.link import Link


@dataclass(frozen=True)
class Response:
    """α_j = α exp(ω_j) with ω_j ~ Normal(0, υ²) and a half-Normal υ."""

    estimand: str = "decider_response"
    parameter: str = "response_sd"
    unit: str = "log_response_ratio_unit"
    fields: tuple[str, ...] = ("response_ratio_prior_scale",)
    changes_response: bool = True
    phrase: str = "how steeply they respond to risk"
    formula: str = "α_j = α exp(ω_j), ω_j ~ Normal(0, υ²)"

    def prior_scale(self, model: SelectiveLabels, unit: float) -> float:
        return model.response_ratio_prior_scale

    def answer(self, link: Link) -> Estimand:
        return Estimand(
            compute=lambda draws, data: draws["decider_response"],
            description="α_j: how steeply each decider's testing rises with risk.",
            unit=f"{link.unit} of testing per {link.singular} of risk",
        )

    def act(
        self, effect: Any, risk: Any, testing: Any, response: Any
    ) -> tuple[Any, Any]:
        return testing + (effect - response) * risk, effect

    def add(self, context: GraphContext) -> Any:
        import pymc as pm

        spread = half_normal(self.parameter, context.scales.deciders[self.parameter])
        ratio = hierarchy("log_response_ratio", spread, 0.0)
        response = context.response * pm.math.exp(ratio)
        return pm.Deterministic("decider_response", response, dims="decider")

    def draw(
        self,
        rng: np.random.Generator,
        scales: PriorScales,
        parameters: dict[str, Any],
        deciders: int,
    ) -> dict[str, Any]:
        spread = abs(rng.normal(0, scales.deciders[self.parameter]))
        ratio = np.exp(rng.normal(0, spread, deciders))
        response = parameters["testing_response"] * ratio
        return {self.parameter: spread, "decider_response": response}


RESPONSE = Response()
