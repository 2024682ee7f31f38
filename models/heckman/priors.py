"""Priors of a Heckman model: their scales, and which coefficients are free."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from causalstats.data import Decisions
from causalstats.errors import ModelError
from causalstats.models.heckman.correlation_priors import correlation_prior_of
from causalstats.models.heckman.means import group_means, solved_columns
from causalstats.models.heckman.shape_priors import shape_sds
from causalstats.models.shared.half_normal import HALF_NORMAL_SD

if TYPE_CHECKING:
    from causalstats.models.heckman.model import Heckman


def outcome_units(model: Heckman, data: Decisions) -> tuple[float, float]:
    """Return location and scale of the outcome, in whose units the priors are.

    Raises
    ------
    ModelError
        If all outcomes that were seen are equal.
    """
    seen = data.outcome[data.decision]
    location, scale = model.outcome_scale or (seen.mean(), seen.std())
    if not scale > 0:
        raise ModelError(
            f"All {len(seen):,} outcomes that were seen are {location:g}: nothing can be learned "
            "about how they vary."
        )
    return float(location), float(scale)


def included(model: Heckman, data: Decisions) -> np.ndarray:
    """Return positions of the columns that may affect the outcome."""
    return np.flatnonzero(~data.feature_mask(model.excluded))


def sampled_columns(model: Heckman, data: Decisions) -> np.ndarray:
    """Return positions of the columns whose outcome coefficients have a prior of their own."""
    return np.setdiff1d(included(model, data), solved_columns(model, data))


def policy_sd(model: Heckman, data: Decisions) -> np.ndarray:
    """Return the prior standard deviation of Δ a column; -1 where γ has a prior of its own."""
    return np.where(data.feature_mask(model.expertise), float(model.expertise_sd), -1.0)


def prior_sds(model: Heckman, data: Decisions) -> dict[str, Any]:
    """Return prior standard deviations, NaN where a parameter is fixed or follows from others."""
    scale = outcome_units(model, data)[1]
    coefficient_sd = model.outcome_prior_scale * scale
    free = (policy_sd(model, data) < 0) & ~data.feature_mask(
        model.excluded_from_decision
    )
    outcome = np.full(len(data.features), np.nan)
    outcome[sampled_columns(model, data)] = coefficient_sd
    means = [mean.known.sd for mean in group_means(model, data) if not mean.known.exact]
    return {
        "outcome_coefficient": outcome,
        "outcome_sd": model.outcome_sd_prior_scale * scale * HALF_NORMAL_SD,
        "selection_intercept": model.selection_prior_scale,
        "selection_coefficient": np.where(free, model.selection_prior_scale, np.nan),
        "correlation": correlation_prior_of(model).sd,
        "outcome_intercept": coefficient_sd,
        "population_mean": means if len(means) > 1 else (means or [np.nan])[0],
        **shape_sds(model),
    }
