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
    nothing = Known(0.0)
    if nothing in (model.unobserved_scale, model.response) or data.decision.all():
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
