"""What `PanelDML` assumes, in words, and what its data leave in doubt."""

from __future__ import annotations

from typing import Any

import numpy as np

from causalstats.core.assumption import Assumption
from causalstats.core.check import Check
from causalstats.data import Panel
from causalstats.errors import ModelError
from causalstats.models.panel_dml.checks.constant_covariates import covariates_change
from causalstats.models.panel_dml.checks.dependence import dependence_checks
from causalstats.models.panel_dml.checks.effect_heterogeneity import one_effect
from causalstats.models.panel_dml.checks.lagged_outcome import earlier_outcome
from causalstats.models.panel_dml.checks.nuisance_form import nuisance_form
from causalstats.models.panel_dml.checks.score_tests import Adjusted, some_units
from causalstats.models.panel_dml.checks.staggered_adoption import staggered_adoption
from causalstats.models.panel_dml.checks.strict_exogeneity import exogeneity_checks

_FEW_UNITS = 40
_MOST_STILL = 0.5
_LITTLE = 0.01


def refuse_together(model: Any) -> None:
    """Fields that exclude each other."""
    if model.basis == "fourier" and model.interactions != "none":
        raise ModelError(
            "basis='fourier' has what covariates do together already: leave out `interactions`."
        )
    if model.basis == "fourier" and (model.basis_size < 2 or model.shrinkage == "global-local"):
        raise ModelError(
            "Waves are of all covariates together: expected at least 2 `basis_size`, and shrinkage='global'."
        )
    if model.effects == "unit" and (
        model.errors not in ("iid", "cluster")
        or model.moderators is not None
        or not model.inside
    ):
        raise ModelError(
            "Effects of units go with errors='cluster' or 'iid', no `moderators`, and heterogeneity='within' or 'mundlak'."
        )


def assumptions(model: Any) -> tuple[Assumption, ...]:
    """What the answer stands on."""
    units = {
        "within": (
            "Units may differ in any way that lasts: only changes within them are used.",
            "a_i, c_i anything",
        ),
        "mundlak": (
            "Units may differ in any way that lasts: the effect is that of changes within them, the one between them is shown beside it.",
            "a_i, c_i anything",
        ),
        "random": (
            "Units differ at random, unrelated to their treatment and covariates.",
            "a_i, c_i independent of X and D",
        ),
        "pooled": ("Units do not differ, but for their covariates.", "a_i = c_i = 0"),
    }[model.heterogeneity]
    return (
        Assumption(
            name="no hidden cause that changes",
            statement="Whatever moves both treatment and outcome is among the covariates, or a lasting feature of the unit"
            + (", or moves all units alike at a time." if model.time_effects else "."),
            if_wrong="The effect takes in what the hidden cause does: see `robustness_value` for how strong it would have to be.",
            formula="Y_it(d) independent of D_it given X_it and the unit",
        ),
        Assumption(
            name="no feedback",
            statement="Earlier outcomes move neither later treatments nor later covariates, and no covariate is an earlier outcome.",
            if_wrong="Effects within units are drawn to one side, by about 1/T. The check of strict "
            "exogeneity can show it with three rows or more of ten units or more; fewer cannot.",
            formula="E(e_it | X_i1 ... X_iT, D_i1 ... D_iT, unit) = 0",
        ),
        Assumption(
            name="units",
            statement=units[0],
            if_wrong="What units are like is taken for what the treatment does.",
            formula=units[1],
        ),
        _nuisance(model),
        _effect(model),
        _errors(model),
    )


def _nuisance(model: Any) -> Assumption:
    products = {"none": "", "pairs": ", with products of each two"}.get(
        str(model.interactions), ", with the products named"
    )
    kind = {
        "splines": "smooth functions of each",
        "hsgp": "a Gaussian process of each",
        "fourier": "one smooth function of all together",
    }[model.basis]
    through = "straight lines" if model.basis_size == 1 else kind
    return Assumption(
        name="smooth functions" if model.basis == "fourier" else "smooth and additive",
        statement=f"Covariates act through {through}{products}, and what a unit is like adds to that.",
        if_wrong="What covariates do together, or do to some units only, confounds: name `interactions`; see what `basis_size`, `basis` and `coefficients` do.",
        formula="l = φ(X)'δ, m = φ(X)'γ, (γ_k, δ_k) ~ Normal(0, κ_k diag(τ) C diag(τ))"
        + ("" if model.correlated else ", C = 1")
        + (", with τ of each covariate" if model.shrinkage == "global-local" else ""),
    )


def _effect(model: Any) -> Assumption:
    if model.effects == "unit":
        return Assumption(
            name="effects of units",
            statement="The treatment does the same to a unit at every time, in proportion to its change; effects of units are normally distributed.",
            if_wrong="Single units are drawn to the mean too much or too little. What covariates do to the treatment is taken out as if it were known.",
            formula="Y_it(d) - Y_it(0) = θ_i d, θ_i ~ Normal(θ, σ²)",
        )
    if model.moderators is not None:
        return Assumption(
            name="moderators of the effect",
            statement=f"The effect depends on {model.moderators} and nothing else, linearly in these columns, and is in proportion to the treatment's change.",
            if_wrong="The answer is an average that weighs rows by how much of their treatment the covariates leave unexplained.",
            formula="Y_it(d) - Y_it(0) = θ'(1, w_it) d",
        )
    return Assumption(
        name="one effect",
        statement="The treatment does the same to every unit at every time, in proportion to its change.",
        if_wrong="The answer is an average that weighs rows by the residuals of their treatment"
        + (
            ": some weights are negative where a treatment is adopted at different times, and the "
            "answer may have the wrong sign."
            if model.time_effects
            else "."
        ),
        formula="Y_it(d) - Y_it(0) = θ d",
    )


