"""Interface of decider effects, and their hierarchical prior (partial pooling)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

if TYPE_CHECKING:
    from causalstats.models.selective_labels.graph_parts import GraphParts
    from causalstats.models.selective_labels.prior_scales import PriorScales


class DeciderEffect(Protocol):
    """A decider effect: a hierarchical prior with a learned standard deviation."""

    @property
    def estimand(self) -> str:
        """The estimand, and the variable of the posterior, that the effects are."""

    @property
    def parameter(self) -> str:
        """The name in the posterior of their standard deviation."""

    @property
    def phrase(self) -> str:
        """The difference between deciders, in words."""

    @property
    def formula(self) -> str:
        """The prior of the effects."""

    def add(self, parts: GraphParts) -> Any:
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
