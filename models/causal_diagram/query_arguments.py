"""Validation of the arguments of queries: one outcome, and values as plain Python ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from causalstats.errors import ModelError


def outcome_name(name: Any) -> str:
    """Return the one outcome variable of a query, also from a list of one.

    Raises
    ------
    ModelError
        If it is no name, or several.
    """
    names = [name] if isinstance(name, str) else name
    if isinstance(names, list | tuple) and all(isinstance(each, str) for each in names):
        if len(names) == 1:
            return names[0]
        raise ModelError(
            f"Expected one outcome, got {list(names)!r}. Ask of one at a time; "
            "`diagram.identify` takes several."
        )
    raise ModelError(f"Expected the outcome by its name, such as 'y', got {name!r}.")


def plain_values(
    argument: str,
    values: Any,
    several: bool = False,
) -> dict[str, Any]:
    """Return the values of variables that are set or seen, as plain Python values.

    Parameters
    ----------
    argument : str
        Its name: do, given or factual.
    values : mapping or None
        NumPy scalars, arrays and pandas series are taken for what they hold.
    several : bool
        Whether a variable may have several values, as a list: two are compared.

    Raises
    ------
    ModelError
        If it is no mapping of names to labels or numbers.
    """
    if values is None:
        return {}
    if not isinstance(values, Mapping):
        like = f"{argument}={{'x': 1}}"
        if isinstance(values, str):
            like = f"{argument}={{{values!r}: 1}}"
        raise ModelError(
            f"Expected `{argument}` as a mapping of variables to values, such as {like}, got "
            f"{values!r}."
        )
    return {
        _plain_name(argument, name): _plain_value(argument, name, value, several)
        for name, value in values.items()
    }


def _plain_name(argument: str, name: Any) -> str:
    if not isinstance(name, str):
        raise ModelError(
            f"Expected variables by their names in `{argument}`, got {name!r}."
        )
    return name


def _plain_value(
    argument: str,
    name: str,
    value: Any,
    several: bool,
) -> Any:
    entries = value.tolist() if isinstance(value, np.ndarray | np.generic) else value
    if hasattr(entries, "to_list") and not isinstance(entries, str):
        entries = entries.to_list()
    if not isinstance(entries, list | tuple):
        return _plain_scalar(argument, name, entries)
    if argument == "given" and isinstance(value, tuple) and len(entries) == 2:
        low, high = (_plain_scalar(argument, name, entry) for entry in entries)
        return low, high
    if not several:
        raise ModelError(
            f"Expected one value of {name!r} in `{argument}`, got {list(entries)!r}."
        )
    plain = [_plain_scalar(argument, name, entry) for entry in entries]
    repeated = len(plain) > 2 and len(set(plain)) < len(plain)
    if not plain or repeated:
        raise ModelError(
            f"Expected one value to set {name!r} to, or two whose answers are compared, or more "
            f"that differ, got {list(entries)!r}."
        )
    return plain if len(plain) > 1 else plain[0]


def _plain_scalar(
    argument: str,
    name: str,
    value: Any,
) -> Any:
    plain = value.item() if isinstance(value, np.generic) else value
    if plain is None or isinstance(
        plain, Mapping | set | frozenset | list | tuple | np.ndarray
    ):
        raise ModelError(
            f"Expected a value of {name!r} in `{argument}`, got {value!r}."
        )
    return plain


def variables_with_several_values(do: Mapping[str, Any]) -> list[str]:
    """Return the variables that are set to several values."""
    return [name for name, value in do.items() if isinstance(value, list | tuple)]


def worlds_of(do: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the interventions that are compared, each with one value of every variable.

    Raises
    ------
    ModelError
        If variables have different numbers of values.

    Examples
    --------
    >>> worlds_of({"x": [1, 0], "z": 2})
    [{'x': 1, 'z': 2}, {'x': 0, 'z': 2}]
    """
    several = variables_with_several_values(do)
    count = max((len(do[name]) for name in several), default=1)
    if any(len(do[name]) != count for name in several):
        raise ModelError(
            f"Expected as many values of each of {', '.join(several)}, got {dict(do)}."
        )

    def value(name: str, number: int) -> Any:
        return do[name][number] if name in several else do[name]

    return [{name: value(name, number) for name in do} for number in range(count)]


def refuse_given_with_arrows(given: Mapping[str, Any]) -> None:
    """Raise where a path-specific effect is asked within a group that is seen afterwards.

    Raises
    ------
    ModelError
    """
    if given:
        raise ModelError(
            f"Expected the people in `factual` where an arrow is set, got given={dict(given)}: "
            "what is seen in a world with two values of one variable is not defined."
        )
