"""Declared structural zeros: parts that cannot be present in some rows of counts.

A row is then a composition of the parts that are present in it. Which rows these are is known from
elsewhere, such as the range of a species or the primer of a batch: to declare a part absent because
it was not counted would take every zero for one of these.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from causalstats.data.columns import column_name, frozen, some, unknown
from causalstats.errors import DataError

_SHOWN = 10  # parts in a list


@dataclass(frozen=True)
class Absence:
    """In which rows a part is declared absent: where a column is true, or has some levels.

    Parameters
    ----------
    part, column : str
    levels : tuple or None
        None where the column itself says yes or no.
    """

    part: str
    column: str
    levels: tuple[Any, ...] | None


def declared_absences(
    absent: Mapping[str, str | Mapping[str, Any]] | None,
    parts: Sequence[str],
    zeros: str,
) -> list[Absence]:
    """Return the declared absences, one for each part and column.

    Parameters
    ----------
    absent : mapping of part to column, or to a mapping of column to levels; or None
    parts : list of str
    zeros : str
        How a 0 is read: absences are those of "counts".

    Raises
    ------
    DataError
        If it is no such mapping, names no part, or nothing is counted.

    Examples
    --------
    >>> declared_absences({"algae": {"depth": "deep"}}, ["algae", "flies"], "counts")
    [Absence(part='algae', column='depth', levels=('deep',))]
    """
    if absent is None or (isinstance(absent, Mapping) and not absent):
        return []
    if zeros != "counts":
        raise DataError(
            "`absent` is for counts: it needs `zeros='counts'`. Of amounts, make the values "
            "missing where a part cannot be present, and say `missing='infer'`."
        )
    if not isinstance(absent, Mapping):
        raise DataError(
            f"Expected `absent` as a mapping of parts, such as {{{parts[0]!r}: {{'site': "
            f"['lake']}}}} or {{{parts[0]!r}: 'cannot_be_there'}}, got {absent!r}."
        )
    declared = []
    for part, where in absent.items():
        if part not in parts:
            raise unknown(part, parts, "part")
        if isinstance(where, Mapping):
            declared += [
                Absence(part, column_name("an absence", column), _levels(given))
                for column, given in where.items()
            ]
        else:
            declared.append(Absence(part, column_name("an absence", where), None))
    return declared


def present_parts(
    table: pd.DataFrame,
    parts: Sequence[str],
    declared: Sequence[Absence],
    rows: np.ndarray,
) -> np.ndarray | None:
    """Return in which rows parts can be present, (n, D); None where all of them are in all rows.

    Parameters
    ----------
    table : DataFrame
    parts : list of str
    declared : list of Absence
    rows : int array, shape (n,)
        Row numbers in the user's frame, for refusals.

    Raises
    ------
    DataError
        If a part was counted where it is declared absent, or is so in all rows; if a row has fewer
        than two parts; or if a column has no such level.
    """
    present = np.ones((len(table), len(parts)), bool)
    for absence in declared:
        where = _rows_of(absence, table[absence.column], rows)
        present[where, list(parts).index(absence.part)] = False
    if present.all():
        return None
    for k, part in enumerate(parts):
        counts = table[part].to_numpy(float)
        odd = ~present[:, k] & (counts > 0)
        if odd.any():
            raise DataError(
                f"Part {part!r} is declared absent where it was counted, {counts[odd][0]:g} in "
                f"{some(np.sort(rows[odd]))}: it can be present there. Declare only rows in which "
                "it cannot."
            )
        if not present[:, k].any():
            raise DataError(
                f"Part {part!r} is declared absent from every row: nothing can be said of it. "
                "Leave it out."
            )
    refuse_lone_parts(present, rows)
    return frozen(present)


def refuse_lone_parts(present: np.ndarray, rows: np.ndarray) -> None:
    """Refuse rows in which fewer than two parts can be present."""
    alone = np.flatnonzero(present.sum(axis=1) < 2)
    if len(alone):
        raise DataError(
            f"Fewer than two parts can be present in {some(np.sort(rows[alone]))}: they have no "
            "ratio. Leave those rows out."
        )


def described_absences(
    absent: Mapping[str, str | Mapping[str, Any]], present: np.ndarray
) -> str:
    """Return where parts are declared absent, in words.

    Parameters
    ----------
    absent : mapping
        As it was declared.
    present : bool array, shape (n, D)
    """
    shown = list(absent)[:_SHOWN]
    more = f" and {len(absent) - _SHOWN:,} others" if len(absent) > _SHOWN else ""
    return f"{(~present).mean():.1%} of the cells, of {', '.join(shown)}{more}"


def _levels(given: Any) -> tuple[Any, ...]:
    if isinstance(given, str | int | float | bool | np.generic):
        return (given,)
    return tuple(given)


def _rows_of(absence: Absence, column: pd.Series, rows: np.ndarray) -> np.ndarray:
    """Return in which rows a part is absent, a bool array (n,).

    Parameters
    ----------
    absence : Absence
    column : Series
    rows : int array, shape (n,)
        Row numbers in the user's frame, for refusals.
    """
    text = isinstance(column.dtype, pd.CategoricalDtype)
    if absence.levels is None:
        values = np.full(len(column), np.nan) if text else column.to_numpy(float)
        odd = ~np.isin(values, (0.0, 1.0))
        if odd.any():
            raise DataError(
                f"Expected column {absence.column!r} to be True in rows where part "
                f"{absence.part!r} cannot be present and False in others, got "
                f"{column[odd].iloc[0]!r} in {some(np.sort(rows[odd]))}. Of groups, say which: "
                f"absent={{{absence.part!r}: {{{absence.column!r}: [...]}}}}."
            )
        return values == 1
    known = list(column.cat.categories) if text else sorted(set(column))
    levels = [str(level) if text else level for level in absence.levels]
    for level in levels:
        if level not in known:
            raise unknown(level, known, f"level of {absence.column!r}")
    return column.isin(levels).to_numpy()
