"""Labels, the names of units, deciders, subjects and groups, are text and never rounded.

A label is the text of the value that the frame has: `str(id)` of whole numbers of any size, dates
as dates. Two values with one text would be one label, and are refused.
"""

import datetime
import decimal
import numbers
from collections.abc import Hashable, Iterable, Sequence
from fractions import Fraction
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from causalstats.core.readable_text import unreadable
from causalstats.data.column_types import Kind, absent, kind_of
from causalstats.errors import DataError

# A float below this is written with all its digits, without an exponent
_LONGEST = 1e16


def label(value: Any) -> str:
    """Return the text of a value that names something.

    Examples
    --------
    >>> label(10**17 + 1), label(1_000_003.0), label(0.5), label("007")
    ('100000000000000001', '1000003', '0.5', '007')
    """
    if isinstance(value, str):
        return str(value)
    if isinstance(value, bool | np.bool_):
        return str(bool(value))
    if isinstance(value, numbers.Integral):
        return str(int(value))
    if isinstance(value, numbers.Real | decimal.Decimal):
        size = abs(float(value))
        whole = size < _LONGEST and size == np.floor(size)
        return f"{value:.0f}" if whole else str(value)
    if isinstance(value, datetime.datetime):
        midnight = value.time() == datetime.time()
        return value.date().isoformat() if midnight else value.isoformat(sep=" ")
    return value.isoformat() if isinstance(value, datetime.date) else str(value)


def labelled(series: nw.Series[Any], name: str) -> Any:
    """Return a column as labels, a categorical; `name` is for messages.

    Returns
    -------
    Categorical
        Its levels are text: in the order that the frame gives them, numbers in order of size, all
        else sorted.

    Raises
    ------
    DataError
        If two values have one text, one has control characters, or whole numbers came as floating
        point too large to hold every one of them.

    Examples
    --------
    >>> labelled(nw.from_native(pd.Series([10, 9, 10]), series_only=True), "site").tolist()
    ['10', '9', '10']
    """
    kind = kind_of(series, name)
    codes, values = _numbered(series, name, kind)
    texts = [label(value) for value in values]
    refuse_unreadable(texts, f"Column {name!r}")
    refuse_alike(values, texts, name)
    order = np.arange(len(texts))
    if kind != "categories":
        order = np.array(in_order(values, texts, kind), int)
    rank = np.empty(len(texts) + 1, int)
    rank[order], rank[-1] = np.arange(len(texts)), -1
    column = pd.Categorical.from_codes(
        rank[codes], categories=pd.Index([texts[k] for k in order])
    )
    return column.remove_unused_categories()


def refuse_unreadable(texts: Iterable[str], subject: str) -> None:
    """Refuse texts with control characters, which files and figures cannot hold.

    Parameters
    ----------
    texts : iterable of str
    subject : str
        Where they stand, for the message.
    """
    for text in texts:
        if character := unreadable(text):
            raise DataError(
                f"{subject} has the text {text!r} with the character {character}, which files and "
                "figures cannot hold. Take it out, e.g. `text.replace(...)`."
            )


def refuse_alike(values: Iterable[Any], texts: Iterable[str], name: str) -> None:
    """Refuse different values that are written alike.

    Parameters
    ----------
    values, texts : iterables
        Distinct values, and the label of each.
    name : str
        The column, for the message.
    """
    first: dict[str, Any] = {}
    for text, value in zip(texts, values, strict=True):
        if text in first:
            other = first[text]
            raise DataError(
                f"Column {name!r} has {other!r} ({type(other).__name__}) and {value!r} "
                f"({type(value).__name__}), which are written alike. Make them one, e.g. "
                f"`frame[{name!r}].astype(str)`, or tell them apart."
            )
        first[text] = value


def in_order(values: Sequence[Any], texts: Sequence[str], kind: Kind) -> list[int]:
    """Return positions in order: numbers, dates and the like by size, all else by its text.

    Parameters
    ----------
    values, texts : sequences
        Distinct values, and the label of each.
    kind : str
        As `kind_of` returns it.
    """
    if kind not in ("text", "mixed"):
        try:
            return sorted(range(len(values)), key=values.__getitem__)
        except TypeError:
            pass
    return sorted(range(len(values)), key=texts.__getitem__)


