"""Context of a PyMC graph under construction: its data, prior and variables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from causalstats.data import Decisions

if TYPE_CHECKING:
    import numpy as np

    from causalstats.models.selective_labels.prior_scales import PriorScales
    from causalstats.models.selective_labels.priors import CoefficientPrior
    from causalstats.numerics.selection.unobservable import Unobservable


@dataclass(frozen=True)
class GraphContext:
    """The graph under construction, as it is given to each function that adds to it.

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


def without_excluded_from_outcome(
    context: GraphContext, risk: Any, columns: np.ndarray | None = None
) -> Any:
    """Return coefficients of risk with 0 for features that do not affect the outcome.

    Parameters
    ----------
    context : GraphContext
    risk : vector
    columns : int array, optional
        The columns that it is of.
    """
    affects = context.given.get("affects_outcome")
    if affects is None:
        return risk
    return risk * (affects if columns is None else affects[columns])


def without_excluded_from_decision(
    context: GraphContext, testing: Any, policy: Any, expected: Any
) -> tuple[Any, Any]:
    """Return coefficients of testing, and Δ, with 0 for features that do not affect the decision.

    Parameters
    ----------
    context : GraphContext
    testing, policy : vectors (D,)
        β_T and Δ.
    expected : vector (D,)
        αβ_Y, which Δ undoes for these features.
    """
    affects = context.given.get("affects_decision")
    if affects is None:
        return testing, policy
    return testing * affects, policy * affects - expected * (1 - affects)


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
