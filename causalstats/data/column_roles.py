"""Roles of columns: decisions, outcomes, weights and groups, and refusal of unfit columns."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from causalstats.core.argument_types import Groups
from causalstats.core.argument_validation import LARGEST, SMALLEST
from causalstats.data.columns import some, unknown
from causalstats.data.labels import label
from causalstats.data.origin import Origin
from causalstats.errors import DataError

_MOST_DISTINCT = 6  # numbers that are groups of their own; more are cut into quarters
_DIGITS = (3, 6, 17)  # of the ends of quarters: the fewest that tell them apart


def binary(table: pd.DataFrame, name: str, role: str) -> np.ndarray:
    """Return a column of 0 and 1, NaN where missing.

    Parameters
    ----------
    table : DataFrame
    name : str
        The column.
    role : str
        For messages.

    Raises
    ------
    DataError
        If it holds anything else.

    Examples
    --------
    >>> binary(pd.DataFrame({"ill": [0.0, np.nan, 1.0]}), "ill", "outcome")
    array([ 0., nan,  1.])
    """
    column = table[name]
    numeric = not isinstance(column.dtype, pd.CategoricalDtype)
    values = column.dropna().unique()
    if not numeric or not np.isin(values, [0, 1]).all():
        texts = [label(value) if numeric else repr(value) for value in values[:5]]
        shown = ", ".join(texts) + (", ..." if len(values) > 5 else "")
        remedy = "Recode it to 0 and 1."
        if len(values) == 2:
            low, high = (label(v) if numeric else repr(v) for v in sorted(values))
            remedy = f"Recode it, e.g. `frame[{name!r}].map({{{low}: 0, {high}: 1}})`."
        if numeric and role == "outcome":
            remedy = (
                'If the outcome is a number, say `kind="continuous"` and fit `Heckman`; otherwise '
                "recode it."
            )
        raise DataError(
            f"Expected {role} {name!r} to be 0/1 or True/False, got values {shown}. {remedy}"
        )
    return column.to_numpy(float)


def numbers(table: pd.DataFrame, name: str) -> np.ndarray:
    """Return a continuous outcome, NaN where missing.

    Raises
    ------
    DataError
        If it is text, or out of scale.
    """
    column = table[name]
    if isinstance(column.dtype, pd.CategoricalDtype):
        raise DataError(
            f"Expected outcome {name!r} to be numbers, got text such as "
            f"{text_that_is_no_number(column)}.{recoding_of_text(column)}"
        )
    values = column.to_numpy(float)
    refuse_out_of_scale(f"Outcome {name!r}", values)
    return values


def refuse_out_of_scale(subject: str, values: np.ndarray) -> None:
    """Refuse numbers whose squares are lost in floating point, NaN left aside."""
    if np.isnan(values).all():
        return
    low = float(np.nanmin(values))
    high = float(np.nanmax(values))
    largest = max(-low, high)
    spread = high / 2 - low / 2
    if largest > LARGEST or 0 < spread < SMALLEST:
        raise DataError(
            f"{subject} is of the size of {largest:.3g}, and squares of it are lost in floating "
            f"point. Express it in another unit; expected between {SMALLEST:g} and {LARGEST:g}."
        )


def text_that_is_no_number(column: pd.Series, rows: np.ndarray | None = None) -> str:
    """Return the texts of a column that are no numbers, for a message, and where they stand."""
    levels = pd.Series(column.cat.categories, dtype=object)
    if levels.empty:
        return "missing values alone"
    odd = levels[pd.to_numeric(levels, errors="coerce").isna()]
    if odd.empty:
        name = column.name
        return (
            f"{levels.iloc[0]!r}; make it numbers, `pandas.to_numeric(frame[{name!r}])`"
        )
    where = np.flatnonzero(column.isin(odd))
    where = where if rows is None else np.sort(rows[where])
    shown = ", ".join(map(repr, odd[:3])) + (", ..." if len(odd) > 3 else "")
    return f"{shown} in {some(where)}"


def recoding_of_text(column: pd.Series) -> str:
    """Return how a column of text becomes numbers, to end a message; empty for texts of numbers.

    A comparison such as `frame["ill"] == "yes"` would make 0 of what is missing.

    Examples
    --------
    >>> recoding_of_text(pd.Series(["no", "yes"], name="ill", dtype="category"))
    " Recode it, e.g. `frame['ill'].map({'no': 0, 'yes': 1})`."
    """
    levels = list(column.cat.categories)
    if pd.to_numeric(pd.Series(levels, dtype=object), errors="coerce").notna().all():
        return ""
    if len(levels) == 2:
        codes = {level: code for code, level in enumerate(levels)}
        return f" Recode it, e.g. `frame[{column.name!r}].map({codes!r})`."
    return (
        " Recode it: numbers without units, or a column of 0 and 1 for each category that is "
        "asked about."
    )


def weights_of(table: pd.DataFrame, name: str | None) -> np.ndarray:
    """Return positive numbers scaled to mean 1; 1 for everybody without a column.

    Examples
    --------
    >>> weights_of(pd.DataFrame({"people": [300.0, 100.0]}), "people")
    array([1.5, 0.5])
    """
    if name is None:
        return np.ones(len(table))
    refuse_weights(table, name)
    values = table[name]
    shares = values.to_numpy(float) / float(
        values.max()
    )  # else sums of large ones overflow
    return shares / shares.mean()


def refuse_weights(table: pd.DataFrame, name: str) -> None:
    """Refuse weights that are not positive numbers; missing ones are another matter."""
    values = table[name]
    text = isinstance(values.dtype, pd.CategoricalDtype)
    odd = np.flatnonzero(np.ones(len(values), bool) if text else values <= 0)
    if len(odd):
        raise DataError(
            f"Expected weights {name!r} to be positive numbers, people of the population that a "
            f"row stands for; got {label(values.iloc[odd[0]])} in {some(odd)}."
        )


def groups_of(
    table: pd.DataFrame, by: Groups, origin: Origin, rows: np.ndarray
) -> pd.Categorical[Any]:
    """Return the group of each row of a study.

    Parameters
    ----------
    table : DataFrame
        The columns of the study.
    by : str, or a label for each row of the frame that was read
        A column, in quarters where it is numeric; or labels, which are matched with the frame.
    origin : Origin
    rows : int array (n,)
        Row numbers in that frame.
    """
    if not isinstance(by, str):
        return origin.labels(by, rows)
    if by not in table:
        raise unknown(by, tuple(map(str, table.columns)), "column")
    column = table[by]
    if isinstance(column.dtype, pd.CategoricalDtype):
        return pd.Categorical(column).remove_unused_categories()
    values = np.unique(column)
    if len(values) <= _MOST_DISTINCT:
        return pd.Categorical.from_codes(
            np.searchsorted(values, column),
            categories=pd.Index([label(v) for v in values]),
        )
    quarters = pd.qcut(column, 4, duplicates="drop")
    return pd.Categorical(
        quarters.cat.rename_categories(_ends(values[0], quarters.cat.categories))
    )


def _ends(lowest: float, quarters: Any) -> list[str]:
    """Return intervals from the lowest value as text, with as many digits as tell them apart."""
    intervals: list[str] = []
    for digits in _DIGITS:
        ends = [f"{end:.{digits}g}" for end in [lowest, *quarters.right]]
        intervals = [
            f"{low} to {high}" for low, high in zip(ends, ends[1:], strict=False)
        ]
        if len(set(ends)) == len(ends):
            break
    return intervals
