"""Tests of strict exogeneity (pre-trends, anticipation, feedback) and of carry-over effects.

After the within transformation, the error of a row must be uncorrelated with the treatments of all
rows of its unit. Anticipation, feedback of the outcome on the next treatment, and trends of units'
own in both all give the next treatment a coefficient in the outcome's equation (Wooldridge 2010,
section 10.7.1), and trends give one to the unit's own linear trend of the treatment. Treatments
that never end are tested before they begin instead, among rows without them, where no effect that
grows can be taken for a trend (Borusyak, Jaravel & Spiess 2024, section 4.4). That is a test of
parallel trends before adoption.
"""

from __future__ import annotations

import numpy as np
from scipy import stats

from causalstats.core.check import Check
from causalstats.data import Panel
from causalstats.models.panel_dml.checks.score_tests import (
    FEWEST_CLUSTERS,
    Adjusted,
    ScoreTest,
    rows_of,
    varies,
)
from causalstats.models.panel_dml.row_blocks import Columns
from causalstats.models.shared.treatment_paths import absorbing

_LEVEL = 0.005
_LEADS = 2  # rows before adoption, beside a trend that adopters have in common
_EXOGENEITY = "strict exogeneity"
_CARRY_OVER = "no carry-over"
_NO_LEADS = "leads have no effect"


def rows_until_adoption(data: Panel, treatment: np.ndarray) -> np.ndarray:
    """Position of each row after the first treated row of its unit, (n,): negative before it.

    NaN in units never treated, and in those treated in their first row.
    """
    position = np.arange(len(data)) - data.starts[data.unit]
    first = np.minimum.reduceat(
        np.where(treatment > 0, position, len(data)), data.starts
    )
    since = position - first[data.unit].astype(float)
    switches = (first > 0) & (first < len(data))
    return np.where(switches[data.unit], since, np.nan)


def exogeneity_checks(
    adjusted: Adjusted, estimands: tuple[str, ...]
) -> tuple[Check, ...]:
    """Return the checks of strict exogeneity and of carry-over.

    Parameters
    ----------
    adjusted : Adjusted
        Residuals of a model within units.
    estimands : tuple of str
        The answers that a failure stands on.
    """
    data = adjusted.data
    forever = absorbing(data)
    tests: list[tuple[str, ScoreTest]] = []
    if not forever.all():
        later = _leads(adjusted, ~forever)
        trend = _trends(adjusted, ~forever)
        tests += [("the next treatment", later)] if later else []
        tests += [("the unit's own trend of the treatment", trend)] if trend else []
    if forever.any():
        before = _before_adoption(adjusted, forever)
        tests += [("the coming adoption of the treatment", before)] if before else []
    time_effects = len(adjusted.columns.periods) > 0
    exogeneity = _exogeneity(tests, data, time_effects, estimands)
    if forever.all():
        return (exogeneity,)
    lags = _lags(adjusted, ~forever)
    return exogeneity, _carry_over(lags, data, time_effects, estimands)


def leads_have_no_effect(
    adjusted: Adjusted, estimands: tuple[str, ...]
) -> tuple[Check, ...]:
    """Return the check of `Panel.with_lags(leads=)`: a joint Wald test of the leads; none without.

    Hotelling's T² with the clusters as observations: F of q and G - q degrees of freedom.

    Parameters
    ----------
    adjusted : Adjusted
    estimands : tuple of str
        The answers that a failure stands on.
    """
    names = adjusted.data.treatments
    which = np.array([k for k, name in enumerate(names) if " (lead " in name], int)
    free = adjusted.count - len(which)
    if len(which) == 0 or adjusted.count < FEWEST_CLUSTERS or free < 1:
        return ()
    effect = adjusted.effect[which]
    covariance = adjusted.covariance[np.ix_(which, which)]
    wald = float(effect @ np.linalg.pinv(covariance, hermitian=True) @ effect)
    scaled = wald * free / (len(which) * (adjusted.count - 1))
    p = float(stats.f.sf(scaled, len(which), free))
    passed = bool(p >= _LEVEL)
    return (
        Check(
            name=_NO_LEADS,
            passed=passed,
            value=p,
            expected=f"p-value of at least {_LEVEL:g} (Wald test clustered by unit)",
            finding=f"{', '.join(names[k] for k in which)} together: p = {p:.2g}",
            remedy=""
            if passed
            else "A treatment that has not happened yet goes with the outcome: it was anticipated, "
            "earlier outcomes move it, or both have trends. Let the treatment begin when it was "
            "known of, or say unit_trends=True.",
            estimands=estimands,
            assumption="strict exogeneity",
        ),
    )


def _leads(adjusted: Adjusted, which: np.ndarray) -> ScoreTest | None:
    """The treatments of the unit's next row in the equation of this one."""
    data = adjusted.data
    kept = np.flatnonzero(np.diff(data.unit) == 0)
    return _test(rows_of(data, kept), data.treatment[kept + 1][:, which], adjusted)


def _lags(adjusted: Adjusted, which: np.ndarray) -> ScoreTest | None:
    """The treatments of the unit's row before."""
    data = adjusted.data
    kept = np.flatnonzero(np.diff(data.unit) == 0) + 1
    return _test(rows_of(data, kept), data.treatment[kept - 1][:, which], adjusted)


def _trends(adjusted: Adjusted, which: np.ndarray) -> ScoreTest | None:
    """The linear trend of the treatments in each unit."""
    data = adjusted.data
    time = _about_unit_means(data, data.time[:, None])[:, 0]
    squares = np.add.reduceat(time**2, data.starts)
    treatment = _about_unit_means(data, data.treatment[:, which])
    slope = np.add.reduceat(time[:, None] * treatment, data.starts)
    slope = slope / np.where(squares > 0, squares, 1.0)[:, None]
    return _test(data, slope[data.unit] * time[:, None], adjusted, same_rows=True)


