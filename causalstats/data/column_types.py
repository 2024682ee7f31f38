"""Types of columns: numbers, truth values, text, categories, dates, periods.

A column of Python objects is of the type that its values are.
"""

import datetime
import decimal
import fractions
import math
import numbers
from typing import Any, Literal

import narwhals as nw
import numpy as np
import pandas as pd

from causalstats.errors import DataError

Kind = Literal[
    "numbers", "truth", "text", "categories", "dates", "periods", "mixed", "other"
]


def absent(value: Any) -> bool:
    """Return whether a value stands for none."""
    return value is None or value is pd.NA or value is pd.NaT or is_nan(value)


def is_nan(value: Any) -> bool:
    """Return whether a number of any type is NaN."""
    if isinstance(value, float | np.floating):
        return math.isnan(value)
    return isinstance(value, decimal.Decimal) and value.is_nan()


def kind_of(series: nw.Series[Any], name: str) -> Kind:
    """Return the kind of a column; `name` is for messages.

    Returns
    -------
    str
        "numbers", "truth" (True and False), "text", "categories", "dates", "periods", "mixed" of
        numbers and text, or "other". Whole numbers in a column of type object are numbers.

    Raises
    ------
    DataError
        If True or False stands beside a number that Python takes for equal.

    Examples
    --------
    >>> kind_of(nw.from_native(pd.Series([1, 2, None], dtype=object), series_only=True), "x")
    'numbers'
    """
    dtype = series.dtype
    if dtype in (nw.Categorical, nw.Enum):
        return "categories"
    if dtype == nw.Boolean:
        return "truth"
    if dtype.is_numeric():
        return "numbers"
    if dtype == nw.String:
        return "text"
    if dtype in (nw.Date, nw.Datetime):
        return "dates"
    if isinstance(getattr(series.to_native(), "dtype", None), pd.PeriodDtype):
        return "periods"
    if dtype in (nw.Object, nw.Unknown, nw.Binary, nw.Time, nw.Duration):
        return _kind_of_objects(series.to_list(), name)
    return "other"


def _kind_of_objects(values: list, name: str) -> Kind:
    """Return the kind of a column of Python objects, by one example of each type."""
    examples = {type(value): value for value in reversed(values) if not absent(value)}
    kinds: dict[Kind, Any] = {}
    for kind, value in ((_kind_of_type(cls), value) for cls, value in examples.items()):
        kinds.setdefault(kind, value)
    if "truth" in kinds and "numbers" in kinds:
        number = kinds["numbers"]
        raise DataError(
            f"Column {name!r} has {kinds['truth']!r} ({type(kinds['truth']).__name__}) beside "
            f"{number!r} ({type(number).__name__}), and Python takes True for 1 and False for 0. "
            f"Say which is meant, e.g. `frame[{name!r}].astype(int)`, or `.astype(str)`."
        )
    if len(kinds) < 2:
        return next(iter(kinds), "numbers")
    return "other" if "other" in kinds else "mixed"


def _kind_of_type(cls: type) -> Kind:
    if issubclass(cls, bool | np.bool_):
        return "truth"
    if issubclass(cls, str):
        return "text"
    if issubclass(cls, numbers.Real | decimal.Decimal | fractions.Fraction):
        return "numbers"
    if issubclass(cls, datetime.date | np.datetime64):
        return "dates"
    return "periods" if issubclass(cls, pd.Period) else "other"
