"""Checks of a dynamic panel: rows, columns, serial correlation of errors, feedback."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

from causalstats.core.check import Check
from causalstats.core.estimand import answers_except
from causalstats.data import Panel
from causalstats.errors import ModelError
from causalstats.models.dynamic_panel.assumptions import (
    CONFOUNDERS,
    CONSTANT_VARIANCE,
    EXOGENEITY,
    INDEPENDENCE,
    LINEARITY,
)
from causalstats.models.dynamic_panel.clusters import clusters_of
from causalstats.models.dynamic_panel.covariate_form import form_p_values
from causalstats.models.dynamic_panel.density import (
    Scales,
    coefficient_moments,
    constrained,
    sample_scales,
)
from causalstats.models.dynamic_panel.design import design_of, unit_columns
from causalstats.models.dynamic_panel.one_effect import one_effect_of_units
from causalstats.models.dynamic_panel.posterior import robust_stretch
from causalstats.models.dynamic_panel.shared_shocks import shared_shocks, unit_series
from causalstats.models.panel_dml.checks.covariates_at_adoption import (
    covariates_at_adoption,
)
from causalstats.models.panel_dml.checks.covariates_follow import covariates_follow
from causalstats.models.shared.common_changes import (
    common_changes_check,
    means_are_zero,
    spans_of_periods,
)
from causalstats.models.shared.covariate_form import linear_covariates
from causalstats.models.shared.interference import (
    can_show_interference,
    interference_check,
    mean_of_others,
    strongest_of,
    tells_more,
)
from causalstats.models.shared.rows_of_units import no_copy_within_units, unit_rows
from causalstats.models.shared.units_alike import units_alike

if TYPE_CHECKING:
    from causalstats.models.dynamic_panel.model import DynamicPanel

_LEVEL = 0.01
_DRAWS = 400
_SEED = 19910401
_CLUSTERS_A_COLUMN = 3  # of what the unit effect is projected on
_CLUSTERS_A_PERIOD = 8  # from which squared residuals have a covariance
_MOST_LEFT_OUT = 0.05  # of the rows
_FEWEST_EFFECTIVE = 12.0
_UNEQUAL = (
    "A few clusters make most of the answer, such as large units in whose levels everything is "
    "large: it is about them, and how they differ by chance is hardly known. Take logarithms, or "
    "divide outcome, treatment and covariates of each unit by the standard deviation of its "
    "treatment; and set the answer without the largest units beside it."
)
_FLAT = 1e3  # prior sd of a tested coefficient, so that the prior is no evidence


def data_checks(model: DynamicPanel, data: Panel) -> tuple[Check, ...]:
    """Return the checks of a model and its data, in the order in which the report shows them."""
    estimands = answers_except(model, ())
    return (
        _consecutive_rows(model, data),
        _clusters_for_columns(model, data),
        *_few_large_clusters(model, data),
        _no_serial_correlation(model, data, estimands),
        _no_feedback(model, data, estimands),
        *_constant_variance(model, data, estimands),
        *one_effect_of_units(model, data, estimands),
        *no_copy_within_units(data, estimands, CONFOUNDERS),
        *shared_shocks(model, data, estimands),
        *_common_changes(model, data, estimands),
        *_interference(model, data, estimands),
        *linear_covariates(form_p_values(model, data), estimands, LINEARITY),
        *covariates_at_adoption(data, estimands, CONFOUNDERS),
        *covariates_follow(data, estimands, CONFOUNDERS),
        *units_alike(data, estimands, CONFOUNDERS),
        *unit_rows(data, model.assumptions()[-1].name),
    )


def _consecutive_rows(model: DynamicPanel, data: Panel) -> Check:
    design = design_of(model, data)
    kept = sum(run.rows.size for run in design.runs)
    share = 1 - kept / len(data)
    enough = share <= _MOST_LEFT_OUT
    return Check(
        name="rows in consecutive periods",
        passed=True if enough else None,
        value=share,
        expected=f"at most {_MOST_LEFT_OUT:.0%} of the rows outside the longest run of "
        "consecutive periods of their unit",
        finding=f"{len(data) - kept:,} of {len(data):,} rows are left out",
        remedy=""
        if enough
        else "The answer is about the units and periods that were seen without a gap.",
    )


def _clusters_for_columns(model: DynamicPanel, data: Panel) -> Check:
    design = design_of(model, data)
    used = np.concatenate([data.unit[run.rows[:, 0]] for run in design.runs])
    clusters = len(np.unique(data.cluster[used]))
    columns = sum(label.startswith("history") for label in design.labels)
    enough = clusters >= _CLUSTERS_A_COLUMN * columns
    return Check(
        name="clusters for these columns",
        passed=True if enough else None,
        value=clusters / columns,
        expected=f"{_CLUSTERS_A_COLUMN} clusters for each column that the unit effect is "
        "projected on",
        finding=f"{clusters:,} clusters, {columns:,} columns",
        remedy=""
        if enough
        else "Intervals may be too short: take `projection='mundlak'`, or fewer covariates.",
        assumption="many clusters" if model.errors == "cluster" else "",
        caution=not enough,
    )


def _few_large_clusters(model: DynamicPanel, data: Panel) -> tuple[Check, ...]:
    """How many clusters of equal weight say as much of persistence and effects as these."""
    if model.errors != "cluster":
        return ()
    design = design_of(model, data)
    rng = np.random.default_rng(_SEED)
    points = sample_scales(model, design, _DRAWS, rng).points
    scales = Scales(*constrained(model, points))
    moments = coefficient_moments(scales, design)
    said = clusters_of(model, data, scales, *moments)
    effective = said.shares.effective
    enough = effective >= _FEWEST_EFFECTIVE
    return (
        Check(
            name="no few clusters say most",
            passed=True if enough else None,
            value=effective,
            expected=f"clusters that say as much as {_FEWEST_EFFECTIVE:g} alike",
            finding=f"{len(said.scores):,} clusters say as much of persistence and effects as "
            f"{effective:.0f} alike",
            remedy="" if enough else _UNEQUAL,
            assumption="many clusters",
            caution=not enough,
        ),
    )


def _no_serial_correlation(
    model: DynamicPanel, data: Panel, estimands: tuple[str, ...]
) -> Check:
    """One lag more of the outcome has a coefficient of 0 without serial correlation of errors.

    It stands in place of the Arellano-Bond test of second-order serial correlation, m2.
    """
    wider = replace(model, lags=model.lags + 1, persistence_sd=_FLAT)
    return _zero(
        INDEPENDENCE,
        lambda: _slopes(wider, data, [model.lags], leads=0),
        expected="a coefficient of 0 of one lag more",
        too_few="fewer periods than one lag more needs",
        remedy="Persistence takes in the correlation of errors: add a lag with "
        f"lags={model.lags + 1}.",
        estimands=estimands,
    )


def _no_feedback(model: DynamicPanel, data: Panel, estimands: tuple[str, ...]) -> Check:
    """The treatment of the next period has a coefficient of 0 where errors do not move it."""
    first = model.lags + len(data.treatments)
    chosen = list(range(first, first + len(data.treatments)))
    return _zero(
        EXOGENEITY,
        lambda: _slopes(replace(model, effect_sd=_FLAT), data, chosen, leads=1),
        expected="coefficients of 0 of the treatment of the next period",
        too_few="fewer periods than a lead needs",
        remedy="Errors of the outcome move later treatments: the effect is biased. Take the "
        "treatment of the period before, or the estimate of system GMM in `fit.compare()`, with "
        "the treatment's own lags as instruments (Blundell & Bond 1998).",
        estimands=estimands,
    )


def _constant_variance(
    model: DynamicPanel, data: Panel, estimands: tuple[str, ...]
) -> tuple[Check, ...]:
    """Squared residuals have one mean over periods, where one variance is taken for all.

    A residual holds the unit effect, which adds as much to its square in every period. Squares less
    their unit's mean are summed by cluster, so that neither variances that differ between units nor
    the shape of the errors matter.
    """
    if model.variances == "by_period":
        return ()
    return (
        _zero(
            CONSTANT_VARIANCE,
            lambda: _variance_contrasts(model, data),
            expected="squared residuals whose mean is the same in every period",
            too_few=f"fewer than {_CLUSTERS_A_PERIOD} clusters a period",
            remedy="Persistence is biased where variances change over time: take "
            "variances='by_period'.",
            estimands=estimands,
        ),
    )


def _common_changes(
    model: DynamicPanel, data: Panel, estimands: tuple[str, ...]
) -> tuple[Check, ...]:
    """Residuals have the mean 0 in every period, where periods have no effects of their own."""
    design = design_of(model, data)
    if model.time_effects or data.absorbs_time or len(design.periods) < 2:
        return ()
    _, errors = unit_series(model, data)
    used = errors[errors.any(axis=1)]
    spans = spans_of_periods(len(design.periods), len(used))
    by_span = used @ (spans[:, None] == np.arange(1, spans.max() + 1))
    return (common_changes_check(means_are_zero(by_span), estimands, CONFOUNDERS),)


def _interference(
    model: DynamicPanel, data: Panel, estimands: tuple[str, ...]
) -> tuple[Check, ...]:
    """Mean treatments of other units of the cluster have coefficients of 0 beside one's own."""
    if not can_show_interference(data, len(np.unique(data.cluster))):
        return ()
    others = mean_of_others(data)
    first = model.lags + len(data.treatments)
    p_values = np.full(len(data.treatments), np.nan)
    for k in np.flatnonzero(tells_more(data, others)):
        wider = replace(
            data,
            treatment=np.column_stack([data.treatment, others[:, k]]),
            treatments=(*data.treatments, f"mean {data.treatments[k]} of others"),
        )
        try:
            mean, variance = _slopes(replace(model, effect_sd=_FLAT), wider, [first], 0)
        except (ModelError, np.linalg.LinAlgError):
            continue
        p_values[k] = stats.chi2.sf(float(mean[0] ** 2 / variance[0, 0]), 1)
    found = strongest_of(data, p_values.tolist())
    return interference_check(data, found, estimands, CONFOUNDERS)


