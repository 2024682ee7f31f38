"""Parts known only within bounds: rounded, below what could be measured, or not measured at all."""

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
    """Where each value (n, D) lies: lower = upper where it is known, 0 and ∞ where nothing is; `values` are inside, for a start and for pictures."""

    values: np.ndarray
    lower: np.ndarray
    upper: np.ndarray

    @property
    def open(self) -> np.ndarray:
        """Which values are not known exactly (bool)."""
        return self.lower < self.upper


def per_part(
    name: str, given: float | Mapping[str, float] | None, parts: Sequence[str]
) -> dict[str, float]:
    """A positive number for each part that has one: for all parts if one number is given."""
    found = (
        {}
        if given is None
        else dict(given)
        if isinstance(given, Mapping)
        else dict.fromkeys(parts, given)
    )
    for part, value in found.items():
        if part not in parts:
            raise unknown(part, parts, "part")
        truth = isinstance(value, bool | np.bool_)
        if truth or not (isinstance(value, int | float | np.number) and 0 < value < np.inf):
            raise DataError(
                f"Expected `{name}` as a positive number for part {part!r}, got {value!r}."
            )
    return found


def bounds_of(
    table: pd.DataFrame, parts: Sequence[str], rows: np.ndarray, resolution: Any, limits: Any
) -> Bounds:
    """Bounds of every part: x ± half its resolution; 0 to the limit for what is below it (0 to half the resolution for a 0); 0 to ∞ for what is missing."""
    steps, least = per_part("resolution", resolution, parts), per_part("limits", limits, parts)
    columns = together(
        *(
            partial(_of_part, table, name, rows, steps.get(name, 0.0), least.get(name, 0.0))
            for name in parts
        )
    )
    lower, upper = (np.column_stack([column[k] for column in columns]) for k in (0, 1))
    known = np.isfinite(upper)
    refuse_unmeasured(Bounds(lower, lower, upper), rows)
    inside = np.where(lower > 0, (lower + upper) / 2, upper / 2)
    logs = np.log(np.where(known, inside, np.nan))
    middle = np.nanmean(logs, axis=0)
    usual = np.exp(middle + np.nanmean(logs - middle, axis=1, keepdims=True))
    return Bounds(frozen(np.where(known, inside, usual)), frozen(lower), frozen(upper))


def refuse_unmeasured(bounds: Bounds, rows: np.ndarray) -> None:
    """Refuse rows in which fewer than two parts were measured."""
    empty = np.flatnonzero(np.isfinite(bounds.upper).sum(axis=1) < 2)
    if len(empty):
        raise DataError(
            f"Fewer than two parts were measured in {some(np.sort(rows[empty]))}: they have no ratio. Leave those rows out."
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
        _limit(level) for level in column.cat.categories if level.strip().startswith(("<", "≤"))
    ]
    if limits:
        remedy = (
            "Of what is below the limit of detection make it 0 and name the limit: "
            f"`frame[{name!r}] = pandas.to_numeric(frame[{name!r}], errors='coerce').fillna(0)` "
            f"where text is nothing else, with `zeros='interval', limits={{{name!r}: {max(limits):g}}}`; "
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


def _of_part(
    table: pd.DataFrame, name: str, rows: np.ndarray, step: float, limit: float
) -> tuple[np.ndarray, np.ndarray]:
    values = table[name].to_numpy(float)
    missing = np.isnan(values)
    refuse_negative(name, rows[values < 0])
    below = (values == 0) | (values < limit)
    if below.any() and not (step or limit):
        raise DataError(
            f"Part {name!r} is 0 in {some(rows[below])}: name the limit below which it cannot be seen in `limits`, or its `resolution`."
        )
    lower = np.where(below, 0.0, np.maximum(values - step / 2, 0.0))
    upper = np.where(below, limit or step / 2, values + step / 2)
    if step:
        upper = np.maximum(
            upper, np.nextafter(lower, np.inf)
        )  # as a number so large that its resolution is lost still has one
    if missing.all() or below.all():
        raise DataError(
            f"Part {name!r} was measured in no row: nothing can be said of it. Leave it out."
        )
    return np.where(missing, 0.0, lower), np.where(missing, np.inf, upper)
