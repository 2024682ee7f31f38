"""Numbers and field values as text."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

_PLAIN_FROM = 1e-3


def number(value: float, unit: str) -> str:
    """Return a proportion in percent, and anything else with four digits."""
    return f"{value:.2%}" if unit == "probability" else f"{value:.4g}"


def shown(value: Any) -> str:
    """Return the value of a field of a model in words."""
    if value is None:
        return "not given"
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "none"
    return "none" if isinstance(value, Mapping) and not value else str(value)


def some_of(names: Sequence[str], most: int = 8) -> str:
    """Return names joined by commas: all, or the first ones and how many more there are.

    Examples
    --------
    >>> some_of(["a", "b"]), some_of([f"t{k}" for k in range(1200)], 2)
    ('a, b', 't0, t1 and 1,198 more')
    """
    listed = ", ".join(names[:most])
    more = len(names) - most
    return f"{listed} and {more:,} more" if more > 0 else listed


def with_decimals(value: float, decimals: int, most: int) -> str:
    """Return a number with so many decimals; in scientific notation where it is small for these.

    Parameters
    ----------
    value : float
    decimals : int
        The position of the last digit that is shown.
    most : int
        With more decimals, numbers below 0.001 are in scientific notation.

    Examples
    --------
    >>> with_decimals(0.0123, 3, 6), with_decimals(1.23456e-10, 13, 6)
    ('0.012', '1.235e-10')
    """
    if decimals > most and 0 < abs(value) < _PLAIN_FROM:
        digits = math.floor(math.log10(abs(value))) + decimals
        return f"{value:.{max(digits, 0)}e}"
    text = f"{round(value, decimals):,.{max(decimals, 0)}f}"
    is_zero = not text.strip("-0.,")
    return text.removeprefix("-") if is_zero else text
