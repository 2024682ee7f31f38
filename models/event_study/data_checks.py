"""Checks of an event study without draws: comparisons, sizes, presence, covariates."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

from causalstats.core.check import Check
from causalstats.core.formatting import some_of
from causalstats.data import Panel
from causalstats.models.event_study.adoption import Adoption
from causalstats.models.event_study.assumptions import ERRORS
from causalstats.models.event_study.covariate_form import covariate_form
from causalstats.models.event_study.cross_products import first_covariates
from causalstats.models.event_study.interference import no_interference
from causalstats.models.event_study.shared_shocks import shared_shocks
from causalstats.models.shared.rows_of_units import unit_rows
from causalstats.numerics.panel import linear_estimators

if TYPE_CHECKING:
    from causalstats.models.event_study.model import EventStudy

_LEVEL = 0.01
_SMALL_COHORT = 10
_FEWEST_TREATED_CLUSTERS = 5
_FEWEST_OF_A_COHORT = 2  # clusters, whose residuals are not 0
_OF_SINGLE_COHORTS = ("event_time", "cohort", "calendar_time", "cell")
_BY_EVENT_TIME = ("event_time", "mean_event_time", "lead", "breakdown_value")
_SPACING = 0.15  # of the shortest step: months have 28 to 31 days
_MOST_LEFT_OUT = 0.1  # of the units that adopt
_MOST_UNKNOWN = 0.05  # of the units that adopt
_MOST_OUTSIDE = 0.1  # of the units of a cohort
_MOST_NUMBERS = 1_000_000  # of units by periods


def data_checks(model: EventStudy, data: Panel) -> tuple[Check, ...]:
    """Return the checks of a model and its data, in the order in which the report shows them."""
    study = model.adoption(data)
    covariates: list[Check] = []
    if data.covariates:
        covariates = [_overlap(model, data, study), *covariate_form(model, data, study)]
    return (
        _comparisons(data, study),
        _treated_units(data, study),
        *_clusters_of_cohorts(model, data, study),
        _adoption_times(study),
        *_equal_spacing(study),
        _presence(data, study),
        *covariates,
        *shared_shocks(model, data, study),
        *no_interference(model, data, study),
        *unit_rows(data, ERRORS[model.errors].name),
    )


def _comparisons(data: Panel, study: Adoption) -> Check:
    """Whether units and periods are left out for want of a comparison."""
    lost, unit = study.left_out, data.arguments["unit"]
    adopters = int((study.cohort < len(study.cohorts)).sum())
    share = lost.affected_at_once / max(lost.affected_at_once + adopters, 1)
    never = int((study.cohort == len(study.cohorts)).sum())
    parts = [
        f"{adopters:,} units adopt, {never:,} never do; cohorts: {len(study.cohorts)}"
    ]
    if lost.affected_at_once:
        parts.append(
            f"{lost.affected_at_once:,} affected from their first row on, left out"
        )
    if lost.periods:
        parts.append(f"no control is left in {some_of(lost.periods)}, left out")
    if lost.cohorts:
        parts.append(
            f"the effect in cohort {some_of(lost.cohorts)} is not identified; until then it "
            "serves as control"
        )
    passed = share <= _MOST_LEFT_OUT and not lost.cohorts
    remedy = (
        f"The answer is about the others: say which of `{unit}` and which periods they are, or add "
        "units that never adopt and earlier periods."
    )
    return Check(
        name="rows with a comparison",
        passed=True if passed else None,
        value=share,
        expected=f"at most {_MOST_LEFT_OUT:.0%} of the units that adopt left out, and no cohort",
        finding="; ".join(parts),
        remedy="" if passed else remedy,
        caution=share > _MOST_LEFT_OUT,
    )


def _treated_units(data: Panel, study: Adoption) -> Check:
    """Whether enough units, and clusters of them, adopt."""
    sizes = np.bincount(study.cohort, minlength=len(study.groups))[:-1]
    first_rows = study.rows[study.starts]
    cluster = data.cluster[data.unit[first_rows]]
    treated = len(np.unique(cluster[study.cohort < len(study.cohorts)]))
    controls = len(np.unique(cluster[study.cohort == len(study.cohorts)]))
    fewest = min(treated, controls) if controls else treated
    small = [
        f"{study.cohorts[g]} ({sizes[g]})"
        for g in np.flatnonzero(sizes < _SMALL_COHORT)
    ]
    enough = fewest >= _FEWEST_TREATED_CLUSTERS
    passed = enough and not small
    listed = f"; small cohorts: {some_of(small)}" if small else ""
    remedy = "Read the answers of small cohorts with `pooling='none'` beside them."
    if not enough:
        remedy = (
            "So few clusters show little of how they differ by chance, and no method has exact "
            "intervals: set the answer beside that with the errors of units never treated in "
            "`fit.compare()`, where 30 or more are (randomisation inference; Conley & Taber 2011; "
            "MacKinnon & Webb 2020)."
        )
    return Check(
        name="treated units",
        passed=True if passed else None,
        value=float(fewest),
        expected=f"at least {_FEWEST_TREATED_CLUSTERS} clusters that adopt and as many that do "
        f"not, {_SMALL_COHORT} units in each cohort",
        finding=f"{treated:,} clusters adopt, {controls:,} never do{listed}",
        remedy="" if passed else remedy,
        caution=not enough,
    )


def _clusters_of_cohorts(
    model: EventStudy, data: Panel, study: Adoption
) -> tuple[Check, ...]:
    """Whether the clusters of each cohort show how their errors vary.

    The residuals of a single cluster that adopts are 0 where it has an effect of its own: its
    interval rests on errors that vary as those of the other clusters.
    """
    if not model.clustered:
        return ()
    cluster = data.cluster[data.unit[study.rows[study.starts]]]
    counts = [
        len(np.unique(cluster[study.cohort == g])) for g in range(len(study.cohorts))
    ]
    alone = [
        cohort
        for cohort, count in zip(study.cohorts, counts, strict=True)
        if count < _FEWEST_OF_A_COHORT
    ]
    remedy = (
        "The residuals of one cluster show nothing of how it differs by chance: its intervals take "
        "its errors to vary as those of the others. Report the ATT over all cohorts, and the "
        "errors of clusters never treated in `fit.compare()`."
    )
    return (
        Check(
            name="clusters of each cohort",
            passed=None if alone else True,
            value=float(min(counts)),
            expected=f"at least {_FEWEST_OF_A_COHORT} clusters in each cohort that adopts",
            finding=f"one in cohort {some_of(alone)}"
            if alone
            else f"{min(counts)} or more",
            remedy=remedy if alone else "",
            estimands=_OF_SINGLE_COHORTS,
            assumption=ERRORS[model.errors].name,
            caution=bool(alone),
        ),
    )


def _adoption_times(study: Adoption) -> Check:
    """Whether units were seen in the period before their first treated row."""
    adopters = int((study.cohort < len(study.cohorts)).sum())
    count = study.left_out.unknown_adoption
    few = count <= _MOST_UNKNOWN * adopters
    return Check(
        name="adoption times known",
        passed=True if few else None,
        value=float(count),
        expected="units seen in the period before their first treated row",
        finding=f"{count:,} units were not seen then, and may have adopted earlier",
        remedy=""
        if few
        else "Take the adoption time from another source, or leave these out.",
        caution=not few,
    )


def _equal_spacing(study: Adoption) -> tuple[Check, ...]:
    """Whether the panel's periods are equally far apart; nothing where they are."""
    steps = np.diff(study.all_periods)
    if len(steps) < 2 or steps.max() <= (1 + _SPACING) * steps.min():
        return ()
    return (
        Check(
            name="periods equally spaced",
            passed=None,
            value=float(steps.max() / steps.min()),
            expected="periods that are equally far apart",
            finding=f"periods lie {steps.min():.3g} to {steps.max():.3g} apart, and an event time "
            "counts periods: it is another length of time in each cohort",
            remedy="Read effects by cohort and period, `fit.effect('cell')`, or keep periods of "
            "equal distance. Serial correlation is taken by distance in time.",
            estimands=_BY_EVENT_TIME,
            caution=True,
        ),
    )


