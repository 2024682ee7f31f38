"""Cells of a frame that JSON has no form for, such as dates, as small mappings, and back."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

Json = dict[str, Any]

# Each with its name in the file, how it is written, and how it is read; subclasses come first.
_KINDS: tuple[tuple[type, str, Callable[[Any], Any], Callable[[Any], Any]], ...] = (
    (pd.Timestamp, "timestamp", lambda cell: cell.isoformat(), pd.Timestamp),
    (
        datetime.datetime,
        "datetime",
        lambda cell: cell.isoformat(),
        datetime.datetime.fromisoformat,
    ),
    (
        datetime.date,
        "date",
        lambda cell: cell.isoformat(),
        datetime.date.fromisoformat,
    ),
    (
        datetime.time,
        "time",
        lambda cell: cell.isoformat(),
        datetime.time.fromisoformat,
    ),
    (pd.Timedelta, "timedelta", lambda cell: cell.isoformat(), pd.Timedelta),
    (
        pd.Period,
        "period",
        lambda cell: [int(cell.ordinal), cell.freqstr],
        lambda parts: pd.Period(ordinal=parts[0], freq=parts[1]),
    ),
    (
        pd.Interval,
        "interval",
        lambda cell: [
            described_cell(cell.left),
            described_cell(cell.right),
            cell.closed,
        ],
        lambda parts: pd.Interval(read_cell(parts[0]), read_cell(parts[1]), parts[2]),
    ),
    (
        tuple,
        "tuple",
        lambda cell: list(map(described_cell, cell)),
        lambda parts: tuple(map(read_cell, parts)),
    ),
)
_READERS = {name: reader for _, name, _, reader in _KINDS}


def described_cell(cell: Any) -> Any:
    """Return a cell as JSON: a date, period or interval as a mapping of its kind to its text.

    Examples
    --------
    >>> described_cell(pd.Timestamp("2024-02-29")), described_cell(1.5), described_cell(pd.NaT)
    ({'timestamp': '2024-02-29T00:00:00'}, 1.5, None)
    """
    if cell is pd.NaT or cell is pd.NA:
        return None
    for kind, name, written, _ in _KINDS:
        if isinstance(cell, kind):
            return {name: written(cell)}
    return cell


def read_cell(described: Any) -> Any:
    """Return the cell that was described.

    Examples
    --------
    >>> read_cell(described_cell(pd.Period("2024-03", "M")))
    Period('2024-03', 'M')
    """
    if not isinstance(described, Mapping) or len(described) != 1:
        return described
    ((name, value),) = described.items()
    return _READERS[name](value)
