"""Response of deciders: they differ in how steeply their testing rises with risk."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from causalstats.models.selective_labels.deciders.decider_effect import hierarchy
from causalstats.models.selective_labels.graph_parts import GraphParts
from causalstats.models.shared.half_normal import half_normal


@dataclass(frozen=True)
class Response:
    """α_j = α exp(ω_j) with ω_j ~ Normal(0, υ²) and a half-Normal υ."""

    estimand: str = "decider_response"
    parameter: str = "response_sd"
    phrase: str = "how steeply they respond to risk"
    formula: str = "α_j = α exp(ω_j), ω_j ~ Normal(0, υ²)"

    def add(self, parts: GraphParts):
        import pymc as pm

        spread = half_normal(self.parameter, parts.scales.response_ratio)
        ratio = hierarchy("log_response_ratio", spread, 0.0)
        response = parts.response * pm.math.exp(ratio)
        return pm.Deterministic("decider_response", response, dims="decider")

    def draw(self, rng, scales, parameters, deciders):
        spread = abs(rng.normal(0, scales.response_ratio))
        ratio = np.exp(rng.normal(0, spread, deciders))
        response = parameters["testing_response"] * ratio
        return {self.parameter: spread, "decider_response": response}


RESPONSE = Response()