def _variance_contrasts(
    model: DynamicPanel, data: Panel
) -> tuple[np.ndarray, np.ndarray]:
    """Return means of squared residuals by period, less those of their units, and their covariance.

    Raises
    ------
    ModelError
        If there are fewer clusters a period than the χ² of their covariance needs.
    """
    design = design_of(model, data)
    points = sample_scales(model, design, _DRAWS, np.random.default_rng(_SEED)).points
    scales = Scales(*constrained(model, points))
    coefficients = coefficient_moments(scales, design)[0].mean(axis=0)
    codes = np.unique(data.cluster, return_inverse=True)[1]
    sums = np.zeros((codes.max() + 1, len(design.periods)))
    for block in unit_columns(model, data):
        residuals = block.columns[:, :, -1] - block.columns[:, :, :-1] @ coefficients
        squares = residuals**2
        apart = squares - squares.mean(axis=1, keepdims=True)
        cells = np.ix_(codes[block.unit], block.periods)
        np.add.at(sums, cells, block.weights[:, None] * apart)
    used = sums[sums.any(axis=1)]
    if len(used) < _CLUSTERS_A_PERIOD * len(design.periods):
        raise ModelError(f"Expected {_CLUSTERS_A_PERIOD} clusters or more a period.")
    # The contrasts of a unit sum to 0: the last period follows from the others.
    means = used.mean(axis=0)[:-1]
    covariance = np.atleast_2d(np.cov(used[:, :-1].T)) / len(used)
    return means, covariance


