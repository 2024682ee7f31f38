"""The scales of the priors of a selective-labels model, and the units of its features."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from causalstats.core.knowledge import Known
from causalstats.data import Decisions
from causalstats.models.selective_labels.deciders import DECIDERS
from causalstats.models.selective_labels.priors import COEFFICIENT_PRIORS
from causalstats.models.shared.half_normal import HALF_NORMAL_SD

if TYPE_CHECKING:
    from causalstats.models.selective_labels.model import SelectiveLabels

# In place of σ = 0, its limit, which the formulas have reached to all digits
LEAST_SCALE = 1e-9
_SHARED = ("unobserved", "response", "intercept", "coefficient", "correlation")


@dataclass(frozen=True)
class PriorScales:
    """Scales of the priors on the scale of the link, those of half-Normal ones before halving.

    Parameters
    ----------
    unobserved : float
        Of σ.
    response : float
        Of α.
    intercept : float
        Scale of the intercepts of risk and testing.
    coefficient : float
        Scale of the coefficients, or of their learned standard deviations.
    correlation : float
        Standard deviation of artanh ρ, where the coefficients of a feature are correlated.
    deciders : mapping of str to float
        Scale of the standard deviation of each effect of deciders, by its name in the posterior.
    """

    unobserved: float
    response: float
    intercept: float
    coefficient: float
    correlation: float
    deciders: Mapping[str, float]

    def as_array(self) -> np.ndarray:
        """Return all scales, those of deciders last."""
        shared = (self.unobserved, self.response, self.intercept, self.coefficient)
        return np.array([*shared, self.correlation, *self.deciders.values()], float)

    def read_from(self, values: Any) -> PriorScales:
        """Return the scales that an array or a vector of a graph holds, in the order of `as_array`.

        As data of the graph, they can change without compiling it anew.
        """
        shared = {name: values[k] for k, name in enumerate(_SHARED)}
        deciders = {
            name: values[len(_SHARED) + k] for k, name in enumerate(self.deciders)
        }
        return PriorScales(**shared, deciders=deciders)


def prior_scales(model: SelectiveLabels) -> PriorScales:
    """Return the scales of a model's priors, on the scale of its link.

    The paper's are the same numbers for every link and family. Otherwise every family of the
    unobservable has the same prior of its standard deviation, that of a uniform whose range is
    half-Normal(3) in log-odds, and scales in probits are those in log-odds times √0.346.
    """
    prior = COEFFICIENT_PRIORS[model.coefficient_prior]
    unit = prior.unit(model.law)
    coefficient = model.coefficient_prior_scale
    if coefficient is None:
        coefficient = prior.default_scale * unit
    return PriorScales(
        unobserved=model.unobserved_prior_scale * unit * prior.family_factor(model.law),
        response=model.response_prior_scale,
        intercept=model.intercept_prior_scale * unit,
        coefficient=float(coefficient),
        correlation=model.coefficient_correlation_prior_scale,
        deciders={
            effect.parameter: effect.prior_scale(model, unit)
            for effect in DECIDERS[model.deciders]
        },
    )


def policy_sd(model: SelectiveLabels, data: Decisions) -> np.ndarray:
    """Return the prior standard deviation of Δ a coded feature, negative where it has none."""
    prior = COEFFICIENT_PRIORS[model.coefficient_prior]
    free = prior.free_policy_sd(model, data, prior_scales(model))
    return np.where(data.feature_mask(model.expertise), float(model.expertise_sd), free)


def expected_squares(model: SelectiveLabels) -> tuple[float, float]:
    """Return σ² and α², as known or expected under their priors."""
    scales = prior_scales(model)
    known = (model.unobserved_scale, model.response)
    priors = (scales.unobserved, scales.response)
    squares = [
        value.value**2 if isinstance(value, Known) else prior**2
        for value, prior in zip(known, priors, strict=True)
    ]
    return squares[0], squares[1]


def prior_sds(
    model: SelectiveLabels, data: Decisions, solved: np.ndarray
) -> dict[str, Any]:
    """Return the prior standard deviations of parameters, over σ and α; NaN where one is fixed.

    Parameters
    ----------
    model : SelectiveLabels
    data : Decisions
    solved : int array
        Columns whose coefficient follows from the prevalence of groups.
    """
    scales = prior_scales(model)
    prior = COEFFICIENT_PRIORS[model.coefficient_prior]
    sds = prior.prior_sds(model, data, scales, expected_squares(model), solved)
    excluded = data.feature_mask(model.excluded)
    excluded_from_decision = data.feature_mask(model.excluded_from_decision)
    sds["risk_coefficient"] = np.where(excluded, np.nan, sds["risk_coefficient"])
    sds["policy_coefficient"] = np.where(
        excluded_from_decision, np.nan, sds["policy_coefficient"]
    )
    return sds | {
        "unobserved_scale": scales.unobserved * HALF_NORMAL_SD,
        "response": scales.response * HALF_NORMAL_SD,
        **{name: sd * HALF_NORMAL_SD for name, sd in scales.deciders.items()},
        # Their contraction shows in the coefficients.
        "coefficient_correlation": np.nan,
        "risk_coefficient_sd": np.nan,
        "testing_coefficient_sd": np.nan,
    }
