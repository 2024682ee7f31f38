"""Panels whose records change midway: the outcome's unit, how it is measured, labels of units.

Or in which a count of 0 stands for a month without a record. Unit effects take out what is the same
in all rows of a unit: none of these is.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from causalstats.core.check import Check
from causalstats.data import Panel
from causalstats.models.shared.measurement import LABELS, ONE_UNIT, ONE_WAY, ZEROS
from causalstats.models.shared.treatment_paths import absorbing
from causalstats.numerics.testing.exchanged_units import exchanged_units
from causalstats.numerics.testing.steps_of_outcomes import (
    step_of_scale,
    step_of_some_units,
)
from causalstats.numerics.testing.zeros_apart import zeros_apart

_MOST_UNITS = 2_000
_MOST_PERIODS = 40
_MOST_ROWS = 500_000
_OF_SOME = np.log(5.0)  # a step of the spread that units may make that alone are moved


class _Grid(NamedTuple):
    """Some units and periods of a panel, as matrices (units, periods); NaN in missing rows.

    `untouched` are the outcomes without units that adopt a treatment for good: where its effect
    differs between them, they are less alike before and after it.
    """

    outcome: np.ndarray
    residual: np.ndarray
    same: np.ndarray
    untouched: np.ndarray
    cluster: np.ndarray
    times: np.ndarray


def records_over_time(
    data: Panel, assumption: str, *, numeric_outcome: bool
) -> tuple[Check, ...]:
    """Return cautions where the records of a panel change midway; nothing of others.

    Parameters
    ----------
    data : Panel
    assumption : str
        The name of the assumption that variables were measured.
    numeric_outcome : bool
        Whether the outcome is a number. One factor of all counts leaves their ratios as they are.
    """
    outcome = str(data.arguments["outcome"])
    found = list(_no_filled_zeros(data, outcome, assumption))
    grid = _grid(data)
    exchange = exchanged_units(grid.untouched, grid.cluster)
    some = step_of_some_units(grid.outcome, grid.same)
    scale = None
    if numeric_outcome and exchange is None:
        scale = step_of_scale(grid.outcome, grid.residual, grid.same)
    if some is not None and scale is not None and abs(np.log(scale.size)) < _OF_SOME:
        scale = None
    if scale is not None:
        since = _time(data, grid, scale.period)
        found.append(
            _caution(
                name=ONE_UNIT,
                value=scale.size,
                expected="an outcome whose level and spread do not change by one factor at once",
                finding=f"{outcome} is {scale.size:.3g} times as large from {since} on, in its "
                "spread over units as in its level",
                remedy="If it was recorded in another unit (thousands, another currency, a month "
                "for a year), write all rows in one: differences over time take the change for an "
                "effect. If everything grew in proportion, effects do not add: take logarithms.",
                assumption=assumption,
            )
        )
    elif some is not None:
        since = _time(data, grid, some.period)
        found.append(
            _caution(
                name=ONE_WAY,
                value=some.share,
                expected="no period in which 5 % of the units change as none does at other times, "
                "while their treatment stays",
                finding=f"{outcome} of {some.share:.0%} of the units changes at {since} by about "
                f"{some.size:+.3g} more than that of the others, and stays there",
                remedy="If these units were measured in another way from then on (a new device, "
                "definition or unit), make their rows comparable, or end or begin the units there: "
                "the change goes into effects wherever they are treated more often. If something "
                "else happened to them, name it as a treatment.",
                assumption=assumption,
            )
        )
    elif exchange is not None:
        since = _time(data, grid, exchange.period)
        unit = data.arguments["unit"]
        found.append(
            _caution(
                name=LABELS,
                value=exchange.across / exchange.within,
                expected="rows of one unit that are alike before and after any period",
                finding=f"{outcome} of one {unit} is less alike before and from {since} on than "
                f"within either span (correlation {exchange.across:.2f} in place of "
                f"{exchange.within:.2f}, p = {exchange.p:.1g})",
                remedy=f"If {unit} was numbered anew then, or some numbers were exchanged, unit "
                "effects do not take out what lasts in a unit, and it confounds: link the old and "
                f"the new numbers, or let each {unit} be a new unit from then on. If units "
                "themselves changed then, their effects do not last either: do the same.",
                assumption=assumption,
            )
        )
    return tuple(found)


def _no_filled_zeros(data: Panel, outcome: str, assumption: str) -> tuple[Check, ...]:
    """Return the caution about zeros apart from the other counts of their units."""
    some = data.unit % -(-len(data) // _MOST_ROWS) == 0
    share = zeros_apart(np.asarray(data.outcome[some], float), data.unit[some])
    if share is None:
        return ()
    return (
        _caution(
            name=ZEROS,
            value=share,
            expected="counts of 0 in units that have small counts as well",
            finding=f"{outcome} is 0 in {share:.1%} of the rows of units whose counts are else "
            "large, and hardly ever small",
            remedy="If nothing was recorded in these rows (a missing value filled with 0), leave "
            "them out: they count as the largest falls that there are, and move the effect where "
            "records are missing more often with the treatment than without. If the counts were 0, "
            "two things make the outcome: answer for being 0 and for the others each.",
            assumption=assumption,
        ),
    )


def _caution(
    *,
    name: str,
    value: float,
    expected: str,
    finding: str,
    remedy: str,
    assumption: str,
) -> Check:
    return Check(
        name=name,
        passed=None,
        value=value,
        expected=expected,
        finding=finding,
        remedy=remedy,
        assumption=assumption,
        caution=True,
    )


def _time(data: Panel, grid: _Grid, period: int) -> str:
    """Return a period of the grid as the frame has it."""
    return str(data.times_as_written(grid.times[[period]])[0])


def _grid(data: Panel) -> _Grid:
    """Return every k-th unit and period of a large panel, and all of others."""
    by_unit = -(-len(data.units) // _MOST_UNITS)
    rows = np.flatnonzero(data.unit % by_unit == 0)
    times, period = np.unique(data.time[rows], return_inverse=True)
    by_period = -(-len(times) // _MOST_PERIODS)
    rows, period = rows[period % by_period == 0], period[period % by_period == 0]
    unit, period = data.unit[rows] // by_unit, period // by_period
    shape = (-(-len(data.units) // by_unit), -(-len(times) // by_period))

    def matrix(values: np.ndarray) -> np.ndarray:
        filled = np.full(shape, np.nan)
        filled[unit, period] = values
        return filled

    treatment = data.treatment[rows]
    covariates = [values[rows] for values in data.numeric_covariates.values()]
    columns = np.column_stack([np.ones(len(rows)), treatment, *covariates])
    outcome = np.asarray(data.outcome, float)[rows]
    residual = outcome.copy()
    for each in range(shape[1]):
        at = period == each
        if at.sum() > 2 * columns.shape[1]:
            slopes = np.linalg.lstsq(columns[at], outcome[at], rcond=1e-10)[0]
            residual[at] = outcome[at] - columns[at] @ slopes
    same = np.ones(shape, bool)
    for column in treatment.T:
        values = matrix(column)
        same[:, 1:] &= values[:, 1:] == values[:, :-1]
    untouched = matrix(outcome)
    for k in np.flatnonzero(absorbing(data)):
        untouched[(matrix(treatment[:, k]) > 0).any(axis=1)] = np.nan
    return _Grid(
        outcome=matrix(outcome),
        residual=matrix(residual),
        same=same,
        untouched=untouched,
        cluster=np.asarray(data.cluster[::by_unit]),
        times=times[::by_period],
    )
