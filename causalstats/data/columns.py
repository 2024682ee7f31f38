"""Reading columns of a data frame (pandas, polars, pyarrow), and handling of missing values."""

import difflib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from causalstats.core import argument_validation as validation
from causalstats.core.argument_types import Frame
from causalstats.data.column_types import absent, kind_of
from causalstats.data.labels import labelled, refuse_unreadable
from causalstats.data.times import time_values
from causalstats.errors import DataError

_NAMED = 30  # columns in a message
_NAME = re.compile(r"[\w.\-]+")


_MOST_CODES = 20  # levels of text up to which numbers in it may be codes


def read(
    frame: Frame,
    columns: Iterable[str],
    optional: Iterable[str] = (),
    times: Iterable[str] = (),
    labels: Iterable[str] = (),
    whole: Iterable[str] = (),
    checks: Sequence[tuple[Sequence[str], Callable[[pd.DataFrame], Any]]] = (),
) -> pd.DataFrame:
    """Return some columns of a frame as a new pandas frame.

    Numbers are float64, True and False 1 and 0, text and categories categorical with text as
    levels, in the frame's own order or else sorted; missing is NaN.

    Parameters
    ----------
    frame
        Any frame in memory that narwhals knows.
    columns, optional : iterable of str
        Those that must be there, and those that may be.
    times : iterable of str
        Columns whose dates and periods become numbers; see `TimeScale`.
    labels : iterable of str
        Columns that name something: categorical, whatever they hold; see `labelled`.
    whole : iterable of str
        Columns whose whole numbers stay whole.
    checks : sequence of (columns, function)
        Functions that refuse a table with unfit columns; run where those columns can be read.

    Raises
    ------
    DataError
        If columns cannot be read or checks fail: one error names all of them.

    Examples
    --------
    >>> read(pd.DataFrame({"x": [1, None], "g": ["b", "a"]}), ["x", "g"])
         x  g
    0  1.0  b
    1  NaN  a
    """
    table = opened(frame, columns)
    wanted = dict.fromkeys(
        [*columns, *(name for name in optional if name in table.columns)]
    )
    timed = set(times)
    named = set(labels)
    kept_whole = set(whole)

    def column(name: str) -> Any:
        series = column_of(frame, table, name)
        if name in named:
            return labelled(series, name)
        if name in timed and (values := time_values(series, name)) is not None:
            return values
        return _column(series, name, name in kept_whole)

    values: dict[str, Any] = {}
    faults: list[Callable[[], Any]] = []
    for name in wanted:
        try:
            values[name] = column(name)
        except DataError as error:
            faults.append(partial(_raise, error))
    result = pd.DataFrame(values)
    possible = [
        check for names, check in checks if all(name in values for name in names)
    ]
    together(*faults, *(partial(check, result) for check in possible))
    return result


def _raise(error: Exception) -> None:
    raise error


def opened(frame: Frame, columns: Iterable[str] = ()) -> nw.DataFrame[Any]:
    """Return a frame that has rows as narwhals sees it; see `as_frame`."""
    table = as_frame(frame, columns)
    if len(table) == 0:
        raise DataError("The frame has no rows; expected at least one.")
    return table


def as_frame(frame: Frame, columns: Iterable[str] = ()) -> nw.DataFrame[Any]:
    """Return a frame as narwhals sees it, without the columns that stand twice.

    Raises
    ------
    DataError
        If it is no frame in memory, or one of `columns` stands twice in it.
    """
    if isinstance(frame, pd.DataFrame) and not frame.columns.is_unique:
        twice = frame.columns[frame.columns.duplicated()]
        asked = [name for name in columns if name in twice]
        if asked:
            raise DataError(
                f"Column {asked[0]!r} stands twice in the frame, and which is meant is not known. "
                "Rename one, or leave it out: `frame.loc[:, ~frame.columns.duplicated()]`."
            )
        frame = frame.loc[:, ~frame.columns.isin(twice)]
    try:
        return nw.from_native(frame, eager_only=True)
    except (TypeError, ValueError) as error:
        advice = (
            f"Read a file first, e.g. `pandas.read_csv({str(frame)!r})`."
            if isinstance(frame, str | Path)
            else "A lazy frame needs `.collect()` first; an array needs column names, e.g. "
            "`pandas.DataFrame(array, columns=[...])`."
        )
        raise DataError(
            "Expected a data frame in memory (pandas, polars, pyarrow, ...), got "
            f"{validation.shown(frame)}. {advice}"
        ) from error


