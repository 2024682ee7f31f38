"""How wide the priors of a selective-labels model are.

The data fix b = β / s(σ), nearly: the coefficients of the two regressions in which the unobservable
is integrated out, s(σ) = √(1 + c σ² Var ζ). A prior on β beside a free σ is therefore a statement
about σ, one a feature: the density of b holds a factor s(σ) for each, so that many features together
vote for a wide unobservable, whatever the data say. A prior on b leaves σ the prior that it was given.
Its standard deviation is learned, because a fixed one would say that many features together predict
nearly everything; and they have a Student t distribution, because the few large among many small ones
would be shrunken by a Normal, and what the features lose would be given to the unobservable.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from causalstats.core.knowledge import Known
from causalstats.data import Decisions
from causalstats.numerics.selection.prevalence_constraint import logits_as_probits, stretch
from causalstats.numerics.selection.unobservable import VARIANCE

PRIORS = ("attenuated", "paper")
FREEDOM = 4.0  # degrees of freedom of the coefficients
_PAPER_SD = 3.0
_LEARNED_SD = 1.0
_HALF_NORMAL = np.sqrt(1 - 2 / np.pi)  # standard deviation of a half-Normal(1)
FREE = (
    -1.0
)  # in place of a standard deviation of Δ: testing has a coefficient with a prior of its own


@dataclass(frozen=True)
class Widths:
    """Standard deviations of the priors, those of half-Normal ones before halving.

    `coefficient` is that of the coefficients, or of the prior of their learned standard deviation.
    """

    unobserved: float
    response: float
    intercept: float
    coefficient: float
    leniency: float
    decider_response: float


def widths(model: Any) -> Widths:
    """Return the widths of a model's priors, on the scale of its link.

    The paper's are the same numbers for every link and family. Otherwise every family of the
    unobservable has the same prior of its standard deviation, that of a uniform whose range is
    half-Normal(3) in log-odds, and widths in probits are those in log-odds times √0.346.
    """
    paper = model.coefficient_prior == "paper"
    unit = 1.0 if paper else logits_as_probits(model.law)
    spread = 1.0 if paper else np.sqrt(VARIANCE["uniform"] / VARIANCE[model.unobservable])
    coefficient = model.coefficient_scale
    if coefficient is None:
        coefficient = _PAPER_SD if paper else _LEARNED_SD * unit
    return Widths(
        unobserved=3.0 * unit * float(spread),
        response=3.0,
        intercept=3.0 * unit,
        coefficient=float(coefficient),
        leniency=1.0 * unit,
        decider_response=0.5,
    )


def feature_units(data: Decisions) -> tuple[np.ndarray, np.ndarray]:
    """Return the unit and the mean of every coded feature, (D,) each.

    The unit is the standard deviation of a number, and 1 of an indicator: priors of coefficients
    are by these units, and those of intercepts at the means, whether or not the columns were
    standardised when they were read.
    """
    indicator = np.all((data.matrix == 0) | (data.matrix == 1), axis=0)
    return np.where(indicator, 1.0, data.matrix.std(axis=0)), data.matrix.mean(axis=0)


def information(data: Decisions) -> np.ndarray:
    """Return the information of the data on a coefficient of risk and of testing, (2,)."""
    seen = data.outcome[data.decision]
    positive, tested = seen.mean(), data.tested
    return np.array([len(seen) * positive * (1 - positive), len(data) * tested * (1 - tested)])


def policy_sd(model: Any, data: Decisions) -> np.ndarray:
    """Return the prior standard deviation of Δ per coded feature, `FREE` where it has none."""
    free = FREE if model.coefficient_prior == "attenuated" else widths(model).coefficient
    return np.where(data.are_of(model.expertise), float(model.expertise_sd), free)


def direction(model: Any) -> float:
    """Return the sign of α: 1 where those of high risk are decided for, -1 where those of low."""
    return -1.0 if model.decided_for == "low" else 1.0


def marginal_sds(model: Any, data: Decisions, solved: np.ndarray) -> dict[str, Any]:
    """Return the prior standard deviations of coefficients and intercepts, over σ and α.

    Parameters
    ----------
    solved : int array
        Columns whose coefficient follows from the prevalence of groups: NaN.
    """
    wide, policy = widths(model), policy_sd(model, data)
    squares = {
        name: known.value**2 if isinstance(known := getattr(model, field), Known) else prior**2
        for name, field, prior in (
            ("scale", "unobserved_scale", wide.unobserved),
            ("response", "response", wide.response),
        )
    }
    units, centre = feature_units(data)
    if model.coefficient_prior == "paper":
        lower = wide.unobserved * _HALF_NORMAL * model.law.lower_end
        risk = np.full(len(units), wide.coefficient)
        middle = float(np.hypot(wide.intercept, lower))
        policy_coefficient = np.where(policy > 0, policy, np.nan)
        policy_intercept = wide.intercept
    else:
        of_risk = stretch(model.law, np.sqrt(squares["scale"]), np)
        of_testing = stretch(model.law, np.sqrt(squares["response"] * squares["scale"]), np)
        coefficient = wide.coefficient * np.sqrt(FREEDOM / (FREEDOM - 2))
        risk = coefficient * of_risk / units
        by_slopes = coefficient**2 * ((centre / units) ** 2).sum()
        middle = float(of_risk * np.sqrt(wide.intercept**2 + by_slopes))
        free = coefficient * np.sqrt(of_testing**2 + squares["response"] * of_risk**2) / units
        policy_coefficient = np.where(policy == FREE, free, np.where(policy > 0, policy, np.nan))
        policy_coefficient[solved] = np.nan
        policy_intercept = np.nan  # it follows from the intercept of testing
    risk[solved] = np.nan
    return {
        "risk_coefficient": risk,
        "policy_intercept": policy_intercept,
        "policy_coefficient": policy_coefficient,
        "middle_intercept": middle,
        "unobserved_scale": wide.unobserved * _HALF_NORMAL,
        "response": wide.response * _HALF_NORMAL,
        "leniency_sd": wide.leniency * _HALF_NORMAL,
        "response_sd": wide.decider_response * _HALF_NORMAL,
    }
