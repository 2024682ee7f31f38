"""Leniency of deciders: they differ in how readily they test, at the same risk and features."""

from __future__ import annotations

from dataclasses import dataclass

from causalstats.models.selective_labels.deciders.decider_effect import hierarchy
from causalstats.models.selective_labels.graph_parts import GraphParts
from causalstats.models.shared.half_normal import half_normal


@dataclass(frozen=True)
class Leniency:
    """λ_j ~ Normal(0, τ²) beside Δ_0, with a half-Normal τ."""

    estimand: str = "leniency"
    parameter: str = "leniency_sd"
    phrase: str = "how readily they test"
    formula: str = "λ_j ~ Normal(0, τ²)"

    def add(self, parts: GraphParts):
        spread = half_normal(self.parameter, parts.scales.leniency)
        return hierarchy("leniency", spread, parts.given["decider_information"])

    def draw(self, rng, scales, parameters, deciders):
        spread = abs(rng.normal(0, scales.leniency))
        return {self.parameter: spread, "leniency": rng.normal(0, spread, deciders)}


LENIENCY = Leniency()
