"""The assumptions of a panel of counts or of outcomes of 0 and 1, in words.

Conditional likelihoods have no incidental parameters problem: no unit effect is estimated.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from causalstats.core.assumption import Assumption
from causalstats.models.shared.bad_controls import (
    AT_ADOPTION,
    FOLLOW,
    IF_MOVED,
    NO_SPILLOVER,
    NOT_MOVED,
    NOT_SEEN,
)
from causalstats.models.shared.common_changes import COMMON_CHANGES
from causalstats.models.shared.measurement import measured_without_error
from causalstats.models.shared.shared_shocks import SHARED_SHOCKS
from causalstats.models.shared.units_alike import ALIKE

if TYPE_CHECKING:
    from causalstats.models.panel_glm.model import PanelGLM

CONFOUNDERS = "no unobserved time-varying confounder"
EXOGENEITY = "strict exogeneity"
LATER = "ratio the same since adoption"
BOUNDED = "the data bound the ratio"


def assumptions(model: PanelGLM) -> tuple[Assumption, ...]:
    """Return the assumptions of the answers."""
    common = ", or moves all units alike at a time." if model.time_effects else "."
    return (
        Assumption(
            name=CONFOUNDERS,
            statement="Whatever moves both treatment and outcome is among the covariates, or a "
            f"lasting feature of the unit{common} {NOT_MOVED} {NO_SPILLOVER}",
            if_wrong=f"The ratio takes in what the confounder does. {IF_MOVED} {NOT_SEEN}",
            formula="Y_it(d) independent of D_it given x_it and the unit",
            checks=(EXOGENEITY, COMMON_CHANGES, ALIKE, AT_ADOPTION, FOLLOW),
            fields=("time_effects",),
        ),
        Assumption(
            name=EXOGENEITY,
            statement="Earlier outcomes move neither later treatments nor later covariates, and "
            "none of these is an earlier outcome.",
            if_wrong="The conditional likelihood is biased, the more so the fewer periods.",
            formula="E(Y_it | unit, x_i1 ... x_iT) = E(Y_it | unit, x_it)",
            checks=(EXOGENEITY,),
        ),
        model.outcome_family.assumption(model.errors == "cluster"),
        measured_without_error(
            "Errors of a treatment draw its ratio towards 1, the more so within units.",
            numeric_outcome=False,
            panel=True,
        ),
        _errors(model),
    )


def _errors(model: PanelGLM) -> Assumption:
    if model.errors == "cluster":
        return Assumption(
            name="many clusters",
            statement="Units, or the clusters that are named, are independent and many.",
            if_wrong="With fewer than some 40 clusters intervals are too short.",
            formula="V = Σ J Σ, J = Σ_g s_g s_g'",
            checks=("units whose outcome changes", SHARED_SHOCKS),
            fields=("errors",),
        )
    return Assumption(
        name="distribution of the outcome",
        statement="Given the unit, outcomes of different periods are independent, with the "
        "variance of the family.",
        if_wrong="Intervals are too short where counts are overdispersed or last: take "
        "`errors='cluster'`.",
        formula="p(y_i1 ... y_iT | unit) = Π_t p(y_it | unit)",
        checks=("predicts the products of adjacent outcomes", SHARED_SHOCKS),
        fields=("errors",),
    )
