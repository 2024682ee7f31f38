"""Answers by groups rest on an unobservable that is alike in each of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from causalstats.core.check import Check
from causalstats.core.knowledge import Known, KnownByGroup
from causalstats.data import Decisions

if TYPE_CHECKING:
    from causalstats.models.selective_labels.model import SelectiveLabels

NAME = "the unobservable is alike in each group"
_MOST_NAMED = 3
_MEANS = (
    "risk",
    "untested_risk",
    "prevalence",
    "untested_prevalence",
    "missed_cases",
    "share_found",
)
_DECISIONS = ("excess_testing", "testing_threshold")
_COEFFICIENTS = (
    "testing_policy",
    "testing_policy_per_unit",
    "risk_coefficient",
    "risk_coefficient_per_unit",
)


def group_cautions(
    model: SelectiveLabels, data: Decisions, by: Any
) -> tuple[Check, ...]:
    """Return the caution on an answer by groups.

    σ is one for everybody. A prevalence of everybody fixes the mean of all the untested, and not
    that of each group: this depends on how much the decision-maker sees of the group. The
    prevalence of each group fixes its mean, and not how it is tested at the same risk.

    Parameters
    ----------
    model : SelectiveLabels
    data : Decisions
    by : str or labels
    """
    if _nothing_hidden(model, data):
        return ()
    group = by if isinstance(by, str) else "the groups"
    known = model.prevalence
    if isinstance(known, KnownByGroup) and isinstance(by, str) and by == known.feature:
        return (_of_decisions(f"each of {group}", _DECISIONS),)
    return (
        Check(
            name=NAME,
            passed=None,
            value=None,
            expected="a known prevalence of each group",
            finding=f"who decides is taken to see as much beyond the features in each of {group}. "
            "Where they see more of one group, its people who were not decided for have another "
            "risk than said, and those of others, too, in the other direction: nothing in these "
            "data shows it. In simulations where the unobservable spread over 5 log-odds in one "
            "group and half of one in the other, 95 % intervals of the two covered in 6 of 10",
            remedy="Give the prevalence of each group, `prevalence=cs.KnownByGroup(feature, "
            "{...})`, which fixes the mean of each, or fit each group by itself with its own; "
            "`fit.sensitivity(unobserved_scale=[...])` shows how far answers depend on the spread.",
            estimands=(*_MEANS, *_DECISIONS),
            assumption="",
            caution=True,
        ),
    )


def coefficient_cautions(
    model: SelectiveLabels, name: str, data: Decisions
) -> tuple[Check, ...]:
    """Return the caution on coefficients of the decision or the risk, where one is of a group.

    Parameters
    ----------
    model : SelectiveLabels
    name : str
        The answer.
    data : Decisions
    """
    if name not in _COEFFICIENTS or _nothing_hidden(model, data):
        return ()
    groups = [
        feature
        for feature, column in zip(data.features, data.matrix.T, strict=True)
        if _of_two_values(column)
    ]
    if not groups:
        return ()
    shown = ", ".join(groups[:_MOST_NAMED])
    if len(groups) > _MOST_NAMED:
        shown += f" and {len(groups) - _MOST_NAMED} others"
    return (_of_decisions(f"the groups of {shown}", _COEFFICIENTS),)


def _of_two_values(column: np.ndarray) -> bool:
    low, high = column.min(), column.max()
    return bool(low < high and ((column == low) | (column == high)).all())


def _of_decisions(groups: str, estimands: tuple[str, ...]) -> Check:
    """Return the caution on how groups are tested at the same risk, and on their risks.

    Parameters
    ----------
    groups : str
        In words.
    estimands : tuple of str
        The answers that it concerns.
    """
    return Check(
        name=NAME,
        passed=None,
        value=None,
        expected="a fit of each group by itself",
        finding=f"who decides is taken to see as much beyond the features in {groups}. Where they "
        "see more of one group, it looks as if it were tested more readily or less at the same "
        "risk, and as if its risk were another: nothing in these data shows it. In simulations "
        "where the unobservable spread over 5 log-odds in one group and half of one in the other "
        "and both were tested alike, 95 % intervals covered in about half of the data sets, and "
        "in two thirds where the prevalence of each group was known",
        remedy="Fit each group by itself, with its own prevalence, and compare its answers; "
        "`fit.sensitivity(unobserved_scale=[...])` shows how far they depend on the spread.",
        estimands=estimands,
        assumption="",
        caution=True,
    )


def score_cautions(
    model: SelectiveLabels, data: Decisions, by: Any
) -> tuple[Check, ...]:
    """Return the caution on the accuracy of a score in groups, whose prevalences do not help.

    How well a score tells cases from others depends on how far risks spread beyond it, and σ is one
    for everybody.

    Parameters
    ----------
    model : SelectiveLabels
    data : Decisions
    by : str, labels or None
    """
    if by is None or _nothing_hidden(model, data):
        return ()
    group = by if isinstance(by, str) else "the groups"
    return (
        Check(
            name=NAME,
            passed=None,
            value=None,
            expected="a fit of each group by itself",
            finding=f"who decides is taken to see as much beyond the features in each of {group}. "
            "Where they see more of one group, its risks spread more, and the score tells its "
            "cases from others less well than said: nothing in these data shows it. In "
            "simulations where the unobservable spread over 5 log-odds in one group and half of "
            "one in the other, 95 % intervals of the difference of the two covered in 0 of 8 data "
            "sets for the AUC and in 3 of 8 for the positive predictive value, and in 0 and 2 of 6 "
            "where the prevalence of each group was known",
            remedy="Fit each group by itself, with its own prevalence, and compare its answers; "
            "`fit.sensitivity(unobserved_scale=[...])` shows how far these depend on the spread.",
            assumption="",
            caution=True,
        ),
    )


def _nothing_hidden(model: SelectiveLabels, data: Decisions) -> bool:
    """Return whether the model has no unobservable, or everybody was decided for."""
    nothing = Known(0.0)
    known = (model.unobserved_scale, model.response)
    return nothing in known or bool(data.decision.all())
