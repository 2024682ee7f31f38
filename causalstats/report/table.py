"""Numbers and data frames as the text of an HTML table; the template escapes it."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

import numpy as np
import pandas as pd

from causalstats.numerics.sampling.centre import centre_of

MOST_ROWS = 20  # of one table on the page; the page says how many it left out
_MANY_COLUMNS = 6
MISSING = "–"
_HEADINGS = {"r_hat": "R-hat", "ess_bulk": "ESS bulk", "ess_tail": "ESS tail"}
_PLAIN_FROM, _PLAIN_BELOW = 1e-4, 1e9  # outside this, powers of ten
_DIAGNOSTICS = ("r_hat", "ess_bulk", "ess_tail", "pareto_k", "q_value", "probability")
"""Columns on a scale of their own; all others are estimates, also those named by a method."""
_WIDEST = 100  # times the narrowest interval of a table, whose digits it then decides
_MOST_DECIMALS = 4
_DECIMALS_OF_R_HAT = 3
_LEVEL_OF_CATEGORY = re.compile(r"\[T\.([^\[\]]+)\]")
"""A level in the name of a coded column, as formulas write it."""
Cell = tuple[str, bool]
"""A text, and whether it is a number."""


@dataclass(frozen=True)
class HtmlTable:
    """The texts of a table.

    Attributes
    ----------
    corner : str
        The heading of the index.
    wide : bool
        Whether there are so many columns that they are set narrower.
    columns : tuple of Cell
    rows : tuple of (label, tuple of Cell)
    total : int
        How many rows the data frame has.
    """

    corner: str
    wide: bool
    columns: tuple[Cell, ...]
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]
    total: int


def number(value: object, *, padded: bool = False) -> str:
    """Return the text of a value.

    Parameters
    ----------
    value : object
        Real numbers have four significant digits, whole numbers all digits; anything else is words.
    padded : bool
        Whether real numbers keep zeros at the end.

    Examples
    --------
    >>> number(0.25), number(0.25, padded=True), number(1234567), number(True), number(None)
    ('0.25', '0.2500', '1,234,567', 'yes', '–')
    """
    if value is None or value is pd.NA or value is pd.NaT:
        return MISSING
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if isinstance(value, Integral):
        return f"{int(value):,}"
    if isinstance(value, Real):
        return _real(float(value), padded)
    return str(value)


def table(frame: pd.DataFrame) -> HtmlTable:
    """Return the first rows of a frame as text.

    Examples
    --------
    >>> table(pd.DataFrame({"mean": [0.5]}, index=["effect"])).rows
    (('effect', (('0.5000', True),)),)
    """
    shown = frame.iloc[:MOST_ROWS]
    columns = []
    cells = []
    decimals = aligned_decimals(shown)
    for column, name in enumerate(map(str, frame.columns)):
        heading = _HEADINGS.get(name, _label(frame.columns[column]))
        columns.append((heading, _has_numbers(frame.iloc[:, column])))
        values = shown.iloc[:, column].tolist()
        aligned = None if name in _DIAGNOSTICS else decimals
        cells.append(_cells(name, values, aligned))
    rows = [
        (_label(label), tuple(texts[row] for texts in cells))
        for row, label in enumerate(shown.index)
    ]
    wide = len(columns) > _MANY_COLUMNS
    corner = _corner(frame.index)
    return HtmlTable(corner, wide, tuple(columns), tuple(rows), len(frame))


def _cells(name: str, values: list, decimals: int | None) -> list[Cell]:
    """Return the cells of a column; an effective sample size counts draws and has no decimals.

    Parameters
    ----------
    name : str
    values : list
    decimals : int or None
        How many all numbers have; None for four significant digits each.
    """
    if name.startswith("ess_"):
        values = [round(value) if _is_finite(value) else value for value in values]
    if name == "r_hat":
        decimals = _DECIMALS_OF_R_HAT
    if decimals is not None and all(map(_is_number, values)):
        return [(_aligned(value, decimals), True) for value in values]
    return [(number(value, padded=True), _is_number(value)) for value in values]


def _aligned(value: Any, decimals: int) -> str:
    """Return a real number with so many decimals; a dash where there is none."""
    real = _is_finite(value) and not isinstance(value, Integral)
    return fixed(value, decimals) if real else number(value)


def fixed(value: float, decimals: int | None) -> str:
    """Return a number with so many decimals, or with four significant digits.

    Examples
    --------
    >>> fixed(1234.567, 1), fixed(0.5, None), fixed(-0.001, 2)
    ('1,234.6', '0.5000', '0.00')
    """
    if decimals is None:
        return number(value, padded=True)
    rounded = round(value, decimals) + 0.0  # no number is shown as -0
    return f"{rounded:,.{decimals}f}"


def aligned_decimals(frame: pd.DataFrame) -> int | None:
    """Return the decimals of a table of estimates, so that decimal points are aligned.

    Intervals have two to three digits, the narrowest at least one where widths differ very much.
    Bounds, which have no mean, do not count. None where there are no intervals, or more than four
    decimals would be needed.

    Examples
    --------
    >>> aligned_decimals(pd.DataFrame({"lower": [2.61], "upper": [11.92]}))
    1
    """
    if not {"lower", "upper"} <= set(frame.columns):
        return None
    centre = centre_of(frame)
    estimated = frame[frame[centre].notna()] if centre in frame else frame
    widths = np.asarray(estimated["upper"] - estimated["lower"], float).ravel()
    widths = widths[np.isfinite(widths) & (widths > 0)]
    if not len(widths):
        return None
    alike = widths.max() <= _WIDEST * widths.min()
    step = np.median(widths) / 50 if alike else widths.min() / 6
    decimals = -int(np.floor(np.log10(step)))
    return max(decimals, 0) if decimals <= _MOST_DECIMALS else None


def _has_numbers(column: pd.Series) -> bool:
    types = pd.api.types
    return types.is_numeric_dtype(column.dtype) and not types.is_bool_dtype(
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


def _is_number(value: object) -> bool:
    return value is None or (
        isinstance(value, Real) and not isinstance(value, bool | np.bool_)
    )


def _is_finite(value: Any) -> bool:
    return value is not None and _is_number(value) and math.isfinite(value)


def _label(label: object) -> str:
    """Return a label as readers see it: arrows as arrows, levels of categories after their column.

    Examples
    --------
    >>> _label("x -> y"), _label("Al2O3 on region[T.Wales]"), _label((1, "a"))
    ('x → y', 'Al2O3 on region = Wales', '1, a')
    """
    if isinstance(label, tuple):
        return ", ".join(map(_label, label))
    if isinstance(label, float):
        return f"{label:g}"
    text = str(label).replace("<->", "↔").replace("->", "→")
    return _LEVEL_OF_CATEGORY.sub(r" = \1", text)


def _corner(index: pd.Index) -> str:
    names = [str(name) for name in index.names if name is not None]
    return ", ".join(names).replace("_", " ")