def order_of_texts(texts: Sequence[str], numeric: bool) -> list[str]:
    """Return labels in order, where only their texts are known: by size if all were numbers."""
    return sorted(texts, key=Fraction if numeric else None)


def as_given(column: pd.Series) -> pd.Series:
    """Return labels as whole numbers where all are, as the frame had them; else as they are."""
    numbers = as_numbers(tuple(column.cat.categories))
    return (
        column
        if numbers is None
        else pd.Series(numbers[column.cat.codes], column.index)
    )


def as_numbers(texts: Sequence[str]) -> np.ndarray | None:
    """Return labels that are all whole numbers as such; None of others, or of larger ones."""
    try:
        numbers = np.array([int(text) for text in texts], dtype=np.int64)
    except (ValueError, OverflowError):
        return None
    return numbers if all(map(str.__eq__, texts, map(str, numbers.tolist()))) else None


def _numbered(series: nw.Series[Any], name: str, kind: Kind) -> tuple[np.ndarray, list]:
    """Return each row as a position among different values, -1 where missing, and those values."""
    dtype = series.dtype
    if dtype.is_integer() and dtype not in (nw.Int128, nw.UInt128):
        missing = series.is_null().to_numpy()
        whole = series.fill_null(0) if missing.any() else series
        codes, values = pd.factorize(np.asarray(whole.to_numpy()))
        return np.where(missing, -1, codes), values.tolist()
    if dtype.is_float():
        floats = np.asarray(series.fill_null(float("nan")).to_numpy())
        _refuse_rounded(floats, name)
        codes, values = pd.factorize(floats)
        return codes, values.tolist() if dtype == nw.Float64 else list(values)
    native = series.to_native()
    if isinstance(native, pd.Series) and isinstance(native.dtype, pd.CategoricalDtype):
        return native.cat.codes.to_numpy().astype(int), list(native.cat.categories)
    column = pd.Series(
        [None if absent(value) else value for value in series.to_list()], dtype=object
    )
    _refuse_unhashable(column, name)
    codes, values = pd.factorize(column.to_numpy())
    if kind == "categories":
        return _reordered(codes, list(values), levels_in_order(series))
    return codes, list(values)


def _reordered(
    codes: np.ndarray, values: list, order: list | None
) -> tuple[np.ndarray, list]:
    """Return the values of a categorical in the frame's own order, else sorted."""
    if order is None:
        order = [
            values[k]
            for k in in_order(values, [label(value) for value in values], "other")
        ]
    position = {value: k for k, value in enumerate(order)}
    rank = np.array([*(position[value] for value in values), -1])
    return rank[codes], order


def levels_in_order(series: nw.Series[Any]) -> list[Any] | None:
    """Return the levels of a column in the order that the frame gives them; None without one."""
    native = series.to_native()
    if isinstance(native, pd.Series) and isinstance(native.dtype, pd.CategoricalDtype):
        return list(native.cat.categories)
    return list(series.dtype.categories) if isinstance(series.dtype, nw.Enum) else None


def _refuse_rounded(values: np.ndarray, name: str) -> None:
    """Refuse whole numbers in floating point among which not every one can be told apart."""
    if np.isinf(values).any():
        raise DataError(
            f"Column {name!r} names rows and has infinite values. Replace them first."
        )
    most = 2.0 ** (np.finfo(values.dtype).nmant + 1)
    large = np.flatnonzero(np.abs(values) > most)
    if len(large):
        raise DataError(
            f"Column {name!r} names rows by whole numbers above {most:,.0f} that came as floating "
            f"point ({values.dtype}), such as {values[large[0]]:.0f} in row {large[0]}: different "
            f"names may have become one already. Read the column as text or as whole numbers, e.g. "
            f"`dtype={{{name!r}: 'Int64'}}` in `pandas.read_csv`."
        )


def _refuse_unhashable(values: pd.Series, name: str) -> None:
    odd = next((value for value in values if not isinstance(value, Hashable)), None)
    if odd is not None:
        raise DataError(
            f"Column {name!r} has values such as {odd!r} ({type(odd).__name__}), which cannot name "
            f"anything. Make them text, e.g. `frame[{name!r}].astype(str)`."
        )
