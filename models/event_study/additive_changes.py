"""Check of whether changes add at every level, or are in proportion to it.

Trends that are parallel in y are not parallel in log y where levels differ (Roth & Sant'Anna 2023).
Untreated outcomes that are not negative are therefore imputed twice from untreated rows, as

    Y_it(∞) = a_i + λ_t        and as        Y_it(∞) = α_i λ_t,

by least squares and by the equations of Poisson regression with effects of units and periods. The
second ATT less the first says what the answer owes to the sum. Which of the two fits untreated rows
better is tested by the difference of their squared residuals in units (Vuong 1989).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from causalstats.core.check import Check
from causalstats.data import Panel
from causalstats.models.event_study.adoption import Adoption

if TYPE_CHECKING:
    from causalstats.models.event_study.model import EventStudy

ADDITIVE = "changes add at every level"
_ROUNDS = 200
_TOLERANCE = 1e-9
_BETTER = 2.58  # standard errors, of a level of .01


def changes_add(
    model: EventStudy,
    data: Panel,
    att: tuple[float, float, float],
    estimands: tuple[str, ...],
) -> tuple[Check, ...]:
    """Return the check; nothing of outcomes that may be negative.

    Parameters
    ----------
    model : EventStudy
    data : Panel
    att : tuple of float
        The answer, and the ends of its 95 % interval.
    estimands : tuple of str
        The answers that a failure stands on.
    """
    study = model.adoption(data)
    if data.outcome[study.rows].min() < 0:
        return ()
    sums, products = _imputed(data, study)
    outcome, weights = data.outcome[study.rows], data.weights[study.rows]
    treated = study.event_time > study.base
    judged = study.event_time >= 0
    in_proportion = att[0] + float(
        np.average((sums - products)[judged], weights=weights[judged])
    )
    near = att[1] <= in_proportion <= att[2]
    better = _sums_fit_better(
        weights * ((outcome - products) ** 2 - (outcome - sums) ** 2), ~treated, study
    )
    passed: bool | None = True if near or better > _BETTER else None
    if not near and better < -_BETTER:
        passed = False
    fit = {None: "about as well", False: "better", True: "worse"}[passed]
    fits = "" if near else f", which fit untreated rows {fit},"
    name = data.arguments["outcome"]
    return (
        Check(
            name=ADDITIVE,
            passed=passed,
            value=in_proportion - att[0],
            expected="an ATT within the interval where untreated changes are in proportion to "
            "levels, or untreated rows that such changes fit worse",
            finding=f"with untreated changes in proportion to the level{fits} the ATT would be "
            f"{in_proportion:.3g} instead of {att[0]:.3g}",
            remedy=""
            if passed
            else "Cohorts and controls differ in level, and trends cannot be parallel both in "
            f"{name!r} and in its logarithm: say why equal changes are right, or model the "
            "logarithm where no outcome is 0, and set `cs.PanelGLM()` beside it, whose ratio is of "
            "means.",
            estimands=estimands,
            assumption="parallel trends",
            caution=passed is None,
        ),
    )


def _imputed(data: Panel, study: Adoption) -> tuple[np.ndarray, np.ndarray]:
    """Return untreated outcomes of the kept rows, as sums and as products, (n,) each."""
    untreated = ~(study.event_time > study.base)
    unit_of_outcome = max(float(data.outcome[study.rows].mean()), 1e-300)
    y = data.outcome[study.rows][untreated] / unit_of_outcome
    w = data.weights[study.rows][untreated]
    unit, period = study.unit[untreated], study.period[untreated]
    units, periods = len(study.starts), len(study.periods)
    of_unit = np.maximum(np.bincount(unit, w, units), 1e-300)
    of_period = np.maximum(np.bincount(period, w, periods), 1e-300)
    level, trend = np.zeros(units), np.zeros(periods)
    size, growth = np.ones(units), np.ones(periods)
    for _ in range(_ROUNDS):
        before = np.append(trend, growth)
        level = np.bincount(unit, w * (y - trend[period]), units) / of_unit
        trend = np.bincount(period, w * (y - level[unit]), periods) / of_period
        trend -= trend[0]
        size = np.bincount(unit, w * y, units) / np.maximum(
            np.bincount(unit, w * growth[period], units), 1e-300
        )
        growth = np.bincount(period, w * y, periods) / np.maximum(
            np.bincount(period, w * size[unit], periods), 1e-300
        )
        growth /= max(growth[0], 1e-300)
        after = np.append(trend, growth)
        if np.abs(after - before).max() < _TOLERANCE * max(np.abs(after).max(), 1.0):
            break
    return (
        unit_of_outcome * (level[study.unit] + trend[study.period]),
        unit_of_outcome * size[study.unit] * growth[study.period],
    )


def _sums_fit_better(
    difference: np.ndarray, untreated: np.ndarray, study: Adoption
) -> float:
    """Return by how many standard errors over units squared residuals of products are larger.

    Parameters
    ----------
    difference : array, shape (n,)
        Squared residuals of products less those of sums.
    untreated : bool array, shape (n,)
    study : Adoption
    """
    by_unit = np.bincount(
        study.unit, difference * untreated, minlength=len(study.starts)
    )
    spread = by_unit.std(ddof=1)
    return float(by_unit.mean() * np.sqrt(len(by_unit)) / max(spread, 1e-300))
