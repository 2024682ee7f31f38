"""Leniency of deciders: they differ in how readily they test, at the same risk and features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from causalstats.core.estimand import Estimand
from causalstats.models.selective_labels.deciders.decider_effect import hierarchy
from causalstats.models.selective_labels.graph_context import GraphContext
from causalstats.models.shared.half_normal import half_normal

if TYPE_CHECKING:
    import numpy as np

    from causalstats.models.selective_labels.model import SelectiveLabels
    from causalstats.models.selective_labels.prior_scales import PriorScales
    from causalstats.numerics.selection.links.link import Link


@dataclass(frozen=True)
class Leniency:
    """λ_j ~ Normal(0, τ²) beside Δ_0, with a half-Normal τ."""

    estimand: str = "leniency"
    parameter: str = "leniency_sd"
    unit: str = "leniency_unit"
    fields: tuple[str, ...] = ("leniency_prior_scale",)
    changes_response: bool = False
    phrase: str = "how readily they test"
    formula: str = "λ_j ~ Normal(0, τ²)"

    def prior_scale(self, model: SelectiveLabels, unit: float) -> float:
        return model.leniency_prior_scale * unit

    def answer(self, link: Link) -> Estimand:
        return Estimand(
            compute=lambda draws, data: draws["leniency"],
            description="λ_j: how much more readily each decider tests, at the same risk and "
            "features.",
            unit=link.unit,
            contrast="the decider, against the mean of all deciders there might be",
        )

    def act(
        self, effect: Any, risk: Any, testing: Any, response: Any
    ) -> tuple[Any, Any]:
        return testing + effect, response

    def add(self, context: GraphContext) -> Any:
        spread = half_normal(self.parameter, context.scales.deciders[self.parameter])
        return hierarchy("leniency", spread, context.given["decider_information"])

    def draw(
        self,
        rng: np.random.Generator,
        scales: PriorScales,
        parameters: dict[str, Any],
        deciders: int,
    ) -> dict[str, Any]:
        spread = abs(rng.normal(0, scales.deciders[self.parameter]))
        return {self.parameter: spread, "leniency": rng.normal(0, spread, deciders)}


LENIENCY = Leniency()
