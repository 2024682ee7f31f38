"""The assumptions of a dynamic panel in words, each with what happens where it does not hold.

The initial conditions problem is met by a unit effect that is linear in the first outcome.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from causalstats.core.assumption import Assumption
from causalstats.models.shared.bad_controls import (
    AT_ADOPTION,
    FOLLOW,
    IF_MOVED,
    NO_COPY,
    NO_SPILLOVER,
    NOT_MOVED,
    NOT_SEEN,
)
from causalstats.models.shared.common_changes import COMMON_CHANGES
from causalstats.models.shared.covariate_form import LINEAR_COVARIATES
from causalstats.models.shared.measurement import measured_without_error
from causalstats.models.shared.shared_shocks import SHARED_SHOCKS
from causalstats.models.shared.units_alike import ALIKE

if TYPE_CHECKING:
    from causalstats.models.dynamic_panel.model import DynamicPanel

CONFOUNDERS = "no unobserved time-varying confounder"
EXOGENEITY = "strict exogeneity given the past outcome"
INDEPENDENCE = "errors without serial correlation"
CONSTANT_VARIANCE = "constant variance"
SAME_EFFECT = "the same effect in all units"
LINEARITY = "linear in treatments and covariates"
_PROJECTIONS = {
    "chamberlain": ("in every period", "Σ_s x_is'λ_s"),
    "mundlak": ("on average over the periods", "x̄_i'λ"),
}


def assumptions(model: DynamicPanel) -> tuple[Assumption, ...]:
    """Return the assumptions of the answers."""
    common = ", or moves all units alike in a period" if model.time_effects else ""
    history, formula = _PROJECTIONS[model.projection]
    return (
        Assumption(
            name=CONFOUNDERS,
            statement="Whatever moves both treatment and outcome is an earlier outcome, among the "
            f"covariates, or a lasting feature of the unit{common}. {NOT_MOVED} {NO_SPILLOVER}",
            if_wrong="The effect takes in what the confounder does, and so it does where units "
            "answer to common shocks each in its own way (interactive effects) and treatments "
            f"follow these: these data hardly show it. Tests of all cross-products of residuals "
            "would see shocks to which units answer by .7 standard deviations of an error in half "
            f"of the panels of 200 units at 6 times, and by .5 in a quarter. {IF_MOVED} {NOT_SEEN}",
            formula="Y_it(d) independent of D_it given y_i,t-1, x_it and α_i",
            checks=(EXOGENEITY, NO_COPY, COMMON_CHANGES, ALIKE, AT_ADOPTION, FOLLOW),
            fields=("time_effects",),
        ),
        Assumption(
            name=EXOGENEITY,
            statement="Errors of the outcome move neither later treatments nor later covariates "
            "(no feedback). The past outcome itself is in the model.",
            if_wrong="Persistence and effect are biased by feedback. Take the treatment of the "
            "period before, or see what system GMM says in `fit.compare()`, with the treatment's "
            "own lags as instruments (Blundell & Bond 1998).",
            formula="E(e_it | y_i0, x_i1 ... x_iT, α_i) = 0",
            checks=(EXOGENEITY,),
        ),
        Assumption(
            name=INDEPENDENCE,
            statement="Once the past outcome is in the model, errors of different periods are not "
            "correlated: what lasts is the unit effect and the outcome itself.",
            if_wrong="Persistence takes in the correlation of errors. Add a lag with `lags=`.",
            formula="E(e_it e_is) = 0 for t ≠ s",
            checks=(INDEPENDENCE, "predicts the correlation of residuals by lag"),
            fields=("lags",),
        ),
        Assumption(
            name=LINEARITY,
            statement="Treatments and covariates add to the outcome in proportion.",
            if_wrong="What a covariate does beside a line stays in the effect of a treatment that "
            "depends on it too. Add its square, or make codes of categories text.",
            formula="E(Y_it | y_i,t-1, x_it, α_i) = ρ y_i,t-1 + x_it'β + α_i",
            checks=(LINEAR_COVARIATES,),
        ),
        Assumption(
            name=SAME_EFFECT,
            statement="Effects and persistence are the same in all units and periods.",
            if_wrong="Where effects differ, units weigh by the variance of their treatment: the "
            "answer is the mean over units only where effects do not go with that. Where "
            "persistence differs, its mean is put too high, and the long-run effect with it "
            "(Pesaran & Smith 1995); few periods hardly show that.",
            formula="θ_i = θ, ρ_i = ρ",
            checks=("one effect", "the same effect in all periods"),
        ),
        Assumption(
            name="linear initial condition",
            statement="The unit effect depends linearly on the first outcomes and on treatments "
            f"and covariates {history}, and else varies with one variance.",
            if_wrong="With few periods, persistence and effects are biased where the mean of the "
            "unit effect is curved, or depends on more than this of its history.",
            formula=f"α_i = φ y_i0 + {formula} + u_i",
            fields=("projection", "unit_scale", "coefficient_sd"),
        ),
        measured_without_error(
            "Errors of the outcome draw persistence towards 0, since the past outcome is a "
            "regressor; errors of a treatment draw its effect towards 0.",
            panel=True,
        ),
        _variances(model),
        _errors(model),
    )


def _variances(model: DynamicPanel) -> Assumption:
    if model.variances == "by_period":
        return Assumption(
            name="variances by period",
            statement="Errors have a variance of their own in each period, on average over units.",
            if_wrong="Persistence rests on variances over time beside means: it is right where "
            "units differ in variance, and wrong where a unit's variance moves with its history.",
            formula="Var(e_it) = σ_t²",
            fields=("variances", "error_scale"),
        )
    return Assumption(
        name=CONSTANT_VARIANCE,
        statement="Errors have the same variance in every period, on average over units.",
        if_wrong="With few periods persistence is biased where the variance changes over time "
        "(Alvarez & Arellano 2022): take variances='by_period'.",
        formula="Var(e_it) = σ²",
        checks=(CONSTANT_VARIANCE,),
        fields=("variances", "error_scale"),
    )


def _errors(model: DynamicPanel) -> Assumption:
    if model.errors == "cluster":
        return Assumption(
            name="many clusters",
            statement="Errors may be of any distribution, and of variances that differ between "
            "units; units, or the clusters that are named, are independent and many.",
            if_wrong="With fewer than some 50 clusters, or a few that say most, intervals are too "
            "short, by less than without the moderation for unequal clusters.",
            formula="V = Σ J Σ, J = Σ_g s_g s_g'",
            checks=(
                "clusters for these columns",
                "no few clusters say most",
                SHARED_SHOCKS,
            ),
            fields=("errors",),
        )
    return Assumption(
        name="normal errors",
        statement="Errors and unit effects are normal, of the same variance in all units.",
        if_wrong="Intervals are too short where tails are heavy or units differ in variance: take "
        "`errors='cluster'`.",
        formula="e_it ~ Normal(0, σ_t²), u_i ~ Normal(0, σ_u²)",
        fields=("errors",),
    )
