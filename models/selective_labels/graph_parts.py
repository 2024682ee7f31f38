"""The variables and data of a selective-labels graph that its parts share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from causalstats.data import Decisions

if TYPE_CHECKING:
    from causalstats.models.selective_labels.prior_scales import PriorScales
    from causalstats.models.selective_labels.priors import CoefficientPrior
    from causalstats.numerics.selection.unobservable import Unobservable


@dataclass(frozen=True)
class GraphParts:
    """Variables of the graph under construction.

    Parameters
    ----------
    data : Decisions
    law : Unobservable
        Family and link.
    prior : CoefficientPrior
    scales : PriorScales
    given : mapping of str to variable
        The data of the graph by name.
    unobserved_scale, response : variables
        σ, and α with its sign.
    lower : variable
        How far below ζ = 0 the paper's intercept stands.
    risk_attenuation, testing_attenuation : variables
        s(σ) and s(ασ), by which integrating ζ out divides coefficients.
    """

    data: Decisions
    law: Unobservable
    prior: CoefficientPrior
    scales: PriorScales
    given: Mapping[str, Any]
    unobserved_scale: Any
    response: Any
    lower: Any
    risk_attenuation: Any
    testing_attenuation: Any


def attenuated_normal(
    name: str, attenuation: Any, sd: float, location: Any = 0, **shape: Any
) -> Any:
    """Return a Normal(location, sd²) variable, sampled attenuated.

    The attenuated value, which a regression without the unobservable would give, hardly moves with
    σ, where the value itself grows.

    Parameters
    ----------
    name : str
        The name of the variable, without "attenuated_".
    attenuation : variable
        s(σ).
    sd, location : float or variable
    **shape
        `dims` or `shape`, as PyMC takes them.
    """
    import pymc as pm

    sampled = pm.Normal(
        f"attenuated_{name}", location / attenuation, sd / attenuation, **shape
    )
    return attenuation * sampled
