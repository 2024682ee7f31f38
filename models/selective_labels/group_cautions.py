"""Answers by groups rest on an unobservable that is alike in each of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from causalstats.core.check import Check
from causalstats.core.knowledge import Known, KnownByGroup
from causalstats.data import Decisions

if TYPE_CHECKING:
    from causalstats.models.selective_labels.model import SelectiveLabels

NAME = "the unobservable is alike in each group"
_BY_GROUP = (
    "risk",
    "untested_risk",
    "prevalence",
    "untested_prevalence",
    "missed_cases",
    "share_found",
    "excess_testing",
    "testing_threshold",
)


def group_cautions(
    model: SelectiveLabels, data: Decisions, by: Any
) -> tuple[Check, ...]:
    """Return the caution on an answer by groups whose own prevalences are not known.

    σ is one for everybody. A prevalence of everybody fixes the mean of all the untested, and not
    that of each group: this depends on how much the decision-maker sees of the group.

    Parameters
    ----------
    model : SelectiveLabels
    data : Decisions
    by : str or labels
    """
    if _nothing_hidden(model, data):
        return ()
    known = model.prevalence
    if isinstance(known, KnownByGroup) and isinstance(by, str) and by == known.feature:
        return ()
    group = by if isinstance(by, str) else "the groups"
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
            estimands=_BY_GROUP,
            assumption="",
            caution=True,
        ),
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
    return nothing in (model.unobserved_scale, model.response) or data.decision.all()