def _zero(
    name: str,
    estimate: Callable[[], tuple[np.ndarray, np.ndarray]],
    *,
    expected: str,
    too_few: str,
    remedy: str,
    estimands: tuple[str, ...],
) -> Check:
    """Return the Wald check that coefficients are 0; undecided where they cannot be had.

    Parameters
    ----------
    name : str
        Of the check, and of the assumption.
    estimate : function
        Gives posterior mean (r,) and covariance (r, r).
    expected, too_few, remedy : str
    estimands : tuple of str
    """
    try:
        mean, covariance = estimate()
    except (ModelError, np.linalg.LinAlgError):
        return Check(
            name=name,
            passed=None,
            value=float("nan"),
            expected=expected,
            finding=f"{too_few}: these data cannot tell",
            remedy="Say why it should hold; more periods could show it.",
            estimands=estimands,
            assumption=name,
        )
    statistic = float(mean @ np.linalg.solve(covariance, mean))
    p_value = float(stats.chi2.sf(statistic, len(mean)))
    passed = p_value > _LEVEL
    listed = ", ".join(f"{value:.2g}" for value in mean)
    return Check(
        name=name,
        passed=passed,
        value=p_value,
        expected=f"{expected}: p above {_LEVEL:g}",
        finding=f"{listed} (in standard units), p = {p_value:.2g}",
        remedy="" if passed else remedy,
        estimands=estimands,
        assumption=name,
    )


def _slopes(
    model: DynamicPanel, data: Panel, chosen: Sequence[int], leads: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return posterior mean and covariance of some slopes, robust where the model's errors are.

    Parameters
    ----------
    model : DynamicPanel
    data : Panel
    chosen : sequence of int
        Positions among the slopes.
    leads : 0 or 1

    Raises
    ------
    ModelError
        If there are too few periods.
    """
    design = design_of(model, data, leads)
    if len(design.periods) < 2:
        raise ModelError("Expected two periods or more with a likelihood.")
    rng = np.random.default_rng(_SEED)
    points = sample_scales(model, design, _DRAWS, rng).points
    scales = Scales(*constrained(model, points))
    means, covariances = coefficient_moments(scales, design)
    slopes = means[:, : design.slopes]
    within = covariances[:, : design.slopes, : design.slopes].mean(axis=0)
    covariance = np.atleast_2d(np.cov(slopes.T)) + within
    if model.errors == "cluster":
        stretch = robust_stretch(model, data, scales, means, covariances, leads)
        covariance = stretch @ covariance @ stretch.T
    part = np.ix_(chosen, chosen)
    return slopes.mean(axis=0)[list(chosen)], covariance[part]
