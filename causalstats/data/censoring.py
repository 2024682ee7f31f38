"""Censored parts: rounded, left-censored below a detection limit (rounded zeros), or missing."""

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


def plain_numbers(given: Any) -> Any:
    """Return numbers by part, or one for all, as Python's own: a file holds no others.

    Examples
    --------
    >>> plain_numbers({"lead": np.int64(2), "zinc": "zinc_limit"}), plain_numbers(None)
    ({'lead': 2, 'zinc': 'zinc_limit'}, None)
    """
    if isinstance(given, Mapping):
        return {part: plain_numbers(value) for part, value in given.items()}
    return given.item() if isinstance(given, np.generic) else given


def bounds_of(
    table: pd.DataFrame,
    parts: Sequence[str],
    rows: np.ndarray,
    resolution: Any,
    limits: Any,
    limits_by_row: Mapping[str, np.ndarray],
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
    limits_by_row : mapping of part to array, shape (n,)
        Limits of single values, NaN where there is none.

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
                _limits_of_rows(least.get(name, 0.0), limits_by_row.get(name), rows),
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
    if any(limit_in_text(level) is not None for level in column.cat.categories):
        remedy = (
            "With `zeros='interval'`, texts such as '<0.5' are values below that limit of "
            "detection."
        )
    raise DataError(
        f"Expected part {name!r} to be numbers, got text such as "
        f"{text_that_is_no_number(column)}. {remedy}"
    )


def refuse_text_without_limit(table: pd.DataFrame, name: str) -> None:
    """Refuse a part with texts that are neither numbers nor limits such as '<0.5'."""
    column = table[name]
    if not isinstance(column.dtype, pd.CategoricalDtype):
        return
    levels = pd.Series(column.cat.categories, dtype=object)
    odd = [
        level
        for level in levels[pd.to_numeric(levels, errors="coerce").isna()]
        if limit_in_text(level) is None
    ]
    if odd:
        refuse_text(table.assign(**{name: column.where(column.isin(odd))}), name)


def limit_in_text(text: str) -> float | None:
    """Return the limit of detection that a text such as '<0.5' names; None where it names none.

    Examples
    --------
    >>> limit_in_text("< 0.5"), limit_in_text("n.d.")
    (0.5, None)
    """
    stripped = text.strip()
    if not stripped.startswith(("<", "≤")):
        return None
    try:
        limit = float(stripped.lstrip("<≤= "))
    except ValueError:
        return None
    return limit if 0 < limit < np.inf else None


def with_limits_in_text(
    table: pd.DataFrame, parts: Sequence[str]
) -> tuple[pd.DataFrame, dict[str, np.ndarray]]:
    """Return the table with 0 in place of texts such as '<0.5', and their limits.

    Parameters
    ----------
    table : DataFrame
    parts : list of str

    Returns
    -------
    table : DataFrame
    limits : mapping of part to array, shape (n,)
        NaN where a value has none; of parts with such texts.

    Examples
    --------
    >>> table = pd.DataFrame({"lead": pd.Categorical(["1.5", "<0.5", "<0.2"])})
    >>> table, limits = with_limits_in_text(table, ["lead"])
    >>> table["lead"].tolist(), limits["lead"].tolist()
    ([1.5, 0.0, 0.0], [nan, 0.5, 0.2])
    """
    limits = {}
    numbers = {}
    for name in parts:
        column = table[name]
        if not isinstance(column.dtype, pd.CategoricalDtype):
            continue
        texts = column.astype(object)
        limits[name] = texts.map(limit_in_text, na_action="ignore").to_numpy(float)
        values = pd.to_numeric(texts, errors="coerce").to_numpy(float)
        numbers[name] = np.where(np.isnan(limits[name]), values, 0.0)
    return table.assign(**numbers), limits


def split_limits(
    limits: float | Mapping[str, float | str] | None, parts: Sequence[str]
) -> tuple[float | dict[str, float] | None, dict[str, str]]:
    """Return limits that are numbers, and the names of columns that have those of each row.

    Parameters
    ----------
    limits : float, mapping of part to float or str, or None
    parts : list of str

    Raises
    ------
    DataError
        If a column is named for what is no part.

    Examples
    --------
    >>> split_limits({"lead": 0.5, "zinc": "zinc_limit"}, ["lead", "zinc"])
    ({'lead': 0.5}, {'zinc': 'zinc_limit'})
    """
    if not isinstance(limits, Mapping):
        return limits, {}
    columns = {}
    numbers = {}
    for part, value in limits.items():
        if not isinstance(value, str):
            numbers[part] = value
            continue
        if part not in parts:
            raise unknown(part, parts, "part")
        columns[part] = value
    return numbers, columns


def limits_in_columns(
    table: pd.DataFrame,
    columns: Mapping[str, str],
    in_text: Mapping[str, np.ndarray],
    rows: np.ndarray,
) -> dict[str, np.ndarray]:
    """Return the limit of each row (n,), NaN without, of parts whose limits are in columns.

    Parameters
    ----------
    table : DataFrame
    columns : mapping of part to column name
    in_text : mapping of part to array, shape (n,)
        Limits that texts such as '<0.5' name, which come before those of the column.
    rows : int array, shape (n,)
        Row numbers in the user's frame, for refusals.

    Raises
    ------
    DataError
        If a column is text, or a limit is 0 or less, or infinite.

    Examples
    --------
    >>> table = pd.DataFrame({"limit": [0.5, np.nan]})
    >>> limits_in_columns(table, {"lead": "limit"}, {}, np.arange(2))["lead"].tolist()
    [0.5, nan]
    """
    limits = {}
    for part, name in columns.items():
        column = table[name]
        if isinstance(column.dtype, pd.CategoricalDtype):
            raise DataError(
                f"Expected column {name!r} to have the limits of detection of part {part!r} as "
                "numbers, got text."
            )
        values = column.to_numpy(float)
        odd = ~np.isnan(values) & ~((values > 0) & np.isfinite(values))
        if odd.any():
            raise DataError(
                f"Expected limits of detection above 0 in column {name!r}, got "
                f"{values[odd][0]:g} in {some(np.sort(rows[odd]))}. Leave cells empty where there "
                "is no limit."
            )
        text = in_text.get(part, np.full(len(values), np.nan))
        limits[part] = np.where(np.isnan(text), values, text)
    return limits


def _limits_of_rows(
    limit: float, by_row: np.ndarray | None, rows: np.ndarray
) -> np.ndarray:
    """Return the limit of each row (n,): its own, or that of the part.

    Parameters
    ----------
    limit : float
        0 without.
    by_row : array, shape (n,), or None
    rows : int array, shape (n,)
    """
    whole = np.full(len(rows), limit)
    return whole if by_row is None else np.where(np.isnan(by_row), whole, by_row)


def _part_bounds(
    table: pd.DataFrame, name: str, rows: np.ndarray, step: float, limit: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the lower and upper bounds (n,) of one part.

    Parameters
    ----------
    table : DataFrame
    name : str
    rows : int array, shape (n,)
        Row numbers in the user's frame.
    step : float
        Resolution; 0 without.
    limit : array, shape (n,)
        Limit of detection; 0 without.
    """
    values = table[name].to_numpy(float)
    missing = np.isnan(values)
    refuse_negative(name, rows[values < 0])
    below = (values == 0) | (values < limit)
    unbounded = below & (limit == 0)
    if unbounded.any() and not step:
        raise DataError(
            f"Part {name!r} is 0 in {some(rows[unbounded])}: name the limit below which it cannot "
            "be seen in `limits`, or its `resolution`."
        )
    lower = np.where(below, 0.0, np.maximum(values - step / 2, 0.0))
    upper = np.where(below, np.where(limit > 0, limit, step / 2), values + step / 2)
    if step:  # a number so large that its resolution is lost in rounding still has one
        upper = np.maximum(upper, np.nextafter(lower, np.inf))
    if missing.all() or below.all():
        raise DataError(
            f"Part {name!r} was measured in no row: nothing can be said of it. Leave it out."
        )
    return np.where(missing, 0.0, lower), np.where(missing, np.inf, upper)
