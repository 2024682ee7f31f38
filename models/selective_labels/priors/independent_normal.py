"""Normal priors on β_Y, Δ, Δ_0 and the intercept, as in Balachandar, Garg & Pierson (2024).

With many features they overrule the prior of σ, as `attenuated` explains.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from causalstats.models.selective_labels.graph_context import (
    GraphContext,
    attenuated_normal,
    without_excluded_from_decision,
    without_excluded_from_outcome,
)
from causalstats.models.selective_labels.priors.coefficient_prior import (
    CENTRED_FROM,
    policy_deviation,
)
from causalstats.models.shared.half_normal import HALF_NORMAL_SD

if TYPE_CHECKING:
    from causalstats.data import Decisions
    from causalstats.models.selective_labels.model import SelectiveLabels
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

    def free_policy_sd(
        self, model: SelectiveLabels, data: Decisions, scales: PriorScales
    ) -> float | np.ndarray:
        return scales.coefficient

    def inputs(self, data: Decisions) -> dict[str, Any]:
        return {}

    def risk_coefficients(
        self, context: GraphContext, columns: np.ndarray | None = None
    ) -> Any:
        import pymc as pm

        shape = {"dims": "feature"} if columns is None else {"shape": len(columns)}
        drawn = attenuated_normal(
            "risk_coefficient",
            context.risk_attenuation,
            context.scales.coefficient,
            **shape,
        )
        drawn = without_excluded_from_outcome(context, drawn, columns)
        if columns is not None:
            return drawn
        return pm.Deterministic("risk_coefficient", drawn, dims="feature")

    def middle(self, context: GraphContext, risk: Any) -> Any:
        return attenuated_normal(
            "middle", context.risk_attenuation, context.scales.intercept, context.lower
        )

    def middle_density(self, context: GraphContext, risk: Any) -> Any:
        import pymc as pm

        return pm.Normal.dist(context.lower, context.scales.intercept)

    def testing(
        self, context: GraphContext, middle: Any, risk: Any
    ) -> tuple[Any, Any, Any]:
        import pymc as pm

        sd = context.given["policy_sd"]
        attenuation = context.testing_attenuation
        expected = context.response * risk
        testing_middle = attenuated_normal(
            "testing_middle",
            attenuation,
            context.scales.intercept,
            context.response * middle,
        )
        centred = pm.math.ge(sd, CENTRED_FROM)
        location = centred * expected / attenuation
        spread = pm.math.switch(centred, sd / attenuation, 1.0)
        sampled = pm.Normal(
            "attenuated_testing_coefficient", location, spread, dims="feature"
        )
        policy = policy_deviation(sampled, sd, expected, attenuation, centred)
        testing, policy = without_excluded_from_decision(
            context, expected + policy, policy, expected
        )
        return testing_middle, policy, testing

    def prior_sds(
        self,
        model: SelectiveLabels,
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
        attenuations: tuple[float, float],
    ) -> tuple[float, np.ndarray]:
        policy = rng.normal(0, sd)
        return rng.normal(0, scales.intercept), policy


PAPER = Paper()
