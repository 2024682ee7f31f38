"""Columns out of anybody's data frame (pandas, polars, ...), with plain errors for what cannot be used."""

import datetime
import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from causalstats import validation
from causalstats.errors import DataError

_FEW = 6  # distinct numbers that are groups of their own
_NAME = re.compile(r"[\w.\-]+")


def read(
    frame: Any, columns: Iterable[str], optional: Iterable[str] = (), times: Iterable[str] = ()
) -> pd.DataFrame:
    """The named columns, and the optional ones that are there, as a new pandas frame.

    Its columns are float64, or categorical with text levels; missing is NaN. Booleans become 0/1; text, enumerations and categoricals
    become categorical with the frame's own order of levels, else sorted; dates, of those columns that are `times`, days since 1970.
    """
    try:
        table = nw.from_native(frame, eager_only=True)
    except TypeError as error:
        raise DataError(
            f"Expected a data frame in memory (pandas, polars, pyarrow, ...), got {type(frame).__name__}. "
            "A lazy frame needs `.collect()` first; an array needs column names, e.g. `pandas.DataFrame(array, columns=[...])`."
        ) from error
    if len(table) == 0:
        raise DataError("The frame has no rows; expected at least one.")
    known = dict.fromkeys(table.columns)
    wanted = [*columns, *(name for name in optional if name in known)]
    dates = {name for name in times if name in known and _dated(table[name])}
    return pd.DataFrame(
        {
            name: _days(table[name]) if name in dates else _column(table, name, known)
            for name in dict.fromkeys(wanted)
        }
    )


def check_name(name: Any) -> None:
    """Refuse names that cannot be told apart from the model's own, or that other tools would misread."""
    if not isinstance(name, str):
        raise DataError(
            f"Expected column names as text, got {name!r}. Rename it, e.g. `frame.rename(columns={{{name!r}: 'x{name}'}})`."
        )
    if name.lower() in ("intercept", "1"):
        raise DataError(
            f"A feature cannot be called {name!r}: the model has an intercept of its own. Rename the column, or leave it out."
        )
    if not _NAME.fullmatch(name):
        better = re.sub(r"[^\w.\-]+", "_", name).strip("_") or "feature"
        raise DataError(
            f"Expected feature names of letters, digits, '_', '.' and '-', got {name!r}. "
            f"Rename it first, e.g. `frame.rename(columns={{{name!r}: {better!r}}})`."
        )


def missing_rows(table: pd.DataFrame) -> dict[str, np.ndarray]:
    """Where each column is missing (bool arrays), for the columns that are somewhere."""
    found = {str(name): table[name].isna().to_numpy() for name in table.columns}
    return {name: mask for name, mask in found.items() if mask.any()}


def kept(table: pd.DataFrame, gaps: dict[str, np.ndarray]) -> tuple[pd.DataFrame, np.ndarray]:
    """The rows without gaps, renumbered and without levels that nobody has left, and where they stood."""
    keep = ~np.logical_or.reduce(list(gaps.values())) if gaps else np.ones(len(table), bool)
    if not keep.any():
        raise DataError("No complete row is left after dropping rows with missing values.")
    whole = table[keep].reset_index(drop=True)
    for name in whole.columns:
        if isinstance(whole[name].dtype, pd.CategoricalDtype):
            whole[name] = whole[name].cat.remove_unused_categories()
    return whole, np.flatnonzero(keep)


def some(rows: Sequence[int] | np.ndarray, limit: int = 5) -> str:
    """Row numbers for a message: the first few, and how many there are."""
    if len(rows) == 1:
        return f"row {rows[0]} (counted from 0)"
    shown = ", ".join(str(row) for row in rows[:limit])
    return (
        f"rows {shown}{', ...' if len(rows) > limit else ''} ({len(rows)} in all, counted from 0)"
    )


