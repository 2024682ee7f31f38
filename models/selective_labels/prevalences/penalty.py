"""Prevalence as a quadratic penalty on the log posterior (Balachandar, Garg & Pierson 2024)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from causalstats.core.knowledge import Penalty
from causalstats.models.selective_labels.graph_context import GraphContext
from causalstats.models.selective_labels.prevalences.known import KnownPrevalence
from causalstats.models.selective_labels.prevalences.prevalence import (
    PARAMETER,
    solved_intercept,
)

PENALTY = "prevalence_prior"


@dataclass(frozen=True)
class PenalisedPrevalence(KnownPrevalence):
    """The intercept keeps its prior, and the posterior loses (π - value)² / (2 sd²)."""

    value: Penalty

    @property
    def declared(self) -> tuple[str, ...]:
        return (PENALTY,)

    def intercept_and_risk(self, context: GraphContext) -> tuple[Any, Any]:
        """Sample the intercept by its distance to the one that has the prevalence exactly.

        That is a shift, so that densities are those of the intercept.
        """
        import pymc as pm

        from causalstats.numerics.selection.selective_labels_ops import prevalence

        risk = context.prior.risk_coefficients(context)
        value = context.given["prior_prevalence"][0]
        sd = context.given["prior_prevalence_sd"][0]
        unit = sd / (value * (1 - value))
        middle = solved_intercept(context, value, risk) + unit * pm.Flat(
            "intercept_shift"
        )
        prior = context.prior.middle_density(context, risk)
        pm.Potential("intercept_prior", pm.logp(prior, middle))
        index = context.given["everybody_0"] @ risk
        weights = context.given["weights_0"]
        implied = prevalence(
            context.law, middle, index, context.unobserved_scale, weights
        )
        implied = pm.Deterministic(PARAMETER, implied)
        pm.Potential(PENALTY, -((implied - value) ** 2) / (2 * sd**2))
        return middle, risk
