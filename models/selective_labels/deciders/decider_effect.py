"""Interface of decider effects, and their hierarchical prior (partial pooling)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

if TYPE_CHECKING:
    from causalstats.core.estimand import Estimand
    from causalstats.models.selective_labels.graph_context import GraphContext
    from causalstats.models.selective_labels.model import SelectiveLabels
    from causalstats.models.selective_labels.prior_scales import PriorScales
    from causalstats.numerics.selection.links import Link


class DeciderEffect(Protocol):
    """A decider effect: a hierarchical prior with a learned standard deviation."""

    @property
    def estimand(self) -> str:
        """The estimand, and the variable of the posterior, that the effects are."""

    @property
    def parameter(self) -> str:
        """The name in the posterior of their standard deviation."""

    @property
    def unit(self) -> str:
        """The variable of the graph that is sampled in place of the effects."""

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields of `SelectiveLabels` that only this effect uses."""

    @property
    def changes_response(self) -> bool:
        """Whether deciders differ in α, for which there is no closed form."""

    @property
    def phrase(self) -> str:
        """The difference between deciders, in words."""

    @property
    def formula(self) -> str:
        """The prior of the effects."""

    def prior_scale(self, model: SelectiveLabels, unit: float) -> float:
        """Return the scale of the half-Normal prior of the standard deviation.

        Parameters
        ----------
        model : SelectiveLabels
        unit : float
            One log-odds on the scale of the link.
        """

    def answer(self, link: Link) -> Estimand:
        """Return the question about the effect of each decider."""

    def act(
        self, effect: Any, risk: Any, testing: Any, response: Any
    ) -> tuple[Any, Any]:
        """Return the linear predictor of testing and α with the effects of deciders.

        Parameters
        ----------
        effect : array or variable (..., n)
            That of the decider of each person.
        risk, testing : arrays or variables (..., n)
            Linear predictors.
        response : array or variable
            α, of every person or of all.
        """

    def add(self, context: GraphContext) -> Any:
        """Add the effect of each decider to the graph, a vector (J,)."""

    def draw(
        self,
        rng: np.random.Generator,
        scales: PriorScales,
        parameters: dict[str, Any],
        deciders: int,
    ) -> dict[str, Any]:
        """Draw the standard deviation and the effect of each decider, by name.

        Parameters
        ----------
        rng : Generator
        scales : PriorScales
        parameters : dict
            Those drawn before, α among them.
        deciders : int
        """


def hierarchy(name: str, spread: Any, information: Any) -> Any:
    """Add Normal(0, τ²) effects of deciders to the graph, in units of τ / √(1 + τ² I).

    In these units their width is 1 whatever τ, where they have a funnel themselves.

    Parameters
    ----------
    name : str
    spread : variable
        τ.
    information : variable or float
        I, the information of the data on each decider.
    """
    import pymc as pm

    width = pm.math.sqrt(1 + spread**2 * information)
    unit = pm.Normal(f"{name}_unit", 0, width, dims="decider")
    return pm.Deterministic(name, spread / width * unit, dims="decider")
