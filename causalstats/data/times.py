"""Times and dates as numbers to compute with, and as the user wrote them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal

import narwhals as nw
import numpy as np
import pandas as pd

from causalstats.data.column_types import absent, kind_of
from causalstats.data.labels import label
from causalstats.errors import DataError

_ZONE_FILE = re.compile(r"^tzfile\('.*zoneinfo/(.+)'\)$")
_DAY = 86_400_000_000  # microseconds
_ROUNDING = 1e-6  # of a step
_LARGEST_EXACT = 2**53  # whole numbers up to this are floats as well


@dataclass(frozen=True)
class TimeScale:
    """The notation of times that are kept as numbers.

    Parameters
    ----------
    kind : "numbers", "dates" or "periods"
        Dates are kept as days since 1970, periods as how many there are since 1970.
    detail : str
        The time zone of dates, or the frequency of periods; empty without one.
    """

    kind: Literal["numbers", "dates", "periods"] = "numbers"
    detail: str = ""

    def labels(self, times: np.ndarray) -> tuple[str, ...]:
        """Return times as they were written in the frame.

        Examples
        --------
        >>> TimeScale().labels(np.array([20200101.0, 2000.5]))
        ('20200101', '2000.5')
        >>> TimeScale("dates").labels(np.array([18262.0]))
        ('2020-01-01',)
        """
        times = np.asarray(times, float)
        if self.kind == "numbers":
            return tuple(label(float(time)) for time in times)
        if self.kind == "periods":
            return tuple(
                str(pd.Period(ordinal=round(time), freq=self.detail)) for time in times
            )
        moments = self._moments(times)
        if (moments == moments.normalize()).all():
            return tuple(moments.strftime("%Y-%m-%d"))
        return tuple(str(moment.tz_localize(None)) for moment in moments)

    def months(self, times: np.ndarray) -> np.ndarray:
        """Return calendar months since the year 0 of dates, as the clocks of their zone have them.

        Examples
        --------
        >>> TimeScale("dates").months(np.array([0.0, 31.0, 59.0])) - 12 * 1970
        array([1, 2, 3])
        """
        moments = self._moments(times)
        return np.asarray(12 * moments.year + moments.month, np.int64)

    def days_by_the_clock(self, times: np.ndarray) -> np.ndarray:
        """Return days since 1970 by the clocks of a zone, which may leave out an hour.

        Examples
        --------
        >>> times = 18350.0 + np.array([-1, 22]) / 24  # two midnights, 23 hours apart
        >>> TimeScale("dates", "Europe/Berlin").days_by_the_clock(times)
        array([18350., 18351.])
        """
        local = self._moments(times)
        if local.tz is not None:
            local = local.tz_localize(None)
        return np.asarray(local.to_numpy("datetime64[us]").astype(np.int64) / _DAY)

    def _moments(self, times: np.ndarray) -> pd.DatetimeIndex:
        moments = pd.to_datetime(np.round(times * _DAY).astype("int64"), unit="us")
        if self.detail:
            moments = moments.tz_localize("UTC").tz_convert(self.detail)
        return moments


def periods_of(time: np.ndarray, unit: np.ndarray, scale: TimeScale) -> np.ndarray:
    """Return the period of each row, counted from 0 in the least step between rows of a unit, (n,).

    Dates whose steps are no multiples of one number of days are counted in calendar months, as far
    as no unit has two rows in a month.

    Parameters
    ----------
    time : array, shape (n,)
    unit : int array, shape (n,)
        In order, as times are within each.
    scale : TimeScale

    Examples
    --------
    >>> first_of_months = np.array([0.0, 31.0, 59.0, 90.0, 120.0, 151.0, 181.0, 212.0])
    >>> periods_of(first_of_months, np.zeros(8, int), TimeScale("dates"))
    array([0, 1, 2, 3, 4, 5, 6, 7])
    """
    within = np.diff(unit) == 0
    if scale.kind != "dates" or not within.any() or _is_even(time, within):
        return _counted(time, within)
    clock = scale.days_by_the_clock(time)
    if _is_even(clock, within):
        return _counted(clock, within)
    months = scale.months(time)
    apart = bool((np.diff(months)[within] > 0).all())
    return _counted(months if apart else time, within)


def _is_even(time: np.ndarray, within: np.ndarray) -> bool:
    """Return whether all steps within units are multiples of the least."""
    steps = np.diff(time)[within]
    multiples = steps / steps.min()
    return bool((abs(multiples - np.round(multiples)) < _ROUNDING).all())


def _counted(time: np.ndarray, within: np.ndarray) -> np.ndarray:
    """Return times in the least step within units, counted from 0, to the nearest."""
    steps = np.diff(time)[within]
    step = steps.min() if len(steps) else 1.0
    # Halves are all rounded up: to the even number, two rows of a unit could be of one period.
    count = np.round((time - time.min()) / step, 6)
    return np.floor(count + 0.5).astype(np.int64)


def scale_of(series: nw.Series[Any], name: str) -> TimeScale:
    """Return the notation of the times of a column."""
    kind = kind_of(series, name)
    if kind == "periods":
        native = series.to_native()
        dtype = native.dtype if isinstance(native, pd.Series) else None
        if not isinstance(dtype, pd.PeriodDtype):
            dtype = pd.Series(
                [value for value in series.to_list() if not absent(value)]
            ).dtype
        if not isinstance(dtype, pd.PeriodDtype):
            raise DataError(
                f"Time {name!r} has periods of several lengths; expected one length."
            )
        return TimeScale(
            "periods", str(dtype).removeprefix("period[").removesuffix("]")
        )
    return TimeScale("dates", _zone(series, name)) if kind == "dates" else TimeScale()


def time_values(series: nw.Series[Any], name: str) -> np.ndarray | None:
    """Return times as numbers, NaN where missing; None of a column that has numbers or no times.

    Raises
    ------
    DataError
        If dates have several time zones, or times are lost in floating point.
    """
    kind = kind_of(series, name)
    if kind == "periods":
        scale_of(series, name)
        return np.array(
            [np.nan if absent(p) else p.ordinal for p in series.to_list()], float
        )
    if kind == "dates":
        return _days(series, name)
    if series.dtype.is_integer():
        whole = series.drop_nulls()
        if (
            len(whole)
            and max(abs(int(whole.max())), abs(int(whole.min()))) > _LARGEST_EXACT
        ):
            raise DataError(
                f"Time {name!r} has whole numbers above 2^53, such as {whole.max()}, which cannot "
                f"all be told apart. Make them dates, e.g. `pandas.to_datetime(frame[{name!r}])`."
            )
    return None


def refuse_unordered(time: Any, name: str) -> None:
    """Refuse times that are text."""
    if not isinstance(time.dtype, pd.CategoricalDtype):
        return
    levels = (
        list(time.cat.categories)
        if isinstance(time, pd.Series)
        else list(time.categories)
    )
    if not levels:
        raise DataError(
            f"Time {name!r} is missing in every row; expected numbers, dates or periods."
        )
    first = levels[0]
    remedy = f"make it dates, e.g. `pandas.to_datetime(frame[{name!r}])`, or number the periods"
    if all(_is_number(level) for level in levels):
        remedy = f"make it numbers, `frame[{name!r}].astype(int)`"
    elif "Q" in first.upper():
        remedy = (
            f"make it quarters, e.g. `pandas.PeriodIndex(frame[{name!r}], freq='Q')`, "
            "of text such as '2010Q4'"
        )
    raise DataError(
        f"Expected time {name!r} as numbers, dates or periods, which have an order and distances; "
        f"got text such as {first!r}. If it is a time, {remedy}."
    )


def _is_number(text: str) -> bool:
    try:
        int(text)
    except ValueError:
        return False
    return True


def _zone(series: nw.Series[Any], name: str) -> str:
    """Return the name of the time zone of a column of dates; empty without one.

    Raises
    ------
    DataError
        If the zone has no name by which it can be found again.
    """
    if isinstance(series.dtype, nw.Datetime):
        zone = series.dtype.time_zone or ""
    else:
        zones = {
            str(getattr(v, "tzinfo", None) or "")
            for v in series.to_list()
            if not absent(v)
        }
        zone = zones.pop() if len(zones) == 1 else ""
    if of_file := _ZONE_FILE.search(zone):  # of dateutil
        zone = of_file[1]
    try:
        pd.Timestamp(0, tz=zone or None)
    except (KeyError, ValueError, TypeError) as error:
        raise DataError(
            f"Time {name!r} has the time zone {zone!r}, which has no name of its own. Name one, "
            f"e.g. `frame[{name!r}].dt.tz_convert('Europe/Berlin')`."
        ) from error
    return zone


def _days(series: nw.Series[Any], name: str) -> np.ndarray:
    """Return days since 1970, NaN where missing."""
    given = series.to_list()
    try:
        dates = pd.to_datetime(
            pd.Series([None if absent(value) else value for value in given])
        )
        if dates.dt.tz is not None:
            dates = dates.dt.tz_convert("UTC").dt.tz_localize(None)
    except (ValueError, TypeError, AttributeError) as error:
        raise DataError(
            f"Time {name!r} has dates that cannot stand in one order: {error}. Of several time "
            f"zones, make one: `pandas.to_datetime(frame[{name!r}], utc=True)`."
        ) from error
    moments = dates.to_numpy("datetime64[us]")
    if (dates.notna() & (dates.to_numpy() != moments)).any():
        raise DataError(
            f"Time {name!r} has moments finer than a microsecond. Number them instead."
        )
    return np.where(np.isnat(moments), np.nan, moments.astype(np.int64) / _DAY)
