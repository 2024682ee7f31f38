"""Parts known only within bounds: rounded, below what could be measured, or not measured at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from causalstats.data.frames import frozen, some, unknown
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
        if not (isinstance(value, int | float) and 0 < value < np.inf):
            raise DataError(
                f"Expected `{name}` as a positive number for part {part!r}, got {value!r}."
            )
    return found


def bounds_of(
    table: pd.DataFrame, parts: Sequence[str], rows: np.ndarray, resolution: Any, limits: Any
) -> Bounds:
    """Bounds of every part: x ± half its resolution; 0 to the limit for what is below it (0 to half the resolution for a 0); 0 to ∞ for what is missing."""
    steps, least = per_part("resolution", resolution, parts), per_part("limits", limits, parts)
    columns = [
        _of_part(table, name, rows, steps.get(name, 0.0), least.get(name, 0.0)) for name in parts
    ]
    lower, upper = (np.column_stack([column[k] for column in columns]) for k in (0, 1))
    known = np.isfinite(upper)
    empty = np.flatnonzero(known.sum(axis=1) < 2)
    if len(empty):
        raise DataError(
            f"Fewer than two parts were measured in {some(rows[empty])}: they have no ratio. Leave those rows out."
        )
    inside = np.where(lower > 0, (lower + upper) / 2, upper / 2)
    logs = np.log(np.where(known, inside, np.nan))
    middle = np.nanmean(logs, axis=0)
    usual = np.exp(middle + np.nanmean(logs - middle, axis=1, keepdims=True))
    return Bounds(frozen(np.where(known, inside, usual)), frozen(lower), frozen(upper))


def _of_part(
    table: pd.DataFrame, name: str, rows: np.ndarray, step: float, limit: float
) -> tuple[np.ndarray, np.ndarray]:
    column = table[name]
    if isinstance(column.dtype, pd.CategoricalDtype):
        raise DataError(
            f"Expected part {name!r} to be numbers, got text such as {column.iloc[0]!r}."
        )
    values = column.to_numpy(float)
    missing = np.isnan(values)
    if (values < 0).any():
        raise DataError(
            f"Expected part {name!r} to be positive, got negative values in {some(rows[values < 0])}."
        )
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
    if (
        not step
        and not below.any()
        and not missing.any()
        and len(values) > 1
        and np.ptp(values) == 0
    ):
        raise DataError(
            f"Part {name!r} is {values[0]:g} in every row: it was not measured, or rounded away. Leave it out."
        )
    return np.where(missing, 0.0, lower), np.where(missing, np.inf, upper)
