"""Numbers and data frames as the text of a table. Escaping is the template's business."""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Integral, Real

import numpy as np
import pandas as pd

MOST_ROWS = 20  # of one table on the page; the page says how many it left out
MISSING = "–"
_HEADINGS = {"r_hat": "R-hat", "ess_bulk": "ESS bulk", "ess_tail": "ESS tail"}
_PLAIN_FROM, _PLAIN_BELOW = 1e-4, 1e9  # outside this, powers of ten


@dataclass(frozen=True)
class Table:
    """The heading of the index, those of the columns, rows of (label, ((text, is it a number), ...)), and how many rows there were."""

    corner: str
    columns: tuple[tuple[str, bool], ...]
    rows: tuple[tuple[str, tuple[tuple[str, bool], ...]], ...]
    total: int


def number(value: object, *, padded: bool = False) -> str:
    """Four significant digits for a real number (with zeros at the end if `padded`), all digits for an integer, words for anything else."""
    if value is None or value is pd.NA or value is pd.NaT:
        return MISSING
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if isinstance(value, Integral):
        return f"{int(value):,}"
    if isinstance(value, Real):
        return _real(float(value), padded)
    return str(value)


def table(frame: pd.DataFrame) -> Table:
    """The first rows of a frame as text."""
    shown = frame.iloc[:MOST_ROWS]
    columns = tuple(
        (_HEADINGS.get(str(name), _label(name)), _numbers(frame.iloc[:, k]))
        for k, name in enumerate(frame.columns)
    )
    labels = [_label(label) for label in shown.index]
    values = [_column(str(name), shown.iloc[:, k].tolist()) for k, name in enumerate(shown.columns)]
    return Table(
        _corner(frame.index),
        columns,
        tuple((label, tuple(column[row] for column in values)) for row, label in enumerate(labels)),
        len(frame),
    )


def _column(name: str, values: list) -> list[tuple[str, bool]]:
    """The cells of a column. An effective sample size is a count of draws, and has no decimals."""
    if name.startswith("ess_"):
        values = [
            round(value)
            if _numeric(value) and value is not None and math.isfinite(value)
            else value
            for value in values
        ]
    return [(number(value, padded=True), _numeric(value)) for value in values]


def _numbers(column: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(column.dtype) and not pd.api.types.is_bool_dtype(
        column.dtype
    )


def _real(value: float, padded: bool) -> str:
    if math.isnan(value):
        return MISSING
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    if value and not _PLAIN_FROM <= abs(value) < _PLAIN_BELOW:
        return f"{value:.3e}"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:#.4g}".rstrip(".") if padded else f"{value:.4g}"


def _numeric(value: object) -> bool:
    return value is None or (isinstance(value, Real) and not isinstance(value, bool | np.bool_))


def _label(label: object) -> str:
    if isinstance(label, tuple):
        return ", ".join(map(str, label))
    return f"{label:g}" if isinstance(label, float) else str(label)


def _corner(index: pd.Index) -> str:
    return ", ".join(str(name) for name in index.names if name is not None)
