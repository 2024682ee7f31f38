"""Validation of the arguments of functions on diagrams: names, levels, arrays and classes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from causalstats.core.argument_validation import shown
from causalstats.errors import ModelError

_SHOWN_CHARACTERS = 80


def names(word: str, given: Any) -> tuple[str, ...]:
    """Return one name or several, as a tuple.

    Parameters
    ----------
    word : str
        The name of the argument, for the error.
    given : str or iterable of str

    Returns
    -------
    tuple of str

    Raises
    ------
    ModelError
        If something in it is no text.

    Examples
    --------
    >>> names("outcome", "y")
    ('y',)
    """
    if isinstance(given, str):
        return (given,)
    has_no_length = isinstance(given, np.ndarray) and given.ndim == 0
    several = isinstance(given, Iterable) and not has_no_length
    listed = tuple(given) if several else (given,)
    if wrong := [name for name in listed if not isinstance(name, str)]:
        raise ModelError(
            f"Expected `{word}` as the name of a variable or a list of names, got {wrong[0]!r}."
        )
    return listed


def values(word: str, given: Any) -> dict[str, Any]:
    """Return values by the names of variables, NumPy's numbers as Python's.

    Parameters
    ----------
    word : str
        The name of the argument, for the error.
    given : mapping of str to level

    Returns
    -------
    dict of str to level

    Raises
    ------
    ModelError
        If it is no mapping, or a name is no text.

    Examples
    --------
    >>> values("do", {"x": np.int64(1)})
    {'x': 1}
    """
    if not isinstance(given, Mapping):
        raise ModelError(
            f"Expected `{word}` as variables with their values, such as {{'smoking': 1}}, "
            f"got {given!r}."
        )
    if wrong := [name for name in given if not isinstance(name, str)]:
        raise ModelError(
            f"Expected `{word}` to name variables, such as {{'smoking': 1}}, "
            f"got {wrong[0]!r} as a name."
        )
    return {name: value(word, each) for name, each in given.items()}


def value(word: str, given: Any) -> Any:
    """Return a level: a word or a number, not a collection.

    Parameters
    ----------
    word : str
        The name of the argument, for the error.
    given : level

    Returns
    -------
    level

    Raises
    ------
    ModelError
        If it is a list, set, dict or array of several numbers.

    Examples
    --------
    >>> value("do", np.float64(0.5))
    0.5
    """
    if isinstance(given, np.ndarray | np.generic) and given.size == 1:
        given = given.item()
    if isinstance(given, list | set | dict | np.ndarray):
        raise ModelError(f"Expected one level in `{word}`, got {given!r}.")
    return given


def name(word: str, given: Any) -> str:
    """Return a text.

    Parameters
    ----------
    word : str
        The name of the argument, for the error.
    given : str

    Raises
    ------
    ModelError
        If it is none.

    Examples
    --------
    >>> name("variable", "y")
    'y'
    """
    if not isinstance(given, str):
        raise ModelError(f"Expected `{word}` as a text, got {shown(given)}.")
    return str(given)


def array(word: str, given: Any) -> np.ndarray:
    """Return numbers as an array of floats.

    Parameters
    ----------
    word : str
        A word for the numbers, for the error.
    given : array-like

    Returns
    -------
    array

    Raises
    ------
    ModelError
        If something in it is no number.

    Examples
    --------
    >>> array("the probabilities", [1, 0])
    array([1., 0.])
    """
    try:
        return np.asarray(given, dtype=float)
    except (TypeError, ValueError):
        text = repr(given)
        start = text[:_SHOWN_CHARACTERS] + "..." * (len(text) > _SHOWN_CHARACTERS)
        raise ModelError(
            f"Expected {word} as an array of numbers, got {start}."
        ) from None


def instance(
    kind: type | tuple[type, ...],
    word: str,
    given: Any,
    remedy: str,
) -> Any:
    """Return something of a class, or raise an error that says how to make it.

    Parameters
    ----------
    kind : type or tuple of type
    word : str
        A word for the argument, for the error.
    given : object
    remedy : str
        How to make it, for the error.

    Returns
    -------
    object

    Raises
    ------
    ModelError
        If it is of another class.

    Examples
    --------
    >>> instance(str, "the name", "x", "Write 'x'.")
    'x'
    """
    if isinstance(given, kind):
        return given
    kinds = kind if isinstance(kind, tuple) else (kind,)
    expected = " or ".join(_public_name(each) for each in kinds)
    raise ModelError(
        f"Expected {word} as a {expected}, got {type(given).__name__}. {remedy}"
    )


def _public_name(kind: type) -> str:
    """The name under which users know a class: `Diagram` for its base class."""
    return "Diagram" if kind.__name__ == "Hypergraph" else kind.__name__
