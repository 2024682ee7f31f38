"""Cohorts and event times of a panel whose treatment, once adopted, stays (staggered adoption).

A cohort is the units that adopt in one period, and the event time of a row is its period less that
of adoption (leads before it, lags after), both as positions among all periods of the panel. Rows
without a comparison are left out: units that are affected from their first row on, units seen once,
and the periods in which every unit is affected. A cohort that has no affected row left is a
control.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from causalstats.data import Panel
from causalstats.errors import ModelError
from causalstats.models.shared.cached_by_data import cached_by_data

if TYPE_CHECKING:
    from causalstats.models.event_study.model import EventStudy


@dataclass(frozen=True, eq=False)
class LeftOut:
    """Units and periods that are left out.

    Parameters
    ----------
    affected_at_once : int
        Units that are affected from their first row on: they have no row before.
    seen_once : int
        Units with one row.
    periods : tuple of str
        Periods in which every unit is affected.
    cohorts : tuple of str
        Cohorts without an effect of their own, since all their affected rows are left out.
    unknown_adoption : int
        Units of the panel that were not seen in the period before their first treated row.
    """

    affected_at_once: int
    seen_once: int
    periods: tuple[str, ...]
    cohorts: tuple[str, ...]
    unknown_adoption: int


@dataclass(frozen=True, eq=False)
class Cells:
    """Pairs of a cohort and an event time, whose effects are the group-time effects ATT(g, t).

    Parameters
    ----------
    cohort, event_time : int array, shape (m,)
    labels : tuple of str
        Such as "2004 in 2006": the cohort, and the period.
    """

    cohort: np.ndarray
    event_time: np.ndarray
    labels: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.cohort)

    def part(self, mask: np.ndarray) -> Cells:
        """Return the cells of a mask (m,)."""
        labels = tuple(np.array(self.labels, object)[mask])
        return Cells(self.cohort[mask], self.event_time[mask], labels)


@dataclass(frozen=True, eq=False)
class Adoption:
    """The rows of an event study, with their cohorts and event times.

    Parameters
    ----------
    rows : int array, shape (n,)
        Rows of the panel that are kept, sorted by unit and time.
    starts : int array, shape (N,)
        First of these rows of each unit.
    unit : int array, shape (n,)
        Positions of units, from 0 on.
    period : int array, shape (n,)
        Positions in `periods`.
    event_time : array, shape (n,)
        Whole numbers; NaN for units that never adopt.
    cohort : int array, shape (N,)
        Positions in `cohorts`, and their number for units that never adopt.
    periods : array, shape (T,)
        Times of the kept rows.
    all_periods : array
        Those of the panel.
    adopted : int array, shape (G,)
        The period of adoption of each cohort, as a position in `times`.
    cohorts : tuple of str
        Adoption times as the frame has them.
    times : tuple of str
        All periods of the panel as the frame has them.
    anticipation : int
        Periods before adoption from which units are affected.
    left_out : LeftOut
    """

    rows: np.ndarray
    starts: np.ndarray
    unit: np.ndarray
    period: np.ndarray
    event_time: np.ndarray
    cohort: np.ndarray
    periods: np.ndarray
    all_periods: np.ndarray
    adopted: np.ndarray
    cohorts: tuple[str, ...]
    times: tuple[str, ...]
    anticipation: int
    left_out: LeftOut

    @cached_property
    def sizes(self) -> np.ndarray:
        """The number of kept rows of each unit, (N,)."""
        return np.diff(self.starts, append=len(self.rows))

    @property
    def groups(self) -> tuple[str, ...]:
        """The cohorts, and "never" for units that never adopt."""
        return (*self.cohorts, "never")

    @property
    def base(self) -> int:
        """The event time of the last period that nothing affects."""
        return -1 - self.anticipation

    @cached_property
    def cells(self) -> Cells:
        """Every pair of a cohort and an event time that has rows."""
        row_cohort = self.cohort[self.unit]
        ever = row_cohort < len(self.cohorts)
        since = self.event_time[ever].astype(int)
        lowest, width = since.min(), np.ptp(since) + 1
        codes = np.unique(row_cohort[ever] * width + since - lowest)
        cohort, steps = np.divmod(codes, width)
        event_time = steps + lowest
        labels = tuple(
            f"{self.cohorts[g]} in {self.times[self.adopted[g] + e]}"
            for g, e in zip(cohort, event_time, strict=True)
        )
        return Cells(cohort, event_time, labels)

    @cached_property
    def references(self) -> np.ndarray:
        """Whether a cell is the reference of its cohort, bool (m,).

        It is the last cell that nothing affects: that of the base period, unless no unit of the
        cohort was seen in it.
        """
        cohort = self.cells.cohort
        before = self.cells.event_time <= self.base
        last = np.full(len(self.cohorts), np.iinfo(int).min)
        np.maximum.at(last, cohort[before], self.cells.event_time[before])
        return np.asarray(self.cells.event_time == last[cohort])

    @cached_property
    def leads_compared(self) -> np.ndarray:
        """Whether a cell before adoption can have a coefficient of its own, bool (m,).

        Its period has rows of units that never adopt, or of a cohort in its reference.
        """
        outside = (self.cell < 0) | self.references[self.cell]
        compared = np.bincount(self.period[outside], minlength=len(self.periods)) > 0
        before = self.cells.event_time <= self.base
        return np.asarray(before & ~self.references & compared[self.times_of_cells])

    @cached_property
    def times_of_cells(self) -> np.ndarray:
        """The period of each cell, as a position in `periods`, int (m,)."""
        kept = np.searchsorted(self.all_periods, self.periods)
        return np.searchsorted(
            kept, self.adopted[self.cells.cohort] + self.cells.event_time
        )

    @cached_property
    def cell(self) -> np.ndarray:
        """The position of each row in `cells`, int (n,); -1 for units that never adopt."""
        lowest = self.cells.event_time.min()
        width = np.ptp(self.cells.event_time) + 1
        table = np.full((len(self.groups), width), -1)
        table[self.cells.cohort, self.cells.event_time - lowest] = np.arange(
            len(self.cells)
        )
        row_cohort = self.cohort[self.unit]
        since = np.nan_to_num(self.event_time, nan=lowest).astype(int)
        return table[row_cohort, since - lowest]


@cached_by_data
def adoption(model: EventStudy, data: Panel) -> Adoption:
    """Return the rows, cohorts and event times of a panel.

    Raises
    ------
    ModelError
        If there are several treatments, one that is not absorbing or has several values, weights
        that change within units, or nothing to compare.
    """
    treated = _treated(data)
    period = np.searchsorted(data.periods, data.time)
    count = len(data.periods)
    first = np.minimum.reduceat(np.where(treated, period, count), data.starts)
    adopted = np.where(first < count, first, np.nan)
    event_time = period - adopted[data.unit]
    affected = event_time >= -model.anticipation
    at_once = affected[data.starts]
    alone = (data.sizes == 1) & ~at_once
    usable = ~(at_once | alone)[data.unit]
    compared = np.bincount(period[usable & ~affected], minlength=count) > 0
    rows = np.flatnonzero(usable & compared[period])
    if not affected[rows].any():
        raise ModelError(
            f"Expected units that adopt {data.treatments[0]!r} after their first row, with others "
            "that are not treated yet in the same periods; there are none. Add periods before "
            "adoption, or units that never adopt."
        )
    times = data.times_as_written(data.periods)
    ever = np.isin(np.arange(len(data.units)), data.unit[rows[affected[rows]]])
    labels = np.unique(adopted[ever])
    codes, unit = np.unique(data.unit[rows], return_inverse=True)
    cohort = np.searchsorted(labels, adopted[codes])
    cohort = np.where(ever[codes], cohort, len(labels))
    never = cohort[unit] == len(labels)
    kept_periods, position = np.unique(period[rows], return_inverse=True)
    lost = np.setdiff1d(adopted[~np.isnan(adopted) & ~at_once], labels)
    closed = np.setdiff1d(period[usable], kept_periods)
    left_out = LeftOut(
        affected_at_once=int(at_once.sum()),
        seen_once=int(alone.sum()),
        periods=tuple(times[k] for k in closed),
        cohorts=tuple(times[int(k)] for k in lost),
        unknown_adoption=_unknown_adoptions(data, period, adopted, at_once),
    )
    return Adoption(
        rows=rows,
        starts=np.flatnonzero(np.diff(unit, prepend=-1)),
        unit=unit,
        period=position,
        event_time=np.where(never, np.nan, event_time[rows]),
        cohort=cohort,
        periods=data.periods[kept_periods],
        all_periods=data.periods,
        adopted=labels.astype(int),
        cohorts=tuple(times[int(k)] for k in labels),
        times=times,
        anticipation=model.anticipation,
        left_out=left_out,
    )


def _treated(data: Panel) -> np.ndarray:
    """Return which rows are treated, refusing treatments that are not absorbing."""
    if len(data.treatments) > 1:
        raise ModelError(
            f"Expected one treatment, got {', '.join(data.treatments)}. Read the panel with the "
            "one whose adoption is studied; others that change over time need `cs.PanelDML`."
        )
    name, values = data.treatments[0], data.treatment[:, 0]
    if len(np.unique(values)) > 2 or values.min() != 0:
        raise ModelError(
            f"Expected {name!r} as 0 before adoption and one other value from then on, got values "
            f"from {values.min():g} to {values.max():g}. A dose needs `cs.PanelDML`."
        )
    if (np.diff(values)[np.diff(data.unit) == 0] < 0).any():
        raise ModelError(
            f"Expected {name!r} to stay once it is adopted; it ends in some units. Use "
            "`cs.PanelDML`, or leave out the rows from its end on."
        )
    weights = data.weights[:, None]
    if not data.constant_within_units(weights).all():
        raise ModelError(
            "Expected weights that are equal in all rows of a unit: they say how many units one "
            "stands for. Take the weight of its first row."
        )
    return np.asarray(values > 0)


def _unknown_adoptions(
    data: Panel, period: np.ndarray, adopted: np.ndarray, at_once: np.ndarray
) -> int:
    """Return how many units were not seen in the period before their first treated row.

    Parameters
    ----------
    data : Panel
    period : int array, shape (n,)
    adopted : array, shape (N,)
        NaN for units that never adopt.
    at_once : bool array, shape (N,)
        Units that are left out.
    """
    seen = np.bincount(
        data.unit[period == adopted[data.unit] - 1], minlength=len(adopted)
    )
    return int((~np.isnan(adopted) & ~at_once & (seen == 0)).sum())
