"""Exclusion restrictions of selection models: features of the decision, or of the outcome, only.

A feature that moves the decision and not the outcome is an instrument: `excluded`. One that moves
the outcome and not the decision is in `excluded_from_decision`. This file has the assumptions, the
strength of the instruments, and the models in which a feature is no longer excluded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from causalstats.core.assumption import Assumption, Relaxation
from causalstats.core.check import Check
from causalstats.core.knowledge import Known
from causalstats.data import Decisions

if TYPE_CHECKING:
    from causalstats.models.heckman.model import Heckman
    from causalstats.models.selective_labels.model import SelectiveLabels

_LEAST_F = 10.0  # Staiger & Stock (1997), for a decision as for a treatment


def exclusion_assumptions(
    model: Heckman | SelectiveLabels,
    outcome_coefficient: str,
    decision_coefficient: str,
) -> tuple[Assumption, ...]:
    """Return the exclusion restrictions that a model makes, in words.

    Parameters
    ----------
    model : Heckman or SelectiveLabels
    outcome_coefficient, decision_coefficient : str
        The symbols of the coefficients that are 0 for `excluded`, and for
        `excluded_from_decision`.
    """
    listed = []
    if model.excluded:
        names = ", ".join(model.excluded)
        listed.append(
            Assumption(
                name="exclusion",
                statement=f"The decision depends on {names}, and the outcome does not.",
                if_wrong="What they do to the outcome is then taken for selection on what nobody "
                "recorded.",
                formula=f"{outcome_coefficient} = 0 for {names}",
                checks=(
                    "agrees with the data: exclusion of",
                    "strength of the exclusion",
                ),
                fields=("excluded",),
            )
        )
    if model.excluded_from_decision:
        names = ", ".join(model.excluded_from_decision)
        listed.append(
            Assumption(
                name="exclusion from the decision",
                statement=f"The outcome depends on {names}, and the decision does not: who decides "
                "does not see that.",
                if_wrong="What they do to the decision is then taken for what its other features "
                "do.",
                formula=f"{decision_coefficient} = 0 for {names}",
                checks=("agrees with the data: exclusion from the decision of",),
                fields=("excluded_from_decision",),
            )
        )
    return tuple(listed)


def strength_of_exclusion(
    excluded: Sequence[str], data: Decisions, estimands: tuple[str, ...] = ()
) -> tuple[Check, ...]:
    """Return whether excluded features move the decision, as instruments have to.

    The F statistic of their columns in a linear regression of the decision on all features.

    Parameters
    ----------
    excluded : sequence of str
        Features that affect the decision and not the outcome.
    data : Decisions
    estimands : tuple of str
        The answers that rest on them; empty for all.
    """
    f = _moves_the_decision(excluded, data)
    if f is None:
        return ()
    strong = bool(f >= _LEAST_F)
    return (
        Check(
            name="strength of the exclusion",
            passed=True if strong else None,
            value=float(f),
            expected=f"F at least {_LEAST_F:g}",
            finding=f"{', '.join(excluded)} move the decision with F = {f:.1f}, given the other "
            "features",
            remedy=""
            if strong
            else "An exclusion that hardly moves the decision identifies nothing: the answer rests "
            "on the shape of the model. Name a stronger one, or other outside knowledge.",
            estimands=estimands,
            caution=True,
        ),
    )


def strength_of_controls(
    controls: Sequence[str], data: Decisions, estimands: tuple[str, ...] = ()
) -> tuple[Check, ...]:
    """Return the caution that a negative control hardly moves the decision; nothing otherwise.

    Such a control has no coefficient of risk whatever is hidden, and agrees with every model.

    Parameters
    ----------
    controls : sequence of str
        Features that are believed to affect the decision and not the outcome.
    data : Decisions
    estimands : tuple of str
        The answers that rest on them; empty for all.
    """
    checks = []
    for control in controls:
        f = _moves_the_decision([control], data)
        if f is None or f >= _LEAST_F:
            continue
        checks.append(
            Check(
                name=f"strength of the negative control {control}",
                passed=None,
                value=f,
                expected=f"F at least {_LEAST_F:g}",
                finding=f"{control} moves the decision with F = {f:.1f}, given the other features",
                remedy="A negative control shows a hidden cause by the decisions that it moves. "
                "One that hardly moves them agrees with every model, and its check says nothing: "
                "name a stronger one, or other outside knowledge.",
                estimands=estimands,
                caution=True,
            )
        )
    return tuple(checks)


def _moves_the_decision(features: Sequence[str], data: Decisions) -> float | None:
    """Return F of features in a regression of the decision on all; None where it has none."""
    if not features:
        return None
    columns = data.feature_mask(features)
    size = len(data)
    others = np.column_stack([np.ones(size), data.matrix[:, ~columns]])
    decision = data.decision.astype(float)
    restricted, rank = _squares(others, decision)
    full, full_rank = _squares(
        np.column_stack([others, data.matrix[:, columns]]), decision
    )
    degrees = size - full_rank
    if degrees < 1 or full_rank == rank:
        return None
    return (restricted - full) / (full_rank - rank) / max(full / degrees, 1e-12)


def _squares(columns: np.ndarray, outcome: np.ndarray) -> tuple[float, int]:
    """Return the residual sum of squares of least squares, and the rank of the columns."""
    coefficients, _, rank, _ = np.linalg.lstsq(columns, outcome, rcond=None)
    residuals = outcome - columns @ coefficients
    return float(residuals @ residuals), int(rank)


def without_exclusion(
    model: Heckman | SelectiveLabels,
    data: Decisions,
    outcome_coefficient: str,
    decision_coefficient: str,
) -> tuple[Relaxation, ...]:
    """Return, for each excluded feature, the model in which its coefficient is free.

    Parameters
    ----------
    model : Heckman or SelectiveLabels
    data : Decisions
    outcome_coefficient, decision_coefficient : str
        The estimands that are 0 for `excluded`, and for `excluded_from_decision`.
    """
    fields = {
        "excluded": ("exclusion of", outcome_coefficient),
        "excluded_from_decision": (
            "exclusion from the decision of",
            decision_coefficient,
        ),
    }
    return tuple(
        without_restriction(model, data, field, feature, words, estimand)
        for field, (words, estimand) in fields.items()
        for feature in getattr(model, field)
    )


def without_restriction(
    model: Heckman | SelectiveLabels,
    data: Decisions,
    field: str,
    feature: str,
    words: str,
    estimand: str,
    sd: float = 0.0,
) -> Relaxation:
    """Return the model in which a field no longer lists a feature.

    Parameters
    ----------
    model : Heckman or SelectiveLabels
    data : Decisions
    field, feature : str
        The field that lists the feature.
    words : str
        A name of the restriction, to precede the feature.
    estimand : str
        The coefficient that is restricted.
    sd : float
        How nearly it is 0.
    """
    rest = tuple(other for other in getattr(model, field) if other != feature)
    fields: dict[str, Any] = {field: rest}
    return Relaxation(
        name=f"{words} {feature}",
        model=replace(model, **fields),
        estimand=estimand,
        known=Known(0.0, sd=sd),
        labels=tuple(data.features[column] for column in data.columns_of(feature)),
    )