def _about_unit_means(data: Panel, columns: np.ndarray) -> np.ndarray:
    means = np.add.reduceat(columns, data.starts) / data.sizes[:, None]
    return columns - means[data.unit]


def _before_adoption(adjusted: Adjusted, forever: np.ndarray) -> ScoreTest | None:
    """The last rows before adoption (leads), and a trend of adopters, among untreated rows."""
    data = adjusted.data
    kept = np.flatnonzero((data.treatment[:, forever] == 0).all(axis=1))
    columns = []
    for treatment in data.treatment[:, forever].T:
        since = rows_until_adoption(data, treatment)[kept]
        columns += [(since == -lead).astype(float) for lead in range(1, _LEADS + 1)]
        columns.append(np.nan_to_num(since))
    return _test(rows_of(data, kept), np.column_stack(columns), adjusted)


def _test(
    data: Panel, columns: np.ndarray, adjusted: Adjusted, same_rows: bool = False
) -> ScoreTest | None:
    """The score test of columns in these rows; None where nothing of them remains.

    Parameters
    ----------
    data : Panel
    columns : array, shape (n, m)
    adjusted : Adjusted
        Residuals of the whole panel.
    same_rows : bool
        Whether `data` is the whole panel.
    """
    part = adjusted if same_rows else Adjusted(data, adjusted.columns, adjusted.within)
    if part.count < FEWEST_CLUSTERS or part.free < _needed(part.columns, columns):
        return None
    residuals = part.without_treatment(part.residuals(columns))
    residuals = residuals[:, varies(residuals, columns)]
    return part.score_test(residuals) if residuals.shape[1] else None


def _needed(columns: Columns, added: np.ndarray) -> int:
    """Free rows, below which nothing can be tested."""
    return 2 * (len(columns.effects) + added.shape[1] + len(columns.periods)) + 10


def _exogeneity(
    tests: list[tuple[str, ScoreTest]],
    data: Panel,
    time_effects: bool,
    estimands: tuple[str, ...],
) -> Check:
    if not tests:
        return Check(
            name=_EXOGENEITY,
            passed=None,
            value=None,
            expected=f"units with three rows or more, {FEWEST_CLUSTERS} of them or more",
            finding="these data cannot show whether treatments depend on earlier outcomes: "
            "there are too few units, or rows of each",
            remedy="Say from outside the data why earlier outcomes do not move the treatment, "
            "and why units with and without it would have had the same trend.",
            estimands=estimands,
            assumption="strict exogeneity",
        )
    tested, worst = min(tests, key=lambda each: each[1].p)
    p = min(1.0, len(tests) * worst.p)
    passed = bool(p >= _LEVEL)
    return Check(
        name=_EXOGENEITY,
        passed=passed,
        value=p,
        expected=f"p-value of at least {_LEVEL:g} (score tests clustered by unit)",
        finding=f"{'no sign' if passed else 'a sign'} that {tested} is related to the outcome "
        f"beside the present treatment, p = {p:.2g}",
        remedy="" if passed else _first(time_effects) + _remedy(tested, data),
        estimands=estimands,
        assumption="strict exogeneity",
    )


def _first(time_effects: bool) -> str:
    """The first thing to try where times have no effects of their own."""
    return (
        ""
        if time_effects
        else "Say `time_effects=True`, if anything moves all units at once. "
    )


def _remedy(tested: str, data: Panel) -> str:
    if tested.startswith("the coming adoption"):
        return (
            "The outcome moves before the treatment begins: it was anticipated, or trends are not "
            "parallel. Let the treatment begin when it was known of, and name covariates that "
            "trends depend on, times time."
        )
    if tested.startswith("the unit's own"):
        time = data.arguments["time"]
        return (
            "Units whose treatment rises have an outcome that rises by more or less than the "
            "changes from row to row explain: units have trends of their own in both, or effects "
            "build up. Take differences from one row to the next of outcome, treatment and "
            f"covariates, with unit effects for the trends, or name what trends depend on, times "
            f"{time!r}, as a covariate."
        )
    return (
        "The outcome is related to a treatment that has not happened yet: it was anticipated, the "
        "outcome moves the next treatment, or both have trends. Let the treatment begin when it "
        "was known of; with feedback no estimator within units is right, and a dynamic panel "
        "estimator is needed (Arellano & Bond 1991); for trends take differences from row to row."
    )


def _carry_over(
    test: ScoreTest | None, data: Panel, time_effects: bool, estimands: tuple[str, ...]
) -> Check:
    if test is None:
        return Check(
            name=_CARRY_OVER,
            passed=None,
            value=None,
            expected="units with three rows or more",
            finding="too few rows or units to see whether effects last",
            remedy="Say from outside the data why the treatment of one row does nothing later.",
            estimands=estimands,
            assumption="constant effect",
        )
    passed = bool(test.p >= _LEVEL)
    names = ", ".join(data.treatments)
    remedy = (
        f"{_first(time_effects)}Effects last, or the outcome depends on its own past: give the "
        "treatment of the row before as a treatment too, `panel.with_lags(lags=1)`, which leaves "
        "out the first row of each unit."
    )
    return Check(
        name=_CARRY_OVER,
        passed=passed,
        value=test.p,
        expected=f"p-value of at least {_LEVEL:g} (score test clustered by unit)",
        finding=f"{names} of the row before {'does not explain' if passed else 'explains'} the "
        f"outcome beside the present one, p = {test.p:.2g}",
        remedy="" if passed else remedy,
        estimands=estimands,
        assumption="constant effect",
    )
