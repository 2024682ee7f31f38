"""Relaxations of a selective-labels model: each leaves out one piece of outside knowledge.

The answers without it are for the check of prior-data conflict.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from causalstats.core.assumption import Relaxation
from causalstats.core.knowledge import Known
from causalstats.data import Decisions
from causalstats.models.selective_labels.prevalences import prevalence_of
from causalstats.models.shared.exclusion_restrictions import (
    without_exclusion,
    without_restriction,
)

if TYPE_CHECKING:
    from causalstats.models.selective_labels.model import SelectiveLabels


def relaxations(model: SelectiveLabels, data: Decisions) -> tuple[Relaxation, ...]:
    """Return the model with any prevalence, and without each expertise and each exclusion.

    Negative controls are knowledge that the model itself does without.
    """
    expertise = [
        without_restriction(
            model,
            data,
            "expertise",
            feature,
            "expertise on",
            "testing_policy",
            model.expertise_sd,
        )
        for feature in model.expertise
    ]
    controls = [
        _negative_control(model, data, feature) for feature in model.negative_controls
    ]
    # A correlated prior expects of an instrument what the other features do, and its coefficient of
    # risk would not be near 0 where the instrument is strong.
    correlated = model.coefficient_prior == "correlated"
    alone = replace(model, coefficient_prior="attenuated") if correlated else model
    return (
        *prevalence_of(model).relaxation(model, data),
        *expertise,
        *without_exclusion(alone, data, "risk_coefficient", "testing_coefficient"),
        *controls,
    )


def _negative_control(
    model: SelectiveLabels, data: Decisions, feature: str
) -> Relaxation:
    return Relaxation(
        name=f"negative control {feature}",
        model=model,
        estimand="risk_coefficient",
        known=Known(0.0),
        labels=tuple(data.features[column] for column in data.columns_of(feature)),
    )
