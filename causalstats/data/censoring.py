"""Censored parts: rounded, left-censored below a limit of detection (rounded zeros), or missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from causalstats.data.column_roles import text_that_is_no_number
from causalstats.data.columns import frozen, some, together, unknown
from causalstats.errors import DataError


@dataclass(frozen=True, eq=False)
class Bounds:
    """Bounds of each value (interval censoring): equal where it is known, 0 and ∞ where it is not.

    Attributes
    ----------
    values : array, shape (n, D)
        Inside the bounds, for starts of chains and for pictures.
    lower, upper : array, shape (n, D)

    Examples
    --------
    A value that is known, and one below a limit of detection of 2.

    >>> import numpy as np
    >>> bounds = Bounds(np.array([[5.0, 1.0]]), np.array([[5.0, 0.0]]), np.array([[5.0, 2.0]]))
    >>> bounds.open
    array([[False,  True]])
    """

    values: np.ndarray
    lower: np.ndarray
    upper: np.ndarray

    @property
    def open(self) -> np.ndarray:
        """Which values are not known exactly, (n, D)."""
        return self.lower < self.upper

    def take(self, columns: Sequence[int]) -> Bounds:
        """Return the bounds of some of the parts."""
        return Bounds(
            frozen(self.values[:, columns]),
            frozen(self.lower[:, columns]),
            frozen(self.upper[:, columns]),
        )


def per_part(
    name: str, given: float | Mapping[str, float] | None, parts: Sequence[str]
) -> dict[str, float]:
    """Return a positive number for each part that has one; for all parts if one number is given.

    Parameters
    ----------
    name : str
        The argument, for refusals.
    given : float, mapping of part to float, or None
    parts : list of str
    """
    if given is None:
        return {}
    numbers = dict(given) if isinstance(given, Mapping) else dict.fromkeys(parts, given)
    for part, value in numbers.items():
        if part not in parts:
            raise unknown(part, parts, "part")
        truth = isinstance(value, bool | np.bool_)
        if truth or not (
            isinstance(value, int | float | np.number) and 0 < value < np.inf
        ):
            raise DataError(
                f"Expected `{name}` as a positive number for part {part!r}, got {value!r}."
            )
    return numbers


def bounds_of(
    table: pd.DataFrame,
    parts: Sequence[str],
    rows: np.ndarray,
    resolution: Any,
    limits: Any,
) -> Bounds:
    """Return the bounds of every part.

    x ± half its resolution; 0 to the limit of detection for a value below it (0 to half the
    resolution for a 0); 0 to ∞ for a missing value.

    Parameters
    ----------
    table : DataFrame
    parts : list of str
    rows : int array
        Row numbers in the user's frame, for refusals.
    resolution, limits : float, mapping of part to float, or None

    Raises
    ------
    DataError
        If a part is negative, 0 without a limit, or measured in no row; if a row has fewer than two
        measured parts.
    """
    steps = per_part("resolution", resolution, parts)
    least = per_part("limits", limits, parts)
    columns = together(
        *(
            partial(
                _part_bounds,
                table,
                name,
                rows,
                steps.get(name, 0.0),
                least.get(name, 0.0),
            )
            for name in parts
        )
    )
    lower, upper = (np.column_stack([column[k] for column in columns]) for k in (0, 1))
    known = np.isfinite(upper)
    refuse_unmeasured(Bounds(lower, lower, upper), rows)
    inside = np.where(lower > 0, (lower + upper) / 2, upper / 2)
    logs = np.log(np.where(known, inside, np.nan))
    middle = np.nanmean(logs, axis=0)
    typical = np.exp(middle + np.nanmean(logs - middle, axis=1, keepdims=True))
    return Bounds(
        frozen(np.where(known, inside, typical)), frozen(lower), frozen(upper)
    )


def refuse_unmeasured(bounds: Bounds, rows: np.ndarray) -> None:
    """Refuse rows in which fewer than two parts were measured."""
    empty = np.flatnonzero(np.isfinite(bounds.upper).sum(axis=1) < 2)
    if len(empty):
        raise DataError(
            f"Fewer than two parts were measured in {some(np.sort(rows[empty]))}: they have no "
            "ratio. Leave those rows out."
        )


def refuse_negative(name: str, rows: np.ndarray) -> None:
    """Refuse a part that is negative in some rows."""
    if len(rows):
        raise DataError(
            f"Expected part {name!r} to be positive, got negative values in {some(np.sort(rows))}."
        )


def refuse_text(table: pd.DataFrame, name: str) -> None:
    """Refuse a part that is text, naming the texts that are no numbers."""
    column = table[name]
    if not isinstance(column.dtype, pd.CategoricalDtype):
        return
    remedy = "Make it numbers first."
    limits = [
        _limit(level)
        for level in column.cat.categories
        if level.strip().startswith(("<", "≤"))
    ]
    if limits:
        remedy = (
            "Replace values below the limit of detection by 0, and name the limit: "
            f"`frame[{name!r}] = pandas.to_numeric(frame[{name!r}], errors='coerce').fillna(0)` "
            "where there is no other text, with "
            f"`zeros='interval', limits={{{name!r}: {max(limits):g}}}`; "
            "the limit is one number a part, so take the largest."
        )
    raise DataError(
        f"Expected part {name!r} to be numbers, got text such as "
        f"{text_that_is_no_number(column)}. {remedy}"
    )


def _limit(text: str) -> float:
    """Return the number of '<0.5'; 0 where there is none."""
    try:
        return float(text.strip().lstrip("<≤= "))
    except ValueError:
        return 0.0


def _part_bounds(
    table: pd.DataFrame, name: str, rows: np.ndarray, step: float, limit: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return the lower and upper bounds (n,) of one part.

    Parameters
    ----------
    table : DataFrame
    name : str
    rows : int array, shape (n,)
        Row numbers in the user's frame.
    step, limit : float
        Resolution and limit of detection; 0 without.
    """
    values = table[name].to_numpy(float)
    missing = np.isnan(values)
    refuse_negative(name, rows[values < 0])
    below = (values == 0) | (values < limit)
    if below.any() and not (step or limit):
        raise DataError(
            f"Part {name!r} is 0 in {some(rows[below])}: name the limit below which it cannot be "
            "seen in `limits`, or its `resolution`."
        )
    lower = np.where(below, 0.0, np.maximum(values - step / 2, 0.0))
    upper = np.where(below, limit or step / 2, values + step / 2)
    if step:  # a number so large that its resolution is lost in rounding still has one
        upper = np.maximum(upper, np.nextafter(lower, np.inf))
    if missing.all() or below.all():
        raise DataError(
            f"Part {name!r} was measured in no row: nothing can be said of it. Leave it out."
        )
    return np.where(missing, 0.0, lower), np.where(missing, np.inf, upper)