def unknown(name: str, known: Iterable[str], what: str) -> DataError:
    """The error for a name that is not there, with the nearest that is."""
    names = [str(value) for value in known]
    near = difflib.get_close_matches(str(name), names, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return DataError(f"There is no {what} {name!r}.{hint} There are: {', '.join(names)}.")


def binary(table: pd.DataFrame, name: str, role: str) -> np.ndarray:
    """A column of 0 and 1, NaN where missing."""
    column = table[name]
    numeric = not isinstance(column.dtype, pd.CategoricalDtype)
    found = [f"{value:g}" if numeric else repr(value) for value in column.dropna().unique()]
    if not numeric or not set(found) <= {"0", "1"}:
        shown = ", ".join(found[:5]) + (", ..." if len(found) > 5 else "")
        raise DataError(
            f"Expected {role} {name!r} to be 0/1 or True/False, got values {shown}. Recode it, e.g. `frame[{name!r}] == 'yes'`."
        )
    return column.to_numpy(float)


def numbers(table: pd.DataFrame, name: str) -> np.ndarray:
    """A continuous outcome, NaN where missing."""
    column = table[name]
    if isinstance(column.dtype, pd.CategoricalDtype):
        raise DataError(
            f"Expected outcome {name!r} to be numbers, since it is said to be continuous; got text such as {column.dropna().iloc[0]!r}."
        )
    return column.to_numpy(float)


def names(column: pd.Series) -> tuple[str, ...]:
    """Values as text; whole numbers without a point."""
    return tuple(value if isinstance(value, str) else f"{value:g}" for value in column)


def weights_of(table: pd.DataFrame, name: str | None) -> np.ndarray:
    """Positive numbers scaled to mean 1; 1 for everybody without a column."""
    if name is None:
        return np.ones(len(table))
    values = table[name]
    if isinstance(values.dtype, pd.CategoricalDtype) or not (values > 0).all():
        raise DataError(
            f"Expected weights {name!r} to be positive numbers, people of the population that a row stands for."
        )
    return (values / values.mean()).to_numpy(float)


def groups_of(table: pd.DataFrame, by: Any) -> Any:
    """A label a row, as a pandas Categorical: of a column, in quarters where it is numeric, or of labels given in the order of the rows."""
    if not isinstance(by, str):
        labels = np.asarray(by)
        if labels.shape != (len(table),):
            raise DataError(
                f"Expected a column's name or a label for each of the {len(table):,} rows, got an array of shape {labels.shape}."
            )
        return pd.Categorical(labels.astype(str))
    if by not in table:
        raise unknown(by, tuple(map(str, table.columns)), "column")
    column = table[by]
    if isinstance(column.dtype, pd.CategoricalDtype):
        return pd.Categorical(column)
    if column.nunique() <= _FEW:
        return pd.Categorical(
            [f"{value:g}" for value in column], [f"{value:g}" for value in sorted(column.unique())]
        )
    quarters = pd.qcut(column, 4, duplicates="drop")
    return pd.Categorical(
        quarters.cat.rename_categories(
            [f"{part.left:.3g} to {part.right:.3g}" for part in quarters.cat.categories]
        )
    )


def choice(argument: str, value: str, allowed: tuple[str, ...]) -> None:
    """Refuse a value that is not one of those allowed."""
    validation.read(validation.Choice(allowed), value, argument, DataError)


def switch(argument: str, value: Any) -> bool:
    """Return whether an option is on; refuse what is neither True nor False."""
    return validation.read(validation.Switch(), value, argument, DataError)


def frozen(array: Any) -> np.ndarray:
    """A read-only copy."""
    array = np.array(array)
    array.flags.writeable = False
    return array


def read_only(array: np.ndarray) -> np.ndarray:
    """The same numbers, not to be written to; no copy."""
    view = array.view()
    view.flags.writeable = False
    return view


def incomplete(rows: Mapping[str, np.ndarray]) -> DataError:
    """The error for columns that are missing in these rows."""
    where = "; ".join(
        f"column {name!r} is missing in {some(found)}" for name, found in rows.items()
    )
    return DataError(
        f'Expected complete rows: {where}. Say `missing="drop"` to leave those rows out; the report then says how many.'
    )


def positions(found: Sequence[str], known: Sequence[str], what: str) -> np.ndarray:
    """Of each name among the known ones."""
    where = {name: position for position, name in enumerate(known)}
    strangers = [name for name in found if name not in where]
    if strangers:
        raise unknown(strangers[0], known, what)
    return np.array([where[name] for name in found])


def described(data: Any) -> str:
    """What a study shows of itself: its kind and its facts."""
    return "\n".join(
        [type(data).__name__, *(f"  {fact}: {value}" for fact, value in data.facts().items())]
    )


def _dated(series: Any) -> bool:
    if series.dtype == nw.Object:
        return all(isinstance(value, datetime.date) or _absent(value) for value in series.to_list())
    return series.dtype in (nw.Date, nw.Datetime)


def _days(series: Any) -> np.ndarray:
    """Since 1970, NaN where missing."""
    dates = pd.to_datetime(pd.Series(series.to_list())).to_numpy("datetime64[us]")
    return np.where(np.isnat(dates), np.nan, dates.astype(np.int64) / 86_400e6)


def _column(table: Any, name: str, known: Iterable[str]) -> Any:
    if name not in known:
        raise unknown(name, known, "column")
    series = table[name]
    dtype = series.dtype
    if dtype.is_numeric() or dtype == nw.Boolean:
        values = np.array(series.cast(nw.Float64).fill_null(float("nan")).to_numpy(), dtype=float)
        infinite = np.flatnonzero(np.isinf(values))
        if len(infinite):
            raise DataError(
                f"Column {name!r} has infinite values in {some(infinite)}. Replace or remove them first."
            )
        return values
    if isinstance(dtype, nw.Categorical | nw.Enum | nw.String) or dtype in (
        nw.Categorical,
        nw.String,
        nw.Object,
    ):
        return _categorical(series, name)
    raise DataError(
        f"Column {name!r} is of type {dtype}; expected numbers, booleans, text or categories. Convert it first."
    )


def _categorical(series: Any, name: str) -> pd.Categorical:
    values = series.to_list()
    present = [value for value in values if not _absent(value)]
    odd = next((value for value in present if not isinstance(value, str | int | bool)), None)
    if odd is not None:
        raise DataError(
            f"Column {name!r} mixes in values like {odd!r} ({type(odd).__name__}); expected text or categories. Convert it first."
        )
    levels = [str(level) for level in _levels(series, present)]
    found = {str(value) for value in present}
    return pd.Categorical(
        [np.nan if _absent(value) else str(value) for value in values],
        categories=[level for level in levels if level in found],
    )


def _levels(series: Any, present: list) -> list:
    """The levels in the order that the frame gives them; sorted where it gives none."""
    order = levels_in_order(series)
    return sorted(set(present), key=str) if order is None else order


def levels_in_order(series: Any) -> list | None:
    """The levels of a column in the order that the frame gives them; None where it gives none."""
    native = series.to_native()
    if isinstance(native, pd.Series) and isinstance(native.dtype, pd.CategoricalDtype):
        return list(native.cat.categories)
    return list(series.dtype.categories) if isinstance(series.dtype, nw.Enum) else None


def _absent(value: Any) -> bool:
    return value is None or value is pd.NA or (isinstance(value, float) and value != value)
