"""Normal priors on β_Y, Δ, Δ_0 and the intercept, as in Balachandar, Garg & Pierson (2024).

With many features they overrule the prior of σ, as `attenuated` explains.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from causalstats.models.selective_labels.graph_parts import (
    GraphParts,
    attenuated_normal,
    without_excluded,
    without_undecisive,
)
from causalstats.models.selective_labels.priors.coefficient_prior import (
    CENTRED_FROM,
    policy_deviation,
)
from causalstats.models.shared.half_normal import HALF_NORMAL_SD

if TYPE_CHECKING:
    from causalstats.data import Decisions
    from causalstats.models.selective_labels.prior_scales import PriorScales
    from causalstats.numerics.selection.unobservable import Unobservable


@dataclass(frozen=True)
class Paper:
    """β_Y, Δ ~ Normal(0, sd²), and the intercepts too: the same numbers for every link."""

    default_scale: float = 3.0
    parameters: tuple[str, ...] = ()
    learned: tuple[str, ...] = ()

    def unit(self, law: Unobservable) -> float:
        return 1.0

    def family_factor(self, law: Unobservable) -> float:
        return 1.0

    def free_policy_sd(self, scales: PriorScales) -> float:
        return scales.coefficient

    def inputs(self, data: Decisions) -> dict[str, Any]:
        return {}

    def risk_coefficients(
        self, parts: GraphParts, columns: np.ndarray | None = None
    ) -> Any:
        import pymc as pm

        shape = {"dims": "feature"} if columns is None else {"shape": len(columns)}
        drawn = attenuated_normal(
            "risk_coefficient",
            parts.risk_attenuation,
            parts.scales.coefficient,
            **shape,
        )
        drawn = without_excluded(parts, drawn, columns)
        if columns is not None:
            return drawn
        return pm.Deterministic("risk_coefficient", drawn, dims="feature")

    def middle(self, parts: GraphParts, risk: Any) -> Any:
        return attenuated_normal(
            "middle", parts.risk_attenuation, parts.scales.intercept, parts.lower
        )

    def middle_density(self, parts: GraphParts, risk: Any) -> Any:
        import pymc as pm

        return pm.Normal.dist(parts.lower, parts.scales.intercept)

    def testing(
        self, parts: GraphParts, middle: Any, risk: Any
    ) -> tuple[Any, Any, Any]:
        import pymc as pm

        sd = parts.given["policy_sd"]
        attenuation = parts.testing_attenuation
        expected = parts.response * risk
        testing_middle = attenuated_normal(
            "testing_middle",
            attenuation,
            parts.scales.intercept,
            parts.response * middle,
        )
        centred = pm.math.ge(sd, CENTRED_FROM)
        location = centred * expected / attenuation
        spread = pm.math.switch(centred, sd / attenuation, 1.0)
        sampled = pm.Normal(
            "attenuated_testing_coefficient", location, spread, dims="feature"
        )
        policy = policy_deviation(sampled, sd, expected, attenuation, centred)
        testing, policy = without_undecisive(parts, expected + policy, policy, expected)
        return testing_middle, policy, testing

    def prior_sds(
        self,
        model: Any,
        data: Decisions,
        scales: PriorScales,
        squares: tuple[float, float],
        solved: np.ndarray,
    ) -> dict[str, Any]:
        lower = scales.unobserved * HALF_NORMAL_SD * model.law.lower_end
        risk = np.full(len(data.features), scales.coefficient)
        risk[solved] = np.nan
        policy = np.where(
            data.feature_mask(model.expertise), model.expertise_sd, scales.coefficient
        )
        return {
            "risk_coefficient": risk,
            "policy_intercept": scales.intercept,
            "policy_coefficient": np.where(policy > 0, policy, np.nan),
            "middle_intercept": float(np.hypot(scales.intercept, lower)),
        }

    def draw_risk(
        self,
        rng: np.random.Generator,
        data: Decisions,
        scales: PriorScales,
        attenuation: float,
    ) -> tuple[np.ndarray, dict[str, float]]:
        return rng.normal(0, scales.coefficient, len(data.features)), {}

    def draw_middle(
        self,
        rng: np.random.Generator,
        data: Decisions,
        scales: PriorScales,
        attenuation: float,
        lower: float,
        risk: np.ndarray,
    ) -> float:
        return rng.normal(lower, scales.intercept)

    def draw_policy(
        self,
        rng: np.random.Generator,
        data: Decisions,
        scales: PriorScales,
        sd: np.ndarray,
        parameters: dict[str, Any],
        attenuation: float,
    ) -> tuple[float, np.ndarray]:
        policy = rng.normal(0, sd)
        return rng.normal(0, scales.intercept), policy


PAPER = Paper()