def _errors(model: Any) -> Assumption:
    if model.errors == "iid":
        return Assumption(
            name="independent errors",
            statement="What is left of outcome and treatment is normal, independent over rows, and of one variance.",
            if_wrong="The effect is right on average and its interval is not: too short where errors of a unit depend on each other. "
            "Say `errors='cluster'`, the default.",
            formula="(v_it, e_it) ~ Normal(0, diag(s_v², s_e²))",
        )
    if model.errors == "ar1":
        return Assumption(
            name="errors that fade",
            statement="What is left of outcome and treatment is normal, and of it a share ρ is left after one unit of time, ρ² after two.",
            if_wrong="The interval is too short where errors last otherwise. Say `errors='cluster'`.",
            formula="e_it = ρ^g e_is + s_e √((1 - ρ^2g) / (1 - ρ²)) z_it, g = t - s",
        )
    formula = (
        "Var θ = (ν V_CR2 + 3 V_common) / (ν + 3), θ ~ t(ν + 3)"
        if model.errors == "cluster"
        else "clusters weighed by Dirichlet(1, ..., 1)"
    )
    return Assumption(
        name="independent clusters",
        statement="Errors are independent between units, or between the clusters that the panel was given; within these they may depend on each other in "
        "any way.",
        if_wrong="Units that share shocks count as many, and the interval is too short: name what they share, `Panel.from_frame(cluster=...)`.",
        formula=formula,
    )


def data_checks(model: Any, data: Panel) -> tuple[Check, ...]:
    """Units that say nothing, too few of them, outcomes among covariates, more columns than rows."""
    estimands = _about(model)
    found: list[Check | None] = [
        _columns(model, data),
        earlier_outcome(some_units(data), estimands),
    ]
    if model.inside:
        few = [] if model.errors in ("cluster", "bootstrap") else [_few(data)]
        found = [_still(data), *few, *found]
    found += [_little(model, data), covariates_change(model, data, estimands)]
    adjusted = Adjusted(some_units(data), model.prepared(data).columns, model.inside)
    found += nuisance_form(model, adjusted, estimands)
    found += one_effect(model, adjusted, len(data), estimands)
    over_time: list[Check | None] = []
    if model.inside:
        over_time += exogeneity_checks(adjusted, estimands)
        over_time += staggered_adoption(model, adjusted, estimands)
    found += over_time
    failed = tuple(check.name for check in over_time if check and check.passed is False)
    found += dependence_checks(model, data, failed)
    return tuple(check for check in found if check is not None)


def _about(model: Any) -> tuple[str, ...]:
    """The answers that are wrong where the model is: those about effects within units."""
    answers = ("effect", "moderation", "robustness_value", "average_effect", "effect_spread")
    return tuple(name for name in (*answers, "unit_effect") if name in model.estimands())


def _still(data: Panel) -> Check:
    share = float(data.constant_within_units(data.treatment).all(axis=1).mean())
    alone = int((data.sizes == 1).sum())
    fine = share <= _MOST_STILL
    return Check(
        name="treatment changes",
        passed=True if fine else None,
        value=share,
        expected=f"a change of treatment in at least {1 - _MOST_STILL:.0%} of the units",
        finding=f"no change in {share:.0%} of the units"
        + (f", {alone:,} of which were seen once" if alone else ""),
        remedy="" if fine else "The answer is about the units that changed: say who they are.",
    )


def _few(data: Panel) -> Check:
    count = int((data.sizes > 1).sum())
    fine = count >= _FEW_UNITS
    return Check(
        name="units enough",
        passed=True if fine else None,
        value=float(count),
        expected=f"at least {_FEW_UNITS} units seen more than once",
        finding=f"{count:,} units",
        remedy=""
        if fine
        else "Little can be checked of errors that last within units: see what errors='cluster' says.",
    )


def _columns(model: Any, data: Panel) -> Check:
    form = model.prepared(data)
    count = len(form.basis.spectrum)
    fine = count <= form.rows / 2
    return Check(
        name="rows for these columns",
        passed=True if fine else None,
        value=form.rows / max(count, 1),
        expected="two free rows a column",
        finding=f"{count:,} columns of covariates, {form.rows:,.0f} free rows",
        remedy=""
        if fine
        else "What covariates do is drawn towards nothing, and the effect with it towards what it is without them: fewer `basis_size`.",
    )


def _little(model: Any, data: Panel) -> Check:
    """Whether something of every treatment is left when covariates are held, and other treatments."""
    form = model.prepared(data)
    share, name = min(zip(form.left[:-1], form.columns.effects, strict=True))
    fine = not share < _LITTLE
    return Check(
        name="treatment varies beside covariates",
        passed=None if np.isnan(share) or not fine else True,
        value=float(share),
        expected=f"at least {_LITTLE:.0%} of every treatment's variance left by covariates and other treatments",
        finding="more columns than rows leave nothing by least squares"
        if np.isnan(share)
        else f"{share:.2g} of that of {name} is left",
        remedy=""
        if fine
        else "The answer rests on little, and on covariates acting just as the model has it: see what `basis_size` and `basis` do to it.",
        estimands=_about(model),
        caution=not fine,
    )
