"""Relaxations of a selective-labels model: each leaves out one piece of outside knowledge.

The answers without it are for the check of prior-data conflict.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from causalstats.core.assumption import Relaxation
from causalstats.core.knowledge import Known
from causalstats.data import Decisions
from causalstats.models.selective_labels.prevalences import prevalence_of


def relaxations(model: Any, data: Decisions) -> tuple[Relaxation, ...]:
    """Return the model with any prevalence as likely as another, and without each expertise.

    Negative controls are knowledge that the model itself does without.
    """
    expertise = [
        _without_expertise(model, data, feature) for feature in model.expertise
    ]
    controls = [
        _negative_control(model, data, feature) for feature in model.negative_controls
    ]
    return (*prevalence_of(model).relaxation(model, data), *expertise, *controls)


def _without_expertise(model: Any, data: Decisions, feature: str) -> Relaxation:
    rest = tuple(other for other in model.expertise if other != feature)
    return Relaxation(
        name=f"expertise on {feature}",
        model=replace(model, expertise=rest),
        estimand="testing_policy",
        known=Known(0.0, sd=model.expertise_sd),
        labels=_labels(data, feature),
    )


def _negative_control(model: Any, data: Decisions, feature: str) -> Relaxation:
    return Relaxation(
        name=f"negative control {feature}",
        model=model,
        estimand="risk_coefficient",
        known=Known(0.0),
        labels=_labels(data, feature),
    )


def _labels(data: Decisions, feature: str) -> tuple[str, ...]:
    return tuple(data.features[column] for column in data.columns_of(feature))
