"""Priors on attenuated coefficients, which leave the prior of the unobservable as it is.

The data fix b = β / s(σ), nearly: the coefficients of the two regressions in which the unobservable
is integrated out, s(σ) = √(1 + c σ² Var ζ). A prior on β therefore changes the prior of σ: the
density of b holds a factor s(σ) per feature, so that many features together favour a wide
unobservable, whatever the data say. A prior on b leaves the prior of σ as it was given. The
standard deviation of this prior is learned, because a fixed one would say that many features
together predict nearly everything. The prior is a Student t, because a Normal would shrink the few
large coefficients among many small ones, and the unobservable would take over their effect.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from causalstats.data import Decisions
from causalstats.models.selective_labels.graph_context import (
    GraphContext,
    without_excluded_from_decision,
    without_excluded_from_outcome,
)
from causalstats.models.selective_labels.priors.coefficient_prior import (
    CENTRED_FROM,
    FREE,
    policy_deviation,
)
from causalstats.models.shared.half_normal import half_normal
from causalstats.numerics.selection.prevalence_constraint import attenuation
from causalstats.numerics.selection.unobservables import FAMILIES

if TYPE_CHECKING:
    from causalstats.models.selective_labels.model import SelectiveLabels
    from causalstats.models.selective_labels.prior_scales import PriorScales
    from causalstats.numerics.selection.unobservable import Unobservable

DEGREES_OF_FREEDOM = 4.0  # of the Student t of the coefficients
SPREADS = ("risk_coefficient_sd", "testing_coefficient_sd")


def feature_units(data: Decisions) -> tuple[np.ndarray, np.ndarray]:
    """Return the unit and the mean of every coded feature, (D,) each.

    The unit is the standard deviation of a number, and 1 of an indicator: priors of coefficients
    are by these units, and those of intercepts at the means, whether or not the columns were
    standardised when they were read.
    """
    indicator = np.all((data.matrix == 0) | (data.matrix == 1), axis=0)
    return np.where(indicator, 1.0, data.matrix.std(axis=0)), data.matrix.mean(axis=0)


def information(data: Decisions) -> np.ndarray:
    """Return the Fisher information of the data on a coefficient of risk and of testing, (2,)."""
    seen = data.outcome[data.decision]
    positive = seen.mean()
    tested = data.tested
    return np.array(
        [len(seen) * positive * (1 - positive), len(data) * tested * (1 - tested)]
    )


@dataclass(frozen=True)
class OwnPrior:
    """Student t of what is sampled for attenuated coefficients of testing, and what they are by it.

    Parameters
    ----------
    degrees_of_freedom, location, scale : float or variables
        Of the variable that is sampled.
    offset, factor : float or variables
        The coefficient is offset + factor × that variable.
    """

    degrees_of_freedom: Any
    location: Any
    scale: Any
    offset: Any
    factor: Any


@dataclass(frozen=True)
class Attenuated:
    """β_Y / s(σ) ~ τ_Y t_4 and β_T / s(ασ) ~ τ_T t_4, with half-Normal τ, in log-odds."""

    default_scale: float = 1.0
    parameters: tuple[str, ...] = SPREADS
    learned: tuple[str, ...] = (
        "attenuated_risk_coefficient",
        "attenuated_testing_coefficient",
    )

    def unit(self, law: Unobservable) -> float:
        return law.link_function.log_odds

    def family_factor(self, law: Unobservable) -> float:
        return float(np.sqrt(FAMILIES["uniform"].variance / law.variance))

    def free_policy_sd(
        self, model: SelectiveLabels, data: Decisions, scales: PriorScales
    ) -> float | np.ndarray:
        return FREE

    def inputs(self, data: Decisions) -> dict[str, Any]:
        units, centre = feature_units(data)
        return {
            "feature_unit": units,
            "feature_mean": centre,
            "information": information(data),
        }

    def risk_coefficients(
        self, context: GraphContext, columns: np.ndarray | None = None
    ) -> Any:
        import pymc as pm

        unit = context.given["feature_unit"]
        shape = {"dims": "feature"} if columns is None else {"shape": len(columns)}
        spread = half_normal("risk_coefficient_sd", context.scales.coefficient)
        width = width_of(spread, context.given["information"][0])
        sampled = pm.StudentT(
            "attenuated_risk_coefficient",
            nu=DEGREES_OF_FREEDOM,
            mu=0,
            sigma=width,
            **shape,
        )
        attenuated = without_excluded_from_outcome(
            context, spread / width * sampled, columns
        )
        if columns is not None:
            return context.risk_attenuation * attenuated / unit[columns]
        drawn = context.risk_attenuation * attenuated / unit
        return pm.Deterministic("risk_coefficient", drawn, dims="feature")

    def middle(self, context: GraphContext, risk: Any) -> Any:
        import pymc as pm

        sampled = pm.Normal("attenuated_middle", 0, context.scales.intercept)
        return context.risk_attenuation * sampled - context.given["feature_mean"] @ risk

    def middle_density(self, context: GraphContext, risk: Any) -> Any:
        import pymc as pm

        location = -context.given["feature_mean"] @ risk
        return pm.Normal.dist(
            location, context.scales.intercept * context.risk_attenuation
        )

    def testing(
        self, context: GraphContext, middle: Any, risk: Any
    ) -> tuple[Any, Any, Any]:
        import pymc as pm

        from causalstats.numerics.custom_distribution import CustomDistribution

        sd = context.given["policy_sd"]
        attenuation = context.testing_attenuation
        expected = context.response * risk
        free = pm.math.lt(sd, 0)
        spread = half_normal("testing_coefficient_sd", context.scales.coefficient)
        own_prior = self.own_prior(context, spread, risk)
        centred = pm.math.ge(sd, CENTRED_FROM)
        sampled = CustomDistribution(
            "attenuated_testing_coefficient",
            free,
            own_prior.degrees_of_freedom,
            own_prior.location,
            own_prior.scale,
            centred * expected / attenuation,
            pm.math.switch(centred, sd / attenuation, 1.0),
            log_density=_testing_log_density,
            draw=_draw_testing,
            dims="feature",
        )
        own = own_prior.offset + own_prior.factor * sampled
        own = attenuation * own / context.given["feature_unit"]
        deviation = policy_deviation(sampled, sd, expected, attenuation, centred)
        policy = pm.math.switch(free, own - expected, deviation)
        testing = pm.math.switch(free, own, expected + deviation)
        testing, policy = without_excluded_from_decision(
            context, testing, policy, expected
        )
        middle = attenuation * pm.Normal(
            "attenuated_testing_middle", 0, context.scales.intercept
        )
        return middle - context.given["feature_mean"] @ testing, policy, testing

    def own_prior(self, context: GraphContext, spread: Any, risk: Any) -> OwnPrior:
        """Return the prior of coefficients of testing that do not follow risk.

        Parameters
        ----------
        context : GraphContext
        spread : variable
            τ_T.
        risk : vector (D,)
            β_Y.
        """
        width = width_of(spread, context.given["information"][1])
        return OwnPrior(DEGREES_OF_FREEDOM, 0.0, width, 0.0, spread / width)

    def prior_sds(
        self,
        model: SelectiveLabels,
        data: Decisions,
        scales: PriorScales,
        squares: tuple[float, float],
        solved: np.ndarray,
    ) -> dict[str, Any]:
        scale_square, response_square = squares
        units, centre = feature_units(data)
        of_risk = attenuation(model.law, np.sqrt(scale_square), np)
        of_testing = attenuation(model.law, np.sqrt(response_square * scale_square), np)
        freedom = DEGREES_OF_FREEDOM / (DEGREES_OF_FREEDOM - 2)
        coefficient = scales.coefficient * np.sqrt(freedom)
        risk = coefficient * of_risk / units
        by_slopes = coefficient**2 * ((centre / units) ** 2).sum()
        free = (
            coefficient * np.sqrt(of_testing**2 + response_square * of_risk**2) / units
        )
        fixed = model.expertise_sd if model.expertise_sd > 0 else np.nan
        policy = np.where(data.feature_mask(model.expertise), fixed, free)
        risk[solved] = np.nan
        policy[solved] = np.nan
        return {
            "risk_coefficient": risk,
            "policy_intercept": np.nan,  # it follows from the intercept of testing
            "policy_coefficient": policy,
            "middle_intercept": float(
                of_risk * np.sqrt(scales.intercept**2 + by_slopes)
            ),
        }

    def draw_risk(
        self,
        rng: np.random.Generator,
        data: Decisions,
        scales: PriorScales,
        attenuation: float,
    ) -> tuple[np.ndarray, dict[str, float]]:
        units, _ = feature_units(data)
        spreads = {name: abs(rng.normal(0, scales.coefficient)) for name in SPREADS}
        drawn = rng.standard_t(DEGREES_OF_FREEDOM, len(units))
        return attenuation * spreads["risk_coefficient_sd"] * drawn / units, spreads

    def draw_middle(
        self,
        rng: np.random.Generator,
        data: Decisions,
        scales: PriorScales,
        attenuation: float,
        lower: float,
        risk: np.ndarray,
    ) -> float:
        _, centre = feature_units(data)
        return attenuation * rng.normal(0, scales.intercept) - centre @ risk

    def draw_policy(
        self,
        rng: np.random.Generator,
        data: Decisions,
        scales: PriorScales,
        sd: np.ndarray,
        parameters: dict[str, Any],
        attenuations: tuple[float, float],
    ) -> tuple[float, np.ndarray]:
        units, centre = feature_units(data)
        expected = parameters["testing_response"] * parameters["risk_coefficient"]
        given = rng.normal(0, np.maximum(sd, 0))
        middle = rng.normal(0, scales.intercept)
        of_risk, of_testing = attenuations
        coefficient = parameters["risk_coefficient"] * units / of_risk
        own = self.draw_own(rng, sd, parameters, coefficient)
        own = of_testing * own / units
        policy = np.where(sd < 0, own - expected, given)
        testing = expected + policy
        by_risk = parameters["testing_response"] * parameters["risk_middle"]
        return of_testing * middle - centre @ testing - by_risk, policy

    def draw_own(
        self,
        rng: np.random.Generator,
        sd: np.ndarray,
        parameters: dict[str, Any],
        of_risk: np.ndarray,
    ) -> np.ndarray:
        """Draw attenuated coefficients of testing that do not follow risk, (D,).

        Parameters
        ----------
        rng : Generator
        sd : array (D,)
            Prior standard deviation of Δ, negative for these features.
        parameters : dict
            Those of risk, σ and α.
        of_risk : array (D,)
            Attenuated coefficients of risk.
        """
        drawn = rng.standard_t(DEGREES_OF_FREEDOM, len(sd))
        return parameters["testing_coefficient_sd"] * drawn


def _testing_log_density(
    value: Any,
    free: Any,
    degrees_of_freedom: Any,
    own_location: Any,
    width: Any,
    location: Any,
    sd: Any,
) -> Any:
    """Return the log prior density of sampled coefficients of testing.

    Which of two distributions each has is a constant of the data.

    Parameters
    ----------
    value : variable
    free : bool variable
        Whether the coefficient has a prior of its own, or follows risk as the expertise constraint
        has it.
    degrees_of_freedom, own_location, width : variables
        Of the Student t of free ones.
    location, sd : variables
        Of the Normal of the others.
    """
    import pymc as pm

    own_prior = pm.StudentT.dist(nu=degrees_of_freedom, mu=own_location, sigma=width)
    policy_prior = pm.Normal.dist(location, sd)
    return pm.math.switch(free, pm.logp(own_prior, value), pm.logp(policy_prior, value))


def _draw_testing(
    free: np.ndarray,
    degrees_of_freedom: np.ndarray,
    own_location: np.ndarray,
    width: np.ndarray,
    location: np.ndarray,
    sd: np.ndarray,
    rng: np.random.Generator,
    size: Any = None,
) -> np.ndarray:
    """Return draws from the prior of `_testing_log_density`."""
    own = own_location + width * rng.standard_t(degrees_of_freedom, size)
    return np.where(free, own, location + sd * rng.standard_normal(size))


def width_of(spread: Any, information: Any) -> Any:
    """Return √(1 + τ² I): coefficients in units of τ / width have a width of 1 whatever τ.

    Themselves they have a funnel. I is the information of the data on each.
    """
    import pymc as pm

    return pm.math.sqrt(1 + spread**2 * information)


ATTENUATED = Attenuated()