def column_of(frame: Frame, table: nw.DataFrame[Any], name: str) -> nw.Series[Any]:
    """Return one column; sparse ones are filled in.

    Parameters
    ----------
    frame
        As the user gave it.
    table : narwhals DataFrame
        The same frame.
    name : str
    """
    if name not in table.columns:
        problem = unknown(name, table.columns, "column")
        if isinstance(frame, pd.DataFrame) and name in frame.index.names:
            problem = DataError(
                f"There is no column {name!r}: it is in the frame's index. Make it a column, "
                "`frame.reset_index()`."
            )
        raise problem
    series = table[name]
    native: Any = series.to_native()
    if isinstance(native, pd.Series) and isinstance(native.dtype, pd.SparseDtype):
        native = pd.Series(np.asarray(native), native.index)
        return nw.from_native(native, series_only=True)
    return series


def column_name(role: str, name: Any) -> str:
    """Return the name of a column; refuse what is none."""
    if not isinstance(name, str) or not name:
        renamed = "frame.columns = frame.columns.astype(str)"
        raise DataError(
            f"Expected column names as text, got {name!r} as {role}. Where columns are named by "
            f"numbers or in levels, make them text first: `{renamed}`."
        )
    refuse_unreadable([name], f"The name of {role}")
    return str(name)


def column_names(role: str, given: Any) -> tuple[str, ...]:
    """Return the names of some columns: of a list, or of anything that can be gone through once."""
    if isinstance(given, str):
        raise DataError(
            f"Expected {role} as a list of column names, got the text {given!r}; write [{given!r}]."
        )
    if isinstance(given, set | frozenset):
        raise DataError(
            f"Expected {role} as a list of column names, got a set: its order is another in every "
            "run. Write a list."
        )
    is_vector = not isinstance(given, np.ndarray) or given.ndim == 1
    if (
        not is_vector
        or not isinstance(given, Iterable)
        or isinstance(given, Mapping | bytes)
    ):
        raise DataError(
            f"Expected {role} as a list of column names, got {validation.shown(given)}."
        )
    return tuple(column_name(f"one of {role}", name) for name in given)


def check_name(name: Any) -> None:
    """Refuse names that a model has itself, or that other tools would misread."""
    if not isinstance(name, str):
        raise DataError(
            f"Expected column names as text, got {name!r}. Rename it, e.g. "
            f"`frame.rename(columns={{{name!r}: 'x{name}'}})`."
        )
    if name.lower() in ("intercept", "1"):
        raise DataError(
            f"A feature cannot be called {name!r}: the model has an intercept of its own. Rename "
            "the column, or leave it out."
        )
    if not _NAME.fullmatch(name):
        better = re.sub(r"[^\w.\-]+", "_", name).strip("_") or "feature"
        raise DataError(
            f"Expected feature names of letters, digits, '_', '.' and '-', got {name!r}. "
            f"Rename it first, e.g. `frame.rename(columns={{{name!r}: {better!r}}})`."
        )


def together(*readings: Callable[[], Any]) -> list[Any]:
    """Return the results of some readings, or raise one error that names every fault."""
    results: list[Any] = []
    faults: dict[str, None] = {}
    for reading in readings:
        try:
            results.append(reading())
        except DataError as error:
            faults[str(error)] = None
    if len(faults) == 1:
        raise DataError(next(iter(faults)))
    if faults:
        listed = "\n".join(f"({k}) {fault}" for k, fault in enumerate(faults, 1))
        raise DataError(f"{len(faults)} things are wrong with these data:\n{listed}")
    return results


def missing_rows(table: pd.DataFrame) -> dict[str, np.ndarray]:
    """Return where columns have missing values, as bool arrays; columns without any are left out.

    Examples
    --------
    >>> missing_rows(pd.DataFrame({"x": [1.0, np.nan], "y": [0.0, 1.0]}))
    {'x': array([False,  True])}
    """
    masks = {str(name): table[name].isna().to_numpy() for name in table.columns}
    return {name: mask for name, mask in masks.items() if mask.any()}


def kept(
    table: pd.DataFrame, gaps: dict[str, np.ndarray]
) -> tuple[pd.DataFrame, np.ndarray]:
    """Return the complete cases, renumbered, and the row numbers that they had.

    Parameters
    ----------
    table : DataFrame
    gaps : dict of str to bool array (n,)
        Where each column is missing.

    Returns
    -------
    table : DataFrame
        Without the levels that no row has any more.
    rows : int array

    Raises
    ------
    DataError
        If no row is complete.
    """
    keep = (
        ~np.logical_or.reduce(list(gaps.values()))
        if gaps
        else np.ones(len(table), bool)
    )
    if not keep.any():
        raise DataError(
            "No complete row is left after dropping rows with missing values."
        )
    whole = table[keep].reset_index(drop=True)
    for name in whole.columns:
        if isinstance(whole[name].dtype, pd.CategoricalDtype):
            whole[name] = whole[name].cat.remove_unused_categories()
    return whole, np.flatnonzero(keep)


