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
    """Return the model with any prevalence, and without each expertise and each exclusion.

    Negative controls are knowledge that the model itself does without.
    """
    expertise = [
        _without_expertise(model, data, feature) for feature in model.expertise
    ]
    controls = [
        _negative_control(model, data, feature) for feature in model.negative_controls
    ]
    excluded = [
        _without_role(
            model, data, "excluded", feature, "exclusion of", "risk_coefficient"
        )
        for feature in model.excluded
    ]
    undecisive = [
        _without_role(
            model,
            data,
            "undecisive",
            feature,
            "exclusion from the decision of",
            "testing_coefficient",
        )
        for feature in model.undecisive
    ]
    return (
        *prevalence_of(model).relaxation(model, data),
        *expertise,
        *excluded,
        *undecisive,
        *controls,
    )


def _without_expertise(model: Any, data: Decisions, feature: str) -> Relaxation:
    rest = tuple(other for other in model.expertise if other != feature)
    return Relaxation(
        name=f"expertise on {feature}",
        model=replace(model, expertise=rest),
        estimand="testing_policy",
        known=Known(0.0, sd=model.expertise_sd),
        labels=_labels(data, feature),
    )


def _without_role(
    model: Any, data: Decisions, field: str, feature: str, words: str, estimand: str
) -> Relaxation:
    """Return the model in which a feature may affect outcome and decision.

    Parameters
    ----------
    model : SelectiveLabels
    data : Decisions
    field, feature : str
        The field that lists the feature.
    words : str
        A name of the restriction, to precede the feature.
    estimand : str
        The coefficient that is 0.
    """
    rest = tuple(other for other in getattr(model, field) if other != feature)
    return Relaxation(
        name=f"{words} {feature}",
        model=replace(model, **{field: rest}),
        estimand=estimand,
        known=Known(0.0),
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
