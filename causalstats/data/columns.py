"""Columns out of anybody's data frame (pandas, polars, ...), with plain errors for what cannot be used."""

import difflib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from causalstats.core import argument_validation as validation
from causalstats.data.column_types import absent, kind_of
from causalstats.data.labels import labelled
from causalstats.data.times import time_values
from causalstats.errors import DataError

_NAMED = 30  # columns in a message
_NAME = re.compile(r"[\w.\-]+")


def read(
    frame: Any,
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
        What refuses the table for what its columns are; run where those columns can be read.

    Raises
    ------
    DataError
        Of all columns that cannot be read, and all checks, at once.
    """
    table = opened(frame, columns)
    wanted = dict.fromkeys([*columns, *(name for name in optional if name in table.columns)])
    timed, named, kept_whole = set(times), set(labels), set(whole)

    def column(name: str) -> Any:
        series = column_of(frame, table, name)
        if name in named:
            return labelled(series, name)
        if name in timed and (values := time_values(series, name)) is not None:
            return values
        return _column(series, name, name in kept_whole)

    found: dict[str, Any] = {}
    faults: list[Callable[[], Any]] = []
    for name in wanted:
        try:
            found[name] = column(name)
        except DataError as error:
            faults.append(partial(_raise, error))
    result = pd.DataFrame(found)
    possible = [check for names, check in checks if all(name in found for name in names)]
    together(*faults, *(partial(check, result) for check in possible))
    return result


def _raise(error: Exception) -> None:
    raise error


def opened(frame: Any, columns: Iterable[str] = ()) -> nw.DataFrame:
    """Return a frame that has rows as narwhals sees it; see `as_frame`."""
    table = as_frame(frame, columns)
    if len(table) == 0:
        raise DataError("The frame has no rows; expected at least one.")
    return table


def as_frame(frame: Any, columns: Iterable[str] = ()) -> nw.DataFrame:
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
                f"Rename one, or leave it out: `frame.loc[:, ~frame.columns.duplicated()]`."
            )
        frame = frame.loc[:, ~frame.columns.isin(twice)]
    try:
        return nw.from_native(frame, eager_only=True)
    except (TypeError, ValueError) as error:
        raise DataError(
            f"Expected a data frame in memory (pandas, polars, pyarrow, ...), got {type(frame).__name__}. "
            "A lazy frame needs `.collect()` first; an array needs column names, e.g. `pandas.DataFrame(array, columns=[...])`."
        ) from error


def column_of(frame: Any, table: nw.DataFrame, name: str) -> nw.Series:
    """Return one column; sparse ones are filled in."""
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
    if not isinstance(given, Iterable) or isinstance(given, Mapping | bytes):
        raise DataError(f"Expected {role} as a list of column names, got {given!r}.")
    return tuple(column_name(f"one of {role}", name) for name in given)


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


def together(*readings: Callable[[], Any]) -> list[Any]:
    """Return what each reading gives; of all that fail, raise one error that names every fault."""
    found: list[Any] = []
    faults: dict[str, None] = {}
    for reading in readings:
        try:
            found.append(reading())
        except DataError as error:
            faults[str(error)] = None
    if len(faults) == 1:
        raise DataError(next(iter(faults)))
    if faults:
        listed = "\n".join(f"({k}) {fault}" for k, fault in enumerate(faults, 1))
        raise DataError(f"{len(faults)} things are wrong with these data:\n{listed}")
    return found


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
    more = f" and {len(names) - _NAMED:,} others" if len(names) > _NAMED else ""
    return DataError(
        f"There is no {what} {name!r}.{hint} There are: {', '.join(names[:_NAMED])}{more}."
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


def refuse_incomplete(gaps: Mapping[str, np.ndarray], missing: str = "error") -> None:
    """Refuse columns that are missing where the masks say, unless such rows are dropped."""
    if gaps and missing != "drop":
        raise incomplete({name: np.flatnonzero(mask) for name, mask in gaps.items()})


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


def _column(series: nw.Series, name: str, whole: bool) -> Any:
    """Return numbers as float64, and text and categories as categorical."""
    kind = kind_of(series, name)
    if kind in ("numbers", "truth"):
        if whole and (found := _whole(series, name)) is not None:
            return found
        return _finite(_floats(series, name), name)
    if kind in ("text", "categories"):
        return labelled(series, name)
    if kind == "mixed":
        values = {type(v): v for v in series.to_list() if not absent(v)}
        shown = " and ".join(f"{value!r} ({of.__name__})" for of, value in values.items())
        raise DataError(
            f"Column {name!r} mixes numbers and text, such as {shown}. Make it numbers, "
            f"`pandas.to_numeric(frame[{name!r}], errors='coerce')`, which has text missing, or "
            f"text, `frame[{name!r}].astype(str)`."
        )
    remedy = "Convert it first."
    if kind in ("dates", "periods"):
        remedy = f"Make dates numbers first, such as the year, `frame[{name!r}].dt.year`."
    raise DataError(
        f"Column {name!r} holds {_of_what(series)}; expected numbers, booleans, text or "
        f"categories. {remedy}"
    )


def _of_what(series: nw.Series) -> str:
    """Return what a column holds that cannot be read, in words."""
    if series.dtype not in (nw.Object, nw.Unknown):
        return f"values of type {series.dtype}"
    odd = next(
        (v for v in series.to_list() if not absent(v) and not isinstance(v, str | int | float)),
        None,
    )
    return f"values like {odd!r} ({type(odd).__name__})"


def _floats(series: nw.Series, name: str) -> np.ndarray:
    """Return numbers as floating point, NaN where missing."""
    if series.dtype.is_numeric() or series.dtype == nw.Boolean:
        return np.array(series.cast(nw.Float64).fill_null(float("nan")).to_numpy(), dtype=float)
    try:
        return np.array([np.nan if absent(v) else float(v) for v in series.to_list()], float)
    except OverflowError as error:
        raise DataError(
            f"Column {name!r} has numbers above 1.8e308. Express it in larger units."
        ) from error


def _finite(values: np.ndarray, name: str) -> np.ndarray:
    infinite = np.flatnonzero(np.isinf(values))
    if len(infinite):
        raise DataError(
            f"Column {name!r} has infinite values in {some(infinite)}. Replace or remove them first."
        )
    return values


def _whole(series: nw.Series, name: str) -> Any:
    """Return whole numbers as they are, missing as NA; None of numbers that are not whole."""
    if series.dtype.is_integer():
        if not series.is_null().any():
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
    found = [None if absent(value) else int(value) for value in values]
    try:
        return pd.array(found, dtype="Int64")
    except OverflowError:
        return labelled(series, name)  # beyond 64 bits no file holds them as numbers