def _presence(data: Panel, study: Adoption) -> Check:
    """Whether units leave or enter the panel when they adopt (composition changes)."""
    units, periods = len(study.starts), len(study.periods)
    name, expected = "presence does not depend on adoption", f"p-value above {_LEVEL:g}"
    if len(study.rows) == units * periods:
        return Check(
            name=name,
            passed=True,
            value=None,
            expected=expected,
            finding="every unit was seen in every period",
            remedy="",
        )
    p, change = _presence_by_adoption(data, study)
    passed = p >= _LEVEL
    return Check(
        name=name,
        passed=passed,
        value=p,
        expected=expected,
        finding=f"units are in the panel {100 * change:+.1f} percentage points more often after "
        f"adoption than controls, p = {p:.2g}",
        remedy=""
        if passed
        else "Outcomes of the missing rows may differ: find out why they are missing, or keep the "
        "units that were seen in every period, and see what it changes.",
        assumption="parallel trends",
    )


def _presence_by_adoption(data: Panel, study: Adoption) -> tuple[float, float]:
    """Return the p-value and the coefficient of adoption on being seen, by two-way effects.

    In a large panel, of evenly spaced units.
    """
    periods = len(study.periods)
    step = -(-len(study.starts) * periods // _MOST_NUMBERS)
    present = np.zeros((len(study.starts), periods), bool)
    present[study.unit, study.period] = True
    present = present[::step].astype(float)
    units = len(present)
    kept = np.searchsorted(study.all_periods, study.periods)
    adopted = np.append(study.adopted.astype(float), np.inf)[study.cohort[::step]]
    treated = (kept >= adopted[:, None]).astype(float)
    judged = ~_dating_rows(present, treated)
    dummies = np.tile(np.eye(periods)[:, 1:], (units, 1))[judged.ravel()]
    unit = np.repeat(np.arange(units), periods)[judged.ravel()]
    estimate = linear_estimators.within(
        present[judged],
        treated[judged][:, None],
        dummies,
        unit,
        cluster=data.cluster[data.unit[study.rows[study.starts[::step]]]][unit],
    )
    change = float(estimate.coefficients[0])
    error = float(np.sqrt(max(estimate.covariance[0, 0], 1e-300)))
    return float(2 * stats.t.sf(abs(change) / error, estimate.degrees)), change


def _dating_rows(present: np.ndarray, treated: np.ndarray) -> np.ndarray:
    """Return the rows that date adoption, bool (units, periods), which say nothing of presence.

    Adoption is dated by the first treated row that was seen: that row and the last untreated one
    are there by definition, and rows between them are missing by definition.

    Parameters
    ----------
    present, treated : array, shape (units, periods)
    """
    column = np.arange(present.shape[1])
    seen_before = (present > 0) & (treated == 0)
    last = np.where(seen_before, column, -1).max(axis=1)
    first = np.where(treated > 0, column, present.shape[1]).min(axis=1)
    ever = first < present.shape[1]
    between = (column >= last[:, None]) & (column <= first[:, None])
    return np.asarray(ever[:, None] & between)


def _overlap(model: EventStudy, data: Panel, study: Adoption) -> Check:
    """Whether covariates of each cohort lie within the range of those of the controls."""
    covariates, _ = first_covariates(model, data, study)
    columns = covariates[:, 1:]
    never = study.cohort == len(study.cohorts)
    controls = columns[never] if never.any() else columns
    outside = (columns < controls.min(axis=0)) | (columns > controls.max(axis=0))
    alone = outside.any(axis=1)
    shares = [float(alone[study.cohort == g].mean()) for g in range(len(study.cohorts))]
    worst = int(np.argmax(shares))
    overlap = shares[worst] <= _MOST_OUTSIDE
    return Check(
        name="overlap of cohorts and controls",
        passed=True if overlap else None,
        value=shares[worst],
        expected=f"at most {_MOST_OUTSIDE:.0%} of the units of each cohort outside the range of "
        "the controls' covariates",
        finding=f"{shares[worst]:.0%} in cohort {study.cohorts[worst]}",
        remedy=""
        if overlap
        else "Their trends are extrapolated from those of other units: leave them out, or say so.",
        caution=not overlap,
    )
