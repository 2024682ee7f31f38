"""The assumptions of `PanelDML` in words, each with what happens where it does not hold."""

from __future__ import annotations

from dataclasses import replace
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
from causalstats.models.shared.measurement import measured_without_error

if TYPE_CHECKING:
    from causalstats.models.panel_dml.model import PanelDML

CONFOUNDERS = "no unobserved time-varying confounder"


def assumptions(model: PanelDML) -> tuple[Assumption, ...]:
    """Return the assumptions of the answer."""
    return (
        _no_unobserved_confounder(model),
        Assumption(
            name="strict exogeneity",
            statement="Earlier outcomes move neither later treatments nor later covariates (no "
            "feedback), no covariate is an earlier outcome, and no unit leaves because of its own.",
            if_wrong="Effects within units are biased by a term of order 1/T (Nickell bias). The "
            "check of strict exogeneity can show it with three rows or more of ten units or more; "
            "fewer cannot.",
            formula="E(e_it | X_i1 ... X_iT, D_i1 ... D_iT, unit) = 0",
            checks=(
                "strict exogeneity",
                "leads have no effect",
                "no earlier outcome among covariates",
                "units do not leave because of their outcome",
            ),
        ),
        _units(model),
        _nuisance_functions(model),
        measured_without_error(
            "Errors of a treatment draw its effect towards 0, the more so within units: what lasts "
            "drops out of the differences, and errors do not (Griliches & Hausman 1986). Errors of "
            "a covariate leave a part of its confounding.",
            panel=True,
        ),
        model.effect_form.assumption(model),
        model.error_model.assumption(model),
    )


def _units(model: PanelDML) -> Assumption:
    assumption = model.unit_heterogeneity.assumption()
    if not model.unit_trends:
        return assumption
    return replace(
        assumption,
        statement="Units may differ in any way that lasts, and in any linear trend: only changes "
        "about their own trends are used.",
        if_wrong="Trends that bend are taken for an effect of the treatment, and an effect that "
        "builds up for a trend.",
        formula="a_i + b_i t, c_i + d_i t anything",
        fields=("heterogeneity", "unit_trends"),
    )


def _no_unobserved_confounder(model: PanelDML) -> Assumption:
    common = ", or moves all units alike at a time." if model.time_effects else "."
    return Assumption(
        name=CONFOUNDERS,
        statement="Whatever moves both treatment and outcome is among the covariates, or a "
        f"lasting feature of the unit{common} {NOT_MOVED} {NO_SPILLOVER}",
        if_wrong="The effect takes in what the confounder does: see `robustness_value` for how "
        f"strong it would have to be. {IF_MOVED} {NOT_SEEN}",
        formula="Y_it(d) independent of D_it given X_it and the unit",
        checks=(
            "strict exogeneity",
            "predicts the mean over time",
            NO_COPY,
            "no effect of the treatments of other units",
            AT_ADOPTION,
            FOLLOW,
        ),
        fields=("time_effects",),
    )


def _nuisance_functions(model: PanelDML) -> Assumption:
    products = ", with the products named"
    if isinstance(model.interactions, str):
        products = (
            ", with products of each two" if model.interactions == "pairs" else ""
        )
    learned = ""
    if model.nuisance == "boosting":
        learned = (
            ", and any function of them all that other units teach (boosted trees)"
        )
    kind = (
        "straight lines" if model.columns_each == 1 else model.basis_family.description
    )
    return Assumption(
        name=model.basis_family.assumption_name,
        statement=f"Covariates act through {kind}{products}{learned}; what a unit is like "
        "adds to that.",
        if_wrong="Joint effects of covariates, or effects in some units only, confound: name "
        "`interactions`, or learn them with nuisance='boosting'; see what `basis_size`, `basis` "
        "and `coefficients` do.",
        formula="l = φ(X)'δ, m = φ(X)'γ, (γ_k, δ_k) ~ Normal(0, κ_k diag(τ) C diag(τ))"
        f"{model.coefficient_prior.formula}{model.shrinkage_prior.formula}",
        checks=(
            "covariates act as assumed",
            "functions of covariates are learned",
            "treatment is not a function of the covariates",
        ),
        fields=(
            "basis",
            "basis_size",
            "interactions",
            "nuisance",
            "coefficients",
            "shrinkage",
        ),
    )
