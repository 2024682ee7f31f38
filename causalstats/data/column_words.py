"""Labels and units of columns, as users give them to data.

A label of a level has the key "column=level".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from causalstats.core.wording import Wording
from causalstats.data.columns import unknown
from causalstats.data.labels import refuse_unreadable
from causalstats.errors import DataError


def column_words(
    labels: Any, units: Any, columns: Iterable[str | None]
) -> dict[str, dict[str, str] | None]:
    """Return labels and units of columns as arguments of `from_frame`.

    Parameters
    ----------
    labels, units : mapping of column to str, or None
    columns : iterable of str or None
        Those that are read; None stands for a role that no column has.

    Raises
    ------
    DataError
        If one is no mapping of text to text that is not empty, or names another column.

    Examples
    --------
    >>> column_words({"union": "joining a union"}, None, ["wage", "union"])
    {'labels': {'union': 'joining a union'}, 'units': None}
    """
    known = [name for name in columns if name is not None]
    return {
        "labels": _words("labels", labels, known),
        "units": _words("units", units, known),
    }


def words_within(given: Mapping[str, Any], columns: Iterable[str]) -> dict[str, Any]:
    """Return the labels and units among arguments of `from_frame`, for some columns.

    Parameters
    ----------
    given : mapping
        The arguments.
    columns : iterable of str
    """
    kept = set(columns)
    words = {}
    for argument in ("labels", "units"):
        texts = given.get(argument) or {}
        chosen = {
            name: text
            for name, text in texts.items()
            if name in kept or _column_and_level(name, kept)[0] in kept
        }
        words[argument] = chosen or None
    return words


def wording(arguments: Mapping[str, Any]) -> Wording:
    """Return the words among the arguments of `from_frame`.

    Examples
    --------
    >>> wording({"labels": {"drug": "the drug", "drug=b": "aspirin"}}).level("drug", "b")
    'aspirin'
    """
    given = arguments.get("labels") or {}
    columns = {name for name in given if "=" not in name}
    labels: dict[str, str] = {}
    levels: dict[str, dict[str, str]] = {}
    for name, text in given.items():
        column, level = _column_and_level(name, columns)
        if level is None:
            labels[name] = text
        else:
            levels.setdefault(column, {})[level] = text
    return Wording(labels, arguments.get("units") or {}, levels)


def refuse_unknown_levels(words: Mapping[str, Any], table: pd.DataFrame) -> None:
    """Refuse the label of a level that its column does not have.

    Parameters
    ----------
    words : mapping
        The arguments `labels` and `units`.
    table : DataFrame
        The columns that were read.

    Raises
    ------
    DataError

    Examples
    --------
    >>> table = pd.DataFrame({"drug": ["a", "b"]})
    >>> refuse_unknown_levels({"labels": {"drug=c": "aspirin"}}, table)
    Traceback (most recent call last):
        ...
    causalstats.errors.DataError: `labels` of 'drug': There is no level 'c'. There are: a, b.
    """
    for column, labels in wording(words).levels.items():
        if column not in table:
            continue
        there = list(map(str, table[column].dropna().unique()))
        for level in labels:
            if level not in there:
                raise DataError(
                    f"`labels` of {column!r}: {unknown(level, there, 'level')}"
                )


def _column_and_level(name: str, columns: Iterable[str]) -> tuple[str, str | None]:
    """Return the column and the level that "column=level" names; no level of a column's name.

    Parameters
    ----------
    name : str
    columns : iterable of str
    """
    if name in columns or "=" not in name:
        return name, None
    column, _, level = name.partition("=")
    return column, level


def _words(argument: str, given: Any, columns: list[str]) -> dict[str, str] | None:
    if given is None:
        return None
    example = "{'dose': 'the daily dose'}" if argument == "labels" else "{'dose': 'mg'}"
    if not isinstance(given, Mapping):
        raise DataError(
            f"Expected `{argument}` as a mapping of column to text, such as {example}; got "
            f"{given!r}."
        )
    for name, text in given.items():
        if not isinstance(name, str):
            raise DataError(f"`{argument}`: {unknown(name, columns, 'column')}")
        column, level = _column_and_level(name, columns)
        if column not in columns or level is not None and argument == "units":
            raise DataError(f"`{argument}`: {unknown(name, columns, 'column')}")
        if not isinstance(text, str) or not text.strip():
            raise DataError(
                f"Expected `{argument}` of column {name!r} as text that is not empty, got {text!r}."
            )
    refuse_unreadable(given.values(), f"`{argument}`")
    return {name: " ".join(text.split()) for name, text in given.items()} or None
