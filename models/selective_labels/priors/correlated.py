"""Attenuated priors in which the coefficients of risk and of testing are correlated.

What drives risk drives testing, and how far is learned. With independent priors it is not, however
their scales are learned: the confounding by D features is Σ_j b_j g_j, of their attenuated
coefficients of risk and of testing, which independent priors put at 0 ± τ_Y τ_T √D where it may be
as large as τ_Y τ_T D. With few outcomes for each feature the features explain too little of the
difference between the tested and the untested, and the unobservable, or nothing, the rest
(regularisation-induced confounding: Hahn, Carvalho, Puelz & He 2018, Bayesian Analysis 13(1)).

The pair has a bivariate Student t: b_j alone has that of `attenuated`, and given it

    g_j ~ ρ τ_T b_j / τ_Y + τ_T √((1 - ρ²) (ν + b_j² / τ_Y²) / (ν + 1)) t_(ν+1).

The prior of artanh ρ (Fisher's z) is Normal(0, 0.75) unless its scale is given: 95 % of
correlations lie between -.9 and .9. Near ±1 the density of one pair has a ridge, τ_T = g τ_Y / b,
along which chains of a uniform ρ diverge.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from causalstats.models.selective_labels.graph_context import GraphContext
from causalstats.models.selective_labels.prevalences import prevalence_of
from causalstats.models.selective_labels.priors.attenuated import (
    DEGREES_OF_FREEDOM,
    SPREADS,
    Attenuated,
    OwnPrior,
    width_of,
)
from causalstats.models.selective_labels.priors.coefficient_prior import FREE, PAIRED

if TYPE_CHECKING:
    from causalstats.data import Decisions
    from causalstats.models.selective_labels.model import SelectiveLabels
    from causalstats.models.selective_labels.prior_scales import PriorScales

CORRELATION = "coefficient_correlation"


@dataclass(frozen=True)
class Correlated(Attenuated):
    """(β_Y / s(σ), β_T / s(ασ)) ~ bivariate t_4, scales τ_Y, τ_T, correlation ρ.

    The pair is independent where a restriction or a solved intercept has one of the two, or where
    the feature is a negative control: its coefficient of risk is compared with 0.
    """

    parameters: tuple[str, ...] = (*SPREADS, CORRELATION)

    def free_policy_sd(
        self, model: SelectiveLabels, data: Decisions, scales: PriorScales
    ) -> float | np.ndarray:
        alone = np.zeros(len(data.features), bool)
        for names in (
            model.excluded,
            model.excluded_from_decision,
            model.negative_controls,
        ):
            alone |= data.feature_mask(names)
        alone[prevalence_of(model).solved_columns(data)] = True
        return np.where(alone, FREE, PAIRED)

    def own_prior(self, context: GraphContext, spread: Any, risk: Any) -> OwnPrior:
        """Return the Student t of g given b.

        Sampled is g less what b alone says, as far as the data do not, in units of τ / √(1 + τ² I),
        τ here that of g given b: where the data say much it hardly moves with b, ρ and the τs, and
        where they say little it is independent of them.
        """
        import pymc as pm

        unit = context.given["feature_unit"]
        information = context.given["information"][1]
        paired = pm.math.eq(context.given["policy_sd"], PAIRED)
        risk_spread = pm.modelcontext(None)[SPREADS[0]]
        z = pm.Normal(f"standard_{CORRELATION}", 0, 1)
        correlation = pm.Deterministic(
            CORRELATION, pm.math.tanh(context.scales.correlation * z)
        )
        ratio = paired * risk * unit / (context.risk_attenuation * risk_spread)
        given_risk = correlation * spread * ratio
        freedom = DEGREES_OF_FREEDOM + paired
        square = (1 - paired * correlation**2) * (DEGREES_OF_FREEDOM + ratio**2)
        own_spread = spread * pm.math.sqrt(square / freedom)
        width = width_of(own_spread, information)
        return OwnPrior(
            degrees_of_freedom=freedom,
            location=own_spread * information / width * given_risk,
            scale=width,
            offset=given_risk / width**2,
            factor=own_spread / width,
        )

    def draw_risk(
        self,
        rng: np.random.Generator,
        data: Decisions,
        scales: PriorScales,
        attenuation: float,
    ) -> tuple[np.ndarray, dict[str, float]]:
        risk, spreads = super().draw_risk(rng, data, scales, attenuation)
        correlation = np.tanh(rng.normal(0, scales.correlation))
        return risk, spreads | {CORRELATION: correlation}

    def draw_own(
        self,
        rng: np.random.Generator,
        sd: np.ndarray,
        parameters: dict[str, Any],
        of_risk: np.ndarray,
    ) -> np.ndarray:
        paired = sd == PAIRED
        correlation = parameters[CORRELATION] * paired
        ratio = paired * of_risk / parameters[SPREADS[0]]
        freedom = DEGREES_OF_FREEDOM + paired
        wider = np.sqrt((DEGREES_OF_FREEDOM + ratio**2) / freedom)
        own = np.sqrt(1 - correlation**2) * wider * rng.standard_t(freedom)
        return parameters[SPREADS[1]] * (correlation * ratio + own)


CORRELATED = Correlated()
