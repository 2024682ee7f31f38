"""Relaxations of a Heckman model: each leaves out one piece of outside knowledge.

The answers without it are for the check of prior-data conflict.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from causalstats.core.assumption import Relaxation
from causalstats.core.knowledge import Known, KnownByGroup, as_known
from causalstats.data import Decisions
from causalstats.models.heckman.assumptions import shape_assumption
from causalstats.models.heckman.means import group_means
from causalstats.models.heckman.priors import outcome_units
from causalstats.models.heckman.shape_priors import errors_of
from causalstats.models.shared.exclusion_restrictions import (
    without_exclusion,
    without_restriction,
)

if TYPE_CHECKING:
    from causalstats.models.heckman.model import Heckman

_REMEDY = (
    "The data, under the other assumptions, say otherwise, the shape of the errors among them: "
    "look at the shape of the outcome first, then check the source of this knowledge."
)
_VAGUE = 10  # standard deviations of the outcome, of a mean that is not known


def relaxations(model: Heckman, data: Decisions) -> tuple[Relaxation, ...]:
    """Return the model without its known mean, and without each restriction of a feature."""
    return (
        *_of_mean(model, data),
        *_of_correlation(model),
        *_of_features(model, data),
    )


def _of_mean(model: Heckman, data: Decisions) -> tuple[Relaxation, ...]:
    if model.mean is None:
        return ()
    location, scale = outcome_units(model, data)
    vague = Known(location, sd=_VAGUE * scale)
    if isinstance(model.mean, KnownByGroup):
        levels = {mean.level: mean.known for mean in group_means(model, data)}
        return (
            Relaxation(
                name="mean",
                model=replace(
                    model,
                    mean=KnownByGroup(model.mean.feature, dict.fromkeys(levels, vague)),
                ),
                estimand="mean_by_group",
                known=levels,
                labels=tuple(levels),
                suspect=shape_assumption(errors_of(model)),
                remedy=_REMEDY,
            ),
        )
    return (
        Relaxation(
            name="mean",
            model=replace(model, mean=vague),
            estimand="mean",
            known=as_known(model.mean),
            suspect=shape_assumption(errors_of(model)),
            remedy=_REMEDY,
        ),
    )


def _of_correlation(model: Heckman) -> tuple[Relaxation, ...]:
    if model.correlation is None:
        return ()
    return (
        Relaxation(
            name="correlation",
            model=replace(model, correlation=None),
            estimand="correlation",
            known=as_known(model.correlation),
            suspect=shape_assumption(errors_of(model)),
            remedy=_REMEDY,
        ),
    )


def _of_features(model: Heckman, data: Decisions) -> tuple[Relaxation, ...]:
    """Return the model without each exclusion and each expertise.

    Normality identifies coefficients of the outcome and Δ, not those of the decision.
    """
    exclusions = without_exclusion(
        model, data, "outcome_coefficient", "selection_coefficient"
    )
    expertise = [
        without_restriction(
            model,
            data,
            "expertise",
            feature,
            "expertise on",
            "policy",
            model.expertise_sd,
        )
        for feature in model.expertise
    ]
    shape = shape_assumption(errors_of(model))
    return tuple(
        replace(
            relaxation,
            suspect="" if relaxation.estimand == "selection_coefficient" else shape,
            remedy=_REMEDY,
        )
        for relaxation in (*exclusions, *expertise)
    )
