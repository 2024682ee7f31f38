"""The assumptions of an event study in words, each with what happens where it does not hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from causalstats.core.assumption import Assumption
from causalstats.models.event_study.additive_changes import ADDITIVE
from causalstats.models.event_study.pooling import POOLING
from causalstats.models.shared.covariate_form import LINEAR_COVARIATES
from causalstats.models.shared.interference import INTERFERENCE
from causalstats.models.shared.measurement import measured_without_error
from causalstats.models.shared.shared_shocks import SHARED_SHOCKS

if TYPE_CHECKING:
    from causalstats.models.event_study.model import EventStudy

_NO_TRENDS = (
    "The effect takes in the difference in trends. Small ones are not seen: the check says which. "
    "See `breakdown_value`, and "
)
COVARIATES = "covariates before adoption"
ERRORS = {
    "ar1": Assumption(
        name="AR(1) errors",
        statement="Errors are normal, independent between units, with a serial correlation of ρ^h "
        "at a gap of h periods, and one standard deviation in each cohort.",
        if_wrong="Intervals are too short where errors of a unit last in another way, or units "
        "share shocks: see the check of serial correlation, and `errors='cluster'`.",
        formula="ε_it = ρ ε_i(t-1) + σ_g z_it",
        checks=("predicts the serial correlation of residuals", SHARED_SHOCKS),
        fields=("errors", "sd_spread"),
    ),
    "iid": Assumption(
        name="independent errors",
        statement="Errors are normal and independent, with one standard deviation in each cohort.",
        if_wrong="Intervals are too short where errors of a unit last: take errors='ar1'.",
        formula="ε_it ~ Normal(0, σ_g²)",
        checks=("predicts the serial correlation of residuals", SHARED_SHOCKS),
        fields=("errors", "sd_spread"),
    ),
    "cluster": Assumption(
        name="many clusters",
        statement="Errors of a cluster may depend on each other in any way; clusters are "
        "independent. Errors of the clusters of a cohort vary about as those of the others, until "
        "there are enough of them to show that they do not.",
        if_wrong="Where errors of a cohort with one cluster or two vary far more than those of the "
        "others, its intervals are too short; so are all intervals where units share shocks of a "
        "group that is not named. Units in the order of these groups show it, in another order no "
        "data do.",
        formula="θ̂ - θ = Σ_c ε_c, Cov(ε_c) = (ν_c CR2 + κ common) / (ν_c + κ)",
        checks=("treated units", "clusters of each cohort", SHARED_SHOCKS),
        fields=("errors", "variance_prior_degrees"),
    ),
}


def assumptions(model: EventStudy) -> tuple[Assumption, ...]:
    """Return the assumptions of the answers."""
    return (
        _parallel_trends(model),
        _no_anticipation(model),
        Assumption(
            name="no interference",
            statement="The adoption of a unit does not move the outcome of another (SUTVA).",
            if_wrong="Controls that are affected hide a part of the effect, or add to it.",
            formula="Y_it(g_1 ... g_N) = Y_it(g_i)",
            checks=(INTERFERENCE,),
        ),
        Assumption(
            name=COVARIATES,
            statement="Covariates enter as they are in a unit's first row, which the treatment has "
            "not moved, and act through straight lines or splines of their own in each period.",
            if_wrong="A covariate that the treatment moves would take away a part of its effect; "
            "one whose curve is missed leaves a difference in trends: a square that moves the "
            "outcome by .7 standard deviations of the errors over the study shows in 70 % of "
            "studies of 120 units, one of .5 in a third. See whether `basis_size=4` changes it.",
            formula="f_t(x_i) = x_i'δ_t, δ_t ~ Normal(0, τ² σ²)",
            checks=("overlap of cohorts and controls", LINEAR_COVARIATES),
            fields=("basis_size", "covariate_scale"),
        ),
        measured_without_error(
            "Wrong adoption times mix periods before and after, and draw effects towards 0; errors "
            "of the outcome that have nothing to do with adoption only widen the interval.",
            panel=True,
        ),
        POOLING[model.pooling].assumption(),
        ERRORS[model.errors],
    )


def _parallel_trends(model: EventStudy) -> Assumption:
    controls = "units that are not treated yet"
    if model.controls == "never":
        controls = "units that never adopt"
    violation = "`fit.sensitivity(trend_violation=[0, 0.5, 1, 2])`."
    return Assumption(
        name="parallel trends",
        statement="Without the treatment, outcomes of every cohort would have changed as those of "
        f"{controls} with the same covariates did.",
        if_wrong=_NO_TRENDS + violation,
        formula="E(Y_it(∞) - Y_is(∞) | g_i, x_i) does not depend on g_i",
        checks=(
            "parallel trends before adoption",
            ADDITIVE,
            "presence does not depend on adoption",
        ),
        fields=("trend_violation", "trend_restriction", "controls"),
    )


def _no_anticipation(model: EventStudy) -> Assumption:
    when, period = "before adoption", "g"
    if model.anticipation:
        when = f"more than {model.anticipation} periods before adoption"
        period = f"g - {model.anticipation}"
    return Assumption(
        name="no anticipation",
        statement=f"The treatment has no effect {when}.",
        if_wrong="The base that effects are measured from is itself affected: refit with "
        f"anticipation={model.anticipation + 1}.",
        formula=f"Y_it(g) = Y_it(∞) for t < {period}",
        checks=("no anticipation", "adoption times known"),
        fields=("anticipation",),
    )
