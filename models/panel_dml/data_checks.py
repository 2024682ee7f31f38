"""Checks of `PanelDML` without draws: sizes, clusters, exogeneity, functional form, overlap."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from causalstats.core.check import Check
from causalstats.core.estimand import answers_except
from causalstats.data import Panel
from causalstats.models.panel_dml.assumptions import CONFOUNDERS
from causalstats.models.panel_dml.checks.constant_covariates import covariates_change
from causalstats.models.panel_dml.checks.covariates_at_adoption import (
    covariates_at_adoption,
)
from causalstats.models.panel_dml.checks.covariates_follow import covariates_follow
from causalstats.models.panel_dml.checks.dependence import dependence_checks
from causalstats.models.panel_dml.checks.dose_response import effect_in_proportion
from causalstats.models.panel_dml.checks.effect_heterogeneity import one_effect
from causalstats.models.panel_dml.checks.effect_over_time import effect_over_time
from causalstats.models.panel_dml.checks.interference import no_interference
from causalstats.models.panel_dml.checks.learning_curve import functions_are_learned
from causalstats.models.panel_dml.checks.linear_moderation import linear_moderation
from causalstats.models.panel_dml.checks.nickell_bias import earlier_outcome
from causalstats.models.panel_dml.checks.nuisance_form import nuisance_form
from causalstats.models.panel_dml.checks.outcome_kind import outcome_kind
from causalstats.models.panel_dml.checks.presence import presence_unrelated
from causalstats.models.panel_dml.checks.score_tests import Adjusted, some_units
from causalstats.models.panel_dml.checks.staggered_adoption import staggered_adoption
from causalstats.models.panel_dml.checks.strict_exogeneity import (
    exogeneity_checks,
    leads_have_no_effect,
)
from causalstats.models.shared.rows_of_units import no_copy_within_units, unit_rows
from causalstats.models.shared.units_alike import units_alike

if TYPE_CHECKING:
    from causalstats.models.panel_dml.model import PanelDML

_FEWEST_UNITS = 40
_MOST_CONSTANT = 0.5  # share of units whose treatment never changes
_LEAST_UNEXPLAINED = 0.01  # of a treatment's variance
_NOT_WITHIN_UNITS = ("treatment_left", "between_effect", "contextual_effect")


def data_checks(model: PanelDML, data: Panel) -> tuple[Check, ...]:
    """Return the checks of a model and its data, in the order in which the report shows them."""
    estimands = answers_except(model, _NOT_WITHIN_UNITS)
    adjusted = Adjusted(
        some_units(data), model.statistics(data).columns, model.within_units
    )
    over_time: list[Check] = []
    if model.within_units:
        over_time += exogeneity_checks(adjusted, estimands)
        over_time += staggered_adoption(model, adjusted, estimands)
        over_time += leads_have_no_effect(adjusted, estimands)
        over_time += outcome_kind(adjusted, estimands)
    failed = tuple(check.name for check in over_time if check.passed is False)
    units = []
    if model.within_units:
        units.append(_treatment_changes(data))
        if not model.error_model.robust:
            units.append(_units_enough(data))
    covariates = covariates_change(model, data, estimands)
    return (
        *units,
        _rows_for_columns(model, data),
        earlier_outcome(adjusted.data, estimands),
        _treatment_varies(model, data, estimands),
        *([] if covariates is None else [covariates]),
        *no_copy_within_units(data, estimands, CONFOUNDERS),
        *covariates_at_adoption(data, estimands, CONFOUNDERS),
        *covariates_follow(data, estimands, CONFOUNDERS),
        *nuisance_form(model, adjusted, estimands),
        *functions_are_learned(model, data, adjusted.columns, estimands),
        *one_effect(model, adjusted, data, estimands),
        *effect_over_time(model, adjusted, estimands),
        *effect_in_proportion(model, adjusted, estimands),
        *linear_moderation(model, adjusted, estimands),
        *over_time,
        *dependence_checks(model, data, failed),
        *_by_unit(model, data, adjusted, estimands),
        *unit_rows(data, model.error_model.assumption(model).name),
    )


def _by_unit(
    model: PanelDML, data: Panel, adjusted: Adjusted, estimands: tuple[str, ...]
) -> tuple[Check, ...]:
    """Return what is wrong with units: they are none, leave by their outcome, or move others."""
    if not model.within_units:
        return ()
    units = model.unit_heterogeneity.assumption().name
    return (
        *units_alike(data, estimands, units),
        *presence_unrelated(adjusted, estimands),
        *no_interference(data, adjusted, estimands, CONFOUNDERS),
    )


def _treatment_changes(data: Panel) -> Check:
    share = float(data.constant_within_units(data.treatment).all(axis=1).mean())
    alone = int((data.sizes == 1).sum())
    enough = share <= _MOST_CONSTANT
    seen_once = f", {alone:,} of which were seen once" if alone else ""
    return Check(
        name="treatment changes",
        passed=True if enough else None,
        value=share,
        expected=f"a change of treatment in at least {1 - _MOST_CONSTANT:.0%} of the units",
        finding=f"no change in {share:.0%} of the units{seen_once}",
        remedy=""
        if enough
        else "The answer is about the units that changed: say who they are.",
    )


def _units_enough(data: Panel) -> Check:
    count = int((data.sizes > 1).sum())
    enough = count >= _FEWEST_UNITS
    remedy = (
        "With few units, serial correlation is hard to detect: see what `errors='cluster'` "
        "says."
    )
    return Check(
        name="units enough",
        passed=True if enough else None,
        value=float(count),
        expected=f"at least {_FEWEST_UNITS} units seen more than once",
        finding=f"{count:,} units",
        remedy="" if enough else remedy,
    )


def _rows_for_columns(model: PanelDML, data: Panel) -> Check:
    statistics = model.statistics(data)
    count = len(statistics.basis.spectrum)
    enough = count <= statistics.rows / 2
    remedy = (
        "Coefficients of covariates are shrunk to zero, and the effect towards the effect without "
        "them: take a smaller `basis_size`."
    )
    return Check(
        name="rows for these columns",
        passed=True if enough else None,
        value=statistics.rows / max(count, 1),
        expected="two free rows a column",
        finding=f"{count:,} columns of covariates, {statistics.rows:,.0f} free rows",
        remedy="" if enough else remedy,
    )


def _treatment_varies(
    model: PanelDML, data: Panel, estimands: tuple[str, ...]
) -> Check:
    """Whether some of every treatment is left by covariates and other treatments (overlap)."""
    statistics = model.statistics(data)
    shares = zip(statistics.unexplained[:-1], statistics.columns.effects, strict=True)
    share, name = min(shares)
    enough = not share < _LEAST_UNEXPLAINED
    finding = f"{share:.2g} of that of {name} is left"
    if np.isnan(share):
        finding = "more columns than rows leave nothing by least squares"
    remedy = (
        "The answer rests on little, and on covariates acting just as the model has it: see what "
        "`basis_size` and `basis` do to it."
    )
    return Check(
        name="treatment varies beside covariates",
        passed=True if enough and not np.isnan(share) else None,
        value=float(share),
        expected=f"at least {_LEAST_UNEXPLAINED:.0%} of every treatment's variance left by "
        "covariates and other treatments",
        finding=finding,
        remedy="" if enough else remedy,
        estimands=estimands,
        caution=not enough,
    )
