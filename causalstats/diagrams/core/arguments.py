"""What people hand to the functions of diagrams, read as plain Python, or refused in the words of this library."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from causalstats.errors import ModelError


def names(word: str, given: Any) -> tuple[str, ...]:
    """One name or several, as a tuple.

    Parameters
    ----------
    word : str
        What they are, for the error.
    given : str or iterable of str

    Raises
    ------
    ModelError
    """
    if isinstance(given, str):
        return (given,)
    listed = tuple(given) if isinstance(given, Iterable) else (given,)
    if wrong := [name for name in listed if not isinstance(name, str)]:
        raise ModelError(
            f"Expected `{word}` as the name of a variable or a list of names, got {wrong[0]!r}."
        )
    return listed


def values(word: str, given: Any) -> dict[str, Any]:
    """Values by the names of variables, NumPy's numbers as Python's.

    Raises
    ------
    ModelError
    """
    if not isinstance(given, Mapping):
        raise ModelError(
            f"Expected `{word}` as variables with their values, such as {{'smoking': 1}}, got {given!r}."
        )
    if wrong := [name for name in given if not isinstance(name, str)]:
        raise ModelError(
            f"Expected `{word}` to name variables, such as {{'smoking': 1}}, got {wrong[0]!r} as a name."
        )
    return {name: value(word, each) for name, each in given.items()}


def value(word: str, given: Any) -> Any:
    """A level: a word or a number, not a collection.

    Raises
    ------
    ModelError
    """
    if isinstance(given, np.ndarray | np.generic) and given.size == 1:
        given = given.item()
    if isinstance(given, list | set | dict | np.ndarray):
        raise ModelError(f"Expected one level in `{word}`, got {given!r}.")
    return given


def array(word: str, given: Any) -> np.ndarray:
    """Numbers as an array of floats.

    Raises
    ------
    ModelError
    """
    try:
        return np.asarray(given, dtype=float)
    except (TypeError, ValueError):
        said = repr(given)
        raise ModelError(
            f"Expected {word} as an array of numbers, got {said[:80]}{'...' if len(said) > 80 else ''}."
        ) from None


def a(kind: type | tuple[type, ...], word: str, given: Any, remedy: str) -> Any:
    """Something of a kind, or an error that says how it is made.

    Raises
    ------
    ModelError
    """
    if not isinstance(given, kind):
        kinds = kind if isinstance(kind, tuple) else (kind,)
        raise ModelError(
            f"Expected {word} as a {' or '.join(each.__name__ for each in kinds)}, got {type(given).__name__}. {remedy}"
        )
    return given
