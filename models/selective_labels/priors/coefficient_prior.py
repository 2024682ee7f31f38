"""Interface of priors of coefficients, and their common part."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from causalstats.data import Decisions

if TYPE_CHECKING:
    from causalstats.models.selective_labels.graph_context import GraphContext
    from causalstats.models.selective_labels.model import SelectiveLabels
    from causalstats.models.selective_labels.prior_scales import PriorScales
    from causalstats.numerics.selection.unobservable import Unobservable

# In place of a standard deviation of Δ: testing has a coefficient with its own prior, alone or
# together with that of risk.
FREE = -1.0
PAIRED = -2.0
# Standard deviation of a Δ from which the coefficient of testing is sampled in place of Δ.
CENTRED_FROM = 1.0


class CoefficientPrior(Protocol):
    """Where the priors of coefficients and intercepts stand."""

    @property
    def default_scale(self) -> float:
        """The scale of coefficients unless it is given, in log-odds."""

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names in the posterior of standard deviations that are learned."""

    @property
    def learned(self) -> tuple[str, ...]:
        """Variables of the graph whose scale is learned too."""

    def unit(self, law: Unobservable) -> float:
        """Return how long one log-odds of a prior's scale is on the scale of the link."""

    def family_factor(self, law: Unobservable) -> float:
        """Return by what the prior scale of σ is multiplied, for a family of the unobservable."""

    def free_policy_sd(
        self, model: SelectiveLabels, data: Decisions, scales: PriorScales
    ) -> float | np.ndarray:
        """Return the prior standard deviation of Δ without expertise, or `FREE` or `PAIRED`."""

    def inputs(self, data: Decisions) -> dict[str, Any]:
        """Return the numbers of the data that the priors need, by name."""

    def risk_coefficients(
        self, context: GraphContext, columns: np.ndarray | None = None
    ) -> Any:
        """Add β_Y to the graph: of every feature, named, or of some columns."""

    def middle(self, context: GraphContext, risk: Any) -> Any:
        """Add the intercept of risk at ζ = 0, where no prevalence is known."""

    def middle_density(self, context: GraphContext, risk: Any) -> Any:
        """Return the distribution of that intercept, for a prior that is multiplied."""

    def testing(
        self, context: GraphContext, middle: Any, risk: Any
    ) -> tuple[Any, Any, Any]:
        """Add the intercept of testing at ζ = 0, Δ, and the coefficients of testing.

        Parameters
        ----------
        context : GraphContext
        middle : variable
            Intercept of risk at ζ = 0.
        risk : vector (D,)
            β_Y.
        """

    def prior_sds(
        self,
        model: SelectiveLabels,
        data: Decisions,
        scales: PriorScales,
        squares: tuple[float, float],
        solved: np.ndarray,
    ) -> dict[str, Any]:
        """Return prior standard deviations of coefficients and intercepts, over σ and α.

        Parameters
        ----------
        model : SelectiveLabels
        data : Decisions
        scales : PriorScales
        squares : (float, float)
            σ² and α², as known or expected.
        solved : int array
            Columns whose coefficient follows from the prevalence of groups: NaN.
        """

    def draw_risk(
        self,
        rng: np.random.Generator,
        data: Decisions,
        scales: PriorScales,
        attenuation: float,
    ) -> tuple[np.ndarray, dict[str, float]]:
        """Draw β_Y, and the standard deviations above coefficients by name.

        Parameters
        ----------
        rng : Generator
        data : Decisions
        scales : PriorScales
        attenuation : float
            s(σ).
        """

    def draw_middle(
        self,
        rng: np.random.Generator,
        data: Decisions,
        scales: PriorScales,
        attenuation: float,
        lower: float,
        risk: np.ndarray,
    ) -> float:
        """Draw the intercept of risk at ζ = 0, where no prevalence is known.

        Parameters
        ----------
        rng : Generator
        data : Decisions
        scales : PriorScales
        attenuation : float
            s(σ).
        lower : float
            How far below ζ = 0 the paper's intercept stands.
        risk : array (D,)
            β_Y.
        """

    def draw_policy(
        self,
        rng: np.random.Generator,
        data: Decisions,
        scales: PriorScales,
        sd: np.ndarray,
        parameters: dict[str, Any],
        attenuations: tuple[float, float],
    ) -> tuple[float, np.ndarray]:
        """Draw Δ_0 and Δ, given the parameters of risk and the attenuations.

        Parameters
        ----------
        rng : Generator
        data : Decisions
        scales : PriorScales
        sd : array (D,)
            Prior standard deviation of Δ, or `FREE` or `PAIRED`.
        parameters : dict
            Those of risk, σ and α.
        attenuations : (float, float)
            s(σ) and s(ασ).
        """


def policy_deviation(
    sampled: Any, sd: Any, expected: Any, attenuation: Any, centred: Any
) -> Any:
    """Return Δ from the variable that is sampled for it.

    Where the prior standard deviation is large it is the attenuated coefficient of testing, else Δ
    in units of its standard deviation. Every set of expert features, hard or soft, is so the same
    program with other constants; where the standard deviation is 0 the variable has no use.

    Parameters
    ----------
    sampled, sd : vectors (D,)
    expected : vector (D,)
        αβ_Y.
    attenuation : scalar
        s(ασ).
    centred : bool vector (D,)
        Whether the coefficient of testing is sampled.
    """
    import pymc as pm

    return pm.math.switch(centred, attenuation * sampled - expected, sd * sampled)