def some(rows: Sequence[int] | np.ndarray, limit: int = 5) -> str:
    """Return row numbers for a message: the first ones, and how many there are.

    Examples
    --------
    >>> some([4]), some([4, 7])
    ('row 4 (counted from 0)', 'rows 4, 7 (2 in all, counted from 0)')
    """
    if len(rows) == 1:
        return f"row {rows[0]} (counted from 0)"
    shown = ", ".join(str(row) for row in rows[:limit])
    more = ", ..." if len(rows) > limit else ""
    return f"rows {shown}{more} ({len(rows)} in all, counted from 0)"


def unknown(name: str, known: Iterable[str], noun: str) -> DataError:
    """Return the error for a name that is not there, with the nearest that is.

    Parameters
    ----------
    name : str
    known : iterable of str
        The names that are there.
    noun : str
        The kind of thing that the names are of, for the message.
    """
    names = [str(value) for value in known]
    near = difflib.get_close_matches(str(name), names, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    inside = re.fullmatch(r"C\(\s*(.+?)\s*\)", str(name))
    if inside and inside[1] in names:
        column = inside[1]
        hint = (
            f" To read {column!r} as categories, make it text: "
            f"`frame.assign({column}=frame[{column!r}].astype(str))`."
        )
    more = f" and {len(names) - _NAMED:,} others" if len(names) > _NAMED else ""
    return DataError(
        f"There is no {noun} {name!r}.{hint} There are: {', '.join(names[:_NAMED])}{more}."
    )


def choice(argument: str, value: str, allowed: tuple[str, ...]) -> None:
    """Refuse a value that is not one of those allowed.

    Parameters
    ----------
    argument : str
        Its name, for the message.
    value : str
    allowed : tuple of str
    """
    validation.read(validation.Choice(allowed), value, argument, DataError)


def switch(argument: str, value: Any) -> bool:
    """Return whether an option is on; refuse what is neither True nor False."""
    return validation.read(validation.Switch(), value, argument, DataError)


def frozen(array: Any) -> np.ndarray:
    """Return a read-only copy."""
    array = np.array(array)
    array.flags.writeable = False
    return array


def read_only(array: np.ndarray) -> np.ndarray:
    """Return a view of an array that cannot be written to."""
    view = array.view()
    view.flags.writeable = False
    return view


def incomplete(rows: Mapping[str, np.ndarray]) -> DataError:
    """Return the error for columns that are missing in these rows."""
    where = "; ".join(
        f"column {name!r} is missing in {some(numbers)}"
        for name, numbers in rows.items()
    )
    return DataError(
        f'Expected complete rows: {where}. Say `missing="drop"` to leave those rows out; the '
        "report then says how many."
    )


def refuse_incomplete(gaps: Mapping[str, np.ndarray], missing: str = "error") -> None:
    """Refuse columns that are missing where the masks say, unless such rows are dropped."""
    if gaps and missing != "drop":
        raise incomplete({name: np.flatnonzero(mask) for name, mask in gaps.items()})


def positions(names: Sequence[str], known: Sequence[str], noun: str) -> np.ndarray:
    """Return the position of each name among the known ones.

    Parameters
    ----------
    names, known : sequences of str
    noun : str
        The kind of thing that the names are of, for the message.

    Raises
    ------
    DataError
        If a name is not known.

    Examples
    --------
    >>> positions(["b", "a"], ["a", "b"], "unit")
    array([1, 0])
    """
    where = {name: position for position, name in enumerate(known)}
    strangers = [name for name in names if name not in where]
    if strangers:
        raise unknown(strangers[0], known, noun)
    return np.array([where[name] for name in names])


def described(data: Any) -> str:
    """Return the text that a data set shows of itself: its kind and its facts."""
    return "\n".join(
        [
            type(data).__name__,
            *(f"  {fact}: {value}" for fact, value in data.facts().items()),
        ]
    )


def _column(series: nw.Series[Any], name: str, whole: bool) -> Any:
    """Return numbers as float64, and text and categories as categorical."""
    kind = kind_of(series, name)
    if kind in ("numbers", "truth"):
        if whole and (integers := _whole(series, name)) is not None:
            return integers
        return _finite(_floats(series, name), name)
    if kind == "text":
        _refuse_numbers_in_text(series, name)
    if kind in ("text", "categories"):
        return labelled(series, name)
    if kind == "mixed":
        values = {type(v): v for v in series.to_list() if not absent(v)}
        shown = " and ".join(
            f"{value!r} ({cls.__name__})" for cls, value in values.items()
        )
        raise DataError(
            f"Column {name!r} mixes numbers and text, such as {shown}. Make it numbers, "
            f"`pandas.to_numeric(frame[{name!r}], errors='coerce')`, which has text missing, or "
            f"text, `frame[{name!r}].astype(str)`."
        )
    remedy = "Convert it first."
    if kind in ("dates", "periods"):
        remedy = (
            f"Make dates numbers first, such as the year, `frame[{name!r}].dt.year`."
        )
    raise DataError(
        f"Column {name!r} holds {_contents(series)}; expected numbers, booleans, text or "
        f"categories. {remedy}"
    )


def _refuse_numbers_in_text(series: nw.Series[Any], name: str) -> None:
    """Refuse text that reads as measurements, each of which would become a category.

    Whole numbers are left alone, since codes are written so; and texts with digits that are no
    numbers, such as "<0.5".
    """
    try:
        distinct = series.unique().to_list()
    except UnicodeEncodeError:  # half a character, which is refused with the labels
        return
    texts = [str(each) for each in distinct if not absent(each)]
    if len(texts) <= _MOST_CODES:
        return
    bare = pd.Series(texts, dtype=object).str.replace(r"[,%\s]", "", regex=True)
    numbers = pd.to_numeric(bare, errors="coerce")
    odd = [
        text for text, number in zip(texts, numbers, strict=True) if np.isnan(number)
    ]
    if len(odd) > len(texts) / 10 or any(re.search(r"\d", text) for text in odd):
        return
    known = numbers.dropna()
    if (known == np.floor(known)).all() and (bare == texts).all():
        return
    first = next(text for text in texts if text not in odd)
    others = "".join(
        f" beside {text!r} in {some(_rows_with(series, text))}" for text in odd[:1]
    )
    raise DataError(
        f"Column {name!r} is text that reads as numbers, such as {first!r}{others}: each of its "
        f"{len(texts):,} values would be a category. Read it as numbers, e.g. by "
        "`pandas.read_csv(..., thousands=',', na_values=[...])` or `pandas.to_numeric`. If these "
        f"are codes, say `frame[{name!r}].astype('category')`."
    )


def _rows_with(series: nw.Series[Any], text: str) -> list[int]:
    return [row for row, each in enumerate(series.to_list()) if str(each) == text]


def _contents(series: nw.Series[Any]) -> str:
    """Return in words what a column holds that cannot be read."""
    if series.dtype not in (nw.Object, nw.Unknown):
        return f"values of type {series.dtype}"
    odd = next(
        (
            v
            for v in series.to_list()
            if not absent(v) and not isinstance(v, str | int | float)
        ),
        None,
    )
    return f"values like {odd!r} ({type(odd).__name__})"


def _floats(series: nw.Series[Any], name: str) -> np.ndarray:
    """Return numbers as floating point, NaN where missing."""
    if series.dtype.is_numeric() or series.dtype == nw.Boolean:
        # pyarrow casts no whole numbers beyond 2^53, of which not every one is a float.
        with suppress(ValueError):
            floats = series.cast(nw.Float64).fill_null(float("nan"))
            return np.array(floats.to_numpy(), dtype=float)
    try:
        return np.array(
            [np.nan if absent(v) else float(v) for v in series.to_list()], float
        )
    except OverflowError as error:
        raise DataError(
            f"Column {name!r} has numbers above 1.8e308. Express it in larger units."
        ) from error


def _finite(values: np.ndarray, name: str) -> np.ndarray:
    infinite = np.flatnonzero(np.isinf(values))
    if len(infinite):
        raise DataError(
            f"Column {name!r} has infinite values in {some(infinite)}. Replace or remove them "
            "first."
        )
    return values


def _whole(series: nw.Series[Any], name: str) -> Any:
    """Return whole numbers as they are, missing as NA; None of numbers that are not whole."""
    if series.dtype.is_integer():
        wide = series.dtype in (nw.Int128, nw.UInt128)  # which NumPy does not have
        if not wide and not series.is_null().any():
            return np.asarray(series.to_numpy())
        values = series.to_list()
    elif series.dtype == nw.Object:
        values = series.to_list()
        if not all(absent(v) or isinstance(v, int | np.integer) for v in values):
            return None
        if any(isinstance(v, bool | np.bool_) for v in values):
            return None
    else:
        return None
    whole = [None if absent(value) else int(value) for value in values]
    try:
        return pd.array(whole, dtype="Int64")
    except OverflowError:
        return labelled(series, name)  # beyond 64 bits no file holds them as numbers
